//! Fills a forum: the same one for the same seed, of any size.
//!
//! Users and threads number about a tenth of the posts. Work goes in batches, a session each, so that the objects of a
//! batch are let go when its rows are committed.

use std::collections::{BTreeMap, BTreeSet};

use diptych::prelude::*;

use crate::model::{Forum, Post, Profile, Tag, Thread, User, Vote};
use crate::print::Progress;
use crate::random::Random;

/// Each forum, and the one that it stands below, which comes before it.
const FORUMS: [(&str, Option<&str>); 10] = [
    ("announcements", None),
    ("development", None),
    ("community", None),
    ("beginners", Some("development")),
    ("internals", Some("development")),
    ("loaders", Some("internals")),
    ("jobs", Some("community")),
    ("meta", Some("community")),
    ("offtopic", Some("community")),
    ("showcase", Some("community")),
];
const TAGS: u64 = 40;
/// A batch ends with the first thread that brings it here.
const BATCH: u64 = 50_000;
/// Every thread and post is a moment later than the one before.
const MOMENT: i64 = 60;

/// Makes users, and threads until there are so many posts.
pub fn fill(database: &Database, posts: u64, seed: u64) -> Result<()> {
    let users = posts / 10;
    let progress = Progress::of(users + posts, "rows of users and posts");
    let mut filler = Filler { random: Random::new(seed), users, threads: 0, posts: 0, wanted: posts, now: 0 };
    database.transaction(|session| filler.corners(session))?;
    for first in (1..=users).step_by(BATCH as usize) {
        let last = users.min(first + BATCH - 1);
        database.transaction(|session| filler.users(session, first..=last))?;
        progress.at(last);
    }
    while filler.posts < posts {
        database.transaction(|session| filler.threads(session))?;
        progress.at(users + filler.posts);
    }
    Ok(())
}

struct Filler {
    random: Random,
    users: u64,
    threads: u64,
    posts: u64,
    wanted: u64,
    now: i64,
}

impl Filler {
    /// Forums and tags.
    fn corners(&mut self, session: &mut Session) -> Result<()> {
        let mut forums = BTreeMap::new();
        for (slug, parent) in FORUMS {
            let forum = session.add(Forum { slug: slug.into(), ..Forum::draft() });
            session.set(forum, Forum::parent, parent.map(|it| forums[it]))?;
            forums.insert(slug, forum);
        }
        for number in 1..=TAGS {
            session.add(Tag { name: format!("tag-{number:02}"), ..Tag::draft() });
        }
        Ok(())
    }

    /// Users, most of them with a profile.
    fn users(&mut self, session: &mut Session, numbers: impl Iterator<Item = u64>) -> Result<()> {
        for number in numbers {
            let user = session.add(User { name: format!("user-{number}"), ..User::draft() });
            if self.random.chance(80) {
                let profile = session.add(Profile { about: self.random.words(6), ..Profile::draft() });
                session.set(profile, Profile::user, user)?;
            }
        }
        Ok(())
    }

    /// A batch of threads.
    fn threads(&mut self, session: &mut Session) -> Result<()> {
        let tags = session.all(Tag::select().order_by(Tag::id))?.references();
        let until = self.wanted.min(self.posts + BATCH);
        while self.posts < until {
            self.thread(session, &tags)?;
        }
        Ok(())
    }

    /// A thread: its first post is the question, and each other one answers one that was there before.
    fn thread(&mut self, session: &mut Session, tags: &[Ref<Tag>]) -> Result<()> {
        let size = (1 + self.random.below(19)).min(self.wanted - self.posts) as usize;
        self.threads += 1;
        let thread = session.add(Thread {
            forum_id: Id::new(1 + self.random.below(FORUMS.len() as u64) as i64),
            author_id: Some(self.user()),
            title: format!("{} ({})", self.random.words(5), self.threads),
            created_at: self.moment(),
            ..Thread::draft()
        });
        let mut posts: Vec<Ref<Post>> = Vec::with_capacity(size);
        for _ in 0..size {
            let post =
                Post { author_id: Some(self.user()), body: self.body(), created_at: self.moment(), ..Post::draft() };
            let post = session.push(thread, Thread::posts, post)?;
            if posts.is_empty() {
                for tag in self.several(3, tags.len() as u64) {
                    session.push(post, Post::tags, tags[tag as usize])?;
                }
            } else {
                let parent = *self.random.pick(&posts);
                session.push(parent, Post::replies, post)?;
            }
            for voter in self.several(4, self.users) {
                let value = if self.random.chance(85) { 1 } else { -1 };
                session.push(post, Post::votes, Vote { user_id: key(voter), value, ..Vote::draft() })?;
            }
            posts.push(post);
        }
        self.posts += size as u64;
        Ok(())
    }

    /// Fewer than `most` numbers below a bound, none of them twice.
    fn several(&mut self, most: u64, bound: u64) -> BTreeSet<u64> {
        (0..self.random.below(most)).map(|_| self.random.below(bound)).collect()
    }

    fn body(&mut self) -> String {
        let words = 4 + self.random.below(12);
        self.random.words(words)
    }

    /// Users of earlier batches are known by their keys, which the table gave in order.
    fn user(&mut self) -> Id<User> {
        key(self.random.below(self.users))
    }

    fn moment(&mut self) -> i64 {
        self.now += MOMENT;
        self.now
    }
}

/// The key of the user with this place.
fn key(place: u64) -> Id<User> {
    Id::new(place as i64 + 1)
}
