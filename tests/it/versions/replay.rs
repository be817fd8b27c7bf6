//! The change feed, complete: applied to where it began, it rebuilds the database, whatever happened.

use diptych::id::ColumnId;
use diptych::schema::Index;
use diptych::txn::{Event, Retention, Subscription};
use diptych::{
    Action, Column, Connection, Control, Database, Delete, Expression, ForeignKey, Insert, NativeConnection, Statement,
    Table, Update, Value, col, column,
};
use proptest::prelude::*;

use super::{rows, schema, sound};

/// What can happen. Numbers are ids, or choose among a few.
#[derive(Clone, Debug)]
enum Step {
    AddUser(i64),
    AddPost(i64, i64),
    AddTag(i64, i64),
    AddNote(i64),
    MoveUser(i64, i64),
    RenameUser(i64, i64),
    SwapNames,
    ReparentPost(i64, i64),
    DeleteUser(i64),
    DeletePost(i64),
    DeleteNote(i64),
    Savepoint,
    RollbackTo,
    Release,
    Commit,
    Rollback,
    Undo,
    Merge,
}

const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
const TABLES: [&str; 4] = ["users", "posts", "tags", "notes"];

fn step() -> impl Strategy<Value = Step> {
    let id = || prop_oneof![0..8i64, Just(-4), Just(1_000_000)];
    let name = || 0..NAMES.len() as i64;
    prop_oneof![
        3 => id().prop_map(Step::AddUser),
        3 => (id(), id()).prop_map(|(a, b)| Step::AddPost(a, b)),
        2 => (id(), name()).prop_map(|(a, b)| Step::AddTag(a, b)),
        1 => name().prop_map(Step::AddNote),
        2 => (id(), id()).prop_map(|(a, b)| Step::MoveUser(a, b)),
        1 => (id(), name()).prop_map(|(a, b)| Step::RenameUser(a, b)),
        1 => Just(Step::SwapNames),
        1 => (id(), id()).prop_map(|(a, b)| Step::ReparentPost(a, b)),
        2 => id().prop_map(Step::DeleteUser),
        1 => id().prop_map(Step::DeletePost),
        1 => name().prop_map(Step::DeleteNote),
        1 => Just(Step::Savepoint),
        1 => Just(Step::RollbackTo),
        1 => Just(Step::Release),
        5 => Just(Step::Commit),
        1 => Just(Step::Rollback),
        1 => Just(Step::Undo),
        1 => Just(Step::Merge),
    ]
}

/// Users with a unique name, their posts in a tree, tags as association rows, and notes without a key.
fn database() -> Database {
    let key = |column: &'static str, target: &'static str| ForeignKey::new([column], target);
    let both = |it: ForeignKey| it.on_delete(Action::Cascade).on_update(Action::Cascade);
    let users =
        Table::new("users").column(Column::int("id")).primary_key(["id"]).column(Column::text("name").nullable());
    let users = users.unique(["name"]).add_index(Index::over(column("name").lower()).filter(column("id").ge(2)));
    let posts = Table::new("posts").auto_key("id").column(Column::int("author").nullable());
    let posts = posts.column(Column::int("parent").nullable()).foreign_key(both(key("author", "users")));
    let posts = posts.foreign_key(key("parent", "posts").on_delete(Action::SetNull).on_update(Action::Cascade));
    let tags = Table::new("tags").column(Column::int("post")).column(Column::text("tag")).primary_key(["post", "tag"]);
    let tags = tags.foreign_key(both(key("post", "posts")));
    Database::new(schema([users, posts, tags, Table::new("notes").column(Column::text("body"))]))
}

fn statement(step: &Step) -> Option<Statement> {
    let id = |value: i64| col("id").eq(value);
    let name = |at: i64| NAMES[at as usize];
    Some(match *step {
        Step::AddUser(it) => Insert::into("users", ["id"]).row([it]).into(),
        Step::AddPost(author, parent) => {
            let parent = if parent % 2 == 0 { Value::Null } else { Value::Int(parent) };
            Insert::into("posts", ["author", "parent"]).row([Value::Int(author), parent]).into()
        }
        Step::AddTag(post, tag) => {
            Insert::into("tags", ["post", "tag"]).row([Value::Int(post), name(tag).into()]).into()
        }
        Step::AddNote(it) => Insert::into("notes", ["body"]).row([name(it)]).row([name(it)]).into(),
        Step::MoveUser(from, to) => Update::table("users").set("id", to).filter(id(from)).into(),
        Step::RenameUser(it, to) => Update::table("users").set("name", name(to)).filter(id(it)).into(),
        // Every key changes and one row takes the slot of another.
        Step::SwapNames => Update::table("users").set("id", col("id").times(-1).plus(3)).into(),
        Step::ReparentPost(it, to) => Update::table("posts").set("parent", to).filter(id(it)).into(),
        Step::DeleteUser(it) => Delete::from("users").filter(id(it)).into(),
        Step::DeletePost(it) => Delete::from("posts").filter(id(it)).into(),
        Step::DeleteNote(it) => Delete::from("notes").filter(col("body").eq(name(it))).into(),
        _ => return None,
    })
}

