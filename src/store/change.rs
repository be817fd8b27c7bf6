//! What an edit did to one row, kept so that it can be taken back, and what lies between two versions.

use crate::id::{RowId, TableId};
use crate::record::Row;

/// What an edit did to one row.
#[derive(Clone, Debug)]
pub enum Change {
    /// The row is new.
    Inserted {
        /// Its table.
        table: TableId,
        /// Its slot.
        row: RowId,
    },
    /// The row has another version.
    Replaced {
        /// Its table.
        table: TableId,
        /// Its slot before.
        from: RowId,
        /// Its slot now: another one when its integer key changed.
        to: RowId,
        /// The version before.
        before: Row,
    },
    /// The row is gone.
    Removed {
        /// Its table.
        table: TableId,
        /// Its slot.
        row: RowId,
        /// The version before.
        before: Row,
    },
}

impl Change {
    /// The slots that it touched: where the row was, and where it is now.
    pub fn slots(&self) -> impl Iterator<Item = (TableId, RowId)> + use<> {
        let (table, from, to) = match *self {
            Change::Inserted { table, row } | Change::Removed { table, row, .. } => (table, row, None),
            Change::Replaced { table, from, to, .. } => (table, from, (to != from).then_some(to)),
        };
        std::iter::once(from).chain(to).map(move |row| (table, row))
    }
}

/// A row that two versions of a database do not share.
#[derive(Clone, Debug)]
pub struct Difference {
    /// Its table.
    pub table: TableId,
    /// Its slot.
    pub row: RowId,
    /// The row in the earlier version.
    pub before: Option<Row>,
    /// The row in the later version.
    pub after: Option<Row>,
}
