//! Each test runs some hundred times, each time with another order of everything that takes a lock.
#![cfg(shuttle)]

use diptych::id::{ColumnId, TableId};
use diptych::txn::{Event, Retention, Subscription, Version, WhenFull};
use diptych::{
    Column, Connection, Control, Database, Error, Expression, Insert, NativeConnection, Schema, Table, Update, Value,
    ValueRef, col,
};
use shuttle::{check_pct, check_random, thread};

const RUNS: usize = 300;

/// Two rows whose sum is 0.
fn database() -> Database {
    let rows = Table::new("rows").auto_key("id").column(Column::int("n")).index(["n"]);
    let database = Database::new(Schema::builder().table(rows).build().unwrap());
    let mut connection = database.connect();
    connection.execute(Insert::into("rows", ["n"]).row([0]).row([0])).unwrap();
    connection.control(Control::Commit).unwrap();
    database
}

fn values(database: &Database) -> Vec<i64> {
    let snapshot = database.snapshot();
    let rows = snapshot.image().table(TableId::new(0)).rows();
    rows.map(|(_, row)| if let ValueRef::Int(it) = row.get(ColumnId::new(1)) { it } else { 0 }).collect()
}

/// Moves one from the first row to the second.
fn transfer(connection: &mut NativeConnection) -> Result<(), Error> {
    for (id, by) in [(1, -1), (2, 1)] {
        connection.execute(Update::table("rows").set("n", col("n").plus(by)).filter(col("id").eq(id)))?;
    }
    connection.control(Control::Commit)
}

/// The same until it succeeds.
fn transfer_surely(database: &Database) {
    let mut connection = database.connect();
    while let Err(error) = transfer(&mut connection) {
        assert!(error.is_retryable(), "{error:#}");
        connection.control(Control::Rollback).unwrap();
        thread::yield_now();
    }
}

fn with_threads(database: &Database, all: Vec<Box<dyn FnOnce(Database) + Send>>) {
    let spawn = |it: Box<dyn FnOnce(Database) + Send>| {
        let database = database.clone();
        thread::spawn(move || it(database))
    };
    let all: Vec<_> = all.into_iter().map(spawn).collect();
    all.into_iter().for_each(|it| it.join().unwrap());
}

/// Conflicts lose no update, and no reader sees half of one.
fn commits_and_snapshots() {
    let database = database();
    let writer = || -> Box<dyn FnOnce(Database) + Send> {
        Box::new(|database| {
            transfer_surely(&database);
            transfer_surely(&database);
        })
    };
    let reader = Box::new(|database: Database| {
        let mut last = Version::new(0);
        for _ in 0..4 {
            let now = database.snapshot().version();
            assert!(now >= last);
            last = now;
            let seen = values(&database);
            assert_eq!(seen[0] + seen[1], 0);
            assert!(database.audit().is_ok());
        }
    });
    with_threads(&database, vec![writer(), writer(), reader]);
    assert_eq!(values(&database), [-4, 4]);
    database.audit().unwrap();
}

#[test]
fn no_update_is_lost_and_none_is_seen_half() {
    check_random(commits_and_snapshots, RUNS);
    check_pct(commits_and_snapshots, RUNS, 3);
}

/// One commit goes in, another one rolls back, a third one merges: the spare is handed around and never mixed up.
#[test]
fn rollback_merge_and_history_beside_commits() {
    check_random(
        || {
            let database = database();
            let fork = database.fork();
            fork.connect().execute(Insert::into("rows", ["n"]).row([0])).unwrap();
            let add = |database: Database| {
                let mut connection = database.connect();
                connection.execute(Insert::into("rows", ["id", "n"]).row([Value::Int(9), Value::Int(0)])).unwrap();
                connection.control(Control::Commit).unwrap();
            };
            add(fork.clone());
            let abandon = |database: Database| {
                for _ in 0..2 {
                    let mut connection = database.connect();
                    connection.execute(Update::table("rows").set("n", 1000)).unwrap();
                    connection.control(Control::Rollback).unwrap();
                }
            };
            let keep = |database: Database| {
                database.retain(Retention::Last(2));
                let now = database.snapshot().version();
                assert_eq!(database.at(now).map_or(now, |it| it.version()), now);
                database.retain(Retention::Current);
            };
            let merge = move |database: Database| assert!(database.merge(&fork).is_ok());
            let write = |database: Database| transfer_surely(&database);
            with_threads(&database, vec![Box::new(write), Box::new(abandon), Box::new(merge), Box::new(keep)]);
            assert_eq!(values(&database), [-1, 1, 0]);
            database.audit().unwrap();
        },
        RUNS,
    );
}

/// A subscriber with little room sees every commit in order, whoever waits for whom.
#[test]
fn a_feed_that_blocks_loses_nothing() {
    check_random(
        || {
            let database = database();
            let rebuilt = database.fork();
            let (start, feed) = database.subscribe(Subscription::bounded(1).when_full(WhenFull::Block));
            let read = move |database: Database| {
                for number in 1..=4 {
                    let Event::Commit(set) = feed.wait_next() else { panic!("a gap") };
                    assert_eq!(set.version.number(), start.version().number() + number);
                    rebuilt.replay(&set).unwrap();
                }
                assert_eq!(values(&rebuilt), values(&database));
            };
            let write = |database: Database| (0..2).for_each(|_| transfer_surely(&database));
            with_threads(&database, vec![Box::new(write), Box::new(write), Box::new(read)]);
        },
        RUNS,
    );
}

/// With gaps, commits and gaps together name every version once, and a subscriber may leave at any time.
#[test]
fn a_feed_with_gaps_names_every_version() {
    check_random(
        || {
            let database = database();
            let (start, feed) = database.subscribe(Subscription::bounded(1));
            let (_, leaver) = database.subscribe(Subscription::bounded(1).when_full(WhenFull::Block));
            let write = |database: Database| (0..2).for_each(|_| transfer_surely(&database));
            let leave = move |_: Database| drop(leaver);
            let read = move |_: Database| {
                let mut next = start.version().number() + 1;
                while next <= start.version().number() + 4 {
                    next = match feed.wait_next() {
                        Event::Commit(set) => {
                            assert_eq!(set.version.number(), next);
                            next + 1
                        }
                        Event::Gap { first, last } => {
                            assert_eq!(first.number(), next);
                            last.number() + 1
                        }
                    };
                }
            };
            with_threads(&database, vec![Box::new(write), Box::new(write), Box::new(leave), Box::new(read)]);
        },
        RUNS,
    );
}
