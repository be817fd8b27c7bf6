//! Who sees which version, and who may publish the next one.
//!
//! A [`Database`] holds the current version. A [`Transaction`] works on a version of its own, made from it in constant
//! time, and commit publishes that version. Readers take a [`Snapshot`] and never wait for a writer's work, nor a
//! writer for them; the lock they share is held while one reference count changes. Commits take turns among themselves.
//!
//! # Commit
//! 1. Judge what was deferred; what is open refuses the commit, and the transaction stays open to be mended.
//! 2. If nobody has committed since the transaction began, its version becomes the current one.
//! 3. Otherwise its differences are carried over to the current version: a row that another transaction has changed
//!    too, or a unique key that another one has taken, is a conflict; the first committer wins.
//! 4. Every reference that the differences touch is judged again on the version that results, so that no interleaving
//!    leaves a dangling key.
//!
//! # Isolation
//! Snapshot isolation. Dirty, non-repeatable and phantom reads and lost updates do not occur. Write skew does: two
//! transactions that each read what the other writes, and write different rows, both commit. A transaction that only
//! reads may then see a combination that no order of the others explains.
//!
//! # Another schema
//! [`Database::altered`] makes a new database of the same rows: a schema, like a version, is a value.
//!
//! # Invariants
//! - **D1** A published version never changes, and satisfies every constraint.
//! - **D2** A transaction that fails or is dropped leaves the current version as it was.
//! - **D3** A fork shares nothing that either side can change.
//!
//! # Not here
//! Statements (`query`), constraints (`integrity`).

mod alter;
mod commit;
mod database;
mod sequences;
mod transaction;

pub use database::{Database, Snapshot, Version};
pub use transaction::{Savepoint, Transaction};
