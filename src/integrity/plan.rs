//! What a statement sets in motion, as a value: printed, compared, then applied.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use super::Check;
use crate::id::{ReferenceId, RowId, TableId};
use crate::record::Row;
use crate::schema::{Action, Schema};

/// Every row that a statement deletes or updates, each once, with the way that led to it (I1).
#[derive(Clone, Debug, Default)]
pub struct ActionPlan {
    /// The rows: first those that the statement names, then the others in the order in which they were reached.
    pub steps: Vec<Step>,
    /// References to judge when the plan has been applied.
    pub checks: Vec<Check>,
    /// Where each row stands, once somebody has asked: most updates reach no row but those that they name.
    places: OnceLock<FxHashMap<(TableId, RowId), usize>>,
    greatest: Option<(TableId, RowId)>,
    named: usize,
    /// Rows that the statement names and that an action changes as well.
    named_and_set: BTreeSet<usize>,
}

/// One row of a plan.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its table.
    pub table: TableId,
    /// Its slot.
    pub row: RowId,
    /// The row as it is before the plan.
    pub before: Row,
    /// What happens to it.
    pub effect: Effect,
    /// Why; `None` for a row that the statement names.
    pub cause: Option<Cause>,
}

/// What happens to a row.
#[derive(Clone, Debug)]
pub enum Effect {
    /// It goes.
    Delete,
    /// It becomes this.
    Update(Row),
}

impl Effect {
    /// Whether the row goes.
    pub fn is_delete(&self) -> bool {
        matches!(self, Effect::Delete)
    }
}

/// Why a row is in the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The step of the row it refers to.
    pub step: usize,
    /// The foreign key by which it refers.
    pub reference: ReferenceId,
}

impl ActionPlan {
    /// Adds a row that the statement names; a row that is named twice stands once.
    pub(super) fn name(&mut self, table: TableId, row: RowId, before: Row, effect: Effect) {
        // Rows mostly come in order, and what is beyond all others needs no look.
        if self.greatest.is_none_or(|it| it < (table, row)) || self.step_of(table, row).is_none() {
            self.push(Step { table, row, before, effect, cause: None });
            self.named = self.steps.len();
        }
    }

    /// Adds a row that is not in the plan yet.
    pub(super) fn push(&mut self, step: Step) -> usize {
        let position = self.steps.len();
        self.greatest = self.greatest.max(Some((step.table, step.row)));
        if let Some(places) = self.places.get_mut() {
            places.insert((step.table, step.row), position);
        }
        self.steps.push(step);
        position
    }

    /// The step of a row, if it is in the plan.
    pub fn step_of(&self, table: TableId, row: RowId) -> Option<usize> {
        let place = |(at, step): (usize, &Step)| ((step.table, step.row), at);
        let places = self.places.get_or_init(|| self.steps.iter().enumerate().map(place).collect());
        places.get(&(table, row)).copied()
    }

    /// How many rows the statement names: they are the first steps.
    pub fn named(&self) -> usize {
        self.named
    }

    /// Whether the statement names the row of this step itself.
    pub fn is_named(&self, step: usize) -> bool {
        step < self.named
    }

    /// Notes that an action sets a foreign key of the row of a step.
    pub(super) fn note_set(&mut self, step: usize) {
        if step < self.named {
            self.named_and_set.insert(step);
        }
    }

    /// The steps of rows that foreign key actions change or remove. One that the statement names and changes is among them
    /// if an action changes it, too.
    pub fn acted(&self) -> impl Iterator<Item = &Step> {
        let named = self.named_and_set.iter().map(|it| &self.steps[*it]);
        named.chain(&self.steps[self.named..])
    }

    /// The steps from the row that the statement names to this one, both included.
    pub fn path(&self, mut step: usize) -> Vec<usize> {
        let mut path = vec![step];
        while let Some(cause) = self.steps[step].cause {
            step = cause.step;
            path.push(step);
        }
        path.reverse();
        path
    }

    /// What the foreign key of a cause does to the rows that refer.
    pub fn action_of(&self, schema: &Schema, cause: Cause) -> Action {
        let reference = schema.reference(cause.reference);
        match self.steps[cause.step].effect {
            Effect::Delete => reference.on_delete,
            Effect::Update(_) => reference.on_update,
        }
    }

    /// How many rows of a table the plan deletes.
    pub fn deleted(&self, table: TableId) -> usize {
        self.steps.iter().filter(|it| it.table == table && it.effect.is_delete()).count()
    }

    /// How many rows of a table the plan updates.
    pub fn updated(&self, table: TableId) -> usize {
        self.steps.iter().filter(|it| it.table == table && matches!(it.effect, Effect::Update(_))).count()
    }
}
