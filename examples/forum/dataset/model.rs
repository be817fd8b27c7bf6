//! The tables of the data set as entities, key for key as its `schema.sql` declares them.
//!
//! Dates and times are the text that the source has; they compare as text. `Thread` and `Post` refer to each other, and
//! posts to posts, so those two foreign keys are judged at commit.

use diptych::prelude::*;
use diptych::{Expression, column};

#[derive(Entity, Clone, Debug)]
#[entity(table = "forums")]
#[has_many(memberships: Membership, inverse = forum)]
#[has_many(threads: Thread, inverse = forum)]
#[has_many(tags: Tag, inverse = forum)]
#[has_many(badges: Badge, inverse = forum)]
pub struct Forum {
    #[key]
    pub id: Id<Forum>,
    #[unique]
    pub slug: String,
    pub name: String,
    pub base_url: String,
    pub snapshot_at: String,
}

/// Two foreign keys of a post lead to users, so both collections say which one they follow.
#[derive(Entity, Clone, Debug)]
#[entity(table = "users")]
#[has_one(profile: Profile, inverse = user)]
#[has_many(memberships: Membership, inverse = user)]
#[has_many(threads: Thread, inverse = author, order_by(id))]
#[has_many(posts: Post, via = author_id, inverse = author)]
#[has_many(edited_posts: Post, via = editor_id, inverse = editor)]
#[has_many(votes: Vote, inverse = user)]
#[has_many(bookmarks: Bookmark, inverse = user)]
#[has_many(awards: Award, inverse = user, order_by(awarded_at, id))]
pub struct User {
    #[key]
    pub id: Id<User>,
    #[unique]
    pub account_id: i64,
    pub display_name: String,
    pub created_at: String,
}

/// One to one, optional: the key is the user's.
#[derive(Entity, Clone, Debug)]
#[entity(table = "profiles")]
#[belongs_to(user: User, inverse = profile)]
pub struct Profile {
    #[key]
    #[references(User, on_delete = cascade)]
    pub user_id: Id<User>,
    pub location: Option<String>,
    pub website_url: Option<String>,
    pub about_me: Option<String>,
}

/// An association object between users and forums.
#[derive(Entity, Clone, Debug)]
#[entity(table = "memberships", unique(forum_id, source_user_id))]
#[belongs_to(forum: Forum, inverse = memberships)]
#[belongs_to(user: User, inverse = memberships)]
pub struct Membership {
    #[key]
    #[references(Forum, on_delete = cascade)]
    pub forum_id: Id<Forum>,
    #[key]
    #[references(User, on_delete = cascade)]
    pub user_id: Id<User>,
    pub source_user_id: i64,
    pub reputation: i64,
    pub up_votes: i64,
    pub down_votes: i64,
    pub views: i64,
    pub joined_at: String,
    pub last_access_at: String,
}

#[derive(Entity, Clone, Debug)]
#[entity(table = "threads")]
#[belongs_to(forum: Forum, inverse = threads)]
#[belongs_to(author: User, inverse = threads)]
#[belongs_to(accepted_post: Post, via = accepted_post_id, inverse = accepted_by)]
#[has_many(posts: Post, via = thread_id, inverse = thread, order_by(id))]
#[has_many(bookmarks: Bookmark, inverse = thread, order_by(user_id))]
#[many_to_many(tags: Tag, through = "thread_tags", inverse = threads, order_by(name))]
pub struct Thread {
    #[key]
    pub id: Id<Thread>,
    #[references(Forum, on_delete = cascade)]
    pub forum_id: Id<Forum>,
    #[references(User, on_delete = set_null)]
    pub author_id: Option<Id<User>>,
    pub title: String,
    pub created_at: String,
    pub last_activity_at: String,
    pub closed_at: Option<String>,
    pub view_count: i64,
    #[unique]
    #[references(Post, on_delete = set_null, deferred)]
    pub accepted_post_id: Option<Id<Post>>,
}

/// A question, an answer or a comment. `parent_id` may be NULL, so without the cascade on `replies` a session that deletes
/// a post would keep its replies and cut them off, where the foreign key deletes them.
#[derive(Entity, Clone, Debug)]
#[entity(table = "posts")]
#[check(kind_is_known = column("kind").in_list(["question", "answer", "comment"]))]
#[belongs_to(thread: Thread, via = thread_id, inverse = posts)]
#[belongs_to(parent: Post, inverse = replies)]
#[belongs_to(author: User, via = author_id, inverse = posts)]
#[belongs_to(editor: User, via = editor_id, inverse = edited_posts)]
#[has_one(accepted_by: Thread, via = accepted_post_id, inverse = accepted_post)]
#[has_many(replies: Post, inverse = parent, cascade(all), order_by(id))]
#[has_many(votes: Vote, inverse = post)]
#[has_many(links: PostLink, via = post_id, inverse = post)]
#[has_many(linked_from: PostLink, via = related_post_id, inverse = related_post)]
pub struct Post {
    #[key]
    pub id: Id<Post>,
    #[references(Thread, on_delete = cascade)]
    pub thread_id: Id<Thread>,
    #[references(Post, on_delete = cascade, deferred)]
    pub parent_id: Option<Id<Post>>,
    pub kind: String,
    #[references(User, on_delete = set_null)]
    pub author_id: Option<Id<User>>,
    pub author_name: Option<String>,
    #[references(User, on_delete = set_null)]
    pub editor_id: Option<Id<User>>,
    pub score: i64,
    pub created_at: String,
    pub edited_at: Option<String>,
    pub parent_inferred: bool,
    pub license: Option<String>,
    pub source_id: i64,
    pub body: String,
}

