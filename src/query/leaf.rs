//! What stands at the leaves of an expression in a statement: names, parameters, aggregates, subqueries.

use super::Select;
use crate::expr::{Expr, Expression};
use crate::schema::Name;

/// A leaf of an expression in a statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Leaf {
    /// A column.
    Column {
        /// How many selects outwards its source stands: 0 is the select it is written in.
        up: u8,
        /// The source: 0 is FROM, then the joins in order.
        source: u8,
        /// Its name.
        name: Name,
    },
    /// A parameter, by position.
    Parameter(u16),
    /// An aggregate over the rows of a group; `count` without an operand counts rows.
    Aggregate(Aggregate, Option<Box<Expr<Leaf>>>),
    /// Some row comes out.
    Exists(Box<Select>),
    /// The scalar is among the first column of the rows that come out.
    In(Box<Expr<Leaf>>, Box<Select>),
    /// The first column of the only row that comes out; NULL without one.
    Scalar(Box<Select>),
}

/// The aggregates. All but `Count` of rows pass over NULL, and are NULL when nothing is left, except counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Aggregate {
    /// How many.
    Count,
    /// How many different ones.
    CountDistinct,
    /// Their sum.
    Sum,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// Their mean, a float.
    Average,
}

impl Aggregate {
    /// How SQL writes it.
    pub fn name(self) -> &'static str {
        match self {
            Aggregate::Count | Aggregate::CountDistinct => "count",
            Aggregate::Sum => "sum",
            Aggregate::Min => "min",
            Aggregate::Max => "max",
            Aggregate::Average => "avg",
        }
    }
}

/// A column of the select's first source.
pub fn col(name: impl Into<Name>) -> Expr<Leaf> {
    Expr::Leaf(Leaf::Column { up: 0, source: 0, name: name.into() })
}

/// A parameter, by position.
pub fn parameter(position: u16) -> Expr<Leaf> {
    Expr::Leaf(Leaf::Parameter(position))
}

/// An aggregate of an expression.
pub fn aggregate(aggregate: Aggregate, of: impl Into<Expr<Leaf>>) -> Expr<Leaf> {
    Expr::Leaf(Leaf::Aggregate(aggregate, Some(Box::new(of.into()))))
}

/// How many rows.
pub fn count() -> Expr<Leaf> {
    Expr::Leaf(Leaf::Aggregate(Aggregate::Count, None))
}

impl Expression<Leaf> for Leaf {
    fn expr(self) -> Expr<Leaf> {
        Expr::Leaf(self)
    }
}
