//! Queries for whole rows, answered by the places of the rows: nothing is shared, and rows that no condition has to read
//! are not fetched from memory.

use std::ops::ControlFlow;

use rustc_hash::FxHashSet;

use super::frame::Frame;
use super::places::{NOWHERE, Places};
use super::plan::{Access, BoundOutput, Level, Origin, Plan, SelectPlan};
use super::run::Execution;
use crate::error::Result;
use crate::id::{IndexId, RowId, TableId};
use crate::store::Image;
use crate::value::{Value, ValueRef};

/// How a statement can be answered when it is asked for places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// By one integer primary key and nothing around it, if it is run with one key: the commonest query of all.
    LookUp(TableId),
    /// By whole rows in the order in which they are found.
    Places,
    /// Not by places.
    Other,
}

impl Shape {
    pub(super) fn of(plan: &Plan, image: &Image) -> Self {
        let Plan::Select(plan) = plan else { return Shape::Other };
        let places = plan.outputs.iter().all(|it| matches!(it, BoundOutput::Row(_)))
            && plan.levels.iter().all(|it| matches!(it.origin, Origin::Table(_)))
            && plan.grouping.is_none()
            && plan.compounds.is_empty()
            && plan.gate.is_empty()
            && plan.windows.is_empty()
            && plan.order_by.is_empty()
            && !plan.distinct;
        match plan.levels.as_slice() {
            _ if !places => Shape::Other,
            [
                Level {
                    origin: Origin::Table(table),
                    access: Access::Keys { index: Some(index), columns },
                    on,
                    after,
                    ..
                },
            ] if index.index() == 0
                && columns.len() == 1
                && (on.is_empty() && after.is_empty() && plan.outputs.len() == 1)
                && (plan.offset.is_none() && plan.limit.is_none())
                && image.table(*table).is_keyed_by_integer() =>
            {
                Shape::LookUp(*table)
            }
            _ => Shape::Places,
        }
    }
}

/// Finds one row by its integer primary key. Returns how many there are.
#[inline]
pub(super) fn look_up(image: &Image, table: TableId, key: &Value, found: &mut Places) -> u64 {
    let table = image.table(table);
    let place = match key {
        Value::Int(key) => table.at_key(*key),
        Value::Null => None,
        other => table.find(IndexId(0), &[other.as_ref()]),
    };
    if let Some((place, _)) = place {
        found.cells.push(place);
        found.keys.push(0);
        found.count = 1;
    }
    found.count as u64
}

/// Answers any query that has a shape for places.
pub(super) fn locate(execution: &mut Execution<'_>, plan: &SelectPlan, found: &mut Places) -> Result<()> {
    let page = execution.page(plan.limit.as_ref(), plan.offset.as_ref(), None)?;
    let mut left = Left { to_skip: page.offset, limit: page.limit.unwrap_or(usize::MAX) };
    if left.limit == 0 {
        return Ok(());
    }
    let Some(Access::Keys { index, columns }) = plan.levels.first().map(|it| &it.access) else {
        let Some(level) = plan.only_table().filter(|_| plan.outputs.len() == 1) else {
            return combine(execution, plan, 0, &mut left, found);
        };
        let frame = Frame::within(execution, &[], None);
        let skip = std::mem::take(&mut left.to_skip);
        return execution.each_row_after(level, &frame, skip, &mut |place, _| {
            left.put(found, 0, |cells| cells.push(place)).is_continue()
        });
    };
    let keys = execution.given.keys;
    let alone = match &plan.levels[..] {
        [Level { origin: Origin::Table(table), on, after, .. }] if on.is_empty() && after.is_empty() => Some(*table),
        _ => None,
    };
    let unlimited = left.to_skip == 0 && left.limit == usize::MAX;
    // A key that is given twice does not bring its rows twice. Keys mostly rise, and then none is.
    let rising = keys.chunks_exact(columns.len()).is_sorted_by(|a, b| a < b);
    let mut seen = FxHashSet::default();
    let mut probe: Vec<ValueRef<'_>> = Vec::with_capacity(columns.len());
    for (position, key) in keys.chunks_exact(columns.len()).enumerate() {
        if key.iter().any(Value::is_null) || (!rising && !seen.insert(key)) {
            continue;
        }
        if found.count >= left.limit {
            break;
        }
        match (index, alone) {
            (Some(index), Some(table)) => {
                let table = execution.image.table(table);
                let (before, mut read) = (found.count, 0);
                probe.clear();
                probe.extend(key.iter().map(Value::as_ref));
                if unlimited {
                    table.each_id_equal(*index, &probe, |place| {
                        found.cells.push(place);
                        true
                    });
                    found.count = found.cells.len();
                    found.keys.resize(found.count, position as u32);
                    read = (found.count - before) as u64;
                } else {
                    table.each_id_equal(*index, &probe, |place| {
                        read += 1;
                        left.put(found, position, |cells| cells.push(place)).is_continue()
                    });
                }
                execution.read.set(execution.read.get() + read);
            }
            _ => {
                execution.given.keys = key;
                combine(execution, plan, position, &mut left, found)?;
            }
        }
    }
    execution.given.keys = keys;
    Ok(())
}

/// What a limit and an offset leave to do.
struct Left {
    to_skip: usize,
    limit: usize,
}

impl Left {
    #[inline]
    fn put(&mut self, found: &mut Places, key: usize, cells: impl FnOnce(&mut Vec<RowId>)) -> ControlFlow<()> {
        if self.to_skip > 0 {
            self.to_skip -= 1;
            return ControlFlow::Continue(());
        }
        cells(&mut found.cells);
        found.keys.push(key as u32);
        found.count += 1;
        if found.count < self.limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}

/// Every combination of rows that the sources and conditions let through.
fn combine(
    execution: &Execution<'_>,
    plan: &SelectPlan,
    key: usize,
    left: &mut Left,
    found: &mut Places,
) -> Result<()> {
    execution.each_combination(plan, None, &mut |frame| {
        let put = left.put(found, key, |cells| {
            cells.extend(plan.outputs.iter().map(|it| match it {
                BoundOutput::Row(source) => frame.rows[*source as usize].get().map_or(NOWHERE, |(place, _)| place),
                BoundOutput::Value(_) => NOWHERE,
            }));
        });
        Ok(put.is_continue())
    })?;
    Ok(())
}
