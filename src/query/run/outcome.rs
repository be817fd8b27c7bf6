//! What comes out of a select: scalars and whole rows, each once or as often as they come, in order, a page of them.

use std::cmp::Ordering;

use rustc_hash::FxHashSet;

use super::{Execution, Page};
use crate::error::Result;
use crate::query::frame::Frame;
use crate::query::group::run_grouped;
use crate::query::plan::{BoundOutput, SelectPlan, SortKey};
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
        if plan.windows.is_empty() {
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
    page: Page,
    /// How many rows are worth keeping while they are sorted.
    most: usize,
    to_skip: usize,
    seen: FxHashSet<Vec<Value>>,
    sorted: Vec<Sorted>,
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
        let out = Rows { row_width, value_width, ..Rows::default() };
        Sink { plan, order, page, most, to_skip: page.offset, seen: FxHashSet::default(), sorted: Vec::new(), out }
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
        put(&self.plan.outputs, frame, &mut self.out)?;
        Ok(self.page.limit.is_none_or(|limit| self.out.count < limit))
    }

    fn take_sorted(&mut self, frame: &Frame<'_, '_>) -> Result<()> {
        // Far more than will come out is not worth keeping.
        const SPARE: usize = 256;
        if self.sorted.len() >= self.most.saturating_mul(2).max(SPARE) {
            self.sorted.sort_by(|a, b| compare(&a.by, &b.by, self.order));
            self.sorted.truncate(self.most);
        }
        let mut out = Rows::default();
        put(&self.plan.outputs, frame, &mut out)?;
        if self.plan.distinct && !self.seen.insert(out.values.clone()) {
            return Ok(());
        }
        let by = {
            let frame = Frame { outputs: &out.values, ..*frame };
            self.order.iter().map(|it| Ok(it.by.evaluate(&frame)?.into_value())).collect::<Result<Vec<_>>>()?
        };
        self.sorted.push(Sorted { by, rows: out.rows, values: out.values });
        Ok(())
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
            BoundOutput::Value(it) => out.values.push(it.evaluate(frame)?.into_value()),
        }
    }
    out.count += 1;
    Ok(())
}
