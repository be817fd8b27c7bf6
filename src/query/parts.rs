//! The expressions and selects that a leaf or a select is made of, for whoever walks through a statement.

use super::leaf::{Aggregation, FrameBound, Leaf, Window};
use super::select::{Output, Select, Source};
use crate::expr::Expr;
use crate::schema::Name;

impl Leaf {
    /// Visits the expressions of the same select that stand inside the leaf, such as the operands of an aggregate.
    pub fn operands<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr<Leaf>)) {
        match self {
            Leaf::Aggregate(it) => it.operands(visit),
            Leaf::Window(it) => it.operands(visit),
            Leaf::In(needle, _) => needle.iter().for_each(visit),
            Leaf::Quantified(needle, ..) => visit(needle),
            Leaf::Column { .. }
            | Leaf::Parameter(_)
            | Leaf::Exists(_)
            | Leaf::Scalar(_)
            | Leaf::Output(_)
            | Leaf::Default
            | Leaf::Now => {}
        }
    }

    /// The subquery that stands at the leaf, one select further in.
    pub fn subquery(&self) -> Option<&Select> {
        match self {
            Leaf::Exists(it) | Leaf::In(_, it) | Leaf::Quantified(.., it) | Leaf::Scalar(it) => Some(it),
            _ => None,
        }
    }
}

impl Aggregation {
    fn operands<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr<Leaf>)) {
        let order = self.order_by.iter().map(|it| &it.by);
        self.operands.iter().chain(&self.filter).chain(order).for_each(visit);
    }
}

impl Window {
    fn operands<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr<Leaf>)) {
        let order = self.order_by.iter().map(|it| &it.by);
        let bounds = self.frame.iter().flat_map(|it| [&it.start, &it.end]).filter_map(|it| match it {
            FrameBound::Preceding(it) | FrameBound::Following(it) => Some(it),
            FrameBound::Unbounded | FrameBound::Current => None,
        });
        let operands = self.operands.iter().chain(&self.filter).chain(&self.partition_by);
        operands.chain(order).chain(bounds).for_each(visit);
    }
}

impl Select {
    /// Visits the expressions that are written in the select itself.
    pub fn expressions<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr<Leaf>)) {
        for source in self.sources() {
            if let Source::Values(rows, _) = source {
                rows.iter().flatten().for_each(&mut *visit);
            }
        }
        self.joins.iter().for_each(|it| visit(&it.on));
        self.filter.iter().chain(&self.group_by).chain(&self.having).for_each(&mut *visit);
        for output in &self.outputs {
            if let Output::Value(it) = output {
                visit(it);
            }
        }
        self.order_by.iter().for_each(|it| visit(&it.by));
        self.limit.iter().chain(&self.offset).for_each(visit);
    }

    /// All sources: FROM, then the joins in order.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        std::iter::once(&self.from).chain(self.joins.iter().map(|it| &it.source))
    }

    /// The selects that stand beside this one, as deep as it: those of its WITH and of its set operations.
    pub fn beside(&self) -> impl Iterator<Item = &Select> {
        self.with.iter().map(|it| &it.select).chain(self.compounds.iter().map(|it| &it.select))
    }

    /// The selects that are its sources, one select further in.
    pub fn within(&self) -> impl Iterator<Item = &Select> {
        self.sources().filter_map(|it| match it {
            Source::Select(select, _) => Some(&**select),
            _ => None,
        })
    }

    /// Visits the names of the tables that are read by the queries in it, beside it and within it.
    pub fn inner_tables(&self, visit: &mut dyn FnMut(&Name)) {
        let mut inner: Vec<&Select> = self.beside().chain(self.within()).collect();
        self.expressions(&mut |it| subqueries(it, &mut |select| inner.push(select)));
        for select in inner {
            select.sources().filter_map(Source::table).for_each(&mut *visit);
            select.inner_tables(visit);
        }
    }

    /// Whether it, or a select beside or within it, names a query of a WITH.
    pub fn names_common(&self, name: &str) -> bool {
        // A WITH further in may give the name another meaning.
        let mut found = self.sources().any(|it| matches!(it, Source::Common(it) if it == name));
        found |= self.beside().chain(self.within()).any(|it| it.names_common(name));
        self.expressions(&mut |it| found |= expression_names_common(it, name));
        found && !self.with.iter().any(|it| it.name == name)
    }
}

/// Visits the subqueries of an expression, one select further in.
fn subqueries<'a>(expr: &'a Expr<Leaf>, visit: &mut dyn FnMut(&'a Select)) {
    expr.leaves(&mut |leaf| {
        leaf.subquery().into_iter().for_each(&mut *visit);
        leaf.operands(&mut |it| subqueries(it, visit));
    });
}

fn expression_names_common(expr: &Expr<Leaf>, name: &str) -> bool {
    let mut found = false;
    expr.leaves(&mut |leaf| {
        found |= leaf.subquery().is_some_and(|it| it.names_common(name));
        leaf.operands(&mut |it| found |= expression_names_common(it, name));
    });
    found
}
