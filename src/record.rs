//! One row, two faces: the relational face reads a user's struct by column position, the object face is `&Struct`.
//!
//! A [`Row`] is shared. The table, every snapshot and every session that has read it hold the same allocation, so
//! reading copies nothing, and the first edit makes a copy of its own.
//!
//! # Invariants
//! - **R1** `get` of a column below `width` never fails, and `set` then `get` gives the value back.
//! - **R2** A row that others hold is never changed; [`edit`] copies it first.

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use crate::id::{ColumnId, ColumnSet};
use crate::value::{Mismatch, Value, ValueRef};

/// A row as a table sees it: scalars by column position.
///
/// The derive writes this for an entity; [`Tuple`] is the row of a table that is known only at run time.
pub trait Record: Any + Send + Sync + Debug {
    /// The number of columns.
    fn width(&self) -> usize;

    /// The scalar in a column; NULL beyond the last one.
    fn get(&self, column: ColumnId) -> ValueRef<'_>;

    /// Puts a scalar into a column.
    ///
    /// # Errors
    /// [`Mismatch`] when the column's Rust type cannot hold it, or there is no such column; the row is as before.
    fn set(&mut self, column: ColumnId, value: Value) -> Result<(), Mismatch>;

    /// A copy that nobody else holds.
    fn duplicate(&self) -> Row;

    /// The columns in which another row of the same table differs so that an expression could tell.
    ///
    /// The derive compares field by field where the other row is the same struct, which takes a fifth of the time that
    /// asking both for each scalar takes.
    fn differing(&self, other: &dyn Record) -> ColumnSet {
        let width = self.width();
        scalars_differing(|it| self.get(it), other, width)
    }

    /// The row of the base class with which this row begins, if its class extends one.
    fn base(&self) -> Option<&dyn Record> {
        None
    }

    /// The same, for changing.
    fn base_mut(&mut self) -> Option<&mut dyn Record> {
        None
    }
}

/// A shared row.
pub type Row = Arc<dyn Record>;

/// The row for changing: in place when nobody else holds it, after copying it otherwise (R2).
pub fn edit(row: &mut Row) -> &mut dyn Record {
    if Arc::get_mut(row).is_none() {
        *row = row.duplicate();
    }
    Arc::get_mut(row).expect("a duplicate is held by nobody else")
}

/// The struct that a row is, or that stands in it as the row of one of its bases.
#[inline(always)]
pub fn seen_as<T: Any>(row: &dyn Record) -> Option<&T> {
    match (row as &dyn Any).downcast_ref() {
        Some(whole) => Some(whole),
        None => base_seen_as(row),
    }
}

/// What is seen mostly is the whole row; this stands apart so that the question for it is all that is inlined.
#[cold]
fn base_seen_as<T: Any>(row: &dyn Record) -> Option<&T> {
    seen_as(row.base()?)
}

/// The same, for changing.
pub fn seen_as_mut<T: Any>(row: &mut dyn Record) -> Option<&mut T> {
    if (row as &dyn Any).is::<T>() {
        return (row as &mut dyn Any).downcast_mut();
    }
    seen_as_mut(row.base_mut()?)
}

/// The columns in which two rows of the same table differ.
pub fn changed_columns(a: &dyn Record, b: &dyn Record) -> Vec<ColumnId> {
    a.differing(b).iter().collect()
}

/// The columns in which two rows of the same table differ, by asking both for each scalar.
pub(crate) fn scalars_differing<'r>(
    get: impl Fn(ColumnId) -> ValueRef<'r>,
    other: &dyn Record,
    width: usize,
) -> ColumnSet {
    let mut found = ColumnSet::default();
    for column in (0..width).map(|position| ColumnId(position as u16)) {
        found.note(column, !get(column).is_identical(other.get(column)));
    }
    found
}

/// The row of a table that is known only at run time: a list of scalars.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tuple(Box<[Value]>);

impl Tuple {
    /// A row of these scalars.
    pub fn new(values: impl IntoIterator<Item = Value>) -> Self {
        Tuple(values.into_iter().collect())
    }

    /// A row of `width` NULLs.
    pub fn nulls(width: usize) -> Self {
        Tuple(vec![Value::Null; width].into())
    }

    /// The scalars in column order.
    pub fn values(&self) -> &[Value] {
        &self.0
    }

    /// The tuple as a shared row.
    pub fn into_row(self) -> Row {
        Arc::new(self)
    }
}

impl Record for Tuple {
    fn width(&self) -> usize {
        self.0.len()
    }

    #[inline]
    fn get(&self, column: ColumnId) -> ValueRef<'_> {
        self.0.get(column.index()).map_or(ValueRef::Null, Value::as_ref)
    }

    fn set(&mut self, column: ColumnId, value: Value) -> Result<(), Mismatch> {
        match self.0.get_mut(column.index()) {
            Some(cell) => *cell = value,
            None => return Err(Mismatch::new(value, "within the columns of the table")),
        }
        Ok(())
    }

    fn duplicate(&self) -> Row {
        Arc::new(self.clone())
    }
}

/// The scalars of a row in column order.
pub fn values(row: &dyn Record) -> Vec<Value> {
    (0..row.width()).map(|position| row.get(ColumnId(position as u16)).to_value()).collect()
}

/// The scalars of some columns of a row.
pub fn project(row: &dyn Record, columns: &[ColumnId]) -> Vec<Value> {
    columns.iter().map(|&column| row.get(column).to_value()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R1 and R2 on the row of run-time tables.
    #[test]
    fn r1_r2_a_shared_row_is_copied_before_it_changes() {
        let mut row = Tuple::new([1.into(), "a".into()]).into_row();
        let reader = row.clone();
        edit(&mut row).set(ColumnId(1), "b".into()).unwrap();
        assert_eq!(reader.get(ColumnId(1)), ValueRef::Text("a"));
        assert_eq!(row.get(ColumnId(1)), ValueRef::Text("b"));
        assert_eq!(changed_columns(&*reader, &*row), [ColumnId(1)]);
        assert!(edit(&mut row).set(ColumnId(2), Value::Null).is_err());
        assert!(row.get(ColumnId(2)).is_null());
    }
}
