//! Where rows come from, in FROM.

use super::Dialect;
use super::alias::alias;
use super::select::{Naming, Renderer};
use crate::expr::Expr;
use crate::query::{Common, JoinKind, Leaf, Output, Select, Source};
use crate::schema::Name;

impl Renderer<'_> {
    /// FROM, and conditions on partners that are never read, for which SQL has no join.
    pub(super) fn from(&mut self, select: &Select) -> (String, Vec<String>) {
        let mut text = match self.source(&select.from, 0) {
            it if it.is_empty() => String::new(),
            it => format!(" FROM {it}"),
        };
        let mut partners = Vec::new();
        for (position, join) in (1..).zip(&select.joins) {
            let source = self.source(&join.source, position);
            let kind = match join.kind {
                JoinKind::Inner => "JOIN",
                JoinKind::Left => "LEFT JOIN",
                JoinKind::Right => "RIGHT JOIN",
                JoinKind::Full => "FULL JOIN",
                JoinKind::Semi | JoinKind::Anti => {
                    let not = if join.kind == JoinKind::Anti { "NOT " } else { "" };
                    let on = self.expr(&join.on).alone();
                    partners.push(format!("{not}EXISTS (SELECT 1 FROM {source} WHERE {on})"));
                    continue;
                }
            };
            let always = matches!(&join.on, Expr::And(list) if list.is_empty());
            if always && join.kind == JoinKind::Inner {
                text += &format!(" CROSS JOIN {source}");
            } else {
                let on = self.expr(&join.on).alone();
                text += &format!(" {kind} {source} ON {on}");
            }
        }
        (text, partners)
    }

    /// A source, with the alias that it has in the innermost scope; nothing where there is none.
    pub(super) fn source(&mut self, source: &Source, position: u8) -> String {
        let depth = self.scopes.len().saturating_sub(1);
        let called = alias(depth, position);
        match source {
            Source::Nothing => String::new(),
            Source::Table(name) | Source::Common(name) => {
                let name = self.dialect.name(name);
                match self.scopes.last() {
                    None | Some(Naming::Plain) => name.into_owned(),
                    Some(_) => format!("{name} AS {called}"),
                }
            }
            Source::Select(select, names) => match self.dialect {
                // SQLite takes the names from the query itself.
                Dialect::Sqlite => format!("({}) AS {called}", self.select_named(select, names)),
                Dialect::Postgres => format!("({}) AS {called}{}", self.select(select), self.columns(names)),
            },
            Source::Values(rows, names) => {
                let rows = self.rows(rows);
                // What the columns of such rows are called in SQLite where nobody says otherwise.
                let own = (1..).zip(names).all(|(at, name)| **name == *format!("column{at}"));
                match self.dialect {
                    Dialect::Postgres => format!("({rows}) AS {called}{}", self.columns(names)),
                    Dialect::Sqlite if own => format!("({rows}) AS {called}"),
                    Dialect::Sqlite => {
                        let all = (1..).zip(names);
                        let all = all.map(|(at, name)| format!("column{at} AS {}", self.dialect.name(name)));
                        let all = all.collect::<Vec<_>>().join(", ");
                        format!("(SELECT {all} FROM ({rows})) AS {called}")
                    }
                }
            }
        }
    }

    fn columns(&self, names: &[Name]) -> String {
        if names.is_empty() {
            return String::new();
        }
        format!(" ({})", self.dialect.names(names.iter().map(|it| &**it)))
    }

    /// Rows that are given.
    pub(super) fn rows(&mut self, rows: &[Vec<Expr<Leaf>>]) -> String {
        let rows: Vec<String> = rows.iter().map(|row| format!("({})", self.list(row))).collect();
        format!("VALUES {}", rows.join(", "))
    }

    /// Rows that are given and come out as they are need no SELECT around them.
    pub(super) fn bare_rows(&mut self, select: &Select, names: &[Name]) -> Option<String> {
        let Source::Values(rows, _) = &select.from else { return None };
        let plain = select.joins.is_empty()
            && select.outputs == [Output::Row(0)]
            && select.filter.is_none()
            && select.group_by.is_empty()
            && select.having.is_none()
            && !select.distinct
            && names.is_empty();
        plain.then(|| self.rows(rows))
    }
}

/// Whether a query of a WITH names itself.
pub(super) fn names_itself(common: &Common) -> bool {
    select_names(&common.select, &common.name)
}

fn select_names(select: &Select, name: &Name) -> bool {
    let mut sources = std::iter::once(&select.from).chain(select.joins.iter().map(|it| &it.source));
    let in_source = sources.any(|it| match it {
        Source::Common(it) => it == name,
        Source::Select(it, _) => select_names(it, name),
        _ => false,
    });
    let mut beside = select.compounds.iter().map(|it| &it.select).chain(select.with.iter().map(|it| &it.select));
    in_source || beside.any(|it| select_names(it, name)) || expressions(select).any(|it| expr_names(it, name))
}

fn expressions(select: &Select) -> impl Iterator<Item = &Expr<Leaf>> {
    let outputs = select.outputs.iter().filter_map(|it| match it {
        Output::Value(it) => Some(it),
        Output::Row(_) => None,
    });
    let joins = select.joins.iter().map(|it| &it.on);
    outputs.chain(joins).chain(&select.filter).chain(&select.having).chain(&select.group_by)
}

fn expr_names(expr: &Expr<Leaf>, name: &Name) -> bool {
    let mut found = false;
    expr.leaves(&mut |leaf| {
        found |= match leaf {
            Leaf::Exists(it) | Leaf::Scalar(it) | Leaf::In(_, it) | Leaf::Quantified(_, _, _, it) => {
                select_names(it, name)
            }
            _ => false,
        };
    });
    found
}
