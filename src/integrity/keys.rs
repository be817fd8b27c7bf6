//! Unique keys that can be deferred: the store lets rows share them, so they are judged here, after the change.

use super::facts::taken;
use super::ledger::{Constraint, Ledger};
use super::preview::Refusals;
use crate::error::{Result, Violation};
use crate::id::{IndexId, RowId, TableId};
use crate::schema::Schema;
use crate::store::{Change, Image, Taken};

/// Judges the keys that a statement gave to rows, at its end: deferred ones that are shared go to the ledger, others
/// refuse.
pub(super) fn judge_keys(
    schema: &Schema,
    image: &Image,
    changes: &[Change],
    ledger: &mut Ledger,
    refusals: &mut Refusals,
) -> Result<()> {
    for change in changes {
        let (table, row) = match change {
            Change::Inserted { table, row } | Change::Replaced { table, to: row, .. } => (*table, *row),
            Change::Removed { .. } => continue,
        };
        for &key in &schema.table(table).deferrable_keys {
            let Some(violation) = shared(schema, image, table, key, row) else { continue };
            let constraint = Constraint::Key(table, key);
            match ledger.defers(constraint, schema.table(table).index(key).timing) {
                true => ledger.note(constraint, row),
                false => refusals.add(violation, None)?,
            }
        }
    }
    Ok(())
}

/// The violation of a key that the row shares with another one.
pub(super) fn shared(schema: &Schema, image: &Image, table: TableId, key: IndexId, row: RowId) -> Option<Violation> {
    let (declared, rows) = (schema.table(table), image.table(table));
    let holder = rows.rival(declared, key, row)?.clone();
    let row = rows.get(row)?.clone();
    Some(taken(declared, &Taken { index: key, row, holder }))
}
