//! Statements as the user says them: plain values with names.

use super::leaf::Leaf;
use crate::expr::{Expr, Expression};
use crate::schema::Name;

/// A statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Statement {
    /// Reads.
    Select(Select),
    /// Adds rows given as expressions.
    Insert(Insert),
    /// Adds rows given as records, with [`Input::Rows`](super::Input::Rows).
    InsertRows(InsertRows),
    /// Changes the rows that fulfil a condition.
    Update(Update),
    /// Changes rows one by one, by primary key, with [`Input::Changes`](super::Input::Changes).
    UpdateRows(UpdateRows),
    /// Removes the rows that fulfil a condition.
    Delete(Delete),
    /// Removes rows by primary key, with [`Input::Keys`](super::Input::Keys).
    DeleteRows(DeleteRows),
}

/// The direction of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Least first; NULL is less than everything.
    Ascending,
    /// Greatest first.
    Descending,
}

/// A query.
#[derive(Clone, Debug, PartialEq)]
pub struct Select {
    /// The first source.
    pub from: Name,
    /// Further sources.
    pub joins: Vec<Join>,
    /// Columns of the first source whose values must be among the keys given with [`Input::Keys`](super::Input::Keys);
    /// none means no such condition.
    pub keys: Vec<Name>,
    /// The condition that rows fulfil.
    pub filter: Option<Expr<Leaf>>,
    /// What rows are grouped by.
    pub group_by: Vec<Expr<Leaf>>,
    /// The condition that groups fulfil.
    pub having: Option<Expr<Leaf>>,
    /// What comes out.
    pub outputs: Vec<Output>,
    /// Whether equal rows come out once; only of scalars.
    pub distinct: bool,
    /// The order in which rows come out.
    pub order_by: Vec<(Expr<Leaf>, Direction)>,
    /// How many rows come out at most.
    pub limit: Option<u64>,
    /// How many are passed over first.
    pub offset: u64,
}

/// A further source of a query.
#[derive(Clone, Debug, PartialEq)]
pub struct Join {
    /// What happens to rows without a partner.
    pub kind: JoinKind,
    /// The table.
    pub table: Name,
    /// Which rows are partners.
    pub on: Expr<Leaf>,
}

/// What happens to rows without a partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JoinKind {
    /// They are dropped.
    Inner,
    /// They come out once, with NULLs.
    Left,
}

/// One thing that comes out of a query.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// The whole row of a source.
    Row(u8),
    /// A scalar.
    Value(Expr<Leaf>),
}

impl Select {
    /// All rows of a table, whole.
    pub fn from(table: impl Into<Name>) -> Self {
        Select {
            from: table.into(),
            joins: Vec::new(),
            keys: Vec::new(),
            filter: None,
            group_by: Vec::new(),
            having: None,
            outputs: vec![Output::Row(0)],
            distinct: false,
            order_by: Vec::new(),
            limit: None,
            offset: 0,
        }
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
    pub fn join(self, table: impl Into<Name>, on: Expr<Leaf>) -> Self {
        self.join_as(JoinKind::Inner, table, on)
    }

    /// Adds a source; rows without a partner in it come out with NULLs.
    pub fn left_join(self, table: impl Into<Name>, on: Expr<Leaf>) -> Self {
        self.join_as(JoinKind::Left, table, on)
    }

    /// Adds a source.
    pub fn join_as(mut self, kind: JoinKind, table: impl Into<Name>, on: Expr<Leaf>) -> Self {
        self.joins.push(Join { kind, table: table.into(), on });
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

    /// Adds an order, after those already there.
    pub fn order_by(mut self, by: Expr<Leaf>, direction: Direction) -> Self {
        self.order_by.push((by, direction));
        self
    }

    /// Lets at most this many rows come out.
    pub fn limit(mut self, limit: u64) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Passes over this many rows first.
    pub fn offset(mut self, offset: u64) -> Self {
        self.offset = offset;
        self
    }
}

/// Adds rows given as expressions.
#[derive(Clone, Debug, PartialEq)]
pub struct Insert {
    /// The table.
    pub table: Name,
    /// The columns that are given; others take their defaults.
    pub columns: Vec<Name>,
    /// The rows.
    pub rows: Vec<Vec<Expr<Leaf>>>,
}

impl Insert {
    /// Adds rows to a table; first say which columns are given.
    pub fn into<N: Into<Name>>(table: impl Into<Name>, columns: impl IntoIterator<Item = N>) -> Self {
        let columns = columns.into_iter().map(Into::into).collect();
        Insert { table: table.into(), columns, rows: Vec::new() }
    }

    /// Adds one row.
    pub fn row<V: Into<Expr<Leaf>>>(mut self, values: impl IntoIterator<Item = V>) -> Self {
        self.rows.push(values.into_iter().map(Into::into).collect());
        self
    }
}

/// Adds rows given as records.
#[derive(Clone, Debug, PartialEq)]
pub struct InsertRows {
    /// The table.
    pub table: Name,
}

/// Changes the rows that fulfil a condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// The table.
    pub table: Name,
    /// The columns and what they become; expressions see the row as it was.
    pub set: Vec<(Name, Expr<Leaf>)>,
    /// The condition.
    pub filter: Option<Expr<Leaf>>,
}

impl Update {
    /// Changes all rows of a table.
    pub fn table(table: impl Into<Name>) -> Self {
        Update { table: table.into(), set: Vec::new(), filter: None }
    }

    /// Gives a column another value.
    pub fn set(mut self, column: impl Into<Name>, value: impl Into<Expr<Leaf>>) -> Self {
        self.set.push((column.into(), value.into()));
        self
    }

    /// Changes only rows that fulfil the condition.
    pub fn filter(mut self, condition: impl Into<Expr<Leaf>>) -> Self {
        self.filter = Some(condition.into());
        self
    }
}

/// Changes some columns of single rows, each to values of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateRows {
    /// The table.
    pub table: Name,
    /// The columns that change.
    pub columns: Vec<Name>,
}

/// Removes the rows that fulfil a condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Delete {
    /// The table.
    pub table: Name,
    /// The condition.
    pub filter: Option<Expr<Leaf>>,
}

impl Delete {
    /// Removes all rows of a table.
    pub fn from(table: impl Into<Name>) -> Self {
        Delete { table: table.into(), filter: None }
    }

    /// Removes only rows that fulfil the condition.
    pub fn filter(mut self, condition: impl Into<Expr<Leaf>>) -> Self {
        self.filter = Some(condition.into());
        self
    }
}

/// Removes rows by primary key, or by other columns that name them.
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteRows {
    /// The table.
    pub table: Name,
    /// The columns that the keys give; empty means the primary key.
    pub columns: Vec<Name>,
}

macro_rules! statements {
    ($($name:ident),*) => {$(
        impl From<$name> for Statement {
            fn from(it: $name) -> Self {
                Statement::$name(it)
            }
        }
    )*};
}

statements!(Select, Insert, InsertRows, Update, UpdateRows, Delete, DeleteRows);
