//! Rows from CSV files, for the examples that read data sets, and for the tests and the fuzz target that hold the reader
//! to what it promises.

#![allow(unused_imports, reason = "each of its users takes what it needs")]

mod fault;
mod rows;
mod source;

pub use fault::Fault;
pub use rows::{Refusal, add_rows};
pub use source::{Record, Source};
