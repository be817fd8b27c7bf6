//! The forum: eight tables, and the graph of objects above them.
//!
//! The fields are the columns. Everything above a struct is its object panel and adds no column.

use diptych::prelude::*;
use diptych::{Expression, column};

/// Somebody who writes and votes.
#[derive(Entity, Clone, Debug)]
#[entity(table = "users")]
#[has_one(profile: Profile, inverse = user, cascade(all, delete_orphan))]
#[has_many(threads: Thread, inverse = author)]
#[has_many(posts: Post, inverse = author)]
#[has_many(votes: Vote, inverse = user)]
pub struct User {
    #[key(auto)]
    pub id: Id<User>,
    #[unique]
    pub name: String,
}

/// One to one: the key is the user's.
#[derive(Entity, Clone, Debug)]
#[entity(table = "profiles")]
#[belongs_to(user: User, inverse = profile)]
pub struct Profile {
    #[key]
    #[references(User, on_delete = cascade)]
    pub user_id: Id<User>,
    pub about: String,
}

#[derive(Entity, Clone, Debug)]
#[entity(table = "forums")]
#[has_many(threads: Thread, inverse = forum)]
pub struct Forum {
    #[key(auto)]
    pub id: Id<Forum>,
    #[unique]
    pub slug: String,
}

/// A thread owns its posts: one that is taken out of it is deleted.
#[derive(Entity, Clone, Debug)]
#[entity(table = "threads")]
#[belongs_to(forum: Forum, inverse = threads)]
#[belongs_to(author: User, inverse = threads)]
#[has_many(posts: Post, inverse = thread, cascade(all, delete_orphan), order_by(created_at, id))]
pub struct Thread {
    #[key(auto)]
    pub id: Id<Thread>,
    #[references(Forum, on_delete = cascade)]
    pub forum_id: Id<Forum>,
    #[references(User, on_delete = set_null)]
    pub author_id: Option<Id<User>>,
    pub title: String,
    #[index]
    pub created_at: i64,
}

/// A post may answer another one: a reference to its own table.
#[derive(Entity, Clone, Debug)]
#[entity(table = "posts", index(thread_id, created_at, id))]
#[belongs_to(thread: Thread, inverse = posts)]
#[belongs_to(author: User, inverse = posts)]
#[belongs_to(parent: Post, inverse = replies)]
#[has_many(replies: Post, inverse = parent, cascade(all), order_by(created_at, id))]
#[has_many(votes: Vote, inverse = post, cascade(all, delete_orphan))]
#[many_to_many(tags: Tag, through = "post_tags", inverse = posts, order_by(name))]
pub struct Post {
    #[key(auto)]
    pub id: Id<Post>,
    #[references(Thread, on_delete = cascade)]
    pub thread_id: Id<Thread>,
    #[references(User, on_delete = set_null)]
    pub author_id: Option<Id<User>>,
    #[references(Post, on_delete = cascade)]
    pub parent_id: Option<Id<Post>>,
    pub body: String,
    pub created_at: i64,
}

#[derive(Entity, Clone, Debug)]
#[entity(table = "tags")]
#[many_to_many(posts: Post, through = "post_tags", inverse = tags)]
pub struct Tag {
    #[key(auto)]
    pub id: Id<Tag>,
    #[unique]
    pub name: String,
}

/// An association object: many to many with a value of its own. Its key lets a user vote once for a post.
#[derive(Entity, Clone, Debug)]
#[entity(table = "votes")]
#[check(up_or_down = column("value").in_list([-1, 1]))]
#[belongs_to(user: User, inverse = votes)]
#[belongs_to(post: Post, inverse = votes)]
pub struct Vote {
    #[key]
    #[references(User, on_delete = cascade)]
    pub user_id: Id<User>,
    #[key]
    #[references(Post, on_delete = cascade)]
    pub post_id: Id<Post>,
    pub value: i64,
}

/// An empty forum. `post_tags` has no struct: the relation makes the table.
pub fn empty() -> Result<Database> {
    Database::of::<(User, Profile, Forum, Thread, Post, Tag, Vote)>()
}
