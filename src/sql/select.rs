//! Queries, and the leaves of expressions in statements.

use super::Dialect;
use super::alias::{alias, select_needs_alias};
use super::scalar::{Binding, Piece, scalar};
use crate::expr::Expr;
use crate::query::{Aggregation, Direction, JoinKind, Leaf, Output, Select, Source};
use crate::schema::{Name, Schema};
use crate::value::Value;

/// A statement on its way to text.
pub(super) struct Renderer<'a> {
    pub(super) dialect: Dialect,
    /// What is known beyond the statement: the schema, and how many keys there are.
    pub(super) known: Option<(&'a Schema, usize)>,
    /// For each select from the outermost to the one being written: whether its sources have aliases.
    pub(super) scopes: Vec<bool>,
}

impl Renderer<'_> {
    pub(super) fn expr(&mut self, expr: &Expr<Leaf>) -> Piece {
        let dialect = self.dialect;
        scalar(expr, dialect, &mut |leaf| self.leaf(leaf))
    }

    fn leaf(&mut self, leaf: &Leaf) -> Piece {
        match leaf {
            Leaf::Column { up, source, name } => Piece::atom(self.column(*up, *source, name)),
            Leaf::Parameter(position) => Piece::atom(self.dialect.parameter(usize::from(*position))),
            Leaf::Aggregate(it) => self.aggregate(it),
            Leaf::Exists(select) => Piece::atom(format!("EXISTS ({})", self.select(select))),
            Leaf::In(needle, select) => {
                let needle = match &needle[..] {
                    [only] => self.expr(only).within(Binding::Sum),
                    all => format!("({})", all.iter().map(|it| self.expr(it).alone()).collect::<Vec<_>>().join(", ")),
                };
                Piece::turnable(&needle, "IN", &format!("({})", self.select(select)))
            }
            Leaf::Scalar(select) => Piece::atom(format!("({})", self.select(select))),
            Leaf::Output(position) => Piece::atom((position + 1).to_string()),
            Leaf::Default => Piece::atom("DEFAULT"),
            Leaf::Window(_) | Leaf::Quantified(..) => Piece::atom("…"),
        }
    }

    fn aggregate(&mut self, it: &Aggregation) -> Piece {
        let operands: Vec<String> = it.operands.iter().map(|it| self.expr(it).alone()).collect();
        let operands = if operands.is_empty() { "*".to_owned() } else { operands.join(", ") };
        let distinct = if it.distinct { "DISTINCT " } else { "" };
        Piece::atom(format!("{}({distinct}{operands})", it.function.name()))
    }

    /// A column `up` selects outwards.
    fn column(&self, up: u8, source: u8, name: &str) -> String {
        let name = self.dialect.name(name);
        match self.scopes.len().checked_sub(1 + usize::from(up)) {
            Some(depth) if self.scopes[depth] => format!("{}.{name}", alias(depth, source)),
            _ => name.into_owned(),
        }
    }

    /// A table where a statement names it, with the alias it has in the innermost scope.
    pub(super) fn source(&self, table: &Source, source: u8) -> String {
        let table = self.dialect.name(table.table().map_or("…", |it| it));
        match self.scopes.last() {
            Some(true) => format!("{table} AS {}", alias(self.scopes.len() - 1, source)),
            _ => table.into_owned(),
        }
    }

    pub(super) fn select(&mut self, select: &Select) -> String {
        self.scopes.push(select_needs_alias(select));
        let outputs: Vec<String> = select.outputs.iter().map(|it| self.output(it, select)).collect();
        let outputs = if outputs.is_empty() { "NULL".to_owned() } else { outputs.join(", ") };
        let distinct = if select.distinct { "DISTINCT " } else { "" };
        let mut text = format!("SELECT {distinct}{outputs} FROM {}", self.source(&select.from, 0));
        for (position, join) in (1..).zip(&select.joins) {
            let kind = match join.kind {
                JoinKind::Inner => "JOIN",
                JoinKind::Left => "LEFT JOIN",
                JoinKind::Right => "RIGHT JOIN",
                JoinKind::Full => "FULL JOIN",
                JoinKind::Semi => "SEMI JOIN",
                JoinKind::Anti => "ANTI JOIN",
            };
            let on = self.expr(&join.on).alone();
            text += &format!(" {kind} {} ON {on}", self.source(&join.source, position));
        }
        text += &self.conditions(&select.keys, select.filter.as_ref());
        if !select.group_by.is_empty() {
            let keys: Vec<String> = select.group_by.iter().map(|it| self.term(it)).collect();
            text += &format!(" GROUP BY {}", keys.join(", "));
        }
        if let Some(condition) = &select.having {
            text += &format!(" HAVING {}", self.expr(condition).alone());
        }
        if !select.order_by.is_empty() {
            let order = select.order_by.iter().map(|it| match it.direction {
                Direction::Ascending => self.term(&it.by),
                Direction::Descending => self.term(&it.by) + " DESC",
            });
            text += &format!(" ORDER BY {}", order.collect::<Vec<_>>().join(", "));
        }
        text += &self.dialect.limit(whole(select.limit.as_ref()), whole(select.offset.as_ref()).unwrap_or(0));
        self.scopes.pop();
        text
    }

    fn output(&mut self, output: &Output, select: &Select) -> String {
        match output {
            Output::Row(_) if select.joins.is_empty() => "*".to_owned(),
            Output::Row(source) => format!("{}.*", alias(self.scopes.len() - 1, *source)),
            Output::Value(it) => self.expr(it).alone(),
        }
    }

    /// What rows are grouped or ordered by. A bare number would mean a place among the outputs.
    fn term(&mut self, by: &Expr<Leaf>) -> String {
        let text = self.expr(by).alone();
        if matches!(by, Expr::Value(_)) { format!("{text} + 0") } else { text }
    }

    /// WHERE, if there is anything to say.
    pub(super) fn conditions(&mut self, keys: &[Name], filter: Option<&Expr<Leaf>>) -> String {
        let mut all = Vec::new();
        if !keys.is_empty() {
            all.push(self.keys(keys));
        }
        if let Some(filter) = filter {
            let least = if all.is_empty() { Binding::Or } else { Binding::And };
            all.push(self.expr(filter).within(least));
        }
        if all.is_empty() { String::new() } else { format!(" WHERE {}", all.join(" AND ")) }
    }

    /// The condition that some columns of the first source are among the keys that come as input.
    fn keys(&self, columns: &[Name]) -> String {
        let names: Vec<String> = columns.iter().map(|it| self.column(0, 0, it)).collect();
        let (count, width) = (self.known.map(|it| it.1), names.len());
        match (&names[..], count) {
            ([only], None) => format!("{only} IN (?…)"),
            ([only], Some(count)) => format!("{only} IN ({})", self.parameters(0, count)),
            (all, None) => format!("({}) IN (VALUES ({})…)", all.join(", "), vec!["?"; width].join(", ")),
            (_, Some(0)) => "FALSE".to_owned(),
            (all, Some(count)) => {
                let keys: Vec<String> =
                    (0..count).map(|at| format!("({})", self.parameters(at * width, width))).collect();
                format!("({}) IN (VALUES {})", all.join(", "), keys.join(", "))
            }
        }
    }

    /// So many parameters from one on.
    pub(super) fn parameters(&self, from: usize, count: usize) -> String {
        (from..from + count).map(|it| self.dialect.parameter(it)).collect::<Vec<_>>().join(", ")
    }
}

