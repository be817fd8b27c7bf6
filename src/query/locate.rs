//! Queries for whole rows, answered by the places of the rows: nothing is shared, and rows that no condition has to read
//! are not fetched from memory.

use std::ops::ControlFlow;

use super::frame::Frame;
use super::places::{NOWHERE, Places};
use super::plan::{Access, BoundLeaf, BoundOutput, Bounded, Level, Origin, Plan, Range, SelectPlan};
use super::run::Execution;
use super::select::JoinKind;
use super::version::Version;
use crate::error::Result;
use crate::id::{IndexId, RowId, TableId};
use crate::record::Row;
use crate::schema::{IndexSchema, Schema};
use crate::store::{Image, Order};
use crate::value::{Value, ValueRef};

/// The most columns that a unique key has by which a row is looked up without a plan being carried out.
const WIDEST: usize = 4;

/// How a statement can be answered when it is asked for places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// By one integer primary key and nothing around it, if it is run with one key: the commonest query of all.
    LookUp(TableId),
    /// By all columns of a unique key, each a parameter, and nothing around it.
    Unique,
    /// By whole rows in the order in which they are found.
    Places,
    /// Not by places.
    Other,
}

impl Shape {
    pub(super) fn of(plan: &Plan, schema: &Schema, image: &Image) -> Self {
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
            [Level { origin: Origin::Table(table), access: Access::Index { index, equal, .. }, on, after, .. }]
                if is_key(schema.table(*table).index(*index), equal)
                    && (on.is_empty() && after.is_empty() && plan.outputs.len() == 1)
                    && (plan.offset.is_none() && (plan.limit.is_none() || plan.known_limit() > Some(0))) =>
            {
                Shape::Unique
            }
            _ => Shape::Places,
        }
    }
}

/// Whether these parameters, for each column one, find no more than one row.
fn is_key(index: &IndexSchema, equal: &[Bounded]) -> bool {
    index.is_judged_at_once()
        && index.is_plain()
        && equal.len() == index.columns.len()
        && equal.len() <= WIDEST
        && equal.iter().all(|it| matches!(it, Bounded::Leaf(BoundLeaf::Parameter(_))))
}

