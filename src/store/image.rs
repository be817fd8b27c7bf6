//! All tables at one version.

use std::sync::Arc;

use super::change::{Change, Difference};
use super::table::TableImage;
use crate::id::{RowId, TableId};
use crate::record::Row;
use crate::schema::Schema;

/// All tables at one version. A clone is a version of its own and costs one reference count (T4).
#[derive(Clone)]
pub struct Image {
    pub(super) tables: Arc<[Arc<TableImage>]>,
}

impl Image {
    /// The empty tables of a schema.
    pub fn empty(schema: &Schema) -> Self {
        Image { tables: schema.tables().iter().map(|it| Arc::new(TableImage::empty(it))).collect() }
    }

    /// One table.
    #[inline]
    pub fn table(&self, id: TableId) -> &TableImage {
        &self.tables[id.index()]
    }

    /// One table, to change; copies what other versions share.
    #[inline]
    pub fn table_mut(&mut self, id: TableId) -> &mut TableImage {
        Arc::make_mut(&mut Arc::make_mut(&mut self.tables)[id.index()])
    }

    /// Takes the changes of one statement back. Each row is among them at most once, so first everything new goes, then
    /// everything old comes back: rows that have exchanged their slots would otherwise overwrite each other.
    pub fn revert(&mut self, schema: &Schema, changes: Vec<Change>) {
        for change in changes.iter().rev() {
            if let Change::Inserted { table, row } | Change::Replaced { table, to: row, .. } = change {
                self.table_mut(*table).remove(schema.table(*table), *row);
            }
        }
        for change in changes.into_iter().rev() {
            if let Change::Removed { table, row, before } | Change::Replaced { table, from: row, before, .. } = change {
                self.table_mut(table).put(schema.table(table), row, before);
            }
        }
    }

    /// The rows that `later` does not share with this version, in time proportional to the difference, and how many
    /// nodes of the trees that took.
    pub fn differences(&self, later: &Image) -> (Vec<Difference>, usize) {
        let (mut found, mut visited) = (Vec::new(), 0);
        if Arc::ptr_eq(&self.tables, &later.tables) {
            return (found, visited);
        }
        for (position, (a, b)) in self.tables.iter().zip(later.tables.iter()).enumerate() {
            if !Arc::ptr_eq(a, b) {
                let table = TableId(position as u16);
                visited += a.each_difference(b, |row, before: Option<&Row>, after: Option<&Row>| {
                    found.push(Difference { table, row, before: before.cloned(), after: after.cloned() });
                });
            }
        }
        (found, visited)
    }

    /// The rows that `later` does not share with this version among these slots, each looked at once.
    pub fn differences_in(&self, later: &Image, slots: impl IntoIterator<Item = (TableId, RowId)>) -> Vec<Difference> {
        let mut slots: Vec<(TableId, RowId)> = slots.into_iter().collect();
        slots.sort_unstable();
        slots.dedup();
        let mut found = Vec::new();
        for (table, row) in slots {
            let (before, after) = (self.table(table).get(row), later.table(table).get(row));
            let same = match (before, after) {
                (Some(a), Some(b)) => Arc::ptr_eq(a, b),
                (None, None) => true,
                _ => false,
            };
            if !same {
                found.push(Difference { table, row, before: before.cloned(), after: after.cloned() });
            }
        }
        found
    }

    /// Takes over from `other` what it holds in these slots. The rest of both is taken to be the same.
    pub fn catch_up(&mut self, schema: &Schema, other: &Image, slots: &[(TableId, RowId)]) {
        let differences = self.differences_in(other, slots.iter().copied());
        for it in differences.iter().filter(|it| it.before.is_some()) {
            self.table_mut(it.table).remove(schema.table(it.table), it.row);
        }
        for it in differences {
            if let Some(row) = it.after {
                self.table_mut(it.table).put(schema.table(it.table), it.row, row);
            }
        }
    }

    /// Whether both are the very same version, so that nothing differs.
    pub fn same(&self, other: &Image) -> bool {
        Arc::ptr_eq(&self.tables, &other.tables)
    }

    /// Checks the structure of every table; see the front page of the room.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn audit(&self, schema: &Schema) -> Result<(), String> {
        schema.tables().iter().try_for_each(|table| {
            self.table(table.id).audit(table).map_err(|problem| format!("{}: {problem}", table.name))
        })
    }
}
