//! An ordered index: key to rows.

use std::cell::Cell;
use std::ops::Bound;
use std::sync::Arc;

use super::entries::Entries;
use super::key::{IndexKey, TextKey};
use super::tree::Ordered;
use crate::id::{ColumnId, RowId};
use crate::record::{Record, Row};
use crate::schema::{IndexSchema, Storage, TableSchema};
use crate::value::{Kind, Value, ValueRef};

/// The direction of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// Least key first.
    Ascending,
    /// Greatest key first.
    Descending,
}

/// What an index knows of the rows that agree in a part of its key and in those before it.
#[derive(Clone, Copy, Debug, Default)]
pub struct GroupEntries<'a> {
    /// The value in which they agree.
    pub value: ValueRef<'a>,
    /// How many they are.
    pub count: usize,
    /// The least value in the next part of the key that is not NULL, where that was asked and there is one.
    pub least: ValueRef<'a>,
    /// The greatest, likewise.
    pub greatest: ValueRef<'a>,
}

/// An index in the shape that its columns allow.
#[derive(Clone)]
pub(super) enum Index {
    /// One integer column.
    Int(Keyed<i64>),
    /// Two integer columns that are never NULL.
    Pair(Keyed<(i64, i64)>),
    /// One text column.
    Text(Keyed<TextKey>),
    /// Any other columns.
    General(Keyed<Arc<[Value]>>),
}

/// Rows ordered by a key of one type. Rows that the type cannot hold because of a NULL stand apart, before all others.
#[derive(Clone)]
pub(super) struct Keyed<K: IndexKey> {
    pub(super) present: Ordered<(K, RowId)>,
    pub(super) absent: Ordered<RowId>,
}

/// Carries a call to whichever shape the index has.
macro_rules! each_shape {
    ($index:expr, $keyed:ident => $body:expr) => {
        match $index {
            Index::Int($keyed) => $body,
            Index::Pair($keyed) => $body,
            Index::Text($keyed) => $body,
            Index::General($keyed) => $body,
        }
    };
}

impl Index {
    /// An empty index over the parts of `schema`.
    pub(super) fn new(table: &TableSchema, schema: &IndexSchema) -> Self {
        let strict = |it: &ColumnId| table.column(*it).storage == Storage::Strict;
        if schema.columns.len() < schema.parts.len() || !schema.columns.iter().all(strict) {
            return Index::General(Keyed::new());
        }
        let columns: Vec<_> = schema.columns.iter().map(|&it| table.column(it)).collect();
        match columns.as_slice() {
            [a] if a.kind == Kind::Int => Index::Int(Keyed::new()),
            [a] if a.kind == Kind::Text => Index::Text(Keyed::new()),
            [a, b] if a.kind == Kind::Int && b.kind == Kind::Int && !a.nullable && !b.nullable => {
                Index::Pair(Keyed::new())
            }
            _ => Index::General(Keyed::new()),
        }
    }

    pub(super) fn len(&self) -> usize {
        each_shape!(self, it => it.present.len() + it.absent.len())
    }

    pub(super) fn insert(&mut self, row: &dyn Record, id: RowId, schema: &IndexSchema) {
        each_shape!(self, it => it.insert(row, id, schema));
    }

    pub(super) fn remove(&mut self, row: &dyn Record, id: RowId, schema: &IndexSchema) {
        each_shape!(self, it => it.remove(row, id, schema));
    }

    pub(super) fn remove_many(&mut self, rows: &[(RowId, Row)], schema: &IndexSchema) {
        each_shape!(self, it => it.remove_many(rows, schema));
    }

