//! What `derive(Entity)` writes: the declaration, the row by position, the typed constants.
//!
//! A declaration is compared with the one that a person would write, so these tests do not know how it prints.

mod differing;
mod many;
mod relations;
mod values;

use diptych::expr::Expression;
use diptych::id::ColumnId;
use diptych::schema::{Action, Column, ForeignKey, Table, column};
use diptych::value::{Value, ValueRef};
use diptych::{Cascade, Class, Direction, Entity, Field, Id, Lazy, PassiveDeletes, Record, Relation, Relationship};

/// Every attribute and every option stands on one of these structs.
mod forum {
    use super::*;

    #[derive(Entity, Clone, Debug, PartialEq)]
    #[has_one(profile: Profile, inverse = user, via = user_id, cascade(all, delete_orphan), lazy = joined, passive_deletes)]
    #[has_many(posts: Post, inverse = author, passive_deletes = off)]
    pub(super) struct User {
        #[key(auto)]
        pub id: Id<User>,
        #[unique]
        pub email: String,
    }

    #[derive(Entity, Clone, Debug, PartialEq)]
    #[belongs_to(user: User, inverse = profile, cascade(none))]
    pub(super) struct Profile {
        #[key]
        #[references(User, on_delete = cascade, on_update = restrict, deferred, unindexed)]
        pub user_id: Id<User>,
        #[references(User, column = email)]
        pub email: Option<String>,
        #[references(User, column = "email", on_delete = set_default)]
        #[default("nobody@example.org")]
        pub backup: String,
    }

    /// A contribution.
    #[derive(Entity, Clone, Debug, PartialEq)]
    #[entity(table = "contributions", class = "Contribution", unique(author_id, created_at), index(score, kind))]
    #[check(kind_is_known = column("type").in_list(["question", "answer"]))]
    #[check(score_counts = column("score").ge(0))]
    #[belongs_to(author: User, via = author_id, inverse = posts, lazy = select)]
    #[belongs_to(parent: Self, inverse = replies)]
    #[has_many(
        replies: Post, via = parent_id, inverse = parent, cascade(save_update, merge, delete, expunge, refresh_expire),
        order_by(created_at, id desc, score asc), lazy = selectin,
    )]
    #[many_to_many(
        tags: Tag, through = "post_tags", inverse = posts, own = "post_id", other("tag_a", "tag_b"), lazy = raise,
        order_by(name), cascade(save_update),
    )]
    pub(super) struct Post {
        #[key(auto)]
        pub id: Id<Self>,
        #[references(User)]
        pub author_id: Id<User>,
        #[references(Post, on_delete = set_null)]
        pub parent_id: Option<Id<Self>>,
        /// What kind of contribution it is.
        #[column("type", default = "question")]
        pub kind: String,
        #[default(0)]
        #[index]
        pub score: i64,
        pub created_at: i64,
    }

    #[derive(Entity, Clone, Debug, PartialEq)]
    #[many_to_many(posts: Post, through = "post_tags", inverse = tags)]
    #[has_many(uses: Use, inverse = tag, via(tag_space, tag_name))]
    pub(super) struct Tag {
        #[key]
        pub space: i32,
        #[key]
        pub name: String,
    }

    #[derive(Entity, Clone, Debug, PartialEq)]
    #[foreign_key(via(tag_space, tag_name), references = Tag, columns(space, name), on_delete = cascade, deferred)]
    #[belongs_to(tag: Tag, inverse = uses)]
    pub(super) struct Use {
        #[key]
        pub number: i64,
        pub tag_space: i32,
        pub tag_name: String,
    }
}

use forum::{Post, Profile, Tag, Use, User};

#[track_caller]
fn check<E: Entity>(written: Class) {
    assert_eq!(format!("{:#?}", E::declare()), format!("{written:#?}"));
}

#[test]
fn one_to_one_and_one_to_many_are_declared_as_written() {
    let table = Table::new("users")
        .column(Column::of::<Id<User>>("id"))
        .column(Column::of::<String>("email"))
        .primary_key(["id"])
        .auto()
        .unique(["email"]);
    let profile = Relationship::has_one("profile", "Profile")
        .via(["user_id"])
        .inverse("user")
        .cascade(Cascade::ALL | Cascade::DELETE_ORPHAN)
        .lazy(Lazy::Joined)
        .passive_deletes(PassiveDeletes::On);
    let posts = Relationship::has_many("posts", "Contribution").inverse("author").passive_deletes(PassiveDeletes::Off);
    check::<User>(Class::of::<User>(table).relation(profile).relation(posts));
}

