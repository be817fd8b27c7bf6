//! The identity map, and the states of an object.

use diptych::prelude::*;
use diptych::{State, error::Misuse};

use super::forum::*;

/// O1: however an object is reached, it is the same one, and the second way costs no statement.
#[test]
fn o1_one_key_is_one_object_however_it_is_reached() -> Result<()> {
    let database = forum();
    let mut session = database.session();
    let alice = session.add(user("alice"));
    let first = posted(&mut session, alice, "first");
    session.commit()?;
    let (alice_key, post_key) = (session[alice].id, session[first].id);

    let mut session = database.session();
    let alice = session.find::<User>(alice_key)?.expect("she is there").reference();
    let found = session.find::<Post>(post_key)?.expect("it is there").reference();
    assert_eq!(session.one(Post::select().filter(Post::body.eq("first")))?.reference(), found, "by a query");
    assert_eq!(session.get(alice)?.load(User::posts)?.references(), [found], "by a collection");
    let (ran, author) = statements(&mut session, |it| {
        it[found].id.get().and(it.get(found).ok()?.load(Post::author).ok().map(|it| it.reference()))
    });
    assert_eq!((ran, author), (0, Some(alice)), "by a reference, which the identity map answers");
    let (ran, _) = statements(&mut session, |it| it.find::<User>(alice_key).map(|it| it.is_some()));
    assert_eq!(ran, 0, "by its key again");
    Ok(())
}

/// O1: an object that was inserted here is the one that a query finds.
#[test]
fn o1_an_inserted_object_is_the_one_that_queries_find() -> Result<()> {
    let mut session = forum().session();
    let alice = session.add(user("alice"));
    assert_eq!(session.one(User::select())?.reference(), alice, "the query flushed first");
    let key = session[alice].id;
    assert_eq!(session.find::<User>(key)?.map(|it| it.reference()), Some(alice));
    Ok(())
}

/// A query does not overwrite what is being edited, and the row that it read is not lost to a refresh.
#[test]
fn a_query_keeps_what_is_being_edited() -> Result<()> {
    let mut session = forum().session();
    session.set_autoflush(false);
    let alice = session.add(user("alice"));
    session.flush()?;
    session.edit(alice)?.name = "Alice".into();
    assert_eq!(session.one(User::select())?.name, "Alice");
    session.refresh(alice)?;
    assert_eq!(session[alice].name, "alice");
    Ok(())
}

#[test]
fn states_follow_the_drawing() -> Result<()> {
    let database = forum();
    let mut session = database.session();
    let alice = session.transient(user("alice"))?;
    assert_eq!(session.state(alice)?, State::Transient);
    session.flush()?;
    assert_eq!(count(&mut session, "users"), 0, "a flush does not see what is transient");
    session.save(alice)?;
    assert_eq!(session.state(alice)?, State::Pending);
    session.flush()?;
    assert_eq!(session.state(alice)?, State::Persistent);
    session.delete(alice)?;
    assert_eq!((session.state(alice)?, session.is_marked_deleted(alice)?), (State::Persistent, true));
    session.flush()?;
    assert_eq!(session.state(alice)?, State::Deleted);
    session.commit()?;
    assert_eq!(session.state(alice)?, State::Detached);
    assert!(session.save(alice).is_err());
    assert!(session.edit(alice).is_err());
    assert!(session.delete(alice).is_err());
    Ok(())
}

/// `save` takes a mark for deletion back before the flush.
#[test]
fn save_takes_a_deletion_back() -> Result<()> {
    let mut session = forum().session();
    let alice = session.add(user("alice"));
    session.flush()?;
    session.delete(alice)?;
    session.save(alice)?;
    session.commit()?;
    assert_eq!(session.count(User::select())?, 1);
    Ok(())
}

/// O2: a new object that is deleted before it was inserted was never there, on either side.
#[test]
fn o2_what_is_deleted_before_it_was_inserted_was_never_there() -> Result<()> {
    let mut session = forum().session();
    session.set_autoflush(false);
    let alice = session.add(user("alice"));
    let kept = posted(&mut session, alice, "kept");
    let gone = posted(&mut session, alice, "gone");
    let badge = session.push(alice, User::badges, Badge::draft())?;
    let news = session.push(gone, Post::tags, tag("news"))?;
    session.push(kept, Post::tags, news)?;
    session.delete(gone)?;
    session.delete(badge)?;
    assert_eq!(session.state(gone)?, State::Transient);
    assert_eq!(session.get(alice)?.loaded(User::posts)?.references(), [kept]);
    assert_eq!(session.get(news)?.loaded(Tag::posts)?.references(), [kept]);
    assert!(session.get(alice)?.loaded(User::badges)?.is_empty());
    session.commit()?;
    assert_eq!(
        [count(&mut session, "posts"), count(&mut session, "post_tags"), count(&mut session, "badges")],
        [1, 1, 0]
    );
    Ok(())
}