    /// Visits the rows whose first key columns equal the scalars, in key order, until `visit` says no.
    #[inline]
    pub(super) fn each_equal(&self, probe: &[ValueRef<'_>], visit: &mut impl FnMut(RowId) -> bool) {
        each_shape!(self, it => it.each_equal(probe, visit));
    }

    /// How many rows [`each_equal`](Index::each_equal) would visit, in logarithmic time.
    pub(super) fn count_equal(&self, probe: &[ValueRef<'_>]) -> usize {
        each_shape!(self, it => it.count_equal(probe))
    }

    /// How many rows [`each_within`](Index::each_within) would visit, in logarithmic time.
    pub(super) fn count_within(
        &self,
        prefix: &[ValueRef<'_>],
        bounds: (Bound<ValueRef<'_>>, Bound<ValueRef<'_>>),
    ) -> usize {
        each_shape!(self, it => it.count_within(prefix, bounds))
    }

    /// Visits the rows whose first key columns equal `prefix` and whose next column lies within the bounds.
    pub(super) fn each_within(
        &self,
        prefix: &[ValueRef<'_>],
        bounds: (Bound<ValueRef<'_>>, Bound<ValueRef<'_>>),
        (order, skip): (Order, usize),
        visit: &mut impl FnMut(RowId) -> bool,
    ) {
        each_shape!(self, it => it.each_within(prefix, bounds, (order, skip), &mut |_, id| visit(id)));
    }

    /// The same, and before each visit writes the wanted parts of the key to their cells.
    pub(super) fn each_entry<'a>(
        &'a self,
        prefix: &[ValueRef<'_>],
        bounds: (Bound<ValueRef<'_>>, Bound<ValueRef<'_>>),
        (order, skip): (Order, usize),
        wanted: &[(usize, &Cell<ValueRef<'a>>)],
        visit: &mut impl FnMut(RowId) -> bool,
    ) {
        each_shape!(self, it => it.each_within(prefix, bounds, (order, skip), &mut |key, id| {
            for (at, cell) in wanted {
                cell.set(key.map_or(ValueRef::Null, |key| key.part(*at)));
            }
            visit(id)
        }));
    }

    /// Visits all rows in key order; the first of those that agree in the first parts of the key comes with these.
    pub(super) fn each_key<'a>(&'a self, width: usize, visit: &mut impl FnMut(Option<&[ValueRef<'a>]>, RowId)) {
        each_shape!(self, it => it.each_key(width, visit));
    }

    /// Visits the values of the part of the key behind `prefix`, in key order, with what is known of each.
    pub(super) fn each_group<'a>(
        &'a self,
        prefix: &[ValueRef<'_>],
        with_extremes: bool,
        visit: &mut impl FnMut(GroupEntries<'a>) -> bool,
    ) {
        each_shape!(self, it => it.each_group(prefix, with_extremes, visit));
    }

    pub(super) fn holds(&self, row: &dyn Record, id: RowId, schema: &IndexSchema) -> bool {
        each_shape!(self, it => it.holds(row, id, schema))
    }

    pub(super) fn audit_trees(&self) -> Result<(), String> {
        each_shape!(self, it => it.present.audit().and_then(|()| it.absent.audit()))
    }
}

impl<K: IndexKey> Keyed<K> {
    pub(super) fn new() -> Self {
        Keyed { present: Ordered::new(), absent: Ordered::new() }
    }

    fn insert(&mut self, row: &dyn Record, id: RowId, schema: &IndexSchema) {
        if !schema.covers(row) {
            return;
        }
        match K::of(row, schema) {
            Some(key) => self.present.insert((key, id)),
            None => self.absent.insert(id),
        };
    }

    fn remove(&mut self, row: &dyn Record, id: RowId, schema: &IndexSchema) {
        if !schema.covers(row) {
            return;
        }
        match K::of(row, schema) {
            Some(key) => self.present.remove(&(key, id)),
            None => self.absent.remove(&id),
        };
    }

    fn remove_many(&mut self, rows: &[(RowId, Row)], schema: &IndexSchema) {
        let entries = Entries::<K>::of(rows.iter().map(|(id, row)| (*id, row)), schema);
        self.leave(&entries);
    }

    fn holds(&self, row: &dyn Record, id: RowId, schema: &IndexSchema) -> bool {
        match K::of(row, schema) {
            Some(key) => self.present.contains(&(key, id)),
            None => self.absent.contains(&id),
        }
    }

    #[inline]
    fn each_equal(&self, probe: &[ValueRef<'_>], visit: &mut impl FnMut(RowId) -> bool) {
        if probe.iter().any(|it| it.is_null()) {
            self.absent.iter().all(|id| visit(*id));
        }
        for (key, id) in self.present.seek(|(key, _)| key.compare(probe).is_lt()) {
            if key.compare(probe).is_gt() || !visit(*id) {
                break;
            }
        }
    }

    fn count_equal(&self, probe: &[ValueRef<'_>]) -> usize {
        let absent = if probe.iter().any(|it| it.is_null()) { self.absent.len() } else { 0 };
        let below = self.present.rank_by(|(key, _)| key.compare(probe).is_lt());
        let through = self.present.rank_by(|(key, _)| key.compare(probe).is_le());
        absent + through - below
    }

    fn count_within(
        &self,
        prefix: &[ValueRef<'_>],
        (lower, upper): (Bound<ValueRef<'_>>, Bound<ValueRef<'_>>),
    ) -> usize {
        let (low, high) = (extended(prefix, lower), extended(prefix, upper));
        let before = self.present.rank_by(|(key, _)| match lower {
            Bound::Excluded(_) => key.compare(&low).is_le(),
            _ => key.compare(&low).is_lt(),
        });
        let through = self.present.rank_by(|(key, _)| match upper {
            Bound::Excluded(_) => key.compare(&high).is_lt(),
            _ => key.compare(&high).is_le(),
        });
        let absent = if prefix.is_empty() && matches!(lower, Bound::Unbounded) { self.absent.len() } else { 0 };
        absent + through.saturating_sub(before)
    }

    fn each_group<'a>(
        &'a self,
        prefix: &[ValueRef<'_>],
        with_extremes: bool,
        visit: &mut impl FnMut(GroupEntries<'a>) -> bool,
    ) {
        let absent = if prefix.is_empty() { self.absent.len() } else { 0 };
        if absent > 0 && !visit(GroupEntries { count: absent, ..GroupEntries::default() }) {
            return;
        }
        let mut before = self.present.rank_by(|(key, _)| key.compare(prefix).is_lt());
        while let Some((first, _)) = self.present.nth(before).filter(|(key, _)| key.compare(prefix).is_eq()) {
            let value = first.part(prefix.len());
            let group = extended(prefix, Bound::Included(value));
            let through = self.present.rank_by(|(key, _)| key.compare(&group).is_le());
            let (mut least, mut greatest) = (ValueRef::Null, ValueRef::Null);
            if with_extremes {
                // NULLs come first, and are no extremes.
                let next = group.len();
                let part = |at: usize| self.present.nth(at).map_or(ValueRef::Null, |(key, _)| key.part(next));
                (least, greatest) = (first.part(next), part(through - 1));
                if least.is_null() && !greatest.is_null() {
                    let nulls = extended(&group, Bound::Included(ValueRef::Null));
                    least = part(self.present.rank_by(|(key, _)| key.compare(&nulls).is_le()));
                }
            }
            if !visit(GroupEntries { value, count: through - before, least, greatest }) {
                return;
            }
            before = through;
        }
    }

    fn each_key<'a>(&'a self, width: usize, visit: &mut impl FnMut(Option<&[ValueRef<'a>]>, RowId)) {
        let mut parts = vec![ValueRef::Null; width];
        for (at, id) in self.absent.iter().enumerate() {
            visit((at == 0).then_some(&parts), *id);
        }
        let mut last: Option<&K> = None;
        for (key, id) in self.present.iter() {
            if last.is_some_and(|it| it.agrees(key, width)) {
                visit(None, *id);
                continue;
            }
            last = Some(key);
            parts.iter_mut().enumerate().for_each(|(at, part)| *part = key.part(at));
            visit(Some(&parts), *id);
        }
    }

    fn each_within<'a>(
        &'a self,
        prefix: &[ValueRef<'_>],
        (lower, upper): (Bound<ValueRef<'_>>, Bound<ValueRef<'_>>),
        (order, skip): (Order, usize),
        visit: &mut impl FnMut(Option<&'a K>, RowId) -> bool,
    ) {
        let (low, high) = (extended(prefix, lower), extended(prefix, upper));
        let before = |key: &K| match lower {
            Bound::Excluded(_) => key.compare(&low).is_le(),
            _ => key.compare(&low).is_lt(),
        };
        let through = |key: &K| match upper {
            Bound::Excluded(_) => key.compare(&high).is_lt(),
            _ => key.compare(&high).is_le(),
        };
        // Rows with a NULL in the key come first; a bound on the column shuts them out.
        let absent = prefix.is_empty() && matches!(lower, Bound::Unbounded);
        match order {
            Order::Ascending => {
                let here = if absent { self.absent.len() } else { 0 };
                let going = skip >= here || self.absent.iter().skip(skip).all(|id| visit(None, *id));
                if going {
                    let rest = match skip.saturating_sub(here) {
                        0 => self.present.seek(|(key, _)| before(key)),
                        more => match self.present.nth(self.present.rank_by(|(key, _)| before(key)) + more) {
                            Some(first) => self.present.seek(|it| it < first),
                            None => return,
                        },
                    };
                    let _ = rest.take_while(|(key, _)| through(key)).all(|(key, id)| visit(Some(key), *id));
                }
            }
            Order::Descending => {
                let (mut going, mut left) = (true, skip);
                if skip == 0 {
                    let rest = self.present.seek_back(|(key, _)| through(key));
                    going = rest.take_while(|(key, _)| !before(key)).all(|(key, id)| visit(Some(key), *id));
                } else {
                    let end = self.present.rank_by(|(key, _)| through(key));
                    let here = end - self.present.rank_by(|(key, _)| before(key)).min(end);
                    left = skip.saturating_sub(here);
                    if let (true, Some(last)) = (skip < here, self.present.nth(end.saturating_sub(1 + skip))) {
                        let rest = self.present.seek_back(|it| it <= last);
                        going = rest.take_while(|(key, _)| !before(key)).all(|(key, id)| visit(Some(key), *id));
                    }
                }
                if going && absent {
                    let _ = self.absent.iter().rev().skip(left).all(|id| visit(None, *id));
                }
            }
        }
    }
}

fn extended<'a>(prefix: &[ValueRef<'a>], bound: Bound<ValueRef<'a>>) -> Vec<ValueRef<'a>> {
    let last = match bound {
        Bound::Included(it) | Bound::Excluded(it) => Some(it),
        Bound::Unbounded => None,
    };
    prefix.iter().copied().chain(last).collect()
}
