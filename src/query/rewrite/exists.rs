//! Whether a value is among what a subquery answers that reads rows around it: whether a row exists that equals the
//! value. The answer itself would be made anew for each row; a row that equals something is found by an index, or in a
//! hash table that is made once.
//!
//! Only where a condition counts if it is true, so that "unknown" may become "no". `NOT IN` is true where no row equals
//! the value, none is NULL, and the value is NULL only if there are no rows at all.

use super::{Known, columns};
use crate::expr::{Comparison, Expr, Expression};
use crate::query::leaf::{Leaf, Quantifier};
use crate::query::select::{JoinKind, Output, Select, Source};

/// Turns IN and ANY over correlated subqueries into EXISTS.
pub(super) fn rule(select: &Select, known: &Known<'_>) -> Option<(Select, String)> {
    let mut conditions = select.filter.iter().chain(select.joins.iter().map(|it| &it.on));
    if !conditions.any(asks_among) {
        return None;
    }
    let mut count = 0;
    let mut rewritten = select.clone();
    let conditions = rewritten.filter.iter_mut().chain(rewritten.joins.iter_mut().map(|it| &mut it.on));
    for condition in conditions {
        *condition = in_condition(condition, select, known, &mut count);
    }
    (count > 0).then(|| (rewritten, format!("{count} correlated IN")))
}

fn asks_among(condition: &Expr<Leaf>) -> bool {
    let mut found = false;
    condition.leaves(&mut |it| found |= matches!(it, Leaf::In(..) | Leaf::Quantified(..)));
    found
}

fn in_condition(condition: &Expr<Leaf>, around: &Select, known: &Known<'_>, count: &mut usize) -> Expr<Leaf> {
    let mut all = |list: &[Expr<Leaf>]| list.iter().map(|it| in_condition(it, around, known, count)).collect();
    let rewritten = match condition {
        Expr::And(list) => return Expr::And(all(list)),
        Expr::Or(list) => return Expr::Or(all(list)),
        Expr::Leaf(Leaf::In(needle, select)) => among(needle, Comparison::Equal, select),
        Expr::Leaf(Leaf::Quantified(needle, how, Quantifier::Any, select)) => {
            among(std::slice::from_ref(needle), *how, select)
        }
        Expr::Not(it) => match &**it {
            Expr::Leaf(Leaf::In(needle, select)) => not_among(needle, select, around, known),
            _ => None,
        },
        _ => None,
    };
    *count += usize::from(rewritten.is_some());
    rewritten.unwrap_or_else(|| condition.clone())
}

/// Whether a row of a subquery compares so with the values.
fn among(needle: &[Expr<Leaf>], how: Comparison, select: &Select) -> Option<Expr<Leaf>> {
    let (needle, found) = sides(needle, select)?;
    let pairs = found.into_iter().zip(needle).map(|(found, needle)| found.compare(how.mirrored(), needle));
    Some(exists(pairs.fold(select.clone(), Select::filter)))
}

/// Whether the values are surely none of the rows of a subquery.
fn not_among(needle: &[Expr<Leaf>], select: &Select, around: &Select, known: &Known<'_>) -> Option<Expr<Leaf>> {
    let (inner, found) = sides(needle, select)?;
    let equal = among(needle, Comparison::Equal, select)?.negated();
    let open: Vec<&Expr<Leaf>> = found.iter().filter(|it| !is_there(it, select, known)).collect();
    let is_open = !needle.iter().all(|it| is_there(it, around, known));
    match (needle, &open[..], is_open) {
        (_, [], false) => Some(equal),
        ([only], _, _) => {
            let mut all = vec![equal];
            all.extend(open.iter().map(|it| exists(select.clone().filter((*it).clone().is_null())).negated()));
            if is_open && inner.len() == 1 {
                all.push(Expr::Or(vec![only.clone().is_not_null(), exists(select.clone()).negated()]));
            }
            Some(Expr::And(all))
        }
        _ => None,
    }
}

fn exists(select: Select) -> Expr<Leaf> {
    Expr::Leaf(Leaf::Exists(Box::new(Select { order_by: Vec::new(), distinct: false, ..select })))
}

type Values = Vec<Expr<Leaf>>;

/// The values as they are read within the subquery, and what it brings of which they may be one; if it reads rows around
/// it, and brings each of its combinations as a row.
fn sides(needle: &[Expr<Leaf>], select: &Select) -> Option<(Values, Values)> {
    let alone = select.compounds.is_empty() && select.with.is_empty() && select.keys.is_empty();
    let whole = select.limit.is_none() && select.offset.is_none();
    let grouped = !select.group_by.is_empty() || select.having.is_some();
    let mut reads_around = false;
    columns::in_select(select, &mut |up, _, _| {
        reads_around |= up > 0;
        None
    });
    let values = select.outputs.iter().map(|it| match it {
        Output::Value(it) if is_scalar(it) => Some(it.clone()),
        _ => None,
    });
    let values = values.collect::<Option<Vec<_>>>()?;
    let fits = if needle.len() == 1 { !values.is_empty() } else { values.len() == needle.len() };
    if !(alone && whole && reads_around && fits) || grouped || !needle.iter().all(is_scalar) {
        return None;
    }
    let inwards = |it: &Expr<Leaf>| {
        columns::in_expression(it, &mut |up, source, name| {
            Some(Leaf::Column { up: up + 1, source, name: name.clone() })
        })
    };
    Some((needle.iter().map(inwards).collect(), values.into_iter().take(needle.len()).collect()))
}

/// Whether an expression is computed from a row alone.
fn is_scalar(expr: &Expr<Leaf>) -> bool {
    let mut plain = true;
    expr.leaves(&mut |it| plain &= matches!(it, Leaf::Column { .. } | Leaf::Parameter(_) | Leaf::Now));
    plain
}

/// Whether an expression is a column of a table of the select that holds no NULL, in rows that are always there.
fn is_there(expr: &Expr<Leaf>, select: &Select, known: &Known<'_>) -> bool {
    let Expr::Leaf(Leaf::Column { up: 0, source, name }) = expr else { return false };
    let at = usize::from(*source);
    let kept = |it: &JoinKind| matches!(it, JoinKind::Right | JoinKind::Full);
    let partner = at.checked_sub(1).and_then(|it| select.joins.get(it)).is_none_or(|it| it.kind == JoinKind::Inner);
    let Some(Source::Table(table)) = select.sources().nth(at) else { return false };
    let column = known.schema.table_named(table).ok().and_then(|it| Some(it.column(it.column_named(name).ok()?)));
    partner && !select.joins.iter().any(|it| kept(&it.kind)) && column.is_some_and(|it| !it.nullable)
}
