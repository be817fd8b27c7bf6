//! Three-valued logic.

use std::cmp::Ordering;

use super::{Value, ValueRef};

/// The outcome of a condition: true, false, or unknown because a NULL took part (V3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// The condition does not hold.
    False,
    /// A NULL took part, so nobody can tell.
    Unknown,
    /// The condition holds.
    True,
}

impl Truth {
    /// Compares two scalars as a condition does: unknown when either is NULL.
    #[inline]
    pub fn compare(a: ValueRef<'_>, b: ValueRef<'_>, holds: impl FnOnce(Ordering) -> bool) -> Truth {
        if a.is_null() || b.is_null() { Truth::Unknown } else { holds(a.cmp(&b)).into() }
    }

    /// Reads a scalar as a condition: NULL is unknown, zero is false, other numbers are true.
    pub fn of(value: ValueRef<'_>) -> Option<Truth> {
        match value {
            ValueRef::Null => Some(Truth::Unknown),
            ValueRef::Bool(it) => Some(it.into()),
            ValueRef::Int(it) => Some((it != 0).into()),
            ValueRef::Float(it) => Some((it != 0.0).into()),
            #[cfg(feature = "decimal")]
            ValueRef::Decimal(it) => Some((!it.is_zero()).into()),
            _ => None,
        }
    }

    /// The weaker of both.
    pub fn and(self, other: Truth) -> Truth {
        match (self, other) {
            (Truth::False, _) | (_, Truth::False) => Truth::False,
            (Truth::True, Truth::True) => Truth::True,
            _ => Truth::Unknown,
        }
    }

    /// The stronger of both.
    pub fn or(self, other: Truth) -> Truth {
        match (self, other) {
            (Truth::True, _) | (_, Truth::True) => Truth::True,
            (Truth::False, Truth::False) => Truth::False,
            _ => Truth::Unknown,
        }
    }

    /// Whether a filter keeps the row.
    #[inline]
    pub fn is_true(self) -> bool {
        self == Truth::True
    }

    /// As a scalar: unknown is NULL.
    pub fn to_value(self) -> Value {
        match self {
            Truth::False => Value::Bool(false),
            Truth::Unknown => Value::Null,
            Truth::True => Value::Bool(true),
        }
    }
}

impl std::ops::Not for Truth {
    type Output = Truth;

    /// The opposite; unknown stays unknown.
    fn not(self) -> Truth {
        match self {
            Truth::False => Truth::True,
            Truth::Unknown => Truth::Unknown,
            Truth::True => Truth::False,
        }
    }
}

impl From<bool> for Truth {
    fn from(it: bool) -> Self {
        if it { Truth::True } else { Truth::False }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// V3: NULL makes a comparison unknown, and the tables of AND, OR and NOT are Kleene's.
    #[test]
    fn v3_null_makes_a_comparison_unknown() {
        use Truth::*;
        assert_eq!(Truth::compare(ValueRef::Null, ValueRef::Null, Ordering::is_eq), Unknown);
        assert_eq!(Truth::compare(ValueRef::Int(1), ValueRef::Null, Ordering::is_eq), Unknown);
        let all = [False, Unknown, True];
        for (i, a) in all.into_iter().enumerate() {
            assert_eq!(!!a, a);
            for (j, b) in all.into_iter().enumerate() {
                assert_eq!(a.and(b), all[i.min(j)]);
                assert_eq!(a.or(b), all[i.max(j)]);
            }
        }
    }
}
