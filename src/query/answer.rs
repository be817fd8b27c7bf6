//! What a subquery has answered, kept for the rest of the statement where nothing around it matters.

use rustc_hash::FxHashSet;

use super::rows::Rows;
use crate::value::{Truth, Value, ValueRef};

/// The first column of what a subquery brought.
pub(super) struct Answer {
    pub(super) first: Value,
    pub(super) count: usize,
    members: FxHashSet<Value>,
    has_null: bool,
}

impl Answer {
    /// Reads it off the rows.
    pub(super) fn of(rows: &Rows) -> Self {
        let value = |at| rows.values_at(at).first().cloned().unwrap_or_default();
        let mut members: FxHashSet<Value> = (0..rows.len()).map(value).collect();
        let has_null = members.remove(&Value::Null);
        let first = if rows.is_empty() { Value::Null } else { value(0) };
        Answer { first, count: rows.len(), members, has_null }
    }

    /// Only whether anything came.
    pub(super) fn whether(found: bool) -> Self {
        Answer { count: usize::from(found), ..Answer::of(&Rows::default()) }
    }

    /// What it holds apart from NULL, each once and in order.
    pub(super) fn members(&self) -> Vec<&Value> {
        let mut members: Vec<&Value> = self.members.iter().collect();
        members.sort_unstable();
        members
    }

    /// `needle IN (…)`: unknown where a NULL might have been it.
    pub(super) fn contains(&self, needle: ValueRef<'_>) -> Truth {
        if self.count == 0 {
            Truth::False
        } else if needle.is_null() {
            Truth::Unknown
        } else if self.members.contains(&needle.to_value()) {
            Truth::True
        } else if self.has_null {
            Truth::Unknown
        } else {
            Truth::False
        }
    }
}
