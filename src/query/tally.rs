//! Counts and sums of integers, which most aggregates are: a few numbers for each group, side by side, so that many
//! groups stay in the caches.

use super::leaf::Aggregate;
use super::plan::BoundAggregate;
use crate::id::ColumnId;
use crate::record::Record;
use crate::value::{Value, ValueRef};

/// Counts and sums of groups.
pub(super) struct Tally {
    of: Vec<Counted>,
    /// How many numbers a group has.
    width: usize,
    numbers: Vec<i64>,
}

/// What is counted, and where its numbers are within those of a group.
enum Counted {
    Rows {
        at: usize,
    },
    Values {
        at: usize,
        column: ColumnId,
    },
    /// The sum, and behind it of how many values.
    Sum {
        at: usize,
        column: ColumnId,
    },
}

impl Tally {
    /// For these aggregates of these columns, if all of them are counts and sums.
    pub(super) fn of(aggregates: &[BoundAggregate], operands: &[Option<ColumnId>]) -> Option<Self> {
        let (mut of, mut width) = (Vec::with_capacity(aggregates.len()), 0);
        for (aggregate, operand) in aggregates.iter().zip(operands) {
            let at = width;
            let (counted, more) = match (aggregate.function, *operand) {
                _ if aggregate.distinct => return None,
                (Aggregate::Count, None) => (Counted::Rows { at }, 1),
                (Aggregate::Count, Some(column)) => (Counted::Values { at, column }, 1),
                (Aggregate::Sum, Some(column)) => (Counted::Sum { at, column }, 2),
                _ => return None,
            };
            of.push(counted);
            width += more;
        }
        Some(Tally { of, width, numbers: Vec::new() })
    }

    /// Begins a group.
    #[inline]
    pub(super) fn begin(&mut self) {
        self.numbers.resize(self.numbers.len() + self.width, 0);
    }

    /// Takes a row of a group; says whether that could be done, which it cannot where a sum is no integer.
    #[inline]
    pub(super) fn take(&mut self, place: usize, row: &dyn Record) -> bool {
        let numbers = &mut self.numbers[place * self.width..][..self.width];
        for counted in &self.of {
            match *counted {
                Counted::Rows { at } => numbers[at] += 1,
                Counted::Values { at, column } => numbers[at] += i64::from(!row.get(column).is_null()),
                Counted::Sum { at, column } => match row.get(column) {
                    ValueRef::Int(it) => {
                        let Some(sum) = numbers[at].checked_add(it) else { return false };
                        numbers[at] = sum;
                        numbers[at + 1] += 1;
                    }
                    ValueRef::Null => {}
                    _ => return false,
                },
            }
        }
        true
    }

    /// What came out for a group, aggregate by aggregate.
    pub(super) fn values(&self, place: usize) -> impl Iterator<Item = Value> {
        let numbers = &self.numbers[place * self.width..][..self.width];
        self.of.iter().map(move |it| match *it {
            Counted::Rows { at } | Counted::Values { at, .. } => Value::Int(numbers[at]),
            Counted::Sum { at, .. } if numbers[at + 1] == 0 => Value::Null,
            Counted::Sum { at, .. } => Value::Int(numbers[at]),
        })
    }
}
