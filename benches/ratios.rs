//! The medium forum in one run: each workload by every contender in turn, the medians, and their ratios.
//!
//! `cargo bench --bench ratios` (`-- POSTS` for another size, `-- W3 W5` for some workloads alone). Ratios are what to
//! read: times belong to a machine. On a machine with others, read the quotients of the least times, which come last.

mod forum;
mod resident;

use std::hint::black_box;
use std::sync::{Mutex, RwLock};
use std::time::{Duration, Instant};

use diptych::Database;
use forum::beside::{self, Whose};
use forum::ours::Strategy;
use forum::{Data, Thread, generate, many, next, ours, pages, raw, singly, sqlite, sums, trees};

const ROUNDS: usize = 7;

struct Row {
    name: &'static str,
    units: usize,
    times: [Vec<Duration>; 3],
}

fn timed<T>(into: &mut Vec<Duration>, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = black_box(work());
    into.push(start.elapsed());
    result
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Whether a workload is asked for.
fn is_wanted(name: &str) -> bool {
    let mut asked = std::env::args().skip(1).filter(|it| it.starts_with('W')).peekable();
    asked.peek().is_none() || asked.any(|it| name.starts_with(&it))
}

/// Runs each contender `ROUNDS` times, in turn, and makes sure that they agree.
fn contest<T: PartialEq + std::fmt::Debug>(
    name: &'static str,
    units: usize,
    mut ours: impl FnMut(&mut Vec<Duration>) -> T,
    mut raw: impl FnMut(&mut Vec<Duration>) -> T,
    mut sqlite: impl FnMut(&mut Vec<Duration>) -> T,
) -> Row {
    let mut times: [Vec<Duration>; 3] = Default::default();
    let rounds = if is_wanted(name) { ROUNDS } else { 0 };
    for _ in 0..rounds {
        let results = [ours(&mut times[0]), raw(&mut times[1]), sqlite(&mut times[2])];
        assert_eq!(results[0], results[1], "{name}: ours and by hand");
        assert_eq!(results[0], results[2], "{name}: ours and SQLite");
    }
    Row { name, units, times }
}

fn main() {
    if let Some((who, posts)) = resident::asked() {
        return memory(&who, posts);
    }
    let posts = std::env::args().filter_map(|it| it.parse().ok()).next().unwrap_or(100_000);
    let data = generate(posts);
    println!("{posts} posts, {} rows, {ROUNDS} rounds, medians", data.rows());
    let mut table = filling(&data);
    let (database, by_hand, mut lite) = (ours::fill(&data), raw::fill(&data), sqlite::fill(&data));
    database.audit().expect("the database is sound");
    table.extend(reading(posts, &database, &by_hand, &lite));
    table.extend(asking(posts, &database, &by_hand, &lite));
    table.extend(small(&data, &database, &by_hand, &lite));
    table.extend(beside_each_other(&data));
    table.extend(changing(posts, &database, &by_hand, &mut lite));
    table.extend(updating(&data, &database, &by_hand, &lite));
    table.push(deleting(&data, &database, &by_hand));
    table.push(answers("W8b delete a chain of replies", &trees::chain(CHAIN)));
    table.push(answers("W8c delete a post with all replies", &trees::star(posts)));
    print(table);
    if is_wanted("W15") {
        print_memory(posts as u64);
    }
}

/// Prints what a contender holds for each row of the forum.
fn memory(who: &str, posts: u64) {
    let data = generate(posts as usize);
    let rows = data.rows() as u64;
    match who {
        "ours" => resident::report(rows, || ours::fill(&data)),
        "by hand" => resident::report(rows, || raw::fill(&data)),
        _ => resident::report(rows, || sqlite::fill(&data)),
    }
}

fn print_memory(posts: u64) {
    let [ours, by_hand, lite] =
        ["ours", "by hand", "rusqlite"].map(|who| resident::in_a_process_of_its_own(who, posts));
    println!("{:<36} {ours:>12} {by_hand:>12} {lite:>12}", "W15 bytes a row");
}

fn filling(data: &Data) -> Vec<Row> {
    let rows = data.rows();
    vec![
        contest(
            "W1 bulk insert",
            rows,
            |t| drop_later(timed(t, || ours::fill(data)), rows),
            |t| drop_later(timed(t, || raw::fill(data)), rows),
            |t| drop_later(timed(t, || sqlite::fill(data)), rows),
        ),
        contest(
            "W1u bulk insert by session",
            rows,
            |t| drop_later(timed(t, || ours::fill_by_session(data)), rows),
            |t| drop_later(timed(t, || raw::fill(data)), rows),
            |t| drop_later(timed(t, || sqlite::fill(data)), rows),
        ),
    ]
}

fn reading(posts: usize, database: &Database, by_hand: &raw::Raw, lite: &rusqlite::Connection) -> Vec<Row> {
    let mut seed = 7;
    let keys: Vec<i64> = (0..posts / 2).map(|_| 1 + (next(&mut seed) % posts as u64) as i64).collect();
    let mut table = vec![contest(
        "W3 object by key",
        keys.len(),
        |t| {
            let session = database.session();
            timed(t, || ours::lookup(&session, &keys))
        },
        |t| timed(t, || raw::lookup(by_hand, &keys)),
        |t| timed(t, || sqlite::lookup(lite, &keys)),
    )];
    let strategies = [
        ("W5a threads → posts, lazy", Strategy::Lazy, sqlite::threads_lazily as fn(&_) -> _),
        ("W5b threads → posts, selectin", Strategy::Selectin, sqlite::threads_by_keys as fn(&_) -> _),
        ("W5c threads → posts, joined", Strategy::Joined, sqlite::threads_joined as fn(&_) -> _),
        ("W5d threads → posts, subquery", Strategy::Subquery, sqlite::threads_by_subquery as fn(&_) -> _),
    ];
    for (name, strategy, by_sqlite) in strategies {
        table.push(contest(
            name,
            posts,
            |t| timed(t, || ours::threads_with_posts(database, strategy)),
            |t| timed(t, || raw::threads_with_posts(by_hand)),
            |t| timed(t, || by_sqlite(lite)),
        ));
    }
    table.push(contest(
        "W6 threads → posts → tags, selectin",
        posts,
        |t| timed(t, || ours::threads_with_tags(database)),
        |t| timed(t, || raw::threads_with_tags(by_hand)),
        |t| timed(t, || sqlite::threads_with_tags(lite)),
    ));
    table.push(contest(
        "W7 posts → authors, identity map",
        posts,
        |t| timed(t, || ours::posts_with_authors(database)),
        |t| timed(t, || raw::posts_with_authors(by_hand)),
        |t| timed(t, || sqlite::posts_with_authors(lite)),
    ));
    table
}

/// Pages, and sums over all votes.
fn asking(posts: usize, database: &Database, by_hand: &raw::Raw, lite: &rusqlite::Connection) -> Vec<Row> {
    let mut seed = 11;
    let keys: Vec<i64> = (0..1000).map(|_| (next(&mut seed) % posts as u64) as i64).collect();
    let deep: Vec<i64> = (0..10).map(|it| (posts / 2 + it) as i64).collect();
    let order = pages::in_order(by_hand);
    vec![
        contest(
            "W11a a page after a key",
            keys.len(),
            |t| timed(t, || pages::after_ours(database, &keys)),
            |t| timed(t, || pages::after_raw(by_hand, &order, &keys)),
            |t| timed(t, || pages::after_sqlite(lite, &keys)),
        ),
        contest(
            "W11b a page by OFFSET, half way",
            deep.len(),
            |t| timed(t, || pages::at_ours(database, &deep)),
            |t| timed(t, || pages::at_raw(by_hand, &order, &deep)),
            |t| timed(t, || pages::at_sqlite(lite, &deep)),
        ),
        contest(
            "W12a sums and counts of votes",
            2 * posts,
            |t| timed(t, || sums::all_ours(database)),
            |t| timed(t, || sums::all_raw(by_hand)),
            |t| timed(t, || sums::all_sqlite(lite)),
        ),
        contest(
            "W12b the ten greatest of them",
            2 * posts,
            |t| timed(t, || sums::greatest_ours(database)),
            |t| timed(t, || sums::greatest_raw(by_hand)),
            |t| timed(t, || sums::greatest_sqlite(lite)),
        ),
    ]
}

/// A reader and a writer at the same time.
fn beside_each_other(data: &Data) -> Vec<Row> {
    let own = ours::fill(data);
    let (by_hand, lite) = (RwLock::new(raw::fill(data)), Mutex::new(sqlite::fill(data)));
    let rows = (data.posts.len(), data.users.len());
    let takes = |t: &mut Vec<Duration>, (took, result): (Duration, i64)| {
        t.push(took);
        result
    };
    let kinds = [
        ("W14 a read, nobody else there", Whose::ReaderAlone, 500),
        ("W14 a read beside a writer", Whose::Reader, 500),
        ("W14 a commit beside a reader", Whose::Writer, 200),
    ];
    let race = |(name, whose, steps): (&'static str, Whose, usize)| {
        contest(
            name,
            beside::units(steps),
            |t| takes(t, beside::ours(&own, whose, steps, rows)),
            |t| takes(t, beside::by_hand(&by_hand, whose, steps, rows)),
            |t| takes(t, beside::lite(&lite, whose, steps, rows)),
        )
    };
    kinds.map(race).into()
}

/// What is small, so that what stands around a statement counts.
fn small(data: &Data, database: &Database, by_hand: &raw::Raw, lite: &rusqlite::Connection) -> Vec<Row> {
    let emails: Vec<&str> = data.users.iter().map(|it| it.email.as_str()).collect();
    let further = singly::further_posts(data, (data.posts.len() / 10).max(100));
    let bare = singly::without_posts(data);
    let threads = bare.threads.len();
    let (bare_ours, bare_raw, bare_lite) = (ours::fill(&bare), raw::fill(&bare), sqlite::fill(&bare));
    let schema = bare_ours.schema().clone();
    let ready = 100;
    let hundred = |make: &mut dyn FnMut()| (0..ready).map(|_| make()).count();
    vec![
        contest(
            "W2 one row in a transaction",
            further.len(),
            |t| {
                let own = ours::fill(data);
                timed(t, || singly::insert_each_ours(&own, &further))
            },
            |t| {
                let mut own = by_hand.clone();
                timed(t, || singly::insert_each_raw(&mut own, &further))
            },
            |t| {
                let own = sqlite::fill(data);
                timed(t, || singly::insert_each_sqlite(&own, &further))
            },
        ),
        contest(
            "W4 object by text key",
            emails.len(),
            |t| {
                let session = database.session();
                timed(t, || singly::by_email_ours(&session, &emails))
            },
            |t| timed(t, || singly::by_email_raw(by_hand, &emails)),
            |t| timed(t, || singly::by_email_sqlite(lite, &emails)),
        ),
        contest(
            "W16 empty database, schema known",
            ready,
            |t| timed(t, || hundred(&mut || drop(std::hint::black_box(Database::new(schema.clone()))))),
            |t| timed(t, || hundred(&mut || drop(std::hint::black_box(raw::Raw::default())))),
            |t| timed(t, || hundred(&mut || drop(std::hint::black_box(sqlite::empty())))),
        ),
        contest(
            "W16 the same with its schema built",
            ready,
            |t| timed(t, || hundred(&mut || drop(std::hint::black_box(ours::empty())))),
            |t| timed(t, || hundred(&mut || drop(std::hint::black_box(raw::Raw::default())))),
            |t| timed(t, || hundred(&mut || drop(std::hint::black_box(sqlite::empty())))),
        ),
        contest(
            "W17 lazy load of an empty collection",
            threads,
            |t| {
                let session = bare_ours.session();
                let threads = session.all(Thread::select()).expect("the query works").references();
                timed(t, || singly::empty_ours(&session, &threads))
            },
            |t| timed(t, || singly::empty_raw(&bare_raw, threads)),
            |t| timed(t, || singly::empty_sqlite(&bare_lite, threads)),
        ),
    ]
}

/// How many forks one round makes: one is over before a clock has warmed up.
const FORKS: usize = 100;

fn changing(posts: usize, database: &Database, by_hand: &raw::Raw, lite: &mut rusqlite::Connection) -> Vec<Row> {
    let mut own = by_hand.clone();
    let work = contest(
        "W10 load 10 k, change 5 k, flush",
        10_000.min(posts),
        |t| timed(t, || ours::unit_of_work(database, 10_000)),
        |t| timed(t, || raw::unit_of_work(&mut own, 10_000)),
        |t| timed(t, || sqlite::unit_of_work(lite, 10_000)),
    );
    // The rivals copy the whole database each time, so one copy stands for a hundred.
    let copied = |t: &mut Vec<Duration>, copy: &mut dyn FnMut() -> i64| {
        let score = timed(t, copy);
        if let Some(last) = t.last_mut() {
            *last *= FORKS as u32;
        }
        score
    };
    let bare = contest(
        "W13a fork, drop",
        FORKS,
        |t| {
            timed(t, || {
                (0..FORKS).map(|_| i64::from(!black_box(database.fork()).schema().tables().is_empty())).sum::<i64>()
                    / FORKS as i64
            })
        },
        |t| copied(t, &mut || i64::from(!black_box(by_hand.clone()).posts.is_empty())),
        |t| copied(t, &mut || i64::from(black_box(sqlite::copy(lite)).is_autocommit())),
    );
    let fork = contest(
        "W13b fork, change a row, drop",
        FORKS,
        |t| timed(t, || (0..FORKS).map(|_| ours::fork_and_change(database)).sum::<i64>() / FORKS as i64),
        |t| copied(t, &mut || raw::copy_and_change(by_hand)),
        |t| copied(t, &mut || sqlite::copy_and_change(lite)),
    );
    vec![work, bare, fork]
}

/// Many rows by one statement, or by one for each thread.
fn updating(data: &Data, database: &Database, by_hand: &raw::Raw, lite: &rusqlite::Connection) -> Vec<Row> {
    let (posts, users, threads) = (data.posts.len(), data.users.len() as i64, data.threads.len());
    let mut own = by_hand.clone();
    let (fork, backs) = (database.fork(), 1..=threads as i64);
    vec![
        contest(
            "W9a all posts to other authors",
            posts,
            |t| {
                let own = ours::fill(data);
                timed(t, || many::mirror_ours(&own, users))
            },
            |t| {
                let mut copy = by_hand.clone();
                timed(t, || many::mirror_raw(&mut copy, users))
            },
            |t| {
                let copy = sqlite::fill(data);
                timed(t, || many::mirror_sqlite(&copy, users))
            },
        ),
        contest(
            "W9b all posts below other ones",
            posts - threads,
            |t| {
                let own = ours::fill(data);
                timed(t, || many::parent_ours(&own, threads as i64))
            },
            |t| {
                let mut copy = by_hand.clone();
                timed(t, || many::parent_raw(&mut copy, threads as i64))
            },
            |t| {
                let copy = sqlite::fill(data);
                timed(t, || many::parent_sqlite(&copy, threads as i64))
            },
        ),
        contest(
            "W13c scores of a thread, taken back",
            threads,
            |t| timed(t, || backs.clone().map(|it| many::taken_back_ours(&fork, it)).sum::<usize>()),
            |t| timed(t, || backs.clone().map(|it| many::taken_back_raw(&mut own, it)).sum::<usize>()),
            |t| timed(t, || backs.clone().map(|it| many::taken_back_sqlite(lite, it)).sum::<usize>()),
        ),
    ]
}

/// How deep the chain of replies is: SQLite follows no longer one.
const CHAIN: usize = 1000;

/// Posts that go with the first one.
fn answers(name: &'static str, data: &Data) -> Row {
    contest(
        name,
        data.posts.len(),
        |t| {
            let own = ours::fill(data);
            timed(t, || trees::delete_ours(&own))
        },
        |t| {
            let mut own = raw::fill(data);
            timed(t, || trees::delete_raw(&mut own))
        },
        |t| {
            let own = sqlite::fill(data);
            timed(t, || trees::delete_sqlite(&own))
        },
    )
}

fn deleting(data: &Data, database: &Database, by_hand: &raw::Raw) -> Row {
    let gone = ours::delete_forum(&database.fork());
    contest(
        "W8a delete a forum, cascade",
        gone,
        |t| {
            let own = ours::fill(data);
            timed(t, || ours::delete_forum(&own))
        },
        |t| {
            let mut copy = by_hand.clone();
            timed(t, || raw::delete_forum(&mut copy))
        },
        |t| {
            let copy = sqlite::fill(data);
            timed(t, || sqlite::delete_forum(&copy))
        },
    )
}

fn print(table: Vec<Row>) {
    println!(
        "{:<36} {:>12} {:>12} {:>12} {:>10} {:>11} {:>10} {:>11}",
        "", "diptych", "by hand", "rusqlite", "× by hand", "rusqlite ÷", "least ×", "least ÷"
    );
    for mut row in table.into_iter().filter(|it| !it.times[0].is_empty()) {
        let per_unit = |it: Duration| it.as_secs_f64() * 1e9 / row.units as f64;
        let [ours, by_hand, lite] = row.times.each_mut().map(|it| per_unit(median(it)));
        let least = row.times.each_ref().map(|it| it.iter().copied().min().map_or(0.0, per_unit));
        print!("{:<36} {ours:>9.0} ns {by_hand:>9.0} ns {lite:>9.0} ns", row.name);
        print!(" {:>10.2} {:>11.1}", ours / by_hand, lite / ours);
        println!(" {:>10.2} {:>11.1}", least[0] / least[1], least[2] / least[0]);
    }
}

/// Dropping a database is no part of filling it.
fn drop_later<T>(it: T, result: usize) -> usize {
    drop(it);
    result
}
