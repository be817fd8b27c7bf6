//! What a careful engineer writes by hand: vectors of structs, hash indexes, the same key, unique and foreign key
//! checks. It returns owned copies, as code that hands structs out must.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasherDefault;

use rustc_hash::FxHasher;

use super::{Data, Forum, Post, PostTag, Profile, Tag, Thread, User, Vote};

/// A hash map with the same fast hash that the library uses.
pub type Map<K, V> = HashMap<K, V, BuildHasherDefault<FxHasher>>;
type Set<K> = HashSet<K, BuildHasherDefault<FxHasher>>;

/// The forum in vectors and hash maps.
#[derive(Clone, Default)]
pub struct Raw {
    pub users: Vec<Option<User>>,
    pub user_by_id: Map<i64, usize>,
    pub user_by_email: Map<String, usize>,
    profiles: Map<i64, Profile>,
    forums: Map<i64, Forum>,
    threads: Map<i64, Thread>,
    threads_by_forum: Map<i64, Vec<i64>>,
    pub posts: Vec<Option<Post>>,
    pub post_by_id: Map<i64, usize>,
    pub posts_by_thread: Map<i64, Vec<usize>>,
    pub posts_by_author: Map<i64, Vec<usize>>,
    pub posts_by_parent: Map<i64, Vec<usize>>,
    tags: Map<i64, Tag>,
    tag_by_name: Map<String, i64>,
    post_tags: Set<(i64, i64)>,
    tags_by_post: Map<i64, Vec<i64>>,
    posts_by_tag: Map<i64, Vec<i64>>,
    pub votes: Vec<Option<Vote>>,
    vote_by_key: Map<(i64, i64), usize>,
    votes_by_post: Map<i64, Vec<i64>>,
    votes_by_user: Map<i64, Vec<i64>>,
}

/// The number of a key that was given.
pub fn number<T>(id: diptych::Id<T>) -> i64 {
    id.get().expect("keys are given")
}

/// All rows, with every check.
pub fn fill(data: &Data) -> Raw {
    let mut raw = Raw::default();
    for it in &data.users {
        let at = raw.users.len();
        assert!(raw.user_by_id.insert(number(it.id), at).is_none());
        assert!(raw.user_by_email.insert(it.email.clone(), at).is_none());
        raw.users.push(Some(it.clone()));
    }
    for it in &data.profiles {
        assert!(raw.user_by_id.contains_key(&number(it.user_id)));
        assert!(raw.profiles.insert(number(it.user_id), it.clone()).is_none());
    }
    for it in &data.forums {
        assert!(raw.forums.insert(number(it.id), it.clone()).is_none());
    }
    for it in &data.threads {
        assert!(raw.forums.contains_key(&number(it.forum_id)));
        assert!(raw.threads.insert(number(it.id), it.clone()).is_none());
        raw.threads_by_forum.entry(number(it.forum_id)).or_default().push(number(it.id));
    }
    for it in &data.posts {
        raw.insert_post(it);
    }
    for it in &data.tags {
        assert!(raw.tags.insert(number(it.id), it.clone()).is_none());
        assert!(raw.tag_by_name.insert(it.name.clone(), number(it.id)).is_none());
    }
    for it in &data.post_tags {
        raw.insert_post_tag(it);
    }
    for it in &data.votes {
        raw.insert_vote(it);
    }
    raw
}

impl Raw {
    pub fn insert_post(&mut self, it: &Post) {
        let at = self.posts.len();
        assert!(self.threads.contains_key(&number(it.thread_id)));
        assert!(self.user_by_id.contains_key(&number(it.author_id)));
        assert!(self.post_by_id.insert(number(it.id), at).is_none());
        if let Some(parent) = it.parent_id {
            assert!(self.post_by_id.contains_key(&number(parent)));
            self.posts_by_parent.entry(number(parent)).or_default().push(at);
        }
        self.posts_by_thread.entry(number(it.thread_id)).or_default().push(at);
        self.posts_by_author.entry(number(it.author_id)).or_default().push(at);
        self.posts.push(Some(it.clone()));
    }

    fn insert_post_tag(&mut self, it: &PostTag) {
        let (post, tag) = (number(it.post_id), number(it.tag_id));
        assert!(self.post_by_id.contains_key(&post) && self.tags.contains_key(&tag));
        assert!(self.post_tags.insert((post, tag)));
        self.tags_by_post.entry(post).or_default().push(tag);
        self.posts_by_tag.entry(tag).or_default().push(post);
    }

    fn insert_vote(&mut self, it: &Vote) {
        let (post, user) = (number(it.post_id), number(it.user_id));
        assert!(self.post_by_id.contains_key(&post) && self.user_by_id.contains_key(&user));
        assert!(self.vote_by_key.insert((post, user), self.votes.len()).is_none());
        self.votes.push(Some(it.clone()));
        self.votes_by_post.entry(post).or_default().push(user);
        self.votes_by_user.entry(user).or_default().push(post);
    }