/// Finds one row by a unique key. The values are those of the query's parameters; `None` where they are none, or it asks
/// for more.
#[inline]
pub(super) fn look_up_unique<'v>(
    plan: &Plan,
    values: &[Value],
    version: &'v Version,
) -> Option<Option<(RowId, &'v Row)>> {
    let Plan::Select(SelectPlan { levels, .. }) = plan else { return None };
    let [Level { origin: Origin::Table(table), access: Access::Index { index, equal, .. }, .. }] = &levels[..] else {
        return None;
    };
    let mut probe = [ValueRef::Null; WIDEST];
    for (value, part) in probe.iter_mut().zip(equal) {
        let Bounded::Leaf(BoundLeaf::Parameter(at)) = part else { return None };
        *value = values.get(*at as usize).map(Value::as_ref).filter(|it| !it.is_null())?;
    }
    Some(version.find_unique(*table, *index, &probe[..equal.len()]))
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
pub(super) fn locate(execution: &Execution<'_>, plan: &SelectPlan, found: &mut Places) -> Result<()> {
    let page = execution.page(plan.limit.as_ref(), plan.offset.as_ref(), None)?;
    let mut left = Left { to_skip: page.offset, limit: page.limit.unwrap_or(usize::MAX) };
    if left.limit == 0 {
        return Ok(());
    }
    let Some(Access::Keys { index, columns }) = plan.levels.first().map(|it| &it.access) else {
        let Some(level) = plan.only_table().filter(|_| plan.outputs.len() == 1) else {
            return combine(execution, plan, &mut left, found);
        };
        if let (Origin::Table(table), Access::Scan) = (&level.origin, &level.access)
            && (left.to_skip, left.limit) == (0, usize::MAX)
        {
            every_row(execution, *table, found);
            return Ok(());
        }
        let frame = Frame::within(execution, &[], None);
        let skip = std::mem::take(&mut left.to_skip);
        return execution.each_row_after(level, &frame, skip, &mut |place, _| {
            left.put(found, 0, |cells| cells.push(place)).is_continue()
        });
    };
    let (Some(index), [Level { origin: Origin::Table(table), on, after, .. }]) = (index, &plan.levels[..]) else {
        return combine(execution, plan, &mut left, found);
    };
    if !on.is_empty() || !after.is_empty() {
        return combine(execution, plan, &mut left, found);
    }
    let unlimited = left.to_skip == 0 && left.limit == usize::MAX;
    let table = execution.image.table(*table);
    let mut probe: Vec<ValueRef<'_>> = Vec::with_capacity(columns.len());
    for (position, key) in execution.given.each_key(columns.len()) {
        if found.count >= left.limit {
            break;
        }
        let (before, mut read) = (found.count, 0);
        probe.clear();
        probe.extend(key.iter().map(Value::as_ref));
        if unlimited {
            table.each_id_equal(*index, &probe, |place| {
                found.cells.push(place);
                true
            });
            found.count = found.cells.len();
            found.keys.resize(found.count, position);
            read = (found.count - before) as u64;
        } else {
            table.each_id_equal(*index, &probe, |place| {
                read += 1;
                left.put(found, position, |cells| cells.push(place)).is_continue()
            });
        }
        execution.read.set(execution.read.get() + read);
    }
    Ok(())
}

/// The places of all rows of a table.
fn every_row(execution: &Execution<'_>, table: TableId, found: &mut Places) {
    let table = execution.image.table(table);
    found.cells.reserve_exact(table.len());
    table.rows().for_each(|(place, _)| found.cells.push(place));
    found.count = found.cells.len();
    found.keys.resize(found.count, 0);
    execution.read.set(execution.read.get() + found.count as u64);
}

/// What a limit and an offset leave to do.
struct Left {
    to_skip: usize,
    limit: usize,
}

impl Left {
    #[inline]
    fn put(&mut self, found: &mut Places, key: u32, cells: impl FnOnce(&mut Vec<RowId>)) -> ControlFlow<()> {
        if self.to_skip > 0 {
            self.to_skip -= 1;
            return ControlFlow::Continue(());
        }
        cells(&mut found.cells);
        found.keys.push(key);
        found.count += 1;
        if found.count < self.limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}

/// Every combination of rows that the sources and conditions let through.
fn combine(execution: &Execution<'_>, plan: &SelectPlan, left: &mut Left, found: &mut Places) -> Result<()> {
    if let Some(members) = Members::of(plan) {
        return members.combine(execution, plan, left, found);
    }
    execution.each_combination(plan, None, &mut |frame| {
        let put = left.put(found, execution.key.get(), |cells| {
            cells.extend(plan.outputs.iter().map(|it| place_in(frame, it)));
        });
        Ok(put.is_continue())
    })?;
    Ok(())
}

/// The last source of a join, where an index brings its rows and nothing else is asked of them: what a collection is that
/// is loaded with its owners. Its rows are not looked at; their places stand in the index.
struct Members<'p> {
    before: &'p [Level],
    table: TableId,
    index: IndexId,
    equal: &'p Bounded,
    /// Which output it is, if it is one.
    output: Option<usize>,
    /// Whether a combination without a member comes out, too.
    alone: bool,
    /// Whether owners come in the order of the index.
    merged: bool,
}

impl<'p> Members<'p> {
    fn of(plan: &'p SelectPlan) -> Option<Self> {
        let (last, before) = plan.levels.split_last().filter(|(_, before)| !before.is_empty())?;
        let Level { origin: Origin::Table(table), access, on, after, .. } = last else { return None };
        let (index, equal, merged) = match access {
            Access::Index { index, equal, range: Range::Whole, order: Order::Ascending } => (index, equal, false),
            Access::Merge { index, equal } => (index, equal, true),
            _ => return None,
        };
        let [equal] = &equal[..] else { return None };
        let kinds = |it: &Level, kinds: &[JoinKind]| kinds.contains(&it.kind);
        let plain = on.is_empty()
            && after.is_empty()
            && kinds(last, &[JoinKind::Left, JoinKind::Inner])
            && !before.iter().any(|it| kinds(it, &[JoinKind::Right, JoinKind::Full]));
        let mut outputs = plan.outputs.iter().enumerate().filter(|(_, it)| is_row_of(it, last.source));
        let output = outputs.next().map(|(at, _)| at);
        let alone = last.kind == JoinKind::Left;
        let once = outputs.next().is_none();
        (plain && once).then_some(Members { before, table: *table, index: *index, equal, output, alone, merged })
    }

    fn combine(&self, execution: &Execution<'_>, plan: &SelectPlan, left: &mut Left, found: &mut Places) -> Result<()> {
        let table = execution.image.table(self.table);
        let mut finger = self.merged.then(|| table.finger(self.index));
        let mut cells: Vec<RowId> = Vec::with_capacity(plan.outputs.len());
        execution.each_combination_of(plan, self.before, None, &mut |frame| {
            cells.clear();
            cells.extend(plan.outputs.iter().map(|it| place_in(frame, it)));
            let (mut read, mut going) = (0, true);
            let mut put = |place: RowId| {
                if let Some(output) = self.output {
                    cells[output] = place;
                }
                going = left.put(found, execution.key.get(), |all| all.extend_from_slice(&cells)).is_continue();
                going
            };
            let value = self.equal.evaluate(frame)?;
            let mut visit = |place| {
                read += 1;
                put(place)
            };
            match &mut finger {
                _ if value.get().is_null() => {}
                Some(finger) => finger.each_id_equal(&[value.get()], visit),
                None => table.each_id_equal(self.index, &[value.get()], &mut visit),
            }
            if read == 0 && self.alone {
                put(NOWHERE);
            }
            execution.read.set(execution.read.get() + read);
            Ok(going)
        })?;
        Ok(())
    }
}

fn is_row_of(output: &BoundOutput, source: u8) -> bool {
    matches!(output, BoundOutput::Row(it) if *it == source)
}

/// Where the row stands that an output brings.
fn place_in(frame: &Frame<'_, '_>, output: &BoundOutput) -> RowId {
    match output {
        BoundOutput::Row(source) => frame.rows[*source as usize].get().map_or(NOWHERE, |(place, _)| place),
        BoundOutput::Value(_) => NOWHERE,
    }
}
