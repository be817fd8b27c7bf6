//! How many rows fulfil a condition, and how many values a column has: looked up in a few rows of the table, spread over
//! all of it. Of a small table these are all its rows, and the answers exact.

use std::cell::Cell;

use rustc_hash::FxHashSet;

use super::{Candidate, Chooser};
use crate::expr::Moment;
use crate::id::{ColumnId, IndexId, TableId};
use crate::query::frame::Frame;
use crate::query::plan::{BoundLeaf, Origin};
use crate::query::run::{Arena, Execution, Given};
use crate::record::Row;
use crate::schema::IndexSchema;
use crate::value::ValueRef;

/// How many rows are looked at.
const ROWS: usize = 48;
/// What part of the rows is expected to fulfil a condition that cannot be judged before it runs.
const UNKNOWN: f64 = 0.25;

impl<'a> Chooser<'a> {
    fn sample<T>(&self, table: TableId, look: impl FnOnce(&[&'a Row]) -> T) -> T {
        let mut samples = self.samples.borrow_mut();
        let rows = samples.entry(table).or_insert_with(|| {
            let image = self.image.table(table);
            let (len, count) = (image.len(), image.len().min(ROWS));
            (0..count).filter_map(|it| image.nth(it * len / count)).map(|(_, row)| row).collect()
        });
        look(rows)
    }

    /// Which part of a source's rows fulfils a condition that reads nothing else.
    pub(super) fn fraction(&self, origin: &Origin, source: u8, condition: &Candidate) -> f64 {
        if !self.weighs {
            return 1.0;
        }
        if let Some(known) = condition.fraction.get() {
            return known;
        }
        let fraction = match origin {
            Origin::Table(table) if !condition.outward => self.judged(*table, source, condition).unwrap_or(UNKNOWN),
            _ => UNKNOWN,
        };
        condition.fraction.set(Some(fraction));
        fraction
    }

    fn judged(&self, table: TableId, source: u8, condition: &Candidate) -> Option<f64> {
        let arena = Arena::default();
        let moment = Moment::default();
        let execution =
            Execution::new(self.image, Given { parameters: self.values, keys: &[], moment: &moment }, &arena);
        let cells = vec![Cell::new(None); usize::from(source) + 1];
        let frame = Frame::within(&execution, &cells, None);
        let mut plain = true;
        let mut by_values = false;
        condition.expr.leaves(&mut |it| match it {
            BoundLeaf::Parameter(at) if usize::from(*at) < self.values.len() => by_values = true,
            other => plain &= other.is_plain(),
        });
        if !plain {
            return None;
        }
        if by_values {
            self.by_values.set(true);
        }
        self.sample(table, |rows| {
            let mut fits = 0.0;
            for row in rows {
                cells[usize::from(source)].set(Some((crate::id::RowId(0), *row)));
                fits += f64::from(u8::from(condition.expr.holds(&frame).ok()?.is_true()));
            }
            // Where all rows were looked at, none is none; of others there may be some.
            let unseen = if rows.len() < ROWS { 0.01 } else { 0.5 };
            Some((fits + unseen) / (rows.len() as f64 + 1.0))
        })
    }

    /// How many rows agree with a row in the first columns of an index: counted in the index for the rows looked at, and
    /// averaged over the groups that they are of, not over the rows, of which great groups have more. A row with a NULL
    /// there agrees with none.
    pub(super) fn group(&self, table: TableId, id: IndexId, (index, width): (&IndexSchema, usize)) -> f64 {
        let key = (table, id, width);
        if let Some(known) = self.groups.borrow().get(&key) {
            return *known;
        }
        let image = self.image.table(table);
        let found = self.sample(table, |sample| {
            let (mut shares, mut seen) = (0.0, 0.0);
            for row in sample.iter().filter(|it| index.covers(&****it)) {
                index.with_key(&***row, |probe| {
                    let probe = &probe[..width];
                    if !probe.iter().any(|it| it.is_null()) {
                        shares += 1.0 / image.count_equal(id, probe).max(1) as f64;
                        seen += 1.0;
                    }
                });
            }
            if seen > 0.0 { seen / shares } else { 1.0 }
        });
        self.groups.borrow_mut().insert(key, found);
        found
    }

    /// How many different values a column is expected to have.
    pub(super) fn different(&self, table: TableId, column: ColumnId) -> f64 {
        if let Some(known) = self.different.borrow().get(&(table, column)) {
            return *known;
        }
        let rows = self.image.table(table).len() as f64;
        let found = self.sample(table, |sample| {
            let values: FxHashSet<ValueRef<'_>> = sample.iter().map(|it| it.get(column)).collect();
            let (different, seen) = (values.len() as f64, sample.len() as f64);
            // Few values in a sample are all there are; many of them are a part of the rest.
            if different * 2.0 <= seen { different } else { rows * different / seen.max(1.0) }
        });
        self.different.borrow_mut().insert((table, column), found.max(1.0));
        found.max(1.0)
    }
}
