//! Earlier versions: which are kept, what lies between them, and taking it back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use diptych::error::{Conflict, ErrorKind, Misuse};
use diptych::txn::{Bounds, Retention, Version};
use diptych::{Action, Column, Database, Delete, Expression, ForeignKey, Insert, Statement, Table, Update, Value, col};

use super::{cells, commit, rows, schema, sound};

/// Users with a unique name and posts that go with them; all versions are kept.
fn database() -> Database {
    let users = Table::new("users").auto_key("id").column(Column::text("name")).unique(["name"]);
    let key = ForeignKey::new(["author"], "users").on_delete(Action::Cascade);
    let posts = Table::new("posts").auto_key("id").column(Column::int("author")).foreign_key(key);
    let database = Database::new(schema([users, posts]));
    database.retain(Retention::All);
    commit(&database, [insert("Ada"), insert("Bob"), post(1), post(2)]);
    database
}

fn insert(name: &'static str) -> Statement {
    Insert::into("users", ["name"]).row([name]).into()
}

fn post(author: i64) -> Statement {
    Insert::into("posts", ["author"]).row([author]).into()
}

fn rename(id: i64, name: &'static str) -> Statement {
    Update::table("users").set("name", name).filter(col("id").eq(id)).into()
}

fn delete(id: i64) -> Statement {
    Delete::from("users").filter(col("id").eq(id)).into()
}

fn names(database: &Database) -> Vec<Value> {
    rows(database, "users").into_iter().map(|mut it| it.swap_remove(1)).collect()
}

fn version(database: &Database) -> Version {
    database.snapshot().version()
}

#[test]
fn every_commit_has_a_version_and_earlier_ones_are_kept_on_request() {
    let database = database();
    let first = version(&database);
    commit(&database, [rename(1, "Eve")]);
    commit::<Statement>(&database, []);
    assert_eq!(version(&database).number(), first.number() + 1, "a commit that changes nothing makes no version");
    let at = |version| database.at(version).unwrap();
    assert_eq!((at(Version::new(0)).len("users").unwrap(), at(first).len("users").unwrap()), (0, 2));
    assert_eq!(at(version(&database)).version(), version(&database));
    for kept in [Retention::Last(1), Retention::Rows(1)] {
        database.retain(kept);
        assert!(database.at(first).is_ok());
        assert!(database.at(Version::new(0)).is_err(), "{kept:?}");
    }
    database.retain(Retention::Current);
    let error = database.at(first).unwrap_err();
    let expected = Misuse::NotRetained { version: 1, earliest: 2, current: 2 };
    assert_eq!(error.misuse(), Some(&expected), "{error}");
    assert!(database.at(Version::new(9)).is_err());
}

/// History is bounded as it is said: never more versions, never more rows.
#[test]
fn history_is_bounded_as_it_is_said() {
    let database = database();
    database.retain(Retention::Last(3));
    let kept = |database: &Database| {
        let current = version(database).number();
        (0..current).filter(|it| database.at(Version::new(*it)).is_ok()).count()
    };
    let names = ["a", "b", "c", "d", "e", "f"];
    names.iter().for_each(|it| commit(&database, [rename(1, it)]));
    assert_eq!(kept(&database), 3);
    database.retain(Retention::Rows(5));
    names.iter().for_each(|it| commit(&database, [rename(1, it), rename(2, "Rob"), rename(2, "Bob")]));
    assert!(kept(&database) <= 5, "{}", kept(&database));
}

/// What is too old goes, by the clock of the database: with a commit, and when somebody asks, whether or not anybody commits.
#[test]
fn what_is_too_old_is_not_kept() {
    let database = database();
    let seconds = Arc::new(AtomicU64::new(100));
    let told = seconds.clone();
    database.set_clock(move || SystemTime::UNIX_EPOCH + Duration::from_secs(told.load(Ordering::Relaxed)));
    // What was kept until now was dated by another clock.
    database.retain(Retention::Current);
    database.retain(Retention::age(Duration::from_secs(60)));
    let first = version(&database).number();
    let at = |number: u64| database.at(Version::new(number)).map(|it| it.version().number());
    for (second, name) in [(100, "a"), (130, "b"), (160, "c")] {
        seconds.store(second, Ordering::Relaxed);
        commit(&database, [rename(1, name)]);
    }
    // The first was current until second 100, and is of interest until 160.
    assert_eq!(at(first).unwrap(), first);
    seconds.store(161, Ordering::Relaxed);
    let error = at(first).unwrap_err();
    let gone = Misuse::NotRetained { version: first, earliest: first + 1, current: first + 3 };
    assert_eq!(error.misuse(), Some(&gone), "{error}");
    assert_eq!((at(first + 1).unwrap(), database.earliest().number()), (first + 1, first + 1));
    seconds.store(220, Ordering::Relaxed);
    assert_eq!(database.earliest().number(), first + 2);
    commit(&database, [rename(1, "d")]);
    seconds.store(500, Ordering::Relaxed);
    assert_eq!(database.earliest(), version(&database), "the current version is never too old");
    // A clock that is put back makes nothing old.
    commit(&database, [rename(1, "e")]);
    seconds.store(3, Ordering::Relaxed);
    assert_eq!(at(first + 4).unwrap(), first + 4);
}

