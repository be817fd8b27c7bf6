//! Carrying out statements that change rows.

mod conflict;
mod insert;
mod returning;

use std::cell::Cell;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::connection::{Acted, Input, Outcome, RowChange, Tell, Telling};
use super::frame::Frame;
use super::plan::{Assignments, BoundOutput, Plan, SelectPlan};
use super::run::{Arena, Execution, Given};
use crate::error::{Error, Misuse, Result, RowFact};
use crate::expr::Moment;
use crate::id::{ColumnId, IndexId, RowId, TableId};
use crate::integrity::{ActionPlan, Effect, Step};
use crate::record::{Row, edit, project};
use crate::schema::{DefaultValue, TableSchema};
use crate::txn::Transaction;
use crate::value::{Value, ValueRef};

use returning::cells;

/// A statement was run with the wrong sort of input.
pub(super) fn wrong_input() -> Error {
    Misuse::Statement { reason: "the statement was run with input that it does not take".to_owned() }.into()
}

/// Runs a statement that changes rows. Returns what it did and how many rows it looked at.
pub(super) fn run(
    transaction: &mut Transaction,
    plan: &Plan,
    input: Input<'_>,
    moment: &Moment<'_>,
    told: Told<'_>,
) -> Result<(Outcome, u64)> {
    let schema = transaction.schema().clone();
    let with = |parameters| Given { parameters, keys: &[], moment };
    match (plan, input) {
        (Plan::Select(_), _) => Err(wrong_input()),
        (Plan::Insert(plan), Input::Values(parameters)) => insert::run(transaction, plan, with(parameters)),
        (Plan::InsertRows { table }, Input::Rows(rows)) => {
            transaction.insert(*table, rows)?;
            Ok((changed(rows.len(), rows.len()), 0))
        }
        (Plan::Update { table, set, find, returning }, Input::Values(parameters)) => {
            update(transaction, schema.table(*table), (set, find, returning), with(parameters), told)
        }
        (Plan::UpdateRows { table, columns, expected }, Input::Changes(changes)) => {
            update_rows(transaction, schema.table(*table), (columns, expected), changes, told)
        }
        (Plan::Delete { table, find, returning }, Input::Values(parameters)) => {
            delete(transaction, *table, (find, returning), with(parameters), told)
        }
        (Plan::DeleteRows { table, find }, Input::Keys(keys)) => {
            let arena = Arena::default();
            let execution = Execution::new(transaction.image(), Given { parameters: &[], keys, moment }, &arena);
            let frame = Frame::alone(&execution, &[]);
            let mut rows = Vec::new();
            execution.each_row(find, &frame, &mut |id, _| {
                rows.push(id);
                true
            })?;
            let read = execution.read.get();
            let plan = transaction.plan_delete(*table, &rows)?;
            Ok((apply(transaction, plan, rows.len(), told)?, read))
        }
        _ => Err(wrong_input()),
    }
}

fn changed(named: usize, all: usize) -> Outcome {
    let by_actions = all.saturating_sub(named) as u64;
    Outcome { count: named as u64, by_actions, ..Outcome::default() }
}

/// Which rows are to be told, and where, if anybody asks.
pub(super) type Told<'a> = Option<Telling<'a>>;

/// Carries out a plan of a statement that names so many rows.
fn apply(transaction: &mut Transaction, plan: ActionPlan, named: usize, told: Told<'_>) -> Result<Outcome> {
    let of = |it: &Step| Acted { table: it.table, before: it.before.clone(), after: after_of(it) };
    let acted: Vec<Acted> = match &told {
        Some((Tell::All, _)) => plan.steps.iter().map(of).collect(),
        Some((Tell::Actions, _)) => plan.acted().map(of).collect(),
        None => Vec::new(),
    };
    let all = transaction.apply(plan)?.len();
    if let Some((_, told)) = told {
        told.extend(acted);
    }
    Ok(changed(named, all))
}

/// A row with other values in some columns; expressions see the rows of the frame.
fn assign(
    transaction: &Transaction,
    table: &TableSchema,
    row: &Row,
    set: &Assignments,
    frame: &Frame<'_, '_>,
) -> Result<Row> {
    let mut after = row.duplicate();
    for (column, value) in set {
        let value = match value {
            Some(it) => it.evaluate(frame)?.into_value(),
            None => default_of(transaction, table, *column, frame.execution.given.moment)?,
        };
        assign_one(&mut after, *column, value)?;
    }
    Ok(after)
}

/// What a column holds by default; where that is computed, by the time of the statement.
fn default_of(transaction: &Transaction, table: &TableSchema, column: ColumnId, moment: &Moment<'_>) -> Result<Value> {
    match &table.column(column).default {
        Some(DefaultValue::Computed(it)) => it.at(moment),
        _ => transaction.default_of(table, column),
    }
}