/// O5: a reference of another session is refused, and the message names both.
#[test]
fn o5_a_reference_of_another_session_is_refused() -> Result<()> {
    let database = forum();
    let mut here = database.session();
    let mut there = database.session();
    let alice = here.add(user("alice"));
    let bob = there.add(user("bob"));
    let post = there.push(bob, User::posts, post("his"))?;
    let refused = [
        there.get(alice).map(drop),
        there.set(post, Post::author, alice),
        there.delete(alice),
        there.edit(alice).map(drop),
        there.expire(alice),
        there.push(alice, User::posts, post).map(drop),
        there.untyped().value(alice.untyped(), "name").map(drop),
    ];
    for outcome in refused {
        let error = outcome.expect_err("it is of another session");
        assert!(matches!(error.misuse(), Some(Misuse::WrongSession { of, used_with }) if of != used_with), "{error}");
    }
    Ok(())
}

/// O5: what the session has let go is refused, and never another object.
#[test]
fn o5_a_reference_to_what_was_let_go_is_refused() -> Result<()> {
    let mut session = forum().session();
    let alice = session.add(user("alice"));
    session.let_go(alice)?;
    let bob = session.add(user("bob"));
    assert_ne!(alice, bob);
    assert!(matches!(session.get(alice).expect_err("gone").misuse(), Some(Misuse::StaleReference { .. })));
    session.let_go_of_all();
    assert!(session.get(bob).is_err());
    assert!(session.is_empty());
    session.commit()?;
    assert_eq!(session.count(User::select())?, 0);
    Ok(())
}

/// O2: letting go of one object takes nothing else from those it was related to.
#[test]
fn o2_letting_go_leaves_other_changes_alone() -> Result<()> {
    let mut session = forum().session();
    session.set_autoflush(false);
    let alice = session.add(user("alice"));
    let bob = session.add(user("bob"));
    let first = posted(&mut session, alice, "first");
    session.flush()?;
    let badge = session.push(alice, User::badges, Badge::draft())?;
    let unwanted = session.push(alice, User::badges, Badge::draft())?;
    session.let_go(unwanted)?;
    assert_eq!(session.get(alice)?.load(User::badges)?.references(), [badge]);
    session.set(first, Post::author, bob)?;
    session.let_go(bob)?;
    assert_eq!(session.get(first)?.load(Post::author)?.reference(), alice, "as its row says");
    assert_eq!(session.get(alice)?.load(User::posts)?.references(), [first]);
    session.commit()?;
    let alice_key = session[alice].id;
    assert_eq!(rows(&mut session, "badges").iter().filter(|it| it[1] == alice_key.into()).count(), 1);
    Ok(())
}

/// O2: expiring an object takes its pending links back on both sides.
#[test]
fn o2_expire_takes_pending_links_back_on_both_sides() -> Result<()> {
    let mut session = forum().session();
    session.set_autoflush(false);
    let (alice, bob) = (session.add(user("alice")), session.add(user("bob")));
    let first = posted(&mut session, alice, "first");
    session.flush()?;
    session.set(first, Post::author, bob)?;
    session.expire(first)?;
    assert_eq!(session.get(first)?.load(Post::author)?.reference(), alice);
    assert_eq!(session.get(alice)?.load(User::posts)?.references(), [first]);
    assert!(session.get(bob)?.load(User::posts)?.is_empty());
    session.set(first, Post::author, bob)?;
    session.expire(bob)?;
    let author = session.get(first)?.load(Post::author)?.reference();
    assert_eq!(session.get(bob)?.load(User::posts)?.references().contains(&first), author == bob);
    Ok(())
}

/// What is expunged is detached, and keeps what it holds; it comes back when it is saved again.
#[test]
fn an_expunged_object_is_detached_and_can_come_back() -> Result<()> {
    let mut session = forum().session();
    let alice = session.add(user("alice"));
    let pending = session.add(user("bob"));
    session.expunge(pending)?;
    session.commit()?;
    session.get(alice)?;
    session.expunge(alice)?;
    assert_eq!((session.state(pending)?, session.state(alice)?), (State::Transient, State::Detached));
    assert_eq!(session[alice].name, "alice");
    session.edit(alice)?.name = "Alice".into();
    session.flush()?;
    assert_eq!(rows(&mut session, "users")[0][2], "alice".into(), "the session does not care for it");
    session.save(alice)?;
    session.commit()?;
    assert_eq!(rows(&mut session, "users")[0][2], "Alice".into());
    assert!(session.expunge(pending).is_err(), "it is not in the session");
    Ok(())
}
