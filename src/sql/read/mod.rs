//! Reading SQL text: a text becomes statements, which are the same values that Rust code builds.
//!
//! # How it goes
//! 1. `text` cuts a script into statements and has the crate `sqlparser` read their syntax.
//! 2. `scope` knows which names are in sight; a name becomes a column by position, or an error that says where it stands.
//! 3. `select`, `change` and `define` translate clause by clause, `scalar` expression by expression. What only a dialect
//!    means is in `meaning`: there, and nowhere later, numbers turn into conditions and texts into numbers.
//!
//! # Invariants
//! - **L4** No text makes the reader panic; what it does not take is refused with line and column.
//!
//! # Not here
//! Running statements (`session`), writing them (the room around).

mod alter;
mod call;
mod catalog;
mod change;
mod command;
mod copy;
mod define;
mod distinct_on;
mod from;
mod literal;
mod meaning;
mod naming;
mod order;
mod place;
mod pragmas;
mod produced;
mod scalar;
mod scope;
mod select;
mod system;
mod text;
mod time;
mod types;
mod untyped;
mod with;
mod words;

pub(super) use catalog::{Catalog, View};
pub(super) use command::Command;
pub(super) use define::{ColumnChange, Definition, KeyText, TableText};
pub(super) use meaning::Purpose;
pub(super) use pragmas::told;
pub(super) use select::Heading;
pub(super) use text::parse;
pub use types::SqlDialect;
