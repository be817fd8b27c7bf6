//! Another schema for the same rows: what is shared, what is built, and what is refused.

use diptych::error::{ErrorKind, Rule};
use diptych::schema::Index;
use diptych::{Column, Database, Delete, Expression, ForeignKey, Insert, Statement, Table, Value, col, column};

use super::{cells, commit, rows, schema, sound};

fn database() -> Database {
    let users = Table::new("users").auto_key("id").column(Column::text("name")).column(Column::int("age").nullable());
    let posts =
        Table::new("posts").auto_key("id").column(Column::int("author").nullable()).column(Column::text("body"));
    let pairs = Table::new("pairs").column(Column::text("a")).column(Column::text("b")).primary_key(["a", "b"]);
    let database = Database::new(schema([users, posts, pairs]));
    let inserts: Vec<Statement> = vec![
        Insert::into("users", ["name", "age"])
            .row(["Ada".into(), Value::Int(36)])
            .row(["Bob".into(), Value::Null])
            .into(),
        Insert::into("users", ["id", "name", "age"]).row([Value::Int(-5), "Eve".into(), Value::Int(20)]).into(),
        Insert::into("posts", ["author", "body"])
            .row([Value::Int(1), "x".into()])
            .row([Value::Int(9), "y".into()])
            .into(),
        Insert::into("pairs", ["a", "b"]).row(["p", "q"]).row(["p", "r"]).into(),
    ];
    commit(&database, inserts);
    database
}

fn table(database: &Database, name: &str) -> diptych::id::TableId {
    database.schema().table_named(name).unwrap().id
}

/// Adding one index costs nothing for the tables that stay: they are the very same.
#[test]
fn tables_that_stay_are_shared_and_an_index_is_built() {
    let before = database();
    let next =
        before.schema().edit().table(Table::new("tags").auto_key("id")).edit_table("posts", |it| it.index(["author"]));
    let after = before.altered(next.build().unwrap()).unwrap();
    let shares = |name| {
        let (a, b) = (before.snapshot(), after.snapshot());
        b.image().shares(table(&after, name), a.image(), table(&before, name))
    };
    assert_eq!((shares("users"), shares("pairs"), shares("posts")), (true, true, false));
    assert_eq!(rows(&after, "posts"), rows(&before, "posts"));
    let posts = after.snapshot().schema().table_named("posts").unwrap().indexes.len();
    assert_eq!(posts, 2);
    sound(&after);
    // Both go their own ways.
    commit(&after, [Delete::from("posts").filter(col("author").eq(9))]);
    assert_eq!((rows(&before, "posts").len(), rows(&after, "posts").len()), (2, 1));
    sound(&after);
    sound(&before);
    // And an index that goes leaves the rows.
    let next = after.schema().edit().edit_table("posts", |it| it.without_index("posts_author_idx"));
    let third = after.altered(next.without_table("tags").build().unwrap()).unwrap();
    assert_eq!(rows(&third, "posts"), rows(&after, "posts"));
    assert!(third.schema().table_named("tags").is_err());
    sound(&third);
}

#[test]
fn columns_come_go_and_change_their_names() {
    let before = database();
    let next = before.schema().edit().edit_table("users", |it| {
        it.without_column("age").column(Column::int("stars").default(3)).column(Column::text("note").nullable())
    });
    let next = next.rename_column("users", "name", "nick").rename_table("users", "people");
    let after = before.altered(next.build().unwrap()).unwrap();
    let expected =
        vec![cells![-5, "Eve", 3, Value::Null], cells![1, "Ada", 3, Value::Null], cells![2, "Bob", 3, Value::Null]];
    assert_eq!(rows(&after, "people"), expected);
    sound(&after);
    // A name is looked up once: the next alteration goes by the new names.
    let same = after.altered(after.schema().edit().build().unwrap()).unwrap();
    assert_eq!(rows(&same, "people"), expected);
    let (a, b) = (after.snapshot(), same.snapshot());
    assert!(b.image().shares(table(&same, "people"), a.image(), table(&after, "people")));
}

#[test]
fn another_primary_key_places_the_rows_anew() {
    let before = database();
    let users = |key: &'static str| {
        Table::new("users").column(Column::int("id")).column(Column::text("name")).primary_key([key])
    };
    let by_name = before.altered(schema([users("name")])).unwrap();
    assert_eq!(rows(&by_name, "users"), [cells![-5, "Eve"], cells![1, "Ada"], cells![2, "Bob"]]);
    sound(&by_name);
    let by_id = by_name.altered(schema([users("id")])).unwrap();
    assert_eq!(rows(&by_id, "users"), rows(&by_name, "users"));
    sound(&by_id);
}

