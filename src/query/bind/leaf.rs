//! What stands at the leaves of expressions.

use super::{Binder, Reads, senseless};
use crate::error::{Error, Misuse, Result};
use crate::expr::{Expr, Replace};
use crate::id::ColumnId;
use crate::query::bind::select::Shape;
use crate::query::leaf::{FrameBound, Leaf, Window};
use crate::query::plan::{BoundEnd, BoundFrame, BoundLeaf, BoundWindow, Bounded, SelectPlan, SortKey};
use crate::query::select::{Direction, Nulls, OrderBy, Select};

/// Binding an expression of the innermost scope: where rows are grouped, what they are grouped by is a whole.
impl Replace<Leaf, BoundLeaf> for Binder<'_> {
    type Error = Error;

    fn leaf(&mut self, leaf: &Leaf) -> Result<Bounded> {
        Ok(Expr::Leaf(match leaf {
            Leaf::Column { up, source, name } => return self.column_leaf(*up, *source, name),
            Leaf::Parameter(position) => BoundLeaf::Parameter(*position),
            Leaf::Now => BoundLeaf::Now,
            Leaf::Aggregate(aggregation) => return self.aggregate(aggregation),
            Leaf::Window(window) => return self.window(window),
            Leaf::Exists(select) => BoundLeaf::Exists(Box::new(self.select(select, Shape::Columns)?)),
            Leaf::In(needle, select) => {
                let needle = needle.iter().map(|it| self.expr(it)).collect::<Result<Vec<_>>>()?;
                let select = self.subquery(select, needle.len())?;
                BoundLeaf::In(needle, Box::new(select))
            }
            Leaf::Quantified(needle, how, quantifier, select) => {
                let needle = Box::new(self.expr(needle)?);
                BoundLeaf::Quantified(needle, *how, *quantifier, Box::new(self.subquery(select, 1)?))
            }
            Leaf::Scalar(select) => BoundLeaf::Scalar(Box::new(self.subquery(select, 1)?)),
            Leaf::Output(position) => {
                let outputs = self.scope().outputs.as_ref();
                let found = outputs.and_then(|it| it.get(usize::from(*position))).cloned();
                return found.ok_or_else(|| senseless(format!("column {position} of what comes out is not there")));
            }
            Leaf::Default => return Err(senseless("DEFAULT stands only as a whole value of an INSERT or UPDATE")),
        }))
    }

    fn part(&mut self, part: &Expr<Leaf>) -> Result<Option<Bounded>> {
        let Some(group) = self.scopes.last().and_then(|it| it.group.as_ref()) else { return Ok(None) };
        let found = group.by.iter().position(|it| it == part).filter(|_| group.active);
        Ok(found.map(|it| Expr::Leaf(BoundLeaf::GroupKey(it))))
    }
}

