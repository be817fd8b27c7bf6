//! Evaluating an expression against whatever its leaves stand for.

use super::{Arithmetic, Expr};
use crate::error::{Misuse, Result};
use crate::value::{Truth, Value, ValueRef};

/// What the leaves of an expression stand for while it is evaluated.
pub trait Environment<L> {
    /// The scalar at a leaf.
    ///
    /// # Errors
    /// Whatever can go wrong at a leaf, such as a subquery that fails.
    fn leaf<'a>(&'a self, leaf: &'a L) -> Result<Scalar<'a>>;
}

/// A scalar that is borrowed where possible: reading a column copies nothing.
#[derive(Clone, Debug)]
pub enum Scalar<'a> {
    /// Borrowed from a row or the expression.
    Borrowed(ValueRef<'a>),
    /// Computed.
    Computed(Value),
}

impl Scalar<'_> {
    /// Borrows the scalar.
    #[inline]
    pub fn get(&self) -> ValueRef<'_> {
        match self {
            Scalar::Borrowed(it) => *it,
            Scalar::Computed(it) => it.as_ref(),
        }
    }

    /// Takes the scalar as a value of its own.
    pub fn into_value(self) -> Value {
        match self {
            Scalar::Borrowed(it) => it.to_value(),
            Scalar::Computed(it) => it,
        }
    }
}

impl<'a> From<ValueRef<'a>> for Scalar<'a> {
    fn from(it: ValueRef<'a>) -> Self {
        Scalar::Borrowed(it)
    }
}

impl From<Truth> for Scalar<'_> {
    fn from(it: Truth) -> Self {
        Scalar::Computed(it.to_value())
    }
}

impl<L> Expr<L> {
    /// Computes the scalar.
    ///
    /// # Errors
    /// When an operation is not defined for its operands (X1, X2), or when a leaf fails.
    pub fn evaluate<'a>(&'a self, environment: &'a impl Environment<L>) -> Result<Scalar<'a>> {
        Ok(match self {
            Expr::Value(it) => it.as_ref().into(),
            Expr::Leaf(it) => environment.leaf(it)?,
            Expr::Arithmetic(how, a, b) => {
                let (a, b) = (a.evaluate(environment)?, b.evaluate(environment)?);
                Scalar::Computed(calculate(*how, a.get(), b.get())?)
            }
            Expr::Call(function, list) => {
                let operands = list.iter().map(|it| it.evaluate(environment)).collect::<Result<Vec<_>>>()?;
                let operands: Vec<ValueRef<'_>> = operands.iter().map(Scalar::get).collect();
                Scalar::Computed(function.call(&operands)?)
            }
            condition => condition.holds(environment)?.into(),
        })
    }

    /// Computes a condition.
    ///
    /// # Errors
    /// As [`Expr::evaluate`]; also when the scalar is no condition, such as text.
    pub fn holds(&self, environment: &impl Environment<L>) -> Result<Truth> {
        Ok(match self {
            Expr::Compare(how, a, b) => {
                let (a, b) = (a.evaluate(environment)?, b.evaluate(environment)?);
                Truth::compare(a.get(), b.get(), |ordering| how.holds(ordering))
            }
            Expr::And(list) => fold(list, Truth::True, Truth::False, Truth::and, environment)?,
            Expr::Or(list) => fold(list, Truth::False, Truth::True, Truth::or, environment)?,
            Expr::Not(it) => !it.holds(environment)?,
            Expr::IsNull(it) => it.evaluate(environment)?.get().is_null().into(),
            Expr::InList(it, list) => {
                let needle = it.evaluate(environment)?;
                let mut found = Truth::False;
                for item in list {
                    let item = item.evaluate(environment)?;
                    found = found.or(Truth::compare(needle.get(), item.get(), |ordering| ordering.is_eq()));
                    if found.is_true() {
                        break;
                    }
                }
                found
            }
            Expr::Like(text, pattern) => {
                let (text, pattern) = (text.evaluate(environment)?, pattern.evaluate(environment)?);
                match (text.get(), pattern.get()) {
                    (ValueRef::Null, _) | (_, ValueRef::Null) => Truth::Unknown,
                    (ValueRef::Text(text), ValueRef::Text(pattern)) => like(text, pattern).into(),
                    (a, b) => return Err(operation("LIKE", a, b)),
                }
            }
            Expr::Value(_) | Expr::Leaf(_) | Expr::Arithmetic(..) | Expr::Call(..) => {
                let scalar = self.evaluate(environment)?;
                Truth::of(scalar.get()).ok_or_else(|| {
                    let operands = vec![scalar.get().to_value()];
                    Misuse::Operation { operation: "a condition", operands }
                })?
            }
        })
    }
}

/// Folds a list of conditions and stops at the one that decides.
fn fold<L>(
    list: &[Expr<L>],
    start: Truth,
    decides: Truth,
    join: impl Fn(Truth, Truth) -> Truth,
    environment: &impl Environment<L>,
) -> Result<Truth> {
    let mut all = start;
    for item in list {
        all = join(all, item.holds(environment)?);
        if all == decides {
            break;
        }
    }
    Ok(all)
}

