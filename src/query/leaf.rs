//! What stands at the leaves of an expression in a statement: names, parameters, aggregates, subqueries.

use super::select::{OrderBy, Select};
use crate::expr::{Comparison, Expr, Expression};
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
    /// An aggregate over the rows of a group.
    Aggregate(Box<Aggregation>),
    /// A function of a row and its neighbours among the rows that come out.
    Window(Box<Window>),
    /// Some row comes out.
    Exists(Box<Select>),
    /// The scalars are among the rows that come out, column by column.
    In(Vec<Expr<Leaf>>, Box<Select>),
    /// How the scalar compares with any or with all of the first column of the rows that come out.
    Quantified(Box<Expr<Leaf>>, Comparison, Quantifier, Box<Select>),
    /// The first column of the only row that comes out; NULL without one.
    Scalar(Box<Select>),
    /// What the select lets come out at a position, counted in columns; only in ORDER BY.
    Output(u16),
    /// The default of the column that is written; only as a whole value of an INSERT or UPDATE.
    Default,
    /// The time of the statement, as text in UTC to microseconds: the same wherever it is read while the statement runs.
    Now,
}

/// How many rows of a subquery a comparison has to hold for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quantifier {
    /// At least one.
    Any,
    /// Each of them.
    All,
}

/// An aggregate over the rows of a group.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregation {
    /// Which.
    pub function: Aggregate,
    /// Of what. Empty only for `Count`, which then counts rows; `Concat` may have a separator as a second operand, and
    /// `Count` several where equal ones count once: each combination then counts, also with NULLs.
    pub operands: Vec<Expr<Leaf>>,
    /// Whether equal operands count once.
    pub distinct: bool,
    /// Only rows that fulfil it count.
    pub filter: Option<Expr<Leaf>>,
    /// The order in which operands are taken; it matters for `Concat`.
    pub order_by: Vec<OrderBy>,
}

/// The aggregates. All but `Count` of rows pass over NULL, and are NULL when nothing is left, except counts and totals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Aggregate {
    /// How many.
    Count,
    /// Their sum.
    Sum,
    /// Their sum as a float, 0.0 of nothing.
    Total,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// Their mean, a float.
    Average,
    /// Their texts one after the other, with a separator, which is a comma if none is given.
    Concat,
}

impl Aggregate {
    /// How SQL writes it.
    pub fn name(self) -> &'static str {
        match self {
            Aggregate::Count => "count",
            Aggregate::Sum => "sum",
            Aggregate::Total => "total",
            Aggregate::Min => "min",
            Aggregate::Max => "max",
            Aggregate::Average => "avg",
            Aggregate::Concat => "group_concat",
        }
    }
}

/// A function of a row and its neighbours.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// Which.
    pub function: WindowFunction,
    /// Of what.
    pub operands: Vec<Expr<Leaf>>,
    /// Only rows that fulfil it count; only of aggregates.
    pub filter: Option<Expr<Leaf>>,
    /// Rows that agree here are neighbours.
    pub partition_by: Vec<Expr<Leaf>>,
    /// Their order.
    pub order_by: Vec<OrderBy>,
    /// Which of them are looked at; if nothing is said, all up to the last that is equal in the order.
    pub frame: Option<WindowFrame>,
}

/// The functions of a row and its neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WindowFunction {
    /// The place of the row, from 1.
    RowNumber,
    /// The place of the first row that is equal in the order.
    Rank,
    /// How many different rows come before in the order, and one.
    DenseRank,
    /// The rank as a part of the whole, from 0 to 1.
    PercentRank,
    /// How many rows come before or are equal, as a part of the whole.
    CumulativeDistribution,
    /// The place of the row among so many equal parts.
    Ntile,
    /// The operand in a row before; a second operand says how many rows before, a third what is there without one.
    Lag,
    /// The operand in a row after.
    Lead,
    /// The operand in the first row of the frame.
    FirstValue,
    /// The operand in the last row of the frame.
    LastValue,
    /// The operand in a row of the frame by its place.
    NthValue,
    /// An aggregate over the frame.
    Aggregate(Aggregate),
}

