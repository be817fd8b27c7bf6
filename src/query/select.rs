//! Queries as the user says them.

use super::leaf::Leaf;
use crate::expr::{Expr, Expression};
use crate::schema::Name;
use crate::value::Value;

/// A query.
///
/// # Counting outwards
/// A subquery, and a query that is a source, stands one select further in than the select it is written in. The queries
/// of a WITH or of a set operation stand beside it: what is one select outwards from it, is so from them.
#[derive(Clone, Debug, PartialEq)]
pub struct Select {
    /// Queries that this one and those within it name as [`Source::Common`].
    pub with: Vec<Common>,
    /// The first source.
    pub from: Source,
    /// Further sources.
    pub joins: Vec<Join>,
    /// Columns of the first source whose values must be among the keys given with [`Input::Keys`](super::Input::Keys);
    /// none means no such condition.
    pub keys: Vec<Name>,
    /// The condition that rows fulfil.
    pub filter: Option<Expr<Leaf>>,
    /// What rows are grouped by.
    pub group_by: Vec<Expr<Leaf>>,
    /// What a column means in a group that is neither grouped by nor inside an aggregate.
    pub bare_columns: BareColumns,
    /// The condition that groups fulfil.
    pub having: Option<Expr<Leaf>>,
    /// What comes out.
    pub outputs: Vec<Output>,
    /// Whether equal rows come out once; only of scalars.
    pub distinct: bool,
    /// Queries whose rows are put together with those of this one, from left to right. What follows, order and limit,
    /// is about all of them; such an order reads [`Leaf::Output`].
    pub compounds: Vec<Compound>,
    /// The order in which rows come out.
    pub order_by: Vec<OrderBy>,
    /// How many rows come out at most; it reads no row of this select. NULL or a negative number is no limit.
    pub limit: Option<Expr<Leaf>>,
    /// How many are passed over first; NULL or a negative number is none.
    pub offset: Option<Expr<Leaf>>,
}

/// What a column means in a group that is neither grouped by nor inside an aggregate. A column of a source whose primary
/// key is grouped by is the same in the whole group, and always allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BareColumns {
    /// It is a mistake.
    #[default]
    Refused,
    /// Its value in some row of the group. Where `min` or `max` is the only aggregate of its sort, it is a row that has
    /// the least or the greatest.
    AnyRow,
}

/// Where rows come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// One row without columns: a query without FROM.
    Nothing,
    /// A table, or a view.
    Table(Name),
    /// A query of a WITH around, by its name.
    Common(Name),
    /// A query of its own, and the names of its columns. It may read the sources before it (LATERAL).
    Select(Box<Select>, Vec<Name>),
    /// Rows that are given, and the names of their columns.
    Values(Vec<Vec<Expr<Leaf>>>, Vec<Name>),
}

/// A named query of a WITH.
#[derive(Clone, Debug, PartialEq)]
pub struct Common {
    /// Its name.
    pub name: Name,
    /// The names of its columns.
    pub columns: Vec<Name>,
    /// The query. If it names itself, it is recursive: the parts of a UNION that do not name it come first, then those
    /// that do run on the rows found last, until no new ones come.
    pub select: Select,
}

/// A query whose rows are put together with those before it.
#[derive(Clone, Debug, PartialEq)]
pub struct Compound {
    /// How.
    pub operation: SetOperation,
    /// Whether equal rows count each (`ALL`) or once.
    pub all: bool,
    /// The query; order and limit in it are its own.
    pub select: Select,
}

/// How the rows of two queries are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SetOperation {
    /// The rows of both.
    Union,
    /// The rows that are in both.
    Intersect,
    /// The rows of the first that are not in the second.
    Except,
}

/// A further source of a query.
#[derive(Clone, Debug, PartialEq)]
pub struct Join {
    /// What happens to rows without a partner.
    pub kind: JoinKind,
    /// Where its rows come from.
    pub source: Source,
    /// Which rows are partners; `Expr::And(vec![])` is always true.
    pub on: Expr<Leaf>,
}

/// What happens to rows without a partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JoinKind {
    /// They are dropped. A cross join is an inner join in which all are partners.
    Inner,
    /// Rows before it come out once, with NULLs for it.
    Left,
    /// Rows of it come out once, with NULLs for all before it.
    Right,
    /// Both.
    Full,
    /// Rows before it come out once if they have a partner; nothing else reads this source.
    Semi,
    /// Rows before it come out if they have no partner; nothing else reads this source.
    Anti,
}

/// One thing that comes out of a query.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// The whole row of a source. Where the query is itself a source, or part of a set operation, these are the columns.
    Row(u8),
    /// A scalar.
    Value(Expr<Leaf>),
}

/// One part of an order.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderBy {
    /// By what.
    pub by: Expr<Leaf>,
    /// In which direction.
    pub direction: Direction,
    /// Where NULL stands; if nothing is said, it is less than everything.
    pub nulls: Option<Nulls>,
}

/// The direction of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Least first; NULL is less than everything.
    Ascending,
    /// Greatest first.
    Descending,
}

/// Where NULL stands in an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Nulls {
    /// Before everything.
    First,
    /// After everything.
    Last,
}

