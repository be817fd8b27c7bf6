//! What a database is before it holds a row; immutable once built.
//!
//! A schema is written with names ([`Table`], [`Column`], [`ForeignKey`]) and built into positions ([`Schema`],
//! [`TableSchema`], [`ReferenceSchema`]). Building checks the whole and reports every mistake at once.
//!
//! # Invariants
//! - **S1** A built schema has no dangling name: every id it holds points at something in it.
//! - **S2** A foreign key refers to the primary key or a unique key of its target, column by column of the same kind.
//! - **S3** All mistakes of a declaration are reported together.
//!
//! # Not here
//! Rows (`store`), when a rule is judged (`integrity`).

mod action;
mod build;
mod build_column;
mod build_index;
mod build_reference;
mod built;
mod continuation;
mod declare;
mod default;
mod edit;
mod exclusive;
mod graph;
mod index;
mod inherit;
mod lint;
mod storage;

pub use action::{Action, ConstraintMode, Constraints, Timing};
pub use build::SchemaBuilder;
pub use built::{CheckSchema, ColumnSchema, GeneratedSchema, ReferenceSchema, Schema, TableSchema};
pub use continuation::Continuation;
pub use declare::{Column, ForeignKey, Index, Name, Table, column};
pub use default::{DefaultExpression, DefaultFunction, DefaultValue, Sequence, SequenceSchema};
pub use exclusive::{at_most_one_of, exactly_one_of};
pub use graph::Components;
#[cfg(feature = "objects")]
pub(crate) use graph::{sources, strongly_connected};
pub use index::{IndexSchema, Part, RowCells, Uniqueness};
pub use lint::Lint;
pub use storage::Storage;

pub use crate::expr::Affinity;
