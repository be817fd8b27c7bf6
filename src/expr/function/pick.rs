//! Functions that choose among their operands or say what one is.

use super::{Refusal, Refused};
use crate::value::{Truth, Value, ValueRef};

pub(super) fn coalesce(operands: &[ValueRef<'_>]) -> Refused {
    Ok(operands.iter().find(|it| !it.is_null()).map_or(Value::Null, |it| it.to_value()))
}

pub(super) fn nullif(operands: &[ValueRef<'_>]) -> Refused {
    let [a, b] = operands else { return Err(Refusal::Undefined) };
    Ok(if a == b { Value::Null } else { a.to_value() })
}

pub(super) fn iif(operands: &[ValueRef<'_>]) -> Refused {
    for pair in operands.chunks(2) {
        match pair {
            [condition, outcome] if Truth::of(*condition).ok_or(Refusal::Undefined)?.is_true() => {
                return Ok(outcome.to_value());
            }
            [otherwise] => return Ok(otherwise.to_value()),
            _ => {}
        }
    }
    Ok(Value::Null)
}

/// Whether NULL is passed over or makes the outcome NULL is decided by the table. Of equals, such as 1 and 1.0, SQLite
/// takes the last one as the least and the first one as the greatest.
pub(super) fn least(operands: &[ValueRef<'_>]) -> Refused {
    let all = operands.iter().filter(|it| !it.is_null());
    Ok(all.reduce(|best, it| if it <= best { it } else { best }).map_or(Value::Null, |it| it.to_value()))
}

pub(super) fn greatest(operands: &[ValueRef<'_>]) -> Refused {
    let all = operands.iter().filter(|it| !it.is_null());
    Ok(all.reduce(|best, it| if it > best { it } else { best }).map_or(Value::Null, |it| it.to_value()))
}

pub(super) fn kind_name(operands: &[ValueRef<'_>]) -> Refused {
    let [it] = operands else { return Err(Refusal::Undefined) };
    Ok(it.kind().map_or("null", |it| it.name()).into())
}
