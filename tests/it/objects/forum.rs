//! The model that most of these tests speak about: a small forum, one of each pattern.

use diptych::prelude::*;
use diptych::{Select, Value, record};

#[derive(Entity, Clone, Debug, PartialEq)]
#[has_many(posts: Post, inverse = author)]
#[has_one(profile: Profile, inverse = user, cascade(all, delete_orphan))]
#[has_one(locker: Locker, inverse = owner)]
#[has_one(avatar: Avatar, via = user_id)]
#[has_many(badges: Badge, via = user_id)]
#[has_many(votes: Vote, inverse = user, cascade(all))]
pub(super) struct User {
    #[key(auto)]
    pub(super) id: Id<User>,
    #[unique]
    pub(super) email: String,
    pub(super) name: String,
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[belongs_to(user: User, via = user_id, inverse = profile)]
pub(super) struct Profile {
    #[key(auto)]
    pub(super) id: Id<Profile>,
    #[unique]
    #[references(User)]
    pub(super) user_id: Id<User>,
    pub(super) text: String,
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[belongs_to(owner: User, via = owner_id, inverse = locker)]
pub(super) struct Locker {
    #[key(auto)]
    pub(super) id: Id<Locker>,
    #[references(User)]
    pub(super) owner_id: Option<Id<User>>,
}

/// Known to users only: no relation leads back.
#[derive(Entity, Clone, Debug, PartialEq)]
pub(super) struct Avatar {
    #[key(auto)]
    pub(super) id: Id<Avatar>,
    #[references(User)]
    pub(super) user_id: Option<Id<User>>,
}

/// Known to users only: no relation leads back.
#[derive(Entity, Clone, Debug, PartialEq)]
pub(super) struct Badge {
    #[key(auto)]
    pub(super) id: Id<Badge>,
    #[references(User)]
    pub(super) user_id: Option<Id<User>>,
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[belongs_to(author: User, via = author_id, inverse = posts)]
#[belongs_to(parent: Post, via = parent_id, inverse = replies)]
#[has_many(replies: Post, inverse = parent, cascade(all), order_by(id))]
#[has_many(votes: Vote, inverse = post, cascade(all, delete_orphan))]
#[many_to_many(tags: Tag, through = "post_tags", inverse = posts)]
pub(super) struct Post {
    #[key(auto)]
    pub(super) id: Id<Post>,
    #[references(User)]
    pub(super) author_id: Id<User>,
    #[references(Post, on_delete = set_null)]
    pub(super) parent_id: Option<Id<Post>>,
    pub(super) body: String,
    pub(super) score: i64,
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[many_to_many(posts: Post, through = "post_tags", inverse = tags)]
pub(super) struct Tag {
    #[key]
    pub(super) name: String,
}

/// An association object: one vote for each user and post.
#[derive(Entity, Clone, Debug, PartialEq)]
#[belongs_to(user: User, via = user_id, inverse = votes)]
#[belongs_to(post: Post, via = post_id, inverse = votes)]
pub(super) struct Vote {
    #[key]
    #[references(User)]
    pub(super) user_id: Id<User>,
    #[key]
    #[references(Post)]
    pub(super) post_id: Id<Post>,
    pub(super) value: i64,
}

pub(super) fn forum() -> Database {
    Database::of::<(User, Profile, Locker, Avatar, Badge, Post, Tag, Vote)>().expect("the model is sound")
}

pub(super) fn user(name: &str) -> User {
    User { id: Id::auto(), email: format!("{name}@example.org"), name: name.to_owned() }
}

pub(super) fn post(body: &str) -> Post {
    Post { body: body.to_owned(), ..Post::draft() }
}

pub(super) fn tag(name: &str) -> Tag {
    Tag { name: name.to_owned() }
}

/// A post of a user.
pub(super) fn posted(session: &mut Session, author: Ref<User>, body: &str) -> Ref<Post> {
    session.push(author, User::posts, post(body)).expect("a post can be pushed")
}

/// How many statements some work runs.
pub(super) fn statements<T>(session: &mut Session, work: impl FnOnce(&mut Session) -> T) -> (u64, T) {
    let before = session.totals().statements;
    let outcome = work(session);
    (session.totals().statements - before, outcome)
}

/// The rows of a table as the session's transaction sees them, in the order of their keys.
pub(super) fn rows(session: &mut Session, table: &'static str) -> Vec<Vec<Value>> {
    let outcome = session.execute(Select::from(table)).expect("a table can be read");
    let mut rows: Vec<Vec<Value>> = outcome.rows.into_rows().map(|it| record::values(&*it)).collect();
    rows.sort_by_key(|it| format!("{it:?}"));
    rows
}

/// How many rows a table has.
pub(super) fn count(session: &mut Session, table: &'static str) -> usize {
    rows(session, table).len()
}
