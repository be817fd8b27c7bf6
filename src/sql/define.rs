//! Schemas: CREATE TABLE and CREATE INDEX.

use super::Dialect;
use super::scalar::{Piece, scalar};
use crate::id::ColumnId;
use crate::schema::{Action, DefaultValue, IndexSchema, Part, ReferenceSchema, Schema, TableSchema, Uniqueness};

impl Schema {
    /// The statements that make these tables in SQLite.
    ///
    /// SQLite judges foreign keys only after `PRAGMA foreign_keys = ON`, and checks the types of columns loosely.
    pub fn to_sql(&self) -> String {
        let mut text = String::new();
        for table in self.tables() {
            text += &create_table(self, table, Dialect::Sqlite);
            for index in table.indexes.iter().filter(|it| it.uniqueness == Uniqueness::None || !it.is_plain()) {
                text += &create_index(table, index, Dialect::Sqlite);
            }
        }
        text
    }
}

fn create_table(schema: &Schema, table: &TableSchema, dialect: Dialect) -> String {
    let mut lines: Vec<String> = table.column_ids().map(|it| column_line(table, it, dialect)).collect();
    let columns = |it: &[ColumnId]| dialect.names(it.iter().map(|it| table.column(*it).name.as_str()));
    for key in &table.indexes {
        match key.uniqueness {
            Uniqueness::Primary if table.auto.is_some() => {}
            Uniqueness::Primary => lines.push(format!("PRIMARY KEY ({})", columns(&key.columns))),
            // What is partial or computed is no constraint in SQL, but an index of its own.
            Uniqueness::Unique if !key.is_plain() => {}
            Uniqueness::Unique => {
                lines.push(format!("CONSTRAINT {} UNIQUE ({})", dialect.name(&key.name), columns(&key.columns)));
            }
            Uniqueness::None => {}
        }
    }
    for check in &table.checks {
        let mut leaf = |it: &ColumnId| Piece::atom(dialect.name(&table.column(*it).name));
        let condition = scalar(&check.condition, dialect, &mut leaf).alone();
        lines.push(format!("CONSTRAINT {} CHECK ({condition})", dialect.name(&check.name)));
    }
    lines.extend(table.outbound.iter().map(|it| foreign_key(schema, schema.reference(*it), dialect)));
    format!("CREATE TABLE {} (\n  {}\n);\n", dialect.name(&table.name), lines.join(",\n  "))
}

fn column_line(table: &TableSchema, id: ColumnId, dialect: Dialect) -> String {
    let column = table.column(id);
    let fills_itself = table.auto == Some(id);
    let lone_key = !fills_itself && table.primary_key().is_some_and(|it| it.columns == [id]);
    let mut text = format!("{} {}", dialect.name(&column.name), dialect.column_type(column.kind, lone_key));
    if fills_itself {
        return text + " PRIMARY KEY";
    }
    if !column.nullable {
        text += " NOT NULL";
    }
    if let Some(generated) = &column.generated {
        let mut leaf = |it: &ColumnId| Piece::atom(dialect.name(&table.column(*it).name));
        let expression = scalar(&generated.expression, dialect, &mut leaf).alone();
        return format!("{text} GENERATED ALWAYS AS ({expression}) STORED");
    }
    // Sequences and functions of the user have no text in SQLite; whoever inserts there gives the value.
    if let Some(default) = column.default.as_ref().and_then(DefaultValue::constant) {
        let default = dialect.literal(default.as_ref());
        // DEFAULT takes a bare constant, or any expression in parentheses.
        text +=
            &if default.starts_with("CAST") { format!(" DEFAULT ({default})") } else { format!(" DEFAULT {default}") };
    }
    text
}

