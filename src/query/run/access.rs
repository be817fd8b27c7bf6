//! How the rows of one source are found.

use std::cell::RefCell;
use std::ops::Bound;
use std::rc::Rc;
use std::time::Instant;

use super::Execution;
use super::hash::HashTable;
use crate::error::Result;
use crate::expr::Scalar;
use crate::id::{ColumnId, IndexId, RowId};
use crate::query::frame::Frame;
use crate::query::plan::{Access, Bounded, Level, Origin, Range, SelectPlan};
use crate::record::Row;
use crate::store::{Order, TableImage};
use crate::value::{Value, ValueRef};

/// What stands for the slot of a row that is in no table.
const FOUND: RowId = RowId::new(u64::MAX);

impl<'r> Execution<'r> {
    /// How many combinations there are, where that is known without a visit: all rows of a table, or all that agree in
    /// the first columns of an index.
    pub(in crate::query) fn count(&self, plan: &SelectPlan, outer: Option<&Frame<'_, 'r>>) -> Result<Option<usize>> {
        let [Level { origin: Origin::Table(table), access, on, after, .. }] = &plan.levels[..] else {
            return Ok(None);
        };
        if !on.is_empty() || !after.is_empty() || !plan.gate.is_empty() {
            return Ok(None);
        }
        let table = self.image.table(*table);
        match access {
            Access::Scan => Ok(Some(table.len())),
            Access::Index { index, equal, range, .. } => {
                let frame = Frame::within(self, &[], outer);
                let equal = equal.iter().map(|it| it.evaluate(&frame)).collect::<Result<Vec<_>>>()?;
                let probe: Vec<ValueRef<'_>> = equal.iter().map(Scalar::get).collect();
                if probe.iter().any(|it| it.is_null()) {
                    return Ok(Some(0));
                }
                if let Range::Whole = range {
                    let all = probe.is_empty();
                    return Ok(Some(if all { table.entries(*index) } else { table.count_equal(*index, &probe) }));
                }
                let bounds = Bounds::of(range, &frame)?;
                Ok(bounds.values().map_or(Some(0), |it| table.count_within(*index, &probe, it)))
            }
            _ => Ok(None),
        }
    }

