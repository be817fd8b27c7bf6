//! The front page of the forum, as a graph of objects and as a plain value to compare.

use diptych::object::Query;
use diptych::prelude::*;

use crate::model::{Post, Thread};

/// How many threads stand on a page.
pub const THREADS: u64 = 20;

/// A thread as the page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    pub title: String,
    pub author: String,
    /// Authors and what they wrote.
    pub posts: Vec<(String, String)>,
}

/// The newest threads, without a word about what to load along.
pub fn newest() -> Query<Thread> {
    Thread::select().order_by(Thread::created_at.desc()).limit(THREADS)
}

/// Walks threads, their posts and all authors. Whatever the query has not loaded is read on the way.
pub fn show(threads: &Views<'_, Thread>) -> Result<Vec<Shown>> {
    threads.iter().map(|it| show_thread(&it)).collect()
}

fn show_thread(thread: &View<'_, Thread>) -> Result<Shown> {
    let mut posts = Vec::new();
    for post in thread.load(Thread::posts)? {
        let author = post.load(Post::author)?;
        posts.push((author.map_or(String::new(), |it| it.name.clone()), post.body.clone()));
    }
    let author = thread.load(Thread::author)?;
    Ok(Shown { title: thread.title.clone(), author: author.map_or(String::new(), |it| it.name.clone()), posts })
}
