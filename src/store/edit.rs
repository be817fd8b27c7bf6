//! Changing a table: rows, slots and indexes move in step (T1), and unique keys are judged (T3).

use super::change::Change;
use super::entries::Batch;
use super::exchange::has_same_key;
use super::table::{AWAY, Keys, TableImage, Taken};
use crate::id::{ColumnSet, IndexId, RowId};
use crate::record::{Record, Row};
use crate::schema::TableSchema;
use crate::value::ValueRef;

/// What another version of a row takes with it, and the version before where that was released for it.
enum Moving {
    Nothing,
    /// The row keeps its slot, and an index holds it under another key.
    Keys(Option<Row>),
    /// Its integer key, and so its slot.
    Slot(Option<Row>),
}

impl TableImage {
    /// The slot that a new row gets (T2).
    fn place(&self, row: &dyn Record) -> RowId {
        let Keys::Integer { column, .. } = &self.keys else {
            return RowId(self.home.last_slot().map_or(0, |it| it + 1));
        };
        // A home far from the others would be a long thin path in the tree; keys that are spread live away.
        let near = 4 * self.len() as u64 + 4096;
        match row.get(*column) {
            ValueRef::Int(key) if key >= 0 && (key as u64) < near => RowId(key as u64),
            _ => RowId(self.away.last_slot().map_or(0, |it| it + 1) | AWAY),
        }
    }

    /// Adds a row.
    ///
    /// # Errors
    /// [`Taken`] when another row holds one of its unique keys; nothing has changed then (T3).
    pub fn insert(&mut self, schema: &TableSchema, row: Row) -> Result<RowId, Taken> {
        self.check_free(schema, &row)?;
        let id = self.place(&*row);
        self.put(schema, id, row);
        Ok(id)
    }

    /// Adds rows, all or none, and notes each as a change.
    ///
    /// # Errors
    /// [`Taken`] for the first row that another one is in the way of; nothing has changed then.
    pub fn insert_many(&mut self, schema: &TableSchema, rows: &[Row], changes: &mut Vec<Change>) -> Result<(), Taken> {
        const WORTH_A_BATCH: usize = 8;
        let start = changes.len();
        let table = schema.id;
        if rows.len() >= WORTH_A_BATCH
            && let Some(placed) = self.places_past_the_end(rows)
            && let Some(batches) = self.batches(schema, &placed)
        {
            self.append(&placed, batches);
            changes.extend(placed.iter().map(|(row, _)| Change::Inserted { table, row: *row }));
            return Ok(());
        }
        for row in rows {
            match self.insert(schema, row.clone()) {
                Ok(row) => changes.push(Change::Inserted { table, row }),
                Err(taken) => {
                    for change in changes.drain(start..).rev() {
                        if let Change::Inserted { row, .. } = change {
                            self.remove(schema, row);
                        }
                    }
                    return Err(taken);
                }
            }
        }
        Ok(())
    }

