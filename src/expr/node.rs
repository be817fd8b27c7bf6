//! The expression tree.

use super::Function;
use crate::value::Value;

/// A scalar expression whose leaves are of type `L`.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr<L> {
    /// A constant.
    Value(Value),
    /// Whatever the phase puts at a leaf.
    Leaf(L),
    /// A comparison.
    Compare(Comparison, Box<Expr<L>>, Box<Expr<L>>),
    /// All of them hold.
    And(Vec<Expr<L>>),
    /// One of them holds.
    Or(Vec<Expr<L>>),
    /// It does not hold.
    Not(Box<Expr<L>>),
    /// It is NULL.
    IsNull(Box<Expr<L>>),
    /// It equals one of the list.
    InList(Box<Expr<L>>, Vec<Expr<L>>),
    /// Text matches a pattern with `%` and `_`.
    Like(Box<Expr<L>>, Box<Expr<L>>),
    /// Arithmetic.
    Arithmetic(Arithmetic, Box<Expr<L>>, Box<Expr<L>>),
    /// A scalar function.
    Call(Function, Vec<Expr<L>>),
}

/// The comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparison {
    /// How SQL writes it.
    pub fn symbol(self) -> &'static str {
        match self {
            Comparison::Equal => "=",
            Comparison::NotEqual => "<>",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        }
    }

    /// Whether an ordering satisfies it.
    pub fn holds(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Comparison::Equal => ordering.is_eq(),
            Comparison::NotEqual => ordering.is_ne(),
            Comparison::Less => ordering.is_lt(),
            Comparison::LessOrEqual => ordering.is_le(),
            Comparison::Greater => ordering.is_gt(),
            Comparison::GreaterOrEqual => ordering.is_ge(),
        }
    }

    /// The comparison with its sides swapped.
    pub fn mirrored(self) -> Self {
        match self {
            Comparison::Less => Comparison::Greater,
            Comparison::LessOrEqual => Comparison::GreaterOrEqual,
            Comparison::Greater => Comparison::Less,
            Comparison::GreaterOrEqual => Comparison::LessOrEqual,
            same => same,
        }
    }
}

/// The arithmetic operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Arithmetic {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`: of two integers the whole quotient, rounded towards zero; NULL when the divisor is zero.
    Divide,
    /// `%`: the remainder of that quotient.
    Remainder,
}

impl Arithmetic {
    /// How SQL writes it.
    pub fn symbol(self) -> &'static str {
        match self {
            Arithmetic::Add => "+",
            Arithmetic::Subtract => "-",
            Arithmetic::Multiply => "*",
            Arithmetic::Divide => "/",
            Arithmetic::Remainder => "%",
        }
    }
}

/// How the parts of an expression are rewritten into another.
pub trait Replace<L, M> {
    /// What can go wrong.
    type Error;

    /// What a leaf becomes.
    ///
    /// # Errors
    /// When it cannot be rewritten.
    fn leaf(&mut self, leaf: &L) -> Result<Expr<M>, Self::Error>;

    /// What a part becomes as a whole; `None` where its own parts are rewritten one by one.
    ///
    /// # Errors
    /// When it cannot be rewritten.
    fn part(&mut self, part: &Expr<L>) -> Result<Option<Expr<M>>, Self::Error>;
}

/// Rewrites leaves only.
struct LeafByLeaf<'a, F>(&'a mut F);

impl<L, M, E, F: FnMut(&L) -> Result<Expr<M>, E>> Replace<L, M> for LeafByLeaf<'_, F> {
    type Error = E;

    fn leaf(&mut self, leaf: &L) -> Result<Expr<M>, E> {
        (self.0)(leaf)
    }

    fn part(&mut self, _: &Expr<L>) -> Result<Option<Expr<M>>, E> {
        Ok(None)
    }
}

impl<L> Expr<L> {
    /// Rewrites every leaf, for example from names to positions.
    ///
    /// # Errors
    /// The first error of `leaf`.
    pub fn try_map<M, E>(&self, leaf: &mut impl FnMut(&L) -> Result<Expr<M>, E>) -> Result<Expr<M>, E> {
        self.try_replace(&mut LeafByLeaf(leaf))
    }

    /// Rewrites what stands for a whole part first, then the leaves of the other parts.
    ///
    /// # Errors
    /// The first error of the rewriting.
    pub fn try_replace<M, R: Replace<L, M>>(&self, by: &mut R) -> Result<Expr<M>, R::Error> {
        if let Some(whole) = by.part(self)? {
            return Ok(whole);
        }
        let mut all = |list: &[Expr<L>]| list.iter().map(|it| it.try_replace(by)).collect::<Result<Vec<_>, _>>();
        Ok(match self {
            Expr::Value(it) => Expr::Value(it.clone()),
            Expr::And(list) => Expr::And(all(list)?),
            Expr::Or(list) => Expr::Or(all(list)?),
            Expr::Call(function, list) => Expr::Call(*function, all(list)?),
            Expr::InList(it, list) => {
                let list = all(list)?;
                Expr::InList(Box::new(it.try_replace(by)?), list)
            }
            Expr::Leaf(it) => by.leaf(it)?,
            Expr::Not(it) => Expr::Not(Box::new(it.try_replace(by)?)),
            Expr::IsNull(it) => Expr::IsNull(Box::new(it.try_replace(by)?)),
            Expr::Compare(how, a, b) => Expr::Compare(*how, Box::new(a.try_replace(by)?), Box::new(b.try_replace(by)?)),
            Expr::Like(a, b) => Expr::Like(Box::new(a.try_replace(by)?), Box::new(b.try_replace(by)?)),
            Expr::Arithmetic(how, a, b) => {
                Expr::Arithmetic(*how, Box::new(a.try_replace(by)?), Box::new(b.try_replace(by)?))
            }
        })
    }

    /// Visits every leaf.
    pub fn leaves<'a>(&'a self, visit: &mut impl FnMut(&'a L)) {
        match self {
            Expr::Value(_) => {}
            Expr::Leaf(it) => visit(it),
            Expr::Not(it) | Expr::IsNull(it) => it.leaves(visit),
            Expr::And(list) | Expr::Or(list) | Expr::Call(_, list) => list.iter().for_each(|it| it.leaves(visit)),
            Expr::InList(it, list) => {
                it.leaves(visit);
                list.iter().for_each(|it| it.leaves(visit));
            }
            Expr::Compare(_, a, b) | Expr::Like(a, b) | Expr::Arithmetic(_, a, b) => {
                a.leaves(visit);
                b.leaves(visit);
            }
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
