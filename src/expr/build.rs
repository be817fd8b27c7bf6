//! Writing expressions: operators as methods.

use super::{Arithmetic, Case, Cast, Comparison, Expr, Function, Like, Matching};
use crate::value::{Kind, Truth, Value};

/// What can stand on one side of an operator and turn into an expression.
///
/// Every method builds the expression that its name says, in SQL's meaning: a comparison with NULL is unknown.
#[expect(clippy::wrong_self_convention, reason = "`is_null` is named after SQL's word and builds an expression")]
pub trait Expression<L>: Sized {
    /// As an expression.
    fn expr(self) -> Expr<L>;

    /// `self = other`
    fn eq(self, other: impl Into<Expr<L>>) -> Expr<L> {
        self.compare(Comparison::Equal, other)
    }

    /// `self <> other`
    fn ne(self, other: impl Into<Expr<L>>) -> Expr<L> {
        self.compare(Comparison::NotEqual, other)
    }

    /// `self < other`
    fn lt(self, other: impl Into<Expr<L>>) -> Expr<L> {
        self.compare(Comparison::Less, other)
    }

    /// `self <= other`
    fn le(self, other: impl Into<Expr<L>>) -> Expr<L> {
        self.compare(Comparison::LessOrEqual, other)
    }

    /// `self > other`
    fn gt(self, other: impl Into<Expr<L>>) -> Expr<L> {
        self.compare(Comparison::Greater, other)
    }

    /// `self >= other`
    fn ge(self, other: impl Into<Expr<L>>) -> Expr<L> {
        self.compare(Comparison::GreaterOrEqual, other)
    }

    /// A comparison that is chosen at run time.
    fn compare(self, how: Comparison, other: impl Into<Expr<L>>) -> Expr<L> {
        Expr::Compare(how, Box::new(self.expr()), Box::new(other.into()))
    }

    /// `self IS NULL`
    fn is_null(self) -> Expr<L> {
        Expr::IsNull(Box::new(self.expr()))
    }

    /// `self IS NOT NULL`
    fn is_not_null(self) -> Expr<L> {
        Expr::Not(Box::new(self.is_null()))
    }

    /// `self IN (…)`
    fn in_list<V: Into<Expr<L>>>(self, list: impl IntoIterator<Item = V>) -> Expr<L> {
        Expr::InList(Box::new(self.expr()), list.into_iter().map(Into::into).collect())
    }

    /// Equal, or both NULL: `self IS NOT DISTINCT FROM other`
    fn same(self, other: impl Into<Expr<L>>) -> Expr<L> {
        Expr::Same(Box::new(self.expr()), Box::new(other.into()))
    }

    /// `self IS TRUE`, `IS FALSE` or `IS UNKNOWN`
    fn is(self, truth: Truth) -> Expr<L> {
        Expr::Is(truth, Box::new(self.expr()))
    }

    /// `self BETWEEN low AND high`, which is two comparisons, so that an index can serve both.
    fn between(self, low: impl Into<Expr<L>>, high: impl Into<Expr<L>>) -> Expr<L>
    where
        L: Clone,
    {
        let it = self.expr();
        Expr::And(vec![it.clone().ge(low), it.le(high)])
    }

    /// `self LIKE pattern`, in which ASCII letters match in either case, as in SQLite.
    fn like(self, pattern: impl Into<Expr<L>>) -> Expr<L> {
        self.matches(Matching::AsciiCase, pattern)
    }

    /// Whether text matches a pattern that is read in one of the known ways.
    fn matches(self, matching: Matching, pattern: impl Into<Expr<L>>) -> Expr<L> {
        Expr::Like(Box::new(Like { matching, text: self.expr(), pattern: pattern.into(), escape: None }))
    }

    /// `CAST(self AS kind)`: an error where it does not fit.
    fn cast(self, kind: Kind) -> Expr<L> {
        Expr::Cast(Cast::To(kind), Box::new(self.expr()))
    }

    /// The function of this operand alone.
    fn call(self, function: Function) -> Expr<L> {
        Expr::Call(function, vec![self.expr()])
    }

    /// Both hold.
    fn and(self, other: impl Into<Expr<L>>) -> Expr<L> {
        Expr::And([self.expr(), other.into()].into_iter().flat_map(Expr::conjuncts).collect())
    }

    /// One of both holds.
    fn or(self, other: impl Into<Expr<L>>) -> Expr<L> {
        Expr::Or(vec![self.expr(), other.into()])
    }

    /// It does not hold.
    fn negated(self) -> Expr<L> {
        Expr::Not(Box::new(self.expr()))
    }

    /// `self + other`
    fn plus(self, other: impl Into<Expr<L>>) -> Expr<L> {
        self.arithmetic(Arithmetic::Add, other)
    }

    /// `self - other`
    fn minus(self, other: impl Into<Expr<L>>) -> Expr<L> {
        self.arithmetic(Arithmetic::Subtract, other)
    }

    /// `self * other`
    fn times(self, other: impl Into<Expr<L>>) -> Expr<L> {
        self.arithmetic(Arithmetic::Multiply, other)
    }

    /// An arithmetic operation that is chosen at run time.
    fn arithmetic(self, how: Arithmetic, other: impl Into<Expr<L>>) -> Expr<L> {
        Expr::Arithmetic(how, Box::new(self.expr()), Box::new(other.into()))
    }

    /// `lower(self)`
    fn lower(self) -> Expr<L> {
        self.call(Function::Lower)
    }

    /// `length(self)`
    fn length(self) -> Expr<L> {
        self.call(Function::Length)
    }
}

impl<L> Expr<L> {
    /// `CASE WHEN … THEN … ELSE … END`
    pub fn case(arms: impl IntoIterator<Item = (Expr<L>, Expr<L>)>, otherwise: Option<Expr<L>>) -> Self {
        Expr::Case(Box::new(Case { arms: arms.into_iter().collect(), otherwise }))
    }
}

impl<L> Expression<L> for Expr<L> {
    fn expr(self) -> Expr<L> {
        self
    }
}

impl<L, V: Into<Value>> From<V> for Expr<L> {
    fn from(value: V) -> Self {
        Expr::Value(value.into())
    }
}