impl Binder<'_> {
    /// Binds an expression of the innermost scope.
    pub(super) fn expr(&mut self, expr: &Expr<Leaf>) -> Result<Bounded> {
        expr.try_replace(self)
    }

    /// Binds a subquery of which so many columns are looked at.
    fn subquery(&mut self, select: &Select, width: usize) -> Result<SelectPlan> {
        let plan = self.select(select, Shape::Columns)?;
        if plan.outputs.len() < width || width > 1 && plan.outputs.len() != width {
            let found = plan.outputs.len();
            return Err(senseless(format!("a subquery brings {found} columns where {width} are looked at")));
        }
        Ok(plan)
    }

    fn column_leaf(&mut self, up: u8, source: u8, name: &str) -> Result<Bounded> {
        let nowhere =
            || senseless(format!("`{name}` is read from source {source}, {up} selects outwards: there is none"));
        let at = self.scopes.len().checked_sub(1 + usize::from(up)).ok_or_else(nowhere)?;
        let scope = &self.scopes[at];
        let columns = scope.sources.get(usize::from(source)).ok_or_else(nowhere)?;
        if scope.hidden & 1 << source != 0 {
            let reason = format!("`{name}` is read from a source of which only partners are looked for");
            return Err(senseless(reason));
        }
        let column = self.column(columns, name)?;
        self.read_column(at, source, column, name)?;
        Ok(Expr::Leaf(BoundLeaf::Column { up, source, column }))
    }

    /// Notes that a column is read, and refuses it where groups have no value for it.
    fn read_column(&mut self, at: usize, source: u8, column: ColumnId, name: &str) -> Result<()> {
        self.note_at(at, Reads { sources: 1 << source, working: false });
        let within = at + 1 < self.scopes.len();
        let Some(group) = self.scopes[at].group.as_mut().filter(|it| it.active) else { return Ok(()) };
        if group.has(source, column) {
            group.reads_row = true;
            return Ok(());
        }
        Err(senseless(match within {
            false => format!("`{name}` is neither grouped by nor inside an aggregate"),
            // A group has no row of its own that the subquery could read.
            true => "a subquery reads a row of the select around it, which has only groups".to_owned(),
        }))
    }

    fn window(&mut self, window: &Window) -> Result<Bounded> {
        // Its operands may hold no window function themselves.
        let Some(mut windows) = self.scope().windows.take() else {
            return Err(senseless("a window function stands where rows do not come out yet"));
        };
        let mut all = |list: &[Expr<Leaf>]| list.iter().map(|it| self.expr(it)).collect::<Result<Vec<_>>>();
        let operands = all(&window.operands)?;
        let partition_by = all(&window.partition_by)?;
        let filter = window.filter.as_ref().map(|it| self.expr(it)).transpose()?;
        let order_by = self.order(&window.order_by)?;
        let frame = match &window.frame {
            None => None,
            Some(it) => Some(BoundFrame { unit: it.unit, start: self.end(&it.start)?, end: self.end(&it.end)? }),
        };
        windows.push(BoundWindow { function: window.function, operands, filter, partition_by, order_by, frame });
        let position = windows.len() - 1;
        self.scope().windows = Some(windows);
        Ok(Expr::Leaf(BoundLeaf::Window(position)))
    }

    fn end(&mut self, bound: &FrameBound) -> Result<BoundEnd> {
        Ok(match bound {
            FrameBound::Unbounded => BoundEnd::Unbounded,
            FrameBound::Preceding(it) => BoundEnd::Preceding(self.expr(it)?),
            FrameBound::Current => BoundEnd::Current,
            FrameBound::Following(it) => BoundEnd::Following(self.expr(it)?),
        })
    }

    /// Binds an order.
    pub(super) fn order(&mut self, order: &[OrderBy]) -> Result<Vec<SortKey>> {
        order.iter().map(|it| Ok(sort_key(self.expr(&it.by)?, it))).collect()
    }

    /// Binds an order that reads only what comes out, so many columns.
    pub(super) fn order_of_outputs(&mut self, order: &[OrderBy], width: usize) -> Result<Vec<SortKey>> {
        let outputs = (0..width).map(|it| Expr::Leaf(BoundLeaf::Output(it))).collect();
        self.scope().outputs = Some(outputs);
        let bound = self.order(order);
        self.scope().outputs = None;
        bound
    }

    /// Binds LIMIT and OFFSET, which read no row of the innermost scope.
    pub(super) fn limits(&mut self, select: &Select) -> Result<(Option<Bounded>, Option<Bounded>)> {
        self.scopes.push(super::Scope::default());
        let mut one = |it: &Option<Expr<Leaf>>| it.as_ref().map(|it| self.expr(it)).transpose();
        let bound = (one(&select.limit)?, one(&select.offset)?);
        self.scopes.pop();
        Ok(bound)
    }
}

fn sort_key(by: Bounded, order: &OrderBy) -> SortKey {
    // NULL is less than everything if nothing is said.
    let usual = if order.direction == Direction::Ascending { Nulls::First } else { Nulls::Last };
    SortKey { by, direction: order.direction, nulls: order.nulls.unwrap_or(usual) }
}

/// An aggregate that stands where there are no groups.
pub(super) fn no_groups(name: &str) -> Error {
    Misuse::Statement { reason: format!("{name}(…) stands where rows are not grouped yet") }.into()
}
