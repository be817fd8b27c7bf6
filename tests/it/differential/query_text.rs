//! Random queries as SQL, written without the crate's own renderer.

use diptych::expr::Expr;
use diptych::query::{
    Aggregation, BareColumns, FrameBound, FrameUnit, JoinKind, Leaf, Nulls, OrderBy, Output, Quantifier, SetOperation,
    Source, Window, WindowFunction,
};
use diptych::{Aggregate, Direction, Select, Value};

use super::query::Reader;

fn list<T>(all: &[T], mut text: impl FnMut(&T) -> String) -> String {
    all.iter().map(&mut text).collect::<Vec<_>>().join(", ")
}

/// A query as SQL. Each source is named by its select's depth and its place in it.
pub(crate) fn sql(select: &Select, reader: Reader) -> String {
    query(select, Place { depth: 0, reader })
}

/// How many selects stand around, and who reads the text.
#[derive(Clone, Copy)]
struct Place {
    depth: usize,
    reader: Reader,
}

impl Place {
    fn inside(self) -> Self {
        Place { depth: self.depth + 1, ..self }
    }

    fn is_postgres(self) -> bool {
        self.reader == Reader::Postgres
    }
}

fn query(select: &Select, at: Place) -> String {
    assert_eq!(select.bare_columns, BareColumns::Refused);
    let mut text = String::new();
    if !select.with.is_empty() {
        let with =
            list(&select.with, |it| format!("{}({}) AS ({})", it.name, it.columns.join(", "), query(&it.select, at)));
        text += &format!("WITH RECURSIVE {with} ");
    }
    let mut parts = part(select, at);
    for compound in &select.compounds {
        let operation = match compound.operation {
            SetOperation::Union => "UNION",
            SetOperation::Intersect => "INTERSECT",
            SetOperation::Except => "EXCEPT",
        };
        let all = if compound.all { " ALL" } else { "" };
        // From left to right, as SQLite goes.
        let before = if at.is_postgres() { format!("({parts})") } else { parts };
        parts = format!("{before} {operation}{all} {}", part(&compound.select, at));
    }
    text += &parts;
    if !select.order_by.is_empty() {
        text += &format!(" ORDER BY {}", list(&select.order_by, |it| order(it, at)));
    }
    if let Some(limit) = &select.limit {
        let offset = select.offset.as_ref().map_or("0".to_owned(), |it| expression(it, at));
        text += &format!(" LIMIT {} OFFSET {offset}", expression(limit, at));
    }
    text
}

/// From SELECT to HAVING.
fn part(select: &Select, at: Place) -> String {
    let outputs = list(&select.outputs, |it| match it {
        Output::Value(it) => expression(it, at),
        Output::Row(_) => "1".to_owned(),
    });
    let distinct = if select.distinct { "DISTINCT " } else { "" };
    let mut text = format!("SELECT {distinct}{outputs} FROM {}", source(&select.from, at, 0));
    let mut conditions = Vec::new();
    for (position, join) in (1..).zip(&select.joins) {
        let kind = match join.kind {
            JoinKind::Inner => "JOIN",
            JoinKind::Left => "LEFT JOIN",
            JoinKind::Right => "RIGHT JOIN",
            JoinKind::Full => "FULL JOIN",
            JoinKind::Semi | JoinKind::Anti => {
                let not = if join.kind == JoinKind::Anti { "NOT " } else { "" };
                let (source, on) = (source(&join.source, at, position), expression(&join.on, at));
                conditions.push(format!("{not}EXISTS (SELECT 1 FROM {source} WHERE {on})"));
                continue;
            }
        };
        text += &format!(" {kind} {} ON {}", source(&join.source, at, position), expression(&join.on, at));
    }
    conditions.extend(select.filter.as_ref().map(|it| expression(it, at)));
    if !conditions.is_empty() {
        text += &format!(" WHERE {}", conditions.join(" AND "));
    }
    if !select.group_by.is_empty() {
        text += &format!(" GROUP BY {}", list(&select.group_by, |it| expression(it, at)));
    }
    if let Some(having) = &select.having {
        text += &format!(" HAVING {}", expression(having, at));
    }
    text
}

fn order(by: &OrderBy, at: Place) -> String {
    let direction = if by.direction == Direction::Descending { " DESC" } else { "" };
    let nulls = match by.nulls {
        Some(Nulls::First) => " NULLS FIRST",
        Some(Nulls::Last) => " NULLS LAST",
        // NULL is less than everything in SQLite and here.
        None if !at.is_postgres() => "",
        None if by.direction == Direction::Descending => " NULLS LAST",
        None => " NULLS FIRST",
    };
    format!("{}{direction}{nulls}", expression(&by.by, at))
}

fn source(source: &Source, at: Place, position: usize) -> String {
    let alias = format!("t{}_{position}", at.depth);
    match source {
        Source::Table(name) | Source::Common(name) => format!("{name} AS {alias}"),
        // SQLite has no names for the columns of a source, but a WITH has.
        Source::Select(select, columns) => {
            let columns = columns.join(", ");
            // Only PostgreSQL is given sources that read those before them.
            let lateral = if at.is_postgres() && position > 0 { "LATERAL " } else { "" };
            format!("{lateral}(WITH d({columns}) AS ({}) SELECT * FROM d) AS {alias}", query(select, at.inside()))
        }
        Source::Values(rows, columns) => {
            let rows = list(rows, |row| format!("({})", list(row, |it| expression(it, at))));
            format!("(WITH d({}) AS (VALUES {rows}) SELECT * FROM d) AS {alias}", columns.join(", "))
        }
        Source::Nothing => unreachable!("the writer does not write these"),
    }
}

