//! What stands between, and what has changed: association proxies with a creator (checklist: association object, adding
//! the target directly by a method of its own, creator), and the history of columns and relations.

use diptych::object::ProxyRelation;
use diptych::prelude::*;

use super::forum::*;

/// 42 to 46: an association object is pushed as such, or the target directly, through a creator; it is read, filtered and
/// removed through the proxy too.
#[test]
fn a_proxy_reads_pushes_and_removes_through_association_objects() -> Result<()> {
    let mut session = forum().session();
    let (alice, bob) = (session.add(user("alice")), session.add(user("bob")));
    let hello = posted(&mut session, alice, "hello");
    let voters = Post::votes.through(Vote::user).creating(|| Vote { value: 5, ..Vote::draft() });
    let vote = voters.push(&mut session, hello, bob)?;
    assert_eq!(voters.of(&session, hello)?, [bob], "before any flush");
    assert_eq!(session.get(bob)?.loaded(User::votes)?.references(), [vote], "the object between stands on both sides");
    session.flush()?;
    assert_eq!(session[vote].value, 5, "as the creator said");
    let by_bob = || Post::select().filter(voters.any(User::name.eq("bob")));
    assert_eq!(session.count(by_bob())?, 1);
    assert!(voters.remove(&mut session, hello, alice).is_err(), "she has not voted");
    voters.remove(&mut session, hello, bob)?;
    session.flush()?;
    assert_eq!((session.count(by_bob())?, count(&mut session, "votes")), (0, 0), "the vote is an orphan");
    Ok(())
}

/// A query loads what the proxy reads for many owners at once.
#[test]
fn a_proxy_reads_what_a_query_has_loaded_without_a_statement() -> Result<()> {
    let database = forum();
    let voters = Post::votes.through(Vote::user);
    database.transaction(|session| {
        let alice = session.add(user("alice"));
        for at in 0..5 {
            let post = posted(session, alice, &at.to_string());
            voters.push(session, post, alice)?;
        }
        Ok(())
    })?;
    let mut session = database.session();
    let loads = Post::select().with(Post::votes.selectin().then(Vote::user.selectin()));
    let posts = session.all(loads)?.references();
    let (ran, read) =
        statements(&mut session, |session| posts.iter().map(|it| voters.of(session, *it)).collect::<Result<Vec<_>>>());
    assert_eq!((ran, read?.concat().len()), (0, 5));
    Ok(())
}

/// The history of an attribute and of a collection, typed.
#[test]
fn the_history_of_a_column_and_of_a_collection_says_what_came_and_went() -> Result<()> {
    let mut session = forum().session();
    let (alice, bob) = (session.add(user("alice")), session.add(user("bob")));
    let (first, second) = (posted(&mut session, alice, "first"), posted(&mut session, alice, "second"));
    session.commit()?;
    session.get(alice)?.load(User::posts)?;
    session.edit(alice)?.name = "Alice".into();
    let name = session.changes_of(alice, User::name)?;
    assert_eq!((name.added, name.deleted), (vec!["Alice".to_owned()], vec!["alice".to_owned()]));
    session.set(first, Post::author, bob)?;
    let third = posted(&mut session, alice, "third");
    let posts = session.changes_along(alice, User::posts)?;
    assert_eq!((posts.added, posts.unchanged, posts.deleted), (vec![third], vec![second], vec![first]));
    let author = session.changes_along(first, Post::author)?;
    assert_eq!((author.added, author.deleted), (vec![bob], vec![alice]));
    session.flush()?;
    assert!(!session.changes_along(alice, User::posts)?.is_change(), "a flush begins anew");
    assert_eq!(session.changes_of(alice, User::name)?.unchanged, ["Alice"]);
    Ok(())
}
