//! The rows of sources that are no tables: inner queries, given rows, the queries of a WITH.

use std::collections::VecDeque;

use rustc_hash::FxHashSet;

use super::arena::tuples;
use super::{Execution, Page};
use crate::error::{Misuse, Result};
use crate::query::frame::Frame;
use crate::query::plan::{Bounded, CommonPlan, Origin, RecursivePlan};
use crate::record::{Row, Tuple, values};
use crate::value::Value;

/// How many rows a recursive query may find before it is taken for endless.
const BUDGET: usize = 4_000_000;

impl<'r> Execution<'r> {
    /// The rows of a source that is no table, found once for the statement where nothing around it matters.
    pub(super) fn found(&self, origin: &Origin, frame: &Frame<'_, 'r>) -> Result<&'r [Row]> {
        match origin {
            Origin::Table(_) => unreachable!("the rows of a table are where they are"),
            Origin::Working(id) => Ok(self.working.borrow().get(id).copied().unwrap_or_default()),
            Origin::Nothing => self.once(std::ptr::from_ref(origin).cast(), || Ok(vec![Tuple::nulls(0).into_row()])),
            Origin::Values { rows, correlated: true } => Ok(self.arena.keep(given(rows, frame)?)),
            Origin::Values { rows, .. } => self.once(rows.as_ptr().cast(), || given(rows, frame)),
            Origin::Select(plan) if plan.correlated => Ok(self.arena.keep(tuples(self.rows(plan, Some(frame))?))),
            Origin::Select(plan) => {
                self.once(std::ptr::from_ref(&**plan).cast(), || Ok(tuples(self.rows(plan, Some(frame))?)))
            }
            Origin::Common { plan, hops } => {
                let mut outer = Some(frame);
                for _ in 0..*hops {
                    outer = outer.and_then(|it| it.outer);
                }
                let run = || match &**plan {
                    CommonPlan::Plain(plan) => Ok(tuples(self.rows(plan, outer)?)),
                    CommonPlan::Recursive(plan) => self.recursive(plan, outer),
                };
                if plan.correlated() {
                    return Ok(self.arena.keep(run()?));
                }
                self.once(std::ptr::from_ref(&**plan).cast(), run)
            }
        }
    }

    fn once(&self, plan: *const (), run: impl FnOnce() -> Result<Vec<Row>>) -> Result<&'r [Row]> {
        if let Some(known) = self.found.borrow().get(&plan) {
            return Ok(known);
        }
        let found = self.arena.keep(run()?);
        self.found.borrow_mut().insert(plan, found);
        Ok(found)
    }

    /// Runs a recursive query: the parts that name it run on the rows found last, until no new ones come.
    fn recursive(&self, plan: &RecursivePlan, outer: Option<&Frame<'_, 'r>>) -> Result<Vec<Row>> {
        let Page { offset, limit } = self.page(plan.limit.as_ref(), plan.offset.as_ref(), outer)?;
        let wanted = limit.map_or(usize::MAX, |it| it.saturating_add(offset));
        let mut known: FxHashSet<Vec<Value>> = FxHashSet::default();
        let mut is_new = |row: &Row| plan.all || known.insert(values(&**row));
        let mut waiting: VecDeque<Row> = VecDeque::new();
        for first in &plan.first {
            waiting.extend(tuples(self.rows(first, outer)?).into_iter().filter(&mut is_new));
        }
        let mut out: Vec<Row> = Vec::new();
        while !waiting.is_empty() && out.len() < wanted {
            // In an order, the row that comes first goes on alone, since it may find others that come before the rest.
            let last: Vec<Row> = if plan.order_by.is_empty() {
                waiting.drain(..).collect()
            } else {
                self.sort_rows(waiting.make_contiguous(), &plan.order_by, outer)?;
                waiting.pop_front().into_iter().collect()
            };
            out.extend(last.iter().cloned());
            if out.len() > BUDGET {
                let reason = format!("a recursive query found more than {BUDGET} rows and no end");
                return Err(Misuse::Statement { reason }.into());
            }
            let last = self.arena.keep(last);
            let around = self.working.borrow_mut().insert(plan.working, last);
            let steps = plan.steps.iter().map(|it| self.rows(it, outer)).collect::<Result<Vec<_>>>();
            match around {
                Some(around) => self.working.borrow_mut().insert(plan.working, around),
                None => self.working.borrow_mut().remove(&plan.working),
            };
            for found in steps? {
                waiting.extend(tuples(found).into_iter().filter(&mut is_new));
            }
        }
        out.truncate(wanted);
        out.drain(..offset.min(out.len()));
        Ok(out)
    }
}

fn given<'r>(rows: &[Vec<Bounded>], frame: &Frame<'_, 'r>) -> Result<Vec<Row>> {
    let row = |row: &Vec<Bounded>| {
        let values = row.iter().map(|it| Ok(it.evaluate(frame)?.into_value()));
        Ok(Tuple::new(values.collect::<Result<Vec<_>>>()?).into_row())
    };
    rows.iter().map(row).collect()
}
