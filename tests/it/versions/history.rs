//! Earlier versions: which are kept, what lies between them, and taking it back.

use diptych::error::{Conflict, ErrorKind, Misuse};
use diptych::txn::{Retention, Version};
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
