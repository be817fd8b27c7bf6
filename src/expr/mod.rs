//! Scalar expressions over rows, generic in their leaf.
//!
//! What stands at the leaf differs by phase: a stored CHECK holds columns of its own table, a statement holds names
//! and parameters, a bound statement holds positions. Each phase has its own leaf type, so a subquery cannot be
//! stored by mistake and a name cannot reach the executor.
//!
//! Operators are strict; what SQLite makes of the same operators with other operands are functions of their own, and
//! [`Function`]'s file says why. Functions are rows of a table: name, operands, type, body. A [`UserFunction`] is a
//! value that stands in the expression itself, so nothing has to be looked up when it runs.
//!
//! # Invariants
//! - **X1** Evaluation never panics: what an operation is not defined for is an error that shows its operands.
//! - **X2** Integer arithmetic that leaves 64 bits is an error, never a wrap. SQLite's reading makes a float of it.
//!
//! # Not here
//! Aggregates and subqueries (`query`): they are leaves.

mod build;
mod cast;
mod evaluate;
mod function;
mod further;
mod moment;
mod node;
mod operator;
mod pattern;
mod replace;
mod typing;
mod user;

pub use build::Expression;
pub use cast::{Affinity, Cast};
pub use evaluate::{Environment, Scalar};
pub use function::Function;
pub use moment::{Clock, Moment};
pub use node::{Case, Expr, Like};
pub use operator::{Arithmetic, Comparison};
pub use pattern::Matching;
pub use replace::Replace;
pub use typing::Type;
pub use user::UserFunction;
