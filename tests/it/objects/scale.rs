//! What must not grow with the square of anything, or with the stack.

use std::time::{Duration, Instant};

use diptych::prelude::*;

use super::forum::*;

/// Debug builds are slow; set it to 1000000 to see that the stack does not care.
fn depth() -> usize {
    std::env::var("DIPTYCH_DEPTH").ok().and_then(|it| it.parse().ok()).unwrap_or(20_000)
}

/// A reply chain is inserted, deleted by the object cascade, and dropped, without a stack as deep as itself.
#[test]
fn a_deep_reply_chain_does_not_overflow_the_stack() -> Result<()> {
    let database = forum();
    let mut session = database.session();
    let start = Instant::now();
    let alice = session.add(user("alice"));
    let root = posted(&mut session, alice, "root");
    let mut last = root;
    for _ in 1..depth() {
        let reply = posted(&mut session, alice, "reply");
        session.set(reply, Post::parent, last)?;
        last = reply;
    }
    println!("linked   {:?}", start.elapsed());
    session.set_expire_on_commit(false);
    session.commit()?;
    println!("inserted {:?}", start.elapsed());
    assert_eq!(session[last].parent_id.map(|it| it.get().is_some()), Some(true));
    let mut other = database.session();
    session.delete(root)?;
    println!("marked   {:?}", start.elapsed());
    session.commit()?;
    println!("deleted  {:?}", start.elapsed());
    assert_eq!(session.count(Post::select())?, 0);
    drop(session);
    println!("dropped  {:?}", start.elapsed());
    // One that is deleted before it was inserted.
    let alice = other.add(user("bob"));
    let root = posted(&mut other, alice, "root");
    let mut last = root;
    for _ in 1..depth() {
        let reply = posted(&mut other, alice, "reply");
        other.set(reply, Post::parent, last)?;
        last = reply;
    }
    other.delete(root)?;
    println!("forgot   {:?}", start.elapsed());
    other.commit()?;
    assert_eq!(other.count(Post::select())?, 0);
    Ok(())
}

/// Building, clearing, refilling and emptying a collection takes steps in proportion to its size.
#[test]
fn collections_grow_and_shrink_in_proportion() -> Result<()> {
    let time = |size: usize| -> Result<Duration> {
        let mut session = forum().session();
        session.set_autoflush(false);
        let (alice, bob) = (session.add(user("alice")), session.add(user("bob")));
        let start = Instant::now();
        let posts: Vec<Ref<Post>> = (0..size).map(|at| posted(&mut session, alice, &at.to_string())).collect();
        session.flush()?;
        session.get(alice)?.load(User::posts)?;
        session.clear(alice, User::posts)?;
        session.replace(bob, User::posts, posts.iter().copied())?;
        session.flush()?;
        for post in &posts {
            session.set(*post, Post::author, alice)?;
        }
        session.flush()?;
        for post in &posts {
            session.delete(*post)?;
        }
        session.flush()?;
        Ok(start.elapsed())
    };
    time(500)?;
    let (small, large) = (time(2_000)?, time(16_000)?);
    assert!(large < small * 40, "8 times the size took {small:?} and {large:?}");
    Ok(())
}