fn whole(it: Option<&Expr<Leaf>>) -> Option<u64> {
    match it {
        Some(Expr::Value(Value::Int(it))) => u64::try_from(*it).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::Expression;
    use crate::query::{Aggregate, Statement, aggregate, col, count, parameter};

    fn check(select: Select, expected: &str) {
        assert_eq!(Statement::from(select).to_sql(), expected);
    }

    fn of(up: u8, source: u8, name: &'static str) -> Expr<Leaf> {
        Expr::Leaf(Leaf::Column { up, source, name: name.into() })
    }

    #[test]
    fn one_source_has_plain_names() {
        check(Select::from("posts"), "SELECT * FROM posts");
        check(
            Select::from("posts")
                .values([col("id"), col("score").plus(1)])
                .distinct()
                .filter(col("score").ge(parameter(0)).or(col("order").is_null()))
                .filter(col("id").ne(parameter(1)))
                .order_by(col("score"), Direction::Descending)
                .order_by(col("id"), Direction::Ascending)
                .limit(10)
                .offset(20),
            "SELECT DISTINCT id, score + 1 FROM posts WHERE (score >= ?1 OR \"order\" IS NULL) AND id <> ?2 \
             ORDER BY score DESC, id LIMIT 10 OFFSET 20",
        );
    }

    #[test]
    fn several_sources_have_aliases() {
        let mut select = Select::from("posts")
            .join("users", of(0, 0, "author_id").eq(of(0, 1, "id")))
            .left_join("posts", of(0, 2, "id").eq(of(0, 0, "parent_id")))
            .filter(of(0, 1, "name").like("A%"));
        select.outputs = vec![Output::Row(0), Output::Row(2), Output::Value(of(0, 1, "name"))];
        check(
            select,
            "SELECT t0.*, t2.*, t1.name FROM posts AS t0 JOIN users AS t1 ON t0.author_id = t1.id \
             LEFT JOIN posts AS t2 ON t2.id = t0.parent_id WHERE t1.name LIKE 'A%'",
        );
    }

    #[test]
    fn groups() {
        check(
            Select::from("posts")
                .values([col("author_id"), count(), crate::query::aggregate_distinct(Aggregate::Count, col("score"))])
                .group_by([col("author_id"), 1.into()])
                .having(count().gt(1))
                .order_by(aggregate(Aggregate::Max, col("score")), Direction::Descending),
            "SELECT author_id, count(*), count(DISTINCT score) FROM posts GROUP BY author_id, 1 + 0 \
             HAVING count(*) > 1 ORDER BY max(score) DESC",
        );
    }

    #[test]
    fn a_subquery_has_aliases_when_it_looks_outwards() {
        let ids = Select::from("users").values([col("id")]).filter(col("name").eq("Alice"));
        check(
            Select::from("posts").filter(Leaf::In(vec![col("author_id")], Box::new(ids)).negated()),
            "SELECT * FROM posts WHERE author_id NOT IN (SELECT id FROM users WHERE name = 'Alice')",
        );
        let replies = Select::from("posts").filter(of(0, 0, "parent_id").eq(of(1, 0, "id")));
        check(
            Select::from("posts").filter(Leaf::Exists(Box::new(replies)).negated()),
            "SELECT * FROM posts AS t0 WHERE NOT EXISTS (SELECT * FROM posts AS s1_t0 WHERE s1_t0.parent_id = t0.id)",
        );
        // The select in the middle reads nothing outside itself, but lets a name pass.
        let inner = Select::from("votes").filter(of(0, 0, "user_id").eq(of(2, 0, "id")));
        let middle = Select::from("posts").values([count()]).filter(Leaf::Exists(Box::new(inner)).expr());
        check(
            Select::from("users").values([of(0, 0, "name"), Leaf::Scalar(Box::new(middle)).expr()]),
            "SELECT t0.name, (SELECT count(*) FROM posts AS s1_t0 \
             WHERE EXISTS (SELECT * FROM votes AS s2_t0 WHERE s2_t0.user_id = t0.id)) FROM users AS t0",
        );
    }

    #[test]
    fn keys_stand_for_as_many_as_there_are() {
        check(
            Select::from("posts").by_keys(["author_id"]).filter(col("score").gt(1).or(col("score").lt(-1))),
            "SELECT * FROM posts WHERE author_id IN (?…) AND (score > 1 OR score < -1)",
        );
        check(
            Select::from("votes").by_keys(["post_id", "user_id"]),
            "SELECT * FROM votes WHERE (post_id, user_id) IN (VALUES (?, ?)…)",
        );
    }
}
