//! What the parts of a plan did while it ran, for whoever wants to see it beside what was expected.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;

use super::plan::{Level, SelectPlan};

/// What a part of a plan did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Actual {
    /// How often it ran: a source once for each combination before it.
    pub runs: u64,
    /// How many rows it brought in all.
    pub rows: u64,
    /// How long it took, with everything that happened within it.
    pub time: Duration,
}

/// What all parts did, by where they are.
#[derive(Default)]
pub(super) struct Profile {
    parts: RefCell<FxHashMap<*const (), Actual>>,
}

impl Profile {
    pub(super) fn add_level(&self, level: &Level, rows: u64, start: Instant) {
        self.add(std::ptr::from_ref(level).cast(), rows, start);
    }

    pub(super) fn add_select(&self, plan: &SelectPlan, rows: u64, start: Instant) {
        self.add(std::ptr::from_ref(plan).cast(), rows, start);
    }

    fn add(&self, part: *const (), rows: u64, start: Instant) {
        let mut parts = self.parts.borrow_mut();
        let all = parts.entry(part).or_default();
        all.runs += 1;
        all.rows += rows;
        all.time += start.elapsed();
    }

    /// What a source did; nothing if it was never asked.
    pub(super) fn of_level(&self, level: &Level) -> Actual {
        self.parts.borrow().get(&std::ptr::from_ref(level).cast()).copied().unwrap_or_default()
    }

    /// What a query did, as far as its rows were gathered.
    pub(super) fn of_select(&self, plan: &SelectPlan) -> Option<Actual> {
        self.parts.borrow().get(&std::ptr::from_ref(plan).cast()).copied()
    }
}
