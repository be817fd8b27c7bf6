//! Carrying out: inserts, and plans of deletes and updates. Either all of it happens or nothing (I5).

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::facts::taken;
use super::keys::judge_keys;
use super::ledger::{Constraint, Ledger};
use super::plan::{ActionPlan, Effect, Step};
use super::preview::Refusals;
use super::references::{dangling, judge_plan, judge_row, path_to};
use super::rows;
use crate::error::{Error, Misuse, Result, Violation};
use crate::id::{ColumnSet, RowId, TableId};
use crate::record::{Row, edit};
use crate::schema::{Schema, TableSchema};
use crate::store::{Change, Image};
use crate::value::Value;

/// Inserts rows. Keys that are to be given are filled in, above `floor` and above every key of the table; the rows
/// come back as the table holds them.
///
/// # Errors
/// When a constraint refuses a row; the image is as before, and so are the rows.
pub fn insert(
    schema: &Schema,
    image: &mut Image,
    table: TableId,
    rows: &mut [Row],
    floor: i64,
    ledger: &mut Ledger,
) -> Result<Vec<Change>> {
    let declared = schema.table(table);
    let noted = ledger.len();
    let mut changes = Vec::with_capacity(rows.len());
    let mut given = Vec::new();
    // What is computed into them is taken back by putting back the rows as they came.
    let unchanged = if declared.generated.is_empty() { None } else { Some(rows.to_vec()) };
    let outcome = prepare(declared, image, rows, floor, &mut given).and_then(|()| {
        let inserted = image.table_mut(table).insert_many(declared, rows, &mut changes);
        inserted.map_err(|it| taken(declared, &it))?;
        judge_inserted(schema, image, declared, &changes, ledger)
    });
    match outcome {
        Ok(()) => Ok(changes),
        Err(error) => {
            image.revert(schema, changes);
            ledger.cut(noted);
            if let Some(unchanged) = unchanged {
                rows.clone_from_slice(&unchanged);
            } else if let Some(column) = declared.auto {
                given.into_iter().for_each(|position: usize| {
                    let taken_back = edit(&mut rows[position]).set(column, Value::Null);
                    debug_assert!(taken_back.is_ok(), "the key was NULL before");
                });
            }
            Err(error)
        }
    }
}

/// Steps 1 of the front page, for rows that are to be inserted. `given` collects the rows that got a key.
fn prepare(table: &TableSchema, image: &Image, rows: &mut [Row], floor: i64, given: &mut Vec<usize>) -> Result<()> {
    let mut greatest = None;
    for (position, row) in rows.iter_mut().enumerate() {
        rows::settle(table, row)?;
        if let Some(column) = table.auto {
            let greatest =
                greatest.get_or_insert_with(|| image.table(table.id).greatest_key().unwrap_or(0).max(floor).max(0));
            match row.get(column) {
                crate::value::ValueRef::Int(key) => *greatest = key.max(*greatest),
                crate::value::ValueRef::Null => {
                    let operands = vec![Value::Int(*greatest)];
                    let full = Misuse::Overflow { operation: "the next key", operands };
                    *greatest = greatest.checked_add(1).ok_or(full)?;
                    edit(row).set(column, Value::Int(*greatest))?;
                    given.push(position);
                    rows::generate(table, row)?;
                }
                _ => {}
            }
        }
        rows::judge(table, &**row, None)?;
    }
    Ok(())
}

fn judge_inserted(
    schema: &Schema,
    image: &Image,
    table: &TableSchema,
    changes: &[Change],
    ledger: &mut Ledger,
) -> Result<()> {
    judge_keys(schema, image, changes, ledger, &mut Refusals::First)?;
    for &id in &table.outbound {
        let reference = schema.reference(id);
        for change in changes {
            let Change::Inserted { row: at, .. } = change else { continue };
            if let Some(row) = image.table(table.id).get(*at) {
                judge_row(schema, image, reference, *at, row, ledger)?;
            }
        }
    }
    Ok(())
}

/// Applies a plan.
///
/// # Errors
/// When a constraint refuses its outcome; the image is as before.
pub fn apply(schema: &Schema, image: &mut Image, plan: ActionPlan, ledger: &mut Ledger) -> Result<Vec<Change>> {
    let noted = ledger.len();
    let mut changes = Vec::with_capacity(plan.steps.len());
    match carry_out(schema, image, &plan, &mut changes, ledger, &mut Refusals::First) {
        Ok(()) => Ok(changes),
        Err(error) => {
            // The plan shares its rows with the image; letting it go first lets the image change in place.
            drop(plan);
            image.revert(schema, changes);
            ledger.cut(noted);
            Err(error)
        }
    }
}

