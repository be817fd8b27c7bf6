//! The object property: random work through the public API against a reference of plain sets.
//!
//! After every step both sides of each relation agree, and linking has run no statement (O2). After every flush the
//! rows are what the objects say; a flush fails exactly when those rows would break a rule, and then nothing has
//! changed (O3). After a rollback rows and objects are as they were (O6). The same work is done on a derived model and
//! on one that was made at run time.
//!
//! `DIPTYCH_CASES=5000 cargo test --test it objects::property` runs a longer campaign.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError};

mod both_ways;
mod driver;
mod model;
mod schema;

use driver::Driver;

/// One step: what to do, and numbers that choose among what is there.
type Step = (u8, u16, u16, u16);

pub(super) fn cases(default: u32) -> u32 {
    std::env::var("DIPTYCH_CASES").ok().and_then(|it| it.parse().ok()).unwrap_or(default)
}

fn run(database: diptych::Database, steps: &[Step], autoflush: bool) -> Result<(), TestCaseError> {
    let mut driver = Driver::new(database, autoflush);
    for &step in steps {
        driver.step(step).map_err(|problem| TestCaseError::fail(format!("{problem}\n{}", driver.story())))?;
    }
    driver.finish().map_err(|problem| TestCaseError::fail(format!("{problem}\n{}", driver.story())))
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    vec(any::<Step>(), 1..60)
}

proptest! {
    #![proptest_config(Config { cases: cases(192), failure_persistence: None, max_shrink_iters: 20_000, ..Config::default() })]

    /// O1 to O3, O6: classes made at run time.
    #[test]
    fn o2_o3_o6_graph_and_rows_agree_at_run_time(steps in steps(), autoflush: bool) {
        run(schema::at_run_time(), &steps, autoflush)?;
    }

    /// O1 to O3, O6: the same model derived.
    #[test]
    fn o2_o3_o6_graph_and_rows_agree_derived(steps in steps(), autoflush: bool) {
        run(schema::derived(), &steps, autoflush)?;
    }
}
