//! Views that outlive loads, sessions in threads, and two sessions beside each other.

use std::sync::mpsc;
use std::thread;

use diptych::prelude::*;

use super::forum::*;

/// A view keeps its version while loads and autoflushes under the same borrow give the object another.
#[test]
fn a_view_keeps_its_version() -> Result<()> {
    let mut session = forum().session();
    let alice = session.add(user("alice"));
    let shared = &session;
    let before = shared.get(alice)?;
    let found = shared.one(User::select())?;
    assert_eq!(before.id, Id::auto(), "it was pending when the view was made");
    assert_eq!(found, before, "the same object");
    assert_eq!(before.get().name, "alice");
    session.edit(alice)?.name = "Alice".into();
    assert_eq!(session[alice].name, "Alice", "an edit is seen by the next look");
    assert!(session[alice].id.get().is_some());
    Ok(())
}

#[test]
fn an_edit_after_views_does_not_change_what_others_hold() -> Result<()> {
    let database = forum();
    let mut here = database.session();
    let alice = here.add(user("alice"));
    here.commit()?;
    let key = here[alice].id;
    let there = database.session();
    let other = there.find::<User>(key)?.expect("she is there");
    let kept = here.get(alice)?.get().clone();
    here.edit(alice)?.name = "Alice".into();
    assert_eq!((other.name.as_str(), kept.name.as_str()), ("alice", "alice"));
    assert_eq!(here[alice].name, "Alice");
    here.edit(alice)?.name.push('!');
    assert_eq!(here[alice].name, "Alice!");
    Ok(())
}

/// A lent version does not stand in the way of the next one.
#[test]
fn looking_between_edits_shows_each_of_them() -> Result<()> {
    let mut session = forum().session();
    let alice = session.add(user("alice"));
    for at in 0..100 {
        session.edit(alice)?.name = at.to_string();
        assert_eq!(session[alice].name, at.to_string());
        if at % 7 == 0 {
            session.flush()?;
            assert_eq!(session[alice].name, at.to_string());
        }
    }
    Ok(())
}

/// Walking a collection while loading others from it.
#[test]
fn several_collections_are_walked_at_a_time() -> Result<()> {
    let mut session = forum().session();
    for name in ["a", "b", "c"] {
        let author = session.add(user(name));
        for at in 0..3 {
            posted(&mut session, author, &format!("{name}{at}"));
        }
    }
    session.commit()?;
    let session = session;
    let mut seen = 0;
    for author in &session.all(User::select())? {
        for post in &author.load(User::posts)? {
            for sibling in &post.load(Post::author)?.load(User::posts)? {
                assert_eq!(sibling.author_id, post.author_id);
                seen += session.count(Post::select().filter(Post::body.eq(sibling.body.clone())))?;
            }
        }
    }
    assert_eq!(seen, 27);
    Ok(())
}

/// An observer is called while the session is borrowed; it sees every statement.
#[test]
fn an_observer_sees_every_statement() -> Result<()> {
    let mut session = forum().session();
    let (sender, seen) = mpsc::channel();
    session.observe(Some(Box::new(move |entry| sender.send(entry.kind).expect("it is received"))));
    let alice = session.add(user("alice"));
    session.get(alice)?.load(User::posts)?;
    session.commit()?;
    session.get(alice)?.load(User::posts)?;
    assert_eq!(seen.try_iter().map(|it| it.sql()).collect::<Vec<_>>(), ["INSERT", "COMMIT", "SELECT", "SELECT"]);
    Ok(())
}

#[test]
fn a_session_can_be_sent_to_another_thread() -> Result<()> {
    let mut session = forum().session();
    let alice = session.add(user("alice"));
    let mut session = thread::spawn(move || {
        session.flush().expect("it goes through");
        session
    })
    .join()
    .expect("no panic");
    assert_eq!(session[alice].name, "alice");
    session.commit()
}

/// A reader never sees half of a commit, and never waits.
#[test]
fn a_reader_and_a_writer_have_sessions_of_their_own() -> Result<()> {
    let database = forum();
    let writer = {
        let database = database.clone();
        thread::spawn(move || -> Result<()> {
            let mut session = database.session();
            for at in 0..100 {
                let author = session.add(user(&format!("u{at}")));
                posted(&mut session, author, "one");
                posted(&mut session, author, "two");
                session.commit()?;
            }
            Ok(())
        })
    };
    let mut last = 0;
    while last < 100 {
        let session = database.session();
        let users = session.all(User::select().with(User::posts.selectin()))?;
        for user in &users {
            assert_eq!(user.loaded(User::posts)?.len(), 2);
        }
        assert!(users.len() >= last);
        last = users.len();
    }
    writer.join().expect("no panic")
}

/// Two sessions that edit the same row: the second to commit is told to try again, and can.
#[test]
fn the_second_to_commit_tries_again() -> Result<()> {
    let database = forum();
    let mut one = database.session();
    let alice = one.add(user("alice"));
    one.commit()?;
    let key = one[alice].id;
    let mut two = database.session();
    let also = two.find::<User>(key)?.expect("she is there").reference();
    one.edit(alice)?.name = "one".into();
    two.edit(also)?.name = "two".into();
    one.commit()?;
    let error = two.commit().expect_err("the other was first");
    assert!(error.is_retryable());
    two.rollback()?;
    assert_eq!(two[also].name, "one");
    two.edit(also)?.name = "two".into();
    two.commit()?;
    one.expire_all();
    Ok(())
}
