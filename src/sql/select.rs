//! Queries.

use super::Dialect;
use super::alias::select_needs_alias;
use super::scalar::{Binding, Piece, scalar};
use crate::expr::Expr;
use crate::query::{Common, Direction, Leaf, Nulls, OrderBy, Output, Select, SetOperation};
use crate::schema::{Name, Schema};
use crate::value::Value;

/// A statement on its way to text.
pub(super) struct Renderer<'a> {
    pub(super) dialect: Dialect,
    /// What is known beyond the statement: the schema, and how many keys there are.
    pub(super) known: Option<(&'a Schema, usize)>,
    /// For each select from the outermost to the one being written: how its sources are called.
    pub(super) scopes: Vec<Naming>,
    /// The table that a statement changes, as it is written.
    pub(super) target: String,
}

/// How the sources of a select are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Naming {
    /// Columns have plain names.
    Plain,
    /// Each source has an alias.
    Aliases,
    /// Source 0 has an alias, source 1 is the row that was to be inserted.
    Excluded,
    /// Source 0 has the name of its table: RETURNING knows no alias in SQLite.
    Target,
}

impl Naming {
    pub(super) fn aliases_if(needed: bool) -> Self {
        if needed { Naming::Aliases } else { Naming::Plain }
    }
}

impl Renderer<'_> {
    pub(super) fn expr(&mut self, expr: &Expr<Leaf>) -> Piece {
        let dialect = self.dialect;
        scalar(expr, dialect, &mut |leaf| self.leaf(leaf))
    }

    /// Several expressions between commas.
    pub(super) fn list<'e>(&mut self, all: impl IntoIterator<Item = &'e Expr<Leaf>>) -> String {
        all.into_iter().map(|it| self.expr(it).alone()).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn select(&mut self, select: &Select) -> String {
        self.select_named(select, &[])
    }

    /// A select whose columns get these names, where there are any.
    pub(super) fn select_named(&mut self, select: &Select, names: &[Name]) -> String {
        let with = self.with(&select.with);
        self.scopes.push(Naming::aliases_if(select_needs_alias(select)));
        let mut text = self.core(select, names);
        if select.compounds.is_empty() {
            text += &self.order_and_limit(select);
            self.scopes.pop();
            return with + &text;
        }
        self.scopes.pop();
        let mut before = SetOperation::Intersect;
        for compound in &select.compounds {
            let word = match compound.operation {
                SetOperation::Union => "UNION",
                SetOperation::Intersect => "INTERSECT",
                SetOperation::Except => "EXCEPT",
            };
            // They go from left to right, as in SQLite; in PostgreSQL, INTERSECT comes before the others.
            let binds = compound.operation == SetOperation::Intersect && before != SetOperation::Intersect;
            if binds && self.dialect == Dialect::Postgres {
                text = format!("({text})");
            }
            before = compound.operation;
            let all = if compound.all { " ALL" } else { "" };
            text += &format!(" {word}{all} {}", self.part(&compound.select));
        }
        self.scopes.push(Naming::Plain);
        text += &self.order_and_limit(select);
        self.scopes.pop();
        with + &text
    }

    /// A query of a set operation. What is one itself, or has an order of its own, stands apart.
    fn part(&mut self, select: &Select) -> String {
        let plain = select.compounds.is_empty()
            && select.with.is_empty()
            && select.order_by.is_empty()
            && select.limit.is_none()
            && select.offset.is_none();
        let text = self.select(select);
        match (plain, self.dialect) {
            (true, _) => text,
            (false, Dialect::Postgres) => format!("({text})"),
            (false, Dialect::Sqlite) => format!("SELECT * FROM ({text})"),
        }
    }

    pub(super) fn with(&mut self, with: &[Common]) -> String {
        if with.is_empty() {
            return String::new();
        }
        let recursive = if with.iter().any(super::source::names_itself) { "RECURSIVE " } else { "" };
        let all: Vec<String> = with
            .iter()
            .map(|it| {
                let columns = self.dialect.names(it.columns.iter().map(|it| &**it));
                let columns = if columns.is_empty() { columns } else { format!(" ({columns})") };
                format!("{}{columns} AS ({})", self.dialect.name(&it.name), self.select(&it.select))
            })
            .collect();
        format!("WITH {recursive}{} ", all.join(", "))
    }

    /// What stands between SELECT and the first set operation, without order and limit.
    fn core(&mut self, select: &Select, names: &[Name]) -> String {
        if let Some(text) = self.bare_rows(select, names) {
            return text;
        }
        let named = |at: usize, text: String, it: &Self| match names.get(at) {
            Some(name) if text != **name => format!("{text} AS {}", it.dialect.name(name)),
            _ => text,
        };
        let mut outputs = Vec::with_capacity(select.outputs.len());
        for (at, output) in select.outputs.iter().enumerate() {
            let text = self.output(output, select);
            outputs.push(if matches!(output, Output::Row(_)) { text } else { named(at, text, self) });
        }
        let outputs = if outputs.is_empty() { "NULL".to_owned() } else { outputs.join(", ") };
        let distinct = if select.distinct { "DISTINCT " } else { "" };
        let (from, partners) = self.from(select);
        let mut text = format!("SELECT {distinct}{outputs}{from}");
        text += &self.conditions_and(&select.keys, select.filter.as_ref(), partners);
        if !select.group_by.is_empty() {
            let keys: Vec<String> = select.group_by.iter().map(|it| self.term(it)).collect();
            text += &format!(" GROUP BY {}", keys.join(", "));
        }
        if let Some(condition) = &select.having {
            text += &format!(" HAVING {}", self.expr(condition).alone());
        }
        text
    }

    fn order_and_limit(&mut self, select: &Select) -> String {
        let mut text = String::new();
        if !select.order_by.is_empty() {
            text += &format!(" ORDER BY {}", self.orders(&select.order_by));
        }
        let limit = select.limit.as_ref().map(|it| self.expr(it).alone());
        let offset = select.offset.as_ref().map(|it| self.expr(it).alone());
        text + &self.dialect.limit(limit, offset)
    }

    /// The parts of an order, between commas.
    pub(super) fn orders(&mut self, all: &[OrderBy]) -> String {
        let one = |it: &OrderBy| {
            let mut text = self.term(&it.by);
            if it.direction == Direction::Descending {
                text += " DESC";
            }
            // Nothing said means that NULL is less than everything, which is SQLite's default and not PostgreSQL's.
            let least = if it.direction == Direction::Descending { Nulls::Last } else { Nulls::First };
            match it.nulls.or((self.dialect == Dialect::Postgres).then_some(least)) {
                None => {}
                Some(Nulls::First) => text += " NULLS FIRST",
                Some(Nulls::Last) => text += " NULLS LAST",
            }
            text
        };
        all.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn output(&mut self, output: &Output, select: &Select) -> String {
        match output {
            Output::Row(_) if select.joins.is_empty() => "*".to_owned(),
            Output::Row(source) => format!("{}.*", super::alias::alias(self.scopes.len() - 1, *source)),
            Output::Value(it) => self.expr(it).alone(),
        }
    }

    /// What rows are grouped or ordered by. A bare number would mean a place among the outputs.
    fn term(&mut self, by: &Expr<Leaf>) -> String {
        let text = self.expr(by).alone();
        match by {
            Expr::Value(Value::Int(_) | Value::Float(_)) => format!("{text} + 0"),
            _ => text,
        }
    }

    /// WHERE, if there is anything to say.
    pub(super) fn conditions(&mut self, keys: &[Name], filter: Option<&Expr<Leaf>>) -> String {
        self.conditions_and(keys, filter, Vec::new())
    }

    /// WHERE, with conditions of joins, which come first: what they drop the filter does not look at.
    pub(super) fn conditions_and(
        &mut self,
        keys: &[Name],
        filter: Option<&Expr<Leaf>>,
        further: Vec<String>,
    ) -> String {
        let mut all = Vec::new();
        if !keys.is_empty() {
            all.push(self.keys(keys));
        }
        all.extend(further);
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
    fn set_operations_go_from_left_to_right() {
        let select = |name: &'static str| Select::from(name).values([col("id")]);
        let all = select("a").compound(SetOperation::Union, select("b")).compound(SetOperation::Intersect, select("c"));
        let statement = Statement::from(all);
        assert_eq!(statement.to_sql(), "SELECT id FROM a UNION SELECT id FROM b INTERSECT SELECT id FROM c");
        let postgres = statement.to_sql_in(Dialect::Postgres);
        assert_eq!(postgres, "(SELECT id FROM a UNION SELECT id FROM b) INTERSECT SELECT id FROM c");
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
