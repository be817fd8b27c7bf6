//! Running SQL text against a database.
//!
//! A [`SqlSession`] holds a database and replaces it by another value when a statement changes the schema; everything
//! else goes through its one [`Connection`](crate::query::Connection). What was asked once is kept ready: the same text
//! is read and planned again only after the schema changed.
//!
//! # Invariants
//! - **L5** A statement that fails leaves rows and schema as they were.

mod define;
mod open;
mod outcome;
mod parameters;
mod pragma;
mod run;
mod truncate;

pub use open::SqlSession;
pub use outcome::SqlOutcome;
pub use parameters::SqlParameters;