fn operation(name: &'static str, a: ValueRef<'_>, b: ValueRef<'_>) -> crate::error::Error {
    Misuse::Operation { operation: name, operands: vec![a.to_value(), b.to_value()] }.into()
}

fn calculate(how: Arithmetic, a: ValueRef<'_>, b: ValueRef<'_>) -> Result<Value> {
    use ValueRef::{Float, Int, Null};
    match (a, b) {
        (Null, _) | (_, Null) => Ok(Value::Null),
        (Int(x), Int(y)) => {
            let result = match how {
                Arithmetic::Add => x.checked_add(y),
                Arithmetic::Subtract => x.checked_sub(y),
                Arithmetic::Multiply => x.checked_mul(y),
                Arithmetic::Divide | Arithmetic::Remainder if y == 0 => return Ok(Value::Null),
                Arithmetic::Divide => x.checked_div(y),
                Arithmetic::Remainder => Some(x.wrapping_rem(y)),
            };
            result.map(Value::Int).ok_or_else(|| {
                let operands = vec![a.to_value(), b.to_value()];
                Misuse::Overflow { operation: how.symbol(), operands }.into()
            })
        }
        (Int(x), Float(y)) => Ok(calculate_floats(how, x as f64, y)),
        (Float(x), Int(y)) => Ok(calculate_floats(how, x, y as f64)),
        (Float(x), Float(y)) => Ok(calculate_floats(how, x, y)),
        _ => Err(operation(how.symbol(), a, b)),
    }
}

fn calculate_floats(how: Arithmetic, x: f64, y: f64) -> Value {
    match how {
        Arithmetic::Add => Value::Float(x + y),
        Arithmetic::Subtract => Value::Float(x - y),
        Arithmetic::Multiply => Value::Float(x * y),
        Arithmetic::Divide | Arithmetic::Remainder if y == 0.0 => Value::Null,
        Arithmetic::Divide => Value::Float(x / y),
        Arithmetic::Remainder => Value::Float(x % y),
    }
}

/// `%` stands for any run of characters, `_` for one. ASCII letters match in either case, as in SQLite.
///
/// Greedy with one point of return: only the last `%` can need another try, so the time is at most the product of both
/// lengths and nothing recurses.
fn like(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let pattern: Vec<char> = pattern.chars().collect();
    let (mut t, mut p) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('%') => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some(&c) if c == '_' || c.eq_ignore_ascii_case(&text[t]) => {
                t += 1;
                p += 1;
            }
            _ => match retry {
                Some((after, from)) => {
                    retry = Some((after, from + 1));
                    (p, t) = (after, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == '%')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::Expression;

    struct Nothing;

    impl Environment<()> for Nothing {
        fn leaf<'a>(&'a self, (): &'a ()) -> Result<Scalar<'a>> {
            Ok(ValueRef::Null.into())
        }
    }

    fn value(expr: Expr<()>) -> Result<Value> {
        expr.evaluate(&Nothing).map(Scalar::into_value)
    }

    /// X1: what is not defined is an error.
    #[test]
    fn x1_undefined_operations_are_errors() {
        assert!(value(Expr::from("a").plus(1)).is_err());
        assert!(value(Expr::from("a").negated()).is_err());
        assert!(value(Expr::from(1).like("a")).is_err());
        assert_eq!(value(Expr::from(1).arithmetic(Arithmetic::Divide, 0)), Ok(Value::Null));
    }

    /// X2: arithmetic does not wrap.
    #[test]
    fn x2_integer_arithmetic_does_not_wrap() {
        assert!(value(Expr::from(i64::MAX).plus(1)).is_err());
        assert!(value(Expr::from(i64::MIN).arithmetic(Arithmetic::Divide, -1)).is_err());
        assert_eq!(value(Expr::from(i64::MIN).arithmetic(Arithmetic::Remainder, -1)), Ok(Value::Int(0)));
    }

    #[test]
    fn null_in_a_list_leaves_the_answer_open() {
        let null = || Expr::<()>::Value(Value::Null);
        assert_eq!(value(Expr::from(1).in_list([Expr::from(2), null()])), Ok(Value::Null));
        assert_eq!(value(Expr::from(1).in_list([null(), Expr::from(1)])), Ok(Value::Bool(true)));
        assert_eq!(value(Expr::from(1).in_list(Vec::<i64>::new())), Ok(Value::Bool(false)));
    }

    #[test]
    fn like_matches_as_sqlite_does() {
        for (text, pattern, expected) in [
            ("abc", "a%", true),
            ("abc", "A_C", true),
            ("abc", "%b", false),
            ("abab", "%ab", true),
            ("", "%", true),
            ("", "_", false),
            ("mississippi", "%iss%pi", true),
        ] {
            assert_eq!(like(text, pattern), expected, "{text} LIKE {pattern}");
        }
    }
}
