//! The operators that stand between two operands.

use super::function::{Refusal, Refused};
use crate::value::{Value, ValueRef};

/// The comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparison {
    /// How SQL writes it.
    pub fn symbol(self) -> &'static str {
        match self {
            Comparison::Equal => "=",
            Comparison::NotEqual => "<>",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        }
    }

    /// Whether an ordering satisfies it.
    pub fn holds(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Comparison::Equal => ordering.is_eq(),
            Comparison::NotEqual => ordering.is_ne(),
            Comparison::Less => ordering.is_lt(),
            Comparison::LessOrEqual => ordering.is_le(),
            Comparison::Greater => ordering.is_gt(),
            Comparison::GreaterOrEqual => ordering.is_ge(),
        }
    }

    /// The comparison with its sides swapped.
    pub fn mirrored(self) -> Self {
        match self {
            Comparison::Less => Comparison::Greater,
            Comparison::LessOrEqual => Comparison::GreaterOrEqual,
            Comparison::Greater => Comparison::Less,
            Comparison::GreaterOrEqual => Comparison::LessOrEqual,
            same => same,
        }
    }
}

/// The arithmetic operations, of numbers alone; what SQLite makes of other operands is in [`Function`](super::Function).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Arithmetic {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`: of two integers the whole quotient, rounded towards zero; NULL when the divisor is zero.
    Divide,
    /// `%`: the remainder of that quotient.
    Remainder,
    /// `&`, of integers.
    BitAnd,
    /// `|`, of integers.
    BitOr,
    /// `<<`, of integers; by a negative number the other way, by 64 and more nothing is left.
    ShiftLeft,
    /// `>>`, of integers; the sign stays.
    ShiftRight,
}

impl Arithmetic {
    /// How SQL writes it.
    pub fn symbol(self) -> &'static str {
        match self {
            Arithmetic::Add => "+",
            Arithmetic::Subtract => "-",
            Arithmetic::Multiply => "*",
            Arithmetic::Divide => "/",
            Arithmetic::Remainder => "%",
            Arithmetic::BitAnd => "&",
            Arithmetic::BitOr => "|",
            Arithmetic::ShiftLeft => "<<",
            Arithmetic::ShiftRight => ">>",
        }
    }

    /// Computes it.
    #[inline]
    pub(super) fn calculate(self, a: ValueRef<'_>, b: ValueRef<'_>) -> Refused {
        use ValueRef::{Float, Int, Null};
        match (a, b) {
            (Null, _) | (_, Null) => Ok(Value::Null),
            (Int(x), Int(y)) => self.integers(x, y),
            (Int(x), Float(y)) => self.floats(x as f64, y),
            (Float(x), Int(y)) => self.floats(x, y as f64),
            (Float(x), Float(y)) => self.floats(x, y),
            (a, b) => super::further::calculate(self, a, b),
        }
    }

    #[inline]
    fn integers(self, x: i64, y: i64) -> Refused {
        let result = match self {
            Arithmetic::Add => x.checked_add(y),
            Arithmetic::Subtract => x.checked_sub(y),
            Arithmetic::Multiply => x.checked_mul(y),
            Arithmetic::Divide | Arithmetic::Remainder if y == 0 => return Ok(Value::Null),
            Arithmetic::Divide => x.checked_div(y),
            Arithmetic::Remainder => Some(x.wrapping_rem(y)),
            Arithmetic::BitAnd => Some(x & y),
            Arithmetic::BitOr => Some(x | y),
            Arithmetic::ShiftLeft => Some(shift_left(x, y)),
            Arithmetic::ShiftRight => Some(shift_right(x, y)),
        };
        result.map(Value::Int).ok_or(Refusal::Overflow)
    }

    fn floats(self, x: f64, y: f64) -> Refused {
        Ok(Value::Float(match self {
            Arithmetic::Add => x + y,
            Arithmetic::Subtract => x - y,
            Arithmetic::Multiply => x * y,
            Arithmetic::Divide | Arithmetic::Remainder if y == 0.0 => return Ok(Value::Null),
            Arithmetic::Divide => x / y,
            Arithmetic::Remainder => x % y,
            Arithmetic::BitAnd | Arithmetic::BitOr | Arithmetic::ShiftLeft | Arithmetic::ShiftRight => {
                return Err(Refusal::Undefined);
            }
        }))
    }
}

fn shift_left(x: i64, by: i64) -> i64 {
    match by {
        ..=-1 => shift_right(x, by.checked_neg().unwrap_or(i64::MAX)),
        0..=63 => x << by,
        _ => 0,
    }
}

fn shift_right(x: i64, by: i64) -> i64 {
    match by {
        ..=-1 => shift_left(x, by.checked_neg().unwrap_or(i64::MAX)),
        0..=63 => x >> by,
        _ => x >> 63,
    }
}
