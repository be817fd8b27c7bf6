//! What a subquery has answered, kept for the rest of the statement where nothing around it matters.

use rustc_hash::FxHashSet;

use super::leaf::Quantifier;
use super::rows::Rows;
use crate::expr::Comparison;
use crate::value::{Truth, Value, ValueRef};

/// What a subquery brought.
pub(super) struct Answer {
    pub(super) first: Value,
    pub(super) count: usize,
    /// The first column.
    members: FxHashSet<Value>,
    has_null: bool,
    /// All columns, where there are several: rows without NULL, and those with one.
    whole: FxHashSet<Vec<Value>>,
    with_null: Vec<Vec<Value>>,
}

impl Answer {
    /// Reads it off the rows.
    pub(super) fn of(rows: &Rows) -> Self {
        let value = |at| rows.values_at(at).first().cloned().unwrap_or_default();
        let mut members: FxHashSet<Value> = (0..rows.len()).map(value).collect();
        let has_null = members.remove(&Value::Null);
        let first = if rows.is_empty() { Value::Null } else { value(0) };
        let (mut whole, mut with_null) = (FxHashSet::default(), Vec::new());
        if rows.value_width > 1 {
            for row in (0..rows.len()).map(|it| rows.values_at(it).to_vec()) {
                if row.iter().any(Value::is_null) {
                    with_null.push(row);
                } else {
                    whole.insert(row);
                }
            }
        }
        Answer { first, count: rows.len(), members, has_null, whole, with_null }
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

    /// `(needle, …) IN (…)`: unknown where NULLs might have been it, on either side.
    pub(super) fn contains_all(&self, needle: &[Value]) -> Truth {
        if self.whole.contains(needle) {
            return Truth::True;
        }
        let might = |row: &Vec<Value>| needle.iter().zip(row).all(|(a, b)| a.is_null() || b.is_null() || a == b);
        // A needle without NULL is none of the rows without.
        let open = needle.iter().any(Value::is_null) && self.whole.iter().any(might);
        if open || self.with_null.iter().any(might) { Truth::Unknown } else { Truth::False }
    }

    /// How a scalar compares with any or with all.
    pub(super) fn compare(&self, needle: ValueRef<'_>, how: Comparison, quantifier: Quantifier) -> Truth {
        if self.count == 0 {
            return (quantifier == Quantifier::All).into();
        }
        if needle.is_null() {
            return Truth::Unknown;
        }
        let holds = |it: &Value| how.holds(needle.cmp(&it.as_ref()));
        let decided = match quantifier {
            Quantifier::Any if how == Comparison::Equal => self.members.contains(&needle.to_value()),
            Quantifier::Any => self.members.iter().any(holds),
            Quantifier::All if how == Comparison::NotEqual => self.members.contains(&needle.to_value()),
            Quantifier::All => !self.members.iter().all(holds),
        };
        match (decided, self.has_null) {
            (true, _) => (quantifier == Quantifier::Any).into(),
            (false, true) => Truth::Unknown,
            (false, false) => (quantifier == Quantifier::All).into(),
        }
    }
}
