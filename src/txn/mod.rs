//! Who sees which version, who may publish the next one, and what lies between them.
//!
//! A [`Database`] holds the current version. A [`Transaction`] works on a version of its own, made from it in constant
//! time, and commit publishes that version. Readers take a [`Snapshot`] and never wait for a writer's work, nor a
//! writer for them; the lock they share is held while one reference count changes. Commits take turns among themselves.
//!
//! # Commit
//! 1. Judge what was deferred; what is open refuses the commit, and the transaction stays open to be mended.
//! 2. If nobody has committed since the transaction began, its version is the next one.
//! 3. Otherwise its differences are carried over to the current version (`carry`): a row that another transaction has
//!    changed too, or a unique key that another one has taken, is a conflict; the first committer wins.
//! 4. Every reference that the differences touch is judged again on the version that results, so that no interleaving
//!    leaves a dangling key.
//! 5. The feeds make room or refuse, the version becomes the current one, and the feeds are told.
//!
//! # Isolation
//! Snapshot isolation. Dirty, non-repeatable and phantom reads and lost updates do not occur. Write skew does: two
//! transactions that each read what the other writes, and write different rows, both commit. A transaction that only
//! reads may then see a combination that no order of the others explains.
//!
//! # Versions
//! Each commit makes a [`Version`]. Earlier ones are kept as [`Retention`] says, none by default. Between two versions
//! lies a [`Diff`], found by leaving out what they share. An undo, a [merge](Database::merge) and a
//! [replay](Database::replay) carry differences over as a commit after others does, but report every conflict, and two
//! sides that come to the same row agree.
//!
//! The version that a commit replaces serves the next transaction for editing in place (`spare`); with history kept, it
//! does not, since somebody holds it.
//!
//! # The change feed
//! Each commit is a [`ChangeSet`]: rows before and after, why, who, when. It goes to subscribers over bounded queues.
//! What happens when one is full is the subscriber's choice ([`WhenFull`]): by default the commit goes on and the
//! subscriber finds a gap that names the versions it lacks. There is no thread behind it; a commit fills the queues.
//!
//! # Another schema
//! [`Database::altered`] makes a new database of the same rows: a schema, like a version, is a value.
//!
//! # Invariants
//! - **D1** A published version never changes, and satisfies every constraint.
//! - **D2** A transaction that fails or is dropped leaves the current version as it was.
//! - **D3** A fork shares nothing that either side can change.
//!   (Both write down which indexes were read, which decides nothing.)
//! - **D4** The change sets of a feed without a gap, applied to the version it began with, give the current version.
//! - **D5** A merge, an undo or a replay happens whole or not at all.
//!
//! # Not here
//! Statements (`query`), constraints (`integrity`).

mod alter;
mod branch;
mod carry;
mod changes;
mod commit;
mod database;
mod difference;
mod dump;
mod feed;
mod history;
mod index_reads;
mod journal;
mod rehearsal;
mod sequences;
mod snapshot;
mod spare;
mod sync;
mod transaction;

pub use changes::{Cause, ChangeSet, Origin, RowChange};
pub use database::Database;
pub use difference::{Diff, RowDifference};
pub use dump::{DumpedTable, RowsDump};
pub use feed::{Event, Feed, Subscription, WhenFull};
pub use history::{Bounds, Retention, Version};
pub use snapshot::Snapshot;
pub use transaction::{Savepoint, Transaction};
