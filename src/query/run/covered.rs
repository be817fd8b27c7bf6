//! The only source of a query read off its index: what the query needs stands in the key, and no row is looked at.

use std::cell::Cell;
use std::ops::Bound;
use std::time::Instant;

use super::access::Bounds;
use super::{Execution, all_hold};
use crate::error::Result;
use crate::expr::Scalar;
use crate::id::{ColumnId, RowId};
use crate::query::frame::Frame;
use crate::query::plan::{Access, Held, Level, Origin, SelectPlan};
use crate::store::{Order, TableImage};
use crate::value::{Value, ValueRef};

impl<'r> Execution<'r> {
    /// Visits every row that the access and the conditions let through, but for the first ones of those that the access
    /// brings, until `emit` says no.
    pub(in crate::query) fn each_entry(
        &self,
        (plan, covering): (&SelectPlan, &[(ColumnId, Held)]),
        skip: usize,
        outer: Option<&Frame<'_, 'r>>,
        emit: &mut dyn FnMut(&Frame<'_, 'r>) -> Result<bool>,
    ) -> Result<bool> {
        let [level @ Level { origin: Origin::Table(table), on, after, .. }] = &plan.levels[..] else {
            return Ok(true);
        };
        let start = self.profile.map(|_| Instant::now());
        let table = self.image.table(*table);
        let nowhere = [Cell::new(None)];
        let entry: Vec<_> = covering.iter().map(|(column, _)| (*column, Cell::new(ValueRef::Null))).collect();
        let frame = Frame { entry: &entry, ..Frame::within(self, &nowhere, outer) };
        if !all_hold(&plan.gate, &frame)? {
            return Ok(true);
        }
        let cells = || covering.iter().zip(&entry).map(|((_, held), (column, cell))| (*held, *column, cell));
        let places: Vec<_> = cells().filter(|it| it.0 == Held::Place).map(|(_, column, cell)| (column, cell)).collect();
        let parts: Vec<_> =
            cells().filter_map(|it| if let Held::Part(at) = it.0 { Some((at, it.2)) } else { None }).collect();
        let (mut rows, mut left) = (0, skip);
        let mut outcome = Ok(true);
        self.each_place(table, &level.access, (&frame, &mut left), &parts, &mut |id| {
            rows += 1;
            for (column, cell) in &places {
                cell.set(self.key_of(table, id, *column));
            }
            let fits = all_hold(on, &frame).and_then(|it| Ok(it && all_hold(after, &frame)?));
            outcome = fits.and_then(|fits| if fits { emit(&frame) } else { Ok(true) });
            matches!(outcome, Ok(true))
        })?;
        if let (Some(profile), Some(start)) = (self.profile, start) {
            profile.add_level(level, rows, start);
        }
        outcome
    }

    /// The integer key of a row; one that does not stand at the place of its key is looked at.
    #[inline]
    fn key_of(&self, table: &'r TableImage, id: RowId, column: ColumnId) -> ValueRef<'r> {
        if let Some(key) = table.key_at(id) {
            return ValueRef::Int(key);
        }
        self.read.set(self.read.get() + 1);
        table.get(id).map_or(ValueRef::Null, |row| row.get(column))
    }

    fn each_place(
        &self,
        table: &'r TableImage,
        access: &Access,
        (frame, left): (&Frame<'_, 'r>, &mut usize),
        parts: &[(usize, &Cell<ValueRef<'r>>)],
        visit: &mut dyn FnMut(RowId) -> bool,
    ) -> Result<()> {
        const ALL: (Bound<ValueRef<'_>>, Bound<ValueRef<'_>>) = (Bound::Unbounded, Bound::Unbounded);
        let mut each_of = |index, values: &mut dyn Iterator<Item = &Value>, left: &mut usize| {
            let mut going = true;
            for value in values {
                table.each_entry(index, &[value.as_ref()], ALL, (Order::Ascending, 0), parts, |id| {
                    let passed_over = *left > 0;
                    *left = left.saturating_sub(1);
                    going = passed_over || visit(id);
                    going
                });
                if !going {
                    break;
                }
            }
        };
        match access {
            Access::Scan => {
                let _ = table.rows_after(*left).all(|(id, _)| visit(id));
            }
            Access::Index { index, equal, range, order } => {
                let equal = equal.iter().map(|it| it.evaluate(frame)).collect::<Result<Vec<_>>>()?;
                let probe: Vec<ValueRef<'_>> = equal.iter().map(Scalar::get).collect();
                let bounds = Bounds::of(range, frame)?;
                if let Some(bounds) = bounds.values().filter(|_| !probe.iter().any(|it| it.is_null())) {
                    table.each_entry(*index, &probe, bounds, (*order, *left), parts, visit);
                }
            }
            Access::AnyOf { index, list } => {
                let values = self.any_of(list, frame)?;
                each_of(*index, &mut values.iter(), left);
            }
            Access::Answer { index, subquery } => {
                let answer = self.answer(subquery, frame)?;
                each_of(*index, &mut answer.members().into_iter(), left);
            }
            Access::Merge { .. } | Access::Keys { .. } | Access::Hash { .. } => {}
        }
        Ok(())
    }
}
