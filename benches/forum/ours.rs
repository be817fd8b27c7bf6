//! Diptych.

use std::sync::Arc;

use diptych::prelude::*;
use diptych::query::{Connection, Control, Input, InsertRows};
use diptych::{Delete, Expression, Record, Row, col};

use super::{Data, Forum, Post, PostTag, Profile, Tag, Thread, User, Vote};

pub fn empty() -> Database {
    Database::of::<(User, Profile, Forum, Thread, Post, Tag, PostTag, Vote)>().expect("the model is right")
}

fn insert<T: Entity>(connection: &mut impl Connection, rows: &[T]) {
    let statement = connection.prepare(InsertRows { table: T::TABLE.into() }.into()).expect("the table is there");
    let mut rows: Vec<Row> = rows.iter().map(|it| Arc::new(it.clone()) as Arc<dyn Record>).collect();
    connection.run(&statement, Input::Rows(&mut rows)).expect("the data is right");
}

/// All rows in one transaction, through the connection.
pub fn fill(data: &Data) -> Database {
    let database = empty();
    let mut connection = database.connect();
    insert(&mut connection, &data.users);
    insert(&mut connection, &data.profiles);
    insert(&mut connection, &data.forums);
    insert(&mut connection, &data.threads);
    insert(&mut connection, &data.posts);
    insert(&mut connection, &data.tags);
    insert(&mut connection, &data.post_tags);
    insert(&mut connection, &data.votes);
    connection.control(Control::Commit).expect("nothing is open");
    database
}

/// All rows in one transaction, through a session and its unit of work.
pub fn fill_by_session(data: &Data) -> Database {
    let database = empty();
    let mut session = database.session();
    fn add<T: Entity>(session: &mut Session, rows: &[T]) {
        for row in rows {
            session.add(row.clone());
        }
    }
    add(&mut session, &data.users);
    add(&mut session, &data.profiles);
    add(&mut session, &data.forums);
    add(&mut session, &data.threads);
    add(&mut session, &data.posts);
    add(&mut session, &data.tags);
    add(&mut session, &data.post_tags);
    add(&mut session, &data.votes);
    session.set_expire_on_commit(false);
    session.commit().expect("the data is right");
    database
}

/// The sum of the scores of posts found by key.
pub fn lookup(session: &Session, keys: &[i64]) -> i64 {
    let found = keys.iter().map(|&key| session.find::<Post>(key).expect("a lookup works"));
    found.map(|it| it.expect("the post is there").score).sum()
}

/// How a thread's posts are loaded.
#[derive(Clone, Copy, Debug)]
pub enum Strategy {
    Lazy,
    Selectin,
    Joined,
    Subquery,
}

/// The threads with their posts: how many posts, and the sum of their scores.
pub fn threads_with_posts(database: &Database, strategy: Strategy) -> (usize, i64) {
    let session = database.session();
    let query = Thread::select();
    let query = match strategy {
        Strategy::Lazy => query,
        Strategy::Selectin => query.loading(Thread::posts.selectin()),
        Strategy::Joined => query.loading(Thread::posts.joined()),
        Strategy::Subquery => query.loading(Thread::posts.subquery()),
    };
    let threads = session.all(query).expect("the query works");
    let (mut count, mut sum) = (0, 0);
    for thread in &threads {
        for post in thread.load(Thread::posts).expect("the posts are there") {
            count += 1;
            sum += post.score;
        }
    }
    (count, sum)
}

/// The threads with their posts and the tags of these: how many tags, and the sum of their keys.
pub fn threads_with_tags(database: &Database) -> (usize, i64) {
    let session = database.session();
    let query = Thread::select().loading(Thread::posts.selectin().then(Post::tags.selectin()));
    let (mut count, mut sum) = (0, 0);
    for thread in &session.all(query).expect("the query works") {
        for post in thread.load(Thread::posts).expect("the posts are there") {
            for tag in post.load(Post::tags).expect("the tags are there") {
                count += 1;
                sum += tag.id.get().expect("a key");
            }
        }
    }
    (count, sum)
}

/// All posts with their authors, each author once: the sum of the karma.
pub fn posts_with_authors(database: &Database) -> i64 {
    let session = database.session();
    let posts = session.all(Post::select().loading(Post::author.selectin())).expect("the query works");
    posts.iter().map(|post| post.load(Post::author).expect("the author is there").karma).sum()
}

/// Deletes forum 1 and everything that hangs on it; returns how many rows are gone.
pub fn delete_forum(database: &Database) -> usize {
    let mut connection = database.connect();
    let outcome = connection.execute(Delete::from("forums").filter(col("id").eq(1))).expect("the delete works");
    connection.control(Control::Commit).expect("nothing is open");
    (outcome.count + outcome.by_actions) as usize
}

/// A fork in which one post gets another score, dropped again.
pub fn fork_and_change(database: &Database) -> i64 {
    let fork = database.fork();
    let mut connection = fork.connect();
    let statement = diptych::Update::table("posts").set("score", 1_000_000).filter(col("id").eq(77));
    connection.execute(statement).expect("the update works");
    connection.control(Control::Commit).expect("nothing is open");
    1_000_000
}

/// Loads the first posts, changes every second one, flushes once and rolls back.
pub fn unit_of_work(database: &Database, posts: u64) -> usize {
    let mut session = database.session();
    let query = Post::select().order_by(Post::id).limit(posts);
    let found = session.all(query).expect("the query works").references();
    let mut changed = 0;
    for (at, post) in found.into_iter().enumerate() {
        if at % 2 == 0 {
            session.edit(post).expect("the post is there").score += 1;
            changed += 1;
        }
    }
    session.flush().expect("the flush works");
    session.rollback().expect("a rollback works");
    changed
}
