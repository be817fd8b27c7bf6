//! What comes out of a select: scalars and whole rows, each once or as often as they come, in order, a page of them.

use std::cell::Cell;
use std::cmp::Ordering;

use rustc_hash::FxHashSet;

use super::{Execution, Page};
use crate::error::Result;
use crate::expr::Expr;
use crate::query::frame::Frame;
use crate::query::gather::run_grouped;
use crate::query::plan::{BoundLeaf, BoundOutput, Bounded, SelectPlan, SortKey};
use crate::query::rows::Rows;
use crate::query::select::{Direction, Nulls};
use crate::record::Row;
use crate::value::Value;

impl<'r> Execution<'r> {
    /// Runs what is written before the first set operation.
    pub(super) fn core(
        &self,
        plan: &SelectPlan,
        order: &[SortKey],
        page: Page,
        outer: Option<&Frame<'_, 'r>>,
    ) -> Result<Rows> {
        let mut sink = Sink::new(plan, order, page);
        if page.limit == Some(0) {
            return Ok(sink.out);
        }
        let passes_over = page.offset > 0 && order.is_empty();
        if let (Some(covering), true) = (&plan.covering, passes_over && plan.only_table().is_some()) {
            sink.to_skip = 0;
            self.each_entry((plan, covering), page.offset, outer, &mut |frame| sink.take(frame))?;
        } else if let Some(level) = plan.only_table().filter(|_| passes_over) {
            // What is passed over is not looked at.
            sink.to_skip = 0;
            let cell = [Cell::new(None)];
            let (frame, mut outcome) = (Frame::within(self, &cell, outer), Ok(true));
            self.each_row_after(level, &frame, page.offset, &mut |id, row| {
                cell[0].set(Some((id, row)));
                outcome = sink.take(&frame);
                matches!(outcome, Ok(true))
            })?;
            outcome?;
        } else if plan.windows.is_empty() {
            self.each_result(plan, outer, &mut |frame| sink.take(frame))?;
        } else {
            self.each_with_windows(plan, outer, &mut |frame| sink.take(frame))?;
        }
        Ok(sink.finish())
    }

    /// Visits every combination, or every group.
    pub(super) fn each_result(
        &self,
        plan: &SelectPlan,
        outer: Option<&Frame<'_, 'r>>,
        emit: &mut dyn FnMut(&Frame<'_, 'r>) -> Result<bool>,
    ) -> Result<()> {
        match &plan.grouping {
            Some(grouping) => run_grouped(self, plan, grouping, outer, emit),
            None => self.each_combination(plan, outer, emit).map(drop),
        }
    }
}

/// Where what comes out is gathered.
struct Sink<'p> {
    plan: &'p SelectPlan,
    order: &'p [SortKey],
    /// What the order reads.
    by: Vec<&'p Bounded>,
    /// Whether that is what comes out.
    late: bool,
    page: Page,
    /// How many rows are worth keeping while they are sorted.
    most: usize,
    to_skip: usize,
    seen: FxHashSet<Vec<Value>>,
    /// By what the row stands that is being taken.
    keys: Vec<Value>,
    sorted: Vec<Sorted>,
    /// Whether rows were dropped because enough come before.
    cut: bool,
    out: Rows,
}

/// A combination that waits for its place in the order.
struct Sorted {
    by: Vec<Value>,
    rows: Vec<Option<Row>>,
    values: Vec<Value>,
}

impl<'p> Sink<'p> {
    fn new(plan: &'p SelectPlan, order: &'p [SortKey], page: Page) -> Self {
        let row_width = plan.outputs.iter().filter(|it| matches!(it, BoundOutput::Row(_))).count();
        let value_width = plan.outputs.len() - row_width;
        let most = page.limit.map_or(usize::MAX, |it| it.saturating_add(page.offset));
        let by: Vec<&Bounded> = order.iter().map(|it| said(plan, &it.by)).collect();
        let late = by.iter().any(|it| reads_outputs(it));
        Sink {
            plan,
            order,
            by,
            late,
            page,
            most,
            to_skip: page.offset,
            seen: FxHashSet::default(),
            keys: Vec::new(),
            sorted: Vec::new(),
            cut: false,
            out: Rows { row_width, value_width, ..Rows::default() },
        }
    }

    /// Takes a combination; says whether more are wanted.
    fn take(&mut self, frame: &Frame<'_, '_>) -> Result<bool> {
        if !self.order.is_empty() {
            return self.take_sorted(frame).map(|()| true);
        }
        if self.plan.distinct {
            let values = values_of(self.plan, frame)?;
            if self.seen.contains(&values) {
                return Ok(true);
            }
            self.seen.insert(values);
        }
        if self.to_skip > 0 {
            self.to_skip -= 1;
            return Ok(true);
        }
        if self.out.count == 0 {
            self.make_room(frame);
        }
        put(&self.plan.outputs, frame, &mut self.out)?;
        Ok(self.page.limit.is_none_or(|limit| self.out.count < limit))
    }

