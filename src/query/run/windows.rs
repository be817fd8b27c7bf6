//! Rows that wait until all of them are there, because window functions look at their neighbours.

use std::cell::Cell;

use super::Execution;
use crate::error::Result;
use crate::id::RowId;
use crate::query::frame::Frame;
use crate::query::group::KeptGroup;
use crate::query::plan::{Bounded, SelectPlan};
use crate::query::window;
use crate::record::Row;
use crate::value::Value;

/// Where a source stands.
type Place<'r> = Cell<Option<(RowId, &'r Row)>>;

/// Where every source stood, or the group.
struct Waiting<'r> {
    rows: Box<[Place<'r>]>,
    group: Option<KeptGroup>,
}

impl<'r> Waiting<'r> {
    fn of(frame: &Frame<'_, 'r>) -> Self {
        Waiting { rows: frame.rows.into(), group: frame.group.map(KeptGroup::from) }
    }

    /// The frame that it waited in.
    fn frame<'f>(&'f self, execution: &'f Execution<'r>, outer: Option<&'f Frame<'f, 'r>>) -> Frame<'f, 'r> {
        let group = self.group.as_ref().map(KeptGroup::group);
        Frame { group, ..Frame::within(execution, &self.rows, outer) }
    }
}

impl<'r> Execution<'r> {
    /// Visits what a query with window functions brings, together with their values.
    pub(super) fn each_with_windows(
        &self,
        plan: &SelectPlan,
        outer: Option<&Frame<'_, 'r>>,
        emit: &mut dyn FnMut(&Frame<'_, 'r>) -> Result<bool>,
    ) -> Result<()> {
        let mut waiting: Vec<Waiting<'r>> = Vec::new();
        self.each_result(plan, outer, &mut |frame| {
            waiting.push(Waiting::of(frame));
            Ok(true)
        })?;
        let at = |row: usize, expr: &Bounded| -> Result<Value> {
            let frame = waiting[row].frame(self, outer);
            Ok(expr.evaluate(&frame)?.into_value())
        };
        let values = window::compute(&plan.windows, waiting.len(), &at)?;
        let mut of_row = Vec::with_capacity(plan.windows.len());
        for (row, it) in waiting.iter().enumerate() {
            of_row.clear();
            of_row.extend(values.iter().map(|it| it[row].clone()));
            let frame = Frame { windows: &of_row, ..it.frame(self, outer) };
            if !emit(&frame)? {
                break;
            }
        }
        Ok(())
    }
}