    /// Deletes posts and everything that hangs on them; returns how many rows are gone.
    pub fn delete_posts(&mut self, mut work: Vec<usize>) -> usize {
        let mut gone = 0;
        while let Some(at) = work.pop() {
            let Some(post) = self.posts[at].take() else { continue };
            let id = number(post.id);
            gone += 1;
            self.post_by_id.remove(&id);
            if let Some(all) = self.posts_by_author.get_mut(&number(post.author_id)) {
                all.retain(|it| *it != at);
            }
            work.extend(self.posts_by_parent.remove(&id).unwrap_or_default());
            for tag in self.tags_by_post.remove(&id).unwrap_or_default() {
                gone += usize::from(self.post_tags.remove(&(id, tag)));
                if let Some(all) = self.posts_by_tag.get_mut(&tag) {
                    all.retain(|it| *it != id);
                }
            }
            for user in self.votes_by_post.remove(&id).unwrap_or_default() {
                let at = self.vote_by_key.remove(&(id, user));
                gone += usize::from(at.and_then(|at| self.votes[at].take()).is_some());
                if let Some(all) = self.votes_by_user.get_mut(&user) {
                    all.retain(|it| *it != id);
                }
            }
        }
        gone
    }
}

/// The sum of the scores of posts found by key.
pub fn lookup(raw: &Raw, keys: &[i64]) -> i64 {
    let mut sum = 0;
    for key in keys {
        let post = raw.posts[raw.post_by_id[key]].clone().expect("the post is there");
        sum += std::hint::black_box(post).score;
    }
    sum
}

/// The threads with their posts.
pub fn threads_with_posts(raw: &Raw) -> (usize, i64) {
    let copy = |thread: &Thread| {
        let places = raw.posts_by_thread.get(&number(thread.id)).map_or(&[][..], Vec::as_slice);
        let posts: Vec<Post> = places.iter().filter_map(|&at| raw.posts[at].clone()).collect();
        (thread.clone(), posts)
    };
    let threads: Vec<(Thread, Vec<Post>)> = raw.threads.values().map(copy).collect();
    let posts = threads.iter().flat_map(|(_, posts)| posts);
    posts.fold((0, 0), |(count, sum), post| (count + 1, sum + post.score))
}

/// The threads with their posts and the tags of these.
pub fn threads_with_tags(raw: &Raw) -> (usize, i64) {
    let with_tags = |post: &Post| {
        let tags = raw.tags_by_post.get(&number(post.id)).map_or(&[][..], Vec::as_slice);
        (post.clone(), tags.iter().map(|it| raw.tags[it].clone()).collect::<Vec<Tag>>())
    };
    let copy = |thread: &Thread| {
        let places = raw.posts_by_thread.get(&number(thread.id)).map_or(&[][..], Vec::as_slice);
        (thread.clone(), places.iter().filter_map(|&at| raw.posts[at].as_ref()).map(with_tags).collect::<Vec<_>>())
    };
    let threads: Vec<_> = raw.threads.values().map(copy).collect();
    let tags = threads.iter().flat_map(|(_, posts)| posts).flat_map(|(_, tags)| tags);
    tags.fold((0, 0), |(count, sum), tag| (count + 1, sum + number(tag.id)))
}

/// All posts with their authors, each author once.
pub fn posts_with_authors(raw: &Raw) -> i64 {
    let posts: Vec<Post> = raw.posts.iter().flatten().cloned().collect();
    let mut authors: Map<i64, User> = Map::default();
    for post in &posts {
        let id = number(post.author_id);
        authors.entry(id).or_insert_with(|| raw.users[raw.user_by_id[&id]].clone().expect("the author is there"));
    }
    posts.iter().map(|post| authors[&number(post.author_id)].karma).sum()
}

/// Deletes forum 1 and everything that hangs on it; returns how many rows are gone.
pub fn delete_forum(raw: &mut Raw) -> usize {
    let mut gone = usize::from(raw.forums.remove(&1).is_some());
    let mut work: Vec<usize> = Vec::new();
    for thread in raw.threads_by_forum.remove(&1).unwrap_or_default() {
        gone += usize::from(raw.threads.remove(&thread).is_some());
        work.extend(raw.posts_by_thread.remove(&thread).unwrap_or_default());
    }
    gone + raw.delete_posts(work)
}

/// A deep copy in which one post gets another score, dropped again.
pub fn copy_and_change(raw: &Raw) -> i64 {
    let mut copy = raw.clone();
    if let Some(post) = copy.posts[76].as_mut() {
        post.score = 1_000_000;
    }
    std::hint::black_box(&copy).posts[76].as_ref().map_or(0, |it| it.score)
}

/// Copies the first posts, changes every second one, writes them back, and takes it back.
pub fn unit_of_work(raw: &mut Raw, posts: u64) -> usize {
    let mut copies: Vec<Post> = raw.posts.iter().take(posts as usize).filter_map(Clone::clone).collect();
    let mut undo = Vec::new();
    for post in copies.iter_mut().step_by(2) {
        post.score += 1;
        let at = raw.post_by_id[&number(post.id)];
        undo.push((at, raw.posts[at].replace(post.clone())));
    }
    let changed = undo.len();
    for (at, before) in undo {
        raw.posts[at] = before;
    }
    changed
}