/// Visits the rows of the first source that a query finds, each once, at the first combination that holds it. Rows that
/// stand beside it are kept where they are wanted.
fn each_found<'r>(
    execution: &Execution<'r>,
    find: &SelectPlan,
    visit: &mut dyn FnMut(RowId, &'r Row, &Frame<'_, 'r>) -> Result<()>,
) -> Result<()> {
    let mut seen = FxHashSet::default();
    let alone = find.sources == 1;
    execution.each_combination(find, None, &mut |frame| {
        let Some((id, row)) = frame.rows.first().and_then(Cell::get) else { return Ok(true) };
        if alone || seen.insert(id) {
            visit(id, row, frame)?;
        }
        Ok(true)
    })?;
    Ok(())
}

fn update(
    transaction: &mut Transaction,
    table: &TableSchema,
    (set, find, returning): (&Assignments, &SelectPlan, &[BoundOutput]),
    given: Given<'_>,
    told: Told<'_>,
) -> Result<(Outcome, u64)> {
    let arena = Arena::default();
    let execution = Execution::new(transaction.image(), given, &arena);
    let (mut rows, mut beside) = (Vec::new(), Vec::new());
    each_found(&execution, find, &mut |id, row, frame| {
        rows.push((id, assign(transaction, table, row, set, frame)?));
        if !returning.is_empty() {
            beside.push(cells(frame));
        }
        Ok(())
    })?;
    let read = execution.read.get();
    let named = rows.len();
    let plan = transaction.plan_update(table.id, rows)?;
    for (cells, step) in beside.iter_mut().zip(&plan.steps) {
        cells[0] = after_of(step);
    }
    let returned = returning::evaluate(transaction.image(), given, returning, &beside)?;
    Ok((Outcome { rows: returned, ..apply(transaction, plan, named, told)? }, read))
}

fn delete(
    transaction: &mut Transaction,
    table: TableId,
    (find, returning): (&SelectPlan, &[BoundOutput]),
    given: Given<'_>,
    told: Told<'_>,
) -> Result<(Outcome, u64)> {
    let arena = Arena::default();
    let execution = Execution::new(transaction.image(), given, &arena);
    let (mut rows, mut beside) = (Vec::new(), Vec::new());
    each_found(&execution, find, &mut |id, _, frame| {
        rows.push(id);
        if !returning.is_empty() {
            beside.push(cells(frame));
        }
        Ok(())
    })?;
    let read = execution.read.get();
    let plan = transaction.plan_delete(table, &rows)?;
    let returned = returning::evaluate(transaction.image(), given, returning, &beside)?;
    Ok((Outcome { rows: returned, ..apply(transaction, plan, rows.len(), told)? }, read))
}

fn assign_one(row: &mut Row, column: ColumnId, value: Value) -> Result<()> {
    Ok(edit(row).set(column, value)?)
}

/// Changes rows one by one. A row that is still the version that was read is replaced by the version that should be,
/// which is then shared; any other gets the changed columns.
fn update_rows(
    transaction: &mut Transaction,
    table: &TableSchema,
    (columns, expected): (&[ColumnId], &[ColumnId]),
    changes: &mut [RowChange],
    told: Told<'_>,
) -> Result<(Outcome, u64)> {
    let Some(key) = table.primary_key() else { return Err(Misuse::NoKey { table: table.name.clone() }.into()) };
    let mut rows = Vec::with_capacity(changes.len());
    let mut changed_afters = Vec::new();
    for (position, change) in changes.iter().enumerate() {
        let probe: Vec<ValueRef<'_>> = key.columns.iter().map(|&it| change.before.get(it)).collect();
        let found = transaction.image().table(table.id).find(IndexId(0), &probe);
        let holds = |current: &Row, it: ColumnId| {
            let now = current.get(it);
            !now.is_null() && now == change.before.get(it)
        };
        let fresh = found.filter(|(_, current)| expected.iter().all(|&it| holds(current, it)));
        let Some((id, current)) = fresh else {
            let row = RowFact { table: table.name.clone(), key: project(&*change.before, &key.columns) };
            return Err(Misuse::Stale { row }.into());
        };
        let after = if Arc::ptr_eq(current, &change.before) {
            change.after.clone()
        } else {
            let mut after = current.duplicate();
            for &column in columns {
                assign_one(&mut after, column, change.after.get(column).to_value())?;
            }
            changed_afters.push((position, after.clone()));
            after
        };
        rows.push((id, after));
    }
    let named = rows.len();
    let plan = transaction.plan_update(table.id, rows)?;
    // What the table computes comes back; a row that is changed twice stands once in the plan, where it came first.
    let computed: Vec<Option<Row>> = match table.generated.is_empty() {
        true => Vec::new(),
        false => plan.steps[..plan.named()].iter().map(after_of).collect(),
    };
    let outcome = apply(transaction, plan, named, told)?;
    if computed.len() == changes.len() {
        for (change, after) in changes.iter_mut().zip(computed) {
            change.after = after.unwrap_or_else(|| change.after.clone());
        }
        return Ok((outcome, named as u64));
    }
    for (position, after) in changed_afters {
        changes[position].after = after;
    }
    Ok((outcome, named as u64))
}

fn after_of(step: &Step) -> Option<Row> {
    match &step.effect {
        Effect::Update(after) => Some(after.clone()),
        Effect::Delete => None,
    }
}
