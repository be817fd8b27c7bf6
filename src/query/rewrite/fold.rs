//! What is known without any row is computed once: `2 * 3 < x` is `6 < x`.

use std::convert::Infallible;

use super::Known;
use crate::error::Result;
use crate::expr::{Environment, Expr, Replace, Scalar};
use crate::query::leaf::Leaf;
use crate::query::select::Select;
use crate::value::ValueRef;

/// Folds constants in the conditions of a select.
pub(super) fn rule(select: &Select, _: &Known<'_>) -> Option<(Select, String)> {
    let mut fold = Fold { folded: 0 };
    let filter = select.filter.as_ref().map(|it| fold.expr(it));
    let joins: Vec<Expr<Leaf>> = select.joins.iter().map(|it| fold.expr(&it.on)).collect();
    if fold.folded == 0 {
        return None;
    }
    let mut rewritten = Select { filter, ..select.clone() };
    for (join, on) in rewritten.joins.iter_mut().zip(joins) {
        join.on = on;
    }
    Some((rewritten, format!("{} constants", fold.folded)))
}

struct Fold {
    folded: usize,
}

impl Fold {
    fn expr(&mut self, expr: &Expr<Leaf>) -> Expr<Leaf> {
        let Ok(folded) = expr.try_replace(self);
        folded
    }
}

/// There is no row.
struct Nowhere;

impl Environment<Leaf> for Nowhere {
    fn leaf<'a>(&'a self, _: &'a Leaf) -> Result<Scalar<'a>> {
        Ok(ValueRef::Null.into())
    }
}

impl Replace<Leaf, Leaf> for Fold {
    type Error = Infallible;

    fn leaf(&mut self, leaf: &Leaf) -> std::result::Result<Expr<Leaf>, Infallible> {
        Ok(Expr::Leaf(leaf.clone()))
    }

    fn part(&mut self, part: &Expr<Leaf>) -> std::result::Result<Option<Expr<Leaf>>, Infallible> {
        // A condition is computed to a truth, which is not a number; functions may give another value each time.
        let (Expr::Arithmetic(_, a, b) | Expr::Compare(_, a, b)) = part else { return Ok(None) };
        if !is_known(a) || !is_known(b) {
            return Ok(None);
        }
        // What cannot be computed is an error when it runs, if it does.
        let Ok(value) = part.evaluate(&Nowhere) else { return Ok(None) };
        self.folded += 1;
        Ok(Some(Expr::Value(value.into_value())))
    }
}

fn is_known(expr: &Expr<Leaf>) -> bool {
    match expr {
        Expr::Value(_) => true,
        Expr::Arithmetic(_, a, b) => is_known(a) && is_known(b),
        _ => false,
    }
}
