//! Statements as a whole, and those that change rows.

use super::Dialect;
use super::alias::{alias, needs_alias};
use super::scalar::Binding;
use super::select::{Naming, Renderer};
use crate::expr::Expr;
use crate::query::{
    ConflictAction, Delete, DeleteRows, Insert, InsertRows, InsertValues, Join, JoinKind, Leaf, OnConflict, Output,
    Statement, Update, UpdateRows,
};
use crate::schema::{Name, Schema, TableSchema};

impl Statement {
    /// The statement as SQL, for people.
    ///
    /// What only the schema or the input tells stands as `…`; otherwise it is what SQLite would be given.
    ///
    /// ```
    /// use diptych::{col, Expression, Select, Statement};
    ///
    /// let statement = Statement::from(Select::from("posts").filter(col("score").ge(1)).limit(20));
    /// assert_eq!(statement.to_sql(), "SELECT * FROM posts WHERE score >= 1 LIMIT 20");
    /// ```
    pub fn to_sql(&self) -> String {
        self.to_sql_in(Dialect::Sqlite)
    }

    /// The same for another database.
    pub fn to_sql_in(&self, dialect: Dialect) -> String {
        render(self, Renderer { dialect, known: None, scopes: Vec::new(), target: String::new() })
    }

    /// The statement as SQL that a database can run, complete for a number of keys
    /// (see [`Input::Keys`](crate::query::Input::Keys)).
    ///
    /// Statements with a row or a change as input stand for one of them, and are to be run once for each: the
    /// parameters of [`InsertRows`] are the columns of the row, those of [`UpdateRows`] the changed columns, then the
    /// primary key as it was, and then the columns that are to be as they were.
    pub fn to_sql_for(&self, schema: &Schema, keys: usize, dialect: Dialect) -> String {
        render(self, Renderer { dialect, known: Some((schema, keys)), scopes: Vec::new(), target: String::new() })
    }
}

fn render(statement: &Statement, mut renderer: Renderer<'_>) -> String {
    match statement {
        Statement::Select(it) => renderer.select(it),
        Statement::Insert(it) => renderer.insert(it),
        Statement::InsertRows(it) => renderer.insert_rows(it),
        Statement::Update(it) => renderer.update(it),
        Statement::UpdateRows(it) => renderer.update_rows(it),
        Statement::Delete(it) => renderer.delete(it),
        Statement::DeleteRows(it) => renderer.delete_rows(it),
    }
}

