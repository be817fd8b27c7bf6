//! The expression tree.

use super::{Arithmetic, Cast, Comparison, Function, Matching, UserFunction};
use crate::value::{Truth, Value};

/// A scalar expression whose leaves are of type `L`.
///
/// Two are equal where they are written alike: `x / 2` is not `x / 2.0`, though 2 equals 2.0.
#[derive(Clone, Debug)]
pub enum Expr<L> {
    /// A constant.
    Value(Value),
    /// Whatever the phase puts at a leaf.
    Leaf(L),
    /// A comparison; unknown with NULL.
    Compare(Comparison, Box<Expr<L>>, Box<Expr<L>>),
    /// Both are equal, or both are NULL: never unknown (`IS NOT DISTINCT FROM`, SQLite's `IS`).
    Same(Box<Expr<L>>, Box<Expr<L>>),
    /// All of them hold.
    And(Vec<Expr<L>>),
    /// One of them holds.
    Or(Vec<Expr<L>>),
    /// It does not hold.
    Not(Box<Expr<L>>),
    /// It is NULL.
    IsNull(Box<Expr<L>>),
    /// The condition is true, false or unknown, which itself is never unknown (`IS TRUE`).
    Is(Truth, Box<Expr<L>>),
    /// It equals one of the list.
    InList(Box<Expr<L>>, Vec<Expr<L>>),
    /// Text matches a pattern.
    Like(Box<Like<L>>),
    /// Arithmetic.
    Arithmetic(Arithmetic, Box<Expr<L>>, Box<Expr<L>>),
    /// One of several, by conditions.
    Case(Box<Case<L>>),
    /// As a value of another type.
    Cast(Cast, Box<Expr<L>>),
    /// A scalar function.
    Call(Function, Vec<Expr<L>>),
    /// A function of the user's own.
    Apply(UserFunction, Vec<Expr<L>>),
}

impl<L: PartialEq> PartialEq for Expr<L> {
    fn eq(&self, other: &Self) -> bool {
        use Expr::*;
        match (self, other) {
            (Value(a), Value(b)) => a.as_ref().is_identical(b.as_ref()),
            (Leaf(a), Leaf(b)) => a == b,
            (Compare(how, a, b), Compare(other, c, d)) => how == other && a == c && b == d,
            (Arithmetic(how, a, b), Arithmetic(other, c, d)) => how == other && a == c && b == d,
            (Same(a, b), Same(c, d)) => a == c && b == d,
            (And(a), And(b)) | (Or(a), Or(b)) => a == b,
            (Not(a), Not(b)) | (IsNull(a), IsNull(b)) => a == b,
            (Is(truth, a), Is(other, b)) => truth == other && a == b,
            (InList(a, list), InList(b, others)) => a == b && list == others,
            (Like(a), Like(b)) => a == b,
            (Case(a), Case(b)) => a == b,
            (Cast(cast, a), Cast(other, b)) => cast == other && a == b,
            (Call(function, a), Call(other, b)) => function == other && a == b,
            (Apply(function, a), Apply(other, b)) => function == other && a == b,
            _ => false,
        }
    }
}

/// Text matches a pattern.
#[derive(Clone, Debug, PartialEq)]
pub struct Like<L> {
    /// What the pattern means.
    pub matching: Matching,
    /// The text.
    pub text: Expr<L>,
    /// The pattern.
    pub pattern: Expr<L>,
    /// A character that takes its meaning from the one behind it in the pattern.
    pub escape: Option<Expr<L>>,
}

/// One of several, by conditions. `CASE a WHEN b …` is said by comparing in each condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Case<L> {
    /// Conditions and what the outcome is where they are the first that holds.
    pub arms: Vec<(Expr<L>, Expr<L>)>,
    /// The outcome where none holds; NULL if nothing is said.
    pub otherwise: Option<Expr<L>>,
}

impl<L> Expr<L> {
    /// The expressions right below this one, from left to right.
    pub fn parts(&self) -> Vec<&Expr<L>> {
        match self {
            Expr::Value(_) | Expr::Leaf(_) => Vec::new(),
            Expr::Not(it) | Expr::IsNull(it) | Expr::Is(_, it) | Expr::Cast(_, it) => vec![it],
            Expr::And(list) | Expr::Or(list) | Expr::Call(_, list) | Expr::Apply(_, list) => list.iter().collect(),
            Expr::InList(it, list) => std::iter::once(&**it).chain(list).collect(),
            Expr::Compare(_, a, b) | Expr::Same(a, b) | Expr::Arithmetic(_, a, b) => vec![a, b],
            Expr::Like(like) => [&like.text, &like.pattern].into_iter().chain(&like.escape).collect(),
            Expr::Case(case) => {
                let arms = case.arms.iter().flat_map(|(condition, outcome)| [condition, outcome]);
                arms.chain(&case.otherwise).collect()
            }
        }
    }

    /// Visits every leaf.
    pub fn leaves<'a>(&'a self, visit: &mut impl FnMut(&'a L)) {
        if let Expr::Leaf(it) = self {
            return visit(it);
        }
        for part in self.parts() {
            part.leaves(visit);
        }
    }

    /// The conditions that must all hold: the members of an AND, flattened, or the expression itself.
    pub fn conjuncts(self) -> Vec<Expr<L>> {
        match self {
            Expr::And(list) => list.into_iter().flat_map(Expr::conjuncts).collect(),
            other => vec![other],
        }
    }
}
