//! A condition on what a query brings that is a source, where it is about columns that the query itself only passes on:
//! groups by a column and a condition on that column are the groups of the rows for which the condition holds.
//!
//! Values that are equal may be put together by the query, so only conditions are moved that cannot tell them apart.

use super::{Known, columns};
use crate::expr::Expr;
use crate::query::leaf::Leaf;
use crate::query::select::{JoinKind, Output, Select, Source};
use crate::schema::Name;

/// Moves one condition into a source.
pub(super) fn rule(select: &Select, known: &Known<'_>) -> Option<(Select, String)> {
    let keeps = |it: &JoinKind| matches!(it, JoinKind::Right | JoinKind::Full);
    let is_table = |it: &Source| it.table().is_some_and(|it| known.schema.table_named(it).is_ok());
    if select.joins.iter().any(|it| keeps(&it.kind)) || select.sources().all(is_table) {
        return None;
    }
    let filter = select.filter.clone().map_or_else(Vec::new, Expr::conjuncts);
    for (at, condition) in filter.iter().enumerate() {
        let Some(source) = only_source(condition) else { continue };
        let join = usize::from(source).checked_sub(1);
        let inner = join.is_none_or(|it| select.joins.get(it).is_some_and(|it| it.kind == JoinKind::Inner));
        if inner && let Some(pushed) = pushed(select, source, condition, known) {
            let mut rewritten = pushed;
            rewritten.filter = without(&filter, at);
            return Some((rewritten, format!("a condition into source {source}")));
        }
    }
    for (source, join) in (1..).zip(&select.joins) {
        let on = join.on.clone().conjuncts();
        for (at, condition) in on.iter().enumerate() {
            if only_source(condition) == Some(source)
                && let Some(mut rewritten) = pushed(select, source, condition, known)
            {
                rewritten.joins[usize::from(source) - 1].on = without(&on, at).unwrap_or(Expr::And(Vec::new()));
                return Some((rewritten, format!("a condition into source {source}")));
            }
        }
    }
    None
}

fn without(conditions: &[Expr<Leaf>], at: usize) -> Option<Expr<Leaf>> {
    let mut rest = conditions.to_vec();
    rest.remove(at);
    (!rest.is_empty()).then_some(Expr::And(rest))
}

/// The select with a condition moved into one of its sources.
fn pushed(select: &Select, at: u8, condition: &Expr<Leaf>, known: &Known<'_>) -> Option<Select> {
    let views;
    let (inner, names) = match select.sources().nth(at.into())? {
        Source::Select(inner, names) => (&**inner, names),
        Source::Table(name) if known.schema.table_named(name).is_err() => {
            views = known.schema.views();
            let view = views.named(name)?;
            (&view.select, &view.columns)
        }
        _ => return None,
    };
    if inner.limit.is_some() || inner.offset.is_some() {
        return None;
    }
    let mut inner = inner.clone();
    let first = within(&inner, names, condition, known)?;
    for compound in &mut inner.compounds {
        if compound.select.limit.is_some() || compound.select.offset.is_some() || !compound.select.compounds.is_empty()
        {
            return None;
        }
        let moved = within(&compound.select, names, condition, known)?;
        compound.select = compound.select.clone().filter(moved);
    }
    let source = Source::Select(Box::new(inner.filter(first)), names.clone());
    let mut rewritten = select.clone();
    match usize::from(at).checked_sub(1) {
        None => rewritten.from = source,
        Some(join) => rewritten.joins[join].source = source,
    }
    Some(rewritten)
}

/// The condition as it is said within a query, if all that it reads is passed on by it.
fn within(inner: &Select, names: &[Name], condition: &Expr<Leaf>, known: &Known<'_>) -> Option<Expr<Leaf>> {
    let found = passed_on(inner, known)?;
    if found.len() != names.len() {
        return None;
    }
    let mut all = true;
    let moved = columns::in_expression(condition, &mut |_, _, name| {
        let leaf = names.iter().position(|it| it == name).and_then(|it| found[it].clone());
        all &= leaf.is_some();
        leaf
    });
    all.then_some(moved)
}

/// For each column that a query brings, the column that it passes on.
pub(super) fn passed_on(inner: &Select, known: &Known<'_>) -> Option<Vec<Option<Leaf>>> {
    let mut computes = inner.having.is_some();
    let (mut windows, mut found) = (false, Vec::new());
    let grouped = |it: &Expr<Leaf>| inner.group_by.is_empty() || inner.group_by.contains(it);
    for output in &inner.outputs {
        match output {
            Output::Value(it) => {
                it.leaves(&mut |leaf| {
                    computes |= matches!(leaf, Leaf::Aggregate(_));
                    windows |= matches!(leaf, Leaf::Window(_));
                });
                found.push(match it {
                    Expr::Leaf(leaf @ Leaf::Column { up: 0, .. }) if grouped(it) => Some(leaf.clone()),
                    _ => None,
                });
            }
            Output::Row(source) => {
                let table = known.schema.table_named(inner.sources().nth((*source).into())?.table()?).ok()?;
                for column in &table.columns {
                    let leaf = Leaf::Column { up: 0, source: *source, name: Name::from(column.name.clone()) };
                    found.push(grouped(&Expr::Leaf(leaf.clone())).then_some(leaf));
                }
            }
        }
    }
    inner.order_by.iter().for_each(|it| it.by.leaves(&mut |leaf| computes |= matches!(leaf, Leaf::Aggregate(_))));
    // Without GROUP BY, aggregates are of one group, which is there even without rows.
    let of_one_group = computes && inner.group_by.is_empty();
    (!windows && !of_one_group).then_some(found)
}

/// The only source that a condition reads, if it says the same of all values that are equal.
fn only_source(condition: &Expr<Leaf>) -> Option<u8> {
    let mut only = None;
    let mut fits = same_for_equals(condition);
    condition.leaves(&mut |leaf| match leaf {
        Leaf::Column { up: 0, source, .. } => fits &= *only.get_or_insert(*source) == *source,
        Leaf::Parameter(_) | Leaf::Now => {}
        _ => fits = false,
    });
    only.filter(|_| fits)
}

/// Whether a condition only compares.
pub(super) fn same_for_equals(condition: &Expr<Leaf>) -> bool {
    let term = |it: &Expr<Leaf>| matches!(it, Expr::Value(_) | Expr::Leaf(_));
    match condition {
        Expr::And(all) | Expr::Or(all) => all.iter().all(same_for_equals),
        Expr::Not(it) | Expr::Is(_, it) => same_for_equals(it),
        Expr::Compare(_, a, b) | Expr::Same(a, b) => term(a) && term(b),
        Expr::IsNull(it) => term(it),
        Expr::InList(it, list) => term(it) && list.iter().all(term),
        _ => false,
    }
}
