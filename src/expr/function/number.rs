//! Functions of numbers.

use super::super::Arithmetic;
use super::{Refusal, Refused};
use crate::value::{Value, ValueRef};

pub(super) fn negate(operands: &[ValueRef<'_>]) -> Refused {
    match operands {
        [ValueRef::Int(it)] => it.checked_neg().map(Value::Int).ok_or(Refusal::Overflow),
        [ValueRef::Float(it)] => Ok(Value::Float(-it)),
        [other] => Arithmetic::Subtract.calculate(ValueRef::Int(0), *other),
        _ => Err(Refusal::Undefined),
    }
}

pub(super) fn bit_not(operands: &[ValueRef<'_>]) -> Refused {
    match operands {
        [ValueRef::Int(it)] => Ok(Value::Int(!it)),
        _ => Err(Refusal::Undefined),
    }
}

pub(super) fn abs(operands: &[ValueRef<'_>]) -> Refused {
    match operands {
        [ValueRef::Int(it)] => it.checked_abs().map(Value::Int).ok_or(Refusal::Overflow),
        [ValueRef::Float(it)] => Ok(Value::Float(it.abs())),
        // Of what is no number, neither is defined.
        [other] if *other < ValueRef::Int(0) => negate(operands),
        [other] => Arithmetic::Add.calculate(ValueRef::Int(0), *other),
        _ => Err(Refusal::Undefined),
    }
}

pub(super) fn sign(operands: &[ValueRef<'_>]) -> Refused {
    match operands {
        [ValueRef::Int(it)] => Ok(Value::Int(it.signum())),
        [ValueRef::Float(it)] if it.is_nan() => Ok(Value::Null),
        [ValueRef::Float(it)] => Ok(Value::Int(i64::from(*it > 0.0) - i64::from(*it < 0.0))),
        _ => Err(Refusal::Undefined),
    }
}

pub(super) fn round(operands: &[ValueRef<'_>]) -> Refused {
    let (number, digits) = match operands {
        [it] => (*it, 0),
        [it, ValueRef::Int(digits)] => (*it, (*digits).clamp(0, 30) as usize),
        _ => return Err(Refusal::Undefined),
    };
    /// From here on a float has no fraction.
    const WHOLE: f64 = 4_503_599_627_370_496.0;
    Ok(Value::Float(match number {
        ValueRef::Int(it) => it as f64,
        ValueRef::Float(it) if it.is_nan() || it.abs() >= WHOLE => it,
        ValueRef::Float(it) if digits == 0 => it.round(),
        ValueRef::Float(it) => {
            // Halves are judged by what the float is: 2.675 is a little less than that.
            let shown = super::text::digits(it.abs(), digits);
            shown.parse::<f64>().unwrap_or(it).copysign(it)
        }
        _ => return Err(Refusal::Undefined),
    }))
}

/// A whole number near by; an integer is its own.
pub(super) fn whole(operands: &[ValueRef<'_>], to: fn(f64) -> f64) -> Refused {
    match operands {
        [ValueRef::Int(it)] => Ok(Value::Int(*it)),
        [ValueRef::Float(it)] => Ok(Value::Float(to(*it))),
        _ => Err(Refusal::Undefined),
    }
}

pub(super) fn modulo(operands: &[ValueRef<'_>]) -> Refused {
    let [a, b] = operands else { return Err(Refusal::Undefined) };
    Arithmetic::Remainder.calculate(*a, *b)
}

/// A function that is of floats alone; what is no number is NULL.
pub(super) fn float(operands: &[ValueRef<'_>], of: fn(f64) -> f64) -> Refused {
    let [it] = operands else { return Err(Refusal::Undefined) };
    Ok(known(of(as_float(*it)?)))
}

pub(super) fn floats2(operands: &[ValueRef<'_>], of: fn(f64, f64) -> f64) -> Refused {
    let [a, b] = operands else { return Err(Refusal::Undefined) };
    Ok(known(of(as_float(*a)?, as_float(*b)?)))
}

/// A logarithm, which only positive numbers have.
pub(super) fn logarithm(operands: &[ValueRef<'_>], of: fn(f64) -> f64) -> Refused {
    let [it] = operands else { return Err(Refusal::Undefined) };
    let it = as_float(*it)?;
    Ok(if it > 0.0 { known(of(it)) } else { Value::Null })
}

pub(super) fn log(operands: &[ValueRef<'_>]) -> Refused {
    let [base, it] = operands else { return logarithm(operands, f64::log10) };
    let (base, it) = (as_float(*base)?, as_float(*it)?);
    let defined = it > 0.0 && base > 0.0 && base != 1.0;
    Ok(if defined { known(it.ln() / base.ln()) } else { Value::Null })
}

fn as_float(it: ValueRef<'_>) -> Result<f64, Refusal> {
    match it {
        ValueRef::Int(it) => Ok(it as f64),
        ValueRef::Float(it) => Ok(it),
        _ => Err(Refusal::Undefined),
    }
}

fn known(it: f64) -> Value {
    if it.is_nan() { Value::Null } else { Value::Float(it) }
}
