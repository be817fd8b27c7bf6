//! What the leaves of a bound expression stand for while a query runs: rows, parameters, groups, subqueries.

use std::cell::Cell;

use super::group::Group;
use super::plan::{BoundLeaf, Bounded};
use super::run::Execution;
use crate::error::{Misuse, Result};
use crate::expr::{Environment, Expr, Scalar};
use crate::id::{ColumnId, RowId};
use crate::record::Row;
use crate::value::{Truth, Value, ValueRef};

/// The row that each source stands at, and the select around.
#[derive(Clone, Copy)]
pub(super) struct Frame<'f, 'r> {
    pub(super) execution: &'f Execution<'r>,
    pub(super) rows: &'f [Cell<Option<(RowId, &'r Row)>>],
    /// What is known of the only source's row without a look at it, column by column.
    pub(super) entry: &'f [(ColumnId, Cell<ValueRef<'r>>)],
    pub(super) outer: Option<&'f Frame<'f, 'r>>,
    pub(super) group: Option<Group<'f>>,
    /// The scalars that come out, where an order reads them.
    pub(super) outputs: &'f [Value],
    /// The values of the window functions.
    pub(super) windows: &'f [Value],
}

impl<'f, 'r> Frame<'f, 'r> {
    /// The rows at which a statement on one table looks.
    pub(super) fn alone(execution: &'f Execution<'r>, rows: &'f [Cell<Option<(RowId, &'r Row)>>]) -> Self {
        Frame::within(execution, rows, None)
    }

    /// The rows at which a select looks, within another one.
    #[inline]
    pub(super) fn within(
        execution: &'f Execution<'r>,
        rows: &'f [Cell<Option<(RowId, &'r Row)>>],
        outer: Option<&'f Frame<'f, 'r>>,
    ) -> Self {
        Frame { execution, rows, entry: &[], outer, group: None, outputs: &[], windows: &[] }
    }

    /// A column of a source that stands at no row: NULL, unless its index has told it.
    #[inline]
    fn without_row(&self, column: ColumnId) -> ValueRef<'r> {
        self.entry.iter().find(|it| it.0 == column).map_or(ValueRef::Null, |it| it.1.get())
    }

    /// The scalar that an expression stands for, where it is one of the group's.
    #[inline]
    pub(super) fn held(&self, expr: &Bounded) -> Option<&'f Value> {
        match expr {
            Expr::Leaf(BoundLeaf::GroupKey(position)) => self.group.map(|it| &it.keys[*position]),
            Expr::Leaf(BoundLeaf::Aggregate(position)) => self.group.map(|it| &it.aggregates[*position]),
            _ => None,
        }
    }
}

impl Environment<BoundLeaf> for Frame<'_, '_> {
    #[inline]
    fn leaf<'a>(&'a self, leaf: &'a BoundLeaf) -> Result<Scalar<'a>> {
        Ok(match leaf {
            BoundLeaf::Column { up: 0, source, column } => match self.rows.get(*source as usize).and_then(Cell::get) {
                Some((_, row)) => row.get(*column).into(),
                None => self.without_row(*column).into(),
            },
            BoundLeaf::Column { up, source, column } => {
                let mut frame = self;
                for _ in 0..*up {
                    frame = frame.outer.ok_or_else(|| Misuse::Statement { reason: "no outer select".to_owned() })?;
                }
                let cell = frame.rows.get(*source as usize).and_then(Cell::get);
                cell.map_or(ValueRef::Null, |(_, row)| row.get(*column)).into()
            }
            BoundLeaf::Parameter(position) => {
                let given = self.execution.given.parameters;
                let expected = *position as usize + 1;
                let value = given.get(*position as usize);
                value.ok_or(Misuse::Parameters { expected, given: given.len() })?.as_ref().into()
            }
            BoundLeaf::Now => self.execution.given.moment.value().as_ref().into(),
            BoundLeaf::Aggregate(position) => {
                self.group.map_or(ValueRef::Null, |it| it.aggregates[*position].as_ref()).into()
            }
            BoundLeaf::GroupKey(position) => self.group.map_or(ValueRef::Null, |it| it.keys[*position].as_ref()).into(),
            BoundLeaf::Output(position) => self.outputs.get(*position).map_or(ValueRef::Null, Value::as_ref).into(),
            BoundLeaf::Window(position) => self.windows.get(*position).map_or(ValueRef::Null, Value::as_ref).into(),
            BoundLeaf::Exists(plan) => Truth::from(self.execution.brings_any(plan, self)?).into(),
            BoundLeaf::In(needle, plan) => {
                let answer = self.execution.answer(plan, self)?;
                match &needle[..] {
                    [only] => answer.contains(only.evaluate(self)?.get()).into(),
                    all => {
                        let needle = all.iter().map(|it| Ok(it.evaluate(self)?.into_value()));
                        answer.contains_all(&needle.collect::<Result<Vec<_>>>()?).into()
                    }
                }
            }
            BoundLeaf::Quantified(needle, how, quantifier, plan) => {
                let answer = self.execution.answer(plan, self)?;
                answer.compare(needle.evaluate(self)?.get(), *how, *quantifier).into()
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