/// A version holds what later ones do not: the rows that were changed or removed, as they were.
#[test]
fn history_is_bounded_by_bytes() {
    let texts = Table::new("texts").auto_key("id").column(Column::text("text"));
    let database = Database::new(schema([texts]));
    let text = |length: usize| Value::from("x".repeat(length));
    commit(&database, [Insert::into("texts", ["text"]).row([text(50_000)]).row([text(10)])]);
    database.retain(Retention::bytes(100_000));
    let first = version(&database);
    let set = |id: i64, length: usize| Update::table("texts").set("text", text(length)).filter(col("id").eq(id));
    // New rows are not of an earlier version, and what is small costs little.
    commit(&database, [Insert::into("texts", ["text"]).row([text(90_000)])]);
    (0..100).for_each(|it| commit(&database, [set(2, it)]));
    assert_eq!(database.earliest(), first);
    commit(&database, [set(1, 60_000)]);
    assert_eq!(database.earliest(), first, "50,000 bytes, and 100 small rows");
    let before = version(&database);
    commit(&database, [Delete::from("texts").filter(col("id").eq(3))]);
    assert_eq!(database.earliest(), before, "that and 90,000 are too many");
    let between = version(&database);
    commit(&database, [set(1, 0)]);
    assert_eq!(database.earliest(), between, "60,000 alone are not");
    commit(&database, [set(1, 120_000)]);
    commit(&database, [set(1, 0)]);
    assert_eq!(database.earliest(), version(&database), "one version may be too much");
}

/// Of several bounds, each holds.
#[test]
fn bounds_of_history_hold_together() {
    let (day, hour) = (Duration::from_secs(86_400), Duration::from_secs(3_600));
    let both = Retention::age(day).and(Retention::Last(9)).and(Retention::bytes(7)).and(Retention::age(hour));
    let bounds = Bounds { versions: Some(9), rows: None, bytes: Some(7), age: Some(hour) };
    assert_eq!(both, Retention::Within(bounds));
    assert_eq!(both.and(Retention::All), both);
    assert_eq!(Retention::Rows(4).and(Retention::Rows(3)).and(both).and(Retention::Current), Retention::Current);
    let database = database();
    let kept = |database: &Database| version(database).number() - database.earliest().number();
    for (retention, expected) in [
        (Retention::Last(4).and(Retention::Rows(100)), 4),
        (Retention::Last(40).and(Retention::Rows(6)), 6),
        (Retention::bytes(1 << 20).and(Retention::Last(3)), 3),
        (Retention::bytes(0).and(Retention::Last(3)), 0),
        (Retention::All.and(Retention::age(day)), 15),
    ] {
        database.retain(Retention::Current);
        database.retain(retention);
        (0..15).for_each(|it| commit(&database, [rename(1, ["a", "b"][it % 2])]));
        assert_eq!(kept(&database), expected, "{retention:?}");
    }
}

#[test]
fn a_difference_is_facts_about_rows() {
    let database = database();
    let before = database.snapshot();
    let third = Insert::into("users", ["id", "name"]).row([Value::Int(3), "Kim".into()]);
    commit(&database, [delete(2), rename(1, "Eve"), third.into()]);
    let after = database.snapshot();
    let diff = before.diff(&after).unwrap();
    let expected = "~ users[1]  name 'Ada' → 'Eve'\n- users[2]  id 2, name 'Bob'\n+ users[3]  id 3, name 'Kim'\n\
                    - posts[2]  id 2, author 2\n";
    assert_eq!(diff.to_string(), expected);
    assert_eq!(after.diff(&before).unwrap().rows.len(), 4);
    // Written again as it was: nothing differs.
    commit(&database, [rename(1, "Bob"), rename(1, "Eve")]);
    assert!(after.diff(&database.snapshot()).unwrap().rows.is_empty());
    assert!(before.diff(&Database::new(schema([])).snapshot()).is_err());
}

