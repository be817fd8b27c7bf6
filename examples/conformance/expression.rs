//! Expressions of the format, for any leaf: the caller says what a column is, and what the forms are that only queries
//! have.

use diptych::expr::Function;
use diptych::{Expr, Expression};
use serde_json::Value as Json;

use crate::fault::{Fault, unsupported};
use crate::value::from_json;

/// What stands at the leaves of an expression.
pub trait Leaves {
    type Leaf: Clone;

    /// A column by the name that the case gives it.
    fn column(&mut self, name: &str) -> Result<Expr<Self::Leaf>, Fault>;

    /// Another form, such as `["any", "Class.rel", e]`.
    fn other(&mut self, form: &str, operands: &[Json]) -> Result<Expr<Self::Leaf>, Fault> {
        let _ = operands;
        unsupported(format!("`{form}` in this expression"))
    }
}

/// Reads an expression.
pub fn expression<L: Leaves>(json: &Json, leaves: &mut L) -> Result<Expr<L::Leaf>, Fault> {
    let Some((form, operands)) = json.as_array().and_then(|it| it.split_first()) else {
        return unsupported(format!("the expression {json}"));
    };
    let form = form.as_str().unwrap_or_default();
    if form == "col" {
        return leaves.column(operands[0].as_str().unwrap_or_default());
    }
    if form == "val" {
        return Ok(Expr::Value(from_json(&operands[0])));
    }
    if form == "in" {
        let list = operands[1].as_array().into_iter().flatten().map(|it| Expr::Value(from_json(it)));
        return Ok(expression(&operands[0], leaves)?.in_list(list));
    }
    if form == "like" {
        let pattern = match &operands[1] {
            Json::Array(_) => expression(&operands[1], leaves)?,
            pattern => Expr::Value(from_json(pattern)),
        };
        return Ok(expression(&operands[0], leaves)?.like(pattern));
    }
    if !OPERATORS.contains(&form) {
        return leaves.other(form, operands);
    }
    let operands = operands.iter().map(|it| expression(it, leaves)).collect::<Result<Vec<_>, Fault>>()?;
    operator(form, operands)
}

const OPERATORS: [&str; 17] = [
    "=", "!=", "<", "<=", ">", ">=", "and", "or", "not", "is_null", "not_null", "+", "-", "*", "concat", "lower",
    "length",
];

fn operator<L: Clone>(form: &str, mut operands: Vec<Expr<L>>) -> Result<Expr<L>, Fault> {
    match form {
        "and" => return Ok(Expr::And(operands)),
        "or" => return Ok(Expr::Or(operands)),
        "concat" => return Ok(Expr::Call(Function::Concat, operands)),
        _ => {}
    }
    let second = if operands.len() > 1 { Some(operands.remove(1)) } else { None };
    if operands.is_empty() {
        return unsupported(format!("`{form}` without operands"));
    }
    let first = operands.remove(0);
    Ok(match (form, second) {
        ("=", Some(second)) => first.eq(second),
        ("!=", Some(second)) => first.ne(second),
        ("<", Some(second)) => first.lt(second),
        ("<=", Some(second)) => first.le(second),
        (">", Some(second)) => first.gt(second),
        (">=", Some(second)) => first.ge(second),
        ("+", Some(second)) => first.plus(second),
        ("-", Some(second)) => first.minus(second),
        ("*", Some(second)) => first.times(second),
        ("not", None) => first.negated(),
        ("is_null", None) => first.is_null(),
        ("not_null", None) => first.is_not_null(),
        ("lower", None) => first.lower(),
        ("length", None) => first.length(),
        _ => return unsupported(format!("`{form}` with these operands")),
    })
}
