//! Columns put in the place of others, in expressions and in the queries within them.

use std::convert::Infallible;

use crate::expr::{Expr, Replace};
use crate::query::leaf::{Aggregation, FrameBound, Leaf, Window, WindowFrame};
use crate::query::select::{Common, Compound, Join, OrderBy, Output, Select, Source};
use crate::schema::Name;

/// What a column becomes: how many selects outwards it is read from the place where the walk began, its source and its
/// name; `None` leaves it.
pub(super) type Change<'a> = dyn FnMut(u8, u8, &Name) -> Option<Leaf> + 'a;

/// Walks through everything that stands at some depth within the place where the walk began.
struct Walk<'a, 'c> {
    depth: u8,
    change: &'a mut Change<'c>,
}

/// The expression with other columns.
pub(super) fn in_expression(expr: &Expr<Leaf>, change: &mut Change<'_>) -> Expr<Leaf> {
    Walk { depth: 0, change }.expr(expr)
}

/// The select with other columns, but for the conditions of WITH and set operations, which stand beside it.
pub(super) fn in_select(select: &Select, change: &mut Change<'_>) -> Select {
    let mut walk = Walk { depth: 0, change };
    Select { with: select.with.clone(), compounds: select.compounds.clone(), ..walk.own(select) }
}

impl Replace<Leaf, Leaf> for Walk<'_, '_> {
    type Error = Infallible;

    fn leaf(&mut self, leaf: &Leaf) -> Result<Expr<Leaf>, Infallible> {
        Ok(Expr::Leaf(match leaf {
            Leaf::Column { up, source, name } if *up >= self.depth => {
                let changed = (self.change)(*up - self.depth, *source, name);
                match changed {
                    // What was said where the walk began is read from further in.
                    Some(Leaf::Column { up, source, name }) => Leaf::Column { up: up + self.depth, source, name },
                    Some(other) => other,
                    None => leaf.clone(),
                }
            }
            Leaf::Aggregate(it) => Leaf::Aggregate(Box::new(Aggregation {
                function: it.function,
                operands: self.all(&it.operands),
                distinct: it.distinct,
                filter: it.filter.as_ref().map(|it| self.expr(it)),
                order_by: self.order(&it.order_by),
            })),
            Leaf::Window(it) => Leaf::Window(Box::new(self.window(it))),
            Leaf::Exists(select) => Leaf::Exists(Box::new(self.within(select))),
            Leaf::In(needle, select) => Leaf::In(self.all(needle), Box::new(self.within(select))),
            Leaf::Quantified(needle, how, quantifier, select) => {
                Leaf::Quantified(Box::new(self.expr(needle)), *how, *quantifier, Box::new(self.within(select)))
            }
            Leaf::Scalar(select) => Leaf::Scalar(Box::new(self.within(select))),
            Leaf::Column { .. } | Leaf::Parameter(_) | Leaf::Output(_) | Leaf::Default | Leaf::Now => leaf.clone(),
        }))
    }

    fn part(&mut self, _: &Expr<Leaf>) -> Result<Option<Expr<Leaf>>, Infallible> {
        Ok(None)
    }
}

impl Walk<'_, '_> {
    fn expr(&mut self, expr: &Expr<Leaf>) -> Expr<Leaf> {
        let Ok(changed) = expr.try_replace(self);
        changed
    }

    fn all(&mut self, list: &[Expr<Leaf>]) -> Vec<Expr<Leaf>> {
        list.iter().map(|it| self.expr(it)).collect()
    }

    fn order(&mut self, order: &[OrderBy]) -> Vec<OrderBy> {
        order.iter().map(|it| OrderBy { by: self.expr(&it.by), ..it.clone() }).collect()
    }

    fn window(&mut self, it: &Window) -> Window {
        let mut bound = |it: &FrameBound| match it {
            FrameBound::Preceding(it) => FrameBound::Preceding(self.expr(it)),
            FrameBound::Following(it) => FrameBound::Following(self.expr(it)),
            other => other.clone(),
        };
        let frame = it.frame.as_ref();
        let frame = frame.map(|it| WindowFrame { start: bound(&it.start), end: bound(&it.end), ..it.clone() });
        Window {
            function: it.function,
            operands: self.all(&it.operands),
            filter: it.filter.as_ref().map(|it| self.expr(it)),
            partition_by: self.all(&it.partition_by),
            order_by: self.order(&it.order_by),
            frame,
        }
    }

    /// A select one further in, with what stands beside it.
    fn within(&mut self, select: &Select) -> Select {
        self.depth += 1;
        let changed = self.whole(select);
        self.depth -= 1;
        changed
    }

    fn whole(&mut self, select: &Select) -> Select {
        let with = select.with.iter().map(|it| Common { select: self.whole(&it.select), ..it.clone() }).collect();
        let compounds = select.compounds.iter();
        let compounds = compounds.map(|it| Compound { select: self.whole(&it.select), ..it.clone() }).collect();
        Select { with, compounds, ..self.own(select) }
    }

    /// What is written in a select itself.
    fn own(&mut self, select: &Select) -> Select {
        let joins = select.joins.iter().map(|it| Join {
            kind: it.kind,
            source: self.source(&it.source),
            on: self.expr(&it.on),
        });
        Select {
            joins: joins.collect(),
            from: self.source(&select.from),
            filter: select.filter.as_ref().map(|it| self.expr(it)),
            group_by: self.all(&select.group_by),
            having: select.having.as_ref().map(|it| self.expr(it)),
            outputs: select.outputs.iter().map(|it| self.output(it)).collect(),
            order_by: self.order(&select.order_by),
            limit: select.limit.as_ref().map(|it| self.expr(it)),
            offset: select.offset.as_ref().map(|it| self.expr(it)),
            with: Vec::new(),
            compounds: Vec::new(),
            keys: select.keys.clone(),
            bare_columns: select.bare_columns,
            distinct: select.distinct,
        }
    }

    fn output(&mut self, output: &Output) -> Output {
        match output {
            Output::Row(source) => Output::Row(*source),
            Output::Value(it) => Output::Value(self.expr(it)),
        }
    }

    fn source(&mut self, source: &Source) -> Source {
        match source {
            Source::Select(select, names) => Source::Select(Box::new(self.within(select)), names.clone()),
            Source::Values(rows, names) => Source::Values(rows.iter().map(|it| self.all(it)).collect(), names.clone()),
            other => other.clone(),
        }
    }
}