    /// Visits the rows that an access brings, until `visit` says no.
    #[inline]
    pub(in crate::query) fn each_row(
        &self,
        level: &Level,
        frame: &Frame<'_, 'r>,
        visit: &mut dyn FnMut(RowId, &'r Row) -> bool,
    ) -> Result<()> {
        if self.profile.is_some() {
            return self.each_row_watched(level, frame, visit);
        }
        self.each_row_after(level, frame, 0, visit)
    }

    /// The same, and writes down what happened.
    #[cold]
    fn each_row_watched(
        &self,
        level: &Level,
        frame: &Frame<'_, 'r>,
        visit: &mut dyn FnMut(RowId, &'r Row) -> bool,
    ) -> Result<()> {
        let (start, mut rows) = (Instant::now(), 0);
        let outcome = self.each_row_after(level, frame, 0, &mut |id, row| {
            rows += 1;
            visit(id, row)
        });
        if let Some(profile) = self.profile {
            profile.add_level(level, rows, start);
        }
        outcome
    }

    /// The same, but for so many of the rows, which are passed over in logarithmic time where that can be.
    pub(in crate::query) fn each_row_after(
        &self,
        level: &Level,
        frame: &Frame<'_, 'r>,
        skip: usize,
        visit: &mut dyn FnMut(RowId, &'r Row) -> bool,
    ) -> Result<()> {
        let counts = matches!((&level.origin, &level.access), (Origin::Table(_), Access::Scan | Access::Index { .. }));
        if skip > 0 && !counts {
            let mut left = skip;
            return self.each_row_after(level, frame, 0, &mut |id, row| {
                let here = left == 0;
                left = left.saturating_sub(1);
                !here || visit(id, row)
            });
        }
        let Origin::Table(table) = level.origin else { return self.each_found(level, frame, visit) };
        let table = self.image.table(table);
        let mut visit = |id: RowId, row: &'r Row| {
            self.read.set(self.read.get() + 1);
            visit(id, row)
        };
        match &level.access {
            Access::Scan if skip > 0 => {
                let _ = table.rows_after(skip).all(|(id, row)| visit(id, row));
            }
            Access::Scan => {
                let _ = table.rows().all(|(id, row)| visit(id, row));
            }
            Access::Index { index, equal, range: Range::Whole, order: Order::Ascending }
                if equal.len() == 1 && skip == 0 =>
            {
                // The commonest way by far, a lookup by one column, needs no list of its own.
                let value = equal[0].evaluate(frame)?;
                if !value.get().is_null() {
                    table.each_equal(*index, &[value.get()], visit);
                }
            }
            Access::Index { .. } => self.each_in_range(table, &level.access, (frame, skip), &mut visit)?,
            Access::Merge { index, equal } => self.each_merged(table, level, (*index, equal), frame, &mut visit)?,
            Access::AnyOf { index, list } => {
                let values = self.any_of(list, frame)?;
                each_of(table, *index, &mut values.iter(), &mut visit);
            }
            Access::Answer { index, subquery } => {
                let answer = self.answer(subquery, frame)?;
                each_of(table, *index, &mut answer.members().into_iter(), &mut visit);
            }
            Access::Keys { index, columns } => self.each_key(table, level, (*index, columns), frame, &mut visit)?,
            Access::Hash { columns, equal, filter } => {
                let hash = self.hash_of_table(level, table, columns, (filter, frame))?;
                self.each_hashed(&hash, equal, frame, &mut visit)?;
            }
        }
        Ok(())
    }

    /// Visits the rows whose first index columns equal the given scalars, a few steps behind those of the scalars before.
    fn each_merged(
        &self,
        table: &'r TableImage,
        level: &Level,
        (index, equal): (IndexId, &[Bounded]),
        frame: &Frame<'_, 'r>,
        visit: &mut dyn FnMut(RowId, &'r Row) -> bool,
    ) -> Result<()> {
        let finger = {
            let mut fingers = self.fingers.borrow_mut();
            fingers.entry(level).or_insert_with(|| Rc::new(RefCell::new(table.finger(index)))).clone()
        };
        // A level is not asked again while its rows are visited; if it were, it would be by a place of its own.
        let mut other = None;
        let mut finger = finger.try_borrow_mut();
        let finger = match &mut finger {
            Ok(it) => &mut **it,
            Err(_) => other.insert(table.finger(index)),
        };
        if let [only] = equal {
            let value = only.evaluate(frame)?;
            if !value.get().is_null() {
                finger.each_equal(&[value.get()], visit);
            }
            return Ok(());
        }
        let equal = equal.iter().map(|it| it.evaluate(frame)).collect::<Result<Vec<_>>>()?;
        let probe: Vec<ValueRef<'_>> = equal.iter().map(Scalar::get).collect();
        if !probe.iter().any(|it| it.is_null()) {
            finger.each_equal(&probe, visit);
        }
        Ok(())
    }

    /// The values of a list, each once and in order, but for NULL.
    pub(super) fn any_of(&self, list: &[Bounded], frame: &Frame<'_, 'r>) -> Result<Vec<Value>> {
        let mut values = list.iter().map(|it| Ok(it.evaluate(frame)?.into_value())).collect::<Result<Vec<_>>>()?;
        values.retain(|it| !it.is_null());
        values.sort();
        values.dedup();
        Ok(values)
    }

    /// Visits the rows whose first index columns equal the given scalars and whose next one lies within the bounds.
    fn each_in_range(
        &self,
        table: &'r TableImage,
        access: &Access,
        (frame, skip): (&Frame<'_, 'r>, usize),
        visit: &mut impl FnMut(RowId, &'r Row) -> bool,
    ) -> Result<()> {
        let Access::Index { index, equal, range, order } = access else { return Ok(()) };
        let equal = equal.iter().map(|it| it.evaluate(frame)).collect::<Result<Vec<_>>>()?;
        let probe: Vec<ValueRef<'_>> = equal.iter().map(Scalar::get).collect();
        let bounds = Bounds::of(range, frame)?;
        if let Some(bounds) = bounds.values().filter(|_| !probe.iter().any(|it| it.is_null())) {
            table.each_within_after(*index, &probe, bounds, (*order, skip), visit);
        }
        Ok(())
    }

    fn each_key(
        &self,
        table: &'r TableImage,
        level: &Level,
        (index, columns): (Option<IndexId>, &[ColumnId]),
        frame: &Frame<'_, 'r>,
        visit: &mut impl FnMut(RowId, &'r Row) -> bool,
    ) -> Result<()> {
        let mut going = true;
        let mut probe: Vec<ValueRef<'_>> = Vec::with_capacity(columns.len());
        for (position, key) in self.given.each_key(columns.len()) {
            if !going {
                break;
            }
            self.key.set(position);
            probe.clear();
            probe.extend(key.iter().map(Value::as_ref));
            match index {
                Some(index) => table.each_equal(index, &probe, |id, row| {
                    going = visit(id, row);
                    going
                }),
                None => {
                    let hash = self.hash_of_table(level, table, columns, (&[], frame))?;
                    going = hash.rows(&probe).iter().all(|&(id, row)| visit(id, row));
                }
            }
        }
        Ok(())
    }

    /// Visits the rows that a query or a list brings, until `visit` says no.
    fn each_found(
        &self,
        level: &Level,
        frame: &Frame<'_, 'r>,
        visit: &mut dyn FnMut(RowId, &'r Row) -> bool,
    ) -> Result<()> {
        let rows = self.found(&level.origin, frame)?;
        let Access::Hash { columns, equal, filter } = &level.access else {
            let _ = rows.iter().all(|row| visit(FOUND, row));
            return Ok(());
        };
        let hash = self.hash((level, rows.as_ptr()), columns, (filter, frame), || rows.iter().map(|it| (FOUND, it)))?;
        self.each_hashed(&hash, equal, frame, visit)
    }

    /// Visits all rows of a source, whatever its access, until `visit` says no.
    pub(super) fn each_of_all(
        &self,
        level: &Level,
        frame: &Frame<'_, 'r>,
        visit: &mut dyn FnMut(RowId, &'r Row) -> bool,
    ) -> Result<()> {
        if let Origin::Table(table) = level.origin {
            let _ = self.image.table(table).rows().all(|(id, row)| visit(id, row));
        } else {
            let _ = self.found(&level.origin, frame)?.iter().all(|row| visit(FOUND, row));
        }
        Ok(())
    }

    fn hash_of_table(
        &self,
        level: &Level,
        table: &'r TableImage,
        columns: &[ColumnId],
        conditions: (&[Bounded], &Frame<'_, 'r>),
    ) -> Result<Rc<HashTable<'r>>> {
        self.hash((level, std::ptr::null()), columns, conditions, || {
            self.read.set(self.read.get() + table.len() as u64);
            table.rows()
        })
    }
}

/// Visits the rows whose first index column equals one of these.
fn each_of<'r>(
    table: &'r TableImage,
    index: IndexId,
    values: &mut dyn Iterator<Item = &Value>,
    visit: &mut impl FnMut(RowId, &'r Row) -> bool,
) {
    let mut going = true;
    for value in values {
        table.each_equal(index, &[value.as_ref()], |id, row| {
            going = visit(id, row);
            going
        });
        if !going {
            return;
        }
    }
}

/// The bounds of a range, evaluated.
pub(super) enum Bounds<'a> {
    Whole,
    Present,
    Absent,
    Within(Bound<Scalar<'a>>, Bound<Scalar<'a>>),
}

impl<'a> Bounds<'a> {
    pub(super) fn of(range: &'a Range, frame: &'a Frame<'_, '_>) -> Result<Self> {
        Ok(match range {
            Range::Whole => Bounds::Whole,
            Range::Present => Bounds::Present,
            Range::Absent => Bounds::Absent,
            Range::Within(lower, upper) => Bounds::Within(bound(lower, frame)?, bound(upper, frame)?),
        })
    }

    /// As an index knows them; none where nothing can lie within, because one of them is NULL.
    pub(super) fn values(&self) -> Option<(Bound<ValueRef<'_>>, Bound<ValueRef<'_>>)> {
        // NULL is less than everything in the index, and not less than anything in a condition.
        const BEHIND_NULLS: Bound<ValueRef<'_>> = Bound::Excluded(ValueRef::Null);
        let is_null =
            |it: &Bound<Scalar<'_>>| matches!(it, Bound::Included(it) | Bound::Excluded(it) if it.get().is_null());
        match self {
            Bounds::Whole => Some((Bound::Unbounded, Bound::Unbounded)),
            Bounds::Present => Some((BEHIND_NULLS, Bound::Unbounded)),
            Bounds::Absent => Some((Bound::Unbounded, Bound::Included(ValueRef::Null))),
            Bounds::Within(lower, upper) if is_null(lower) || is_null(upper) => None,
            Bounds::Within(Bound::Unbounded, upper) => Some((BEHIND_NULLS, borrowed(upper))),
            Bounds::Within(lower, upper) => Some((borrowed(lower), borrowed(upper))),
        }
    }
}

fn bound<'a>(bound: &'a Bound<Bounded>, frame: &'a Frame<'_, '_>) -> Result<Bound<Scalar<'a>>> {
    Ok(match bound {
        Bound::Included(it) => Bound::Included(it.evaluate(frame)?),
        Bound::Excluded(it) => Bound::Excluded(it.evaluate(frame)?),
        Bound::Unbounded => Bound::Unbounded,
    })
}

fn borrowed<'a>(bound: &'a Bound<Scalar<'_>>) -> Bound<ValueRef<'a>> {
    match bound {
        Bound::Included(it) => Bound::Included(it.get()),
        Bound::Excluded(it) => Bound::Excluded(it.get()),
        Bound::Unbounded => Bound::Unbounded,
    }
}
