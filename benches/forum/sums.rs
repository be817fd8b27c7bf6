//! Sums and counts over all votes, by every contender: of each post, and of the ten posts with the greatest sums.

use diptych::prelude::*;
use diptych::{Aggregate, Direction, Select, aggregate, col, count};

use super::raw::Raw;

/// A post, the sum of its votes, and how many there are.
pub type Sum = (i64, i64, i64);

fn sums() -> Select {
    let sum = aggregate(Aggregate::Sum, col("value"));
    Select::from("votes").values([col("post_id"), sum, count()]).group_by([col("post_id")])
}

fn run_ours(database: &Database, query: Select) -> Vec<Sum> {
    let found = database.connect().execute(query).expect("the query works").rows;
    found.typed::<Sum>().expect("three numbers")
}

/// How many posts have votes, and a sum over them.
pub fn all_ours(database: &Database) -> (usize, i64) {
    summed(run_ours(database, sums()))
}

/// The ten posts with the greatest sums.
pub fn greatest_ours(database: &Database) -> Vec<Sum> {
    let by_sum = sums().order_by(aggregate(Aggregate::Sum, col("value")), Direction::Descending);
    run_ours(database, by_sum.order_by(col("post_id"), Direction::Ascending).limit(10))
}

fn summed(sums: impl IntoIterator<Item = Sum>) -> (usize, i64) {
    sums.into_iter().fold((0, 0), |(many, all), it| (many + 1, all + it.0 * it.2 + it.1))
}

/// The same by hand: from one array into another, which has a place for each post.
fn sums_raw(raw: &Raw) -> impl Iterator<Item = Sum> {
    let mut sums = vec![(0_i64, 0_i64); raw.posts.len() + 1];
    for vote in raw.votes.iter().flatten() {
        let sum = &mut sums[vote.post_id.get().expect("a key") as usize];
        *sum = (sum.0 + vote.value, sum.1 + 1);
    }
    let found = sums.into_iter().enumerate().filter(|(_, it)| it.1 > 0);
    found.map(|(post, (sum, count))| (post as i64, sum, count))
}

/// How many posts have votes, and a sum over them, by hand.
pub fn all_raw(raw: &Raw) -> (usize, i64) {
    summed(sums_raw(raw))
}

/// The ten greatest by hand.
pub fn greatest_raw(raw: &Raw) -> Vec<Sum> {
    let mut sums: Vec<Sum> = sums_raw(raw).collect();
    let order = |it: &Sum| (std::cmp::Reverse(it.1), it.0);
    if sums.len() > 10 {
        sums.select_nth_unstable_by_key(9, order);
        sums.truncate(10);
    }
    sums.sort_unstable_by_key(order);
    sums
}

const SUMS: &str = "SELECT post_id, SUM(value), COUNT(*) FROM votes GROUP BY post_id";

fn run_sqlite<T>(
    connection: &rusqlite::Connection,
    sql: &str,
    of: impl FnOnce(&mut dyn Iterator<Item = Sum>) -> T,
) -> T {
    let mut statement = connection.prepare_cached(sql).expect("the statement is right");
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let found = statement.query_map([], read).expect("the query works");
    of(&mut found.map(|it| it.expect("a row")))
}

/// How many posts have votes, and a sum over them, by SQLite.
pub fn all_sqlite(connection: &rusqlite::Connection) -> (usize, i64) {
    run_sqlite(connection, SUMS, |rows| summed(rows))
}

/// The ten greatest by SQLite.
pub fn greatest_sqlite(connection: &rusqlite::Connection) -> Vec<Sum> {
    run_sqlite(connection, &format!("{SUMS} ORDER BY 2 DESC, 1 LIMIT 10"), |rows| rows.collect())
}
