//! Schemas: every name is resolved, every key is a key, and all mistakes are told together.

use diptych::error::ErrorKind;
use diptych::expr::UserFunction;
use diptych::schema::Index;
use diptych::{Action, Column, Expression, ForeignKey, Insert, Schema, Table, Value, ValueRef, column};

use super::{connect, done, keyed, refused, rows};

#[test]
fn s3_all_mistakes_of_a_schema_are_reported_together() {
    let wrong = Table::new("posts")
        .column(Column::int("id"))
        .column(Column::text("id"))
        .column(Column::int("score").default("high"))
        .primary_key(["key"])
        .unique(["slug"])
        .foreign_key(ForeignKey::new(["author"], "users"))
        .foreign_key(ForeignKey::new(["id"], "user"));
    let error = Schema::builder().table(wrong).table(keyed("users")).build().unwrap_err();
    let ErrorKind::Declaration(mistakes) = error.kind() else { panic!("{error:#}") };
    let places: Vec<&str> = mistakes.iter().map(|it| it.place.as_str()).collect();
    assert_eq!(places, ["posts.id", "posts.score", "posts.key", "posts.slug", "posts(author)", "posts(id)"]);
    assert_eq!(mistakes[5].advice, "did you mean `users`?");
}

/// S2: a foreign key refers to a whole key of its target, column by column of the same kind.
#[test]
fn s2_a_foreign_key_refers_to_a_key() {
    let target = || Table::new("pairs").column(Column::int("a")).column(Column::text("b")).primary_key(["a", "b"]);
    let child = || keyed("children").column(Column::int("x")).column(Column::text("y"));
    let build = |key: ForeignKey| Schema::builder().table(target()).table(child().foreign_key(key)).build();
    for wrong in [
        ForeignKey::new(["x"], "pairs"),
        ForeignKey::new(["x"], "pairs").to(["a"]),
        ForeignKey::new(["y", "x"], "pairs"),
        ForeignKey::new(["x", "x"], "pairs").to(["a", "a"]),
        ForeignKey::new(Vec::<&str>::new(), "pairs"),
    ] {
        assert!(build(wrong.clone()).is_err(), "{wrong:?}");
    }
    let schema = build(ForeignKey::new(["y", "x"], "pairs").to(["b", "a"])).unwrap();
    let reference = &schema.references()[0];
    let target = schema.table(reference.target);
    assert_eq!(target.names(&reference.target_columns), ["a", "b"], "in the order of the key");
    assert_eq!(schema.table(reference.table).names(&reference.columns), ["x", "y"]);
}

/// S1: every id that a built schema holds points at something in it.
#[test]
fn s1_ids_of_a_built_schema_point_into_it() {
    let posts = keyed("posts").column(Column::int("author")).foreign_key(ForeignKey::new(["author"], "users"));
    let schema = Schema::builder().table(posts).table(keyed("users")).build().unwrap();
    for table in schema.tables() {
        assert_eq!(schema.table_named(&table.name).unwrap().id, table.id);
        let columns = table.indexes.iter().flat_map(|it| &it.columns);
        assert!(columns.clone().all(|it| it.index() < table.columns.len()));
        for &id in table.outbound.iter().chain(&table.inbound) {
            let reference = schema.reference(id);
            assert!(reference.table == table.id || reference.target == table.id);
            assert!(schema.table(reference.target).index(reference.target_key).is_unique());
        }
    }
}

/// What is allowed but will surprise is said on request, key by key.
#[test]
fn a_lint_names_the_keys_that_will_surprise() {
    let posts = keyed("posts").column(Column::int("author_id")).column(Column::int("editor_id").nullable());
    let posts = posts.foreign_key(ForeignKey::new(["author_id"], "users").on_delete(Action::SetNull).unindexed());
    let posts = posts.foreign_key(ForeignKey::new(["editor_id"], "users").on_delete(Action::SetNull));
    let schema = Schema::builder().table(keyed("users")).table(posts).build().unwrap();
    let found: Vec<String> = schema.lint().iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|it| it.starts_with("posts.posts_author_id_fkey: ")), "{found:?}");
    assert!(found[0].contains("no index") && found[1].contains("never NULL"), "{found:?}");
}

/// Indexes that another one makes needless, constraints that share a name, and a RESTRICT that cannot wait.
#[test]
fn a_lint_names_needless_indexes_and_shared_names() {
    let posts = keyed("posts").column(Column::int("author").nullable()).column(Column::int("day"));
    let posts = posts
        .unique(["id"])
        .index(["author"])
        .index(["author", "day"])
        .add_index(Index::on(["day"]).filter(column("day").gt(0)).named("days"))
        .add_index(Index::on(["day"]).filter(column("day").gt(0)).named("same_days"))
        .add_index(Index::on(["day"]).named("all_days"))
        .check("days", column("day").ge(0))
        .foreign_key(ForeignKey::new(["author"], "users").on_delete(Action::Restrict).deferred());
    let schema = Schema::builder().table(keyed("users")).table(posts).build().unwrap();
    let found: Vec<String> = schema.lint().iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "posts.posts_author_fkey: RESTRICT refuses at once, so only what the key refers to can be deferred",
            "posts.posts_id_key: posts_pkey holds the same keys, so this one only costs time and memory",
            "posts.posts_author_idx: posts_author_day_idx starts with the same keys and serves all that this one serves",
            "posts.same_days: days holds the same keys, so this one only costs time and memory",
            "posts.days: 2 constraints have this name, so an error does not tell which it means",
        ]
    );
}

/// A function of the user's own in a CHECK, an index and a generated column; found by its name, whatever the case.
#[test]
fn a_function_of_the_user_serves_in_a_schema() {
    let even = UserFunction::new("is_even", 1, |it| match it {
        [ValueRef::Int(it)] => Ok((it % 2 == 0).into()),
        _ => Ok(Value::Null),
    });
    let table = keyed("numbers").column(Column::int("value"));
    let table = table.column(Column::bool("even").generated(even.of([column("value")])));
    let table = table.check("even_key", even.of([column("id")]));
    let table = table.add_index(Index::over(even.of([column("value")])).and(column("id")).unique());
    let schema = Schema::builder().function(even.clone()).table(table.clone()).build().unwrap();
    assert_eq!(schema.function_named("IS_EVEN").unwrap(), &even);
    assert_eq!(schema.edit().build().unwrap().functions(), std::slice::from_ref(&even));
    assert!(schema.function_named("is_odd").is_err());
    assert_eq!(schema.tables()[0].indexes[1].name, "numbers_is_even_id_key");
    let mut connection = connect([table]);
    done(&mut connection, Insert::into("numbers", ["id", "value"]).row([2, 3]).row([4, 4]));
    let odd = refused(&mut connection, Insert::into("numbers", ["id", "value"]).row([5, 5]));
    assert_eq!(odd.constraint, "even_key");
    let even_rows: Vec<Value> = rows(&mut connection, "numbers").into_iter().map(|mut it| it.remove(2)).collect();
    assert_eq!(even_rows, [Value::Bool(false), Value::Bool(true)]);
    let twice = Schema::builder().function(even.clone()).function(even).build().unwrap_err();
    assert!(twice.to_string().contains("another function has this name"), "{twice}");
}
