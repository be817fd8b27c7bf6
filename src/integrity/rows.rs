//! The rules that one row can be judged by alone: types, NOT NULL, CHECK, and whether indexes can compute its keys.

use super::facts::fact;
use crate::error::{Misuse, Result, Rule, Violation};
use crate::id::{ColumnId, ColumnSet};
use crate::record::{Record, Row, edit, project, values};
use crate::schema::{RowCells, Storage, TableSchema};
use crate::value::{Kind, Truth, Value, ValueRef};

/// Brings a row to the Rust type of its table.
///
/// # Errors
/// When it has another number of columns, or a value that its column cannot hold.
fn adopt(table: &TableSchema, row: &mut Row) -> Result<()> {
    if table.holds(&**row) {
        return Ok(());
    }
    if row.width() != table.columns.len() {
        let reason = format!("{} has {} columns, the row has {}", table.name, table.columns.len(), row.width());
        return Err(Misuse::Statement { reason }.into());
    }
    let mut adopted = table.prototype.duplicate();
    for (column, value) in table.column_ids().zip(values(&**row)) {
        if let Err(mismatch) = edit(&mut adopted).set(column, value) {
            let rule = if mismatch.value.is_null() { Rule::NotNull } else { Rule::Type };
            return Err(refuse(table, &**row, rule, &[column], rule.name()).into());
        }
    }
    *row = adopted;
    Ok(())
}

/// Judges types, NOT NULL and CHECK. `of` limits the columns that can have changed; `None` means all.
///
/// # Errors
/// The first [`Violation`], or what goes wrong in a CHECK.
pub fn judge(table: &TableSchema, row: &dyn Record, of: Option<&ColumnSet>) -> Result<()> {
    let concerns = |column: ColumnId| of.is_none_or(|it| it.contains(column));
    // The fields of the user's own records have the right type by construction; only tuples hold anything.
    let may_mismatch = table.holds_tuples();
    match of {
        Some(changed) => changed.iter().try_for_each(|it| judge_column(table, row, it, may_mismatch))?,
        None => {
            for column in table.column_ids() {
                judge_column(table, row, column, may_mismatch)?;
            }
        }
    }
    // What an index computes must be computable before the row reaches it.
    for index in table.indexes.iter().filter(|it| !it.is_plain()) {
        if index.reads.iter().any(|&it| concerns(it)) && index.try_covers(row)? {
            index.try_key(row)?;
        }
    }
    for check in &table.checks {
        if check.columns.iter().any(|&it| concerns(it)) && check.condition.holds(&RowCells(row))? == Truth::False {
            return Err(refuse(table, row, Rule::Check, &check.columns, &check.name).into());
        }
    }
    Ok(())
}

/// Judges one column by its type.
#[inline(always)]
fn judge_column(table: &TableSchema, row: &dyn Record, column: ColumnId, may_mismatch: bool) -> Result<()> {
    let schema = table.column(column);
    match row.get(column).kind() {
        None if !schema.nullable => Err(refuse(table, row, Rule::NotNull, &[column], &schema.name).into()),
        Some(kind) if may_mismatch && kind != schema.kind && schema.storage == Storage::Strict => {
            Err(refuse(table, row, Rule::Type, &[column], schema.kind.name()).into())
        }
        _ => Ok(()),
    }
}

/// Brings a row that a statement gives into the form in which the table holds it: its Rust type, values converted where
/// their columns convert, generated columns computed.
///
/// # Errors
/// When it has another number of columns, a value that its column cannot hold, or a generated column that cannot be
/// computed.
pub fn settle(table: &TableSchema, row: &mut Row) -> Result<()> {
    adopt(table, row)?;
    widen(table, row);
    generate(table, row)
}

/// Converts what was written in another kind than the column holds: a whole number for a float, and anything that a
/// flexible column converts.
fn widen(table: &TableSchema, row: &mut Row) {
    if !table.holds_tuples() {
        return;
    }
    for column in table.column_ids() {
        let schema = table.column(column);
        let converted = match (schema.storage, row.get(column)) {
            (Storage::Flexible(affinity), value) => affinity.stored(value),
            // Only what survives the way there and back; anything else is refused as a mismatch.
            (Storage::Strict, ValueRef::Int(it)) if schema.kind == Kind::Float => {
                ((it as f64) as i128 == i128::from(it)).then_some(Value::Float(it as f64))
            }
            #[cfg(feature = "decimal")]
            (Storage::Strict, ValueRef::Int(it)) if schema.kind == Kind::Decimal => Some(Value::Decimal(it.into())),
            _ => None,
        };
        if let Some(value) = converted {
            let widened = edit(row).set(column, value);
            debug_assert!(widened.is_ok(), "a tuple takes any value");
        }
    }
}

/// Computes the generated columns of a row.
///
/// # Errors
/// When one cannot be computed, or its Rust type does not hold the outcome.
pub(super) fn generate(table: &TableSchema, row: &mut Row) -> Result<()> {
    for &column in &table.generated {
        let Some(generated) = &table.column(column).generated else { continue };
        let value = generated.expression.evaluate(&RowCells(&**row))?.into_value();
        let value = match (table.column(column).kind, &value) {
            (Kind::Float, Value::Int(it)) if (*it as f64) as i128 == i128::from(*it) => Value::Float(*it as f64),
            _ => value,
        };
        if row.get(column).kind() == value.kind() && row.get(column) == value.as_ref() {
            continue;
        }
        if let Err(mismatch) = edit(row).set(column, value) {
            let rule = if mismatch.value.is_null() { Rule::NotNull } else { Rule::Type };
            return Err(refuse(table, &**row, rule, &[column], rule.name()).into());
        }
    }
    Ok(())
}

pub(super) fn refuse(
    table: &TableSchema,
    row: &dyn Record,
    rule: Rule,
    columns: &[ColumnId],
    constraint: &str,
) -> Violation {
    let advice = match rule {
        Rule::NotNull => "give a value, or declare the column nullable".to_owned(),
        Rule::Type => format!("give {}", table.column(columns[0]).kind),
        _ => String::new(),
    };
    Violation {
        rule,
        constraint: constraint.to_owned(),
        table: table.name.clone(),
        columns: table.names(columns),
        values: project(row, columns),
        row: fact(table, row),
        blocking: Vec::new(),
        blocking_count: 0,
        path: Vec::new(),
        advice,
    }
}
