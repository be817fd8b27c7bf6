//! One vocabulary of failure for every room, built only from names, keys and values.
//!
//! Nothing here knows a room above, so every room can return the same [`Error`] without a knot of imports.
//!
//! - [`Violation`]: a row that a constraint refuses, with the rows that stand in the way and the path that led there.
//! - [`Conflict`]: a transaction that lost a race and may be tried again.
//! - [`Mistake`]: something wrong in a schema or a model; all of them are reported together.
//! - [`FlushFact`]: of what a flush was refused for, the statement, the object and the line of the program.
//! - [`Misuse`]: a call that cannot be answered, such as a stale reference or a relation that was not loaded.
//!
//! # Invariants
//! - **E1** An error is data: whoever catches one can match on it without reading its text.
//! - **E2** `{}` prints one line a fact, `{:#}` prints the whole story. Only mistakes of a declaration and references
//!   that are open at commit are several facts in one error.

mod apart;
mod conflict;
mod flush;
mod kind;
mod mistake;
mod misuse;
mod violation;

pub use apart::StandsApart;
pub use conflict::Conflict;
pub use flush::{FlushFact, ObjectHop};
pub use kind::{Error, ErrorKind, Result};
pub use mistake::{Fault, Mistake, closest};
pub use misuse::Misuse;
pub use violation::{Hop, RowFact, Rule, Violation};
