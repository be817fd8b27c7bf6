//! What the expansion of `derive(Entity)` names. No interface: it changes with the derive.
//!
//! The functions reach a column's type through [`Field`] alone. So a type that cannot be a column is refused once,
//! where the derive writes `impl Field`, and not again in each body that reads, writes or declares it.

use std::sync::Arc;

pub use crate::id::{ColumnId, RelationId};
pub use crate::object::{
    Cascade, Class, CollectionKind, Entity, Field, Lazy, Many, Optional, PassiveDeletes, Query, Relation, Relationship,
    Required, Writable, field_name, relation_name,
};
pub use crate::query::Direction;
pub use crate::record::{Record, Row};
pub use crate::schema::{Action, Column, ForeignKey, Table};
pub use crate::value::{AsValue, Kind, Mismatch, Value, ValueRef};

/// Borrows the scalar of a column.
#[inline]
pub fn read<F: Field>(_: F, cell: &F::Value) -> ValueRef<'_> {
    cell.as_value()
}

/// Puts a scalar into a column; the cell is as before if it does not fit.
#[inline]
pub fn write<F: Field>(_: F, cell: &mut F::Value, value: Value) -> Result<(), Mismatch> {
    *cell = F::Value::from_value(value)?;
    Ok(())
}

/// What a draft holds in a column.
#[inline]
pub fn draft_of<F: Field>(_: F) -> F::Value {
    F::Value::draft()
}

/// The declaration of a column.
pub fn column_of<F: Field>(_: F) -> Column {
    Column::of::<F::Value>(F::NAME)
}

/// The class a relation leads to.
pub fn class_of<R: Relation>(_: R) -> &'static str {
    <R::Target as Entity>::CLASS
}

/// The table a relation leads to.
pub fn table_of<R: Relation>(_: R) -> &'static str {
    <R::Target as Entity>::TABLE
}

/// A copy of a row that nobody else holds.
pub fn duplicate<E: Entity>(row: &E) -> Row {
    Arc::new(row.clone())
}

/// A struct that is stored as its one field. The derive of `AsValue` names the field's type here alone.
pub trait Newtype {
    /// The field.
    type Inner: AsValue;
}

/// The kind of the field.
pub const fn inner_kind<N: Newtype>() -> Kind {
    <N::Inner as AsValue>::KIND
}

/// Whether the field may be NULL.
pub const fn inner_nullable<N: Newtype>() -> bool {
    <N::Inner as AsValue>::NULLABLE
}

/// Borrows the scalar of the field.
#[inline]
pub fn inner_read<N: Newtype>(cell: &N::Inner) -> ValueRef<'_> {
    cell.as_value()
}

/// The field that holds a scalar.
///
/// # Errors
/// When it does not fit.
pub fn inner_take<N: Newtype>(value: Value) -> Result<N::Inner, Mismatch> {
    N::Inner::from_value(value)
}

/// What a draft of the field holds.
pub fn inner_draft<N: Newtype>() -> N::Inner {
    N::Inner::draft()
}