    /// Makes room for all groups at once. A list that grows is copied again and again into memory that is touched for the
    /// first time, which took a fifth of the time of a sum for each of many.
    fn make_room(&mut self, frame: &Frame<'_, '_>) {
        let Some(groups) = frame.group.and_then(|it| it.among) else { return };
        let come = self.page.limit.map_or(groups, |limit| groups.min(limit));
        self.out.values.reserve(come.saturating_mul(self.out.value_width));
    }

    fn take_sorted(&mut self, frame: &Frame<'_, '_>) -> Result<()> {
        // Far more than will come out is not worth keeping.
        const SPARE: usize = 256;
        if self.sorted.len() >= self.most.saturating_mul(2).max(SPARE) {
            self.sorted.sort_by(|a, b| compare(&a.by, &b.by, self.order));
            self.sorted.truncate(self.most);
            self.cut = true;
        }
        if !self.late {
            self.keys_of(frame)?;
            if self.cut && self.is_beyond() {
                return Ok(());
            }
        }
        let mut out = Rows::default();
        put(&self.plan.outputs, frame, &mut out)?;
        if self.plan.distinct && !self.seen.insert(out.values.clone()) {
            return Ok(());
        }
        if self.late {
            self.keys_of(&Frame { outputs: &out.values, ..*frame })?;
        }
        let by = self.keys.clone();
        self.sorted.push(Sorted { by, rows: out.rows, values: out.values });
        Ok(())
    }

    fn keys_of(&mut self, frame: &Frame<'_, '_>) -> Result<()> {
        self.keys.clear();
        for by in &self.by {
            self.keys.push(by.evaluate(frame)?.into_value());
        }
        Ok(())
    }

    /// Whether so many rows come before that this one will not come out.
    fn is_beyond(&self) -> bool {
        let last = self.most.checked_sub(1).and_then(|it| self.sorted.get(it));
        last.is_some_and(|it| compare(&self.keys, &it.by, self.order).is_ge())
    }

    fn finish(mut self) -> Rows {
        if self.order.is_empty() {
            return self.out;
        }
        self.sorted.sort_by(|a, b| compare(&a.by, &b.by, self.order));
        let limit = self.page.limit.unwrap_or(usize::MAX);
        for it in self.sorted.into_iter().skip(self.page.offset).take(limit) {
            self.out.rows.extend(it.rows);
            self.out.values.extend(it.values);
            self.out.count += 1;
        }
        self.out
    }
}

/// What an order reads: where that is something that comes out and is no subquery, the expression for it.
fn said<'p>(plan: &'p SelectPlan, by: &'p Bounded) -> &'p Bounded {
    let Expr::Leaf(BoundLeaf::Output(position)) = by else { return by };
    let mut values = plan.outputs.iter().filter_map(|it| match it {
        BoundOutput::Value(it) => Some(it),
        BoundOutput::Row(_) => None,
    });
    let Some(found) = values.nth(*position) else { return by };
    let mut light = true;
    found.leaves(&mut |it| {
        use BoundLeaf::{Exists, In, Quantified, Scalar};
        light &= !matches!(it, Exists(_) | In(..) | Quantified(..) | Scalar(_));
    });
    if light { found } else { by }
}

fn reads_outputs(expr: &Bounded) -> bool {
    let mut found = false;
    expr.leaves(&mut |it| found |= matches!(it, BoundLeaf::Output(_)));
    found
}

/// Compares two places in an order.
pub(in crate::query) fn compare(a: &[Value], b: &[Value], order: &[SortKey]) -> Ordering {
    for ((a, b), key) in a.iter().zip(b).zip(order) {
        let null_first = key.nulls == Nulls::First;
        let each = match (a.is_null(), b.is_null()) {
            (true, true) => Ordering::Equal,
            (true, false) if null_first => Ordering::Less,
            (true, false) => Ordering::Greater,
            (false, true) if null_first => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) if key.direction == Direction::Ascending => a.cmp(b),
            (false, false) => b.cmp(a),
        };
        if each.is_ne() {
            return each;
        }
    }
    Ordering::Equal
}

fn values_of(plan: &SelectPlan, frame: &Frame<'_, '_>) -> Result<Vec<Value>> {
    let mut values = Vec::new();
    for output in &plan.outputs {
        if let BoundOutput::Value(it) = output {
            values.push(it.evaluate(frame)?.into_value());
        }
    }
    Ok(values)
}

/// Lets the combination go out.
pub(in crate::query) fn put(outputs: &[BoundOutput], frame: &Frame<'_, '_>, out: &mut Rows) -> Result<()> {
    for output in outputs {
        match output {
            BoundOutput::Row(source) => {
                out.rows.push(frame.rows[*source as usize].get().map(|(_, row)| row.clone()));
            }
            BoundOutput::Value(it) => match frame.held(it) {
                Some(held) => out.values.extend_from_slice(std::slice::from_ref(held)),
                None => out.values.push(it.evaluate(frame)?.into_value()),
            },
        }
    }
    out.count += 1;
    Ok(())
}
