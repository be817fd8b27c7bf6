//! Statements as the user says them: plain values with names.

use super::leaf::Leaf;
use super::select::{Common, Join, JoinKind, Output, Select, Source};
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

/// Adds rows given as expressions, or by a query.
#[derive(Clone, Debug, PartialEq)]
pub struct Insert {
    /// Queries that the statement names.
    pub with: Vec<Common>,
    /// The table.
    pub table: Name,
    /// The columns that are given; others take their defaults.
    pub columns: Vec<Name>,
    /// Where the values come from.
    pub values: InsertValues,
    /// What happens to a row that a unique key refuses; nothing said means that the statement is refused.
    pub on_conflict: Option<OnConflict>,
    /// What comes out, for each row as the table holds it.
    pub returning: Vec<Output>,
}

/// Where the values of an [`Insert`] come from.
#[derive(Clone, Debug, PartialEq)]
pub enum InsertValues {
    /// One list for each row.
    Rows(Vec<Vec<Expr<Leaf>>>),
    /// What a query brings.
    Select(Box<Select>),
}

/// What happens to a row whose insertion a unique key refuses.
#[derive(Clone, Debug, PartialEq)]
pub struct OnConflict {
    /// The columns of the key that is meant; empty means any.
    pub target: Vec<Name>,
    /// The condition of a partial unique index that is meant.
    pub target_filter: Option<Expr<Leaf>>,
    /// What happens.
    pub action: ConflictAction,
}

/// What is done instead of an insertion that a unique key refuses.
#[derive(Clone, Debug, PartialEq)]
pub enum ConflictAction {
    /// Nothing: the row is left out.
    Nothing,
    /// Nothing, as with SQLite's OR IGNORE: the row is left out also where it breaks NOT NULL or a CHECK by itself.
    Ignore,
    /// The row in the way is changed. Expressions read it as source 0, and the row that was to be inserted as source 1.
    Update {
        /// The columns and what they become.
        set: Vec<(Name, Expr<Leaf>)>,
        /// Rows in the way that do not fulfil it are left as they are.
        filter: Option<Expr<Leaf>>,
    },
    /// The rows in the way are deleted first, as SQLite's REPLACE does; where a column must not be NULL, its default takes the
    /// place of a NULL.
    Replace,
}

impl Insert {
    /// Adds rows to a table; first say which columns are given.
    pub fn into<N: Into<Name>>(table: impl Into<Name>, columns: impl IntoIterator<Item = N>) -> Self {
        let columns = columns.into_iter().map(Into::into).collect();
        Insert {
            with: Vec::new(),
            table: table.into(),
            columns,
            values: InsertValues::Rows(Vec::new()),
            on_conflict: None,
            returning: Vec::new(),
        }
    }

    /// Adds one row; it replaces a query given before.
    pub fn row<V: Into<Expr<Leaf>>>(mut self, values: impl IntoIterator<Item = V>) -> Self {
        let row = values.into_iter().map(Into::into).collect();
        match &mut self.values {
            InsertValues::Rows(rows) => rows.push(row),
            InsertValues::Select(_) => self.values = InsertValues::Rows(vec![row]),
        }
        self
    }

    /// Adds the rows that a query brings, instead of rows given before.
    pub fn select(mut self, select: Select) -> Self {
        self.values = InsertValues::Select(Box::new(select));
        self
    }

    /// Says what happens to rows that a unique key refuses.
    pub fn on_conflict(mut self, on_conflict: OnConflict) -> Self {
        self.on_conflict = Some(on_conflict);
        self
    }

    /// Leaves out rows that a unique key refuses.
    pub fn or_nothing(self) -> Self {
        self.on_conflict(OnConflict { target: Vec::new(), target_filter: None, action: ConflictAction::Nothing })
    }

    /// Lets these come out for each row that was inserted or changed.
    pub fn returning(mut self, values: impl IntoIterator<Item = Expr<Leaf>>) -> Self {
        self.returning = values.into_iter().map(Output::Value).collect();
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
    /// Queries that the statement names.
    pub with: Vec<Common>,
    /// The table; source 0 of every expression.
    pub table: Name,
    /// Further sources (UPDATE … FROM). Of several combinations with one row of the table, one
    /// counts, and which one is open.
    pub joins: Vec<Join>,
    /// The columns and what they become; expressions see the row as it was.
    pub set: Vec<(Name, Expr<Leaf>)>,
    /// The condition.
    pub filter: Option<Expr<Leaf>>,
    /// What comes out, for each row as it has become.
    pub returning: Vec<Output>,
}

impl Update {
    /// Changes all rows of a table.
    pub fn table(table: impl Into<Name>) -> Self {
        let table = table.into();
        Update { with: vec![], table, joins: vec![], set: vec![], filter: None, returning: vec![] }
    }

    /// Gives a column another value.
    pub fn set(mut self, column: impl Into<Name>, value: impl Into<Expr<Leaf>>) -> Self {
        self.set.push((column.into(), value.into()));
        self
    }

    /// Adds a source whose rows the condition and the other expressions may read.
    pub fn join(mut self, source: impl Into<Source>, on: Expr<Leaf>) -> Self {
        self.joins.push(Join { kind: JoinKind::Inner, source: source.into(), on });
        self
    }

    /// Lets these come out for each row that was changed.
    pub fn returning(mut self, values: impl IntoIterator<Item = Expr<Leaf>>) -> Self {
        self.returning = values.into_iter().map(Output::Value).collect();
        self
    }

    /// Changes only rows that fulfil the condition, and those that were given before.
    pub fn filter(mut self, condition: impl Into<Expr<Leaf>>) -> Self {
        self.filter = Some(match self.filter.take() {
            Some(before) => before.and(condition),
            None => condition.into(),
        });
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
    /// Columns in which each row has to hold what it held when it was read, such as one that counts versions. A row that
    /// does not is stale, and none is changed; so is one that holds NULL there.
    pub expected: Vec<Name>,
}

/// Removes the rows that fulfil a condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Delete {
    /// Queries that the statement names.
    pub with: Vec<Common>,
    /// The table; source 0 of every expression.
    pub table: Name,
    /// Further sources (DELETE … USING).
    pub joins: Vec<Join>,
    /// The condition.
    pub filter: Option<Expr<Leaf>>,
    /// What comes out, for each row as it was.
    pub returning: Vec<Output>,
}

impl Delete {
    /// Removes all rows of a table.
    pub fn from(table: impl Into<Name>) -> Self {
        Delete { with: vec![], table: table.into(), joins: vec![], filter: None, returning: vec![] }
    }

    /// Adds a source whose rows the condition and the other expressions may read.
    pub fn join(mut self, source: impl Into<Source>, on: Expr<Leaf>) -> Self {
        self.joins.push(Join { kind: JoinKind::Inner, source: source.into(), on });
        self
    }

    /// Lets these come out for each row that was removed.
    pub fn returning(mut self, values: impl IntoIterator<Item = Expr<Leaf>>) -> Self {
        self.returning = values.into_iter().map(Output::Value).collect();
        self
    }

    /// Removes only rows that fulfil the condition, and those that were given before.
    pub fn filter(mut self, condition: impl Into<Expr<Leaf>>) -> Self {
        self.filter = Some(match self.filter.take() {
            Some(before) => before.and(condition),
            None => condition.into(),
        });
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
