//! Work of which each piece is small, so that what stands around a statement counts: one row in a transaction of its own,
//! an object by a text key, an empty collection, a database that is made ready. By every contender in turn.

use std::sync::Arc;

use diptych::prelude::*;
use diptych::query::{Connection, Control, Input, InsertRows};
use diptych::{Record, Row, Select, count};

use super::{Data, Post, Thread, User, raw, sqlite};

/// Posts that are not in the forum yet.
pub fn further_posts(data: &Data, how_many: usize) -> Vec<Post> {
    let posts = data.posts.iter().cycle().take(how_many).enumerate();
    posts.map(|(at, it)| Post { id: Id::new((data.posts.len() + 1 + at) as i64), ..it.clone() }).collect()
}

/// Inserts posts, each in a transaction of its own; how many there are afterwards.
pub fn insert_each_ours(database: &Database, posts: &[Post]) -> i64 {
    let mut connection = database.connect();
    let statement = connection.prepare(InsertRows { table: Post::TABLE.into() }.into()).expect("the table is there");
    for post in posts {
        let mut row: [Row; 1] = [Arc::new(post.clone()) as Arc<dyn Record>];
        connection.run(&statement, Input::Rows(&mut row)).expect("the data is right");
        connection.control(Control::Commit).expect("nobody else is there");
    }
    let all = connection.execute(Select::from("posts").values([count()])).expect("it counts");
    all.rows.typed::<i64>().expect("a number")[0]
}

/// The same by hand.
pub fn insert_each_raw(raw: &mut raw::Raw, posts: &[Post]) -> i64 {
    posts.iter().for_each(|it| raw.insert_post(it));
    raw.posts.len() as i64
}

/// The same by SQLite.
pub fn insert_each_sqlite(connection: &rusqlite::Connection, posts: &[Post]) -> i64 {
    let mut insert = connection.prepare_cached("INSERT INTO posts VALUES (?,?,?,?,?,?)").expect("it is right");
    for it in posts {
        let parent = it.parent_id.and_then(|it| it.get());
        let keys = (it.id.get(), it.thread_id.get(), it.author_id.get(), parent);
        insert
            .execute(rusqlite::params![keys.0, keys.1, keys.2, keys.3, it.body, it.score])
            .expect("the data is right");
    }
    connection.query_row("SELECT COUNT(*) FROM posts", [], |row| row.get(0)).expect("a count")
}

/// The sum of the karma of users found by their addresses.
pub fn by_email_ours(session: &Session, emails: &[&str]) -> i64 {
    let found = emails.iter().map(|&it| session.one(User::select().filter(User::email.eq(it))));
    found.map(|it| it.expect("the user is there").karma).sum()
}

/// The same by hand.
pub fn by_email_raw(raw: &raw::Raw, emails: &[&str]) -> i64 {
    let found = emails.iter().map(|&it| raw.users[raw.user_by_email[it]].clone().expect("the user is there"));
    found.map(|it| std::hint::black_box(it).karma).sum()
}

/// The same by SQLite.
pub fn by_email_sqlite(connection: &rusqlite::Connection, emails: &[&str]) -> i64 {
    let sql = "SELECT id, email, name, karma FROM users WHERE email = ?";
    let mut statement = connection.prepare_cached(sql).expect("the statement is right");
    let mut sum = 0;
    for email in emails {
        let read = |row: &rusqlite::Row<'_>| {
            Ok(User { id: row.get::<_, i64>(0)?.into(), email: row.get(1)?, name: row.get(2)?, karma: row.get(3)? })
        };
        sum += std::hint::black_box(statement.query_row([email], read).expect("the user is there")).karma;
    }
    sum
}

/// The posts of threads that have none, read lazily one thread after the other; how many.
pub fn empty_ours(session: &Session, threads: &[Ref<Thread>]) -> usize {
    let loaded = threads.iter().map(|&it| session.get(it).expect("the thread is there").load(Thread::posts));
    loaded.map(|it| it.expect("the query works").len()).sum()
}

/// The same by hand.
pub fn empty_raw(raw: &raw::Raw, threads: usize) -> usize {
    let copied = (1..=threads as i64).map(|it| raw.posts_by_thread.get(&it).map_or(&[][..], Vec::as_slice));
    copied.map(|it| it.iter().filter_map(|&at| raw.posts[at].clone()).collect::<Vec<Post>>().len()).sum()
}

/// The same by SQLite.
pub fn empty_sqlite(connection: &rusqlite::Connection, threads: usize) -> usize {
    let mut statement =
        connection.prepare_cached(&format!("{} WHERE thread_id = ?", sqlite::POST)).expect("the statement is right");
    let mut count = 0;
    for thread in 1..=threads as i64 {
        count += statement.query_map([thread], sqlite::read_post).expect("the query works").count();
    }
    count
}

/// The threads of a forum, and no posts.
pub fn without_posts(data: &Data) -> Data {
    let (forums, threads) = (data.forums.clone(), data.threads.clone());
    Data { forums, threads, ..Data::default() }
}
