//! The forum that every contender is measured on, made the same way each time, and the contenders.
//!
//! Each contender starts from the same structs and must own what it keeps: ours shares a copy of each struct with the
//! table, SQLite binds its fields, hand-written code clones it into vectors and indexes and checks the same keys.

pub mod beside;
pub mod many;
pub mod ours;
pub mod pages;
pub mod raw;
pub mod singly;
pub mod sqlite;
pub mod sums;
pub mod trees;

use diptych::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
pub struct User {
    #[key]
    pub id: Id<User>,
    #[unique]
    pub email: String,
    pub name: String,
    pub karma: i64,
}

#[derive(Entity, Clone, Debug, PartialEq)]
pub struct Profile {
    #[key]
    #[references(User, on_delete = cascade)]
    pub user_id: Id<User>,
    pub bio: String,
}

#[derive(Entity, Clone, Debug, PartialEq)]
pub struct Forum {
    #[key]
    pub id: Id<Forum>,
    pub title: String,
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[has_many(posts: Post, inverse = thread)]
pub struct Thread {
    #[key]
    pub id: Id<Thread>,
    #[references(Forum, on_delete = cascade)]
    pub forum_id: Id<Forum>,
    pub title: String,
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[belongs_to(thread: Thread, inverse = posts)]
#[belongs_to(author: User)]
#[many_to_many(tags: Tag, through = "post_tags")]
pub struct Post {
    #[key]
    pub id: Id<Post>,
    #[references(Thread, on_delete = cascade)]
    pub thread_id: Id<Thread>,
    #[references(User)]
    pub author_id: Id<User>,
    #[references(Post, on_delete = cascade)]
    pub parent_id: Option<Id<Post>>,
    pub body: String,
    pub score: i64,
}

#[derive(Entity, Clone, Debug, PartialEq)]
pub struct Tag {
    #[key]
    pub id: Id<Tag>,
    #[unique]
    pub name: String,
}

#[derive(Entity, Clone, Debug, PartialEq)]
pub struct PostTag {
    #[key]
    #[references(Post, on_delete = cascade)]
    pub post_id: Id<Post>,
    #[key]
    #[references(Tag, on_delete = cascade)]
    pub tag_id: Id<Tag>,
}

#[derive(Entity, Clone, Debug, PartialEq)]
pub struct Vote {
    #[key]
    #[references(Post, on_delete = cascade)]
    pub post_id: Id<Post>,
    #[key]
    #[references(User, on_delete = cascade)]
    pub user_id: Id<User>,
    pub value: i64,
}

/// All rows, table by table, parents before children.
#[derive(Clone, Default)]
pub struct Data {
    pub users: Vec<User>,
    pub profiles: Vec<Profile>,
    pub forums: Vec<Forum>,
    pub threads: Vec<Thread>,
    pub posts: Vec<Post>,
    pub tags: Vec<Tag>,
    pub post_tags: Vec<PostTag>,
    pub votes: Vec<Vote>,
}

impl Data {
    pub fn rows(&self) -> usize {
        self.users.len()
            + self.profiles.len()
            + self.forums.len()
            + self.threads.len()
            + self.posts.len()
            + self.tags.len()
            + self.post_tags.len()
            + self.votes.len()
    }
}

/// The next number of a fixed sequence (splitmix64), so that every run measures the same forum.
pub fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A forum of `posts` posts. Forum 1 holds every thread, so that deleting it reaches every post.
pub fn generate(posts: usize) -> Data {
    let mut seed = 42;
    let mut below = |limit: usize| (next(&mut seed) % limit.max(1) as u64) as i64;
    let (users, threads, tags) = (posts / 10 + 2, posts / 100 + 1, posts / 200 + 5);
    let mut data = Data::default();
    for id in 1..=users as i64 {
        let email = format!("user{id}@example.org");
        data.users.push(User { id: id.into(), email, name: format!("User {id}"), karma: below(1000) });
        data.profiles.push(Profile { user_id: id.into(), bio: format!("A short text about user {id}.") });
    }
    data.forums.push(Forum { id: 1.into(), title: "Everything".to_owned() });
    data.forums.push(Forum { id: 2.into(), title: "Nothing".to_owned() });
    for id in 1..=threads as i64 {
        data.threads.push(Thread { id: id.into(), forum_id: 1.into(), title: format!("Thread number {id}") });
    }
    for id in 1..=tags as i64 {
        data.tags.push(Tag { id: id.into(), name: format!("tag-{id}") });
    }
    for id in 1..=posts as i64 {
        // A reply answers one of the few posts before it in the same thread; posts of a thread stand a stride apart.
        let stride = threads as i64;
        let back = stride * (1 + below(3));
        let parent_id = (id > back && below(4) > 0).then(|| Id::new(id - back));
        data.posts.push(Post {
            id: id.into(),
            thread_id: (1 + (id - 1) % stride).into(),
            author_id: (1 + below(users)).into(),
            parent_id,
            body: format!("This is the body of post {id}, as long as a short remark usually is."),
            score: below(100),
        });
        let tag = 1 + below(tags);
        data.post_tags.push(PostTag { post_id: id.into(), tag_id: tag.into() });
        let voter = 1 + below(users - 1);
        data.votes.push(Vote { post_id: id.into(), user_id: voter.into(), value: 1 + id % 7 });
        data.votes.push(Vote { post_id: id.into(), user_id: (voter + 1).into(), value: -(id % 3) });
    }
    data
}
