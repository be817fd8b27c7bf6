//! Expressions rewritten into others, such as names into positions.

use super::{Case, Expr, Like};

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
            Expr::Apply(function, list) => Expr::Apply(function.clone(), all(list)?),
            Expr::InList(it, list) => {
                let list = all(list)?;
                Expr::InList(Box::new(it.try_replace(by)?), list)
            }
            Expr::Leaf(it) => by.leaf(it)?,
            Expr::Not(it) => Expr::Not(Box::new(it.try_replace(by)?)),
            Expr::IsNull(it) => Expr::IsNull(Box::new(it.try_replace(by)?)),
            Expr::Is(truth, it) => Expr::Is(*truth, Box::new(it.try_replace(by)?)),
            Expr::Cast(cast, it) => Expr::Cast(*cast, Box::new(it.try_replace(by)?)),
            Expr::Compare(how, a, b) => Expr::Compare(*how, Box::new(a.try_replace(by)?), Box::new(b.try_replace(by)?)),
            Expr::Same(a, b) => Expr::Same(Box::new(a.try_replace(by)?), Box::new(b.try_replace(by)?)),
            Expr::Arithmetic(how, a, b) => {
                Expr::Arithmetic(*how, Box::new(a.try_replace(by)?), Box::new(b.try_replace(by)?))
            }
            Expr::Like(like) => Expr::Like(Box::new(Like {
                matching: like.matching,
                text: like.text.try_replace(by)?,
                pattern: like.pattern.try_replace(by)?,
                escape: like.escape.as_ref().map(|it| it.try_replace(by)).transpose()?,
            })),
            Expr::Case(case) => {
                let mut arms = Vec::with_capacity(case.arms.len());
                for (condition, outcome) in &case.arms {
                    arms.push((condition.try_replace(by)?, outcome.try_replace(by)?));
                }
                let otherwise = case.otherwise.as_ref().map(|it| it.try_replace(by)).transpose()?;
                Expr::Case(Box::new(Case { arms, otherwise }))
            }
        })
    }
}