    /// The slots of rows that can be put behind all others without looking at each: their keys are at home and rise
    /// from the last slot. `None` for any other rows.
    fn places_past_the_end<'a>(&self, rows: &'a [Row]) -> Option<Vec<(RowId, &'a Row)>> {
        let mut next = self.home.last_slot().map_or(0, |it| it + 1);
        let Keys::Integer { column, .. } = &self.keys else {
            return Some((next..).map(RowId).zip(rows).collect());
        };
        if !self.away.is_empty() {
            return None;
        }
        let near = 4 * self.len() as u64 + 4096;
        let mut placed = Vec::with_capacity(rows.len());
        for row in rows {
            let ValueRef::Int(key) = row.get(*column) else { return None };
            let slot = u64::try_from(key).ok().filter(|&it| it >= next && it < near.max(next + 1))?;
            placed.push((RowId(slot), row));
            next = slot + 1;
        }
        Some(placed)
    }

    /// What the rows would enter into each index; `None` when a unique key is in the way of one.
    fn batches(&self, schema: &TableSchema, placed: &[(RowId, &Row)]) -> Option<Vec<Option<Batch>>> {
        let indexes = schema.indexes.iter().zip(&self.indexes);
        let batches = indexes.map(|(index, tree)| {
            let Some(tree) = tree else { return Some(None) };
            let batch = tree.batch(placed, index);
            (!index.is_judged_at_once() || tree.leaves_unique(&batch)).then_some(Some(batch))
        });
        batches.collect()
    }

    fn append(&mut self, placed: &[(RowId, &Row)], batches: Vec<Option<Batch>>) {
        for run in placed.chunk_by(|a, b| a.0.0 + 1 == b.0.0) {
            self.home.append(run[0].0.0, run.iter().map(|(_, row)| (*row).clone()));
        }
        for (tree, batch) in self.indexes.iter_mut().zip(batches) {
            if let (Some(tree), Some(batch)) = (tree, batch) {
                tree.enter(batch);
            }
        }
    }

    fn check_free(&self, schema: &TableSchema, row: &Row) -> Result<(), Taken> {
        for (position, index) in schema.indexes.iter().enumerate() {
            if !index.is_judged_at_once() {
                continue;
            }
            let index_id = IndexId(position as u16);
            if let Some(holder) = self.holder(schema, index_id, &**row) {
                return Err(Taken { index: index_id, row: row.clone(), holder: holder.clone() });
            }
        }
        Ok(())
    }

    /// The row that holds the unique key which `row` has; nobody holds a key with a NULL part.
    fn holder(&self, schema: &TableSchema, index: IndexId, row: &dyn Record) -> Option<&Row> {
        let declared = schema.index(index);
        if !declared.covers(row) {
            return None;
        }
        declared.with_key(row, |probe| {
            if probe.iter().any(|it| it.is_null()) { None } else { self.find(index, probe).map(|(_, row)| row) }
        })
    }

    /// Another row that agrees with the row in a slot in a unique key: a deferrable key is judged by it after the change.
    pub fn rival(&self, schema: &TableSchema, index: IndexId, id: RowId) -> Option<&Row> {
        let (declared, row) = (schema.index(index), self.get(id)?);
        if !declared.covers(&**row) {
            return None;
        }
        let mut found = None;
        declared.with_key(&**row, |probe| {
            if probe.iter().any(|it| it.is_null()) {
                return;
            }
            self.each_equal(index, probe, |other, row| {
                if other != id {
                    found = Some(row);
                }
                found.is_none()
            });
        });
        found
    }

    /// Puts a row into a slot that is empty, and into every index.
    pub(super) fn put(&mut self, schema: &TableSchema, id: RowId, row: Row) {
        for (index, tree) in schema.indexes.iter().zip(&mut self.indexes) {
            if let Some(tree) = tree {
                tree.insert(&*row, id, index);
            }
        }
        self.set_slot(id, Some(row));
    }

    /// Takes a row out of its slot and every index.
    pub(super) fn remove(&mut self, schema: &TableSchema, id: RowId) -> Option<Row> {
        let row = self.set_slot(id, None)?;
        for (index, tree) in schema.indexes.iter().zip(&mut self.indexes) {
            if let Some(tree) = tree {
                tree.remove(&*row, id, index);
            }
        }
        Some(row)
    }

    fn forget_stray(&mut self, id: RowId, row: &Row) {
        if let Keys::Integer { column, strays } = &mut self.keys
            && id.0 & AWAY != 0
            && let ValueRef::Int(key) = row.get(*column)
        {
            strays.remove(&(key, id));
        }
    }

    /// Takes rows out, and notes each as a change. The slots come in ascending order, each once.
    pub fn remove_many(&mut self, schema: &TableSchema, ids: &[RowId], changes: &mut Vec<Change>) {
        let table = schema.id;
        let border = ids.partition_point(|it| it.0 & AWAY == 0);
        let mut taken: Vec<(RowId, Row)> = Vec::with_capacity(ids.len());
        let slots: Vec<u64> = ids.iter().map(|it| it.0 & !AWAY).collect();
        self.home.remove_sorted(&slots[..border], |slot, row| taken.push((RowId(slot), row)));
        self.away.remove_sorted(&slots[border..], |slot, row| taken.push((RowId(slot | AWAY), row)));
        for (index, tree) in schema.indexes.iter().zip(&mut self.indexes) {
            if let Some(tree) = tree {
                tree.remove_many(&taken, index);
            }
        }
        for (id, row) in taken {
            self.forget_stray(id, &row);
            changes.push(Change::Removed { table, row: id, before: row });
        }
    }

    /// Gives rows other versions, all or none, and notes each as a change. Unique keys are judged when all rows have
    /// their new version: every key that changes is released before any is taken, so two rows can swap theirs. What reads
    /// no column in which a row differs from its version before is not looked at.
    ///
    /// # Errors
    /// [`Taken`] when two rows would hold the same unique key; nothing has changed then.
    pub fn replace_many(
        &mut self,
        schema: &TableSchema,
        rows: Vec<(RowId, Row)>,
        differing: &ColumnSet,
        changes: &mut Vec<Change>,
    ) -> Result<(), Taken> {
        let rekeys = matches!(&self.keys, Keys::Integer { column, .. } if differing.contains(*column));
        if !rekeys || rows.iter().all(|(id, row)| self.stays(*id, row)) {
            return self.replace_in_place(schema, rows, differing, changes);
        }
        // A copy of the roots is cheap, and going back to it undoes a half-done exchange.
        let (backup, start) = (self.clone(), changes.len());
        let mut released: Vec<(RowId, Row, Moving)> = Vec::with_capacity(rows.len());
        for (id, row) in rows {
            let moving = match (self.stays(id, &row), self.keeps_keys(schema, id, &row)) {
                (false, _) => Moving::Slot(self.remove(schema, id)),
                (true, false) => Moving::Keys(self.remove(schema, id)),
                (true, true) => Moving::Nothing,
            };
            released.push((id, row, moving));
        }
        // Rows that keep their slot come back first: a row that gets another one must not be given theirs.
        let (leaving, staying): (Vec<_>, Vec<_>) = released.into_iter().partition(|it| matches!(it.2, Moving::Slot(_)));
        for (from, row, moving) in staying.into_iter().chain(leaving) {
            if let Moving::Slot(_) | Moving::Keys(_) = moving
                && let Err(taken) = self.check_free(schema, &row)
            {
                *self = backup;
                changes.truncate(start);
                return Err(taken);
            }
            let to = if let Moving::Slot(_) = moving { self.place(&*row) } else { from };
            let before = match moving {
                Moving::Nothing => self.set_slot(from, Some(row)),
                Moving::Slot(before) | Moving::Keys(before) => {
                    self.put(schema, to, row);
                    before
                }
            };
            changes.extend(before.map(|before| Change::Replaced { table: schema.id, from, to, before }));
        }
        Ok(())
    }

    /// The columns in which other versions of rows differ from those that are there.
    pub fn differing(&self, rows: &[(RowId, Row)]) -> ColumnSet {
        let mut all = ColumnSet::default();
        for (id, row) in rows {
            if let Some(before) = self.get(*id) {
                all.add(&row.differing(&**before));
            }
        }
        all
    }

    /// Whether every index holds another version of a row under the key that it has.
    fn keeps_keys(&self, schema: &TableSchema, id: RowId, row: &Row) -> bool {
        let before = self.get(id).map(|it| &**it);
        schema.indexes.iter().all(|it| has_same_key(it, before, Some(&**row)))
    }

    /// Whether another version of a row has the same slot: it gets another one when its integer key changes.
    fn stays(&self, id: RowId, row: &Row) -> bool {
        let Keys::Integer { column, .. } = &self.keys else { return true };
        self.get(id).is_none_or(|before| before.get(*column).is_identical(row.get(*column)))
    }
}
