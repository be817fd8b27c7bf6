//! Pages of a long thread: a relation that is never loaded, only queried. By key, a page costs what stands on it and
//! nobody sees a post twice while others write; by offset, everybody who writes moves the pages.

use std::collections::BTreeSet;

use diptych::prelude::*;

use crate::budget;
use crate::model::{Post, Thread};
use crate::print::{Grid, grouped, heading, quote};

const POSTS: i64 = 500;
const SIZE: u64 = 25;
/// Later than whatever the forum holds.
const LATE: i64 = 1 << 40;

/// Where a page ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Cursor {
    created_at: i64,
    id: Id<Post>,
}

impl Cursor {
    fn of(post: &Post) -> Self {
        Cursor { created_at: post.created_at, id: post.id }
    }
}

/// The posts of a thread as a query, newest first: filtered, counted and paged, never loaded as a whole.
fn posts_of(thread: Id<Thread>) -> Query<Post> {
    let posts = Post::select().filter(Post::thread_id.eq(thread));
    posts.order_by(Post::created_at.desc()).order_by(Post::id.desc()).limit(SIZE)
}

/// The page that begins behind a cursor. The first condition is implied by the second, and an index can seek it.
fn after(query: Query<Post>, cursor: Cursor) -> Query<Post> {
    let before = Post::created_at.lt(cursor.created_at);
    let same = Post::created_at.eq(cursor.created_at).and(Post::id.lt(cursor.id));
    query.filter(Post::created_at.le(cursor.created_at)).filter(before.or(same))
}

/// Reads a thread page by page, both ways, while somebody writes between each two pages.
pub fn pages(database: &Database) -> Result<()> {
    heading(7, "Pages of a long thread, while others write in it");
    let fork = database.fork();
    let thread = long_thread(&fork)?;
    let there: BTreeSet<Cursor> = all(&fork, thread)?;
    let mut grid = Grid::new(["pages", "posts seen", "seen twice", "rows read by the last page"]);

    let (mut seen, mut cursor, mut last) = (Vec::new(), None, 0);
    loop {
        let query = cursor.map_or(posts_of(thread), |it| after(posts_of(thread), it));
        let (page, read) = page(&fork, query)?;
        let Some(end) = page.last() else { break };
        (cursor, last) = (Some(*end), read);
        seen.extend(page);
        write_one(&fork, thread)?;
    }
    let once: BTreeSet<Cursor> = seen.iter().copied().collect();
    assert_eq!(once.len(), seen.len(), "by key nobody sees a post twice");
    assert!(once == there, "and sees every post that was there at the beginning");
    assert!(last <= 2 * SIZE, "the last page reads its own rows, not those before it: {last}");
    grid.line(["by key".to_owned(), grouped(seen.len() as u64), "0".to_owned(), grouped(last)]);

    let (mut seen, mut last) = (Vec::new(), 0);
    for number in 0..there.len() as u64 / SIZE {
        let (page, read) = page(&fork, posts_of(thread).offset(number * SIZE))?;
        seen.extend(page);
        last = read;
        write_one(&fork, thread)?;
    }
    let once: BTreeSet<Cursor> = seen.iter().copied().collect();
    let twice = seen.len() - once.len();
    assert!(twice > 0, "by offset every new post pushes one over the edge of the page");
    grid.line(["by offset".to_owned(), grouped(seen.len() as u64), twice.to_string(), grouped(last)]);
    quote(&grid);
    Ok(())
}

fn page(database: &Database, query: Query<Post>) -> Result<(Vec<Cursor>, u64)> {
    let read = |session: &Session| Ok(session.all(query)?.iter().map(|it| Cursor::of(&it)).collect::<Vec<_>>());
    let (page, totals) = budget::measured(database, read)?;
    assert_eq!(totals.statements, 1, "a page is one statement");
    Ok((page, totals.rows_read))
}

fn all(database: &Database, thread: Id<Thread>) -> Result<BTreeSet<Cursor>> {
    let posts = database.session();
    let posts = posts.all(Post::select().filter(Post::thread_id.eq(thread)))?;
    Ok(posts.iter().map(|it| Cursor::of(&it)).collect())
}

/// A thread with pairs of posts of the same moment, so that the moment alone is no key.
fn long_thread(database: &Database) -> Result<Id<Thread>> {
    database.transaction(|session| {
        let forum = session.first(crate::model::Forum::select())?.expect("there are forums").id;
        let thread = session.add(Thread { forum_id: forum, title: "Everybody writes".into(), ..Thread::draft() });
        for number in 0..POSTS {
            let created_at = LATE + number / 2;
            session.push(thread, Thread::posts, Post { body: "…".into(), created_at, ..Post::draft() })?;
        }
        session.flush()?;
        Ok(session[thread].id)
    })
}

/// Appends without loading what is there.
fn write_one(database: &Database, thread: Id<Thread>) -> Result<()> {
    database.transaction(|session| {
        session.add(Post { thread_id: thread, body: "Me, too".into(), created_at: 2 * LATE, ..Post::draft() });
        Ok(())
    })
}
