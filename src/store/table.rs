//! The rows of one table and its indexes, moved in step.

use std::ops::Bound;
use std::sync::Arc;

use super::change::Change;
use super::entries::Batch;
use super::index::{Index, Order};
use super::tree::{Ordered, Slots};
use crate::id::{ColumnId, IndexId, RowId};
use crate::record::{Record, Row};
use crate::schema::{TableSchema, Uniqueness};
use crate::value::{Kind, ValueRef};

/// The rows of one table and its indexes at one version.
#[derive(Clone)]
pub struct TableImage {
    /// Rows in the slots of their integer keys; in a table without such a key, all rows in the order they came.
    pub(super) home: Slots<Row>,
    /// Rows whose integer key is no slot near the others.
    pub(super) away: Slots<Row>,
    pub(super) keys: Keys,
    /// By the position of the schema's index; `None` where the slots themselves are the index.
    pub(super) indexes: Vec<Option<Index>>,
}

/// How rows get their slots.
#[derive(Clone)]
pub(super) enum Keys {
    /// In the order they come.
    Arrival,
    /// By the integer key in this column. `strays` finds the rows that live away.
    Integer { column: ColumnId, strays: Ordered<(i64, RowId)> },
}

/// A unique key that a row cannot have, because another row holds it.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The key.
    pub index: IndexId,
    /// The row that cannot have it.
    pub row: Row,
    /// The row that holds it.
    pub holder: Row,
}

/// The bit that marks slots of the away region.
const AWAY: u64 = 1 << 63;

impl TableImage {
    /// No rows.
    pub fn empty(schema: &TableSchema) -> Self {
        let integer = schema.primary_key().and_then(|key| match key.columns.as_slice() {
            [only] if schema.column(*only).kind == Kind::Int => Some(*only),
            _ => None,
        });
        let keys = match integer {
            Some(column) => Keys::Integer { column, strays: Ordered::new() },
            None => Keys::Arrival,
        };
        let is_slot = |position: usize| integer.is_some() && position == 0;
        let indexes = schema.indexes.iter().enumerate();
        let indexes = indexes.map(|(at, it)| (!is_slot(at)).then(|| Index::new(schema, it))).collect();
        TableImage { home: Slots::new(), away: Slots::new(), keys, indexes }
    }

    /// How many rows there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.home.len() + self.away.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row in a slot.
    #[inline]
    pub fn get(&self, id: RowId) -> Option<&Row> {
        if id.0 & AWAY == 0 { self.home.get(id.0) } else { self.away.get(id.0 & !AWAY) }
    }

    /// All rows: those at home by key, then those away; in a table without an integer key, in the order they came.
    pub fn rows(&self) -> impl Iterator<Item = (RowId, &Row)> {
        let away = self.away.iter().map(|(slot, row)| (RowId(slot | AWAY), row));
        self.home.iter().map(|(slot, row)| (RowId(slot), row)).chain(away)
    }

    /// The row at this place in the order of [`rows`](TableImage::rows), in logarithmic time.
    pub fn nth(&self, n: usize) -> Option<(RowId, &Row)> {
        match self.home.nth(n) {
            Some((slot, row)) => Some((RowId(slot), row)),
            None => self.away.nth(n - self.home.len()).map(|(slot, row)| (RowId(slot | AWAY), row)),
        }
    }

    /// Whether the primary key is one integer, so that slots are its index.
    #[inline]
    pub fn is_keyed_by_integer(&self) -> bool {
        matches!(self.keys, Keys::Integer { .. })
    }

    /// Whether [`rows`](TableImage::rows) come in the order of the integer key.
    pub fn is_in_key_order(&self) -> bool {
        matches!(self.keys, Keys::Integer { .. }) && self.away.is_empty()
    }

    /// The greatest integer key, if the table has one and is not empty.
    pub fn greatest_key(&self) -> Option<i64> {
        let Keys::Integer { strays, .. } = &self.keys else { return None };
        let home = self.home.last_slot().map(|slot| slot as i64);
        home.max(strays.last().map(|(key, _)| *key))
    }