impl<N: Into<Name>> From<N> for Source {
    fn from(table: N) -> Self {
        Source::Table(table.into())
    }
}

impl Source {
    /// A query as a source, with names for its columns.
    pub fn select<N: Into<Name>>(select: Select, columns: impl IntoIterator<Item = N>) -> Self {
        Source::Select(Box::new(select), columns.into_iter().map(Into::into).collect())
    }

    /// The table, if it is one.
    pub fn table(&self) -> Option<&Name> {
        match self {
            Source::Table(name) => Some(name),
            _ => None,
        }
    }
}

impl Select {
    /// All rows of a source, whole.
    pub fn from(source: impl Into<Source>) -> Self {
        Select {
            with: Vec::new(),
            from: source.into(),
            joins: Vec::new(),
            keys: Vec::new(),
            filter: None,
            group_by: Vec::new(),
            bare_columns: BareColumns::Refused,
            having: None,
            outputs: vec![Output::Row(0)],
            distinct: false,
            compounds: Vec::new(),
            order_by: Vec::new(),
            limit: None,
            offset: None,
        }
    }

    /// Adds a named query.
    pub fn with<N: Into<Name>>(
        mut self,
        name: impl Into<Name>,
        columns: impl IntoIterator<Item = N>,
        select: Select,
    ) -> Self {
        let columns = columns.into_iter().map(Into::into).collect();
        self.with.push(Common { name: name.into(), columns, select });
        self
    }

    /// Adds a condition; all of them must hold.
    pub fn filter(mut self, condition: impl Into<Expr<Leaf>>) -> Self {
        self.filter = Some(match self.filter.take() {
            Some(before) => before.and(condition),
            None => condition.into(),
        });
        self
    }

    /// Adds a source whose partnerless rows are dropped.
    pub fn join(self, source: impl Into<Source>, on: Expr<Leaf>) -> Self {
        self.join_as(JoinKind::Inner, source, on)
    }

    /// Adds a source; rows without a partner in it come out with NULLs.
    pub fn left_join(self, source: impl Into<Source>, on: Expr<Leaf>) -> Self {
        self.join_as(JoinKind::Left, source, on)
    }

    /// Adds a source, each row of which is a partner of every row before it.
    pub fn cross_join(self, source: impl Into<Source>) -> Self {
        self.join_as(JoinKind::Inner, source, Expr::And(Vec::new()))
    }

    /// Adds a source.
    pub fn join_as(mut self, kind: JoinKind, source: impl Into<Source>, on: Expr<Leaf>) -> Self {
        self.joins.push(Join { kind, source: source.into(), on });
        self
    }

    /// Only rows whose values in these columns are among the keys given when the statement runs.
    pub fn by_keys<N: Into<Name>>(mut self, columns: impl IntoIterator<Item = N>) -> Self {
        self.keys = columns.into_iter().map(Into::into).collect();
        self
    }

    /// Lets scalars come out instead of whole rows.
    pub fn values(mut self, values: impl IntoIterator<Item = Expr<Leaf>>) -> Self {
        self.outputs = values.into_iter().map(Output::Value).collect();
        self
    }

    /// Groups rows.
    pub fn group_by(mut self, keys: impl IntoIterator<Item = Expr<Leaf>>) -> Self {
        self.group_by = keys.into_iter().collect();
        self
    }

    /// Keeps only groups that fulfil a condition.
    pub fn having(mut self, condition: Expr<Leaf>) -> Self {
        self.having = Some(condition);
        self
    }

    /// Drops scalar rows that have come out before.
    pub fn distinct(mut self) -> Self {
        self.distinct = true;
        self
    }

    /// Puts the rows of another query together with these, each different row once.
    pub fn compound(mut self, operation: SetOperation, select: Select) -> Self {
        self.compounds.push(Compound { operation, all: false, select });
        self
    }

    /// Puts the rows of another query together with these, equal rows as often as they occur.
    pub fn compound_all(mut self, operation: SetOperation, select: Select) -> Self {
        self.compounds.push(Compound { operation, all: true, select });
        self
    }

    /// Lets a column that is neither grouped by nor inside an aggregate be its value in some row of the group.
    pub fn any_row(mut self) -> Self {
        self.bare_columns = BareColumns::AnyRow;
        self
    }

    /// Adds an order, after those already there.
    pub fn order_by(mut self, by: Expr<Leaf>, direction: Direction) -> Self {
        self.order_by.push(OrderBy { by, direction, nulls: None });
        self
    }

    /// Adds an order that says where NULL stands.
    pub fn order_by_nulls(mut self, by: Expr<Leaf>, direction: Direction, nulls: Nulls) -> Self {
        self.order_by.push(OrderBy { by, direction, nulls: Some(nulls) });
        self
    }

    /// Lets at most this many rows come out.
    pub fn limit(mut self, limit: u64) -> Self {
        self.limit = Some(number(limit));
        self
    }

    /// Passes over this many rows first.
    pub fn offset(mut self, offset: u64) -> Self {
        self.offset = (offset > 0).then(|| number(offset));
        self
    }
}

/// More rows than an integer counts are all rows.
fn number(it: u64) -> Expr<Leaf> {
    Expr::Value(Value::Int(i64::try_from(it).unwrap_or(i64::MAX)))
}
