//! Commit, rollback and savepoints, and what they do to objects.

use diptych::State;
use diptych::error::Rule;
use diptych::prelude::*;

use super::forum::*;

#[test]
fn commit_expires_and_one_read_brings_an_object_back() -> Result<()> {
    let mut session = forum().session();
    let alice = session.add(user("alice"));
    session.commit()?;
    let (ran, name) = statements(&mut session, |it| it[alice].name.clone());
    assert_eq!((ran, name.as_str()), (1, "alice"));
    session.set_expire_on_commit(false);
    session.edit(alice)?.name = "Alice".into();
    session.commit()?;
    let (ran, name) = statements(&mut session, |it| it[alice].name.clone());
    assert_eq!((ran, name.as_str()), (0, "Alice"));
    Ok(())
}

#[test]
fn autoflush_lets_a_query_see_what_is_pending() -> Result<()> {
    let mut session = forum().session();
    session.add(user("alice"));
    session.set_autoflush(false);
    assert_eq!(session.count(User::select())?, 0);
    session.set_autoflush(true);
    assert_eq!(session.count(User::select())?, 1);
    Ok(())
}

/// O3: a flush that a read under `&Session` runs fails as any other, and the reader gets the fact.
#[test]
fn o3_an_autoflush_that_fails_leaves_everything_as_it_was() -> Result<()> {
    let mut session = forum().session();
    let alice = session.add(user("alice"));
    session.commit()?;
    let twin = session.add(user("alice"));
    let first = posted(&mut session, twin, "first");
    let error = session.all(User::select()).map(drop).expect_err("the email is taken");
    assert_eq!(error.violation().map(|it| it.rule), Some(Rule::Unique));
    assert!(session.get(alice)?.load(User::posts).is_err(), "a lazy load flushes first, too");
    assert_eq!(
        (session.state(twin)?, session[twin].id, session[first].author_id),
        (State::Pending, Id::auto(), Id::auto())
    );
    session.edit(twin)?.email = "twin@example.org".into();
    assert_eq!(session.all(User::select())?.len(), 2);
    Ok(())
}

/// O6: what was inserted is transient again, without its generated key, and can be added again.
#[test]
fn o6_rollback_makes_inserted_objects_transient_and_they_can_be_saved_again() -> Result<()> {
    let mut session = forum().session();
    let alice = session.add(user("alice"));
    session.flush()?;
    assert!(session[alice].id.get().is_some());
    session.rollback()?;
    assert_eq!((session.state(alice)?, session[alice].id), (State::Transient, Id::auto()));
    let bob = session.add(user("bob"));
    session.flush()?;
    session.save(alice)?;
    session.commit()?;
    assert_ne!(session[alice].id, session[bob].id);
    assert_eq!(session.count(User::select())?, 2);
    Ok(())
}

/// O6: a generated key that was taken back is taken back where it was referred to; the table gives it to another row.
#[test]
fn o6_rollback_leaves_no_reference_to_a_key_that_was_taken_back() -> Result<()> {
    let mut session = forum().session();
    let alice = session.add(user("alice"));
    let first = posted(&mut session, alice, "first");
    session.flush()?;
    session.rollback()?;
    let bob = session.add(user("bob"));
    session.flush()?;
    session.save(first)?;
    let error = session.flush().expect_err("it has no author; certainly not bob");
    assert_eq!(error.violation().map(|it| it.rule), Some(Rule::NotNull));
    session.set(first, Post::author, bob)?;
    session.commit()
}

/// O6: rows, columns, links and states come back, what was deleted included.
#[test]
fn o6_rollback_brings_everything_back() -> Result<()> {
    let mut session = forum().session();
    let (alice, bob) = (session.add(user("alice")), session.add(user("bob")));
    let (first, second) = (posted(&mut session, alice, "first"), posted(&mut session, alice, "second"));
    let news = session.push(first, Post::tags, tag("news"))?;
    session.commit()?;
    session.edit(alice)?.name = "Alice".into();
    session.set(first, Post::author, bob)?;
    session.remove(first, Post::tags, news)?;
    session.delete(second)?;
    session.flush()?;
    let thread = posted(&mut session, bob, "thread");
    session.set(first, Post::parent, thread)?;
    session.rollback()?;
    assert_eq!(session[alice].name, "alice");
    assert_eq!(session.get(first)?.load(Post::author)?.reference(), alice);
    assert_eq!(session.get(first)?.load(Post::tags)?.references(), [news]);
    assert_eq!(session.state(second)?, State::Persistent);
    assert_eq!(session.get(alice)?.load(User::posts)?.references(), [first, second]);
    assert!(session.get(bob)?.load(User::posts)?.is_empty());
    Ok(())
}

