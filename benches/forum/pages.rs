//! Pages of posts in the order of their keys, by every contender: what comes after a key, and what comes after so many
//! rows.

use std::collections::BTreeMap;

use diptych::prelude::*;

use super::{Post, raw::Raw, sqlite};

/// How many posts are on a page.
pub const PAGE: usize = 20;

/// The sum of the scores on the pages after some keys.
pub fn after_ours(database: &Database, keys: &[i64]) -> i64 {
    let session = database.session();
    let page = |key: i64| Post::select().filter(Post::id.gt(Id::new(key))).order_by(Post::id).limit(PAGE as u64);
    keys.iter().map(|&it| scores(&session.all(page(it)).expect("the query works"))).sum()
}

/// The sum of the scores on the pages that begin at some positions.
pub fn at_ours(database: &Database, offsets: &[i64]) -> i64 {
    let session = database.session();
    let page = |offset: i64| Post::select().order_by(Post::id).limit(PAGE as u64).offset(offset as u64);
    offsets.iter().map(|&it| scores(&session.all(page(it)).expect("the query works"))).sum()
}

fn scores(posts: &Views<'_, Post>) -> i64 {
    posts.iter().map(|it| it.score).sum()
}

/// The places of the posts by their keys, in order.
pub fn in_order(raw: &Raw) -> BTreeMap<i64, usize> {
    raw.post_by_id.iter().map(|(&key, &at)| (key, at)).collect()
}

fn copied<'r>(raw: &Raw, places: impl Iterator<Item = &'r usize>) -> i64 {
    let page: Vec<Post> = places.take(PAGE).filter_map(|&at| raw.posts[at].clone()).collect();
    std::hint::black_box(&page).iter().map(|it| it.score).sum()
}

/// What comes after a key, by hand.
pub fn after_raw(raw: &Raw, order: &BTreeMap<i64, usize>, keys: &[i64]) -> i64 {
    keys.iter().map(|&it| copied(raw, order.range(it + 1..).map(|it| it.1))).sum()
}

/// What comes after so many rows, by hand.
pub fn at_raw(raw: &Raw, order: &BTreeMap<i64, usize>, offsets: &[i64]) -> i64 {
    offsets.iter().map(|&it| copied(raw, order.values().skip(it as usize))).sum()
}

fn by_sqlite(connection: &rusqlite::Connection, end: &str, parameters: &[i64]) -> i64 {
    let sql = format!("{} {end}", sqlite::POST);
    let mut statement = connection.prepare_cached(&sql).expect("the statement is right");
    let mut sum = 0;
    for parameter in parameters {
        let page = statement.query_map([parameter], sqlite::read_post).expect("the query works");
        let page: Vec<Post> = page.map(|it| it.expect("a row")).collect();
        sum += page.iter().map(|it| it.score).sum::<i64>();
    }
    sum
}

/// What comes after a key, by SQLite.
pub fn after_sqlite(connection: &rusqlite::Connection, keys: &[i64]) -> i64 {
    by_sqlite(connection, &format!("WHERE id > ? ORDER BY id LIMIT {PAGE}"), keys)
}

/// What comes after so many rows, by SQLite.
pub fn at_sqlite(connection: &rusqlite::Connection, offsets: &[i64]) -> i64 {
    by_sqlite(connection, &format!("ORDER BY id LIMIT {PAGE} OFFSET ?"), offsets)
}
