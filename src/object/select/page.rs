//! Limits of queries for objects: they count objects, not the rows that joined collections make of them.

use super::Selection;
use super::entity::{Entity, Ground};
use crate::error::Result;
use crate::expr::Expr;
use crate::query::{Leaf, Select};

/// Puts the limit into a query: into a subquery that finds the keys where joined collections repeat rows, and nowhere
/// where equal rows are to be dropped first.
pub(super) fn paged(
    ground: Ground<'_>,
    root: &Entity,
    selection: &Selection,
    before: Select,
    mut select: Select,
    repeats: bool,
) -> Result<Select> {
    if selection.distinct || (selection.limit.is_none() && selection.offset == 0) {
        return Ok(select);
    }
    if !repeats {
        return Ok(limited(select, selection));
    }
    let key = &ground.model.class(root.class).key;
    let columns = root.columns(ground, key, 0)?;
    let inner = limited(before.values(columns.clone()), selection);
    select.filter = Some(match (select.filter.take(), select.joins.len()) {
        // The subquery has seen to the condition.
        (_, _) if selection.joins.is_empty() => Expr::Leaf(Leaf::In(columns, Box::new(inner))),
        (Some(filter), _) => crate::expr::Expression::and(filter, Expr::Leaf(Leaf::In(columns, Box::new(inner)))),
        (None, _) => Expr::Leaf(Leaf::In(columns, Box::new(inner))),
    });
    Ok(select)
}

/// A query with limit and offset.
pub(super) fn limited(select: Select, selection: &Selection) -> Select {
    let select = select.offset(selection.offset);
    match selection.limit {
        Some(limit) => select.limit(limit),
        None => select,
    }
}
