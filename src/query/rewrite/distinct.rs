//! Different values of columns are groups of which nothing else is asked: an index may tell them, and the first groups in its
//! order need only their own rows.

use super::Known;
use crate::expr::Expr;
use crate::query::leaf::Leaf;
use crate::query::select::{Output, Select, Source};

/// Groups by the columns of which each combination comes out once.
pub(super) fn rule(select: &Select, known: &Known<'_>) -> Option<(Select, String)> {
    let Source::Table(table) = &select.from else { return None };
    let alone = select.joins.is_empty() && select.keys.is_empty() && known.schema.table_named(table).is_ok();
    let grouped = !select.group_by.is_empty() || select.having.is_some();
    // Without an order, the first different rows are found sooner one by one than group by group.
    let ends_early = select.limit.is_some() && select.order_by.is_empty();
    if !select.distinct || !alone || grouped || ends_early {
        return None;
    }
    let column = |it: &Output| match it {
        Output::Value(it @ Expr::Leaf(Leaf::Column { up: 0, .. })) => Some(it.clone()),
        _ => None,
    };
    let columns = select.outputs.iter().map(column).collect::<Option<Vec<_>>>()?;
    let comes_out = |it: &Expr<Leaf>| matches!(it, Expr::Leaf(Leaf::Output(_))) || columns.contains(it);
    if columns.is_empty() || !select.compounds.is_empty() || !select.order_by.iter().all(|it| comes_out(&it.by)) {
        return None;
    }
    let what = format!("{} columns, each combination once, are groups", columns.len());
    Some((Select { distinct: false, group_by: columns, ..select.clone() }, what))
}
