//! What is allowed in a model but will probably surprise is said, each with the line to write.

use diptych::object::{Inheritance, Polymorphic};
use diptych::{Action, Cascade, Class, Column, Database, ForeignKey, PassiveDeletes, Relationship, Table};

#[track_caller]
fn lints(classes: impl IntoIterator<Item = Class>, tables: impl IntoIterator<Item = Table>) -> Vec<String> {
    let database = Database::with_classes(classes, tables).unwrap_or_else(|error| panic!("{error}"));
    database.lint().expect("there is a model").iter().map(ToString::to_string).collect()
}

#[track_caller]
fn says(all: &[String], place: &str, words: &[&str]) {
    let found =
        all.iter().any(|it| it.starts_with(&format!("{place}: ")) && words.iter().all(|word| it.contains(word)));
    assert!(found, "nothing at {place} says {words:?} among {all:#?}");
}

fn user() -> Table {
    Table::new("user").auto_key("id")
}

fn post(key: ForeignKey) -> Table {
    Table::new("post").auto_key("id").column(Column::int("user_id").nullable()).foreign_key(key)
}

fn to_user() -> ForeignKey {
    ForeignKey::new(["user_id"], "user")
}

#[test]
fn a_model_of_which_both_sides_know_each_other_has_no_lints() {
    let posts = Relationship::has_many("posts", "Post").inverse("author");
    let author = Relationship::belongs_to("author", "User").inverse("posts");
    let all =
        lints([Class::new("User", user()).relation(posts), Class::new("Post", post(to_user())).relation(author)], []);
    assert_eq!(all, [] as [&str; 0]);
}

#[test]
fn relations_that_write_the_same_column_are_told_apart_from_pairs() {
    let users = Class::new("User", user()).relation(Relationship::new("posts", "Post"));
    let posts = Class::new("Post", post(to_user())).relation(Relationship::new("author", "User"));
    let all = lints([users, posts], []);
    says(
        &all,
        "Post.author",
        &["User.posts", "`post.user_id`", "`inverse = posts` on it", "`inverse = author` on `User.posts`"],
    );

    let between = Table::new("post_tag").column(Column::int("post_id")).column(Column::int("tag_id"));
    let between = between.primary_key(["post_id", "tag_id"]).foreign_key(ForeignKey::new(["post_id"], "post"));
    let between = between.foreign_key(ForeignKey::new(["tag_id"], "tag"));
    let posts = Class::new("Post", Table::new("post").auto_key("id"));
    let tags = posts.relation(Relationship::new("tags", "Tag").secondary("post_tag"));
    let links = tags.relation(Relationship::new("links", "Link"));
    let all = lints([links, Class::new("Tag", Table::new("tag").auto_key("id")), Class::new("Link", between)], []);
    says(&all, "Post.links", &["Post.tags", "`post_tag.post_id`", "view_only"]);
}

#[test]
fn one_side_that_does_not_name_the_other_is_noted() {
    let users = Class::new("User", user()).relation(Relationship::new("posts", "Post").back_populates("author"));
    let posts = Class::new("Post", post(to_user())).relation(Relationship::new("author", "User"));
    says(&lints([users, posts], []), "Post.author", &["does not move `User.posts`", "`inverse = posts`"]);
}

#[test]
fn a_backref_is_history() {
    let users = Class::new("User", user()).relation(Relationship::has_many("posts", "Post").backref("author"));
    let all = lints([users, Class::new("Post", post(to_user()))], []);
    says(&all, "User.posts", &["Post.author", "`inverse = author` here", "`inverse = posts` there"]);
    assert_eq!(all.len(), 1, "{all:#?}");
}

/// One-to-one in one layer and not in the other, either way.
#[test]
fn one_to_one_wants_both_layers() {
    let users = Class::new("User", user()).relation(Relationship::has_one("post", "Post"));
    says(
        &lints([users, Class::new("Post", post(to_user()))], []),
        "User.post",
        &["second row", "`post`.(user_id) unique"],
    );
    let users = Class::new("User", user()).relation(Relationship::has_many("posts", "Post"));
    let unique = post(to_user().unindexed()).unique(["user_id"]);
    says(&lints([users, Class::new("Post", unique)], []), "User.posts", &["never has two", "has_one"]);
}

#[test]
fn deletes_that_fail_or_differ_between_the_layers_are_noted() {
    let posts = || Relationship::has_many("posts", "Post");
    let users = |posts: Relationship| Class::new("User", user()).relation(posts);
    // The same refusal in both layers is no surprise.
    let never_null = |key: ForeignKey| {
        let table = Table::new("post").auto_key("id").column(Column::int("user_id"));
        Class::new("Post", table.foreign_key(key))
    };
    assert_eq!(lints([users(posts()), never_null(to_user())], []), [] as [&str; 0]);
    let off = posts().passive_deletes(PassiveDeletes::Off);
    let all = lints([users(off), never_null(to_user().on_delete(Action::Cascade))], []);
    says(&all, "User.posts", &["fails", "NULL, which it never is", "add `delete` to its cascade"]);

    let nulls = post(to_user().on_delete(Action::SetNull));
    let all = lints([users(posts().cascade(Cascade::ALL)), Class::new("Post", nulls)], []);
    says(&all, "User.posts", &["the foreign key keeps them", "on_delete = cascade"]);

    let goes = post(to_user().on_delete(Action::Cascade));
    let all = lints([users(posts()), Class::new("Post", goes)], []);
    says(&all, "User.posts", &["sets the targets", "the foreign key does otherwise", "on_delete = set_null"]);

    let orphans = posts().cascade(Cascade::default() | Cascade::DELETE_ORPHAN);
    let all = lints([users(orphans), Class::new("Post", post(to_user()))], []);
    says(&all, "User.posts", &["add `delete` to its cascade"]);
}

#[test]
fn words_without_effect_are_noted() {
    let posts = Relationship::has_many("posts", "Post").view_only().post_update(true);
    let all = lints([Class::new("User", user()).relation(posts), Class::new("Post", post(to_user()))], []);
    says(&all, "User.posts", &["never written", "post_update"]);
}

#[test]
fn a_table_between_that_holds_a_pair_twice_is_noted() {
    let between = Table::new("likes").auto_key("id").column(Column::int("user_id")).column(Column::int("post_id"));
    let between = between.foreign_key(to_user()).foreign_key(ForeignKey::new(["post_id"], "post"));
    let users = Class::new("User", user()).relation(Relationship::new("likes", "Post").secondary("likes"));
    let all = lints([users, Class::new("Post", Table::new("post").auto_key("id"))], [between]);
    says(&all, "User.likes", &["a pair twice", "(user_id, post_id) its primary key"]);
}

#[test]
fn subclasses_that_no_row_tells_are_noted() {
    let people = Table::new("person").auto_key("id").column(Column::text("type")).column(Column::text("name"));
    let part = Table::new("boss").column(Column::int("id")).primary_key(["id"]).column(Column::text("name"));
    let part = part.foreign_key(ForeignKey::new(["id"], "person"));
    let base = Class::new("Person", people).polymorphic(Polymorphic::on("type").identity("person"));
    let boss = Class::new("Boss", part).inherits("Person").polymorphic(Polymorphic::of(Inheritance::Joined));
    let all = lints([base, boss], []);
    says(&all, "Boss", &["no row tells", "`type`"]);
    says(&all, "Boss", &["`person.name` and `boss.name` are one attribute", "another name"]);
}
