//! What the expansion of `derive(Entity)` names. No interface: it changes with the derive.
//!
//! The functions reach a column's type through [`Field`] alone. So a type that cannot be a column is refused once,
//! where the derive writes `impl Field`, and not again in each body that reads, writes or declares it.

use std::any::Any;
use std::sync::Arc;

pub use crate::id::{ColumnId, ColumnSet, RelationId};
pub use crate::object::{
    Cascade, Class, CollectionKind, Entity, Extends, Extensible, Field, Inheritance, IsA, Lazy, Many, Optional,
    PassiveDeletes, Polymorphic, Query, Relation, Relationship, Required, SubclassLoad, Writable, field_name,
    relation_name,
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

/// Whether a column holds different scalars in two rows.
#[inline]
pub fn differs<F: Field>(_: F, cell: &F::Value, other: &F::Value) -> bool {
    !cell.as_value().is_identical(other.as_value())
}

/// The columns in which two rows differ: by field where both are the same struct, by scalar otherwise.
#[inline]
pub fn differing<E: Entity>(row: &E, other: &dyn Record, by_field: impl Fn(&E, &mut ColumnSet)) -> ColumnSet {
    match (other as &dyn Any).downcast_ref::<E>() {
        Some(other) => {
            let mut found = ColumnSet::default();
            by_field(other, &mut found);
            found
        }
        None => crate::record::scalars_differing(|it| row.get(it), other, row.width()),
    }
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

/// The class that another one extends.
pub type BaseOf<E> = <E as Extends>::Base;

/// How many columns come before those that a class adds.
pub const fn columns_before<E: Extends>() -> u16 {
    <E::Base as Entity>::COLUMNS
}

/// How many relations come before those that a class adds.
pub const fn relations_before<E: Extends>() -> u16 {
    <E::Base as Entity>::RELATIONS
}

/// The table of the base.
pub const fn base_table<E: Extends>() -> &'static str {
    <E::Base as Entity>::TABLE
}

/// A draft of the row of the base.
pub fn base_draft<E: Extends>() -> E::Base {
    <E::Base as Entity>::draft()
}

/// Borrows the scalar of a column of the base.
#[inline]
pub fn base_read<E: Extends>(base: &E::Base, column: ColumnId) -> ValueRef<'_> {
    base.get(column)
}

/// Puts a scalar into a column of the base; the row is as before if it does not fit.
pub fn base_write<E: Extends>(base: &mut E::Base, column: ColumnId, value: Value) -> Result<(), Mismatch> {
    base.set(column, value)
}

/// The row of the base.
pub fn base_row<E: Extends>(base: &E::Base) -> &dyn Record {
    base
}

/// The same, for changing.
pub fn base_row_mut<E: Extends>(base: &mut E::Base) -> &mut dyn Record {
    base
}

/// How many columns a row has.
#[inline]
pub fn width<E: Entity>() -> usize {
    usize::from(E::COLUMNS)
}

/// The position of a column among those that a class adds; `None` for one of its base.
#[inline]
pub fn behind_base<E: Extends>(column: ColumnId) -> Option<usize> {
    column.index().checked_sub(usize::from(columns_before::<E>()))
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
