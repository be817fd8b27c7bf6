//! A second opinion on constraints and foreign key actions: slow, obvious, and written from the documentation of
//! PostgreSQL.
//!
//! Rows are lists of values in vectors. There is no index, no worklist and no order: everything that refers is found by
//! looking at every row, and the outcome of a statement is the fixpoint of rules that are applied until nothing
//! changes. An [`Oracle`] is given a schema and one statement after the other, and gives an [`Answer`] to each.
//!
//! # Rules
//! 1. A row refers to another by a foreign key if the columns hold the same and none is NULL (MATCH SIMPLE).
//! 2. What a statement names goes or changes. ON DELETE CASCADE adds rows until no more are added.
//! 3. RESTRICT refuses if a row refers that the statement does not name, or to which it does not give another
//!    reference, whatever another action would do to that row.
//! 4. A row that stays and referred to one that goes, or to one that gets another key, has its columns set: SET NULL
//!    counts more than CASCADE, and CASCADE more than SET DEFAULT, where several foreign keys set one column. A reference
//!    that the statement itself changes is left as the statement says.
//! 5. Everything else, NO ACTION included, is judged on all rows when the statement has ended, and what is deferred at
//!    commit.
//!
//! Rules 3 and 4 say what PostgreSQL leaves to the order of triggers; the front page of
//! [`integrity`](crate::integrity) has the same reading. Where the rules leave something open, the oracle answers
//! [`Answer::Open`] instead of guessing.
//!
//! # Invariants
//! - **W1** The oracle shares with the engine the shapes of values, expressions and schemas, and nothing that decides.
//! - **W2** Whatever the oracle decides, the engine does: accepted or refused, by which constraint, with which planned
//!   actions, and with which rows in the end.
//! - **W3** The answer does not depend on the order of rows.
//! - **W4** What the rules leave open is said to be open.
//!
//! # Not here
//! Isolation, indexes, what fills or converts values, and statements above the level of rows. Start with `actions`.

mod actions;
mod evaluate;
mod rules;
mod session;
mod world;

pub use actions::{Because, Effect, Planned};
pub use rules::Refusal;
pub use session::{Answer, Oracle, RowStatement};
pub use world::{Cells, Place, World};