/// Which neighbours a window function looks at.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowFrame {
    /// How distance is measured.
    pub unit: FrameUnit,
    /// The first.
    pub start: FrameBound,
    /// The last.
    pub end: FrameBound,
}

/// How distance between rows is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FrameUnit {
    /// In rows.
    Rows,
    /// By the value of the only key of the order.
    Range,
    /// In groups of rows that are equal in the order.
    Groups,
}

/// One end of a frame.
#[derive(Clone, Debug, PartialEq)]
pub enum FrameBound {
    /// The first row of the partition as a start, the last one as an end.
    Unbounded,
    /// So far before the row.
    Preceding(Expr<Leaf>),
    /// The row itself, or the rows that are equal to it in the order.
    Current,
    /// So far after the row.
    Following(Expr<Leaf>),
}

/// A column of the select's first source.
pub fn col(name: impl Into<Name>) -> Expr<Leaf> {
    Expr::Leaf(Leaf::Column { up: 0, source: 0, name: name.into() })
}

/// A parameter, by position.
pub fn parameter(position: u16) -> Expr<Leaf> {
    Expr::Leaf(Leaf::Parameter(position))
}

/// The time of the statement, as text in UTC; cast it to a point in time where there are such values.
///
/// ```
/// use std::time::SystemTime;
/// use diptych::query::{Source, now};
/// use diptych::{Database, Schema, Select};
///
/// let database = Database::new(Schema::builder().build()?);
/// database.set_clock(|| SystemTime::UNIX_EPOCH);
/// let found = database.connect().execute(Select::from(Source::Nothing).values([now()]))?;
/// assert_eq!(found.rows.typed::<String>()?, ["1970-01-01 00:00:00.000000"]);
/// # Ok::<(), diptych::Error>(())
/// ```
pub fn now() -> Expr<Leaf> {
    Expr::Leaf(Leaf::Now)
}

/// An aggregate of an expression.
pub fn aggregate(aggregate: Aggregate, of: impl Into<Expr<Leaf>>) -> Expr<Leaf> {
    Aggregation::of(aggregate, of).expr()
}

/// An aggregate of an expression in which equal operands count once.
pub fn aggregate_distinct(aggregate: Aggregate, of: impl Into<Expr<Leaf>>) -> Expr<Leaf> {
    Aggregation { distinct: true, ..Aggregation::of(aggregate, of) }.expr()
}

/// How many different combinations of values there are, those with NULLs included: as many as SELECT DISTINCT brings.
///
/// ```
/// use diptych::query::count_distinct;
/// use diptych::{col, Column, Database, Insert, Schema, Select, Table};
///
/// let visits = Table::new("visits").column(Column::int("page")).column(Column::int("day"));
/// let mut connection = Database::new(Schema::builder().table(visits).build()?).connect();
/// connection.execute(Insert::into("visits", ["page", "day"]).row([7, 1]).row([7, 1]).row([7, 2]))?;
/// let found = connection.execute(Select::from("visits").values([count_distinct([col("page"), col("day")])]))?;
/// assert_eq!(found.rows.typed::<i64>()?, [2]);
/// # Ok::<(), diptych::Error>(())
/// ```
pub fn count_distinct(of: impl IntoIterator<Item = Expr<Leaf>>) -> Expr<Leaf> {
    let operands = of.into_iter().collect();
    Aggregation { distinct: true, operands, ..Aggregation::of(Aggregate::Count, 0) }.expr()
}

impl Aggregation {
    /// An aggregate of an expression over all rows of a group.
    pub fn of(function: Aggregate, of: impl Into<Expr<Leaf>>) -> Self {
        Aggregation { function, operands: vec![of.into()], distinct: false, filter: None, order_by: Vec::new() }
    }

    /// As an expression.
    pub fn expr(self) -> Expr<Leaf> {
        Expr::Leaf(Leaf::Aggregate(Box::new(self)))
    }
}

/// How many rows.
pub fn count() -> Expr<Leaf> {
    Aggregation { operands: Vec::new(), ..Aggregation::of(Aggregate::Count, 0) }.expr()
}

impl Expression<Leaf> for Leaf {
    fn expr(self) -> Expr<Leaf> {
        Expr::Leaf(self)
    }
}
