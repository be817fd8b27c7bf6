//! Set operations, from left to right.

use rustc_hash::{FxHashMap, FxHashSet};

use super::outcome::compare;
use super::{Execution, Page};
use crate::error::Result;
use crate::query::frame::Frame;
use crate::query::plan::{SelectPlan, SortKey};
use crate::query::rows::Rows;
use crate::query::select::SetOperation;
use crate::record::{Row, values};
use crate::value::Value;

type Line = Vec<Value>;

impl<'r> Execution<'r> {
    /// Runs a query with set operations.
    pub(super) fn put_together(&self, plan: &SelectPlan, page: Page, outer: Option<&Frame<'_, 'r>>) -> Result<Rows> {
        let everything = Page { offset: 0, limit: None };
        let mut lines = lines(self.core(plan, &[], everything, outer)?);
        for it in &plan.compounds {
            let others = self::lines(self.rows(&it.select, outer)?);
            lines = match it.operation {
                SetOperation::Union => {
                    lines.extend(others);
                    if it.all { lines } else { different(lines) }
                }
                SetOperation::Intersect => among(lines, others, it.all, true),
                SetOperation::Except => among(lines, others, it.all, false),
            };
        }
        if !plan.order_by.is_empty() {
            let mut keyed = Vec::with_capacity(lines.len());
            for line in lines {
                keyed.push((self.keys_of(&line, &plan.order_by, outer)?, line));
            }
            keyed.sort_by(|a, b| compare(&a.0, &b.0, &plan.order_by));
            lines = keyed.into_iter().map(|(_, line)| line).collect();
        }
        let mut out = Rows { value_width: plan.outputs.len(), ..Rows::default() };
        for line in lines.into_iter().skip(page.offset).take(page.limit.unwrap_or(usize::MAX)) {
            out.values.extend(line);
            out.count += 1;
        }
        Ok(out)
    }

    /// By what a line stands in an order that reads only what comes out.
    fn keys_of(&self, line: &[Value], order: &[SortKey], outer: Option<&Frame<'_, 'r>>) -> Result<Vec<Value>> {
        let frame = Frame { outputs: line, ..Frame::within(self, &[], outer) };
        order.iter().map(|it| Ok(it.by.evaluate(&frame)?.into_value())).collect()
    }

    /// Sorts rows by an order that reads only what comes out.
    pub(super) fn sort_rows(&self, rows: &mut [Row], order: &[SortKey], outer: Option<&Frame<'_, 'r>>) -> Result<()> {
        let mut keyed = Vec::with_capacity(rows.len());
        for row in rows.iter() {
            keyed.push((self.keys_of(&values(&**row), order, outer)?, row.clone()));
        }
        keyed.sort_by(|a, b| compare(&a.0, &b.0, order));
        for (place, (_, row)) in rows.iter_mut().zip(keyed) {
            *place = row;
        }
        Ok(())
    }
}

fn lines(rows: Rows) -> Vec<Line> {
    let mut values = rows.values.into_iter();
    (0..rows.count).map(|_| values.by_ref().take(rows.value_width).collect()).collect()
}

fn different(lines: Vec<Line>) -> Vec<Line> {
    let mut seen = FxHashSet::default();
    lines.into_iter().filter(|it| seen.insert(it.clone())).collect()
}

/// Lines that are among others, or are not. With `all`, each of the others stands for one line only.
fn among(lines: Vec<Line>, others: Vec<Line>, all: bool, wanted: bool) -> Vec<Line> {
    let mut left: FxHashMap<Line, usize> = FxHashMap::default();
    for it in others {
        *left.entry(it).or_default() += 1;
    }
    let kept = lines.into_iter().filter(|it| match left.get_mut(it) {
        Some(count) if all => {
            let found = *count > 0;
            *count = count.saturating_sub(1);
            found == wanted
        }
        found => found.is_some() == wanted,
    });
    let kept = kept.collect();
    if all { kept } else { different(kept) }
}