#[test]
fn a_reference_is_declared_with_its_options() {
    let whole = ForeignKey::new(["user_id"], "users")
        .on_delete(Action::Cascade)
        .on_update(Action::Restrict)
        .deferred()
        .unindexed();
    let table = Table::new("profiles")
        .column(Column::of::<Id<User>>("user_id"))
        .column(Column::of::<Option<String>>("email"))
        .column(Column::of::<String>("backup").default("nobody@example.org"))
        .primary_key(["user_id"])
        .foreign_key(whole)
        .foreign_key(ForeignKey::new(["email"], "users").to(["email"]))
        .foreign_key(ForeignKey::new(["backup"], "users").to(["email"]).on_delete(Action::SetDefault));
    let user = Relationship::belongs_to("user", "User").via(["user_id"]).inverse("profile").cascade(Cascade::NONE);
    check::<Profile>(Class::of::<Profile>(table).relation(user));
}

#[test]
fn names_checks_lists_and_defaults_are_declared_as_written() {
    let table = Table::new("contributions")
        .column(Column::of::<Id<Post>>("id"))
        .column(Column::of::<Id<User>>("author_id"))
        .column(Column::of::<Option<Id<Post>>>("parent_id"))
        .column(Column::of::<String>("type").default("question"))
        .column(Column::of::<i64>("score").default(0))
        .column(Column::of::<i64>("created_at"))
        .primary_key(["id"])
        .auto()
        .index(["score"])
        .unique(["author_id", "created_at"])
        .index(["score", "type"])
        .foreign_key(ForeignKey::new(["author_id"], "users"))
        .foreign_key(ForeignKey::new(["parent_id"], "contributions").on_delete(Action::SetNull))
        .check("kind_is_known", column("type").in_list(["question", "answer"]))
        .check("score_counts", column("score").ge(0));
    let all = Cascade::SAVE_UPDATE | Cascade::MERGE | Cascade::DELETE | Cascade::EXPUNGE | Cascade::REFRESH_EXPIRE;
    let author = Relationship::belongs_to("author", "User").via(["author_id"]).inverse("posts").lazy(Lazy::Select);
    let parent = Relationship::belongs_to("parent", "Contribution").via(["parent_id"]).inverse("replies");
    let replies = Relationship::has_many("replies", "Contribution")
        .via(["parent_id"])
        .inverse("parent")
        .cascade(all)
        .lazy(Lazy::Selectin)
        .order_by("created_at", Direction::Ascending)
        .order_by("id", Direction::Descending)
        .order_by("score", Direction::Ascending);
    let tags = Relationship::many_to_many("tags", "Tag", "post_tags")
        .columns(vec!["post_id"], vec!["tag_a", "tag_b"])
        .inverse("posts")
        .cascade(Cascade::SAVE_UPDATE)
        .lazy(Lazy::Raise)
        .order_by("name", Direction::Ascending);
    let class = Class::of::<Post>(table).relation(author).relation(parent).relation(replies).relation(tags);
    check::<Post>(class);
    assert_eq!((Post::CLASS, Post::TABLE), ("Contribution", "contributions"));
}

#[test]
fn keys_of_several_columns_are_declared_in_their_order() {
    let table = Table::new("tags")
        .column(Column::of::<i32>("space"))
        .column(Column::of::<String>("name"))
        .primary_key(["space", "name"]);
    let posts = Relationship::many_to_many("posts", "Contribution", "post_tags").inverse("tags");
    let uses = Relationship::has_many("uses", "Use").via(["tag_space", "tag_name"]).inverse("tag");
    check::<Tag>(Class::of::<Tag>(table).relation(posts).relation(uses));

    let key = ForeignKey::new(["tag_space", "tag_name"], "tags").to(["space", "name"]);
    let table = Table::new("uses")
        .column(Column::of::<i64>("number"))
        .column(Column::of::<i32>("tag_space"))
        .column(Column::of::<String>("tag_name"))
        .primary_key(["number"])
        .foreign_key(key.on_delete(Action::Cascade).deferred());
    let tag = Relationship::belongs_to("tag", "Tag").via(["tag_space", "tag_name"]).inverse("uses");
    check::<Use>(Class::of::<Use>(table).relation(tag));
    let _: <Tag as Entity>::Key = (7, String::from("rust"));
}

