//! Writing expressions: operators as methods.

use super::{Arithmetic, Comparison, Expr, Function};
use crate::value::Value;

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

    /// `self LIKE pattern`
    fn like(self, pattern: impl Into<Expr<L>>) -> Expr<L> {
        Expr::Like(Box::new(self.expr()), Box::new(pattern.into()))
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
        Expr::Call(Function::Lower, vec![self.expr()])
    }

    /// `length(self)`
    fn length(self) -> Expr<L> {
        Expr::Call(Function::Length, vec![self.expr()])
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
