//! Classes of a database that was made of tables alone: the checklist's 41b, reflected equals declared.

use diptych::prelude::*;
use diptych::{Class, Column, ForeignKey, Relationship, Schema, Table, Value};

fn to(column: &'static str, table: &'static str) -> ForeignKey {
    ForeignKey::new([column], table)
}

fn users() -> Table {
    Table::new("users").auto_key("id").column(Column::text("name"))
}

fn profiles() -> Table {
    let table = Table::new("profiles").auto_key("id").column(Column::int("user_id")).unique(["user_id"]);
    table.foreign_key(to("user_id", "users"))
}

/// Posts know users in two ways, and each other.
fn posts() -> Table {
    let table = Table::new("posts").auto_key("id").column(Column::int("author_id"));
    let table = table.column(Column::int("editor_id").nullable()).column(Column::int("parent").nullable());
    table.foreign_key(to("author_id", "users")).foreign_key(to("editor_id", "users")).foreign_key(to("parent", "posts"))
}

fn tags() -> Table {
    Table::new("tags").column(Column::text("name")).primary_key(["name"])
}

fn between(name: &'static str, one: [&'static str; 2], other: [&'static str; 2], other_is: Column) -> Table {
    let table = Table::new(name).column(Column::int(one[0])).column(other_is).primary_key([one[0], other[0]]);
    table.foreign_key(to(one[0], one[1])).foreign_key(to(other[0], other[1]))
}

fn post_tags() -> Table {
    between("post_tags", ["post_id", "posts"], ["tag_name", "tags"], Column::text("tag_name"))
}

fn follows() -> Table {
    between("follows", ["follower_id", "users"], ["followed_id", "users"], Column::int("followed_id"))
}

/// An association object: its key is two foreign keys, but it says more.
fn votes() -> Table {
    let table = Table::new("votes").column(Column::int("user_id")).column(Column::int("post_id"));
    let table = table.column(Column::int("value")).primary_key(["user_id", "post_id"]);
    table.foreign_key(to("user_id", "users")).foreign_key(to("post_id", "posts"))
}

fn made_of(tables: impl IntoIterator<Item = Table>) -> Database {
    let schema = tables.into_iter().fold(Schema::builder(), |all, it| all.table(it)).build();
    Database::new(schema.unwrap_or_else(|error| panic!("{error}")))
}

fn reflected() -> Database {
    made_of([users(), profiles(), posts(), tags(), post_tags(), follows(), votes()])
}

fn declared() -> Database {
    let belongs_to = |name: &'static str, target: &'static str| Relationship::belongs_to(name, target);
    let has_many = |name: &'static str, target: &'static str| Relationship::has_many(name, target);
    let through = |name: &'static str, target: &'static str, table: &'static str, own, other| {
        Relationship::many_to_many(name, target, table).columns([own], [other])
    };
    let users = Class::new("users", users())
        .relation(Relationship::has_one("profiles", "profiles").via(["user_id"]).inverse("user"))
        .relation(has_many("posts_by_author", "posts").via(["author_id"]).inverse("author"))
        .relation(has_many("posts_by_editor", "posts").via(["editor_id"]).inverse("editor"))
        .relation(through("followed", "users", "follows", "follower_id", "followed_id").inverse("follower"))
        .relation(through("follower", "users", "follows", "followed_id", "follower_id").inverse("followed"))
        .relation(has_many("votes", "votes").via(["user_id"]).inverse("user"));
    let profiles = Class::new("profiles", profiles());
    let profiles = profiles.relation(belongs_to("user", "users").via(["user_id"]).inverse("profiles"));
    let posts = Class::new("posts", posts())
        .relation(belongs_to("author", "users").via(["author_id"]).inverse("posts_by_author"))
        .relation(belongs_to("editor", "users").via(["editor_id"]).inverse("posts_by_editor"))
        .relation(belongs_to("parent_posts", "posts").via(["parent"]).inverse("posts_by_parent"))
        .relation(has_many("posts_by_parent", "posts").via(["parent"]).inverse("parent_posts"))
        .relation(through("tags", "tags", "post_tags", "post_id", "tag_name").inverse("posts"))
        .relation(has_many("votes", "votes").via(["post_id"]).inverse("post"));
    let tags = Class::new("tags", tags());
    let tags = tags.relation(through("posts", "posts", "post_tags", "tag_name", "post_id").inverse("tags"));
    let votes = Class::new("votes", votes())
        .relation(belongs_to("user", "users").via(["user_id"]).inverse("votes"))
        .relation(belongs_to("post", "posts").via(["post_id"]).inverse("votes"));
    let classes = [users, profiles, posts, tags, Class::new("post_tags", post_tags())];
    let more = [Class::new("follows", follows()), votes];
    Database::with_classes(classes.into_iter().chain(more), []).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn what_is_reflected_equals_what_would_be_declared() -> Result<()> {
    assert_eq!(reflected().model()?.to_string(), declared().model()?.to_string());
    Ok(())
}

