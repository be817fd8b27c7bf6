//! What must not grow with the square of anything, or with the stack.

use std::sync::Arc;
use std::time::{Duration, Instant};

use diptych::prelude::*;
use diptych::{Delete, Select};

use super::forum::*;

/// Debug builds are slow; set it to 1000000 to see that the stack does not care.
fn depth() -> usize {
    std::env::var("DIPTYCH_DEPTH").ok().and_then(|it| it.parse().ok()).unwrap_or(20_000)
}

/// Eight times the size may take forty times the time before it is taken for a square, which would be sixty-four. Both
/// sizes are tried in turn until one pair is that near, so that a machine which is busy for a while says nothing.
pub(super) fn grows_with_the_size(small: usize, work: impl Fn(usize) -> Result<Duration>) -> Result<()> {
    let (mut at_small, mut at_large) = (Duration::MAX, Duration::MAX);
    for _ in 0..8 {
        (at_small, at_large) = (at_small.min(work(small)?), at_large.min(work(8 * small)?));
        if at_large < at_small * 40 {
            return Ok(());
        }
    }
    panic!("8 times the size took {at_small:?} and {at_large:?}");
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

/// A session that has walked many objects and is told to let go holds none of them: when others have deleted the rows,
/// nothing keeps them, though its commit has expired nothing. As long as it was not told, it shows what it has read.
#[test]
fn a_session_that_lets_go_of_all_holds_no_row() -> Result<()> {
    let database = forum();
    let mut writer = database.session();
    for at in 0..5_000 {
        writer.add(user(&format!("user {at}")));
    }
    writer.commit()?;
    let rows = database.connect().execute(Select::from("users"))?.rows;
    let rows: Vec<_> = rows.into_rows().map(|it| Arc::downgrade(&it)).collect();
    let held = || rows.iter().filter(|it| it.strong_count() > 0).count();
    let mut session = database.session();
    session.set_expire_on_commit(false);
    let some = session.all(User::select().limit(10))?.references();
    for user in &session.all(User::select().loading(User::posts.selectin()))? {
        assert!(user.load(User::posts)?.is_empty() && session.find::<User>(user.id)?.is_some());
    }
    session.edit(some[0])?.name = "changed".to_owned();
    session.commit()?;
    assert_eq!(session.len(), 5_000);
    writer.execute(Delete::from("users"))?;
    writer.commit()?;
    // The version that is edited next is the one before the current one.
    writer.add(user("another"));
    writer.commit()?;
    assert!(held() >= 4_999, "what a session has read stays until it lets go");
    session.let_go_of_all();
    assert_eq!((session.len(), held()), (0, 0));
    assert!(some.iter().all(|it| session.get(*it).is_err()));
    assert_eq!(session.count(User::select())?, 1, "it goes on");
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

/// A plan of a delete says the same however much else the session holds, and reads nothing of it; it copies it. `cargo
/// test --release objects::scale::a_plan -- --nocapture` shows how long that takes.
#[test]
fn a_plan_of_a_delete_is_the_same_beside_many_objects() -> Result<()> {
    let mut plans = Vec::new();
    for held in [0, depth(), 5 * depth()] {
        let database = forum();
        let mut session = database.session();
        session.set_expire_on_commit(false);
        let alice = session.add(user("alice"));
        let root = posted(&mut session, alice, "root");
        let reply = posted(&mut session, alice, "reply");
        session.set(reply, Post::parent, root)?;
        session.flush()?;
        for at in 0..held {
            session.add(user(&format!("user {at}")));
        }
        session.commit()?;
        let before = session.totals();
        let start = Instant::now();
        plans.push(session.plan_delete(root)?.to_string());
        println!("beside {held} objects {:?}", start.elapsed());
        assert_eq!((session.totals() - before).statements, 0, "it is read on a fork");
    }
    assert_eq!(plans[1..], [plans[0].clone(), plans[0].clone()]);
    Ok(())
}
