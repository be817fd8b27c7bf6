//! Rows into groups: all combinations go into their groups, then the groups go out.
//!
//! Groups are places of a [`Keyed`] table, and what is computed for them is one flat list, so that a row costs a lookup
//! and no allocation. Where keys and operands are columns of one source, they are read without evaluating anything.

use std::cell::Cell;

use super::aggregate::Aggregator;
use super::counted::run_counted;
use super::frame::Frame;
use super::group::Group;
use super::keyed::Keyed;
use super::plan::{BoundAggregate, BoundLeaf, Bounded, Gathering, Grouping, KeptRow, Level, SelectPlan};
use super::run::{Execution, all_hold};
use super::select::JoinKind;
use super::stream::run_ordered;
use super::tally::Tally;
use crate::error::Result;
use crate::expr::{Expr, Scalar};
use crate::id::{ColumnId, RowId};
use crate::record::Row;
use crate::value::ValueRef;

/// Where the sources stand.
pub(super) type Stand<'r> = [Cell<Option<(RowId, &'r Row)>>];

/// Groups while their rows come.
struct Groups<'r, 'p> {
    grouping: &'p Grouping,
    keyed: Keyed,
    /// What is computed, for each group one after the other.
    running: Vec<Aggregator>,
    /// The same where it is counts and sums of integers alone.
    tally: Option<Tally>,
    /// A row of each group, where one is read.
    rows: Vec<Box<Stand<'r>>>,
}

/// Runs a query that groups.
pub(super) fn run_grouped<'r>(
    execution: &Execution<'r>,
    plan: &SelectPlan,
    grouping: &Grouping,
    outer: Option<&Frame<'_, 'r>>,
    emit: &mut dyn FnMut(&Frame<'_, 'r>) -> Result<bool>,
) -> Result<()> {
    match &grouping.gathering {
        Gathering::Counted(index, told) if run_counted(execution, (plan, grouping), (*index, told), outer, emit)? => {
            return Ok(());
        }
        Gathering::Hash | Gathering::Counted(..) => {}
        Gathering::InOrder | Gathering::First => return run_ordered(execution, plan, grouping, outer, emit),
    }
    let mut groups = Groups::new(grouping, execution.expected(plan));
    if let Some(count) = counted(execution, plan, grouping, outer)? {
        groups.keyed.place(&[]);
        groups.running.extend(grouping.aggregates.iter().map(|_| Aggregator::counted(count)));
        return groups.go_out(execution, plan, outer, emit);
    }
    match Columns::of(plan, grouping) {
        Some(columns) => {
            let read = execution.read.get();
            groups.tally = Tally::of(&grouping.aggregates, &columns.operands);
            if !groups.gather_columns(execution, plan, &columns, outer)? {
                // A sum is no integer after all: once more, with sums of all kinds.
                execution.read.set(read);
                groups = Groups::new(grouping, execution.expected(plan));
                groups.gather_columns(execution, plan, &columns, outer)?;
            }
        }
        None => {
            execution.each_combination(plan, outer, &mut |frame| groups.take(frame).map(|()| true))?;
        }
    }
    // Without GROUP BY there is always one group, an empty one included.
    if grouping.keys.is_empty() && groups.keyed.len() == 0 {
        groups.place(&[], &vec![Cell::new(None); plan.sources]);
    }
    groups.go_out(execution, plan, outer, emit)
}

/// How many rows there are, where nothing else is asked and that is known without a visit.
fn counted<'r>(
    execution: &Execution<'r>,
    plan: &SelectPlan,
    grouping: &Grouping,
    outer: Option<&Frame<'_, 'r>>,
) -> Result<Option<usize>> {
    let counts = |it: &BoundAggregate| it.operands.is_empty() && it.filter.is_none();
    if !grouping.keys.is_empty() || grouping.keeps.is_some() || !grouping.aggregates.iter().all(counts) {
        return Ok(None);
    }
    execution.count(plan, outer)
}

impl<'r, 'p> Groups<'r, 'p> {
    fn new(grouping: &'p Grouping, expected: usize) -> Self {
        let keyed = Keyed::new(grouping.keys.len(), expected);
        Groups { grouping, keyed, running: Vec::new(), tally: None, rows: Vec::new() }
    }

    /// Takes a combination.
    fn take(&mut self, frame: &Frame<'_, 'r>) -> Result<()> {
        let place = match &self.grouping.keys[..] {
            [] => self.place(&[], frame.rows),
            [only] => self.place(&[only.evaluate(frame)?.get()], frame.rows),
            [first, second] => {
                let (first, second) = (first.evaluate(frame)?, second.evaluate(frame)?);
                self.place(&[first.get(), second.get()], frame.rows)
            }
            all => {
                let keys = all.iter().map(|it| it.evaluate(frame)).collect::<Result<Vec<_>>>()?;
                let keys: Vec<ValueRef<'_>> = keys.iter().map(Scalar::get).collect();
                self.place(&keys, frame.rows)
            }
        };
        let (grouping, width) = (self.grouping, self.grouping.aggregates.len());
        let running = &mut self.running[place * width..][..width];
        for (position, (running, aggregate)) in running.iter_mut().zip(&grouping.aggregates).enumerate() {
            let replaced = running.take(aggregate, frame)?;
            if replaced && grouping.keeps == Some(KeptRow::Extremum(position)) {
                self.rows[place] = frame.rows.into();
            }
        }
        Ok(())
    }