#[test]
fn a_row_is_read_and_written_by_position() {
    let mut post = Post::draft();
    assert_eq!(post.width(), 6);
    assert_eq!(post.get(ColumnId::new(0)), ValueRef::Null);
    post.set(ColumnId::new(0), Value::Int(9)).unwrap();
    post.set(ColumnId::new(3), "answer".into()).unwrap();
    post.set(ColumnId::new(2), Value::Int(7)).unwrap();
    assert_eq!((post.id, post.parent_id, &*post.kind), (Id::new(9), Some(Id::new(7)), "answer"));
    post.set(ColumnId::new(2), Value::Null).unwrap();
    assert_eq!(post.get(ColumnId::new(2)), ValueRef::Null);

    let before = post.clone();
    let refused = post.set(ColumnId::new(4), "many".into()).unwrap_err();
    assert_eq!(refused.value, "many".into());
    assert!(post.set(ColumnId::new(6), Value::Null).is_err());
    assert_eq!(post.get(ColumnId::new(6)), ValueRef::Null);
    assert_eq!(post, before);

    let row = post.duplicate();
    post.score = 5;
    assert_eq!(row.get(ColumnId::new(4)), ValueRef::Int(0));
}

fn column_of<F: Field>(_: F) -> (usize, &'static str) {
    (F::COLUMN.index(), F::NAME)
}

fn relation_of<R: Relation>(_: R) -> (usize, &'static str, &'static str, &'static str) {
    let arity = std::any::type_name::<R::Arity>().rsplit("::").next().unwrap_or_default();
    (R::RELATION.index(), R::NAME, R::Target::CLASS, arity)
}

#[test]
fn constants_know_their_place() {
    assert_eq!(column_of(Post::id), (0, "id"));
    assert_eq!(column_of(Post::kind), (3, "type"));
    assert_eq!(relation_of(Post::author), (0, "author", "User", "Required"));
    assert_eq!(relation_of(Post::parent), (1, "parent", "Contribution", "Optional"));
    assert_eq!(relation_of(Post::replies), (2, "replies", "Contribution", "Many"));
    assert_eq!(relation_of(Post::tags), (3, "tags", "Tag", "Many"));
    assert_eq!(relation_of(User::profile), (0, "profile", "Profile", "Optional"));
    assert_eq!(relation_of(Use::tag), (0, "tag", "Tag", "Required"));
    let _ = Post::select();
}

/// Fields with the names of locals, parameters, words, crates and types: nothing is shadowed, inside or outside (M2).
mod names {
    use diptych::prelude::*;

    mod uuid {
        pub(super) type Uuid = i64;
    }

    #[derive(Entity, Clone, Debug, Default)]
    #[has_many(column: Odd, via = parent, inverse = body)]
    #[belongs_to(body: Odd, via = parent, inverse = column)]
    pub(crate) struct Odd {
        #[key(auto)]
        pub id: Id<Odd>,
        #[references(Odd)]
        parent: Option<Id<Odd>>,
        pub(super) value: i64,
        pub(in crate::derive) uuid: uuid::Uuid,
        pub(crate) r#type: String,
        pub diptych_column: i64,
        pub diptych_value: i64,
        pub diptych_other: i64,
        pub diptych_found: i64,
        pub f: i64,
        pub self_: i64,
        pub row: Option<std::string::String>,
        pub str: i64,
        pub i64: bool,
        #[column(default = 3)]
        pub default: i64,
    }

    #[test]
    fn a_field_may_have_any_name() {
        let mut odd = Odd { parent: Some(Id::new(1)), ..Odd::draft() };
        let (id, value, uuid, f) = (1, 2, 3, 4);
        super::Record::set(&mut odd, super::ColumnId::new(3), value.into()).unwrap();
        assert_eq!((odd.uuid, id + uuid + f), (value, 8));
        assert_eq!(super::column_of(Odd::r#type), (4, "type"));
        assert_eq!(super::column_of(Odd::parent), (1, "parent"));
        assert!(odd.parent.is_some());
        // The column `Odd::default` hides `Odd::default()`; the trait's own name still reaches it.
        assert_eq!(<Odd as Default>::default().default, 0);
    }
}

/// A struct may be declared in a function, and be private.
#[test]
fn an_entity_may_be_local() {
    #[derive(Entity, Clone, Debug)]
    struct Local {
        #[key]
        pub code: String,
    }
    assert_eq!(column_of(Local::code), (0, "code"));
    assert_eq!((Local::TABLE, Local::draft().code.as_str()), ("locals", ""));
    let _ = Local::select();
}
