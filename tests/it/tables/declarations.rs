//! Schemas: every name is resolved, every key is a key, and all mistakes are told together.

use diptych::error::ErrorKind;
use diptych::{Action, Column, ForeignKey, Schema, Table};

use super::keyed;

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
