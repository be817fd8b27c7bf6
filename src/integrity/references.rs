//! References at the end of a statement, and at commit.

use super::children::each_child;
use super::facts::fact;
use super::keys::shared;
use super::ledger::{Constraint, Ledger};
use super::plan::ActionPlan;
use super::preview::Refusals;

use crate::error::{Hop, Result, RowFact, Rule, Violation};
use crate::id::{ReferenceId, RowId, TableId};
use crate::record::{Record, Row, project};
use crate::schema::{ReferenceSchema, Schema};
use crate::store::Image;
use crate::value::ValueRef;

/// A reference that a statement may have left dangling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// The foreign key.
    pub reference: ReferenceId,
    /// The row that refers, in the slot it had before the statement.
    pub row: RowId,
    /// The step that took away what it refers to, where that is the reason to look.
    pub parent: Option<usize>,
}

impl Check {
    pub(super) fn of_child(reference: ReferenceId, row: RowId) -> Self {
        Check { reference, row, parent: None }
    }

    pub(super) fn of_parent(reference: ReferenceId, row: RowId, step: usize) -> Self {
        Check { reference, row, parent: Some(step) }
    }
}

/// Whether a row refers to nothing: its foreign key has no NULL and no row has that key.
#[inline]
pub fn dangling(image: &Image, reference: &ReferenceSchema, row: &dyn Record) -> bool {
    let target = image.table(reference.target);
    match reference.columns.as_slice() {
        [only] => {
            let probe = row.get(*only);
            !probe.is_null() && target.find(reference.target_key, &[probe]).is_none()
        }
        many => {
            let probe: Vec<ValueRef<'_>> = many.iter().map(|&it| row.get(it)).collect();
            !probe.iter().any(|it| it.is_null()) && target.find(reference.target_key, &probe).is_none()
        }
    }
}

/// Judges one row at the end of its statement: deferred references that dangle go to the ledger, others refuse.
pub(super) fn judge_row(
    schema: &Schema,
    image: &Image,
    reference: &ReferenceSchema,
    id: RowId,
    row: &Row,
    ledger: &mut Ledger,
) -> Result<()> {
    if !dangling(image, reference, &**row) {
        return Ok(());
    }
    if ledger.defers(Constraint::Reference(reference.id), reference.timing) {
        ledger.note(Constraint::Reference(reference.id), id);
        return Ok(());
    }
    Err(missing(schema, reference, row).into())
}

/// Judges the references that an applied plan may have left dangling (I3). `moved` tells where a row is now.
pub(super) fn judge_plan(
    schema: &Schema,
    image: &Image,
    plan: &ActionPlan,
    moved: impl Fn(TableId, RowId) -> RowId,
    ledger: &mut Ledger,
    refusals: &mut Refusals,
) -> Result<()> {
    for check in &plan.checks {
        let reference = schema.reference(check.reference);
        let constraint = Constraint::Reference(reference.id);
        let id = moved(reference.table, check.row);
        let Some(row) = image.table(reference.table).get(id) else { continue };
        if !dangling(image, reference, &**row) {
            continue;
        }
        if ledger.defers(constraint, reference.timing) {
            ledger.note(constraint, id);
            continue;
        }
        let step = check.parent.or_else(|| plan.step_of(reference.table, check.row));
        if refusals.met(step, constraint) {
            continue;
        }
        let violation = match check.parent {
            Some(parent) => still_referenced(schema, image, plan, reference, parent),
            None => {
                let path = step.map_or_else(Vec::new, |step| path_to(schema, plan, step));
                Violation { path, ..missing(schema, reference, row) }
            }
        };
        refusals.add(violation, step)?;
    }
    Ok(())
}

/// Judges what was deferred (I4): every entry of the ledger whose constraint is asked for and that is still violated.
pub fn judge(schema: &Schema, image: &Image, ledger: &Ledger, asked: impl Fn(Constraint) -> bool) -> Vec<Violation> {
    let mut seen = rustc_hash::FxHashSet::default();
    let mut open = Vec::new();
    for entry in ledger.entries().iter().filter(|it| asked(it.constraint)) {
        if !seen.insert(*entry) {
            continue;
        }
        open.extend(match entry.constraint {
            Constraint::Key(table, key) => shared(schema, image, table, key, entry.row),
            Constraint::Reference(id) => {
                let reference = schema.reference(id);
                let row = image.table(reference.table).get(entry.row);
                row.filter(|row| dangling(image, reference, &***row)).map(|row| missing(schema, reference, row))
            }
        });
    }
    open
}

pub(super) fn missing(schema: &Schema, reference: &ReferenceSchema, row: &Row) -> Violation {
    let table = schema.table(reference.table);
    let target = schema.table(reference.target);
    let keys = target.names(&reference.target_columns).join(", ");
    Violation {
        rule: Rule::ForeignKey,
        constraint: reference.name.clone(),
        table: table.name.clone(),
        columns: table.names(&reference.columns),
        values: project(&**row, &reference.columns),
        row: fact(table, &**row),
        blocking: Vec::new(),
        blocking_count: 0,
        path: Vec::new(),
        advice: format!("refer to a {}({keys}) that exists, or insert that row first", target.name),
    }
}

fn still_referenced(
    schema: &Schema,
    image: &Image,
    plan: &ActionPlan,
    reference: &ReferenceSchema,
    step: usize,
) -> Violation {
    let table = schema.table(reference.table);
    let target = schema.table(reference.target);
    let parent = &plan.steps[step].before;
    let mut blocking: Vec<RowFact> = Vec::new();
    let mut count = 0;
    each_child(image, reference, parent, |_, child| {
        count += 1;
        if blocking.len() < Violation::LISTED {
            blocking.push(fact(table, &**child));
        }
    });
    Violation {
        rule: Rule::StillReferenced,
        constraint: reference.name.clone(),
        table: table.name.clone(),
        columns: table.names(&reference.columns),
        values: project(&**parent, &reference.target_columns),
        row: fact(target, &**parent),
        blocking,
        blocking_count: count,
        path: path_to(schema, plan, step),
        advice: format!("change the rows of {} in the same statement or before, or declare an action", table.name),
    }
}

/// The way from the row that the statement names to the row of a step.
pub(super) fn path_to(schema: &Schema, plan: &ActionPlan, step: usize) -> Vec<Hop> {
    let hop = |pair: &[usize]| {
        let (from, to) = (&plan.steps[pair[0]], &plan.steps[pair[1]]);
        let cause = to.cause?;
        let reference = schema.reference(cause.reference);
        let action = plan.action_of(schema, cause);
        let from = fact(schema.table(from.table), &*from.before);
        Some(Hop { from, by: format!("{action} by {}", reference.name) })
    };
    plan.path(step).windows(2).filter_map(hop).collect()
}
