//! The rows of one table and its indexes: how they are kept, and how they are found.

use std::cell::Cell;
use std::ops::Bound;
use std::sync::Arc;

use super::index::{GroupEntries, Index, Order};
use super::tree::{Ordered, Slots};
use crate::id::{ColumnId, IndexId, RowId};
use crate::record::Row;
use crate::schema::{Storage, TableSchema};
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
pub(super) const AWAY: u64 = 1 << 63;

impl TableImage {
    /// No rows.
    pub fn empty(schema: &TableSchema) -> Self {
        // Rows may share a deferrable key for a while, and a slot holds one row.
        let primary = schema.primary_key().filter(|key| !key.timing.is_deferrable());
        let integer = primary.and_then(|key| match key.columns.as_slice() {
            [only] if schema.column(*only).kind == Kind::Int && schema.column(*only).storage == Storage::Strict => {
                Some(*only)
            }
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

    /// Slots around this one, from the first on, and what stands in them.
    #[inline]
    pub fn around(&self, id: RowId) -> Option<(RowId, &[Option<Row>])> {
        let region = if id.0 & AWAY == 0 { &self.home } else { &self.away };
        let (first, rows) = region.around(id.0 & !AWAY)?;
        Some((RowId(first | id.0 & AWAY), rows))
    }

    /// All rows: those at home by key, then those away; in a table without an integer key, in the order they came.
    pub fn rows(&self) -> impl Iterator<Item = (RowId, &Row)> {
        let away = self.away.iter().map(|(slot, row)| (RowId(slot | AWAY), row));
        self.home.iter().map(|(slot, row)| (RowId(slot), row)).chain(away)
    }

    /// All rows but the first ones, which are passed over in logarithmic time.
    pub fn rows_after(&self, skip: usize) -> impl Iterator<Item = (RowId, &Row)> {
        let start = self.home.nth(skip).map(|(slot, _)| slot);
        let home = start.into_iter().flat_map(|it| self.home.iter_from(it));
        let away = self.away.iter().skip(skip.saturating_sub(self.home.len()));
        let away = away.map(|(slot, row)| (RowId(slot | AWAY), row));
        home.map(|(slot, row)| (RowId(slot), row)).chain(away)
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

    /// The integer key of the row in a slot, where the slot alone tells it (T2).
    #[inline]
    pub fn key_at(&self, id: RowId) -> Option<i64> {
        (id.0 & AWAY == 0 && self.is_keyed_by_integer()).then_some(id.0 as i64)
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
        if strays.is_empty() { None } else { self.stray_at_key(strays, key) }
    }

    #[cold]
    fn stray_at_key(&self, strays: &Ordered<(i64, RowId)>, key: i64) -> Option<(RowId, &Row)> {
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

    /// Visits the slots of the rows that [`each_equal`](TableImage::each_equal) would visit, without a look at the rows.
    #[inline]
    pub fn each_id_equal(&self, index: IndexId, probe: &[ValueRef<'_>], mut visit: impl FnMut(RowId) -> bool) {
        match &self.indexes[index.index()] {
            Some(index) => index.each_equal(probe, &mut visit),
            None => {
                if let Some((id, _)) = probe.first().and_then(|it| whole(*it)).and_then(|key| self.at_key(key)) {
                    visit(id);
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

    /// How many rows an index holds: all, unless it is partial.
    pub fn entries(&self, index: IndexId) -> usize {
        self.indexes[index.index()].as_ref().map_or_else(|| self.len(), Index::len)
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
        visit: impl FnMut(RowId, &'a Row) -> bool,
    ) {
        self.each_within_after(index, prefix, bounds, (order, 0), visit);
    }

    /// The same, but for so many of the rows, which are passed over in logarithmic time, unless keys are strays.
    pub fn each_within_after<'a>(
        &'a self,
        index: IndexId,
        prefix: &[ValueRef<'_>],
        bounds: (Bound<ValueRef<'_>>, Bound<ValueRef<'_>>),
        (order, skip): (Order, usize),
        mut visit: impl FnMut(RowId, &'a Row) -> bool,
    ) {
        let mut left = skip;
        let mut counted = |id: RowId, row: &'a Row| match left {
            0 => visit(id, row),
            _ => {
                left -= 1;
                true
            }
        };
        match &self.indexes[index.index()] {
            Some(index) => index
                .each_within(prefix, bounds, (order, skip), &mut |id| self.get(id).is_none_or(|row| visit(id, row))),
            None if prefix.is_empty() => match self.narrowed(bounds, order, skip) {
                Some(bounds) => self.each_key_within(bounds, order, &mut visit),
                None => self.each_key_within(bounds, order, &mut counted),
            },
            // The key is one column: a value for it leaves nothing to range over.
            None => self.each_equal(index, prefix, counted),
        }
    }

    /// How many rows [`each_within`](TableImage::each_within) would visit, where that is known without a visit.
    pub fn count_within(
        &self,
        index: IndexId,
        prefix: &[ValueRef<'_>],
        bounds: (Bound<ValueRef<'_>>, Bound<ValueRef<'_>>),
    ) -> Option<usize> {
        match &self.indexes[index.index()] {
            Some(index) => Some(index.count_within(prefix, bounds)),
            None if prefix.is_empty() => self.ranks(bounds).map(|(low, high)| high.saturating_sub(low)),
            None => None,
        }
    }

    /// Visits what [`each_within_after`](TableImage::each_within_after) does without a look at the rows: before each visit,
    /// the wanted parts of the key are written to their cells.
    pub fn each_entry<'a>(
        &'a self,
        index: IndexId,
        prefix: &[ValueRef<'_>],
        bounds: (Bound<ValueRef<'_>>, Bound<ValueRef<'_>>),
        (order, skip): (Order, usize),
        wanted: &[(usize, &Cell<ValueRef<'a>>)],
        mut visit: impl FnMut(RowId) -> bool,
    ) {
        match &self.indexes[index.index()] {
            Some(index) => index.each_entry(prefix, bounds, (order, skip), wanted, &mut visit),
            // The only part of the key is what the slot is known by, which whoever visits it may ask for.
            None => self.each_within_after(index, prefix, bounds, (order, skip), |id, _| visit(id)),
        }
    }

    /// Visits all rows that an index holds, in its order; the first of those that agree in the first parts of the key comes
    /// with these. Says whether there is a tree to walk.
    pub fn each_key<'a>(
        &'a self,
        index: IndexId,
        width: usize,
        mut visit: impl FnMut(Option<&[ValueRef<'a>]>, RowId),
    ) -> bool {
        let index = self.indexes[index.index()].as_ref();
        index.map(|it| it.each_key(width, &mut visit)).is_some()
    }

    /// Visits the values of the column of an index behind `prefix`, in its order, until `visit` says no; with the extremes
    /// of the next part of the key, if they are asked for. A few descents of the tree for each value; says whether there is
    /// a tree to descend.
    pub fn each_group<'a>(
        &'a self,
        index: IndexId,
        prefix: &[ValueRef<'_>],
        with_extremes: bool,
        mut visit: impl FnMut(GroupEntries<'a>) -> bool,
    ) -> bool {
        let index = self.indexes[index.index()].as_ref();
        index.map(|it| it.each_group(prefix, with_extremes, &mut visit)).is_some()
    }

    /// How many rows come before a range of integer keys, and how many before its end, where the counts of the slots
    /// tell them.
    fn ranks(&self, (lower, upper): (Bound<ValueRef<'_>>, Bound<ValueRef<'_>>)) -> Option<(usize, usize)> {
        if !self.is_in_key_order() {
            return None;
        }
        let end = |bound, unbounded: u64, more: u64| match bound {
            Bound::Included(ValueRef::Int(it)) => Some(u64::try_from(it).map_or(0, |it| it + more)),
            Bound::Excluded(ValueRef::Int(it)) => Some(u64::try_from(it).map_or(0, |it| it + 1 - more)),
            Bound::Unbounded => Some(unbounded),
            // Every key comes after NULL.
            Bound::Included(ValueRef::Null) | Bound::Excluded(ValueRef::Null) => Some(0),
            _ => None,
        };
        let (low, high) = (end(lower, 0, 0)?, end(upper, AWAY, 1)?);
        Some((self.home.rank(low), self.home.rank(high)))
    }

    /// Bounds of an integer key that leave out the first rows, where the counts of the slots tell them.
    fn narrowed<'a>(
        &self,
        (lower, upper): (Bound<ValueRef<'a>>, Bound<ValueRef<'a>>),
        order: Order,
        skip: usize,
    ) -> Option<(Bound<ValueRef<'a>>, Bound<ValueRef<'a>>)> {
        if skip == 0 {
            return Some((lower, upper));
        }
        let (low, high) = self.ranks((lower, upper))?;
        let at = match order {
            Order::Ascending => low.checked_add(skip).filter(|it| *it < high),
            Order::Descending => high.checked_sub(skip + 1).filter(|it| *it >= low),
        };
        let none = (Bound::Excluded(ValueRef::Int(0)), Bound::Excluded(ValueRef::Int(0)));
        let Some((slot, _)) = at.and_then(|it| self.home.nth(it)) else { return Some(none) };
        let key = Bound::Included(ValueRef::Int(slot as i64));
        Some(if order == Order::Ascending { (key, upper) } else { (lower, key) })
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

    /// Visits the slots in which `later` holds another row, and returns how many nodes that took.
    pub(super) fn each_difference<'a>(
        &'a self,
        later: &'a TableImage,
        mut visit: impl FnMut(RowId, Option<&'a Row>, Option<&'a Row>),
    ) -> usize {
        let same = |a: &Row, b: &Row| Arc::ptr_eq(a, b);
        let home = self.home.diff(&later.home, same, |slot, a, b| visit(RowId(slot), a, b));
        home + self.away.diff(&later.away, same, |slot, a, b| visit(RowId(slot | AWAY), a, b))
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
