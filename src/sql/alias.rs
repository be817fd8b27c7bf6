//! Which selects give their sources an alias.

use crate::expr::Expr;
use crate::query::{Leaf, Output, Select, Source};

/// The alias of a source of the select `depth` levels inside the statement.
pub(super) fn alias(depth: usize, source: u8) -> String {
    if depth == 0 { format!("t{source}") } else { format!("s{depth}_t{source}") }
}

/// Whether plain names would not do in a select: it has several sources, reads a select around it, or is read by one
/// inside it.
///
/// A select that only stands inside another one needs none: a plain name means the innermost source that has it.
pub(super) fn select_needs_alias(select: &Select) -> bool {
    let mut found = !select.joins.is_empty();
    columns_of_select(select, 0, &mut |depth, up| found |= crosses(depth, up));
    found
}

/// The same for a statement that is no select, of which these are the expressions.
pub(super) fn needs_alias<'a>(expressions: impl IntoIterator<Item = &'a Expr<Leaf>>) -> bool {
    let mut found = false;
    for it in expressions {
        columns(it, 0, &mut |depth, up| found |= crosses(depth, up));
    }
    found
}

/// Whether a column `depth` selects inside, read `up` selects outwards, passes or reaches the select in question from
/// another one.
fn crosses(depth: u8, up: u8) -> bool {
    up >= depth.max(1)
}

fn columns(expr: &Expr<Leaf>, depth: u8, visit: &mut dyn FnMut(u8, u8)) {
    expr.leaves(&mut |leaf| match leaf {
        Leaf::Column { up, .. } => visit(depth, *up),
        Leaf::Parameter(_) | Leaf::Output(_) | Leaf::Default => {}
        Leaf::Aggregate(it) => {
            let order = it.order_by.iter().map(|it| &it.by);
            it.operands.iter().chain(&it.filter).chain(order).for_each(|it| columns(it, depth, visit));
        }
        Leaf::Window(it) => {
            let order = it.order_by.iter().map(|it| &it.by);
            let all = it.operands.iter().chain(&it.filter).chain(&it.partition_by).chain(order);
            all.for_each(|it| columns(it, depth, visit));
        }
        Leaf::Exists(select) | Leaf::Scalar(select) => columns_of_select(select, depth + 1, visit),
        Leaf::Quantified(needle, _, _, select) => {
            columns(needle, depth, visit);
            columns_of_select(select, depth + 1, visit);
        }
        Leaf::In(needle, select) => {
            needle.iter().for_each(|it| columns(it, depth, visit));
            columns_of_select(select, depth + 1, visit);
        }
    });
}

fn columns_of_select(select: &Select, depth: u8, visit: &mut dyn FnMut(u8, u8)) {
    let outputs = select.outputs.iter().filter_map(|it| match it {
        Output::Value(it) => Some(it),
        Output::Row(_) => None,
    });
    let joins = select.joins.iter().map(|it| &it.on);
    let order = select.order_by.iter().map(|it| &it.by);
    let rest = select.filter.iter().chain(&select.having).chain(&select.group_by);
    let limits = select.limit.iter().chain(&select.offset);
    outputs.chain(joins).chain(order).chain(rest).chain(limits).for_each(|it| columns(it, depth, visit));
    for source in std::iter::once(&select.from).chain(select.joins.iter().map(|it| &it.source)) {
        match source {
            Source::Nothing | Source::Table(_) | Source::Common(_) => {}
            Source::Select(select, _) => columns_of_select(select, depth + 1, visit),
            Source::Values(rows, _) => rows.iter().flatten().for_each(|it| columns(it, depth, visit)),
        }
    }
    // The queries of a WITH or a set operation stand beside the select, which only looks on from outside.
    if depth > 0 {
        let beside = select.with.iter().map(|it| &it.select).chain(select.compounds.iter().map(|it| &it.select));
        beside.for_each(|it| columns_of_select(it, depth, visit));
    }
}
