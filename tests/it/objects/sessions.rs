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
    assert_eq!(before.entity().name, "alice");
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
    let kept = here.get(alice)?.entity().clone();
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

/// Objects that a long session has read at many versions show what they have read, each its own, and edits start from
/// that.
#[test]
fn objects_of_many_versions_show_what_was_read() -> Result<()> {
    let database = forum();
    let mut writer = database.session();
    let users: Vec<_> = (0..200).map(|at| writer.add(user(&format!("user {at}")))).collect();
    writer.commit()?;
    let keys: Vec<Id<User>> = users.iter().map(|&it| writer[it].id).collect();
    let mut reader = database.session();
    reader.set_expire_on_commit(false);
    let mut read = Vec::new();
    for (at, &key) in keys.iter().enumerate() {
        read.push(reader.find::<User>(key)?.expect("the user is there").reference());
        reader.commit()?;
        // The row of this one and of the one before change after they were read.
        for it in [at, at.saturating_sub(1)] {
            writer.edit(users[it])?.name.push('!');
        }
        writer.commit()?;
    }
    let shared = &reader;
    let names: Vec<&str> = read.iter().map(|&it| shared[it].name.as_str()).collect();
    let expected: Vec<String> = (0..200).map(|at| format!("user {at}")).collect();
    assert_eq!(names, expected);
    reader.expire(read[7])?;
    reader.edit(read[9])?.name.push('?');
    assert_eq!((&*reader[read[7]].name, &*reader[read[9]].name), ("user 7!!", "user 9?"));
    reader.expire_all();
    assert_eq!((&*reader[read[8]].name, &*reader[read[9]].name), ("user 8!!", "user 9!!"));
    Ok(())
}

/// A view made before a write by the same session shows the row as it was, and the next one what was written.
#[test]
fn looking_between_flushes_shows_each_version() -> Result<()> {
    let mut session = forum().session();
    let alice = session.add(user("alice"));
    let bob = session.add(user("bob"));
    session.commit()?;
    for at in 0..150 {
        assert_eq!(session.all(User::select())?.len(), 2);
        let (next, last) = if at % 2 == 0 { (alice, bob) } else { (bob, alice) };
        session.edit(next)?.name = at.to_string();
        session.expire(last)?;
        session.flush()?;
        assert_eq!(session[next].name, at.to_string());
        assert_eq!(session[last].name, if at == 0 { "bob".to_owned() } else { (at - 1).to_string() });
    }
    session.rollback()?;
    assert_eq!((&*session[alice].name, &*session[bob].name), ("alice", "bob"));
    Ok(())
}
