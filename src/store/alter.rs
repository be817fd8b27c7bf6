//! The rows of one schema under another: what fits is shared, the rest is built.

use std::mem::discriminant;
use std::sync::Arc;

use super::image::Image;
use super::index::Index;
use super::table::{AWAY, Keys, TableImage, Taken};
use crate::id::{IndexId, RowId, TableId};
use crate::record::Row;
use crate::schema::{Continuation, IndexSchema, TableSchema};
use crate::value::ValueRef;

impl Image {
    /// The same rows under the schema that continues this one's. A table whose columns and indexes stay is shared as it
    /// is; of others, what can be shared is. `convert` makes a row of a table with other columns, or drops one that
    /// cannot be made, which the caller has then to refuse. Rows that may not stand beside each other are returned.
    pub fn altered(
        &self,
        continuation: &Continuation<'_>,
        mut convert: impl FnMut(TableId, &Row) -> Option<Row>,
    ) -> (Image, Vec<(TableId, Taken)>) {
        let mut refused = Vec::new();
        let tables = continuation.after.tables().iter().map(|schema| {
            let Some(old) = continuation.table(schema.id) else { return Arc::new(TableImage::empty(schema)) };
            let table = &self.tables[old.id.index()];
            if keeps_all(continuation, old, schema) {
                return table.clone();
            }
            let (table, taken) = table.altered(continuation, schema, &mut |row| convert(schema.id, row));
            refused.extend(taken.into_iter().map(|it| (schema.id, it)));
            Arc::new(table)
        });
        let tables = tables.collect();
        (Image { tables }, refused)
    }

    /// Whether a table of this version is the very same as one of another, so that nothing of it was copied.
    pub fn shares(&self, table: TableId, other: &Image, its: TableId) -> bool {
        Arc::ptr_eq(&self.tables[table.index()], &other.tables[its.index()])
    }
}

/// Whether a table serves as it is.
fn keeps_all(continuation: &Continuation<'_>, old: &TableSchema, new: &TableSchema) -> bool {
    let same = |a: &IndexSchema, b: &IndexSchema| {
        let timing = a.timing.is_deferrable() == b.timing.is_deferrable();
        a.parts == b.parts && a.predicate == b.predicate && a.uniqueness == b.uniqueness && timing
    };
    continuation.keeps_rows(new.id)
        && old.indexes.len() == new.indexes.len()
        && old.indexes.iter().zip(&new.indexes).all(|(a, b)| same(a, b))
        && old.columns.iter().zip(&new.columns).all(|(a, b)| a.nullable == b.nullable)
}

impl TableImage {
    fn altered(
        &self,
        continuation: &Continuation<'_>,
        schema: &TableSchema,
        convert: &mut dyn FnMut(&Row) -> Option<Row>,
    ) -> (TableImage, Vec<Taken>) {
        let mut altered = TableImage::empty(schema);
        let mut taken = Vec::new();
        let rows = continuation.keeps_rows(schema.id);
        if !self.keeps_slots(&altered, continuation, schema) {
            for (_, row) in self.rows() {
                let row = if rows { Some(row.clone()) } else { convert(row) };
                taken.extend(row.and_then(|it| altered.insert(schema, it).err()));
            }
            return (altered, taken);
        }
        if rows {
            (altered.home, altered.away) = (self.home.clone(), self.away.clone());
            if let (Keys::Integer { strays, .. }, Keys::Integer { strays: old, .. }) = (&mut altered.keys, &self.keys) {
                *strays = old.clone();
            }
        } else {
            for (id, row) in self.rows() {
                let Some(row) = convert(row) else { continue };
                altered.put_row(id, row);
            }
        }
        for (position, index) in schema.indexes.iter().enumerate() {
            let Some(empty) = altered.indexes[position].take() else { continue };
            let kept = continuation.index(schema.id, index).and_then(|old| {
                let tree = self.indexes[old.index()].as_ref()?;
                // A row that was dropped is refused; its entries do not matter then.
                let fits = discriminant(tree) == discriminant(&empty) && altered.len() == self.len();
                fits.then(|| (tree.clone(), continuation.forbade(schema.id, old, index)))
            });
            let (tree, judged) = match kept {
                Some(kept) => kept,
                None => altered.filled(empty, index),
            };
            if !judged {
                taken.extend(altered.in_the_way(&tree, IndexId(position as u16), index));
            }
            altered.indexes[position] = Some(tree);
        }
        (altered, taken)
    }

    /// Whether rows keep their slots in a table of another schema.
    fn keeps_slots(&self, empty: &TableImage, continuation: &Continuation<'_>, schema: &TableSchema) -> bool {
        match (&self.keys, &empty.keys) {
            (Keys::Arrival, Keys::Arrival) => true,
            (Keys::Integer { column: old, .. }, Keys::Integer { column: new, .. }) => {
                continuation.columns(schema.id)[new.index()] == Some(*old) && !continuation.narrows(schema.id, *new)
            }
            _ => false,
        }
    }

    /// Puts a row into its slot and into no index.
    fn put_row(&mut self, id: RowId, row: Row) {
        if id.0 & AWAY == 0 {
            self.home.insert(id.0, row);
            return;
        }
        if let Keys::Integer { column, strays } = &mut self.keys
            && let ValueRef::Int(key) = row.get(*column)
        {
            strays.insert((key, id));
        }
        self.away.insert(id.0 & !AWAY, row);
    }

    /// An index of all rows, and whether it is known to hold no key twice.
    fn filled(&self, mut empty: Index, index: &IndexSchema) -> (Index, bool) {
        let rows: Vec<(RowId, &Row)> = self.rows().collect();
        let batch = empty.batch(&rows, index);
        let judged = !index.is_unique() || empty.leaves_unique(&batch);
        empty.enter(batch);
        (empty, judged)
    }

    /// The rows whose key another row has that comes before.
    fn in_the_way(&self, tree: &Index, id: IndexId, index: &IndexSchema) -> Vec<Taken> {
        let mut taken = Vec::new();
        for (at, row) in self.rows() {
            if !index.covers(&**row) {
                continue;
            }
            let first = index.with_key(&**row, |probe| {
                let mut first = at;
                if !probe.iter().any(|it| it.is_null()) {
                    tree.each_equal(probe, &mut |other| {
                        first = other;
                        false
                    });
                }
                first
            });
            if first != at
                && let Some(holder) = self.get(first)
            {
                taken.push(Taken { index: id, row: row.clone(), holder: holder.clone() });
            }
        }
        taken
    }
}
