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

/// A session, and the objects that came to it.
struct Side {
    session: Session,
    came: Vec<AnyRef>,
}

/// What can be told of a session while nothing is flushed.
#[derive(Debug, PartialEq)]
struct Seen {
    rows: Vec<Vec<Vec<Value>>>,
    /// What a flush would do.
    plan: String,
    /// The states and keys of objects that came.
    came: Vec<(Option<diptych::State>, Option<Value>)>,
    posts: Vec<String>,
}

impl Side {
    fn of(session: Session) -> Self {
        Side { session, came: Vec::new() }
    }

    fn step(&mut self, what: Step, number: usize) -> String {
        step(&mut self.session, what, number, &mut self.came)
    }

    fn rows(&mut self) -> Vec<Vec<Vec<Value>>> {
        TABLES.map(|it| rows(&mut self.session, it)).into()
    }

    fn seen(&mut self, number: usize) -> Seen {
        self.session.set_autoflush(false);
        let one = |it: &AnyRef| (self.session.state(*it).ok(), self.session.untyped().value(*it, "id").ok());
        let came = self.came.iter().map(one).collect();
        let posts = (1..6).map(|post| self.step(Step::Look { post }, number)).collect();
        // What has been looked at is loaded, which a plan may go by.
        let plan = self.session.plan_flush().map_or_else(|error| error.to_string(), |plan| plan.to_string());
        let seen = Seen { rows: self.rows(), plan, came, posts };
        self.session.set_autoflush(true);
        seen
    }

    /// Lets the first statement of a flush fail, then the second, and so on, until it goes through or is refused for a
    /// reason of its own; says whether it went through.
    fn flush_at_last(
        &mut self,
        fuse: &Fuse,
        (before, number): (&Seen, usize),
    ) -> std::result::Result<bool, TestCaseError> {
        for statements in 0.. {
            fuse.light(statements);
            let outcome = self.session.flush();
            fuse.put_out();
            match outcome {
                Ok(()) => return Ok(true),
                Err(error) if !format!("{error:#}").contains(Fuse::BLOWN) => return Ok(false),
                Err(_) => proptest::prop_assert_eq!(&self.seen(number), before, "after {} statements", statements),
            }
        }
        unreachable!("a flush has so many statements and no more")
    }
}

proptest! {
    #![proptest_config(Config { cases: cases(64), failure_persistence: None, ..Config::default() })]

    /// A session whose flushes fail at each of their statements before they succeed goes the way of one that knows no
    /// faults.
    #[test]
    fn o3_whichever_statement_of_a_flush_fails_nothing_has_happened(steps in vec(steps(), 1..30)) {
        let database = filled().expect("it can be filled").0;
        let (one, other) = (database.fork(), database.fork());
        let (session, counted) = over(&other, Door::Open);
        let (mut sound, mut faulty) = (Side::of(one.session()), Side::of(session));
        let mut story = String::new();
        for (number, &(now, ..)) in steps.iter().enumerate() {
            let (here, there) = (sound.step(now, number), faulty.step(now, number));
            story.push_str(&format!("{now:?}: {here}\n"));
            proptest::prop_assert_eq!(&here, &there, "{}", story);
            // So that a flush has more to do than a step.
            if number % 5 != 4 && number + 1 < steps.len() {
                continue;
            }
            let (here, there) = (sound.seen(number), faulty.seen(number));
            proptest::prop_assert_eq!(&here, &there, "{}", story);
            let went = faulty.flush_at_last(&counted.fuse, (&there, number));
            let went = went.map_err(|it| TestCaseError::fail(format!("{it}\n{story}")))?;
            proptest::prop_assert_eq!(sound.session.flush().is_ok(), went, "{}", story);
            if !went {
                sound.session.rollback().expect("it can be taken back");
                faulty.session.rollback().expect("it can be taken back");
            }
            proptest::prop_assert_eq!(sound.rows(), faulty.rows(), "{}", story);
        }
    }
}