fn expression(expr: &Expr<Leaf>, at: Place) -> String {
    let text = |it: &Expr<Leaf>| expression(it, at);
    let each = |all: &[Expr<Leaf>]| all.iter().map(text).collect::<Vec<_>>();
    match expr {
        // All numbers are of one type, so that those of a recursive query stay of it.
        Expr::Value(Value::Int(it)) if at.is_postgres() => format!("({it})::bigint"),
        Expr::Value(Value::Null) if at.is_postgres() => "NULL::bigint".to_owned(),
        Expr::Value(Value::Int(it)) => it.to_string(),
        Expr::Value(Value::Text(it)) => format!("'{it}'"),
        Expr::Value(_) => "NULL".to_owned(),
        Expr::Leaf(it) => leaf(it, at),
        Expr::Compare(how, a, b) => format!("({} {} {})", text(a), how.symbol(), text(b)),
        Expr::Same(a, b) => {
            let word = if at.is_postgres() { "IS NOT DISTINCT FROM" } else { "IS" };
            format!("({} {word} {})", text(a), text(b))
        }
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

fn aggregate(it: &Aggregation, at: Place) -> String {
    let distinct = if it.distinct { "DISTINCT " } else { "" };
    let operand = it.operands.first().map_or("*".to_owned(), |it| expression(it, at));
    called(it.function, format!("({distinct}{operand}){}", filter(it.filter.as_ref(), at)), at)
}

fn filter(it: Option<&Expr<Leaf>>, at: Place) -> String {
    it.map(|it| format!(" FILTER (WHERE {})", expression(it, at))).unwrap_or_default()
}

/// An aggregate over what stands behind its name, of the type that it has here.
fn called(function: Aggregate, behind: String, at: Place) -> String {
    if !at.is_postgres() {
        return format!("{}{behind}", function.name());
    }
    match function {
        Aggregate::Average => format!("(avg{behind})::float8"),
        Aggregate::Total => format!("coalesce(sum{behind}, 0)::float8"),
        other => format!("{}{behind}", other.name()),
    }
}

fn window(it: &Window, at: Place) -> String {
    // How many, in what is a plain number wherever it is read.
    let plain = |it: &Expr<Leaf>| match it {
        Expr::Value(Value::Int(it)) => it.to_string(),
        other => expression(other, at),
    };
    let mut operands: Vec<String> = it.operands.iter().map(plain).collect();
    if let (WindowFunction::Aggregate(Aggregate::Count), true) = (it.function, operands.is_empty()) {
        operands.push("*".to_owned());
    }
    let mut parts = Vec::new();
    if !it.partition_by.is_empty() {
        parts.push(format!("PARTITION BY {}", list(&it.partition_by, |it| expression(it, at))));
    }
    if !it.order_by.is_empty() {
        parts.push(format!("ORDER BY {}", list(&it.order_by, |it| order(it, at))));
    }
    if let Some(frame) = &it.frame {
        let unit = match frame.unit {
            FrameUnit::Rows => "ROWS",
            FrameUnit::Range => "RANGE",
            FrameUnit::Groups => "GROUPS",
        };
        let bound = |bound: &FrameBound, side: &str| match bound {
            FrameBound::Unbounded => format!("UNBOUNDED {side}"),
            FrameBound::Current => "CURRENT ROW".to_owned(),
            FrameBound::Preceding(it) => format!("{} PRECEDING", plain(it)),
            FrameBound::Following(it) => format!("{} FOLLOWING", plain(it)),
        };
        parts.push(format!(
            "{unit} BETWEEN {} AND {}",
            bound(&frame.start, "PRECEDING"),
            bound(&frame.end, "FOLLOWING")
        ));
    }
    let behind = format!("({}){} OVER ({})", operands.join(", "), filter(it.filter.as_ref(), at), parts.join(" "));
    let name = match it.function {
        WindowFunction::Aggregate(function) => return called(function, behind, at),
        WindowFunction::RowNumber => "row_number",
        WindowFunction::Rank => "rank",
        WindowFunction::DenseRank => "dense_rank",
        WindowFunction::PercentRank => "percent_rank",
        WindowFunction::CumulativeDistribution => "cume_dist",
        WindowFunction::Ntile => "ntile",
        WindowFunction::Lag => "lag",
        WindowFunction::Lead => "lead",
        WindowFunction::FirstValue => "first_value",
        WindowFunction::LastValue => "last_value",
        WindowFunction::NthValue => "nth_value",
    };
    format!("{name}{behind}")
}

fn leaf(leaf: &Leaf, at: Place) -> String {
    match leaf {
        Leaf::Column { up, source, name } => format!("t{}_{source}.{name}", at.depth - usize::from(*up)),
        Leaf::Aggregate(it) => aggregate(it, at),
        Leaf::Window(it) => window(it, at),
        Leaf::Quantified(needle, how, quantifier, select) => {
            let word = if *quantifier == Quantifier::Any { "ANY" } else { "ALL" };
            format!("({} {} {word} ({}))", expression(needle, at), how.symbol(), query(select, at.inside()))
        }
        Leaf::Exists(select) => format!("EXISTS ({})", query(select, at.inside())),
        Leaf::In(needle, select) => {
            let needles = list(needle, |it| expression(it, at));
            let needles = if needle.len() > 1 { format!("({needles})") } else { needles };
            format!("({needles} IN ({}))", query(select, at.inside()))
        }
        Leaf::Scalar(select) => format!("({})", query(select, at.inside())),
        Leaf::Output(position) => (position + 1).to_string(),
        _ => unreachable!("the writer does not write these"),
    }
}
