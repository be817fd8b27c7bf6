//! Random queries as SQL, written without the crate's own renderer.

use diptych::expr::Expr;
use diptych::query::{Aggregation, BareColumns, JoinKind, Leaf, Nulls, OrderBy, Output, SetOperation, Source};
use diptych::{Direction, Select, Value};

fn list<T>(all: &[T], mut text: impl FnMut(&T) -> String) -> String {
    all.iter().map(&mut text).collect::<Vec<_>>().join(", ")
}

/// A query as SQL. Each source is named by its select's depth and its place in it.
pub(crate) fn sql(select: &Select, depth: usize) -> String {
    assert_eq!(select.bare_columns, BareColumns::Refused);
    let mut text = String::new();
    if !select.with.is_empty() {
        let with =
            list(&select.with, |it| format!("{}({}) AS ({})", it.name, it.columns.join(", "), sql(&it.select, depth)));
        text += &format!("WITH RECURSIVE {with} ");
    }
    text += &part(select, depth);
    for compound in &select.compounds {
        let operation = match compound.operation {
            SetOperation::Union => "UNION",
            SetOperation::Intersect => "INTERSECT",
            SetOperation::Except => "EXCEPT",
        };
        let all = if compound.all { " ALL" } else { "" };
        text += &format!(" {operation}{all} {}", part(&compound.select, depth));
    }
    if !select.order_by.is_empty() {
        text += &format!(" ORDER BY {}", list(&select.order_by, |it| order(it, depth)));
    }
    if let Some(limit) = &select.limit {
        let offset = select.offset.as_ref().map_or("0".to_owned(), |it| expression(it, depth));
        text += &format!(" LIMIT {} OFFSET {offset}", expression(limit, depth));
    }
    text
}

/// From SELECT to HAVING.
fn part(select: &Select, depth: usize) -> String {
    let outputs = list(&select.outputs, |it| match it {
        Output::Value(it) => expression(it, depth),
        Output::Row(_) => "1".to_owned(),
    });
    let distinct = if select.distinct { "DISTINCT " } else { "" };
    let mut text = format!("SELECT {distinct}{outputs} FROM {}", source(&select.from, depth, 0));
    let mut conditions = Vec::new();
    for (position, join) in (1..).zip(&select.joins) {
        let kind = match join.kind {
            JoinKind::Inner => "JOIN",
            JoinKind::Left => "LEFT JOIN",
            JoinKind::Right => "RIGHT JOIN",
            JoinKind::Full => "FULL JOIN",
            JoinKind::Semi | JoinKind::Anti => {
                let not = if join.kind == JoinKind::Anti { "NOT " } else { "" };
                let (source, on) = (source(&join.source, depth, position), expression(&join.on, depth));
                conditions.push(format!("{not}EXISTS (SELECT 1 FROM {source} WHERE {on})"));
                continue;
            }
        };
        text += &format!(" {kind} {} ON {}", source(&join.source, depth, position), expression(&join.on, depth));
    }
    conditions.extend(select.filter.as_ref().map(|it| expression(it, depth)));
    if !conditions.is_empty() {
        text += &format!(" WHERE {}", conditions.join(" AND "));
    }
    if !select.group_by.is_empty() {
        text += &format!(" GROUP BY {}", list(&select.group_by, |it| expression(it, depth)));
    }
    if let Some(having) = &select.having {
        text += &format!(" HAVING {}", expression(having, depth));
    }
    text
}

fn order(by: &OrderBy, depth: usize) -> String {
    let direction = if by.direction == Direction::Descending { " DESC" } else { "" };
    let nulls = match by.nulls {
        Some(Nulls::First) => " NULLS FIRST",
        Some(Nulls::Last) => " NULLS LAST",
        None => "",
    };
    format!("{}{direction}{nulls}", expression(&by.by, depth))
}

fn source(source: &Source, depth: usize, position: usize) -> String {
    let alias = format!("t{depth}_{position}");
    match source {
        Source::Table(name) | Source::Common(name) => format!("{name} AS {alias}"),
        // SQLite has no names for the columns of a source, but a WITH has.
        Source::Select(select, columns) => {
            let columns = columns.join(", ");
            format!("(WITH d({columns}) AS ({}) SELECT * FROM d) AS {alias}", sql(select, depth + 1))
        }
        Source::Values(rows, columns) => {
            let rows = list(rows, |row| format!("({})", list(row, |it| expression(it, depth))));
            format!("(WITH d({}) AS (VALUES {rows}) SELECT * FROM d) AS {alias}", columns.join(", "))
        }
        Source::Nothing => unreachable!("the writer does not write these"),
    }
}

fn expression(expr: &Expr<Leaf>, depth: usize) -> String {
    let text = |it: &Expr<Leaf>| expression(it, depth);
    let each = |all: &[Expr<Leaf>]| all.iter().map(text).collect::<Vec<_>>();
    match expr {
        Expr::Value(Value::Int(it)) => it.to_string(),
        Expr::Value(Value::Text(it)) => format!("'{it}'"),
        Expr::Value(_) => "NULL".to_owned(),
        Expr::Leaf(it) => leaf(it, depth),
        Expr::Compare(how, a, b) => format!("({} {} {})", text(a), how.symbol(), text(b)),
        Expr::Same(a, b) => format!("({} IS {})", text(a), text(b)),
        Expr::And(all) if all.is_empty() => "(1 = 1)".to_owned(),
        Expr::And(all) => format!("({})", each(all).join(" AND ")),
        Expr::Or(all) => format!("({})", each(all).join(" OR ")),
        Expr::Not(it) => format!("(NOT {})", text(it)),
        Expr::IsNull(it) => format!("({} IS NULL)", text(it)),
        Expr::InList(it, all) => format!("({} IN ({}))", text(it), each(all).join(", ")),
        Expr::Arithmetic(how, a, b) => format!("({} {} {})", text(a), how.symbol(), text(b)),
        Expr::Case(case) => {
            let arms = case.arms.iter().map(|(when, then)| format!(" WHEN {} THEN {}", text(when), text(then)));
            let otherwise = case.otherwise.as_ref().map(|it| format!(" ELSE {}", text(it)));
            format!("CASE{}{} END", arms.collect::<String>(), otherwise.unwrap_or_default())
        }
        _ => unreachable!("the writer does not write these"),
    }
}

fn aggregate(it: &Aggregation, depth: usize) -> String {
    let distinct = if it.distinct { "DISTINCT " } else { "" };
    let operand = it.operands.first().map_or("*".to_owned(), |it| expression(it, depth));
    let filter = it.filter.as_ref().map(|it| format!(" FILTER (WHERE {})", expression(it, depth)));
    format!("{}({distinct}{operand}){}", it.function.name(), filter.unwrap_or_default())
}

fn leaf(leaf: &Leaf, depth: usize) -> String {
    match leaf {
        Leaf::Column { up, source, name } => format!("t{}_{source}.{name}", depth - usize::from(*up)),
        Leaf::Aggregate(it) => aggregate(it, depth),
        Leaf::Exists(select) => format!("EXISTS ({})", sql(select, depth + 1)),
        Leaf::In(needle, select) => {
            let needles = list(needle, |it| expression(it, depth));
            let needles = if needle.len() > 1 { format!("({needles})") } else { needles };
            format!("({needles} IN ({}))", sql(select, depth + 1))
        }
        Leaf::Scalar(select) => format!("({})", sql(select, depth + 1)),
        Leaf::Output(position) => (position + 1).to_string(),
        _ => unreachable!("the writer does not write these"),
    }
}
