//! What code that uses Diptych imports: `use diptych::prelude::*;`.

pub use crate::error::Result;
#[cfg(feature = "objects")]
pub use crate::object::session::Member;
#[cfg(feature = "objects")]
pub use crate::object::{
    Detached, Entity, Field, FieldAssignment, FieldExpression, IsA, JoinRelation, LoadRelation, OneOf, ProxyRelation,
    Query, Ref, Relation, Session, ToManyCondition, ToOneCondition, View, Views,
};
pub use crate::txn::Database;
pub use crate::value::Id;
#[cfg(feature = "objects")]
pub use diptych_derive::{AsValue, Entity};
