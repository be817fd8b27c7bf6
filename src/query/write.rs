//! Carrying out statements that change rows.

use std::cell::Cell;
use std::sync::Arc;

use super::connection::{Input, Outcome, RowChange};
use super::frame::Frame;
use super::plan::{Bounded, Level, Plan};
use super::run::{Arena, Execution, all_hold};
use crate::error::{Error, Misuse, Result, RowFact};
use crate::id::{ColumnId, IndexId, RowId, TableId};
use crate::integrity::{Effect, Step};
use crate::record::{Row, edit, project};
use crate::schema::TableSchema;
use crate::txn::Transaction;
use crate::value::{Value, ValueRef};

/// A statement was run with the wrong sort of input.
pub(super) fn wrong_input() -> Error {
    Misuse::Statement { reason: "the statement was run with input that it does not take".to_owned() }.into()
}

/// Runs a statement that changes rows. Returns what it did and how many rows it looked at.
pub(super) fn run(transaction: &mut Transaction, plan: &Plan, input: Input<'_>) -> Result<(Outcome, u64)> {
    let (schema, arena) = (transaction.schema().clone(), Arena::default());
    match (plan, input) {
        (Plan::Select(_), _) => Err(wrong_input()),
        (Plan::Insert { table, columns, rows }, Input::Values(parameters)) => {
            let declared = schema.table(*table);
            let execution = Execution::new(transaction.image(), parameters, &[], &arena);
            let frame = Frame::alone(&execution, &[]);
            let built = rows.iter().map(|row| build(transaction, declared, columns, row, &frame));
            let mut built = built.collect::<Result<Vec<_>>>()?;
            let read = execution.read.get();
            transaction.insert(*table, &mut built)?;
            Ok((changed(built.len(), built.len()), read))
        }
        (Plan::InsertRows { table }, Input::Rows(rows)) => {
            transaction.insert(*table, rows)?;
            Ok((changed(rows.len(), rows.len()), 0))
        }
        (Plan::Update { table, set, find }, Input::Values(parameters)) => {
            let execution = Execution::new(transaction.image(), parameters, &[], &arena);
            let mut rows = Vec::new();
            each_found(&execution, find, &mut |id, row, frame| {
                rows.push((id, assign(row, set, frame)?));
                Ok(())
            })?;
            let read = execution.read.get();
            let named = rows.len();
            let plan = transaction.plan_update(*table, rows)?;
            let all = transaction.apply(plan)?.len();
            Ok((changed(named, all), read))
        }
        (Plan::UpdateRows { table, columns }, Input::Changes(changes)) => {
            update_rows(transaction, schema.table(*table), columns, changes)
        }
        (Plan::Delete { table, find }, Input::Values(parameters)) => {
            let execution = Execution::new(transaction.image(), parameters, &[], &arena);
            delete(&execution, find).and_then(|(rows, read)| remove(transaction, *table, &rows, read))
        }
        (Plan::DeleteRows { table, find }, Input::Keys(keys)) => {
            let execution = Execution::new(transaction.image(), &[], keys, &arena);
            delete(&execution, find).and_then(|(rows, read)| remove(transaction, *table, &rows, read))
        }
        _ => Err(wrong_input()),
    }
}

fn changed(named: usize, all: usize) -> Outcome {
    let by_actions = all.saturating_sub(named) as u64;
    Outcome { count: named as u64, by_actions, ..Outcome::default() }
}

/// Builds a row from expressions; columns that are not given take their defaults.
fn build(
    transaction: &Transaction,
    table: &TableSchema,
    columns: &[ColumnId],
    values: &[Bounded],
    frame: &Frame<'_, '_>,
) -> Result<Row> {
    let mut given: Vec<Option<Value>> = vec![None; table.columns.len()];
    for (column, value) in columns.iter().zip(values) {
        given[column.index()] = Some(value.evaluate(frame)?.into_value());
    }
    // A column that the row's Rust type holds by default may be NULL in SQL's eyes: what is not given is NULL unless
    // the column says otherwise, and NOT NULL is judged on the tuple, before it becomes a record.
    let values = given.into_iter().zip(table.column_ids());
    let values = values.map(|(given, column)| given.map_or_else(|| transaction.default_of(table, column), Ok));
    Ok(crate::record::Tuple::new(values.collect::<Result<Vec<_>>>()?).into_row())
}

fn assign(row: &Row, set: &[(ColumnId, Bounded)], frame: &Frame<'_, '_>) -> Result<Row> {
    let mut after = row.duplicate();
    for (column, value) in set {
        let value = value.evaluate(frame)?.into_value();
        assign_one(&mut after, *column, value)?;
    }
    Ok(after)
}

fn assign_one(row: &mut Row, column: ColumnId, value: Value) -> Result<()> {
    Ok(edit(row).set(column, value)?)
}

/// Visits the rows that a condition names.
fn each_found(
    execution: &Execution<'_>,
    find: &Level,
    visit: &mut dyn FnMut(RowId, &Row, &Frame<'_, '_>) -> Result<()>,
) -> Result<()> {
    let cells = [Cell::new(None)];
    let frame = Frame::alone(execution, &cells);
    let mut outcome = Ok(());
    execution.each_row(find, &frame, &mut |id, row| {
        cells[0].set(Some((id, row)));
        outcome = all_hold(&find.after, &frame).and_then(|fits| if fits { visit(id, row, &frame) } else { Ok(()) });
        outcome.is_ok()
    })?;
    outcome
}

fn delete(execution: &Execution<'_>, find: &Level) -> Result<(Vec<RowId>, u64)> {
    let mut rows = Vec::new();
    each_found(execution, find, &mut |id, _, _| {
        rows.push(id);
        Ok(())
    })?;
    Ok((rows, execution.read.get()))
}

fn remove(transaction: &mut Transaction, table: TableId, rows: &[RowId], read: u64) -> Result<(Outcome, u64)> {
    let plan = transaction.plan_delete(table, rows)?;
    let all = transaction.apply(plan)?.len();
    Ok((changed(rows.len(), all), read))
}

/// Changes rows one by one. A row that is still the version that was read is replaced by the version that should be,
/// which is then shared; any other gets the changed columns.
fn update_rows(
    transaction: &mut Transaction,
    table: &TableSchema,
    columns: &[ColumnId],
    changes: &mut [RowChange],
) -> Result<(Outcome, u64)> {
    let Some(key) = table.primary_key() else { return Err(Misuse::NoKey { table: table.name.clone() }.into()) };
    let mut rows = Vec::with_capacity(changes.len());
    let mut changed_afters = Vec::new();
    for (position, change) in changes.iter().enumerate() {
        let probe: Vec<ValueRef<'_>> = key.columns.iter().map(|&it| change.before.get(it)).collect();
        let found = transaction.image().table(table.id).find(IndexId(0), &probe);
        let Some((id, current)) = found else {
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
    let all = transaction.apply(plan)?.len();
    if computed.len() == changes.len() {
        for (change, after) in changes.iter_mut().zip(computed) {
            change.after = after.unwrap_or_else(|| change.after.clone());
        }
        return Ok((changed(named, all), named as u64));
    }
    for (position, after) in changed_afters {
        changes[position].after = after;
    }
    Ok((changed(named, all), named as u64))
}

fn after_of(step: &Step) -> Option<Row> {
    match &step.effect {
        Effect::Update(after) => Some(after.clone()),
        Effect::Delete => None,
    }
}
