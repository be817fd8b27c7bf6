//! Which selects give their sources an alias.

use crate::expr::Expr;
use crate::query::{Leaf, Select};

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
    expr.leaves(&mut |leaf| {
        if let Leaf::Column { up, .. } = leaf {
            visit(depth, *up);
        }
        leaf.operands(&mut |it| columns(it, depth, visit));
        if let Some(select) = leaf.subquery() {
            columns_of_select(select, depth + 1, visit);
        }
    });
}

fn columns_of_select(select: &Select, depth: u8, visit: &mut dyn FnMut(u8, u8)) {
    select.expressions(&mut |it| columns(it, depth, visit));
    select.within().for_each(|it| columns_of_select(it, depth + 1, visit));
    // The queries of a WITH or a set operation stand beside the select, which only looks on from outside.
    if depth > 0 {
        select.beside().for_each(|it| columns_of_select(it, depth, visit));
    }
}
