//! What a condition says about one column of a source.

use std::ops::Bound;

use super::Candidate;
use crate::expr::{Comparison, Expr};
use crate::id::ColumnId;
use crate::query::plan::{BoundLeaf, Bounded, SelectPlan};

/// A statement about a column, whose other side is known before the source is read.
pub(super) enum Says<'p> {
    Equal(ColumnId, &'p Bounded),
    Lower(ColumnId, Bound<&'p Bounded>),
    Upper(ColumnId, Bound<&'p Bounded>),
    AnyOf(ColumnId, &'p [Bounded]),
    Answered(ColumnId, &'p SelectPlan),
}

/// Reads a condition as such a statement.
pub(super) fn says(candidate: &Candidate, source: u8, placed: u64) -> Option<Says<'_>> {
    if candidate.sources & 1 << source == 0 || candidate.sources & !placed & !(1 << source) != 0 {
        return None;
    }
    let own = |expr: &Bounded| match expr {
        Expr::Leaf(BoundLeaf::Column { up: 0, source: at, column }) if *at == source => Some(*column),
        _ => None,
    };
    match &candidate.expr {
        Expr::Compare(how, a, b) => {
            let (column, how, other) = match (own(a), own(b)) {
                (Some(_), Some(_)) => return None,
                (Some(column), None) => (column, *how, &**b),
                (None, Some(column)) => (column, how.mirrored(), &**a),
                (None, None) => return None,
            };
            if reads(other, source) {
                return None;
            }
            match how {
                Comparison::Equal => Some(Says::Equal(column, other)),
                Comparison::Less => Some(Says::Upper(column, Bound::Excluded(other))),
                Comparison::LessOrEqual => Some(Says::Upper(column, Bound::Included(other))),
                Comparison::Greater => Some(Says::Lower(column, Bound::Excluded(other))),
                Comparison::GreaterOrEqual => Some(Says::Lower(column, Bound::Included(other))),
                Comparison::NotEqual => None,
            }
        }
        Expr::InList(needle, list) => {
            let column = own(needle)?;
            (!list.iter().any(|it| reads(it, source))).then_some(Says::AnyOf(column, list))
        }
        Expr::Leaf(BoundLeaf::In(needle, subquery)) if !subquery.correlated => match &needle[..] {
            [only] => Some(Says::Answered(own(only)?, subquery)),
            _ => None,
        },
        _ => None,
    }
}

/// Whether an expression reads a row of a select around its own, so that the same source is read again and again.
pub(super) fn reads_around(expr: &Bounded) -> bool {
    let mut found = false;
    expr.leaves(&mut |leaf| found |= matches!(leaf, BoundLeaf::Column { up: 1.., .. }));
    found
}

/// Whether an expression reads a source, in a subquery or not.
fn reads(expr: &Bounded, source: u8) -> bool {
    let mut found = false;
    expr.leaves(&mut |leaf| {
        found |= match leaf {
            BoundLeaf::Column { up: 0, source: at, .. } => *at == source,
            // A subquery may read anything outside; that rules the condition out, which is only slower.
            BoundLeaf::Exists(_) | BoundLeaf::In(..) | BoundLeaf::Quantified(..) => true,
            BoundLeaf::Scalar(plan) => plan.correlated,
            _ => false,
        };
    });
    found
}
