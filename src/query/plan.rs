//! A statement with every name resolved and every choice made: what runs.

use std::ops::Bound;
use std::sync::Arc;

use super::leaf::{Aggregate, FrameUnit, Quantifier, WindowFunction};
use super::rewrite::Applied;
use super::select::{Direction, JoinKind, Nulls, SetOperation};
use crate::expr::{Comparison, Expr};
use crate::id::{ColumnId, IndexId, TableId};
use crate::store::Order;
use crate::value::Value;

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
    /// The time of the statement.
    Now,
    /// The value of an aggregate of the group, by position.
    Aggregate(usize),
    /// What the group was made by, by position.
    GroupKey(usize),
    /// A scalar that comes out, by its position among the scalars; only in orders.
    Output(usize),
    /// The value of a window function of the row, by position.
    Window(usize),
    Exists(Box<SelectPlan>),
    In(Vec<Bounded>, Box<SelectPlan>),
    Quantified(Box<Bounded>, Comparison, Quantifier, Box<SelectPlan>),
    Scalar(Box<SelectPlan>),
}

impl BoundLeaf {
    /// Whether it reads nothing but a row of its own select.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self, BoundLeaf::Column { up: 0, .. })
    }
}

/// A query that can run.
#[derive(Clone, Debug)]
pub(super) struct SelectPlan {
    /// How many sources there are.
    pub(super) sources: usize,
    /// What has to hold before any source is read.
    pub(super) gate: Vec<Bounded>,
    /// The sources in the order in which they are read.
    pub(super) levels: Vec<Level>,
    pub(super) grouping: Option<Grouping>,
    pub(super) windows: Vec<BoundWindow>,
    pub(super) outputs: Vec<BoundOutput>,
    pub(super) distinct: bool,
    /// Queries whose rows are put together with these; order and limit are about all of them then.
    pub(super) compounds: Vec<CompoundPlan>,
    /// Where the only source is read off its index alone: which columns are, and where they stand there.
    pub(super) covering: Option<HeldColumns>,
    /// What is left to sort by; empty when rows come in order already.
    pub(super) order_by: Vec<SortKey>,
    pub(super) limit: Option<Bounded>,
    pub(super) offset: Option<Bounded>,
    /// How many columns a key has that the statement is run with.
    pub(super) key_width: usize,
    /// Whether it reads what may be different each time it runs within a statement: rows of a select around it, or
    /// the rows that a recursive query around it found last.
    pub(super) correlated: bool,
    /// How many rows are expected to come out.
    pub(super) estimate: f64,
    /// How the query was rewritten before.
    pub(super) rules: Vec<Applied>,
}

impl SelectPlan {
    /// The only source, where each of its rows comes out once.
    pub(super) fn only_table(&self) -> Option<&Level> {
        let [level] = &self.levels[..] else { return None };
        let bare = self.gate.is_empty() && level.on.is_empty() && level.after.is_empty() && !self.distinct;
        let plain = bare && self.grouping.is_none() && self.windows.is_empty() && level.kind == JoinKind::Inner;
        (plain && matches!(level.origin, Origin::Table(_))).then_some(level)
    }

    /// The limit, where it is known before the query runs.
    pub(super) fn known_limit(&self) -> Option<u64> {
        match &self.limit {
            Some(Expr::Value(Value::Int(it))) => u64::try_from(*it).ok(),
            _ => None,
        }
    }
}

/// A query whose rows are put together with those before it.
#[derive(Clone, Debug)]
pub(super) struct CompoundPlan {
    pub(super) operation: SetOperation,
    pub(super) all: bool,
    pub(super) select: SelectPlan,
}

/// One part of an order.
#[derive(Clone, Debug)]
pub(super) struct SortKey {
    pub(super) by: Bounded,
    pub(super) direction: Direction,
    pub(super) nulls: Nulls,
}

/// A named query of a WITH.
#[derive(Debug)]
pub(super) enum CommonPlan {
    Plain(Box<SelectPlan>),
    Recursive(RecursivePlan),
}