fn foreign_key(schema: &Schema, key: &ReferenceSchema, dialect: Dialect) -> String {
    let names = |table: &TableSchema, columns: &[ColumnId]| {
        dialect.names(columns.iter().map(|it| table.column(*it).name.as_str()))
    };
    let target = schema.table(key.target);
    let mut text = format!(
        "CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({})",
        dialect.name(&key.name),
        names(schema.table(key.table), &key.columns),
        dialect.name(&target.name),
        names(target, &key.target_columns),
    );
    for (when, action) in [("DELETE", key.on_delete), ("UPDATE", key.on_update)] {
        if action != Action::NoAction {
            text += &format!(" ON {when} {}", action.sql());
        }
    }
    if key.timing.is_deferrable() {
        text += " ";
        text += key.timing.sql();
    }
    text
}

fn create_index(table: &TableSchema, index: &IndexSchema, dialect: Dialect) -> String {
    let mut leaf = |it: &ColumnId| Piece::atom(dialect.name(&table.column(*it).name));
    let mut part = |part: &Part| match part {
        Part::Column(column) => dialect.name(&table.column(*column).name).into_owned(),
        Part::Expression(expression) => format!("({})", scalar(expression, dialect, &mut leaf).alone()),
    };
    let parts = index.parts.iter().map(&mut part).collect::<Vec<_>>().join(", ");
    let unique = if index.is_unique() { "UNIQUE " } else { "" };
    let (name, on) = (dialect.name(&index.name), dialect.name(&table.name));
    let mut text = format!("CREATE {unique}INDEX {name} ON {on} ({parts})");
    if let Some(predicate) = &index.predicate {
        text += &format!(" WHERE {}", scalar(predicate, dialect, &mut leaf).alone());
    }
    text + ";\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::Expression;
    use crate::schema::{Column, ForeignKey, Index, Table, column};

    #[test]
    fn everything_a_table_declares() {
        let users = Table::new("users").auto_key("id").column(Column::text("email")).unique(["email"]);
        let posts = Table::new("posts")
            .column(Column::int("id"))
            .primary_key(["id"])
            .column(Column::int("author").nullable())
            .column(Column::int("order").default(0))
            .column(Column::bool("draft").default(true))
            .column(Column::text("body").nullable().default("a\0"))
            .check("posts_order_check", column("order").ge(0).or(column("draft")))
            .foreign_key(ForeignKey::new(["author"], "users").on_delete(Action::SetNull).deferred())
            .index(["order", "id"]);
        let schema = Schema::builder().table(users).table(posts).build().unwrap();
        assert_eq!(
            schema.to_sql(),
            "CREATE TABLE users (\n  id integer PRIMARY KEY,\n  email text NOT NULL,\n  \
               CONSTRAINT users_email_key UNIQUE (email)\n);\n\
             CREATE TABLE posts (\n  id int NOT NULL,\n  author integer,\n  \"order\" integer NOT NULL DEFAULT 0,\n  \
               draft boolean NOT NULL DEFAULT TRUE,\n  body text DEFAULT (CAST(x'6100' AS TEXT)),\n  \
               PRIMARY KEY (id),\n  CONSTRAINT posts_order_check CHECK (\"order\" >= 0 OR draft),\n  \
               CONSTRAINT posts_author_fkey FOREIGN KEY (author) REFERENCES users (id) ON DELETE SET NULL \
               DEFERRABLE INITIALLY DEFERRED\n);\n\
             CREATE INDEX posts_order_id_idx ON posts (\"order\", id);\n\
             CREATE INDEX posts_author_fkey_idx ON posts (author);\n"
        );
    }

    #[test]
    fn indexes_with_conditions_and_expressions() {
        let users = Table::new("users")
            .auto_key("id")
            .column(Column::text("email"))
            .column(Column::bool("active"))
            .add_index(Index::over(column("email").lower()).and(column("id")).unique().filter(column("active")))
            .add_index(Index::on(["email"]).filter(column("id").gt(5)));
        let text = Schema::builder().table(users).build().unwrap().to_sql();
        let indexes: Vec<&str> = text.lines().filter(|it| it.contains("INDEX")).collect();
        assert_eq!(
            indexes,
            [
                "CREATE UNIQUE INDEX users_lower_id_key ON users ((lower(email)), id) WHERE active;",
                "CREATE INDEX users_email_idx ON users (email) WHERE id > 5;"
            ]
        );
    }
}
