//! What each layer costs an object: the statement, its rows, the objects that are made of them, the identity map, views,
//! and the way back.
//!
//! `cargo bench --bench layers` (`-- POSTS` for another size). Each line is the median of some rounds; a line that says
//! *more* is what the work takes beyond the line of the layer under it.

#[allow(dead_code, reason = "the ratios measure more")]
mod forum;

use std::hint::black_box;
use std::time::Instant;

use diptych::prelude::*;
use diptych::query::{Input, Places};
use diptych::{Connection, Select, Value};
use forum::{Post, generate, ours};

const ROUNDS: usize = 7;

/// The median of what the rounds took, in nanoseconds for each of so many.
fn median(many: usize, mut round: impl FnMut() -> f64) -> f64 {
    let mut times: Vec<f64> = (0..ROUNDS).map(|_| round()).collect();
    times.sort_by(f64::total_cmp);
    times[ROUNDS / 2] / many as f64
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let result = black_box(work());
    (result, start.elapsed().as_nanos() as f64)
}

fn print(layer: &str, nanoseconds: f64) {
    println!("{layer:<64} {nanoseconds:>8.0} ns");
}

fn main() {
    let posts = std::env::args().filter_map(|it| it.parse().ok()).next().unwrap_or(100_000);
    let database = ours::fill(&generate(posts));
    println!("{posts} posts, for each");
    let places = tables(posts, &database);
    objects(posts, &database, places);
    changes(posts, &database);
}

/// Statements and their rows; returns what a row costs whose place is all that is asked.
fn tables(posts: usize, database: &Database) -> f64 {
    let (mut connection, mut found) = (database.connect(), Places::default());
    let by_key = connection.prepare(Select::from("posts").by_keys(["id"]).into()).expect("it is right");
    let all = connection.prepare(Select::from("posts").into()).expect("it is right");
    let statement = median(posts, || {
        let look_up = |key: usize| {
            connection.locate(&by_key, Input::Keys(&[Value::Int(key as i64)]), &mut found).expect("it runs");
            assert_eq!(found.len(), 1);
        };
        timed(|| (1..=posts).for_each(look_up)).1
    });
    print("statement: run by one key, prepared", statement);
    let places = median(posts, || {
        let (count, time) = timed(|| {
            connection.locate(&all, Input::Values(&[]), &mut found).expect("it runs");
            found.len()
        });
        assert_eq!(count, posts);
        time
    });
    print("rows: their places", places);
    let shared = median(posts, || timed(|| connection.run(&all, Input::Values(&[])).expect("it runs").rows).1);
    print("rows: shared one by one", shared);
    places
}

/// Objects, the identity map, views and references.
fn objects(posts: usize, database: &Database, places: f64) {
    let mut times = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        let session = database.session();
        times[0].push(timed(|| session.all(Post::select()).expect("it runs")).1);
        let (views, known) = timed(|| session.all(Post::select()).expect("it runs"));
        times[1].push(known);
        times[2].push(timed(|| views.iter().map(|it| it.score).sum::<i64>()).1);
        let views = session.all(Post::select().loading(Post::author.selectin())).expect("it runs");
        let authors = || views.iter().map(|it| it.load(Post::author).expect("it is there").karma).sum::<i64>();
        times[3].push(timed(authors).1);
    }
    let [new, known, viewed, followed] = times.map(|all| {
        let mut all = all.into_iter();
        median(posts, || all.next().expect("one for each round"))
    });
    print("hydration: a new object of a row, more", new - places);
    print("identity: the object that is known by a row's key, more", known - places);
    print("a view of an object", viewed);
    print("a reference that is known, and a view of its target, more", followed - viewed);
}

/// The way back: an edit, its flush, and the commit.
fn changes(posts: usize, database: &Database) {
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        let fork = database.fork();
        let mut session = fork.session();
        let all = session.all(Post::select()).expect("it runs").references();
        times[0].push(timed(|| all.iter().for_each(|&it| session.edit(it).expect("it is there").score += 1)).1);
        times[1].push(timed(|| session.flush().expect("it runs")).1);
        times[2].push(timed(|| session.commit().expect("nobody else is there")).1);
    }
    let names = ["unit of work: an edit", "unit of work: the flush of an edit", "unit of work: the commit"];
    for (name, all) in names.into_iter().zip(times) {
        let mut all = all.into_iter();
        print(name, median(posts, || all.next().expect("one for each round")));
    }
}