impl<'a> Renderer<'a> {
    /// The table, where the schema is known and has it.
    fn table(&self, name: &str) -> Option<&'a TableSchema> {
        self.known.and_then(|(schema, _)| schema.table_named(name).ok())
    }

    fn primary_key(&self, table: &str) -> Option<Vec<Name>> {
        let table = self.table(table)?;
        Some(table.names(&table.primary_key()?.columns).into_iter().map(Name::from).collect())
    }

    fn names(&self, names: &[Name]) -> String {
        self.dialect.names(names.iter().map(|it| &**it))
    }

    fn insert(&mut self, insert: &Insert) -> String {
        let mut text = self.with(&insert.with);
        let updates = matches!(&insert.on_conflict, Some(OnConflict { action: ConflictAction::Update { .. }, .. }));
        let replaces = matches!(&insert.on_conflict, Some(OnConflict { action: ConflictAction::Replace, .. }));
        let sqlite = self.dialect == Dialect::Sqlite;
        let ignores = sqlite && matches!(&insert.on_conflict, Some(OnConflict { action: ConflictAction::Ignore, .. }));
        let word = match (replaces, ignores) {
            (true, _) => "INSERT OR REPLACE",
            (_, true) => "INSERT OR IGNORE",
            _ => "INSERT",
        };
        let mut table = self.dialect.name(&insert.table).into_owned();
        self.target.clone_from(&table);
        let returns_alias = self.dialect == Dialect::Postgres && needs_alias(values(&insert.returning));
        if updates || returns_alias {
            table += " AS t0";
        }
        // Values see no row, but a select among them stands one level further in.
        self.scopes.push(Naming::Plain);
        match &insert.values {
            InsertValues::Select(select) => {
                text += &format!("{word} INTO {table} ({}) {}", self.names(&insert.columns), self.select(select));
                // Without it, SQLite would take ON for a join.
                let filtered = select.filter.is_some() || !select.compounds.is_empty() || !select.group_by.is_empty();
                if insert.on_conflict.is_some() && !filtered && self.dialect == Dialect::Sqlite {
                    text += " WHERE TRUE";
                }
            }
            InsertValues::Rows(rows) if insert.columns.is_empty() => {
                // SQL has no form for several rows of defaults.
                text += &vec![format!("{word} INTO {table} DEFAULT VALUES"); rows.len()].join("; ");
            }
            InsertValues::Rows(rows) if rows.is_empty() => {
                let nulls = vec!["NULL"; insert.columns.len()].join(", ");
                text += &format!("{word} INTO {table} ({}) SELECT {nulls} WHERE FALSE", self.names(&insert.columns));
            }
            InsertValues::Rows(rows) => {
                text += &format!("{word} INTO {table} ({}) {}", self.names(&insert.columns), self.rows(rows));
            }
        }
        self.scopes.pop();
        if let Some(conflict) = insert.on_conflict.as_ref().filter(|_| !replaces && !ignores) {
            self.scopes.push(if updates { Naming::Excluded } else { Naming::Plain });
            text += &self.on_conflict(conflict);
            self.scopes.pop();
        }
        self.scopes.push(Naming::aliases_if(returns_alias));
        text += &self.returning(&insert.returning, false);
        self.scopes.pop();
        text
    }

    fn on_conflict(&mut self, conflict: &OnConflict) -> String {
        let mut text = " ON CONFLICT".to_owned();
        if !conflict.target.is_empty() {
            text += &format!(" ({})", self.names(&conflict.target));
        }
        if let Some(filter) = &conflict.target_filter {
            self.scopes.push(Naming::Plain);
            text += &format!(" WHERE {}", self.expr(filter).alone());
            self.scopes.pop();
        }
        match &conflict.action {
            ConflictAction::Nothing | ConflictAction::Ignore | ConflictAction::Replace => text += " DO NOTHING",
            ConflictAction::Update { set, filter } => {
                text += &format!(" DO UPDATE SET {}", self.assignments(set));
                text += &self.conditions(&[], filter.as_ref());
            }
        }
        text
    }

    fn assignments(&mut self, set: &[(Name, Expr<Leaf>)]) -> String {
        let one =
            |(name, value): &(Name, Expr<Leaf>)| format!("{} = {}", self.dialect.name(name), self.expr(value).alone());
        set.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    fn returning(&mut self, outputs: &[Output], joined: bool) -> String {
        if outputs.is_empty() {
            return String::new();
        }
        if self.dialect == Dialect::Sqlite {
            self.scopes.pop();
            let own = joined || needs_alias(values(outputs));
            self.scopes.push(if own { Naming::Target } else { Naming::Plain });
        }
        let one = |it: &Output| match it {
            Output::Row(0) => "*".to_owned(),
            Output::Row(source) => format!("{}.*", alias(self.scopes.len() - 1, *source)),
            Output::Value(it) => self.expr(it).alone(),
        };
        format!(" RETURNING {}", outputs.iter().map(one).collect::<Vec<_>>().join(", "))
    }

    fn insert_rows(&self, insert: &InsertRows) -> String {
        let table = self.dialect.name(&insert.table);
        let Some(declared) = self.table(&insert.table) else { return format!("INSERT INTO {table} VALUES (?…)") };
        let columns = self.dialect.names(declared.columns.iter().map(|it| it.name.as_str()));
        format!("INSERT INTO {table} ({columns}) VALUES ({})", self.parameters(0, declared.columns.len()))
    }

    fn update(&mut self, update: &Update) -> String {
        let mut text = self.with(&update.with);
        let expressions = update.set.iter().map(|it| &it.1).chain(&update.filter).chain(values(&update.returning));
        self.scopes.push(Naming::aliases_if(!update.joins.is_empty() || needs_alias(expressions)));
        self.target = self.dialect.name(&update.table).into_owned();
        let table = self.source(&update.table.clone().into(), 0);
        text += &format!("UPDATE {table} SET {}", self.assignments(&update.set));
        text += &self.further("FROM", &update.joins, update.filter.as_ref());
        text += &self.returning(&update.returning, !update.joins.is_empty());
        text
    }

    /// Further sources of a change. The condition of the first one stands in WHERE, since SQL has no other place for it.
    fn further(&mut self, word: &str, joins: &[Join], filter: Option<&Expr<Leaf>>) -> String {
        let [first, rest @ ..] = joins else { return self.conditions(&[], filter) };
        let mut text = format!(" {word} {}", self.source(&first.source, 1));
        for (position, join) in (2..).zip(rest) {
            let source = self.source(&join.source, position);
            let always = matches!(&join.on, Expr::And(list) if list.is_empty());
            text += &match join.kind {
                JoinKind::Left => format!(" LEFT JOIN {source} ON {}", self.expr(&join.on).alone()),
                _ if always => format!(" CROSS JOIN {source}"),
                _ => format!(" JOIN {source} ON {}", self.expr(&join.on).alone()),
            };
        }
        let always = matches!(&first.on, Expr::And(list) if list.is_empty());
        let on = if always { Vec::new() } else { vec![self.expr(&first.on).within(Binding::And)] };
        text + &self.conditions_and(&[], filter, on)
    }

    fn update_rows(&self, update: &UpdateRows) -> String {
        let table = self.dialect.name(&update.table);
        let assign = |(position, name): (usize, &Name)| {
            let name = self.dialect.name(name);
            format!("{name} = {}", self.dialect.parameter(position))
        };
        let set: Vec<String> = update.columns.iter().enumerate().map(assign).collect();
        let key = self.primary_key(&update.table).unwrap_or_default();
        let found_by = key.iter().chain(&update.expected).enumerate().map(|(at, it)| assign((at + set.len(), it)));
        let mut found_by: Vec<String> = found_by.collect();
        if key.is_empty() {
            found_by = update.expected.iter().map(|it| format!("{} = ?…", self.dialect.name(it))).collect();
            found_by.insert(0, "PRIMARY KEY = ?…".to_owned());
        }
        format!("UPDATE {table} SET {} WHERE {}", set.join(", "), found_by.join(" AND "))
    }

    fn delete(&mut self, delete: &Delete) -> String {
        let mut text = self.with(&delete.with);
        let expressions = delete.filter.iter().chain(values(&delete.returning));
        self.scopes.push(Naming::aliases_if(!delete.joins.is_empty() || needs_alias(expressions)));
        self.target = self.dialect.name(&delete.table).into_owned();
        text += &format!("DELETE FROM {}", self.source(&delete.table.clone().into(), 0));
        text += &self.further("USING", &delete.joins, delete.filter.as_ref());
        text += &self.returning(&delete.returning, !delete.joins.is_empty());
        text
    }

    fn delete_rows(&mut self, delete: &DeleteRows) -> String {
        let table = self.dialect.name(&delete.table);
        let columns = match &delete.columns[..] {
            [] => self.primary_key(&delete.table).unwrap_or_default(),
            given => given.to_vec(),
        };
        if columns.is_empty() {
            return format!("DELETE FROM {table} WHERE PRIMARY KEY IN (?…)");
        }
        format!("DELETE FROM {table}{}", self.conditions(&columns, None))
    }
}

