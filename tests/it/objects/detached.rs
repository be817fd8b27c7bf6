//! Detached copies own their data, cross threads, and are merged back; sessions that are found by a key.

use std::thread;

use diptych::error::{ErrorKind, Misuse};
use diptych::object::SessionScope;
use diptych::prelude::*;

use super::forum::*;

/// Alice with a post that has two tags, committed.
fn filled() -> Result<(Database, Id<User>)> {
    let database = forum();
    let mut session = database.session();
    let alice = session.add(user("alice"));
    let post = posted(&mut session, alice, "first");
    for name in ["a", "b"] {
        session.push(post, Post::tags, tag(name))?;
    }
    session.commit()?;
    Ok((database, session[alice].id))
}

/// A copy of a user with posts and tags; what it says is read by inference where it is made.
macro_rules! copy {
    ($session:expr, $key:expr) => {{
        let query = User::select().filter(User::id.eq($key));
        $session.one(query.with(User::posts.selectin().then(Post::tags.selectin())))?.detach()
    }};
}

/// Merging a detached copy changes nothing, in the session it is of and in another one.
#[test]
fn merge_of_a_detached_copy_is_the_identity() -> Result<()> {
    let (database, key) = filled()?;
    let mut here = database.session();
    let kept = copy!(here, key);
    assert_eq!((kept.name.as_str(), kept.size()), ("alice", 4));
    let alice = here.find::<User>(key)?.expect("she is there").reference();
    assert_eq!(here.merge(kept.clone())?, alice);
    assert!(here.plan_flush()?.steps.is_empty(), "nothing differs");
    let held = here.len();
    here.merge(kept.clone())?;
    assert_eq!(here.len(), held, "the copy leaves nothing behind");
    let mut there = database.session();
    let merged = there.merge(kept)?;
    assert!(there.plan_flush()?.steps.is_empty(), "nothing differs");
    let before = there.totals().statements;
    let posts = there.get(merged)?.loaded(User::posts)?;
    assert_eq!(posts.first().expect("she has one").loaded(Post::tags)?.len(), 2);
    assert_eq!(there.totals().statements, before);
    Ok(())
}

/// A copy crosses threads and sessions; what was changed in it comes along.
#[test]
fn a_detached_copy_crosses_threads_and_brings_its_changes_back() -> Result<()> {
    let (database, key) = filled()?;
    let kept = copy!(database.session(), key);
    let changed = thread::spawn(move || {
        let mut kept = kept;
        kept.edit().name.push('!');
        let posts = kept.get(User::posts);
        assert_eq!(posts[0].get(Post::tags).len(), 2);
        let error = posts[0].loaded(Post::votes).expect_err("they were not loaded");
        assert_eq!(
            error.to_string(),
            "Post.votes of a copy of Post[1] is not loaded; load it before the copy is made: \
            `.with(….selectin())`"
        );
        kept
    });
    let changed = changed.join().expect("no panic");
    let mut session = database.session();
    let merged = session.merge(changed)?;
    assert_eq!(session[merged].name, "alice!");
    let (spent, committed) = statements(&mut session, |it| it.commit());
    committed?;
    assert_eq!(spent, 1, "one column of one row");
    assert_eq!(database.session().find::<User>(key)?.expect("she is there").name, "alice!");
    Ok(())
}

/// A struct can be merged: onto the row of its key, or as a new one.
#[test]
fn merge_of_a_struct_finds_the_row_of_its_key() -> Result<()> {
    let (database, key) = filled()?;
    let mut session = database.session();
    let known = session.merge(User { id: key, name: "Alice".into(), email: "new@example.org".into() })?;
    let new = session.merge(user("bob"))?;
    session.commit()?;
    assert_eq!((session[known].id, count(&mut session, "users")), (key, 2));
    assert_eq!(session[new].name, "bob");
    Ok(())
}

/// A reference of another session is refused with both sessions named; a copy is the way over.
#[test]
fn a_reference_of_another_session_is_refused_and_a_copy_is_merged() -> Result<()> {
    let (database, key) = filled()?;
    let (here, mut there) = (database.session(), database.session());
    let alice = here.find::<User>(key)?.expect("she is there");
    let error = there.merge(alice.reference()).expect_err("it is of another session");
    assert!(matches!(error.kind(), ErrorKind::Misuse(Misuse::WrongSession { of, used_with }) if of != used_with));
    let merged = there.merge(alice.detach())?;
    assert_eq!(there[merged].name, "alice");
    Ok(())
}

/// A session for each thread: closing the scope rolls back and lets its objects go, detached copies stay.
#[test]
fn a_closed_scope_leaves_no_session_and_no_object() -> Result<()> {
    let (database, key) = filled()?;
    let opener = database.clone();
    let scope: SessionScope = SessionScope::new(move || opener.session());
    let (alice, kept) = scope.here(|session| -> Result<_> {
        let alice = session.find::<User>(key)?.expect("she is there").reference();
        session.add(user("never"));
        session.flush()?;
        Ok((alice, session.get(alice)?.detach()))
    })??;
    thread::scope(|threads| {
        let other = threads.spawn(|| scope.here(|session| session.len()).expect("it is free"));
        assert_eq!(other.join().expect("no panic"), 0, "another thread has another session");
    });
    assert!(scope.here(|_| scope.here(|it| it.len()).is_err())?, "a session is not lent twice");
    assert!(scope.close_here()?);
    assert_eq!(scope.len(), 1, "the other thread's");
    let refused = scope.here(|session| session.get(alice).map(drop).is_err())?;
    assert!(refused, "the reference is of a session that is gone");
    assert_eq!(kept.name, "alice", "a copy stays");
    assert_eq!(database.session().count(User::select())?, 1, "what was not committed is rolled back");
    Ok(())
}
