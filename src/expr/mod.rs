//! Scalar expressions over rows, generic in their leaf.
//!
//! What stands at the leaf differs by phase: a stored CHECK holds columns of its own table, a statement holds names
//! and parameters, a bound statement holds positions. Each phase has its own leaf type, so a subquery cannot be
//! stored by mistake and a name cannot reach the executor.
//!
//! # Invariants
//! - **X1** Evaluation never panics: what an operation is not defined for is an error that shows its operands.
//! - **X2** Integer arithmetic that leaves 64 bits is an error, never a wrap.
//!
//! # Not here
//! Aggregates and subqueries (`query`): they are leaves.

mod build;
mod evaluate;
mod function;
mod node;

pub use build::Expression;
pub use evaluate::{Environment, Scalar};
pub use function::Function;
pub use node::{Arithmetic, Comparison, Expr, Replace};