/// O6: savepoints nest, and each rollback comes back to its own.
#[test]
fn o6_savepoints_nest() -> Result<()> {
    let mut session = forum().session();
    let alice = session.add(user("alice"));
    session.savepoint()?;
    session.edit(alice)?.name = "one".into();
    let first = posted(&mut session, alice, "first");
    session.savepoint()?;
    session.edit(alice)?.name = "two".into();
    session.delete(first)?;
    session.flush()?;
    assert_eq!(session.state(first)?, State::Deleted);
    session.rollback_to()?;
    assert_eq!((session[alice].name.as_str(), session.state(first)?), ("one", State::Persistent));
    assert_eq!(session.get(alice)?.load(User::posts)?.references(), [first]);
    session.savepoint()?;
    session.edit(alice)?.name = "three".into();
    session.release()?;
    assert_eq!(session[alice].name, "three");
    session.rollback_to()?;
    assert_eq!((session[alice].name.as_str(), session.state(first)?), ("alice", State::Transient));
    assert!(session.get(alice)?.load(User::posts)?.is_empty());
    assert!(session.rollback_to().is_err(), "there is none left");
    assert!(session.release().is_err());
    session.commit()?;
    assert_eq!([count(&mut session, "users"), count(&mut session, "posts")], [1, 0]);
    Ok(())
}

/// O6: a rollback over savepoints, with what was inserted in and before them, expired or not.
#[test]
fn o6_rollback_over_savepoints_keeps_the_values_of_what_becomes_transient() -> Result<()> {
    let mut session = forum().session();
    let alice = session.add(user("alice"));
    session.savepoint()?;
    let bob = session.add(user("bob"));
    session.flush()?;
    session.expire_all();
    session.rollback()?;
    assert_eq!((session[alice].name.as_str(), session[bob].name.as_str()), ("alice", "bob"));
    session.save(alice)?;
    session.save(bob)?;
    session.commit()?;
    assert_eq!(session.count(User::select())?, 2);
    Ok(())
}

/// O3: after a failed flush nothing has changed, and mending the one thing makes it go through.
#[test]
fn o3_a_failed_flush_changes_nothing_and_can_be_mended() -> Result<()> {
    let mut session = forum().session();
    let alice = session.add(user("alice"));
    let first = posted(&mut session, alice, "first");
    session.commit()?;
    session.set_autoflush(false);
    session.edit(first)?.score = 9;
    let reply = posted(&mut session, alice, "reply");
    session.push(first, Post::replies, reply)?;
    let lonely = session.add(post("lonely"));
    let news = session.push(first, Post::tags, tag("news"))?;
    let error = session.flush().expect_err("lonely has no author");
    assert_eq!(error.violation().map(|it| it.rule), Some(Rule::NotNull));
    assert_eq!([count(&mut session, "posts"), count(&mut session, "tags")], [1, 0], "rows as before");
    for object in [reply.untyped(), lonely.untyped(), news.untyped()] {
        assert_eq!(session.state(object)?, State::Pending);
    }
    assert_eq!((session[reply].id, session[reply].parent_id, session[first].score), (Id::auto(), None, 9));
    assert_eq!(session.get(first)?.load(Post::tags)?.references(), [news]);
    session.set(lonely, Post::author, alice)?;
    session.commit()?;
    assert_eq!((count(&mut session, "posts"), session[first].score), (3, 9));
    assert_eq!(session[reply].parent_id, Some(session[first].id));
    Ok(())
}

/// `transaction` commits what succeeds and rolls back what fails.
#[test]
fn the_closure_form_commits_or_rolls_back() -> Result<()> {
    let database = forum();
    database.transaction(|it| {
        it.add(user("alice"));
        Ok(())
    })?;
    let failed = database.transaction(|it| {
        it.add(user("bob"));
        it.add(user("bob"));
        it.flush()
    });
    assert!(failed.is_err());
    assert_eq!(database.session().count(User::select())?, 1);
    Ok(())
}