#[derive(Entity, Clone, Debug)]
#[entity(table = "tags", unique(forum_id, name))]
#[belongs_to(forum: Forum, inverse = tags)]
#[many_to_many(threads: Thread, through = "thread_tags", inverse = tags)]
pub struct Tag {
    #[key]
    pub id: Id<Tag>,
    #[references(Forum, on_delete = cascade)]
    pub forum_id: Id<Forum>,
    pub name: String,
    pub excerpt: Option<String>,
    pub wiki: Option<String>,
}

/// The table between threads and tags. It has a struct of its own so that its rows can be read from a file.
#[derive(Entity, Clone, Debug)]
#[entity(table = "thread_tags")]
pub struct ThreadTag {
    #[key]
    #[references(Thread, on_delete = cascade)]
    pub thread_id: Id<Thread>,
    #[key]
    #[references(Tag, on_delete = cascade)]
    pub tag_id: Id<Tag>,
}

/// The foreign key restricts; `passive_deletes` lets it speak, where the session would try to set `vote_type_id` to NULL.
#[derive(Entity, Clone, Debug)]
#[entity(table = "vote_types")]
#[has_many(votes: Vote, inverse = vote_type, passive_deletes)]
pub struct VoteType {
    #[key]
    pub id: Id<VoteType>,
    #[unique]
    pub name: String,
}

/// Most votes are published without the voter.
#[derive(Entity, Clone, Debug)]
#[entity(table = "votes")]
#[belongs_to(post: Post, inverse = votes)]
#[belongs_to(vote_type: VoteType, inverse = votes)]
#[belongs_to(user: User, inverse = votes)]
pub struct Vote {
    #[key]
    pub id: Id<Vote>,
    #[references(Post, on_delete = cascade)]
    pub post_id: Id<Post>,
    #[references(VoteType, on_delete = restrict)]
    pub vote_type_id: Id<VoteType>,
    #[references(User, on_delete = set_null)]
    pub user_id: Option<Id<User>>,
    pub created_on: String,
    pub bounty_amount: Option<i64>,
}

/// An association object between users and threads.
#[derive(Entity, Clone, Debug)]
#[entity(table = "bookmarks")]
#[belongs_to(user: User, inverse = bookmarks)]
#[belongs_to(thread: Thread, inverse = bookmarks)]
pub struct Bookmark {
    #[key]
    #[references(User, on_delete = cascade)]
    pub user_id: Id<User>,
    #[key]
    #[references(Thread, on_delete = cascade)]
    pub thread_id: Id<Thread>,
    pub created_on: String,
}

#[derive(Entity, Clone, Debug)]
#[entity(table = "badges", unique(forum_id, name, class, tag_based))]
#[check(class_is_a_medal = column("class").in_list([1, 2, 3]))]
#[belongs_to(forum: Forum, inverse = badges)]
#[has_many(awards: Award, inverse = badge)]
pub struct Badge {
    #[key]
    pub id: Id<Badge>,
    #[references(Forum, on_delete = cascade)]
    pub forum_id: Id<Forum>,
    pub name: String,
    pub class: i64,
    pub tag_based: bool,
}

/// An association object between users and badges; the same badge can be awarded again.
#[derive(Entity, Clone, Debug)]
#[entity(table = "awards")]
#[belongs_to(user: User, inverse = awards)]
#[belongs_to(badge: Badge, inverse = awards)]
pub struct Award {
    #[key]
    pub id: Id<Award>,
    #[references(User, on_delete = cascade)]
    pub user_id: Id<User>,
    #[references(Badge, on_delete = cascade)]
    pub badge_id: Id<Badge>,
    pub awarded_at: String,
}

/// An association object between posts and posts.
#[derive(Entity, Clone, Debug)]
#[entity(table = "post_links")]
#[check(kind_is_known = column("kind").in_list(["linked", "duplicate"]))]
#[belongs_to(post: Post, via = post_id, inverse = links)]
#[belongs_to(related_post: Post, via = related_post_id, inverse = linked_from)]
pub struct PostLink {
    #[key]
    #[references(Post, on_delete = cascade)]
    pub post_id: Id<Post>,
    #[key]
    #[references(Post, on_delete = cascade)]
    pub related_post_id: Id<Post>,
    #[key]
    pub kind: String,
    pub created_at: String,
}

/// The fourteen tables, empty.
pub fn empty() -> Result<Database> {
    Database::of::<(
        Forum,
        User,
        Profile,
        Membership,
        Thread,
        Post,
        Tag,
        ThreadTag,
        VoteType,
        Vote,
        Bookmark,
        Badge,
        Award,
        PostLink,
    )>()
}
