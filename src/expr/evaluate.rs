//! Evaluating an expression against whatever its leaves stand for.

use super::function::Refusal;
use super::{Expr, Function, Like};
use crate::error::Result;
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
                let result = how.calculate(a.get(), b.get());
                Scalar::Computed(result.map_err(|it| it.of(how.symbol(), &[a.get(), b.get()]))?)
            }
            Expr::Call(Function::Coalesce | Function::Ifnull, list) => first_known(list, environment)?,
            Expr::Call(Function::Iif, list) => chosen(list, environment)?,
            Expr::Call(function, list) => Scalar::Computed(with_operands(list, environment, |it| function.call(it))?),
            Expr::Apply(function, list) => Scalar::Computed(with_operands(list, environment, |it| function.call(it))?),
            Expr::Case(case) => {
                for (condition, outcome) in &case.arms {
                    if condition.holds(environment)?.is_true() {
                        return outcome.evaluate(environment);
                    }
                }
                match &case.otherwise {
                    Some(it) => it.evaluate(environment)?,
                    None => ValueRef::Null.into(),
                }
            }
            Expr::Cast(cast, it) => {
                let scalar = it.evaluate(environment)?;
                if cast.keeps(scalar.get()) { scalar } else { Scalar::Computed(cast.convert(scalar.get())?) }
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
            Expr::Same(a, b) => (a.evaluate(environment)?.get() == b.evaluate(environment)?.get()).into(),
            Expr::And(list) => fold(list, Truth::True, Truth::False, Truth::and, environment)?,
            Expr::Or(list) => fold(list, Truth::False, Truth::True, Truth::or, environment)?,
            Expr::Not(it) => !it.holds(environment)?,
            Expr::IsNull(it) => it.evaluate(environment)?.get().is_null().into(),
            Expr::Is(truth, it) => (it.holds(environment)? == *truth).into(),
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
            Expr::Like(like) => like.holds(environment)?,
            Expr::Value(_)
            | Expr::Leaf(_)
            | Expr::Arithmetic(..)
            | Expr::Call(..)
            | Expr::Apply(..)
            | Expr::Case(_)
            | Expr::Cast(..) => {
                let scalar = self.evaluate(environment)?;
                Truth::of(scalar.get()).ok_or_else(|| Refusal::Undefined.of("a condition", &[scalar.get()]))?
            }
        })
    }
}

impl<L> Like<L> {
    fn holds(&self, environment: &impl Environment<L>) -> Result<Truth> {
        let (text, pattern) = (self.text.evaluate(environment)?, self.pattern.evaluate(environment)?);
        let escape = match &self.escape {
            None => None,
            Some(it) => match it.evaluate(environment)?.get() {
                ValueRef::Null => return Ok(Truth::Unknown),
                ValueRef::Text(it) if it.chars().count() <= 1 => it.chars().next(),
                other => return Err(Refusal::Undefined.of("ESCAPE", &[other])),
            },
        };
        Ok(match (text.get(), pattern.get()) {
            (ValueRef::Null, _) | (_, ValueRef::Null) => Truth::Unknown,
            (ValueRef::Text(text), ValueRef::Text(pattern)) => self.matching.matches(text, pattern, escape).into(),
            (a, b) => return Err(Refusal::Undefined.of(self.matching.name(), &[a, b])),
        })
    }
}

/// The first that is not NULL; those behind it are not computed.
fn first_known<'a, L>(list: &'a [Expr<L>], environment: &'a impl Environment<L>) -> Result<Scalar<'a>> {
    for item in list {
        let scalar = item.evaluate(environment)?;
        if !scalar.get().is_null() {
            return Ok(scalar);
        }
    }
    Ok(ValueRef::Null.into())
}

/// The operand behind the first condition that holds, or the last one; the others are not computed.
fn chosen<'a, L>(list: &'a [Expr<L>], environment: &'a impl Environment<L>) -> Result<Scalar<'a>> {
    for pair in list.chunks(2) {
        match pair {
            [condition, outcome] if condition.holds(environment)?.is_true() => return outcome.evaluate(environment),
            [otherwise] => return otherwise.evaluate(environment),
            _ => {}
        }
    }
    Ok(ValueRef::Null.into())
}

/// Computes operands and hands them over; up to three of them need no list.
fn with_operands<'a, L>(
    list: &'a [Expr<L>],
    environment: &'a impl Environment<L>,
    call: impl FnOnce(&[ValueRef<'_>]) -> Result<Value>,
) -> Result<Value> {
    match list {
        [a] => call(&[a.evaluate(environment)?.get()]),
        [a, b] => {
            let (a, b) = (a.evaluate(environment)?, b.evaluate(environment)?);
            call(&[a.get(), b.get()])
        }
        [a, b, c] => {
            let (a, b) = (a.evaluate(environment)?, b.evaluate(environment)?);
            let c = c.evaluate(environment)?;
            call(&[a.get(), b.get(), c.get()])
        }
        list => {
            let operands = list.iter().map(|it| it.evaluate(environment)).collect::<Result<Vec<_>>>()?;
            let operands: Vec<ValueRef<'_>> = operands.iter().map(Scalar::get).collect();
            call(&operands)
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::{Arithmetic, Case, Expression};

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
    fn what_is_not_chosen_is_not_computed() {
        let refused = || Expr::from("a").plus(1);
        assert!(value(refused()).is_err());
        let arms = vec![(Expr::from(false), refused()), (Expr::from(1).eq(1), Expr::from("b"))];
        let case = |arms| Expr::Case(Box::new(Case { arms, otherwise: Some(refused()) }));
        assert_eq!(value(case(arms)), Ok("b".into()));
        assert!(value(case(vec![])).is_err());
        assert_eq!(value(Expr::Case(Box::new(Case { arms: vec![], otherwise: None }))), Ok(Value::Null));
        assert_eq!(value(Expr::Call(Function::Coalesce, vec![Value::Null.into(), 1.into(), refused()])), Ok(1.into()));
        assert_eq!(value(Expr::Call(Function::Iif, vec![true.into(), 1.into(), refused()])), Ok(1.into()));
    }

    #[test]
    fn what_is_never_unknown() {
        let null = || Expr::<()>::Value(Value::Null);
        assert_eq!(value(null().same(null())), Ok(true.into()));
        assert_eq!(value(null().same(1)), Ok(false.into()));
        assert_eq!(value(Expr::from(1).same(1.0)), Ok(true.into()));
        for (condition, expected) in [(Expr::from(true), 0), (Expr::from(false), 1), (null(), 2)] {
            let truths = [Truth::True, Truth::False, Truth::Unknown];
            for (place, truth) in truths.into_iter().enumerate() {
                assert_eq!(value(condition.clone().is(truth)), Ok((place == expected).into()));
            }
        }
    }

    #[test]
    fn bits_move() {
        use Arithmetic::{BitAnd, BitOr, ShiftLeft, ShiftRight};
        for (a, how, b, expected) in [
            (6, BitAnd, 3, 2),
            (6, BitOr, 3, 7),
            (1, ShiftLeft, 3, 8),
            (1, ShiftLeft, 64, 0),
            (-8, ShiftRight, 1, -4),
            (-8, ShiftRight, 64, -1),
            (8, ShiftLeft, -1, 4),
            (1, ShiftRight, i32::MIN, 0),
        ] {
            assert_eq!(value(Expr::from(a).arithmetic(how, b)), Ok(expected.into()), "{a} {how:?} {b}");
        }
        assert!(value(Expr::from(1.5).arithmetic(BitAnd, 1)).is_err());
    }
}
