//! What a transaction has done so far: the slots it touched, and, for the change feed, why.

use rustc_hash::FxHashMap;

use crate::id::{ReferenceId, RowId, TableId};
use crate::integrity::ActionPlan;
use crate::record::Row;
use crate::store::Change;

/// A transaction that changes more rows than this is compared by its trees and not by what it noted.
const NOTED: usize = 256;

/// The record of one open transaction.
#[derive(Default)]
pub(super) struct Journal {
    /// The slots that changes touched; of no meaning once there were too many.
    touched: Vec<(TableId, RowId)>,
    overflown: bool,
    /// How many statements have changed rows, or tried to.
    statements: usize,
    reasons: Vec<Reason>,
    /// Whether a change was made while nobody listened to the feed, so that its reason was not noted.
    unnoted: bool,
}

/// Why a row is as it is.
#[derive(Clone)]
pub(super) struct Reason {
    pub(super) table: TableId,
    pub(super) row: RowId,
    /// The slot in which the row was before, if its key moved it.
    pub(super) from: Option<RowId>,
    pub(super) statement: usize,
    /// The row that it followed, where a foreign key action changed it.
    pub(super) follows: Option<Follows>,
}

/// The row that another one followed.
#[derive(Clone)]
pub(super) struct Follows {
    pub(super) reference: ReferenceId,
    pub(super) table: TableId,
    pub(super) before: Row,
    /// Whether it was deleted, not updated.
    pub(super) deleted: bool,
}

/// A point of the record to go back to.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    touched: usize,
    reasons: usize,
}

/// The rows that a plan changes by actions, and those that they follow; gathered before the plan is used up.
pub(super) type Followers = FxHashMap<(TableId, RowId), Follows>;

pub(super) fn followers(plan: &ActionPlan) -> Followers {
    let follower = |step: &crate::integrity::Step| {
        let cause = step.cause?;
        let parent = &plan.steps[cause.step];
        let deleted = matches!(parent.effect, crate::integrity::Effect::Delete);
        let (table, before) = (parent.table, parent.before.clone());
        Some(((step.table, step.row), Follows { reference: cause.reference, table, before, deleted }))
    };
    plan.steps.iter().filter_map(follower).collect()
}

impl Journal {
    /// Notes what a statement did. `followers` is given when somebody listens.
    pub(super) fn note(&mut self, changes: &[Change], followers: Option<&Followers>) {
        let statement = self.statements;
        self.statements += 1;
        if self.touched.len() + changes.len() > NOTED {
            self.overflown = true;
            self.touched = Vec::new();
        } else if !self.overflown {
            self.touched.extend(changes.iter().flat_map(Change::slots));
        }
        let Some(followers) = followers else {
            self.unnoted |= !changes.is_empty();
            return;
        };
        for change in changes {
            let (table, was, row) = match *change {
                Change::Inserted { table, row } | Change::Removed { table, row, .. } => (table, row, row),
                Change::Replaced { table, from, to, .. } => (table, from, to),
            };
            let follows = followers.get(&(table, was)).cloned();
            let from = (was != row).then_some(was);
            self.reasons.push(Reason { table, row, from, statement, follows });
        }
    }

    /// The slots that were touched, some more than once; `None` when there were too many to note.
    pub(super) fn touched(&self) -> Option<&[(TableId, RowId)]> {
        (!self.overflown).then_some(&*self.touched)
    }

    pub(super) fn take_touched(&mut self) -> Option<Vec<(TableId, RowId)>> {
        (!self.overflown).then(|| std::mem::take(&mut self.touched))
    }

    /// Why rows changed, in order; `None` when that was not noted.
    pub(super) fn reasons(&self) -> Option<&[Reason]> {
        (!self.unnoted).then_some(&*self.reasons)
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { touched: self.touched.len(), reasons: self.reasons.len() }
    }

    pub(super) fn back_to(&mut self, mark: Mark) {
        self.touched.truncate(mark.touched);
        self.reasons.truncate(mark.reasons);
    }

    pub(super) fn clear(&mut self) {
        *self = Journal::default();
    }
}
