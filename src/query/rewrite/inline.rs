//! A query that only picks rows and columns of a table, where it is a source, is that table and its condition: the
//! indexes of the table serve the query around, and nothing is put aside.

use super::{Known, columns};
use crate::expr::{Expr, Expression};
use crate::query::leaf::Leaf;
use crate::query::select::{JoinKind, Output, Select, Source};
use crate::schema::Name;

/// Puts a table in the place of a source that only picks of it.
pub(super) fn rule(select: &Select, known: &Known<'_>) -> Option<(Select, String)> {
    let outer = |it: &JoinKind| matches!(it, JoinKind::Right | JoinKind::Full);
    if !select.keys.is_empty() || select.joins.iter().any(|it| outer(&it.kind)) {
        return None;
    }
    (0..).zip(select.sources()).find_map(|(at, source)| inlined(select, at, source, known))
}

fn inlined(select: &Select, at: u8, source: &Source, known: &Known<'_>) -> Option<(Select, String)> {
    let views;
    let (inner, names) = match source {
        Source::Select(inner, names) => (&**inner, names),
        Source::Table(name) if known.schema.table_named(name).is_err() => {
            views = known.schema.views();
            let view = views.named(name)?;
            (&view.select, &view.columns)
        }
        _ => return None,
    };
    // Rows that come in an order stay in it where nothing asks for another: what is aggregated reads them so.
    let ordered_anew = !select.order_by.is_empty() && select.group_by.is_empty();
    if !inner.order_by.is_empty() && select.joins.is_empty() && !ordered_anew {
        return None;
    }
    let picked = picked(inner, known)?;
    if picked.len() != names.len() || !all_named(select, at, names) {
        return None;
    }
    if select.outputs.contains(&Output::Row(at)) && !known.columns_come_out {
        return None;
    }
    let mut rewritten = select.clone();
    let whole = |it: &Output| match it {
        Output::Row(source) if *source == at => {
            let column = |name: &Name| Leaf::Column { up: 0, source: at, name: name.clone() };
            names.iter().map(|it| Output::Value(column(it).expr())).collect()
        }
        other => vec![other.clone()],
    };
    rewritten.outputs = rewritten.outputs.iter().flat_map(whole).collect();
    let mut rewritten = columns::in_select(&rewritten, &mut |up, source, name| {
        let place = names.iter().position(|it| it == name).filter(|_| up == 0 && source == at)?;
        Some(Leaf::Column { up: 0, source: at, name: picked[place].clone() })
    });
    // What the inner query reads of itself is now read of this source, and what is around it is one select nearer.
    let condition = inner.filter.as_ref().map(|it| {
        columns::in_expression(it, &mut |up, source, name| {
            let (up, source) = if up == 0 { (0, at) } else { (up - 1, source) };
            Some(Leaf::Column { up, source, name: name.clone() })
        })
    });
    let join = usize::from(at).checked_sub(1).map(|it| &mut rewritten.joins[it]);
    match join {
        None => rewritten.from = inner.from.clone(),
        Some(join) => join.source = inner.from.clone(),
    }
    if let Some(condition) = condition {
        let join = usize::from(at).checked_sub(1).map(|it| &mut rewritten.joins[it]);
        match join.filter(|it| it.kind != JoinKind::Inner) {
            Some(join) => join.on = std::mem::replace(&mut join.on, Expr::And(Vec::new())).and(condition),
            None => rewritten = rewritten.filter(condition),
        }
    }
    let name = inner.from.table().map_or("", |it| it);
    Some((rewritten, format!("source {at} is {name} itself")))
}

/// The columns that a query picks of its only table, if it does nothing else.
fn picked(inner: &Select, known: &Known<'_>) -> Option<Vec<Name>> {
    let table = known.schema.table_named(inner.from.table()?).ok()?;
    let alone = inner.joins.is_empty() && inner.with.is_empty() && inner.compounds.is_empty();
    let plain = inner.group_by.is_empty() && inner.having.is_none() && !inner.distinct && inner.keys.is_empty();
    if !alone || !plain || inner.limit.is_some() || inner.offset.is_some() {
        return None;
    }
    let mut names = Vec::new();
    for output in &inner.outputs {
        match output {
            Output::Row(0) => names.extend(table.columns.iter().map(|it| Name::from(it.name.clone()))),
            Output::Value(Expr::Leaf(Leaf::Column { up: 0, source: 0, name })) => names.push(name.clone()),
            _ => return None,
        }
    }
    // A name that is not there is a mistake, about which the query itself has to say so.
    names.iter().all(|it| table.column_named(it).is_ok()).then_some(names)
}

/// Whether everything that a select reads of a source is one of these names; otherwise the select is mistaken.
fn all_named(select: &Select, at: u8, names: &[Name]) -> bool {
    let mut all = true;
    columns::in_select(select, &mut |up, source, name| {
        all &= up != 0 || source != at || names.contains(name);
        None
    });
    all
}