fn values(outputs: &[Output]) -> impl Iterator<Item = &Expr<Leaf>> {
    outputs.iter().filter_map(|it| match it {
        Output::Value(it) => Some(it),
        Output::Row(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::Expression;
    use crate::query::{Select, aggregate, col, parameter};
    use crate::schema::{Column, Table};
    use crate::value::Value;

    /// L1: the text for people needs nothing but the statement.
    fn check(statement: impl Into<Statement>, expected: &str) {
        assert_eq!(statement.into().to_sql(), expected);
    }

    fn check_for(keys: usize, statement: impl Into<Statement>, expected: &str) {
        let votes = Table::new("votes").column(Column::int("post")).column(Column::int("user"));
        let votes = votes.column(Column::int("value")).primary_key(["post", "user"]);
        let posts = Table::new("posts").auto_key("id").column(Column::text("body"));
        let schema = Schema::builder().table(votes).table(posts).build().unwrap();
        assert_eq!(statement.into().to_sql_for(&schema, keys, Dialect::Sqlite), expected);
    }

    #[test]
    fn l1_rows_as_expressions() {
        check(
            Insert::into("posts", ["id", "body"])
                .row([1.into(), parameter(0)])
                .row([Expr::from(2), Value::Null.into()]),
            "INSERT INTO posts (id, body) VALUES (1, ?1), (2, NULL)",
        );
        check(Insert::into("posts", ["id"]), "INSERT INTO posts (id) SELECT NULL WHERE FALSE");
        check(Insert::into("posts", [""; 0]).row([0; 0]), "INSERT INTO posts DEFAULT VALUES");
        check(
            Update::table("posts").set("score", col("score").plus(1)).set("body", "x").filter(col("id").eq(7)),
            "UPDATE posts SET score = score + 1, body = 'x' WHERE id = 7",
        );
        check(Delete::from("posts").filter(col("score").lt(0)), "DELETE FROM posts WHERE score < 0");
        check(Delete::from("posts"), "DELETE FROM posts");
    }

    #[test]
    fn a_select_inside_a_change_can_look_outwards() {
        let outer = Expr::Leaf(Leaf::Column { up: 1, source: 0, name: "id".into() });
        let votes = Select::from("votes").filter(col("post").eq(outer));
        let sum = votes.clone().values([aggregate(crate::query::Aggregate::Sum, col("value"))]);
        check(
            Update::table("posts").set("score", Leaf::Scalar(Box::new(sum)).expr()),
            "UPDATE posts AS t0 SET score = (SELECT sum(s1_t0.value) FROM votes AS s1_t0 WHERE s1_t0.post = t0.id)",
        );
        check(
            Delete::from("posts").filter(Leaf::Exists(Box::new(votes)).negated()),
            "DELETE FROM posts AS t0 WHERE NOT EXISTS (SELECT * FROM votes AS s1_t0 WHERE s1_t0.post = t0.id)",
        );
    }

    #[test]
    fn what_is_returned_has_the_name_of_its_table_in_sqlite() {
        let outer = Expr::Leaf(Leaf::Column { up: 1, source: 0, name: "id".into() });
        let votes = Select::from("votes").filter(col("post").eq(outer)).values([crate::query::count()]);
        let insert = Insert::into("posts", ["id"]).row([1]).returning([Leaf::Scalar(Box::new(votes)).expr()]);
        let statement = Statement::from(insert);
        let from = "(SELECT count(*) FROM votes AS s1_t0 WHERE s1_t0.post = ";
        assert_eq!(statement.to_sql(), format!("INSERT INTO posts (id) VALUES (1) RETURNING {from}posts.id)"));
        let postgres = statement.to_sql_in(Dialect::Postgres);
        assert_eq!(postgres, format!("INSERT INTO posts AS t0 (id) VALUES (1) RETURNING {from}t0.id)"));
    }

    #[test]
    fn l1_rows_as_records() {
        check(InsertRows { table: "posts".into() }, "INSERT INTO posts VALUES (?…)");
        let columns: Vec<Name> = vec!["score".into(), "body".into()];
        let update = |expected| UpdateRows { table: "posts".into(), columns: columns.clone(), expected };
        check(update(vec![]), "UPDATE posts SET score = ?1, body = ?2 WHERE PRIMARY KEY = ?…");
        let versioned = "UPDATE posts SET score = ?1, body = ?2 WHERE PRIMARY KEY = ?… AND version = ?…";
        check(update(vec!["version".into()]), versioned);
        let delete = DeleteRows { table: "posts".into(), columns: vec![] };
        check(delete, "DELETE FROM posts WHERE PRIMARY KEY IN (?…)");
        let delete = DeleteRows { table: "votes".into(), columns: vec!["post".into(), "user".into()] };
        check(delete, "DELETE FROM votes WHERE (post, user) IN (VALUES (?, ?)…)");
    }

    #[test]
    fn the_schema_completes_what_the_statement_leaves_open() {
        check_for(0, InsertRows { table: "posts".into() }, "INSERT INTO posts (id, body) VALUES (?1, ?2)");
        let columns: Vec<Name> = vec!["value".into()];
        let update = UpdateRows { table: "votes".into(), columns: columns.clone(), expected: vec![] };
        check_for(0, update, "UPDATE votes SET value = ?1 WHERE post = ?2 AND user = ?3");
        let update = UpdateRows { table: "votes".into(), columns: columns.clone(), expected: columns };
        check_for(0, update, "UPDATE votes SET value = ?1 WHERE post = ?2 AND user = ?3 AND value = ?4");
        let delete = || DeleteRows { table: "votes".into(), columns: vec![] };
        check_for(2, delete(), "DELETE FROM votes WHERE (post, user) IN (VALUES (?1, ?2), (?3, ?4))");
        check_for(0, delete(), "DELETE FROM votes WHERE FALSE");
        let select = Select::from("posts").by_keys(["id"]);
        check_for(3, select, "SELECT * FROM posts WHERE id IN (?1, ?2, ?3)");
    }
}
