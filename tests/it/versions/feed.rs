//! The change feed: what it says of each commit, and what happens when nobody reads it.

use std::time::{Duration, SystemTime};

use diptych::error::Misuse;
use diptych::txn::{Cause, ChangeSet, Event, Feed, Origin, Retention, Subscription, WhenFull};
use diptych::{
    Action, Column, Connection, Control, Database, Delete, Error, Expression, ForeignKey, Insert, Statement, Table,
    Update, col,
};

use super::{commit, rows, schema, sound};

/// Users, their posts, and the replies to those, each going with what it refers to.
fn database() -> Database {
    let cascade = |column: &'static str, target: &'static str| {
        ForeignKey::new([column], target).on_delete(Action::Cascade).on_update(Action::Cascade)
    };
    let users = Table::new("users").auto_key("id").column(Column::text("name"));
    let posts =
        Table::new("posts").auto_key("id").column(Column::int("author")).foreign_key(cascade("author", "users"));
    let tags =
        Table::new("post_tags").column(Column::int("post")).column(Column::text("tag")).primary_key(["post", "tag"]);
    let database = Database::new(schema([users, posts, tags.foreign_key(cascade("post", "posts"))]));
    database.set_clock(|| SystemTime::UNIX_EPOCH + Duration::from_secs(7));
    database
}

fn fill() -> Vec<Statement> {
    vec![
        Insert::into("users", ["name"]).row(["Ada"]).row(["Bob"]).into(),
        Insert::into("posts", ["author"]).row([1]).row([2]).into(),
        Insert::into("post_tags", ["post", "tag"]).row([1.into(), diptych::Value::from("a")]).into(),
    ]
}

