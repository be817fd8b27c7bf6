//! What comes out of a query.

use crate::error::{Misuse, Result};
use crate::record::Row;
use crate::value::{AsValue, Value};

/// The rows of a result. Whole rows and scalars are kept apart, each as one flat list, so that a result of whole rows is
/// nothing but their reference counts.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    pub(super) count: usize,
    pub(super) row_width: usize,
    pub(super) rows: Vec<Option<Row>>,
    pub(super) value_width: usize,
    pub(super) values: Vec<Value>,
}

impl Rows {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The whole rows that came out at a place of the result, one for each [`Output::Row`](super::Output::Row); `None`
    /// where a left join found no partner.
    pub fn rows_at(&self, position: usize) -> &[Option<Row>] {
        &self.rows[position * self.row_width..][..self.row_width]
    }

    /// The scalars at a place of the result, one for each [`Output::Value`](super::Output::Value).
    pub fn values_at(&self, position: usize) -> &[Value] {
        &self.values[position * self.value_width..][..self.value_width]
    }

    /// The whole rows of a result that has one of them each.
    pub fn into_rows(self) -> impl Iterator<Item = Row> {
        self.rows.into_iter().flatten()
    }

    /// How many whole rows each result row has.
    pub fn row_width(&self) -> usize {
        self.row_width
    }

    /// Takes the whole rows, `row_width` for each result row.
    pub fn into_cells(self) -> Vec<Option<Row>> {
        self.rows
    }

    /// The scalars as typed tuples.
    ///
    /// # Errors
    /// When there are fewer scalars than the tuple has members, or one is of another type.
    pub fn typed<T: FromValues>(&self) -> Result<Vec<T>> {
        let mut typed = Vec::with_capacity(self.count);
        for position in 0..self.count {
            typed.push(T::from_values(self.values_at(position))?);
        }
        Ok(typed)
    }

    /// All scalars, row by row.
    pub fn to_values(&self) -> Vec<Vec<Value>> {
        (0..self.count).map(|position| self.values_at(position).to_vec()).collect()
    }
}

/// A typed row of scalars: a column type, or a tuple of up to six.
pub trait FromValues: Sized {
    /// Reads the row.
    ///
    /// # Errors
    /// When a scalar is missing or of another type.
    fn from_values(values: &[Value]) -> Result<Self>;
}

fn member<T: AsValue>(values: &[Value], position: usize) -> Result<T> {
    let missing = || Misuse::Parameters { expected: position + 1, given: values.len() };
    let value = values.get(position).ok_or_else(missing)?;
    Ok(T::from_value(value.clone())?)
}

impl<T: AsValue> FromValues for T {
    fn from_values(values: &[Value]) -> Result<Self> {
        member(values, 0)
    }
}

macro_rules! tuples {
    ($(($($name:ident $at:literal),+);)*) => {$(
        impl<$($name: AsValue),+> FromValues for ($($name,)+) {
            fn from_values(values: &[Value]) -> Result<Self> {
                Ok(($(member::<$name>(values, $at)?,)+))
            }
        }
    )*};
}

tuples! {
    (A 0);
    (A 0, B 1);
    (A 0, B 1, C 2);
    (A 0, B 1, C 2, D 3);
    (A 0, B 1, C 2, D 3, E 4);
    (A 0, B 1, C 2, D 3, E 4, F 5);
}