    /// The row with this integer key.
    #[inline]
    pub fn at_key(&self, key: i64) -> Option<(RowId, &Row)> {
        let Keys::Integer { strays, .. } = &self.keys else { return None };
        if let Ok(slot) = u64::try_from(key)
            && let Some(row) = self.home.get(slot)
        {
            return Some((RowId(slot), row));
        }
        if strays.is_empty() {
            return None;
        }
        let (found, id) = strays.seek(|(it, _)| *it < key).next()?;
        (*found == key).then(|| self.get(*id).map(|row| (*id, row)))?
    }

    /// Visits the rows whose first columns in the index equal the scalars, until `visit` says no. NULL equals NULL here.
    #[inline]
    pub fn each_equal<'a>(
        &'a self,
        index: IndexId,
        probe: &[ValueRef<'_>],
        mut visit: impl FnMut(RowId, &'a Row) -> bool,
    ) {
        match &self.indexes[index.index()] {
            Some(index) => index.each_equal(probe, &mut |id| self.get(id).is_none_or(|row| visit(id, row))),
            None => {
                if let Some((id, row)) = probe.first().and_then(|it| whole(*it)).and_then(|key| self.at_key(key)) {
                    visit(id, row);
                }
            }
        }
    }

    /// How many rows [`each_equal`](TableImage::each_equal) would visit, in logarithmic time.
    pub fn count_equal(&self, index: IndexId, probe: &[ValueRef<'_>]) -> usize {
        match &self.indexes[index.index()] {
            Some(index) => index.count_equal(probe),
            None => probe.first().and_then(|it| whole(*it)).and_then(|key| self.at_key(key)).iter().count(),
        }
    }

    /// The first row whose index columns equal the scalars.
    #[inline]
    pub fn find(&self, index: IndexId, probe: &[ValueRef<'_>]) -> Option<(RowId, &Row)> {
        match &self.indexes[index.index()] {
            None => probe.first().and_then(|it| whole(*it)).and_then(|key| self.at_key(key)),
            Some(tree) => {
                let mut found = None;
                tree.each_equal(probe, &mut |id| {
                    found = Some(id);
                    false
                });
                found.and_then(|id| self.get(id).map(|row| (id, row)))
            }
        }
    }

    /// Visits the rows in index order whose first columns equal `prefix` and whose next lies within the bounds, until
    /// `visit` says no.
    pub fn each_within<'a>(
        &'a self,
        index: IndexId,
        prefix: &[ValueRef<'_>],
        bounds: (Bound<ValueRef<'_>>, Bound<ValueRef<'_>>),
        order: Order,
        mut visit: impl FnMut(RowId, &'a Row) -> bool,
    ) {
        match &self.indexes[index.index()] {
            Some(index) => {
                index.each_within(prefix, bounds, order, &mut |id| self.get(id).is_none_or(|row| visit(id, row)));
            }
            None if prefix.is_empty() => self.each_key_within(bounds, order, &mut visit),
            // The key is one column: a value for it leaves nothing to range over.
            None => self.each_equal(index, prefix, visit),
        }
    }

    /// Walks the home slots and the strays together, in key order.
    fn each_key_within<'a>(
        &'a self,
        (lower, upper): (Bound<ValueRef<'_>>, Bound<ValueRef<'_>>),
        order: Order,
        visit: &mut impl FnMut(RowId, &'a Row) -> bool,
    ) {
        let Keys::Integer { strays, .. } = &self.keys else { return };
        let above = |key: i64| match lower {
            Bound::Included(it) => ValueRef::Int(key) >= it,
            Bound::Excluded(it) => ValueRef::Int(key) > it,
            Bound::Unbounded => true,
        };
        let below = |key: i64| match upper {
            Bound::Included(it) => ValueRef::Int(key) <= it,
            Bound::Excluded(it) => ValueRef::Int(key) < it,
            Bound::Unbounded => true,
        };
        let home = |(slot, row)| (slot as i64, RowId(slot), row);
        let away = |&(key, id): &(i64, RowId)| self.get(id).map(|row| (key, id, row));
        match order {
            Order::Ascending => {
                let start = match lower {
                    Bound::Included(ValueRef::Int(it)) | Bound::Excluded(ValueRef::Int(it)) => it.max(0) as u64,
                    _ => 0,
                };
                let home = self.home.iter_from(start).map(home).filter(|it| above(it.0));
                let away = strays.seek(|(key, _)| !above(*key)).filter_map(away);
                merge(home, away, |a, b| a < b, below, visit);
            }
            Order::Descending => {
                let start = match upper {
                    Bound::Included(ValueRef::Int(it)) | Bound::Excluded(ValueRef::Int(it)) if it < 0 => None,
                    Bound::Included(ValueRef::Int(it)) | Bound::Excluded(ValueRef::Int(it)) => Some(it as u64),
                    _ => Some(AWAY - 1),
                };
                let home = start.into_iter().flat_map(|it| self.home.iter_rev_from(it)).map(home);
                let away = strays.seek_back(|(key, _)| below(*key)).filter_map(away);
                merge(home.filter(|it| below(it.0)), away, |a, b| a > b, above, visit);
            }
        }
    }

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
            let batch = tree.batch(placed, &index.columns);
            (!index.is_unique() || tree.leaves_unique(&batch)).then_some(Some(batch))
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
            if index.uniqueness == Uniqueness::None {
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
        let columns = &schema.index(index).columns;
        let found = match columns.as_slice() {
            [only] => {
                let probe = row.get(*only);
                if probe.is_null() { None } else { self.find(index, &[probe]) }
            }
            many => {
                let probe: Vec<ValueRef<'_>> = many.iter().map(|&it| row.get(it)).collect();
                if probe.iter().any(|it| it.is_null()) { None } else { self.find(index, &probe) }
            }
        };
        found.map(|(_, row)| row)
    }

    /// Puts a row into a slot that is empty, and into every index.
    pub(super) fn put(&mut self, schema: &TableSchema, id: RowId, row: Row) {
        for (index, tree) in schema.indexes.iter().zip(&mut self.indexes) {
            if let Some(tree) = tree {
                tree.insert(&*row, id, &index.columns);
            }
        }
        if let Keys::Integer { column, strays } = &mut self.keys
            && id.0 & AWAY != 0
            && let ValueRef::Int(key) = row.get(*column)
        {
            strays.insert((key, id));
        }
        if id.0 & AWAY == 0 { self.home.insert(id.0, row) } else { self.away.insert(id.0 & !AWAY, row) };
    }

    /// Takes a row out of its slot and every index.
    pub(super) fn remove(&mut self, schema: &TableSchema, id: RowId) -> Option<Row> {
        let row = if id.0 & AWAY == 0 { self.home.remove(id.0) } else { self.away.remove(id.0 & !AWAY) }?;
        for (index, tree) in schema.indexes.iter().zip(&mut self.indexes) {
            if let Some(tree) = tree {
                tree.remove(&*row, id, &index.columns);
            }
        }
        self.forget_stray(id, &row);
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
                tree.remove_many(&taken, &index.columns);
            }
        }
        for (id, row) in taken {
            self.forget_stray(id, &row);
            changes.push(Change::Removed { table, row: id, before: row });
        }
    }

    /// Gives rows other versions, all or none, and notes each as a change. Unique keys are judged when all rows have
    /// their new version: every key that changes is released before any is taken, so two rows can swap theirs.
    ///
    /// # Errors
    /// [`Taken`] when two rows would hold the same unique key; nothing has changed then.
    pub fn replace_many(
        &mut self,
        schema: &TableSchema,
        rows: Vec<(RowId, Row)>,
        changes: &mut Vec<Change>,
    ) -> Result<(), Taken> {
        let moved = self.with_other_keys(schema, &rows);
        if moved.iter().all(|it| !it) {
            for (id, row) in rows {
                let slot = if id.0 & AWAY == 0 { self.home.get_mut(id.0) } else { self.away.get_mut(id.0 & !AWAY) };
                if let Some(slot) = slot {
                    let before = std::mem::replace(slot, row);
                    changes.push(Change::Replaced { table: schema.id, from: id, to: id, before });
                }
            }
            return Ok(());
        }
        // Keys change. A copy of the roots is cheap, and going back to it undoes a half-done exchange.
        let backup = self.clone();
        let start = changes.len();
        let mut released: Vec<(RowId, Row, Option<Row>)> = Vec::with_capacity(rows.len());
        for ((id, row), moved) in rows.into_iter().zip(moved) {
            let before = if moved { self.remove(schema, id) } else { None };
            released.push((id, row, before));
        }
        // Rows that keep their slot come back first: a row that gets another one must not be given theirs.
        let keys = &self.keys;
        let (leaving, staying): (Vec<_>, Vec<_>) = released.into_iter().partition(|(_, row, before)| match keys {
            Keys::Integer { column, .. } => before.as_ref().is_some_and(|it| it.get(*column) != row.get(*column)),
            Keys::Arrival => false,
        });
        let count = staying.len();
        for (at, (id, row, before)) in staying.into_iter().chain(leaving).enumerate() {
            let placed = match before {
                Some(before) => self.check_free(schema, &row).map(|()| {
                    let to = if at < count { id } else { self.place(&*row) };
                    self.put(schema, to, row);
                    changes.push(Change::Replaced { table: schema.id, from: id, to, before });
                }),
                None => self.replace_many(schema, vec![(id, row)], changes),
            };
            if let Err(taken) = placed {
                *self = backup;
                changes.truncate(start);
                return Err(taken);
            }
        }
        Ok(())
    }

    /// For each row, whether any index holds it under another key than its new version has.
    fn with_other_keys(&self, schema: &TableSchema, rows: &[(RowId, Row)]) -> Vec<bool> {
        let columns: Vec<ColumnId> = schema.indexes.iter().flat_map(|it| it.columns.iter().copied()).collect();
        let differs = |(id, row): &(RowId, Row)| {
            self.get(*id).is_some_and(|before| columns.iter().any(|&it| before.get(it) != row.get(it)))
        };
        rows.iter().map(differs).collect()
    }

    /// Visits the slots in which `later` holds another row.
    pub(super) fn each_difference<'a>(
        &'a self,
        later: &'a TableImage,
        mut visit: impl FnMut(RowId, Option<&'a Row>, Option<&'a Row>),
    ) {
        let same = |a: &Row, b: &Row| Arc::ptr_eq(a, b);
        self.home.diff(&later.home, same, |slot, a, b| visit(RowId(slot), a, b));
        self.away.diff(&later.away, same, |slot, a, b| visit(RowId(slot | AWAY), a, b));
    }
}

/// The integer that a probe of an integer key stands for, if it is one.
#[inline]
fn whole(probe: ValueRef<'_>) -> Option<i64> {
    match probe {
        ValueRef::Int(it) => Some(it),
        ValueRef::Float(it) if ValueRef::Int(it as i64) == probe => Some(it as i64),
        _ => None,
    }
}

/// Visits two ordered sequences as one, while keys are `within`.
fn merge<'a>(
    home: impl Iterator<Item = (i64, RowId, &'a Row)>,
    away: impl Iterator<Item = (i64, RowId, &'a Row)>,
    comes_first: impl Fn(i64, i64) -> bool,
    within: impl Fn(i64) -> bool,
    visit: &mut impl FnMut(RowId, &'a Row) -> bool,
) {
    let (mut home, mut away) = (home.peekable(), away.peekable());
    loop {
        let next = match (home.peek(), away.peek()) {
            (Some(a), Some(b)) if comes_first(b.0, a.0) => away.next(),
            (Some(_), _) => home.next(),
            (None, _) => away.next(),
        };
        match next {
            Some((key, id, row)) if within(key) => {
                if !visit(id, row) {
                    return;
                }
            }
            _ => return,
        }
    }
}
