//! Mistakes of a model are reported all at once, each with what to do.

use diptych::error::{ErrorKind, Mistake};
use diptych::{Cascade, Class, Column, Database, ForeignKey, Relationship, Table};

fn mistakes(classes: impl IntoIterator<Item = Class>) -> Vec<Mistake> {
    let error = Database::with_classes(classes, []).expect_err("the model is wrong");
    match error.kind() {
        ErrorKind::Declaration(all) => all.clone(),
        _ => panic!("{error}"),
    }
}

fn users() -> Table {
    Table::new("users").auto_key("id")
}

/// Two foreign keys to users.
fn posts() -> Table {
    Table::new("posts")
        .auto_key("id")
        .column(Column::int("author_id"))
        .column(Column::int("editor_id"))
        .foreign_key(ForeignKey::new(["author_id"], "users"))
        .foreign_key(ForeignKey::new(["editor_id"], "users"))
}

fn has(all: &[Mistake], words: &[&str]) {
    let found = all.iter().any(|it| words.iter().all(|word| it.to_string().contains(word)));
    assert!(found, "no mistake says {words:?} among {all:#?}");
}

#[test]
fn all_mistakes_of_the_relations_come_together() {
    let user = Class::new("User", users())
        .relation(Relationship::has_many("posts", "Post").via(["author_id"]).inverse("auther"))
        .relation(Relationship::has_many("edited", "Post").via(["editor_id"]).inverse("editor"))
        .relation(Relationship::has_many("any", "Post"));
    let post = Class::new("Post", posts())
        .relation(Relationship::belongs_to("author", "User").via(["author_id"]))
        .relation(Relationship::belongs_to("editor", "User").via(["editor_id"]).inverse("posts"))
        .relation(Relationship::belongs_to("owner", "User"))
        .relation(Relationship::belongs_to("nobody", "User").via(["nobody_id"]))
        .relation(Relationship::belongs_to("wrong", "User").via(["author_id"]).cascade(Cascade::DELETE_ORPHAN));
    let all = mistakes([user, post]);
    has(&all, &["User.posts", "auther", "author"]);
    has(&all, &["User.edited", "name it back", "inverse = edited"]);
    has(&all, &["User.any", "2 foreign keys", "via"]);
    has(&all, &["Post.owner", "2 foreign keys", "author_id or editor_id"]);
    has(&all, &["Post.nobody", "nobody_id"]);
    has(&all, &["Post.wrong", "delete_orphan", "has_many"]);
}

#[test]
fn names_that_lead_nowhere_come_together_with_those_of_the_schema() {
    let user = Class::new("User", users())
        .relation(Relationship::has_many("posts", "Pots"))
        .relation(Relationship::has_many("posts", "Post"));
    let twin = Class::new("User", Table::new("twins").auto_key("id"));
    let post = Class::new("Post", posts().foreign_key(ForeignKey::new(["author_id"], "nowhere")));
    let all = mistakes([user, twin, post]);
    has(&all, &["User.posts", "Pots", "Post"]);
    has(&all, &["User.posts", "another relation"]);
    has(&all, &["User", "another class"]);
    has(&all, &["nowhere"]);
}

#[test]
fn a_class_needs_a_key() {
    let keyless = Class::new("Log", Table::new("log").column(Column::text("line")));
    has(&mistakes([keyless]), &["Log", "no primary key"]);
}

/// A session over tables alone refuses one without a key, and has a class for each of the others.
#[test]
fn tables_alone_have_classes_if_they_have_keys() {
    let keyless = Table::new("log").column(Column::text("line"));
    let database = Database::with_classes([], [keyless]).expect("a table needs no key");
    let outcome = database.try_session().map(|mut it| it.untyped().all("log").is_ok());
    assert!(!matches!(outcome, Ok(true)), "nothing of it could be an object");
}
