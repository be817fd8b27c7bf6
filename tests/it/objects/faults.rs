//! Statements that fail in the middle of a flush, each in turn: tables and session are as before, and the same flush goes
//! through once nothing is in its way.

use diptych::Value;
use diptych::object::AnyRef;
use diptych::prelude::*;
use proptest::collection::vec;
use proptest::prelude::proptest;
use proptest::test_runner::{Config, TestCaseError};

use super::doors::{Door, Fuse, over};
use super::forum::*;
use super::keeping::filled;
use super::property::cases;
use super::unnoticed::{Step, step, steps};

const TABLES: [&str; 4] = ["users", "profiles", "posts", "post_tags"];

/// What the tables hold, without a flush before they are read.
fn held(session: &mut Session) -> Vec<Vec<Vec<Value>>> {
    session.no_autoflush(|session| TABLES.map(|it| rows(session, it)).into())
}

/// What a session shows of the posts, without a flush before.
fn shown(session: &mut Session, number: usize) -> Vec<String> {
    session.no_autoflush(|session| {
        (1..6).map(|post| step(session, Step::Look { post }, number, &mut Vec::new())).collect()
    })
}

/// What a flush would do, in words, and what the objects are that came.
fn planned(session: &mut Session, came: &[AnyRef]) -> String {
    let plan = session.plan_flush().map_or_else(|error| error.to_string(), |plan| plan.to_string());
    let one = |session: &mut Session, it: AnyRef| (session.state(it).ok(), session.untyped().value(it, "id").ok());
    let objects = session.no_autoflush(|session| came.iter().map(|&it| one(session, it)).collect::<Vec<_>>());
    format!("{plan}{objects:?}")
}

/// Lets the first statement of a flush fail, then the second, and so on, until it goes through or is refused for a reason of
/// its own; says whether it went through. What it shows in between is what a session shows that knows no faults.
fn flushed_at_last(
    (session, came): (&mut Session, &[AnyRef]),
    fuse: &Fuse,
    (sound, number): (&mut Session, Option<usize>),
    story: &str,
) -> std::result::Result<bool, TestCaseError> {
    let (before, plan) = (held(session), planned(session, came));
    for statements in 0.. {
        fuse.light(statements);
        let outcome = session.flush();
        fuse.put_out();
        match outcome {
            Ok(()) => return Ok(true),
            Err(error) if !format!("{error:#}").contains(Fuse::BLOWN) => return Ok(false),
            Err(_) => proptest::prop_assert_eq!(&held(session), &before, "after {} statements\n{}", statements, story),
        }
        proptest::prop_assert_eq!(&planned(session, came), &plan, "after {} statements\n{}", statements, story);
        if let Some(number) = number {
            let (here, there) = (shown(sound, number), shown(session, number));
            proptest::prop_assert_eq!(here, there, "after {} statements\n{}", statements, story);
        }
    }
    unreachable!("a flush has so many statements and no more")
}

proptest! {
    #![proptest_config(Config { cases: cases(64), failure_persistence: None, ..Config::default() })]

    /// A session whose flushes fail at each of their statements before they succeed goes the way of one that knows no
    /// faults.
    #[test]
    fn o3_whichever_statement_of_a_flush_fails_nothing_has_happened(steps in vec(steps(), 1..30)) {
        let database = filled().expect("it can be filled").0;
        let (one, other) = (database.fork(), database.fork());
        let mut sound = one.session();
        let (mut faulty, counted) = over(&other, Door::Open);
        let (mut story, mut came) = (String::new(), Vec::new());
        for (number, &(now, looks, _)) in steps.iter().enumerate() {
            let here = step(&mut sound, now, number, &mut Vec::new());
            let there = step(&mut faulty, now, number, &mut came);
            story.push_str(&format!("{now:?}: {here}\n"));
            proptest::prop_assert_eq!(&here, &there, "{}", story);
            // So that a flush has more to do than a step.
            if number % 5 != 4 && number + 1 < steps.len() {
                continue;
            }
            let beside = (&mut sound, looks.then_some(number));
            let went = flushed_at_last((&mut faulty, &came), &counted.fuse, beside, &story)?;
            proptest::prop_assert_eq!(sound.flush().is_ok(), went, "{}", story);
            if !went {
                sound.rollback().expect("it can be taken back");
                faulty.rollback().expect("it can be taken back");
            }
            proptest::prop_assert_eq!(held(&mut sound), held(&mut faulty), "{}", story);
        }
    }
}