    /// The place of a group, which may begin here.
    #[inline]
    fn place(&mut self, key: &[ValueRef<'_>], rows: &Stand<'r>) -> usize {
        let (place, new) = self.keyed.place(key);
        if new {
            self.begin(rows);
        }
        place
    }

    #[cold]
    fn begin(&mut self, rows: &Stand<'r>) {
        if let Some(tally) = &mut self.tally {
            tally.begin();
            return;
        }
        for aggregate in &self.grouping.aggregates {
            self.running.push(Aggregator::start(aggregate));
        }
        if self.grouping.keeps.is_some() {
            self.rows.push(rows.into());
        }
    }

    /// Takes all rows of a source whose columns are all that is read; says whether the sums could be made.
    fn gather_columns(
        &mut self,
        execution: &Execution<'r>,
        plan: &SelectPlan,
        columns: &Columns,
        outer: Option<&Frame<'_, 'r>>,
    ) -> Result<bool> {
        let (level, cells) = (&plan.levels[0], vec![Cell::new(None); plan.sources]);
        let (frame, cell) = (Frame::within(execution, &cells, outer), &cells[level.source as usize]);
        if !all_hold(&plan.gate, &frame)? {
            return Ok(true);
        }
        let bare = level.on.is_empty() && level.after.is_empty();
        let width = columns.operands.len();
        let mut key = vec![ValueRef::Null; columns.keys.len()];
        let mut outcome = Ok(true);
        let mut take = |id, row: &'r Row| {
            if !bare {
                cell.set(Some((id, row)));
                if !all_hold(&level.on, &frame)? || !all_hold(&level.after, &frame)? {
                    return Ok(true);
                }
            }
            for (place, column) in key.iter_mut().zip(&columns.keys) {
                *place = row.get(*column);
            }
            let place = self.place(&key, &[]);
            if let Some(tally) = &mut self.tally {
                return Ok(tally.take(place, &**row));
            }
            let running = &mut self.running[place * width..][..width];
            for (running, operand) in running.iter_mut().zip(&columns.operands) {
                match operand {
                    None => running.count_row(),
                    Some(column) => running.take_value(row.get(*column))?,
                }
            }
            Ok(true)
        };
        execution.each_row(level, &frame, &mut |id, row| {
            outcome = take(id, row);
            matches!(outcome, Ok(true))
        })?;
        outcome
    }

    /// Lets the groups go out that fulfil HAVING.
    fn go_out(
        self,
        execution: &Execution<'r>,
        plan: &SelectPlan,
        outer: Option<&Frame<'_, 'r>>,
        emit: &mut dyn FnMut(&Frame<'_, 'r>) -> Result<bool>,
    ) -> Result<()> {
        let nowhere: Box<Stand<'r>> = vec![Cell::new(None); plan.sources].into();
        let mut running = self.running.into_iter();
        let mut aggregates = Vec::with_capacity(self.grouping.aggregates.len());
        for place in 0..self.keyed.len() {
            aggregates.clear();
            if let Some(tally) = &self.tally {
                aggregates.extend(tally.values(place));
            }
            for (it, said) in running.by_ref().take(self.grouping.aggregates.len()).zip(&self.grouping.aggregates) {
                aggregates.push(it.finish(&said.order_by)?);
            }
            let rows = self.rows.get(place).unwrap_or(&nowhere);
            let group = Group { keys: self.keyed.key(place), aggregates: &aggregates, among: Some(self.keyed.len()) };
            let frame = Frame { group: Some(group), ..Frame::within(execution, rows, outer) };
            let kept = match &self.grouping.having {
                Some(condition) => condition.holds(&frame)?.is_true(),
                None => true,
            };
            if kept && !emit(&frame)? {
                break;
            }
        }
        Ok(())
    }
}

/// The columns that a query groups by and computes from, where it reads nothing else of its only source.
struct Columns {
    keys: Vec<ColumnId>,
    /// For each aggregate; those without one count rows.
    operands: Vec<Option<ColumnId>>,
}

impl Columns {
    fn of(plan: &SelectPlan, grouping: &Grouping) -> Option<Self> {
        let [Level { kind: JoinKind::Inner, source: 0, .. }] = &plan.levels[..] else { return None };
        if grouping.keeps.is_some() || plan.covering.is_some() {
            return None;
        }
        let column = |it: &Bounded| match it {
            Expr::Leaf(BoundLeaf::Column { up: 0, source: 0, column }) => Some(*column),
            _ => None,
        };
        let operand = |it: &BoundAggregate| match &it.operands[..] {
            _ if !Aggregator::takes_values(it) => None,
            [] => Some(None),
            [only] => column(only).map(Some),
            _ => None,
        };
        let keys = grouping.keys.iter().map(column).collect::<Option<_>>()?;
        let operands = grouping.aggregates.iter().map(operand).collect::<Option<_>>()?;
        Some(Columns { keys, operands })
    }
}
