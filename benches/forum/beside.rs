//! A reader and a writer at the same time, by every contender: the reader finds posts by their keys, the writer gives one
//! user after the other another karma, each in a transaction of its own. Hand-written code and SQLite stand behind a
//! lock, since neither can be read while it is written.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use diptych::prelude::*;
use diptych::query::{Connection, Control, Input};
use diptych::{Expression, Update, Value, col, parameter};

use super::{Post, raw::Raw, sqlite};

/// Whose time is taken; the other works for as long.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    Reader,
    ReaderAlone,
    Writer,
}

/// How many reads or commits are one step.
const STEP: usize = 100;

/// Does step after step until somebody says that it is over.
fn go_on(over: &AtomicBool, step: impl FnMut(usize)) {
    (0..).take_while(|_| !over.load(Ordering::Relaxed)).for_each(step);
}

/// Does so many steps of the one while the other does steps, too; the time it took, and what the steps gave.
fn race(
    whose: Whose,
    steps: usize,
    read: impl Fn(usize) -> i64 + Sync,
    mut write: impl FnMut(usize) + Send,
) -> (Duration, i64) {
    let (over, read) = (&AtomicBool::new(false), &read);
    let take = |step: &mut dyn FnMut(usize) -> i64| {
        let start = Instant::now();
        let result = (0..steps).map(step).sum();
        let took = start.elapsed();
        over.store(true, Ordering::Relaxed);
        (took, result)
    };
    thread::scope(|scope| match whose {
        Whose::ReaderAlone => take(&mut |it| read(it)),
        Whose::Reader => {
            scope.spawn(move || go_on(over, write));
            take(&mut |it| read(it))
        }
        Whose::Writer => {
            scope.spawn(move || go_on(over, |it| assert!(std::hint::black_box(read(it)) > 0)));
            take(&mut |it| {
                write(it);
                0
            })
        }
    })
}

/// Which keys a step is about.
fn of_step(step: usize, rows: usize) -> impl Iterator<Item = i64> {
    (0..STEP).map(move |it| 1 + ((step * STEP + it) * 7919 % rows) as i64)
}

/// How many reads or commits so many steps are.
pub fn units(steps: usize) -> usize {
    steps * STEP
}

/// Diptych: a session for each step of the reader, a transaction for each change.
pub fn ours(database: &Database, whose: Whose, steps: usize, (posts, users): (usize, usize)) -> (Duration, i64) {
    let mut connection = database.connect();
    let change = Update::table("users").set("karma", parameter(0)).filter(col("id").eq(parameter(1)));
    let change = connection.prepare(change.into()).expect("the statement is right");
    let read = |step: usize| {
        let session = database.session();
        let found = of_step(step, posts).map(|key| session.find::<Post>(key).expect("a lookup works"));
        found.map(|it| it.expect("the post is there").score).sum::<i64>()
    };
    let write = |step: usize| {
        for key in of_step(step, users) {
            let values = [Value::Int(step as i64), Value::Int(key)];
            connection.run(&change, Input::Values(&values)).expect("the change is right");
            connection.control(Control::Commit).expect("nobody else writes");
        }
    };
    race(whose, steps, read, write)
}

/// By hand, behind a lock.
pub fn by_hand(raw: &RwLock<Raw>, whose: Whose, steps: usize, (posts, users): (usize, usize)) -> (Duration, i64) {
    let read = |step: usize| {
        let copy = |key: i64| {
            let raw = raw.read().expect("nobody panics");
            raw.posts[raw.post_by_id[&key]].clone().expect("the post is there")
        };
        of_step(step, posts).map(|key| std::hint::black_box(copy(key)).score).sum::<i64>()
    };
    let write = |step: usize| {
        for key in of_step(step, users) {
            let mut raw = raw.write().expect("nobody panics");
            let at = raw.user_by_id[&key];
            raw.users[at].as_mut().expect("the user is there").karma = step as i64;
        }
    };
    race(whose, steps, read, write)
}

/// SQLite, behind a lock.
pub fn lite(
    lite: &Mutex<rusqlite::Connection>,
    whose: Whose,
    steps: usize,
    (posts, users): (usize, usize),
) -> (Duration, i64) {
    let read = |step: usize| {
        let find = |key: i64| {
            let lite = lite.lock().expect("nobody panics");
            let mut statement = lite.prepare_cached(&format!("{} WHERE id = ?", sqlite::POST)).expect("it is right");
            statement.query_row([key], sqlite::read_post).expect("the post is there")
        };
        of_step(step, posts).map(|key| find(key).score).sum::<i64>()
    };
    let write = |step: usize| {
        for key in of_step(step, users) {
            let lite = lite.lock().expect("nobody panics");
            let mut statement = lite.prepare_cached("UPDATE users SET karma = ? WHERE id = ?").expect("it is right");
            statement.execute([step as i64, key]).expect("the change is right");
        }
    };
    race(whose, steps, read, write)
}
