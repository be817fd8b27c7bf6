//! The engine beside PostgreSQL: deferrable constraints, RESTRICT and its timing, MATCH SIMPLE, actions on update and
//! delete, on random histories; and random queries with window functions, INTERSECT ALL and EXCEPT ALL, ANY and ALL, and
//! sources that read others (LATERAL).
//!
//! Run with `cargo test --manifest-path tests/postgres/Cargo.toml`. The tests start a server of their own on a socket in
//! a temporary directory, as a user without privileges, if `initdb` is on the path or where packages put it. If it is
//! not, they say that they were skipped. `DIPTYCH_HISTORIES`, `DIPTYCH_QUERIES` and `DIPTYCH_SEED` are those of the comparison with
//! SQLite, whose schemas, histories and rules are used here too.
//!
//! # Where PostgreSQL differs
//! - A unique key that is not deferrable is judged row by row (`UniqueAtTheEnd`). Most keys here are deferrable, which
//!   are judged at the end of the statement as they are in this engine.
//! - Actions are triggers, which fire by row and name after the statement: whether RESTRICT finds a row that another
//!   action removes, whether a row is updated before it is deleted, which rows refer to a key when it is changed in
//!   several steps, depends on that order (`RestrictWhateverTheOrder`, `DeletionWins`, `SetInTheSameStatement`,
//!   `FollowsInSteps`). Here no outcome depends on an order.
//! - SET DEFAULT refuses at once when the default is the very key that goes, even where the foreign key is deferred
//!   (`DefaultJudgedAtOnce`).
//! - It judges foreign keys row by row, as its triggers have their turns, where only the outcome counts here
//!   (`JudgedInTurn`).
//! - Of queries, only what it refuses: a FULL JOIN without an equality, and types that it finds no common one for.
//! - A commit that is refused rolls back. Here the transaction stays open to be mended; the histories roll it back.
#![cfg(test)]

#[path = "../../it/differential/cell.rs"]
mod cell;
#[path = "../../it/differential/choices.rs"]
mod choices;
#[path = "../../it/differential/compare.rs"]
mod compare;
#[path = "../../it/differential/difference.rs"]
mod difference;
mod histories;
#[path = "../../it/differential/history.rs"]
mod history;
mod other;
#[path = "../../it/differential/ours.rs"]
mod ours;
mod queries;
#[path = "../../it/differential/query.rs"]
mod query;
#[path = "../../it/differential/query_terms.rs"]
mod query_terms;
#[path = "../../it/differential/query_text.rs"]
mod query_text;
#[path = "../../it/differential/query_windows.rs"]
mod query_windows;
#[path = "../../it/differential/render.rs"]
mod render;
#[path = "../../it/differential/rules.rs"]
mod rules;
#[path = "../../it/differential/schema.rs"]
mod schema;
mod server;
#[path = "../../it/differential/shrink.rs"]
mod shrink;
#[path = "../../it/differential/side.rs"]
mod side;
mod times;
#[path = "../../it/differential/worlds.rs"]
mod worlds;
