//! A statement with every name resolved and every choice made: what runs.

use std::ops::Bound;

use super::leaf::Aggregate;
use super::select::{Direction, JoinKind};
use crate::expr::Expr;
use crate::id::{ColumnId, IndexId, TableId};
use crate::store::Order;

/// A bound expression.
pub(super) type Bounded = Expr<BoundLeaf>;

/// What stands at the leaves of a bound expression.
#[derive(Clone, Debug)]
pub(super) enum BoundLeaf {
    Column {
        up: u8,
        source: u8,
        column: ColumnId,
    },
    Parameter(u16),
    /// The value of an aggregate of the group, by position.
    Aggregate(usize),
    /// What the group was made by, by position.
    GroupKey(usize),
    Exists(Box<SelectPlan>),
    In(Box<Bounded>, Box<SelectPlan>),
    Scalar(Box<SelectPlan>),
}

/// A query that can run.
#[derive(Clone, Debug)]
pub(super) struct SelectPlan {
    /// How many sources there are.
    pub(super) sources: usize,
    /// The sources in the order in which they are read.
    pub(super) levels: Vec<Level>,
    pub(super) grouping: Option<Grouping>,
    pub(super) outputs: Vec<BoundOutput>,
    pub(super) distinct: bool,
    /// What is left to sort by; empty when rows come in order already.
    pub(super) order_by: Vec<(Bounded, Direction)>,
    pub(super) limit: Option<u64>,
    pub(super) offset: u64,
    /// How many columns a key has that the statement is run with.
    pub(super) key_width: usize,
    /// Whether it reads rows of a select around it.
    pub(super) correlated: bool,
}

/// One source: how its rows are found for each combination of the sources before it.
#[derive(Clone, Debug)]
pub(super) struct Level {
    pub(super) source: u8,
    pub(super) table: TableId,
    pub(super) kind: JoinKind,
    pub(super) access: Access,
    /// What a partner fulfils, beyond what the access makes sure of.
    pub(super) on: Vec<Bounded>,
    /// What the combination fulfils once this source is there, with or without a partner.
    pub(super) after: Vec<Bounded>,
}

/// How the rows of a source are found.
#[derive(Clone, Debug)]
pub(super) enum Access {
    /// All of them.
    Scan,
    /// By an index: the first columns equal these, the next one lies within the bounds.
    Index { index: IndexId, equal: Vec<Bounded>, range: (Bound<Bounded>, Bound<Bounded>), order: Order },
    /// By an index whose first column equals one of these.
    AnyOf { index: IndexId, list: Vec<Bounded> },
    /// By an index whose first column equals one of what a subquery answers, which reads nothing around it.
    Answer { index: IndexId, subquery: Box<SelectPlan> },
    /// By the keys that the statement is run with.
    Keys { index: Option<IndexId>, columns: Vec<ColumnId> },
    /// By a hash table over these columns, made once for the statement.
    Hash { columns: Vec<ColumnId>, equal: Vec<Bounded> },
}

/// What a query that groups computes for each group.
#[derive(Clone, Debug)]
pub(super) struct Grouping {
    pub(super) keys: Vec<Bounded>,
    pub(super) aggregates: Vec<BoundAggregate>,
    pub(super) having: Option<Bounded>,
}

/// An aggregate; without an operand it counts rows.
#[derive(Clone, Debug)]
pub(super) struct BoundAggregate {
    pub(super) function: Aggregate,
    pub(super) distinct: bool,
    pub(super) operand: Option<Bounded>,
}

#[derive(Clone, Debug)]
pub(super) enum BoundOutput {
    Row(u8),
    Value(Bounded),
}

/// Any statement that can run.
#[derive(Clone, Debug)]
pub(super) enum Plan {
    Select(SelectPlan),
    Insert { table: TableId, columns: Vec<ColumnId>, rows: Vec<Vec<Bounded>> },
    InsertRows { table: TableId },
    Update { table: TableId, set: Vec<(ColumnId, Bounded)>, find: Level },
    UpdateRows { table: TableId, columns: Vec<ColumnId> },
    Delete { table: TableId, find: Level },
    DeleteRows { table: TableId, find: Level },
}
