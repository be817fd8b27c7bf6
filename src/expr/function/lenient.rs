//! SQLite's operators, which take anything: text is the number that it begins with, and what does not fit into an
//! integer becomes a float.

use super::super::Arithmetic;
use super::super::cast::{Affinity, Cast, Prefix, lenient_text};
use super::{Refusal, Refused};
use crate::value::{Value, ValueRef};

/// A number as SQLite's operators take it.
fn numeric(it: ValueRef<'_>) -> Value {
    match it {
        ValueRef::Int(it) => Value::Int(it),
        ValueRef::Float(it) => Value::Float(it),
        ValueRef::Bool(it) => Value::Int(it.into()),
        ValueRef::Null => Value::Null,
        ValueRef::Text(it) => Prefix::of(it).number(),
        ValueRef::Bytes(it) => Prefix::of(&String::from_utf8_lossy(it)).number(),
        #[allow(unreachable_patterns, reason = "kinds that features add are read as the text that they are written as")]
        other => Prefix::of(&lenient_text(other)).number(),
    }
}

fn integer(it: ValueRef<'_>) -> i64 {
    match Cast::Lenient(Affinity::Integer).convert(it) {
        Ok(Value::Int(it)) => it,
        _ => 0,
    }
}

pub(super) fn number(operands: &[ValueRef<'_>]) -> Refused {
    let [it] = operands else { return Err(Refusal::Undefined) };
    Ok(numeric(*it))
}

pub(super) fn addend(operands: &[ValueRef<'_>]) -> Refused {
    let [it] = operands else { return Err(Refusal::Undefined) };
    let whole = |it: &str| Prefix::of(it).whole;
    Ok(match (numeric(*it), it) {
        (Value::Int(number), ValueRef::Text(it)) if !whole(it) => Value::Float(number as f64),
        (Value::Int(number), ValueRef::Bytes(_)) => Value::Float(number as f64),
        (number, _) => number,
    })
}

pub(super) fn condition(operands: &[ValueRef<'_>]) -> Refused {
    let [it] = operands else { return Err(Refusal::Undefined) };
    Ok(match numeric(*it) {
        Value::Int(it) => Value::Bool(it != 0),
        Value::Float(it) => Value::Bool(it != 0.0),
        _ => Value::Null,
    })
}

pub(super) fn concat(operands: &[ValueRef<'_>]) -> Refused {
    let [a, b] = operands else { return Err(Refusal::Undefined) };
    let (a, b) = (lenient_text(*a), lenient_text(*b));
    if a.len() + b.len() > super::text::LONGEST {
        return Err(Refusal::Undefined);
    }
    Ok(format!("{a}{b}").into())
}

pub(super) fn lower(operands: &[ValueRef<'_>]) -> Refused {
    let [it] = operands else { return Err(Refusal::Undefined) };
    Ok(lenient_text(*it).to_ascii_lowercase().into())
}

pub(super) fn upper(operands: &[ValueRef<'_>]) -> Refused {
    let [it] = operands else { return Err(Refusal::Undefined) };
    Ok(lenient_text(*it).to_ascii_uppercase().into())
}

pub(super) fn negate(operands: &[ValueRef<'_>]) -> Refused {
    arithmetic(Arithmetic::Subtract, &[&[ValueRef::Int(0)], operands].concat()).map(|it| match it {
        // Zero less a float zero would lose the sign that SQLite loses too.
        Value::Float(0.0) => Value::Float(0.0),
        other => other,
    })
}

pub(super) fn bit_not(operands: &[ValueRef<'_>]) -> Refused {
    let [it] = operands else { return Err(Refusal::Undefined) };
    Ok(Value::Int(!integer(*it)))
}

pub(super) fn bits(how: Arithmetic, operands: &[ValueRef<'_>]) -> Refused {
    let [a, b] = operands else { return Err(Refusal::Undefined) };
    how.calculate(ValueRef::Int(integer(*a)), ValueRef::Int(integer(*b)))
}

pub(super) fn arithmetic(how: Arithmetic, operands: &[ValueRef<'_>]) -> Refused {
    let [a, b] = operands else { return Err(Refusal::Undefined) };
    let (x, y) = (numeric(*a), numeric(*b));
    if how == Arithmetic::Remainder && !matches!((&x, &y), (Value::Int(_), Value::Int(_))) {
        let whole = how.calculate(ValueRef::Int(integer(*a)), ValueRef::Int(integer(*b)))?;
        return Ok(match whole {
            Value::Int(it) => Value::Float(it as f64),
            other => other,
        });
    }
    let outcome = match how.calculate(x.as_ref(), y.as_ref()) {
        Err(Refusal::Overflow) => {
            let float = |it: Value| if let Value::Int(it) = it { Value::Float(it as f64) } else { it };
            how.calculate(float(x).as_ref(), float(y).as_ref())
        }
        other => other,
    }?;
    // SQLite has no NaN.
    Ok(if matches!(outcome, Value::Float(it) if it.is_nan()) { Value::Null } else { outcome })
}
