//! What equals a column that equals a constant equals the constant: a source that is joined by such a column can be read
//! first, or by an index of its own.

use super::{Candidate, Waiting};
use crate::expr::{Comparison, Expr};
use crate::id::ColumnId;
use crate::query::plan::{BoundLeaf, Bounded};

type Place = (u8, ColumnId);

/// Adds what follows to a pool of conditions that all hold.
pub(super) fn spread(pool: &mut Vec<Waiting>) {
    let column = |it: &Bounded| match it {
        Expr::Leaf(BoundLeaf::Column { up: 0, source, column }) => Some((*source, *column)),
        _ => None,
    };
    let mut known: Vec<(Place, usize, Bounded)> = Vec::new();
    let mut pairs: Vec<(Place, Place, usize)> = Vec::new();
    for Waiting { floor, candidate } in pool.iter() {
        let Expr::Compare(Comparison::Equal, a, b) = &candidate.expr else { continue };
        let constant =
            |it: &Bounded| matches!(it, Expr::Value(_) | Expr::Leaf(BoundLeaf::Parameter(_) | BoundLeaf::Now));
        match (column(a), column(b)) {
            (Some(a), Some(b)) => pairs.push((a, b, *floor)),
            (Some(a), None) if constant(b) => known.push((a, *floor, (**b).clone())),
            (None, Some(b)) if constant(a) => known.push((b, *floor, (**a).clone())),
            _ => {}
        }
    }
    let mut at = 0;
    while at < known.len() {
        let (place, floor, value) = known[at].clone();
        for (a, b, of_pair) in &pairs {
            let other = if *a == place { *b } else { *a };
            if (*a == place || *b == place) && !known.iter().any(|it| it.0 == other) {
                let floor = floor.max(*of_pair);
                let (source, column) = other;
                let own = Expr::Leaf(BoundLeaf::Column { up: 0, source, column });
                let expr = Expr::Compare(Comparison::Equal, Box::new(own), Box::new(value.clone()));
                pool.push(Waiting { floor, candidate: Candidate::new(expr, 1 << source, false) });
                known.push((other, floor, value.clone()));
            }
        }
        at += 1;
    }
}
