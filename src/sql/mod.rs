//! Statements and schemas as SQL text, for people and for other databases.
//!
//! A statement is a value, never a string; this room writes the string that a database would be given.
//! [`Statement::to_sql`](crate::query::Statement::to_sql) is for people: it needs nothing but the statement.
//! [`Statement::to_sql_for`](crate::query::Statement::to_sql_for) and [`Schema::to_sql`](crate::schema::Schema::to_sql)
//! are complete, and SQLite runs them. [`echo`] prints every statement of a connection.
//!
//! # How it reads
//! - Sources have aliases only where a name could mean two things: `t0`, `t1` in the statement itself, `s1_t0` in a
//!   select nested once. A select alone with one source has plain column names.
//! - Parentheses stand only where the text would mean something else without them.
//! - Parameters are `?1`, `?2` and so on. What only the schema or the input can tell stands as `…` in the text for
//!   people.
//!
//! # Where SQLite means something else
//! Booleans come back as 0 and 1. `%` of floats takes whole numbers. `lower` and `upper` know ASCII only. A scalar
//! subquery with several rows gives the first one instead of an error. An integer that overflows becomes a float. Text
//! is read as the nearest float to 15 digits only; pass floats as parameters where the last bit counts.
//!
//! # Invariants
//! - **L1** A statement renders without a schema, whatever it is.
//! - **L2** A literal reads back as the value that it stands for: a float to 15 digits at least, NaN, which SQLite does
//!   not have, as NULL.
//! - **L3** A complete text, run by SQLite on the same rows, does what the statement does here.
//!
//! # Not here
//! Running text elsewhere. Reading it and running it here is behind the feature `sql` (`read`, `session`). A further
//! database is a further [`Dialect`].

mod alias;
mod define;
mod dialect;
mod echo;
mod leaf;
#[cfg(feature = "sql")]
mod read;
mod scalar;
mod select;
#[cfg(feature = "sql")]
mod session;
mod source;
#[cfg(feature = "tracing")]
mod trace;
mod write;

pub use dialect::Dialect;
pub use echo::echo;
#[cfg(feature = "sql")]
pub use read::SqlDialect;
#[cfg(feature = "sql")]
pub use session::{SqlOutcome, SqlParameters, SqlSession};
#[cfg(feature = "tracing")]
pub use trace::{TARGET, trace};