fn next(feed: &Feed) -> std::sync::Arc<ChangeSet> {
    match feed.try_next() {
        Some(Event::Commit(set)) => set,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_commit_is_a_change_set_with_who_when_what_and_why() {
    let database = database();
    let (start, feed) = database.subscribe(Subscription::default());
    assert_eq!(start.version().number(), 0);
    commit(&database.by("ada"), fill());
    commit(&database, [Delete::from("users").filter(col("id").eq(1))]);
    let set = next(&feed);
    assert_eq!((set.version.number(), set.author.as_deref(), &set.origin), (1, Some("ada"), &Origin::Transaction));
    assert_eq!(set.at, SystemTime::UNIX_EPOCH + Duration::from_secs(7));
    let numbers: Vec<Cause> = set.changes.iter().map(|it| it.cause.clone()).collect();
    assert_eq!(numbers, [0, 0, 1, 1, 2].map(|number| Cause::Statement { number }));
    let set = next(&feed);
    let expected = "version 2 by somebody, transaction
  - users[1]  id 1, name 'Ada'  (statement 0)
  - posts[1]  id 1, author 1  (cascade by posts_author_fkey after users[1], statement 0)
  - post_tags[1, 'a']  post 1, tag 'a'  (cascade by post_tags_post_fkey after posts[1], statement 0)
";
    assert_eq!(set.to_string(), expected);
    let path: Vec<String> = set.path(2).iter().map(|it| format!("{} {}", it.from, it.by)).collect();
    assert_eq!(path, ["users[1] cascade by posts_author_fkey", "posts[1] cascade by post_tags_post_fkey"]);
    assert!(set.path(0).is_empty());
    assert!(feed.try_next().is_none());
}

/// A key that changes moves its row to another slot; the row is one row all the same, and so is what follows it.
#[test]
fn a_row_whose_key_changes_is_one_change() {
    let database = database();
    commit(&database, fill());
    let (_, feed) = database.subscribe(Subscription::default());
    let to = |from: i64, to: i64| Update::table("users").set("id", to).filter(col("id").eq(from));
    commit(&database, [to(1, -5), to(-5, 50)]);
    let expected = "version 2 by somebody, transaction
  ~ users[50]  id 1 → 50  (statement 1)
  ~ posts[1]  author 1 → 50  (cascade by posts_author_fkey after users[-5], statement 1)
";
    assert_eq!(next(&feed).to_string(), expected);
}

/// What was rolled back is in no change set, neither a transaction nor a part of one.
#[test]
fn what_was_rolled_back_is_not_told() {
    let database = database();
    let (_, feed) = database.subscribe(Subscription::default());
    let mut connection = database.connect();
    connection.execute(Insert::into("users", ["name"]).row(["Ada"])).unwrap();
    connection.control(Control::Savepoint).unwrap();
    connection.execute(Insert::into("users", ["name"]).row(["Bob"])).unwrap();
    connection.execute(Delete::from("users").filter(col("name").eq("Ada"))).unwrap();
    connection.control(Control::RollbackTo).unwrap();
    connection.execute(Update::table("users").set("name", "Eve")).unwrap();
    connection.control(Control::Commit).unwrap();
    connection.execute(Delete::from("users")).unwrap();
    connection.control(Control::Rollback).unwrap();
    assert_eq!(
        next(&feed).to_string(),
        "version 1 by somebody, transaction\n  + users[1]  id 1, name 'Eve'  (statement 0)\n"
    );
    assert!(feed.try_next().is_none());
    sound(&database);
}

#[test]
fn undo_and_merge_say_what_they_are() {
    let database = database();
    database.retain(Retention::Last(1));
    commit(&database, fill());
    let branch = database.branch("draft").unwrap();
    commit(&branch, [Insert::into("users", ["name"]).row(["Kim"])]);
    let (_, feed) = database.subscribe(Subscription::default());
    commit(&database, [Delete::from("posts")]);
    database.undo().unwrap();
    database.by("bob").merge(&branch).unwrap();
    next(&feed);
    let undo = next(&feed);
    let expected = "version 3 by somebody, undo of 1 to 2
  + posts[1]  id 1, author 1  (undo)
  + posts[2]  id 2, author 2  (undo)
  + post_tags[1, 'a']  post 1, tag 'a'  (undo)
";
    assert_eq!(undo.to_string(), expected);
    let expected = "version 4 by bob, merge of draft\n  + users[3]  id 3, name 'Kim'  (merge)\n";
    assert_eq!(next(&feed).to_string(), expected);
}

/// Reasons are noted while somebody listens; for what was done before, the feed says that they were not.
#[test]
fn a_reason_that_was_not_noted_is_not_invented() {
    let database = database();
    let mut connection = database.connect();
    connection.execute(Insert::into("users", ["name"]).row(["Ada"])).unwrap();
    let (_, feed) = database.subscribe(Subscription::default());
    connection.control(Control::Commit).unwrap();
    assert_eq!(next(&feed).changes[0].cause, Cause::Unnoted);
}

fn add(database: &Database) -> Result<(), Error> {
    let mut connection = database.connect();
    connection.execute(Insert::into("users", ["name"]).row(["x"]))?;
    connection.control(Control::Commit)
}

/// The default: a commit goes on, and who did not keep up finds a gap that says which versions are missing.
#[test]
fn a_full_feed_has_a_gap_that_says_what_is_missing() {
    let database = database();
    let (_, feed) = database.subscribe(Subscription::bounded(2));
    (0..5).for_each(|_| add(&database).unwrap());
    let events: Vec<String> = feed
        .drain()
        .map(|it| match it {
            Event::Commit(set) => set.version.number().to_string(),
            Event::Gap { first, last } => format!("{}-{}", first.number(), last.number()),
        })
        .collect();
    assert_eq!(events, ["1", "2", "3-5"]);
    add(&database).unwrap();
    assert_eq!(next(&feed).version.number(), 6);
}

/// On request a commit is refused while a subscriber has no room: it stays open, and succeeds when there is.
#[test]
fn a_full_feed_may_refuse_a_commit() {
    let database = database();
    let (_, feed) = database.subscribe(Subscription::bounded(1).when_full(WhenFull::Refuse));
    add(&database).unwrap();
    let mut connection = database.connect();
    connection.execute(Insert::into("users", ["name"]).row(["Bob"])).unwrap();
    let error = connection.control(Control::Commit).unwrap_err();
    assert_eq!(error.misuse(), Some(&Misuse::FeedFull { capacity: 1 }), "{error}");
    assert_eq!((rows(&database, "users").len(), database.snapshot().version().number()), (1, 1));
    next(&feed);
    connection.control(Control::Commit).unwrap();
    assert_eq!(next(&feed).changes.len(), 1);
    add(&database).unwrap();
    drop(feed);
    add(&database).unwrap();
    assert_eq!(rows(&database, "users").len(), 4);
    sound(&database);
}

/// On request a commit waits for room. Readers do not wait with it.
#[test]
fn a_full_feed_may_hold_a_commit_up() {
    let database = database();
    let (_, feed) = database.subscribe(Subscription::bounded(1).when_full(WhenFull::Block));
    add(&database).unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| add(&database).unwrap());
        std::thread::sleep(Duration::from_millis(20));
        assert!(!waiting.is_finished());
        assert_eq!(database.snapshot().version().number(), 1, "readers go on");
        assert!(matches!(feed.wait_next(), Event::Commit(set) if set.version.number() == 1));
        waiting.join().unwrap();
        assert!(matches!(feed.wait_next(), Event::Commit(set) if set.version.number() == 2));
        add(&database).unwrap();
        let waiting = scope.spawn(|| add(&database).unwrap());
        std::thread::sleep(Duration::from_millis(20));
        assert!(!waiting.is_finished());
        drop(feed);
        waiting.join().unwrap();
    });
    assert_eq!(rows(&database, "users").len(), 4);
}
