//! A join whose rows without a partner are refused afterwards keeps only those with one: a comparison with the NULLs that
//! stand for the partner is never true.

use super::Known;
use crate::expr::Expr;
use crate::query::leaf::Leaf;
use crate::query::select::{JoinKind, Select};

/// Turns an outer join into one that keeps fewer rows.
pub(super) fn rule(select: &Select, _: &Known<'_>) -> Option<(Select, String)> {
    let filter = select.filter.clone()?;
    // The sources that cannot be NULL in what comes out, as bits.
    let there = filter.conjuncts().iter().fold(0_u64, |all, it| all | refuses_null(it));
    for (position, join) in (1_u32..).zip(&select.joins) {
        let before = there & ((1 << position) - 1) != 0;
        let here = there & 1_u64.checked_shl(position).unwrap_or(0) != 0;
        let kind = match (join.kind, before, here) {
            (JoinKind::Left, _, true) | (JoinKind::Right, true, _) | (JoinKind::Full, true, true) => JoinKind::Inner,
            (JoinKind::Full, true, false) => JoinKind::Left,
            (JoinKind::Full, false, true) => JoinKind::Right,
            _ => continue,
        };
        let mut rewritten = select.clone();
        rewritten.joins[position as usize - 1].kind = kind;
        return Some((rewritten, format!("{:?} of source {position} is {kind:?}", join.kind)));
    }
    None
}

/// The sources for whose NULLs a condition does not hold.
fn refuses_null(condition: &Expr<Leaf>) -> u64 {
    let column = |it: &Expr<Leaf>| match it {
        Expr::Leaf(Leaf::Column { up: 0, source, .. }) => 1_u64.checked_shl((*source).into()).unwrap_or(0),
        _ => 0,
    };
    match condition {
        Expr::Compare(_, a, b) => column(a) | column(b),
        Expr::InList(it, _) => column(it),
        Expr::Not(it) => match &**it {
            Expr::IsNull(it) => column(it),
            _ => 0,
        },
        _ => 0,
    }
}
