//! Which indexes statements have read, so that those can be found that nobody needs.

use std::sync::atomic::{AtomicBool, Ordering};

use super::Database;
use crate::id::{IndexId, TableId};
use crate::schema::{Lint, Schema};

/// For each index of each table, whether a statement has read it.
pub(super) struct IndexReads(Vec<Box<[AtomicBool]>>);

impl IndexReads {
    pub(super) fn new(schema: &Schema) -> Self {
        IndexReads(
            schema.tables().iter().map(|it| it.indexes.iter().map(|_| AtomicBool::new(false)).collect()).collect(),
        )
    }

    /// The same under another schema, for indexes of the same name.
    pub(super) fn continued(&self, before: &Schema, after: &Schema) -> Self {
        let continued = IndexReads::new(after);
        for table in after.tables() {
            let Ok(old) = before.table_named(&table.name) else { continue };
            for (index, is_read) in table.indexes.iter().zip(&continued.0[table.id.index()]) {
                let position = old.indexes.iter().position(|it| it.name == index.name);
                let was_read = position.is_some_and(|it| self.0[old.id.index()][it].load(Ordering::Relaxed));
                is_read.store(was_read, Ordering::Relaxed);
            }
        }
        continued
    }
}

impl Database {
    /// Notes that a statement has read these indexes.
    #[inline]
    pub(crate) fn note_index_reads(&self, indexes: &[(TableId, IndexId)]) {
        for (table, index) in indexes {
            let is_read = self.shared.index_reads.0.get(table.index()).and_then(|it| it.get(index.index()));
            // Nearly always it is known already, and then nothing is written that others read.
            if let Some(is_read) = is_read.filter(|it| !it.load(Ordering::Relaxed)) {
                is_read.store(true, Ordering::Relaxed);
            }
        }
    }

    /// The indexes that no statement has read since the database was made, here or in a fork of it: each only costs time
    /// and memory where rows change. Left out are those that forbid something, and those that serve a foreign key. What
    /// was read carries over to a database of [another schema](Database::altered) by name.
    ///
    /// ```
    /// use diptych::{col, Column, Database, Expression, Schema, Select, Table};
    ///
    /// let notes = Table::new("notes").auto_key("id").column(Column::text("body")).column(Column::int("stars"));
    /// let notes = notes.index(["body"]).index(["stars"]);
    /// let database = Database::new(Schema::builder().table(notes).build()?);
    /// database.connect().execute(Select::from("notes").filter(col("stars").gt(3)))?;
    /// let unused: Vec<String> = database.unused_indexes().into_iter().map(|it| it.place).collect();
    /// assert_eq!(unused, ["notes.notes_body_idx"]);
    /// # Ok::<(), diptych::Error>(())
    /// ```
    pub fn unused_indexes(&self) -> Vec<Lint> {
        let schema = self.schema();
        let mut unused = Vec::new();
        for table in schema.tables() {
            for ((position, index), is_read) in
                (0..).zip(&table.indexes).zip(&self.shared.index_reads.0[table.id.index()])
            {
                let serves = table.outbound.iter().any(|&it| schema.reference(it).index == Some(IndexId(position)));
                if !index.is_unique() && !serves && !is_read.load(Ordering::Relaxed) {
                    let place = format!("{}.{}", table.name, index.name);
                    unused.push(Lint::new(place, "no statement has read this index, and it serves no foreign key", ""));
                }
            }
        }
        unused
    }
}
