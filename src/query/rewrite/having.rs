//! A condition on groups that only compares what they are made by is a condition on their rows: an index may serve it,
//! and the groups that it refuses are not made.

use super::Known;
use super::push::same_for_equals;
use crate::expr::Expr;
use crate::query::leaf::Leaf;
use crate::query::select::Select;

/// Moves conditions from HAVING to WHERE.
pub(super) fn rule(select: &Select, _: &Known<'_>) -> Option<(Select, String)> {
    let having = select.having.clone()?;
    let by_keys = |it: &Expr<Leaf>| {
        let (mut fits, mut reads) = (same_for_equals(it), false);
        it.leaves(&mut |leaf| match leaf {
            Leaf::Column { up: 0, .. } => {
                reads = true;
                fits &= select.group_by.iter().any(|key| matches!(key, Expr::Leaf(key) if key == leaf));
            }
            Leaf::Parameter(_) | Leaf::Now => {}
            _ => fits = false,
        });
        fits && reads
    };
    let (moved, rest): (Vec<_>, Vec<_>) = having.conjuncts().into_iter().partition(by_keys);
    if moved.is_empty() {
        return None;
    }
    let what = format!("{} conditions on keys", moved.len());
    let having = (!rest.is_empty()).then_some(Expr::And(rest));
    let rewritten = Select { having, ..select.clone() };
    Some((moved.into_iter().fold(rewritten, Select::filter), what))
}
