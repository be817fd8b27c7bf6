//! How many rows fulfil a condition, and how many values a column has: looked up in a few rows of the table, spread over
//! all of it. Of a small table these are all its rows, and the answers exact.

use std::cell::Cell;

use rustc_hash::FxHashSet;

use super::{Candidate, Chooser};
use crate::id::{ColumnId, TableId};
use crate::query::frame::Frame;
use crate::query::plan::Origin;
use crate::query::run::{Arena, Execution};
use crate::record::Row;
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
        let execution = Execution::new(self.image, &[], &[], &arena);
        let cells = vec![Cell::new(None); usize::from(source) + 1];
        let frame = Frame::within(&execution, &cells, None);
        let mut plain = true;
        condition.expr.leaves(&mut |it| plain &= it.is_plain());
        if !plain {
            return None;
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
