//! What the leaves of a bound expression stand for while a query runs: rows, parameters, groups, subqueries.

use std::cell::Cell;

use super::group::Group;
use super::plan::BoundLeaf;
use super::run::Execution;
use crate::error::{Misuse, Result};
use crate::expr::{Environment, Scalar};
use crate::id::RowId;
use crate::record::Row;
use crate::value::{Truth, ValueRef};

/// The row that each source stands at, and the select around.
pub(super) struct Frame<'f, 'r> {
    pub(super) execution: &'f Execution<'r>,
    pub(super) rows: &'f [Cell<Option<(RowId, &'r Row)>>],
    pub(super) outer: Option<&'f Frame<'f, 'r>>,
    pub(super) group: Option<&'f Group>,
}

impl<'f, 'r> Frame<'f, 'r> {
    /// The rows at which a statement on one table looks.
    pub(super) fn alone(execution: &'f Execution<'r>, rows: &'f [Cell<Option<(RowId, &'r Row)>>]) -> Self {
        Frame { execution, rows, outer: None, group: None }
    }

    /// What stands for a whole group: its keys and aggregates instead of rows.
    pub(super) fn of_group(execution: &'f Execution<'r>, group: &'f Group, outer: Option<&'f Frame<'f, 'r>>) -> Self {
        Frame { execution, rows: &[], outer, group: Some(group) }
    }
}

impl Environment<BoundLeaf> for Frame<'_, '_> {
    #[inline]
    fn leaf<'a>(&'a self, leaf: &'a BoundLeaf) -> Result<Scalar<'a>> {
        Ok(match leaf {
            BoundLeaf::Column { up: 0, source, column } => {
                let cell = self.rows.get(*source as usize).and_then(Cell::get);
                cell.map_or(ValueRef::Null, |(_, row)| row.get(*column)).into()
            }
            BoundLeaf::Column { up, source, column } => {
                let mut frame = self;
                for _ in 0..*up {
                    frame = frame.outer.ok_or_else(|| Misuse::Statement { reason: "no outer select".to_owned() })?;
                }
                let cell = frame.rows.get(*source as usize).and_then(Cell::get);
                cell.map_or(ValueRef::Null, |(_, row)| row.get(*column)).into()
            }
            BoundLeaf::Parameter(position) => {
                let given = self.execution.parameters;
                let expected = *position as usize + 1;
                let value = given.get(*position as usize);
                value.ok_or(Misuse::Parameters { expected, given: given.len() })?.as_ref().into()
            }
            BoundLeaf::Aggregate(position) => {
                self.group.map_or(ValueRef::Null, |it| it.aggregates[*position].as_ref()).into()
            }
            BoundLeaf::GroupKey(position) => self.group.map_or(ValueRef::Null, |it| it.keys[*position].as_ref()).into(),
            BoundLeaf::Exists(plan) => Truth::from(self.execution.brings_any(plan, self)?).into(),
            BoundLeaf::In(needle, plan) => {
                let needle = needle.evaluate(self)?;
                self.execution.answer(plan, self)?.contains(needle.get()).into()
            }
            BoundLeaf::Scalar(plan) => {
                let answer = self.execution.answer(plan, self)?;
                if answer.count > 1 {
                    let reason = "a subquery that stands for one value returned several rows".to_owned();
                    return Err(Misuse::Statement { reason }.into());
                }
                Scalar::Computed(answer.first.clone())
            }
        })
    }
}
