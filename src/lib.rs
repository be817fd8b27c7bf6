//! wip
pub mod error;
pub mod expr;
pub mod id;
pub mod record;
pub mod schema;
pub mod value;
