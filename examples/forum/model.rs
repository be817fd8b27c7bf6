//! The forum: ten tables, and the graph of objects above them.
//!
//! The fields are the columns. Everything above a struct is its object panel and adds no column.

use std::sync::atomic::{AtomicI64, Ordering};

use diptych::expr::{Expr, UserFunction};
use diptych::object::{Hybrid, JoinColumn, on, own};
use diptych::prelude::*;
use diptych::{Expression, column};

/// What time it is for the forum, in seconds since its first thread. Nothing here asks the machine.
pub static CLOCK: AtomicI64 = AtomicI64::new(0);

/// A post is recent for a day.
pub const DAY: i64 = 24 * 60 * 60;

/// The clock as a function in joins.
fn now() -> Expr<JoinColumn> {
    UserFunction::new("now", 0, |_| Ok(CLOCK.load(Ordering::Relaxed).into())).of([])
}

/// Somebody who writes and votes.
#[derive(Entity, Clone, Debug)]
#[entity(table = "users")]
#[has_one(profile: Profile, inverse = user, cascade(all, delete_orphan))]
#[has_many(threads: Thread, inverse = author)]
#[has_many(posts: Post, inverse = author)]
#[has_many(
    recent_posts: Post,
    view_only,
    order_by(created_at desc),
    primary_join = on(User::id).eq(on(Post::author_id)).and(on(Post::created_at).gt(now().minus(DAY)))
)]
#[has_many(votes: Vote, inverse = user)]
#[has_many(decisions: Decision, inverse = moderator)]
#[has_many(warnings: Warning, inverse = user, cascade(all, delete_orphan))]
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

/// Forums stand below each other: a tree, in which nobody stands below himself.
#[derive(Entity, Clone, Debug)]
#[entity(table = "forums")]
#[belongs_to(parent: Forum, inverse = children, acyclic)]
#[has_many(children: Forum, inverse = parent, order_by(slug))]
#[has_many(threads: Thread, inverse = forum)]
pub struct Forum {
    #[key(auto)]
    pub id: Id<Forum>,
    #[references(Forum, on_delete = set_null)]
    pub parent_id: Option<Id<Forum>>,
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

impl Post {
    /// A hybrid property: the post answers another one.
    pub fn is_reply() -> Hybrid<Post, bool> {
        Hybrid::new(own(Post::parent_id).is_not_null())
    }

    /// A hybrid method: how many seconds old the post is at a time.
    pub fn age_at(now: i64) -> Hybrid<Post, i64> {
        Hybrid::new(own(Post::created_at).times(-1).plus(now))
    }
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

/// What somebody has decided about the forum: the base of each kind of decision.
#[derive(Entity, Clone, Debug)]
#[entity(table = "decisions", discriminator = kind, identity = "note")]
#[belongs_to(moderator: User, via = moderator_id, inverse = decisions)]
pub struct Decision {
    #[key(auto)]
    pub id: Id<Decision>,
    pub kind: String,
    #[references(User, on_delete = set_null)]
    pub moderator_id: Option<Id<User>>,
    pub reason: String,
}

/// A user was warned. Its columns stand in the table of all decisions.
#[derive(Entity, Clone, Debug)]
#[entity(identity = "warning")]
#[belongs_to(user: User, via = user_id, inverse = warnings)]
pub struct Warning {
    #[base]
    pub decision: Decision,
    #[references(User, on_delete = cascade)]
    pub user_id: Id<User>,
    pub points: i64,
}

/// A post was removed. What it said is kept in a table of its own, which only those read who ask for it.
#[derive(Entity, Clone, Debug)]
#[entity(identity = "removal", table = "removals")]
pub struct Removal {
    #[base]
    pub decision: Decision,
    pub author: Option<String>,
    pub body: String,
}

/// An empty forum. `post_tags` has no struct: the relation makes the table.
pub fn empty() -> Result<Database> {
    Database::of::<(User, Profile, Forum, Thread, Post, Tag, Vote, Decision, Warning, Removal)>()
}
