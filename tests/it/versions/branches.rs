//! Branches and merges: two sides of one database, and what of both fits together.

use diptych::error::{Conflict, ErrorKind};
use diptych::txn::Retention;
use diptych::{Column, Database, Delete, Expression, ForeignKey, Insert, Table, Update, Value, col};

use super::{cells, commit, rows, schema, sound};

fn database() -> Database {
    let users = Table::new("users").column(Column::int("id")).primary_key(["id"]).column(Column::text("name"));
    let users = users.unique(["name"]).column(Column::int("age").default(0));
    let key = ForeignKey::new(["author"], "users");
    let posts = Table::new("posts").column(Column::text("id")).primary_key(["id"]).column(Column::int("author"));
    let database = Database::new(schema([users, posts.foreign_key(key)]));
    commit(
        &database,
        [Insert::into("users", ["id", "name"]).row([Value::Int(1), "Ada".into()]).row([Value::Int(2), "Bob".into()])],
    );
    commit(&database, [user(-3, "Eve")]);
    database
}

fn user(id: i64, name: &'static str) -> Insert {
    Insert::into("users", ["id", "name"]).row([Value::Int(id), name.into()])
}

fn post(id: &'static str, author: i64) -> Insert {
    Insert::into("posts", ["id", "author"]).row([id.into(), Value::Int(author)])
}

fn age(id: i64, age: i64) -> Update {
    Update::table("users").set("age", age).filter(col("id").eq(id))
}

fn gone(id: i64) -> Delete {
    Delete::from("users").filter(col("id").eq(id))
}

fn conflicts(outcome: Result<diptych::txn::Version, diptych::Error>) -> Vec<Conflict> {
    match outcome.unwrap_err().kind() {
        ErrorKind::Merge(all) => all.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_both_sides_did_comes_together() {
    let main = database();
    let fork = main.fork();
    commit(&main, [age(1, 10)]);
    commit(&main, [user(9, "Kim")]);
    commit(&main, [post("m", 9)]);
    commit(&fork, [age(2, 20)]);
    commit(&fork, [gone(-3)]);
    commit(&fork, [user(1_000_000, "Lee")]);
    commit(&fork, [post("f", 1_000_000)]);
    let version = main.merge(&fork).unwrap();
    let expected = vec![cells![1, "Ada", 10], cells![2, "Bob", 20], cells![9, "Kim", 0], cells![1_000_000, "Lee", 0]];
    assert_eq!(rows(&main, "users"), expected);
    assert_eq!(rows(&main, "posts"), [cells!["f", 1_000_000], cells!["m", 9]]);
    sound(&main);
    // Merged again there is nothing to do, and the other way brings the fork to the same.
    assert_eq!(main.merge(&fork).unwrap(), version);
    fork.merge(&main).unwrap();
    assert_eq!(rows(&fork, "users"), expected);
    assert_eq!(rows(&fork, "posts"), rows(&main, "posts"));
    sound(&fork);
    // What each does afterwards is merged from there on.
    commit(&fork, [age(9, 90)]);
    commit(&main, [age(1, 11)]);
    main.merge(&fork).unwrap();
    assert_eq!(rows(&main, "users")[..3], [cells![1, "Ada", 11], cells![2, "Bob", 20], cells![9, "Kim", 90]]);
    sound(&main);
}

/// Two sides that come to the same row agree.
#[test]
fn the_same_on_both_sides_is_no_conflict() {
    let main = database();
    let fork = main.fork();
    for side in [&main, &fork] {
        commit(side, [age(1, 5)]);
        commit(side, [gone(2)]);
        commit(side, [user(7, "Kim")]);
    }
    commit(&fork, [age(-3, 1)]);
    main.merge(&fork).unwrap();
    assert_eq!(rows(&main, "users"), [cells![-3, "Eve", 1], cells![1, "Ada", 5], cells![7, "Kim", 0]]);
    sound(&main);
}

/// D5: rows, keys and references that do not fit are all named, and nothing is half merged.
#[test]
fn d5_every_conflict_of_a_merge_is_a_fact() {
    let main = database();
    let fork = main.fork();
    commit(&main, [age(1, 5)]);
    commit(&main, [user(8, "Kim")]);
    commit(&main, [gone(-3)]);
    commit(&fork, [age(1, 6)]);
    commit(&fork, [user(9, "Kim")]);
    commit(&fork, [post("x", -3)]);
    commit(&fork, [age(2, 20)]);
    let before = (rows(&main, "users"), main.snapshot().version());
    let found = conflicts(main.merge(&fork));
    let fact = |table: &str, key: Vec<Value>| diptych::error::RowFact { table: table.into(), key };
    let (mine, theirs) = (Some(cells![1, "Ada", 6]), Some(cells![1, "Ada", 5]));
    let expected = [
        Conflict::Row { row: fact("users", cells![1]), mine, theirs },
        Conflict::Key {
            constraint: "users_name_key".into(),
            row: fact("users", cells![9]),
            holder: fact("users", cells![8]),
        },
        Conflict::Reference { constraint: "posts_author_fkey".into(), row: fact("posts", cells!["x"]) },
    ];
    assert_eq!(found, expected);
    assert_eq!((rows(&main, "users"), main.snapshot().version()), before, "nothing half merged");
    sound(&main);
    // The other way round: the fork still refers to what the database has removed.
    let found = conflicts(fork.merge(&main));
    assert!(
        found.iter().any(|it| matches!(it, Conflict::Reference { row, .. } if row.key == cells!["x"])),
        "{found:?}"
    );
    assert_eq!(rows(&fork, "posts").len(), 1);
    sound(&fork);
}

#[test]
fn branches_have_names_and_begin_at_any_version_that_is_kept() {
    let main = database();
    main.retain(Retention::All);
    let old = main.snapshot().version();
    commit(&main, [age(1, 5)]);
    let branch = main.branch("draft").unwrap();
    let past = main.branch_at("past", old).unwrap();
    assert_eq!((rows(&branch, "users")[1][2].clone(), rows(&past, "users")[1][2].clone()), (5.into(), 0.into()));
    assert_eq!(main.branches(), ["draft", "past"]);
    commit(&past, [age(2, 7)]);
    commit(&main.open_branch("past").unwrap(), [user(5, "Kim")]);
    main.merge(&main.open_branch("past").unwrap()).unwrap();
    assert_eq!(rows(&main, "users")[1..], [cells![1, "Ada", 5], cells![2, "Bob", 7], cells![5, "Kim", 0]]);
    assert!(main.branch("draft").is_err());
    let error = main.open_branch("drift").unwrap_err();
    assert!(error.to_string().contains("did you mean `draft`?"), "{error}");
    main.drop_branch("draft").unwrap();
    assert_eq!(main.branches(), ["past"]);
    assert!(branch.merge(&past).is_err(), "neither was forked from the other");
    assert!(main.branch_at("none", diptych::txn::Version::new(99)).is_err());
}