/// A schema read from its own text gives the same classes.
#[cfg(feature = "sql")]
#[test]
fn what_is_reflected_from_sql_equals_what_is_declared() -> Result<()> {
    let text = reflected().schema().to_sql();
    let read = Schema::from_sql(&text, diptych::sql::SqlDialect::Sqlite)?;
    assert_eq!(Database::new(read).model()?.to_string(), declared().model()?.to_string());
    Ok(())
}

#[test]
fn reflected_classes_are_used_as_declared_ones() -> Result<()> {
    let mut session = reflected().session();
    let mut objects = session.untyped();
    let ada = objects.add("users", &[("name", "Ada".into())])?;
    let bob = objects.add("users", &[("name", "Bob".into())])?;
    let post = objects.add("posts", &[])?;
    objects.push(ada, "posts_by_author", post)?;
    objects.set(post, "editor", Some(bob))?;
    objects.push(bob, "followed", ada)?;
    let tag = objects.add("tags", &[("name", "a".into())])?;
    objects.push(tag, "posts", post)?;
    assert_eq!(objects.related(post, "tags")?, [tag]);
    assert_eq!(objects.related(ada, "follower")?, [bob]);
    session.commit()?;
    let mut objects = session.untyped();
    assert_eq!(objects.rows("follows")?, [[Value::Int(2), Value::Int(1)]]);
    assert_eq!(objects.value(post, "editor_id")?, Value::Int(2));
    Ok(())
}

/// Names never collide, whatever the tables are called: with attributes, with each other, with the table itself.
#[test]
fn every_relation_has_a_name_of_its_own() -> Result<()> {
    let node = Table::new("node").auto_key("id").column(Column::int("node").nullable());
    let node = node.column(Column::int("node_id").nullable()).column(Column::int("other").nullable());
    let node = node.foreign_key(to("node", "node")).foreign_key(to("node_id", "node")).foreign_key(to("other", "node"));
    let item = Table::new("item").column(Column::int("a")).column(Column::int("b")).primary_key(["a", "b"]);
    let line = Table::new("line").auto_key("id").column(Column::int("a")).column(Column::int("b"));
    let line = line.foreign_key(ForeignKey::new(["a", "b"], "item")).foreign_key(to("a", "node"));
    let database = made_of([node, item, line]);
    let model = database.model()?.to_string();
    for name in
        ["node_node", "node_id_node", "other_node", "node_by_node", "node_by_node_2", "node_by_other", "item", "line"]
    {
        assert!(model.contains(name), "no {name} in {model}");
    }
    database.session().untyped().add("line", &[("a", 1.into()), ("b", 2.into())])?;
    Ok(())
}

/// Foreign keys to unique keys, over shared columns, to themselves by several columns, and none at all.
#[test]
fn every_schema_with_primary_keys_has_classes() -> Result<()> {
    let place = || Table::new("place").column(Column::int("x")).column(Column::int("y")).column(Column::int("code"));
    let place = place().primary_key(["x", "y"]).unique(["code"]);
    let alike = Table::new("alike").column(Column::int("x")).column(Column::int("y")).primary_key(["x", "y"]);
    let sign = Table::new("sign").auto_key("id").column(Column::int("x")).column(Column::int("y"));
    let sign = sign.column(Column::int("code").nullable()).column(Column::int("other_x").nullable());
    let sign = sign.column(Column::int("other_y").nullable());
    let sign = sign.foreign_key(ForeignKey::new(["x", "y"], "place")).foreign_key(ForeignKey::new(["x", "y"], "alike"));
    let sign = sign.foreign_key(ForeignKey::new(["code"], "place").to(["code"]));
    let sign = sign.foreign_key(ForeignKey::new(["other_x", "other_y"], "place"));
    let part = Table::new("part").column(Column::int("x")).column(Column::int("y")).column(Column::int("n"));
    let part = part.column(Column::int("of_n").nullable()).primary_key(["x", "y", "n"]);
    let part = part.foreign_key(ForeignKey::new(["x", "y"], "place"));
    let part = part.foreign_key(ForeignKey::new(["x", "y", "of_n"], "part"));
    let database = made_of([place, alike, sign, part, Table::new("lone").auto_key("id")]);
    let mut session = database.session();
    let mut objects = session.untyped();
    let here = [("x", Value::Int(1)), ("y", Value::Int(2))];
    let place = objects.add("place", &[&here[..], &[("code", 7.into())]].concat())?;
    objects.add("alike", &here)?;
    session.flush()?;
    let mut objects = session.untyped();
    let sign = objects.add("sign", &[&here[..], &[("code", 7.into())]].concat())?;
    let part = objects.add("part", &[&here[..], &[("n", 1.into())]].concat())?;
    session.flush()?;
    let model = database.model()?.to_string();
    let mut objects = session.untyped();
    assert_eq!(objects.related(part, "place")?, [place], "{model}");
    assert_eq!(objects.related(place, "part")?, [part], "{model}");
    assert_eq!(objects.related(sign, "x_y_place")?, [place], "{model}");
    Ok(())
}
