//! Changes of many rows at once, by every contender: an indexed column of all posts, what the posts of each thread answer,
//! and scores that are taken back.

use diptych::prelude::*;
use diptych::query::{Connection, Control, Input};
use diptych::{Expression, Update, Value, col, parameter};

use super::raw::{Raw, number};

/// Gives every post to the author as far from the last one as its own was from the first, by one statement.
pub fn mirror_ours(database: &Database, users: i64) -> usize {
    let mut connection = database.connect();
    let mirrored = diptych::Expr::Value(Value::Int(users + 1)).minus(col("author_id"));
    let outcome = connection.execute(Update::table("posts").set("author_id", mirrored)).expect("all authors are there");
    connection.control(Control::Commit).expect("nobody else is there");
    outcome.count as usize
}

/// The same by hand: authors and the index by author.
pub fn mirror_raw(raw: &mut Raw, users: i64) -> usize {
    let mut changed = 0;
    for at in 0..raw.posts.len() {
        let Some(post) = raw.posts[at].as_mut() else { continue };
        let before = number(post.author_id);
        let after = users + 1 - before;
        assert!(raw.user_by_id.contains_key(&after));
        post.author_id = after.into();
        moved(&mut raw.posts_by_author, at, Some(before), after);
        changed += 1;
    }
    changed
}

/// The same by SQLite.
pub fn mirror_sqlite(connection: &rusqlite::Connection, users: i64) -> usize {
    connection.execute("UPDATE posts SET author_id = ?1 + 1 - author_id", [users]).expect("all authors are there")
}

/// Lets the first post of each thread be what all others answer, by a statement for each thread in one transaction; how
/// many posts that are.
pub fn parent_ours(database: &Database, threads: i64) -> usize {
    let mut connection = database.connect();
    let others = col("thread_id").eq(parameter(0)).and(col("id").gt(parameter(0)));
    let statement = Update::table("posts").set("parent_id", parameter(0)).filter(others);
    let statement = connection.prepare(statement.into()).expect("the statement is right");
    // The first post of a thread has the thread's number.
    let outcomes = (1..=threads).map(|it| connection.run(&statement, Input::Values(&[Value::Int(it)])));
    let changed: u64 = outcomes.map(|it| it.expect("the first post is there").count).sum();
    connection.control(Control::Commit).expect("nobody else is there");
    changed as usize
}

/// The same by hand: parents and the index by parent.
pub fn parent_raw(raw: &mut Raw, threads: i64) -> usize {
    let mut changed = 0;
    for thread in 1..=threads {
        assert!(raw.post_by_id.contains_key(&thread));
        for &at in &raw.posts_by_thread[&thread] {
            let Some(post) = raw.posts[at].as_mut().filter(|it| number(it.id) > thread) else { continue };
            let before = post.parent_id.replace(thread.into()).map(number);
            moved(&mut raw.posts_by_parent, at, before, thread);
            changed += 1;
        }
    }
    changed
}

/// The same by SQLite.
pub fn parent_sqlite(connection: &rusqlite::Connection, threads: i64) -> usize {
    connection.execute_batch("BEGIN").expect("nothing is open");
    let sql = "UPDATE posts SET parent_id = ?1 WHERE thread_id = ?1 AND id > ?1";
    let mut update = connection.prepare_cached(sql).expect("the statement is right");
    let changed = (1..=threads).map(|it| update.execute([it]).expect("the first post is there")).sum();
    connection.execute_batch("COMMIT").expect("a commit works");
    changed
}

/// Puts the place of a post among those of another key.
fn moved(index: &mut super::raw::Map<i64, Vec<usize>>, at: usize, before: Option<i64>, after: i64) {
    if let Some(places) = before.and_then(|it| index.get_mut(&it))
        && let Some(found) = places.iter().position(|it| *it == at)
    {
        places.swap_remove(found);
    }
    index.entry(after).or_default().push(at);
}

/// Changes the scores of a thread's posts and takes it back; how many posts that were.
pub fn taken_back_ours(database: &Database, thread: i64) -> usize {
    let mut connection = database.connect();
    let more = Update::table("posts").set("score", col("score").plus(1)).filter(col("thread_id").eq(thread));
    let outcome = connection.execute(more).expect("the update works");
    connection.control(Control::Rollback).expect("it can be taken back");
    outcome.count as usize
}

/// The same by hand.
pub fn taken_back_raw(raw: &mut Raw, thread: i64) -> usize {
    let mut undo = Vec::new();
    for &at in &raw.posts_by_thread[&thread] {
        let Some(post) = raw.posts[at].as_mut() else { continue };
        undo.push((at, post.clone()));
        post.score += 1;
    }
    let changed = undo.len();
    for (at, before) in std::hint::black_box(undo) {
        raw.posts[at] = Some(before);
    }
    changed
}

/// The same by SQLite.
pub fn taken_back_sqlite(connection: &rusqlite::Connection, thread: i64) -> usize {
    connection.execute_batch("BEGIN").expect("nothing is open");
    let sql = "UPDATE posts SET score = score + 1 WHERE thread_id = ?";
    let changed = connection.prepare_cached(sql).and_then(|mut it| it.execute([thread])).expect("the update works");
    connection.execute_batch("ROLLBACK").expect("it can be taken back");
    changed
}