/// The time of a difference is that of what differs, counted in nodes, whatever the size of the table.
#[test]
fn a_difference_costs_what_differs() {
    const ROWS: i64 = 200_000;
    let database = Database::new(schema([Table::new("numbers").auto_key("id").column(Column::int("n").default(0))]));
    database.retain(Retention::All);
    let all = (0..ROWS).map(|n| [Value::Int(n)]);
    commit(&database, [all.fold(Insert::into("numbers", ["n"]), Insert::row)]);
    let before = database.snapshot();
    assert_eq!(before.diff(&database.snapshot()).unwrap().nodes_visited, 0);
    let mut last = before.clone();
    // One row in each of many places: a path of nodes each, of at most five levels.
    for id in [1, 50_000, 100_000, 150_000] {
        commit(&database, [Update::table("numbers").set("n", -1).filter(col("id").eq(id))]);
        let now = database.snapshot();
        let diff = last.diff(&now).unwrap();
        assert_eq!(diff.rows.len(), 1);
        assert!(diff.nodes_visited <= 5, "{}", diff.nodes_visited);
        last = now;
    }
    let diff = before.diff(&last).unwrap();
    assert_eq!(diff.rows.len(), 4);
    assert!(diff.nodes_visited <= 4 * 5, "{}", diff.nodes_visited);
}

#[test]
fn the_last_commit_is_undone_by_a_commit_of_its_own() {
    let database = database();
    commit(&database, [delete(1)]);
    assert_eq!((rows(&database, "users").len(), rows(&database, "posts").len()), (1, 1));
    let undone = database.undo().unwrap();
    assert_eq!(undone.number(), 3);
    assert_eq!(rows(&database, "users"), [cells![1, "Ada"], cells![2, "Bob"]]);
    assert_eq!(rows(&database, "posts"), [cells![1, 1], cells![2, 2]], "what a cascade took comes back");
    sound(&database);
    // To undo the undo does it again.
    database.undo().unwrap();
    assert_eq!(names(&database), [Value::from("Bob")]);
    sound(&database);
}

#[test]
fn a_range_is_undone_and_what_came_later_stays() {
    let database = database();
    let from = version(&database);
    commit(&database, [rename(1, "Eve")]);
    commit(&database, [insert("Kim")]);
    let to = version(&database);
    commit(&database, [rename(2, "Rob")]);
    database.undo_range(from, to).unwrap();
    assert_eq!(names(&database), [Value::from("Ada"), Value::from("Rob")]);
    sound(&database);
}

/// Rows that have changed since, keys that are taken and references that would dangle are named, and nothing changes.
#[test]
fn an_undo_that_does_not_fit_names_what_is_in_the_way() {
    let database = database();
    let from = version(&database);
    commit(&database, [rename(1, "Eve"), rename(2, "Rob"), insert("Kim")]);
    let to = version(&database);
    commit(&database, [rename(1, "Ann"), insert("Bob"), post(3)]);
    let before = (rows(&database, "users"), version(&database));
    let error = database.undo_range(from, to).unwrap_err();
    let ErrorKind::Merge(conflicts) = error.kind() else { panic!("{error:#}") };
    let mine = Some(cells![1, "Ada"]);
    let expected = [
        Conflict::Row { row: fact(1), mine, theirs: Some(cells![1, "Ann"]) },
        Conflict::Key { constraint: "users_name_key".into(), row: fact(2), holder: fact(4) },
        Conflict::Reference { constraint: "posts_author_fkey".into(), row: post_fact(3) },
    ];
    assert_eq!(conflicts[..], expected, "{error}");
    assert!(error.to_string().contains("users[1] was changed on one side and changed on the other"), "{error}");
    assert!(!error.is_retryable());
    assert_eq!((rows(&database, "users"), version(&database)), before);
    sound(&database);
}

fn fact(id: i64) -> diptych::error::RowFact {
    diptych::error::RowFact { table: "users".into(), key: cells![id] }
}

fn post_fact(id: i64) -> diptych::error::RowFact {
    diptych::error::RowFact { table: "posts".into(), key: cells![id] }
}