/// A query that reads what it has found itself.
#[derive(Debug)]
pub(super) struct RecursivePlan {
    /// The number by which the rows found last are known while it runs.
    pub(super) working: usize,
    /// What it begins with.
    pub(super) first: Vec<SelectPlan>,
    /// What is found from the rows found last.
    pub(super) steps: Vec<SelectPlan>,
    /// Whether rows that were found before count again.
    pub(super) all: bool,
    pub(super) order_by: Vec<SortKey>,
    pub(super) limit: Option<Bounded>,
    pub(super) offset: Option<Bounded>,
    pub(super) correlated: bool,
}

impl CommonPlan {
    pub(super) fn correlated(&self) -> bool {
        match self {
            CommonPlan::Plain(it) => it.correlated,
            CommonPlan::Recursive(it) => it.correlated,
        }
    }
}

/// Where the rows of a source are.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    /// In a table.
    Table(TableId),
    /// One row without columns.
    Nothing,
    /// Rows that are given.
    Values { rows: Vec<Vec<Bounded>>, correlated: bool },
    /// In what a query of its own brings.
    Select(Box<SelectPlan>),
    /// In what a query of a WITH brings, and how many selects outwards that WITH stands.
    Common { plan: Arc<CommonPlan>, hops: usize },
    /// In what a recursive query around has found last.
    Working(usize),
}

/// One source: how its rows are found for each combination of the sources before it.
#[derive(Clone, Debug)]
pub(super) struct Level {
    pub(super) source: u8,
    pub(super) origin: Origin,
    pub(super) kind: JoinKind,
    pub(super) access: Access,
    /// What a partner fulfils, beyond what the access makes sure of.
    pub(super) on: Vec<Bounded>,
    /// What the combination fulfils once this source is there, with or without a partner.
    pub(super) after: Vec<Bounded>,
    /// How many rows are expected for each combination before it.
    pub(super) estimate: f64,
}

/// How the rows of a source are found.
#[derive(Clone, Debug)]
pub(super) enum Access {
    /// All of them.
    Scan,
    /// By an index: the first columns equal these, the next one lies within the range.
    Index { index: IndexId, equal: Vec<Bounded>, range: Range, order: Order },
    /// By an index whose first columns equal these, which rise from one combination of the sources before to the next:
    /// both sides are gone through once, side by side.
    Merge { index: IndexId, equal: Vec<Bounded> },
    /// By an index whose first column equals one of these.
    AnyOf { index: IndexId, list: Vec<Bounded> },
    /// By an index whose first column equals one of what a subquery answers, which reads nothing around it.
    Answer { index: IndexId, subquery: Box<SelectPlan> },
    /// By the keys that the statement is run with.
    Keys { index: Option<IndexId>, columns: Vec<ColumnId> },
    /// By a hash table over these columns, made once for the statement, of the rows that fulfil the conditions. They
    /// read nothing but the row. Without columns, it is a list of those rows.
    Hash { columns: Vec<ColumnId>, equal: Vec<Bounded>, filter: Vec<Bounded> },
}

impl Access {
    /// The index that it reads.
    pub(super) fn index(&self) -> Option<IndexId> {
        match self {
            Access::Index { index, .. } | Access::AnyOf { index, .. } | Access::Answer { index, .. } => Some(*index),
            Access::Merge { index, .. } => Some(*index),
            Access::Keys { index, .. } => *index,
            Access::Scan | Access::Hash { .. } => None,
        }
    }
}

/// The columns that a query reads of its only source, and where an index holds each.
pub(super) type HeldColumns = Box<[(ColumnId, Held)]>;

/// Where an index holds a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// In a part of its key, by position.
    Part(usize),
    /// In the place of the row, which is the row's integer key.
    Place,
}

/// A part of an index.
#[derive(Clone, Debug)]
pub(super) enum Range {
    /// All of it.
    Whole,
    /// What is no NULL.
    Present,
    /// What is NULL.
    Absent,
    /// What lies within these bounds, of which one is there.
    Within(Bound<Bounded>, Bound<Bounded>),
}

/// What a query that groups computes for each group.
#[derive(Clone, Debug)]
pub(super) struct Grouping {
    pub(super) keys: Vec<Bounded>,
    pub(super) aggregates: Vec<BoundAggregate>,
    pub(super) having: Option<Bounded>,
    /// Whether a row of the group is read besides, and which.
    pub(super) keeps: Option<KeptRow>,
    pub(super) gathering: Gathering,
}