/// Whether every row of the database is in the other one, and no more.
fn same(a: &Database, b: &Database) {
    for table in TABLES {
        assert_eq!(rows(a, table), rows(b, table), "{table}");
    }
}

/// The open transaction ends; what it did counts if it may.
fn end(connection: &mut NativeConnection) {
    if connection.control(Control::Commit).is_err() {
        connection.control(Control::Rollback).unwrap();
    }
}

fn run(steps: &[Step], retention: Retention) {
    let database = database();
    database.retain(retention);
    let branch = database.fork();
    let (start, feed) = database.subscribe(Subscription::bounded(10_000));
    let rebuilt = Database::new(database.schema().clone());
    assert_eq!(start.version().number(), 0);
    let mut connection = database.connect();
    let mut other = branch.connect();
    for (position, step) in steps.iter().enumerate() {
        if let Some(statement) = statement(step) {
            // Each third change is made on the branch; some are refused, and change nothing.
            let side = if position % 3 == 2 { &mut other } else { &mut connection };
            let _ = side.execute(statement);
            continue;
        }
        match step {
            Step::Savepoint => connection.control(Control::Savepoint).unwrap(),
            Step::RollbackTo => drop(connection.control(Control::RollbackTo)),
            Step::Release => drop(connection.control(Control::Release)),
            Step::Rollback => connection.control(Control::Rollback).unwrap(),
            Step::Undo => drop(database.undo()),
            Step::Merge => {
                end(&mut other);
                drop(database.merge(&branch));
                drop(branch.merge(&database));
                sound(&branch);
            }
            _ => end(&mut connection),
        }
        sound(&database);
        for event in feed.drain() {
            let Event::Commit(set) = event else { panic!("there is room for all") };
            rebuilt.replay(&set).unwrap_or_else(|error| panic!("{set}{error:#}"));
            sound(&rebuilt);
            for (position, change) in set.changes.iter().enumerate() {
                assert!(change.row.before.is_some() || change.row.after.is_some());
                assert!(set.path(position).len() <= set.changes.len());
            }
        }
        same(&database, &rebuilt);
    }
    // Applied once more, each set finds that all is as it left it, or names what is not.
    let version = rebuilt.snapshot().version();
    assert!(version.number() <= database.snapshot().version().number());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// D4: cascades, association rows, moved keys, rows without a key, savepoints, rollbacks, undo and merge included.
    #[test]
    fn d4_the_feed_rebuilds_the_database(steps in prop::collection::vec(step(), 1..60), keep in any::<bool>()) {
        run(&steps, if keep { Retention::Last(3) } else { Retention::Current });
    }
}

/// A set that does not fit is refused whole.
#[test]
fn a_replay_that_does_not_fit_changes_nothing() {
    let database = database();
    let (_, feed) = database.subscribe(Subscription::default());
    super::commit(&database, [Insert::into("users", ["id", "name"]).row([Value::Int(1), "a".into()])]);
    super::commit(&database, [Update::table("users").set("name", "b")]);
    let sets: Vec<_> = feed.drain().collect();
    let [Event::Commit(first), Event::Commit(second)] = &sets[..] else { panic!() };
    let other = Database::new(database.schema().clone());
    assert!(other.replay(second).is_err(), "the row is not there yet");
    other.replay(first).unwrap();
    assert_eq!(other.replay(first).unwrap(), other.snapshot().version(), "what is there already agrees");
    super::commit(&other, [Update::table("users").set("name", "c")]);
    let error = other.replay(second).unwrap_err();
    assert!(error.to_string().contains("users[1]"), "{error}");
    let name = other
        .snapshot()
        .image()
        .table(diptych::id::TableId::new(0))
        .rows()
        .next()
        .map(|(_, row)| row.get(ColumnId::new(1)).to_value());
    assert_eq!(name, Some("c".into()));
    assert!(Database::new(schema([])).replay(first).is_err());
}