/// Applies a plan and inserts rows after it, as one statement: what the rows bring is there when the references of what
/// has gone are judged. Returns the rows as the table holds them.
///
/// # Errors
/// When a constraint refuses the outcome; the image is as before.
pub fn apply_and_insert(
    schema: &Schema,
    image: &mut Image,
    plan: ActionPlan,
    (table, mut rows): (TableId, Vec<Row>),
    floor: i64,
    ledger: &mut Ledger,
) -> Result<(Vec<Change>, Vec<Row>)> {
    let declared = schema.table(table);
    let noted = ledger.len();
    let mut changes = Vec::with_capacity(plan.steps.len() + rows.len());
    let first = &mut Refusals::First;
    let outcome = prepare(declared, image, &mut rows, floor, &mut Vec::new()).and_then(|()| {
        change_rows(schema, image, &plan, &mut changes, first)?;
        let inserted = image.table_mut(table).insert_many(declared, &rows, &mut changes);
        inserted.map_err(|it| taken(declared, &it))?;
        judge_changed(schema, image, &plan, &changes, ledger, first)?;
        judge_inserted(schema, image, declared, &changes, ledger)
    });
    match outcome {
        Ok(()) => Ok((changes, rows)),
        Err(error) => {
            drop(plan);
            image.revert(schema, changes);
            ledger.cut(noted);
            Err(error)
        }
    }
}

pub(super) fn carry_out(
    schema: &Schema,
    image: &mut Image,
    plan: &ActionPlan,
    changes: &mut Vec<Change>,
    ledger: &mut Ledger,
    refusals: &mut Refusals,
) -> Result<()> {
    change_rows(schema, image, plan, changes, refusals)?;
    judge_changed(schema, image, plan, changes, ledger, refusals)
}

/// Puts the rows of a plan in place.
fn change_rows(
    schema: &Schema,
    image: &mut Image,
    plan: &ActionPlan,
    changes: &mut Vec<Change>,
    refusals: &mut Refusals,
) -> Result<()> {
    let mut deletes: FxHashMap<TableId, Vec<RowId>> = FxHashMap::default();
    let mut updates: FxHashMap<TableId, (Vec<(RowId, Row)>, ColumnSet)> = FxHashMap::default();
    let mut position = 0;
    // What a statement names is of one table, and so is mostly what one action reaches.
    for run in plan.steps.chunk_by(|a, b| a.table == b.table && a.effect.is_delete() == b.effect.is_delete()) {
        let id = run[0].table;
        let table = schema.table(id);
        if run[0].effect.is_delete() {
            deletes.entry(id).or_default().extend(run.iter().map(|it| it.row));
            position += run.len();
            continue;
        }
        let (rows, all) = updates.entry(id).or_default();
        rows.reserve(run.len());
        for step in run {
            if let Effect::Update(after) = &step.effect {
                let differing = after.differing(&*step.before);
                if let Err(error) = rows::judge(table, &**after, Some(&differing)) {
                    refusals.add_error(reached(schema, plan, position, error), Some(position))?;
                }
                all.add(&differing);
                rows.push((step.row, after.clone()));
            }
            position += 1;
        }
    }
    for (table, mut ids) in deletes {
        ids.sort_unstable();
        image.table_mut(table).remove_many(schema.table(table), &ids, changes);
    }
    for (table, (rows, differing)) in updates {
        let declared = schema.table(table);
        if let Err(it) = image.table_mut(table).replace_many(declared, rows, &differing, changes) {
            let is_it = |step: &Step| matches!(&step.effect, Effect::Update(after) if Arc::ptr_eq(after, &it.row));
            let step = plan.steps.iter().position(is_it);
            let mut violation = taken(declared, &it);
            violation.path = step.map_or_else(Vec::new, |step| path_to(schema, plan, step));
            refusals.add(violation, step)?;
        }
    }
    Ok(())
}

/// Judges what a plan has changed.
fn judge_changed(
    schema: &Schema,
    image: &Image,
    plan: &ActionPlan,
    changes: &[Change],
    ledger: &mut Ledger,
    refusals: &mut Refusals,
) -> Result<()> {
    let moved: FxHashMap<(TableId, RowId), RowId> = changes.iter().filter_map(moved_row).collect();
    follow(schema, image, &moved, ledger);
    judge_keys(schema, image, changes, ledger, refusals)?;
    let now = |table, row| moved.get(&(table, row)).copied().unwrap_or(row);
    judge_plan(schema, image, plan, now, ledger, refusals)
}

/// The error with the way on which the statement reached the row.
fn reached(schema: &Schema, plan: &ActionPlan, step: usize, error: Error) -> Error {
    match error.violation() {
        Some(violation) => {
            let path = path_to(schema, plan, step);
            Violation { path, ..violation.clone() }.into()
        }
        None => error,
    }
}

/// Notes what a row has open under its new slot: the ledger knows it by the old one.
fn follow(schema: &Schema, image: &Image, moved: &FxHashMap<(TableId, RowId), RowId>, ledger: &mut Ledger) {
    if ledger.is_empty() {
        return;
    }
    for (&(table, _), &to) in moved {
        let Some(row) = image.table(table).get(to) else { continue };
        for &id in &schema.table(table).outbound {
            let reference = schema.reference(id);
            let constraint = Constraint::Reference(id);
            if ledger.defers(constraint, reference.timing) && dangling(image, reference, &**row) {
                ledger.note(constraint, to);
            }
        }
    }
}

fn moved_row(change: &Change) -> Option<((TableId, RowId), RowId)> {
    match change {
        Change::Replaced { table, from, to, .. } if from != to => Some(((*table, *from), *to)),
        _ => None,
    }
}