/// How rows find their groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Gathering {
    /// By hashing what they are grouped by.
    Hash,
    /// Those of a group come one after the other.
    InOrder,
    /// An index tells how many rows have each value, as long as many have, and that tells each aggregate.
    Counted(IndexId, Box<[Told]>),
    /// The first row that has a value has the least, or the greatest, which is all that is asked.
    First,
}

/// What an index tells of rows without a look at them: of those that agree in a column, or of all by their values in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// How many they are.
    Rows,
    /// How many of them have a value in the column.
    Values,
    /// How many values there are in the column.
    Different,
    /// The least value in the column, where all rows are one group; in the next column of the index otherwise.
    Least,
    /// The greatest, likewise.
    Greatest,
}

/// Which row of a group stands for it where a column is read that is not grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeptRow {
    /// The first one.
    First,
    /// The one that the aggregate at this position, a least or a greatest, is from.
    Extremum(usize),
}

/// A function of a row and its neighbours among the rows that come out.
#[derive(Clone, Debug)]
pub(super) struct BoundWindow {
    pub(super) function: WindowFunction,
    pub(super) operands: Vec<Bounded>,
    pub(super) filter: Option<Bounded>,
    pub(super) partition_by: Vec<Bounded>,
    pub(super) order_by: Vec<SortKey>,
    pub(super) frame: Option<BoundFrame>,
}

/// Which neighbours a window function looks at.
#[derive(Clone, Debug)]
pub(super) struct BoundFrame {
    pub(super) unit: FrameUnit,
    pub(super) start: BoundEnd,
    pub(super) end: BoundEnd,
}

/// One end of a frame.
#[derive(Clone, Debug)]
pub(super) enum BoundEnd {
    Unbounded,
    Preceding(Bounded),
    Current,
    Following(Bounded),
}

/// An aggregate; without operands it counts rows.
#[derive(Clone, Debug)]
pub(super) struct BoundAggregate {
    pub(super) function: Aggregate,
    pub(super) distinct: bool,
    pub(super) operands: Vec<Bounded>,
    pub(super) filter: Option<Bounded>,
    pub(super) order_by: Vec<SortKey>,
}

#[derive(Clone, Debug)]
pub(super) enum BoundOutput {
    Row(u8),
    Value(Bounded),
}

/// What columns become; without an expression, their default.
pub(super) type Assignments = Vec<(ColumnId, Option<Bounded>)>;

/// Rows that a statement adds.
#[derive(Clone, Debug)]
pub(super) struct InsertPlan {
    pub(super) table: TableId,
    pub(super) columns: Vec<ColumnId>,
    pub(super) source: InsertSource,
    pub(super) on_conflict: Option<ConflictPlan>,
    pub(super) returning: Vec<BoundOutput>,
}

/// Where the values of new rows come from.
#[derive(Clone, Debug)]
pub(super) enum InsertSource {
    /// One list for each row; without an expression, the default of the column.
    Rows(Vec<Vec<Option<Bounded>>>),
    Select(Box<SelectPlan>),
}

/// What happens to a row that one of these keys refuses.
#[derive(Clone, Debug)]
pub(super) struct ConflictPlan {
    pub(super) keys: Vec<IndexId>,
    pub(super) action: BoundConflict,
}

#[derive(Clone, Debug)]
pub(super) enum BoundConflict {
    Nothing,
    /// Also where the row breaks a rule by itself.
    Ignore,
    /// Source 0 is the row in the way, source 1 the one that was to be inserted.
    Update {
        set: Assignments,
        filter: Option<Bounded>,
    },
    Replace,
}

/// Any statement that can run.
#[derive(Clone, Debug)]
pub(super) enum Plan {
    Select(SelectPlan),
    Insert(InsertPlan),
    InsertRows {
        table: TableId,
    },
    /// `find` reads the table as its first source.
    Update {
        table: TableId,
        set: Assignments,
        find: Box<SelectPlan>,
        returning: Vec<BoundOutput>,
    },
    UpdateRows {
        table: TableId,
        columns: Vec<ColumnId>,
        expected: Vec<ColumnId>,
    },
    /// `find` reads the table as its first source.
    Delete {
        table: TableId,
        find: Box<SelectPlan>,
        returning: Vec<BoundOutput>,
    },
    DeleteRows {
        table: TableId,
        find: Level,
    },
}
