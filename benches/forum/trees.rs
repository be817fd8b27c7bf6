//! Replies that go with what they answer, by every contender: a chain as deep as it has posts, and one post with all the
//! others below it.

use diptych::prelude::*;
use diptych::query::{Connection, Control};
use diptych::{Delete, Expression, col};

use super::{Data, Forum, Post, Thread, User, raw};

/// A forum of so many posts, each of which answers the one before it.
pub fn chain(posts: usize) -> Data {
    answering(posts, |id| id - 1)
}

/// A forum of so many posts, all of which answer the first one.
pub fn star(posts: usize) -> Data {
    answering(posts, |_| 1)
}

fn answering(posts: usize, whom: impl Fn(i64) -> i64) -> Data {
    let users = posts as i64 / 10 + 1;
    let post = |id: i64| Post {
        id: id.into(),
        thread_id: 1.into(),
        author_id: (1 + id % users).into(),
        parent_id: (id > 1).then(|| whom(id).into()),
        body: format!("This is the body of post {id}, as long as a short remark usually is."),
        score: id % 100,
    };
    let user = |id: i64| {
        let (email, name) = (format!("user{id}@example.org"), format!("User {id}"));
        User { id: id.into(), email, name, karma: 0 }
    };
    Data {
        users: (1..=users).map(user).collect(),
        forums: vec![Forum { id: 1.into(), title: "Everything".into() }],
        threads: vec![Thread { id: 1.into(), forum_id: 1.into(), title: "Thread number 1".into() }],
        posts: (1..=posts as i64).map(post).collect(),
        ..Data::default()
    }
}

/// Deletes the first post and everything below it; returns how many posts are gone.
pub fn delete_ours(database: &Database) -> usize {
    let mut connection = database.connect();
    let outcome = connection.execute(Delete::from("posts").filter(col("id").eq(1))).expect("the delete works");
    connection.control(Control::Commit).expect("nothing is open");
    (outcome.count + outcome.by_actions) as usize
}

/// The same by hand.
pub fn delete_raw(raw: &mut raw::Raw) -> usize {
    let gone = raw.delete_posts(vec![0]);
    let raw::Raw { posts, posts_by_thread, .. } = raw;
    posts_by_thread.values_mut().for_each(|it| it.retain(|&at| posts[at].is_some()));
    gone
}

/// The same by SQLite.
pub fn delete_sqlite(connection: &rusqlite::Connection) -> usize {
    let count = || connection.query_row("SELECT COUNT(*) FROM posts", [], |row| row.get::<_, usize>(0));
    let before = count().expect("a count");
    connection.execute("DELETE FROM posts WHERE id = 1", []).expect("the delete works");
    before - count().expect("a count")
}
