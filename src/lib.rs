//! Diptych: an embedded, in-memory object graph database. Two panels, tables and objects, on one hinge, the statement.

extern crate self as diptych;

#[doc(hidden)]
pub mod derive_support;
pub mod error;
pub mod expr;
pub mod id;
pub mod integrity;
pub mod object;
pub mod prelude;
pub mod query;
pub mod record;
pub mod schema;
pub mod sql;
pub mod store;
pub mod txn;
pub mod value;

pub use diptych_derive::Entity;

pub use error::{Error, ErrorKind, Result, Violation};
pub use expr::{Expr, Expression};
pub use object::{
    AnyRef, Cascade, Class, Edit, Entity, Field, Lazy, Many, Optional, PassiveDeletes, Query, Ref, Relation,
    Relationship, Required, Session, State, View, Views,
};
pub use query::{
    Aggregate, Connection, Control, Delete, Direction, Insert, NativeConnection, Select, Statement, Update, aggregate,
    col, count, parameter,
};
pub use record::{Record, Row, Tuple};
pub use schema::{Action, Column, ForeignKey, Schema, Table, column};
pub use txn::{Database, Snapshot, Transaction};
pub use value::{AsValue, Id, Kind, Value, ValueRef};
