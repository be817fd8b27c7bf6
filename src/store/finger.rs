//! A place in an index that moves on: of probes that rise, each is found a few steps behind the one before.
//!
//! Probes may come in any order; those that do not rise, or lie far ahead, cost the descent that each would have cost alone.

use std::sync::Arc;

use super::index::{Index, Keyed};
use super::key::{IndexKey, TextKey};
use super::table::TableImage;
use super::tree::Ascending;
use crate::id::{IndexId, RowId};
use crate::record::Row;
use crate::value::{Value, ValueRef};

/// How many entries are stepped over before a descent is cheaper.
const STEPS: usize = 16;

/// A place in an index of a table.
pub struct Finger<'a> {
    table: &'a TableImage,
    index: IndexId,
    place: Shape<'a>,
}

enum Shape<'a> {
    Int(Place<'a, i64>),
    Pair(Place<'a, (i64, i64)>),
    Text(Place<'a, TextKey>),
    General(Place<'a, Arc<[Value]>>),
    /// The slots are the index, where a lookup is no search.
    Slots,
}

struct Place<'a, K: IndexKey> {
    of: &'a Keyed<K>,
    /// What has not been passed.
    rest: Ascending<'a, (K, RowId)>,
    /// The last entry that was; none if nothing was.
    passed: Option<&'a K>,
    /// Where the entries of the last probe that had any began, and their first.
    group: Option<(&'a K, Ascending<'a, (K, RowId)>)>,
}

impl TableImage {
    /// A place in front of all entries of an index.
    pub fn finger(&self, index: IndexId) -> Finger<'_> {
        let place = match &self.indexes[index.index()] {
            Some(Index::Int(it)) => Shape::Int(Place::new(it)),
            Some(Index::Pair(it)) => Shape::Pair(Place::new(it)),
            Some(Index::Text(it)) => Shape::Text(Place::new(it)),
            Some(Index::General(it)) => Shape::General(Place::new(it)),
            None => Shape::Slots,
        };
        Finger { table: self, index, place }
    }
}

impl<'a> Finger<'a> {
    /// Visits the rows whose first columns in the index equal the scalars, none of which is NULL, until `visit` says no.
    #[inline]
    pub fn each_equal(&mut self, probe: &[ValueRef<'_>], mut visit: impl FnMut(RowId, &'a Row) -> bool) {
        let table = self.table;
        self.each_id_equal(probe, |id| table.get(id).is_none_or(|row| visit(id, row)));
    }

    /// The same for their slots, without a look at the rows.
    #[inline]
    pub fn each_id_equal(&mut self, probe: &[ValueRef<'_>], mut visit: impl FnMut(RowId) -> bool) {
        match &mut self.place {
            Shape::Int(it) => it.each_equal(probe, &mut visit),
            Shape::Pair(it) => it.each_equal(probe, &mut visit),
            Shape::Text(it) => it.each_equal(probe, &mut visit),
            Shape::General(it) => it.each_equal(probe, &mut visit),
            Shape::Slots => self.table.each_id_equal(self.index, probe, visit),
        }
    }
}

impl<'a, K: IndexKey> Place<'a, K> {
    fn new(of: &'a Keyed<K>) -> Self {
        Place { of, rest: of.present.seek(|_| false), passed: None, group: None }
    }

    fn each_equal(&mut self, probe: &[ValueRef<'_>], visit: &mut impl FnMut(RowId) -> bool) {
        match &self.group {
            Some((first, group)) if first.compare(probe).is_eq() => self.rest = group.clone(),
            _ if self.passed.is_some_and(|it| it.compare(probe).is_ge()) => self.begin_at(probe),
            _ => {
                let mut steps = 0;
                while let Some((key, _)) = self.rest.peek().filter(|(key, _)| key.compare(probe).is_lt()) {
                    if steps == STEPS {
                        self.begin_at(probe);
                        break;
                    }
                    steps += 1;
                    self.passed = Some(key);
                    self.rest.next();
                }
            }
        }
        let Some((first, _)) = self.rest.peek().filter(|(key, _)| key.compare(probe).is_eq()) else { return };
        self.group = Some((first, self.rest.clone()));
        while let Some((key, id)) = self.rest.peek().filter(|(key, _)| key.compare(probe).is_eq()) {
            self.passed = Some(key);
            self.rest.next();
            if !visit(*id) {
                break;
            }
        }
    }

    /// Descends to the first entry that is not before a probe.
    fn begin_at(&mut self, probe: &[ValueRef<'_>]) {
        let is_before = |(key, _): &(K, RowId)| key.compare(probe).is_lt();
        self.rest = self.of.present.seek(is_before);
        self.passed = self.of.present.seek_back(is_before).next().map(|(key, _)| key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Tuple, values};
    use crate::schema::{Column, Schema, Table};

    /// Probes in any order find what each would have found alone: rising, falling, the same again, near, far, given up early.
    #[test]
    fn probes_in_any_order_find_what_a_descent_finds() {
        let table = Table::new("t").column(Column::int("id")).primary_key(["id"]).column(Column::int("a").nullable());
        let table = table.column(Column::int("b")).column(Column::text("c"));
        let table = table.index(["a"]).index(["b", "id"]).index(["c"]).index(["a", "c"]);
        let schema = Schema::builder().table(table).build().unwrap();
        let schema = &schema.tables()[0];
        let mut image = TableImage::empty(schema);
        let row = |id: i64| -> Row {
            let a = if id % 11 == 0 { Value::Null } else { Value::Int(id * 7 % 300 / 3) };
            Arc::new(Tuple::new([Value::Int(id), a, Value::Int(id % 40 * 5), format!("c{}", id % 70).into()]))
        };
        for id in 0..2_000 {
            image.insert(schema, row(id)).expect("no two rows have the same key");
        }
        let mut seed = 1_u64;
        for index in (0..5).map(IndexId) {
            let mut finger = image.finger(index);
            let mut last = 0;
            for turn in 0..4_000_i64 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                last = match seed >> 61 {
                    0 => (seed >> 40) as i64 % 2_100,
                    1 => last,
                    2 => last - 1,
                    _ => last + (seed >> 50) as i64 % 4,
                };
                if last > 2_050 {
                    last = -1;
                }
                let text = Value::from(format!("c{}", last % 80));
                let by = match index.index() {
                    1 => vec![Value::Int(last / 20)],
                    2 => vec![Value::Int(last / 10)],
                    3 => vec![text],
                    4 => vec![Value::Int(last / 20), text],
                    _ => vec![Value::Int(last)],
                };
                let probe: Vec<ValueRef<'_>> = by.iter().map(Value::as_ref).collect();
                let most = if turn % 5 == 0 { 1 } else { usize::MAX };
                let (mut found, mut expected) = (Vec::new(), Vec::new());
                finger.each_equal(&probe, |id, row| {
                    found.push((id, values(&**row)));
                    found.len() < most
                });
                image.each_equal(index, &probe, |id, row| {
                    expected.push((id, values(&**row)));
                    expected.len() < most
                });
                assert_eq!(found, expected, "{by:?} in {index:?}");
            }
        }
    }
}
