//! Statements: the hinge between tables and objects.
//!
//! # The life of a statement
//! 1. A [`Statement`] is what the user says, a plain value with names in it.
//! 2. [`Connection::prepare`] binds names to positions (`bind`) and decides by which index and in which order to read
//!    (`choose`). The outcome, a [`Prepared`], is made once for each shape and printed by [`Prepared::explain`].
//! 3. [`Connection::run`] carries it out with its parameters (`run`, `group`, `write`).
//! 4. Rows come out as [`Rows`]; a cell may be a whole row, shared with the table.
//! 5. The [`Log`] has counted the statement, what it read and what it returned.
//!
//! # Invariants
//! - **Q1** Every statement passes [`Connection::run`] or [`Connection::control`], and is counted there.
//! - **Q2** A statement that fails changes nothing.
//! - **Q3** The outcome of a query does not depend on the plan, except for the order of rows that ORDER BY leaves open.
//!
//! # Not here
//! Objects (`object`), SQL text (`sql`).

mod answer;
mod bind;
mod choose;
mod connection;
mod explain;
mod frame;
mod group;
mod leaf;
mod log;
mod native;
mod plan;
mod rows;
mod run;
mod statement;
mod whole;
mod write;

pub use connection::{Connection, Control, Input, Outcome, Prepared, RowChange};
pub use leaf::{Aggregate, Leaf, aggregate, col, count, parameter};
pub use log::{Entry, Kind as StatementKind, Log, Observer, Totals};
pub use native::NativeConnection;
pub use rows::{FromValues, Rows};
pub use statement::{
    Delete, DeleteRows, Direction, Insert, InsertRows, Join, JoinKind, Output, Select, Statement, Update, UpdateRows,
};

pub use crate::integrity::ActionPlan;
