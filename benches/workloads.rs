//! Criterion benches on a forum of 20,000 posts: each workload by Diptych, SQLite and hand-written code in the same run.
//!
//! `cargo bench --bench workloads`. The results of all three are compared before anything is timed. For ratios on the
//! medium forum, `cargo bench --bench ratios`.

#![allow(missing_docs, reason = "criterion's macro makes a public function")]

#[allow(dead_code, reason = "the ratios measure more")]
mod forum;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use forum::ours::Strategy;
use forum::{generate, next, ours, raw, sqlite};

const POSTS: usize = 20_000;

fn insert(criterion: &mut Criterion) {
    let data = generate(POSTS);
    let mut group = criterion.benchmark_group("bulk insert");
    group.sample_size(10).throughput(Throughput::Elements(data.rows() as u64));
    group.bench_function("diptych", |b| b.iter_with_large_drop(|| ours::fill(&data)));
    group.bench_function("diptych by unit of work", |b| b.iter_with_large_drop(|| ours::fill_by_session(&data)));
    group.bench_function("by hand", |b| b.iter_with_large_drop(|| raw::fill(&data)));
    group.bench_function("rusqlite", |b| b.iter_with_large_drop(|| sqlite::fill(&data)));
}

fn lookup(criterion: &mut Criterion) {
    let data = generate(POSTS);
    let (database, by_hand, lite) = (ours::fill(&data), raw::fill(&data), sqlite::fill(&data));
    let mut seed = 7;
    let keys: Vec<i64> = (0..1000).map(|_| 1 + (next(&mut seed) % POSTS as u64) as i64).collect();
    let expected = raw::lookup(&by_hand, &keys);
    assert_eq!(ours::lookup(&database.session(), &keys), expected);
    assert_eq!(sqlite::lookup(&lite, &keys), expected);
    let mut group = criterion.benchmark_group("1000 objects by key");
    group.bench_function("diptych", |b| {
        b.iter_batched_ref(|| database.session(), |session| ours::lookup(session, &keys), BatchSize::LargeInput);
    });
    group.bench_function("by hand", |b| b.iter(|| raw::lookup(&by_hand, &keys)));
    group.bench_function("rusqlite", |b| b.iter(|| sqlite::lookup(&lite, &keys)));
}

fn load(criterion: &mut Criterion) {
    let data = generate(POSTS);
    let (database, by_hand, lite) = (ours::fill(&data), raw::fill(&data), sqlite::fill(&data));
    let expected = raw::threads_with_posts(&by_hand);
    let strategies = [
        ("lazy", Strategy::Lazy, sqlite::threads_lazily as fn(&_) -> _),
        ("selectin", Strategy::Selectin, sqlite::threads_by_keys as fn(&_) -> _),
        ("joined", Strategy::Joined, sqlite::threads_joined as fn(&_) -> _),
    ];
    let mut group = criterion.benchmark_group("threads with posts");
    group.sample_size(20);
    group.bench_function("by hand", |b| b.iter(|| raw::threads_with_posts(&by_hand)));
    for (name, strategy, by_sqlite) in strategies {
        assert_eq!(ours::threads_with_posts(&database, strategy), expected);
        assert_eq!(by_sqlite(&lite), expected);
        group.bench_function(format!("diptych {name}"), |b| {
            b.iter(|| ours::threads_with_posts(&database, strategy));
        });
        group.bench_function(format!("rusqlite {name}"), |b| b.iter(|| by_sqlite(&lite)));
    }
}

fn delete(criterion: &mut Criterion) {
    let data = generate(POSTS);
    let by_hand = raw::fill(&data);
    let expected = raw::delete_forum(&mut by_hand.clone());
    assert_eq!(ours::delete_forum(&ours::fill(&data)), expected);
    assert_eq!(sqlite::delete_forum(&sqlite::fill(&data)), expected);
    let mut group = criterion.benchmark_group("cascade delete");
    group.sample_size(10);
    group.bench_function("diptych", |b| {
        b.iter_batched(|| ours::fill(&data), |it| ours::delete_forum(&it), BatchSize::PerIteration);
    });
    group.bench_function("by hand", |b| {
        b.iter_batched_ref(|| by_hand.clone(), raw::delete_forum, BatchSize::PerIteration);
    });
    group.bench_function("rusqlite", |b| {
        b.iter_batched(|| sqlite::fill(&data), |it| sqlite::delete_forum(&it), BatchSize::PerIteration);
    });
}

fn fork(criterion: &mut Criterion) {
    let data = generate(POSTS);
    let (database, by_hand, lite) = (ours::fill(&data), raw::fill(&data), sqlite::fill(&data));
    let mut group = criterion.benchmark_group("fork, change a row, drop");
    group.sample_size(20);
    group.bench_function("diptych", |b| b.iter(|| ours::fork_and_change(&database)));
    group.bench_function("by hand", |b| b.iter(|| raw::copy_and_change(&by_hand)));
    group.bench_function("rusqlite", |b| b.iter(|| sqlite::copy_and_change(&lite)));
}

fn flush(criterion: &mut Criterion) {
    let data = generate(POSTS);
    let (database, mut by_hand, mut lite) = (ours::fill(&data), raw::fill(&data), sqlite::fill(&data));
    let expected = raw::unit_of_work(&mut by_hand, 2_000);
    assert_eq!(ours::unit_of_work(&database, 2_000), expected);
    assert_eq!(sqlite::unit_of_work(&mut lite, 2_000), expected);
    let mut group = criterion.benchmark_group("load 2000, change every second, flush");
    group.bench_function("diptych", |b| b.iter(|| ours::unit_of_work(&database, 2_000)));
    group.bench_function("by hand", |b| b.iter(|| raw::unit_of_work(&mut by_hand, 2_000)));
    group.bench_function("rusqlite", |b| b.iter(|| sqlite::unit_of_work(&mut lite, 2_000)));
}

criterion_group!(benches, insert, lookup, load, delete, fork, flush);
criterion_main!(benches);
