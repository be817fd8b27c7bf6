//! The rows of a database under another schema: converted, and judged by every rule that is new.

use super::facts::taken;
use super::references::{dangling, missing};
use super::rows::{self, refuse};
use crate::error::{ErrorKind, Result, Rule, Violation};
use crate::id::ColumnId;
use crate::record::{Row, edit};
use crate::schema::{CheckSchema, Continuation, IndexSchema, RowCells, TableSchema};
use crate::store::Image;
use crate::value::Truth;

/// At most this many violations are listed; the rest are counted.
const LISTED: usize = 1000;

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
/// [`ErrorKind::Alteration`] with every violation: rows that a new rule refuses; and what goes wrong in a new CHECK.
pub fn alter(continuation: &Continuation<'_>, image: &Image) -> Result<Image> {
    let mut found = Found::default();
    let (altered, refused) = image.altered(continuation, |table, row| {
        let outcome = convert(continuation, continuation.after.table(table), row);
        outcome.map_err(|violation| found.add(*violation)).ok()
    });
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
fn convert(continuation: &Continuation<'_>, table: &TableSchema, row: &Row) -> Result<Row, Box<Violation>> {
    let mut after = table.prototype.duplicate();
    for (column, from) in table.column_ids().zip(continuation.columns(table.id)) {
        let value = match from {
            Some(from) => row.get(*from).to_value(),
            None => table.column(column).default.clone().unwrap_or_default(),
        };
        if let Err(mismatch) = edit(&mut after).set(column, value) {
            let rule = if mismatch.value.is_null() { Rule::NotNull } else { Rule::Type };
            return Err(Box::new(refuse(table, &**row, rule, &[column], &table.column(column).name)));
        }
    }
    rows::widen(table, &mut after);
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
                Some(kind) if kind != schema.kind => {
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
