//! What a statement would set in motion, and everything that would refuse it: a plan is shown even if it cannot be
//! carried out.

use rustc_hash::FxHashSet;

use super::apply::carry_out;
use super::ledger::{Constraint, Ledger};
use super::plan::ActionPlan;
use super::walk::{walk_delete, walk_update};
use crate::error::{Error, Result, Violation};
use crate::id::{RowId, TableId};
use crate::record::Row;
use crate::schema::Schema;
use crate::store::Image;

/// A plan, and what would refuse it.
#[derive(Clone, Debug)]
pub struct Preview {
    /// What would happen. A row that RESTRICT protects is not in it, and where it stands nothing goes on.
    pub plan: ActionPlan,
    /// Why it would not; nothing where the plan can be carried out.
    pub refusals: Vec<Refusal>,
}

/// One reason for which a plan cannot be carried out.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// The rule, the rows that block and the path to them.
    pub violation: Violation,
    /// The step of the plan that meets it.
    pub step: Option<usize>,
}

/// What becomes of a refusal: the first one ends the statement, or all of them are listed.
#[derive(Debug)]
pub(super) enum Refusals {
    First,
    All(Vec<Refusal>, FxHashSet<(Option<usize>, Constraint)>),
}

impl Refusals {
    pub(super) fn all() -> Self {
        Refusals::All(Vec::new(), FxHashSet::default())
    }

    /// # Errors
    /// The violation, where the first one ends the statement.
    pub(super) fn add(&mut self, violation: Violation, step: Option<usize>) -> Result<()> {
        match self {
            Refusals::First => Err(violation.into()),
            Refusals::All(list, _) => {
                list.push(Refusal { violation, step });
                Ok(())
            }
        }
    }

    /// As [`add`](Refusals::add), for whatever else has gone wrong: only violations are listed.
    pub(super) fn add_error(&mut self, error: Error, step: Option<usize>) -> Result<()> {
        match error.violation() {
            Some(violation) => self.add(violation.clone(), step),
            None => Err(error),
        }
    }

    /// Whether a step has met this constraint before: many rows that block are one refusal.
    pub(super) fn met(&mut self, step: Option<usize>, constraint: Constraint) -> bool {
        match self {
            Refusals::First => false,
            Refusals::All(_, seen) => !seen.insert((step, constraint)),
        }
    }
}

/// What deleting rows would set in motion, and what would refuse it. The image stays as it is (I2).
///
/// # Errors
/// When a value cannot be computed; what a constraint refuses is part of the answer.
pub fn preview_delete(
    schema: &Schema,
    image: &Image,
    ledger: &Ledger,
    table: TableId,
    rows: &[RowId],
) -> Result<Preview> {
    let mut refusals = Refusals::all();
    let plan = walk_delete(schema, image, table, rows, &mut refusals)?;
    tried(schema, image, ledger, plan, refusals)
}

/// What giving rows other versions would set in motion, and what would refuse it. The image stays as it is (I2).
///
/// # Errors
/// As [`preview_delete`].
pub fn preview_update(
    schema: &Schema,
    image: &Image,
    ledger: &Ledger,
    table: TableId,
    rows: Vec<(RowId, Row)>,
) -> Result<Preview> {
    let mut refusals = Refusals::all();
    let plan = walk_update(schema, image, table, rows, &mut refusals)?;
    tried(schema, image, ledger, plan, refusals)
}

/// Carries a plan out on a copy, which costs what the plan changes.
fn tried(schema: &Schema, image: &Image, ledger: &Ledger, plan: ActionPlan, mut refusals: Refusals) -> Result<Preview> {
    let (mut image, mut ledger) = (image.clone(), ledger.clone());
    carry_out(schema, &mut image, &plan, &mut Vec::new(), &mut ledger, &mut refusals)?;
    let Refusals::All(refusals, _) = refusals else { return Ok(Preview { plan, refusals: Vec::new() }) };
    Ok(Preview { plan, refusals })
}
