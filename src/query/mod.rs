//! Statements: the hinge between tables and objects.
//!
//! # The life of a statement
//! 1. A [`Statement`] is what the user says, a plain value with names in it.
//! 2. [`Connection::prepare`] says it otherwise where that is less work (`rewrite`), binds names to positions (`bind`)
//!    and decides by which index and in which order to read (`choose`), by the sizes that the tables have now and a
//!    sample of their rows. The outcome, a [`Prepared`], can run any number of times and is printed by
//!    [`Prepared::explain`]. It begins a transaction, if none is open, to know those sizes. Where values of parameters are
//!    known, too ([`Connection::prepare_for`]), they are weighed like constants, and the outcome says if that mattered.
//! 3. [`Connection::run`] carries it out with its parameters (`run`, `gather`, `write`).
//! 4. Rows come out as [`Rows`]; a cell may be a whole row, shared with the table. Who keeps the [`Version`] may ask by
//!    [`Connection::locate`] for [`Places`] instead, which share nothing.
//! 5. The [`Log`] has counted the statement, what it read and what it returned.
//!
//! # Invariants
//! - **Q1** Every statement passes [`Connection::run`], [`Connection::locate`], [`Connection::look_up`],
//!   [`Connection::look_up_unique`] or [`Connection::control`]. One that succeeds is counted there; whoever records or
//!   observes is told of those that fail as well.
//! - **Q2** A statement that fails changes nothing.
//! - **Q3** The outcome of a query does not depend on the plan, except for the order of rows that ORDER BY leaves open.
//!
//! # Not here
//! Objects (`object`), SQL text (`sql`).

mod aggregate;
mod answer;
mod bind;
mod choose;
mod connection;
mod counted;
mod described;
mod explain;
mod frame;
mod gather;
mod group;
mod keyed;
mod keyset;
mod leaf;
mod locate;
mod log;
mod native;
mod parts;
mod places;
mod plan;
mod profile;
mod rewrite;
mod rows;
mod run;
mod select;
mod sizes;
mod statement;
mod stream;
mod tally;
mod version;
mod views;
mod whole;
mod window;
mod write;

pub use connection::{Acted, Connection, Control, Input, LookedUp, Outcome, Prepared, RowChange, Tell, Telling};
pub use explain::{Explained, PlanNode};
pub use leaf::{
    Aggregate, Aggregation, FrameBound, FrameUnit, Leaf, Quantifier, Window, WindowFrame, WindowFunction, aggregate,
    aggregate_distinct, col, count, count_distinct, now, parameter,
};
pub use log::{Entry, Kind as StatementKind, Log, Observer, Totals, Watch};
pub use native::NativeConnection;
pub use places::Places;
pub use profile::Actual;
pub use rows::{FromValues, Rows};
pub use select::{
    BareColumns, Common, Compound, Direction, Join, JoinKind, Nulls, OrderBy, Output, Select, SetOperation, Source,
};
pub use statement::{
    ConflictAction, Delete, DeleteRows, Insert, InsertRows, InsertValues, OnConflict, Statement, Update, UpdateRows,
};
pub use version::{RowFinger, TableVersion, Version};
pub use views::{View, Views};

pub use crate::integrity::{ActionPlan, Outline, OutlinedCause, OutlinedRefusal, OutlinedStep, Preview};
pub use crate::txn::{Cause, ChangeSet, RowDifference};
