//! Adding rows that are given as expressions or that a query brings.

use super::conflict::Meeting;
use super::returning;
use super::{changed, default_of};
use crate::error::Result;
use crate::expr::Moment;
use crate::id::ColumnId;
use crate::integrity::ActionPlan;
use crate::query::connection::Outcome;
use crate::query::frame::Frame;
use crate::query::plan::{InsertPlan, InsertSource};
use crate::query::run::{Arena, Execution, Given};
use crate::record::{Row, Tuple};
use crate::schema::TableSchema;
use crate::txn::Transaction;
use crate::value::Value;

pub(super) fn run(transaction: &mut Transaction, plan: &InsertPlan, with: Given<'_>) -> Result<(Outcome, u64)> {
    let schema = transaction.schema().clone();
    let table = schema.table(plan.table);
    let arena = Arena::default();
    let execution = Execution::new(transaction.image(), with, &arena);
    let rows = given(transaction, table, plan, &execution)?;
    let meeting = match &plan.on_conflict {
        None => Err(rows),
        Some(conflict) => Ok(Meeting::of(transaction, table, conflict, rows, &execution)?),
    };
    let read = execution.read.get();
    drop(execution);
    // Rows come out as the table holds them, so they are there when that is computed: to fail then is to go back.
    let before = (!plan.returning.is_empty()).then(|| (transaction.savepoint(), transaction.image().clone()));
    let (mut outcome, rows) = match meeting {
        Err(mut rows) => {
            transaction.insert(plan.table, &mut rows)?;
            (changed(rows.len(), rows.len()), rows)
        }
        Ok(meeting) => carry_out(transaction, table, meeting)?,
    };
    if let Some((savepoint, image)) = before {
        let rows: Vec<Vec<Option<Row>>> = rows.into_iter().map(|it| vec![Some(it)]).collect();
        match returning::evaluate(&image, with, &plan.returning, &rows) {
            Ok(returned) => outcome.rows = returned,
            Err(error) => {
                transaction.rollback_to(savepoint);
                return Err(error);
            }
        }
    }
    Ok((outcome, read))
}

/// Changes what was in the way and inserts the rest. Returns the rows that were inserted or changed.
fn carry_out(transaction: &mut Transaction, table: &TableSchema, meeting: Meeting<'_>) -> Result<(Outcome, Vec<Row>)> {
    let settled = meeting.settle();
    let mut plan = ActionPlan::default();
    if !settled.deleted.is_empty() {
        plan = transaction.plan_delete(table.id, &settled.deleted)?;
    } else if !settled.updated.is_empty() {
        plan = transaction.plan_update(table.id, settled.updated)?;
    }
    let updated: Vec<Row> = plan.steps[..plan.named()].iter().filter_map(super::after_of).collect();
    let (changes, inserted) = transaction.apply_and_insert(plan, table.id, settled.inserted)?;
    let named = inserted.len() + updated.len();
    let outcome = changed(named, changes.len());
    let (mut inserted, mut updated) = (inserted.into_iter(), updated.into_iter());
    let next = |new: bool| if new { inserted.next() } else { updated.next() };
    Ok((outcome, settled.order.into_iter().filter_map(next).collect()))
}

/// The rows that are to be inserted, as tuples.
fn given(
    transaction: &Transaction,
    table: &TableSchema,
    plan: &InsertPlan,
    execution: &Execution<'_>,
) -> Result<Vec<Row>> {
    let moment = execution.given.moment;
    match &plan.source {
        InsertSource::Rows(rows) => {
            let frame = Frame::alone(execution, &[]);
            let mut built = Vec::with_capacity(rows.len());
            for row in rows {
                let values = row.iter().map(|it| match it {
                    Some(it) => Ok(Some(it.evaluate(&frame)?.into_value())),
                    None => Ok(None),
                });
                built.push(build(transaction, table, &plan.columns, values, moment)?);
            }
            Ok(built)
        }
        InsertSource::Select(select) => {
            let rows = execution.select(select)?;
            let row = |at| {
                let values = rows.values_at(at).iter().map(|it| Ok(Some(it.clone())));
                build(transaction, table, &plan.columns, values, moment)
            };
            (0..rows.len()).map(row).collect()
        }
    }
}

/// Builds a row; columns that are not given take their defaults.
fn build(
    transaction: &Transaction,
    table: &TableSchema,
    columns: &[ColumnId],
    values: impl Iterator<Item = Result<Option<Value>>>,
    moment: &Moment<'_>,
) -> Result<Row> {
    let mut given: Vec<Option<Value>> = vec![None; table.columns.len()];
    for (column, value) in columns.iter().zip(values) {
        given[column.index()] = value?;
    }
    // A column that the row's Rust type holds by default may be NULL in SQL's eyes: what is not given is NULL unless
    // the column says otherwise, and NOT NULL is judged on the tuple, before it becomes a record.
    let values = given.into_iter().zip(table.column_ids());
    let values = values.map(|(given, column)| given.map_or_else(|| default_of(transaction, table, column, moment), Ok));
    Ok(Tuple::new(values.collect::<Result<Vec<_>>>()?).into_row())
}
