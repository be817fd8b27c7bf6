//! wip
pub mod error;
pub mod expr;
pub mod id;
pub mod integrity;
pub mod record;
pub mod schema;
pub mod store;
pub mod txn;
pub mod value;
pub use error::{Error,Result};
pub use txn::Database;
pub use schema::{Schema,Table,Column};
