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

    /// Takes the changes of one statement back. Each row is among them at most once; where rows have exchanged their slots,
    /// what comes back to a slot counts and not what leaves it.
    pub fn revert(&mut self, schema: &Schema, changes: Vec<Change>) {
        let mut contents: Vec<(TableId, RowId, Option<Row>)> = Vec::with_capacity(changes.len());
        for change in changes {
            match change {
                Change::Inserted { table, row } => contents.push((table, row, None)),
                Change::Removed { table, row, before } => contents.push((table, row, Some(before))),
                Change::Replaced { table, from, to, before } => {
                    if to != from {
                        contents.push((table, to, None));
                    }
                    contents.push((table, from, Some(before)));
                }
            }
        }
        contents.sort_by_key(|(table, row, content)| (*table, *row, content.is_none()));
        contents.dedup_by_key(|it| (it.0, it.1));
        self.exchange(schema, contents);
    }

    /// Gives slots other contents; those of one table come one after the other.
    fn exchange(&mut self, schema: &Schema, contents: Vec<(TableId, RowId, Option<Row>)>) {
        let mut contents = contents.into_iter().peekable();
        while let Some((table, row, content)) = contents.next() {
            let mut of_table = vec![(row, content)];
            of_table.extend(std::iter::from_fn(|| contents.next_if(|it| it.0 == table)).map(|it| (it.1, it.2)));
            self.table_mut(table).exchange(schema.table(table), of_table);
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
        self.exchange(schema, differences.into_iter().map(|it| (it.table, it.row, it.after)).collect());
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
