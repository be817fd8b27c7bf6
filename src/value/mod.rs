//! What one cell of a row can hold, and the two logics that everything above relies on.
//!
//! - [`Value`] owns a scalar, [`ValueRef`] borrows one from a row. Text and bytes are shared, so a clone is cheap.
//! - [`Kind`] is the type of a column.
//! - [`Truth`] is the three-valued logic of conditions.
//! - [`AsValue`] carries Rust types in and out.
//!
//! # Invariants
//! - **V1** Values have one total order, decided in `order` alone: NULL, then booleans, numbers, text, bytes, dates,
//!   timestamps, UUIDs. Integers, floats and decimals compare by their exact numeric value; `-0.0` equals `0.0`; NaN
//!   equals itself and is the greatest number. Text compares by code point: there is one collation, which knows no
//!   language and no case, so `'Z' < 'a' < 'ä'`, and two spellings of one character are two texts.
//! - **V2** Equal values hash alike.
//! - **V3** A comparison in a condition is `Unknown` as soon as one side is NULL; the total order never is.
//! - **V4** A conversion that would lose something is refused, never rounded or wrapped.
//!
//! # Features
//! `uuid`, `jiff` (dates and timestamps), `decimal` and `serde` bring further kinds and the traits of serde. A program
//! that leaves one out has no such variant, so a match on values names what it handles.
//!
//! # Not here
//! What a column may hold beyond its kind (`schema`), expressions over values (`expr`).

mod convert;
#[cfg(feature = "decimal")]
mod decimal;
mod further;
pub(crate) mod json;
mod kind;
mod order;
mod scalar;
#[cfg(feature = "serde")]
mod serial;
mod text;
mod truth;

pub use convert::{AsValue, Id, Mismatch};
pub use kind::Kind;
pub use scalar::{Value, ValueRef};
pub use truth::Truth;
