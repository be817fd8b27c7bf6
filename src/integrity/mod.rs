//! Constraints, and what a statement sets in motion.
//!
//! Given an [`Image`](crate::store::Image) and the rows that one statement names, this room answers: what else must
//! change, or why must the statement fail? It commits nothing.
//!
//! # Steps
//! 1. Fill generated keys; judge NOT NULL, types and CHECK row by row (`rows`).
//! 2. Plan the foreign key actions on a worklist (`walk`); the image is not touched.
//! 3. Apply the plan (`apply`); unique keys are judged when all rows have their new version.
//! 4. Judge the references that the statement touched, at its end (`references`), and the deferrable keys (`keys`).
//! 5. Note what is deferred in the [`Ledger`]; commit judges it, or [`set_constraints`] before it.
//!
//! # Rules where databases differ
//! - NO ACTION and UNIQUE are judged at the end of the statement, RESTRICT at once: it refuses as long as a row refers
//!   that the statement does not name itself, even one that another path of the same plan would remove. So no outcome
//!   depends on the order in which paths are followed.
//! - A row that is to be deleted is not also updated: deletion wins over SET NULL and SET DEFAULT.
//! - A key change moves the rows that referred to the old key when the statement began, unless the statement itself
//!   gives them another reference.
//! - Where foreign keys share a column and set it differently, SET NULL decides before CASCADE and CASCADE before SET
//!   DEFAULT, whatever their order.
//! - Only the version in which a row leaves the statement is judged, not those that one action makes for the next.
//!
//! # Invariants
//! - **I1** A plan names a row at most once, whatever the number of ways to it.
//! - **I2** Planning leaves the image as it was.
//! - **I3** After step 4 every immediate rule holds for every row the statement touched.
//! - **I4** The ledger is a set of facts, not a count, so a commit can name what is open.
//! - **I5** A statement that fails leaves the image as it was.
//!
//! # Not here
//! Isolation and commit (`txn`); cascades between objects (`object`).

mod alter;
mod apply;
mod children;
mod draw;
mod explain;
mod facts;
mod json;
mod keys;
mod ledger;
mod outline;
mod plan;
mod preview;
mod references;
mod rows;
mod walk;

pub use alter::{DefaultOf, alter};
pub use apply::{apply, apply_and_insert, insert};
pub use explain::Explained;
pub use facts::{fact, taken};
pub use ledger::{Constraint, Ledger, Mark, Open, set_constraints};
pub use outline::{Outline, OutlinedCause, OutlinedRefusal, OutlinedStep};
pub use plan::{ActionPlan, Cause, Effect, Step};
pub use preview::{Preview, Refusal, preview_delete, preview_update};
pub use references::{Check, dangling, judge};
pub use rows::{judge as judge_alone, settle};
pub use walk::{plan_delete, plan_update};