/// Every row that a new rule refuses is named, for each rule that is new.
#[test]
fn all_that_the_new_schema_refuses_is_reported_together() {
    let before = database();
    let next = before
        .schema()
        .edit()
        .edit_table("users", |it| it.edit_column("age", |_| Column::int("age")).check("adult", column("age").ge(21)));
    let next = next
        .edit_table("posts", |it| it.foreign_key(ForeignKey::new(["author"], "users")).column(Column::text("title")));
    let next = next.edit_table("pairs", |it| it.unique(["a"]));
    let error = before.altered(next.build().unwrap()).unwrap_err();
    let ErrorKind::Alteration { violations, count } = error.kind() else { panic!("{error:#}") };
    let mut facts: Vec<String> =
        violations.iter().map(|it| format!("{:?} {} {}", it.rule, it.constraint, it.row)).collect();
    facts.sort();
    let expected = [
        "Check adult users[-5]",
        "ForeignKey posts_author_fkey posts[2]",
        "NotNull age users[2]",
        "NotNull title posts[1]",
        "NotNull title posts[2]",
        "Unique pairs_a_key pairs['p', 'r']",
    ];
    assert_eq!((facts, *count), (expected.map(str::to_owned).to_vec(), 6));
    let taken = violations.iter().find(|it| it.rule == Rule::Unique).unwrap();
    assert_eq!(taken.blocking[0].to_string(), "pairs['p', 'q']");
    assert_eq!(rows(&before, "users").len(), 3, "nothing has changed");
    sound(&before);
}

/// A rule that was there already is not judged again, and one that is relaxed refuses nothing.
#[test]
fn a_rule_that_stays_is_carried_by_its_meaning() {
    let owner = || Table::new("owners").auto_key("id").column(Column::text("tag")).unique(["tag"]);
    let pets = |name: &'static str| {
        let key = ForeignKey::new(["owner"], "owners").named(name);
        Table::new("pets").auto_key("id").column(Column::int("owner").nullable()).foreign_key(key)
    };
    let before = Database::new(schema([owner(), pets("first")]));
    commit(&before, [Insert::into("owners", ["tag"]).row(["a"])]);
    commit(&before, [Insert::into("pets", ["owner"]).row([1])]);
    let plain = Table::new("owners").auto_key("id").column(Column::text("tag").nullable()).index(["tag"]);
    let after = before.altered(schema([pets("second"), plain])).unwrap();
    commit(&after, [Insert::into("owners", ["tag"]).row(["a"]).row([Value::Null])]);
    sound(&after);
    let back = after.altered(schema([pets("first"), owner()])).unwrap_err();
    assert_eq!(back.violation().map(|it| it.constraint.as_str()), Some("owners_tag_key"), "{back:#}");
    // An edit of what is not there is a mistake like any other.
    let mistaken = after.schema().edit().rename_column("pets", "ownr", "keeper").without_table("pats").build();
    let ErrorKind::Declaration(all) = mistaken.unwrap_err().kind().clone() else { panic!() };
    assert_eq!(all.len(), 2);
    assert!(all[0].advice.contains("owner") && all[1].advice.contains("pets"), "{all:?}");
}

/// Partial and computed indexes are carried where they read the same columns, and built and judged where they are new.
#[test]
fn partial_and_computed_indexes_are_carried_and_judged() {
    let before = database();
    let lower = || Index::over(column("body").lower()).filter(column("author").is_null());
    let next = before.schema().edit().edit_table("posts", |it| it.add_index(lower().named("quiet")));
    let after = before.altered(next.build().unwrap()).unwrap();
    commit(&after, [Insert::into("posts", ["body"]).row(["Z"]).row(["z"])]);
    sound(&after);
    let next = after.schema().edit().rename_column("posts", "body", "text").rename_column("posts", "author", "by");
    let renamed = after.altered(next.build().unwrap()).unwrap();
    assert_eq!(rows(&renamed, "posts"), rows(&after, "posts"));
    sound(&renamed);
    let next = after.schema().edit().edit_table("posts", |it| it.add_index(lower().unique()));
    let error = after.altered(next.build().unwrap()).unwrap_err();
    assert_eq!(error.violation().unwrap().row.to_string(), "posts[4]", "{error:#}");
    let next = after.schema().edit().edit_table("posts", |it| it.add_index(Index::over(column("id").plus(i64::MAX))));
    assert!(after.altered(next.build().unwrap()).is_err_and(|it| it.violation().is_none()));
}
