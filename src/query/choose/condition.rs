//! What a condition says about one column of a source, or about an expression over its columns that an index knows.

use std::ops::Bound;

use super::Candidate;
use super::indexed::over;
use crate::expr::{Comparison, Expr};
use crate::id::ColumnId;
use crate::query::plan::{BoundLeaf, Bounded, SelectPlan};
use crate::schema::Part;

/// A statement about a part of a key, whose other side is known before the source is read.
pub(super) struct Says<'p> {
    pub(super) about: Part,
    pub(super) what: What<'p>,
}

pub(super) enum What<'p> {
    Equal(&'p Bounded),
    Lower(Bound<&'p Bounded>),
    Upper(Bound<&'p Bounded>),
    Absent,
    Present,
    AnyOf(&'p [Bounded]),
    Answered(&'p SelectPlan),
}

impl<'p> Says<'p> {
    /// What it says, if it is about this part.
    pub(super) fn of(&self, part: &Part) -> Option<&What<'p>> {
        (self.about == *part).then_some(&self.what)
    }

    /// The column and what it equals, if that is what it says.
    pub(super) fn column_equals(&self) -> Option<(ColumnId, &'p Bounded)> {
        match (&self.about, &self.what) {
            (Part::Column(column), What::Equal(value)) => Some((*column, value)),
            _ => None,
        }
    }
}

/// Reads a condition as such a statement; the expressions are those that the indexes of the source know.
pub(super) fn says<'p>(
    candidate: &'p Candidate,
    source: u8,
    placed: u64,
    expressions: &[&Expr<ColumnId>],
) -> Option<Says<'p>> {
    if candidate.sources & 1 << source == 0 || candidate.sources & !placed & !(1 << source) != 0 {
        return None;
    }
    let own = |expr: &Bounded| match expr {
        Expr::Leaf(BoundLeaf::Column { up: 0, source: at, column }) if *at == source => Some(Part::Column(*column)),
        Expr::Leaf(_) | Expr::Value(_) => None,
        _ if expressions.is_empty() => None,
        _ => over(expr, source).filter(|it| expressions.contains(&it)).map(Part::Expression),
    };
    let (about, what) = match &candidate.expr {
        Expr::Compare(how, a, b) => {
            let (about, how, other) = match (own(a), own(b)) {
                (Some(_), Some(_)) => return None,
                (Some(about), None) => (about, *how, &**b),
                (None, Some(about)) => (about, how.mirrored(), &**a),
                (None, None) => return None,
            };
            if reads(other, source) {
                return None;
            }
            let what = match how {
                Comparison::Equal => What::Equal(other),
                Comparison::Less => What::Upper(Bound::Excluded(other)),
                Comparison::LessOrEqual => What::Upper(Bound::Included(other)),
                Comparison::Greater => What::Lower(Bound::Excluded(other)),
                Comparison::GreaterOrEqual => What::Lower(Bound::Included(other)),
                Comparison::NotEqual => return None,
            };
            (about, what)
        }
        Expr::IsNull(it) => (own(it)?, What::Absent),
        Expr::Not(it) => match &**it {
            Expr::IsNull(it) => (own(it)?, What::Present),
            _ => return None,
        },
        Expr::InList(needle, list) if !list.iter().any(|it| reads(it, source)) => (own(needle)?, What::AnyOf(list)),
        Expr::Leaf(BoundLeaf::In(needle, subquery)) if !subquery.correlated => match &needle[..] {
            [only] => (own(only)?, What::Answered(subquery)),
            _ => return None,
        },
        _ => return None,
    };
    Some(Says { about, what })
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
