//! The rows of a database under another schema: converted, and judged by every rule that is new.

use super::facts::taken;
use super::references::{dangling, missing};
use super::rows::{self, refuse};
use crate::error::{ErrorKind, Result, Rule, Violation};
use crate::id::ColumnId;
use crate::record::{Row, edit};
use crate::schema::{CheckSchema, Continuation, IndexSchema, RowCells, Storage, TableSchema};
use crate::store::Image;
use crate::value::{Truth, Value};

/// At most this many violations are listed; the rest are counted.
const LISTED: usize = 1000;

/// What a new column holds in a row that is there.
pub type DefaultOf<'a> = dyn Fn(&TableSchema, ColumnId) -> Result<Value> + 'a;

#[derive(Default)]
struct Found {
    listed: Vec<Violation>,
    count: usize,
}

impl Found {
    fn add(&mut self, violation: Violation) {
        self.count += 1;
        if self.listed.len() < LISTED {
            self.listed.push(violation);
        }
    }
}

/// The rows of an image under the schema that continues its own. What stays as it is, is shared; a rule that was there
/// before is not judged again.
///
/// # Errors
/// [`ErrorKind::Alteration`] with every violation: rows that a new rule refuses; and what goes wrong in a new CHECK, a
/// new default or a new generated column.
pub fn alter(continuation: &Continuation<'_>, image: &Image, default: &DefaultOf<'_>) -> Result<Image> {
    let mut found = Found::default();
    let mut failure = None;
    let (altered, refused) = image.altered(continuation, |table, row| {
        let outcome = convert(continuation, continuation.after.table(table), row, default);
        outcome
            .map_err(|error| match error.violation() {
                Some(violation) => found.add(violation.clone()),
                None => failure = failure.take().or(Some(error)),
            })
            .ok()
    });
    if let Some(error) = failure {
        return Err(error);
    }
    for (table, it) in refused {
        found.add(taken(continuation.after.table(table), &it));
    }
    for table in continuation.after.tables() {
        judge_rows(continuation, &altered, table, &mut found)?;
    }
    for reference in continuation.after.references().iter().filter(|it| !continuation.referred(it)) {
        for (_, row) in altered.table(reference.table).rows() {
            if dangling(&altered, reference, &**row) {
                found.add(missing(continuation.after, reference, row));
            }
        }
    }
    match found.count {
        0 => Ok(altered),
        count => Err(ErrorKind::Alteration { violations: found.listed, count }.into()),
    }
}

/// The row that a row becomes: columns that continue others take their values, new ones their defaults.
fn convert(continuation: &Continuation<'_>, table: &TableSchema, row: &Row, default: &DefaultOf<'_>) -> Result<Row> {
    let mut after = table.prototype.duplicate();
    for (column, from) in table.column_ids().zip(continuation.columns(table.id)) {
        let value = match from {
            Some(from) => row.get(*from).to_value(),
            // It is computed below; until then a draft of it stands there.
            None if table.column(column).generated.is_some() => continue,
            None => default(table, column)?,
        };
        if let Err(mismatch) = edit(&mut after).set(column, value) {
            let rule = if mismatch.value.is_null() { Rule::NotNull } else { Rule::Type };
            return Err(refuse(table, &**row, rule, &[column], &table.column(column).name).into());
        }
    }
    rows::settle(table, &mut after)?;
    Ok(after)
}

/// Judges the columns and conditions of a table that accept less than before.
fn judge_rows(continuation: &Continuation<'_>, image: &Image, table: &TableSchema, found: &mut Found) -> Result<()> {
    let columns: Vec<ColumnId> = table.column_ids().filter(|&it| continuation.narrows(table.id, it)).collect();
    let checks: Vec<&CheckSchema> = table.checks.iter().filter(|it| !continuation.checked(table.id, it)).collect();
    // What a new index computes must be computable for every row.
    let is_new = |it: &&IndexSchema| !it.is_plain() && continuation.index(table.id, it).is_none();
    let computed: Vec<&IndexSchema> = match continuation.table(table.id) {
        Some(_) => table.indexes.iter().filter(is_new).collect(),
        None => Vec::new(),
    };
    if columns.is_empty() && checks.is_empty() && computed.is_empty() {
        return Ok(());
    }
    for (_, row) in image.table(table.id).rows() {
        for &column in &columns {
            let schema = table.column(column);
            match row.get(column).kind() {
                None if !schema.nullable => {
                    found.add(refuse(table, &**row, Rule::NotNull, &[column], &schema.name));
                }
                Some(kind) if kind != schema.kind && schema.storage == Storage::Strict => {
                    found.add(refuse(table, &**row, Rule::Type, &[column], schema.kind.name()));
                }
                _ => {}
            }
        }
        for index in &computed {
            if index.try_covers(&**row)? {
                index.try_key(&**row)?;
            }
        }
        for check in &checks {
            if check.condition.holds(&RowCells(&**row))? == Truth::False {
                found.add(refuse(table, &**row, Rule::Check, &check.columns, &check.name));
            }
        }
    }
    Ok(())
}
