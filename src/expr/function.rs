//! The scalar functions.

use crate::error::{Misuse, Result};
use crate::value::{Value, ValueRef};

/// A scalar function of SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// `lower(text)`
    Lower,
    /// `upper(text)`
    Upper,
    /// `length(text)`, in characters; of bytes, their number.
    Length,
    /// `abs(number)`
    Abs,
    /// `coalesce(a, b, …)`: the first that is not NULL.
    Coalesce,
    /// `a || b`
    Concat,
}

impl Function {
    /// How SQL writes it.
    pub fn name(self) -> &'static str {
        match self {
            Function::Lower => "lower",
            Function::Upper => "upper",
            Function::Length => "length",
            Function::Abs => "abs",
            Function::Coalesce => "coalesce",
            Function::Concat => "concat",
        }
    }

    /// Computes it.
    ///
    /// # Errors
    /// When it is not defined for these operands.
    pub fn call(self, operands: &[ValueRef<'_>]) -> Result<Value> {
        if self == Function::Coalesce {
            return Ok(operands.iter().find(|it| !it.is_null()).map_or(Value::Null, |it| it.to_value()));
        }
        if operands.iter().any(|it| it.is_null()) {
            return Ok(Value::Null);
        }
        Ok(match (self, operands) {
            (Function::Lower, [ValueRef::Text(it)]) => it.to_lowercase().into(),
            (Function::Upper, [ValueRef::Text(it)]) => it.to_uppercase().into(),
            (Function::Length, [ValueRef::Text(it)]) => Value::Int(it.chars().count() as i64),
            (Function::Length, [ValueRef::Bytes(it)]) => Value::Int(it.len() as i64),
            (Function::Abs, [ValueRef::Float(it)]) => it.abs().into(),
            (Function::Abs, [ValueRef::Int(it)]) => {
                it.checked_abs().map(Value::Int).ok_or_else(|| self.overflow(operands))?
            }
            (Function::Concat, [ValueRef::Text(a), ValueRef::Text(b)]) => format!("{a}{b}").into(),
            _ => return Err(Misuse::Operation { operation: self.name(), operands: owned(operands) }.into()),
        })
    }

    fn overflow(self, operands: &[ValueRef<'_>]) -> Misuse {
        Misuse::Overflow { operation: self.name(), operands: owned(operands) }
    }
}

fn owned(operands: &[ValueRef<'_>]) -> Vec<Value> {
    operands.iter().map(|it| it.to_value()).collect()
}
