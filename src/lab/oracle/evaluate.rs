//! The conditions of CHECK, as far as the oracle knows them: a tiny evaluator of its own.

use std::cmp::Ordering;

use crate::expr::{Arithmetic, Comparison, Expr};
use crate::id::ColumnId;
use crate::value::Value;

/// What the oracle does not decide, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beyond(pub String);

/// The value of an expression on a row; a condition is true, false or NULL.
///
/// # Errors
/// When the oracle does not know what an expression means.
pub(super) fn evaluate(expression: &Expr<ColumnId>, row: &[Value]) -> Result<Value, Beyond> {
    let beyond = || Err(Beyond(format!("the oracle does not compute {expression:?}")));
    Ok(match expression {
        Expr::Value(it) => it.clone(),
        Expr::Leaf(column) => row[column.index()].clone(),
        Expr::IsNull(it) => Value::Bool(evaluate(it, row)? == Value::Null),
        Expr::Not(it) => match evaluate(it, row)? {
            Value::Bool(it) => Value::Bool(!it),
            Value::Null => Value::Null,
            _ => return beyond(),
        },
        Expr::And(list) => connect(list, row, false)?,
        Expr::Or(list) => connect(list, row, true)?,
        Expr::Compare(how, a, b) => compare(*how, &evaluate(a, row)?, &evaluate(b, row)?)?,
        Expr::Arithmetic(how, a, b) => match (how, evaluate(a, row)?, evaluate(b, row)?) {
            (_, Value::Null, _) | (_, _, Value::Null) => Value::Null,
            (Arithmetic::Add, Value::Int(a), Value::Int(b)) => whole(a.checked_add(b))?,
            (Arithmetic::Subtract, Value::Int(a), Value::Int(b)) => whole(a.checked_sub(b))?,
            (Arithmetic::Multiply, Value::Int(a), Value::Int(b)) => whole(a.checked_mul(b))?,
            _ => return beyond(),
        },
        _ => return beyond(),
    })
}

/// AND, which `false` decides, or OR, which `true` decides; otherwise one NULL makes it NULL.
fn connect(list: &[Expr<ColumnId>], row: &[Value], decides: bool) -> Result<Value, Beyond> {
    let values = list.iter().map(|it| evaluate(it, row)).collect::<Result<Vec<Value>, Beyond>>()?;
    Ok(if values.contains(&Value::Bool(decides)) {
        Value::Bool(decides)
    } else if values.contains(&Value::Null) {
        Value::Null
    } else {
        Value::Bool(!decides)
    })
}

fn compare(how: Comparison, a: &Value, b: &Value) -> Result<Value, Beyond> {
    let order = match (a, b) {
        (Value::Null, _) | (_, Value::Null) => return Ok(Value::Null),
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Text(a), Value::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        _ => return Err(Beyond(format!("the oracle does not compare {a:?} with {b:?}"))),
    };
    Ok(Value::Bool(match how {
        Comparison::Equal => order == Ordering::Equal,
        Comparison::NotEqual => order != Ordering::Equal,
        Comparison::Less => order == Ordering::Less,
        Comparison::LessOrEqual => order != Ordering::Greater,
        Comparison::Greater => order == Ordering::Greater,
        Comparison::GreaterOrEqual => order != Ordering::Less,
    }))
}

fn whole(number: Option<i64>) -> Result<Value, Beyond> {
    number.map(Value::Int).ok_or_else(|| Beyond("the oracle does not leave the integers".to_owned()))
}
