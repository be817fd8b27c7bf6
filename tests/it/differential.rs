//! Random schemas and histories run here and on SQLite, and must do the same at every step.
//!
//! A history is a list of row-level operations on a random schema: keys that fill themselves and keys that do not, text
//! and composite keys, unique and partial keys, upserts, checks, self-references, rings, all five actions on both
//! events, deferred keys.
//! After every operation both sides must have accepted or refused it alike and hold the same rows; what was refused
//! must have changed nothing; the structure of the image must be sound (T1 to T4), and a naive judge must find every
//! constraint satisfied. A [`Difference`] that is meant has a name and a reason; anything else fails the test and
//! prints the smallest schema and history found, as SQL.
//!
//! `DIPTYCH_HISTORIES` sets how many histories run, `DIPTYCH_SEED` with which seed the first one starts.

pub(crate) mod cell;
pub(crate) mod choices;
mod compare;
mod difference;
mod history;
mod ours;
mod queries;
pub(crate) mod query;
mod query_terms;
mod query_text;
mod query_windows;
mod render;
mod rules;
pub(crate) mod schema;
mod shrink;
mod side;
mod sqlite;
pub(crate) mod worlds;

use std::collections::BTreeMap;

use choices::Choices;
use compare::{Tally, Verdict, compare};
use difference::Difference;
use history::Operation;
use schema::SchemaSpec;
use shrink::Case;
use sqlite::Sqlite;

/// What only PostgreSQL does otherwise.
const OF_POSTGRESQL: [Difference; 2] = [Difference::DefaultJudgedAtOnce, Difference::JudgedInTurn];

/// What many histories came to.
#[derive(Default)]
struct Summary {
    tally: Tally,
    differences: BTreeMap<Difference, usize>,
}

pub(crate) fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |it| it.parse().expect("a number"))
}

/// Runs one history. Where the sides differ as they should, the operation is dropped and the history starts again, so
/// that everything after it is compared too.
fn run(seed: u64, summary: &mut Summary) {
    let mut choices = Choices::new(seed);
    let schema = SchemaSpec::random(&mut choices);
    let upserts = if seed.is_multiple_of(2) { 0 } else { 30 };
    let history = history::random(&schema, &mut choices, &mut Sqlite::new(&schema), Vec::new(), upserts);
    let mut compare =
        |schema: &SchemaSpec, history: &[Operation]| match compare(schema, history, &mut Sqlite::new(schema)) {
            Verdict::Named(at, difference) if OF_POSTGRESQL.contains(&difference) => {
                Verdict::Wrong(compare::Mismatch { at, why: format!("{difference:?} is not meant here") })
            }
            other => other,
        };
    let mut case = Case { schema, history };
    loop {
        match compare(&case.schema, &case.history) {
            Verdict::Agreed(tally) => {
                summary.tally.add(tally);
                return;
            }
            Verdict::Named(at, difference) => {
                *summary.differences.entry(difference).or_default() += 1;
                case.history.remove(at);
            }
            Verdict::Wrong(_) => {
                let case = case.shrink(&mut compare);
                let mismatch = case.mismatch(&mut compare).expect("shrinking keeps the mismatch");
                panic!("seed {seed}: {}\n\n{}", mismatch.why, case.sql(mismatch.at));
            }
        }
    }
}

#[test]
fn histories_end_here_as_they_do_on_sqlite() {
    const USUAL: u64 = 2_000;
    const THREADS: u64 = 2;
    let (count, first) = (setting("DIPTYCH_HISTORIES", USUAL), setting("DIPTYCH_SEED", 0));
    let part = |thread: u64| {
        let mut summary = Summary::default();
        (first..first + count).filter(|it| it % THREADS == thread).for_each(|seed| run(seed, &mut summary));
        summary
    };
    let summaries: Vec<Summary> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|it| scope.spawn(move || part(it))).collect();
        let joined = threads.into_iter().map(|it| it.join());
        joined.map(|it| it.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    let mut all = Summary::default();
    for summary in summaries {
        all.tally.add(summary.tally);
        for (difference, times) in summary.differences {
            *all.differences.entry(difference).or_default() += times;
        }
    }
    let Tally { accepted, with_actions, refused } = all.tally;
    println!("{count} histories: {accepted} operations accepted, {with_actions} with actions; {refused} refused");
    all.differences.iter().for_each(|(difference, times)| println!("{times:8} × {difference:?}"));
    assert!(accepted > refused && with_actions * 40 > accepted, "histories that are mostly refused show little");
}
