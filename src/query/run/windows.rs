//! Rows that wait until all of them are there, because window functions look at their neighbours.

use std::cell::Cell;

use super::Execution;
use crate::error::Result;
use crate::id::RowId;
use crate::query::frame::Frame;
use crate::query::group::Group;
use crate::query::plan::{Bounded, SelectPlan};
use crate::query::window;
use crate::record::Row;
use crate::value::Value;

/// Where a source stands.
type Place<'r> = Cell<Option<(RowId, &'r Row)>>;

/// Where every source stood, or the group.
struct Waiting<'r> {
    rows: Box<[Place<'r>]>,
    group: Option<Group>,
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
            waiting.push(Waiting { rows: frame.rows.into(), group: frame.group.cloned() });
            Ok(true)
        })?;
        let at = |row: usize, expr: &Bounded| -> Result<Value> {
            let Waiting { rows, group } = &waiting[row];
            let frame = Frame { group: group.as_ref(), ..Frame::within(self, rows, outer) };
            Ok(expr.evaluate(&frame)?.into_value())
        };
        let values = window::compute(&plan.windows, waiting.len(), &at)?;
        let mut of_row = Vec::with_capacity(plan.windows.len());
        for (row, Waiting { rows, group }) in waiting.iter().enumerate() {
            of_row.clear();
            of_row.extend(values.iter().map(|it| it[row].clone()));
            let frame = Frame { group: group.as_ref(), windows: &of_row, ..Frame::within(self, rows, outer) };
            if !emit(&frame)? {
                break;
            }
        }
        Ok(())
    }
}
