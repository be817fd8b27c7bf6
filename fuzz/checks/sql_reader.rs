//! What holds for any bytes that are read as SQL text. The fuzz target and the tests hold the reader to it.

use std::sync::{Arc, OnceLock};

use diptych::sql::{Dialect, SqlDialect};
use diptych::{Connection, Database, Schema, Statement};

const TABLES: &str = "
    CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, born INTEGER);
    CREATE TABLE Books (
        id INTEGER PRIMARY KEY, author_id INTEGER REFERENCES authors ON DELETE CASCADE, title TEXT NOT NULL,
        price DECIMAL(10,2), draft BOOLEAN NOT NULL DEFAULT 0, raw BLOB, weight REAL, CHECK (length(title) > 0)
    );
    CREATE INDEX books_by_title ON Books (title);
    CREATE UNIQUE INDEX drafts ON Books (author_id, lower(title)) WHERE draft;
    CREATE TABLE pairs (a INT NOT NULL, b TEXT NOT NULL, PRIMARY KEY (a, b));
";

/// What SQL is made of. In a text by pieces, each byte stands for one.
pub const PIECES: &[&str] = &[
    "SELECT",
    "SELECT * FROM authors",
    "SELECT count(*) FROM Books",
    "FROM",
    "WHERE",
    "GROUP BY",
    "HAVING",
    "ORDER BY",
    "LIMIT",
    "OFFSET",
    "DISTINCT",
    "ALL",
    "AS",
    "JOIN",
    "LEFT JOIN",
    "FULL JOIN",
    "CROSS JOIN",
    "NATURAL JOIN",
    "ON",
    "USING",
    "LATERAL",
    "UNION",
    "UNION ALL",
    "INTERSECT",
    "EXCEPT",
    "WITH",
    "WITH RECURSIVE n (i) AS (",
    "VALUES",
    "INSERT INTO authors",
    "INSERT OR REPLACE INTO Books",
    "UPDATE authors SET",
    "DELETE FROM Books",
    "RETURNING",
    "ON CONFLICT",
    "DO NOTHING",
    "DO UPDATE SET",
    "CREATE TABLE t (",
    "CREATE INDEX i ON authors (",
    "CREATE UNIQUE INDEX u ON t (",
    "CREATE VIEW v AS",
    "ALTER TABLE t ADD COLUMN",
    "DROP TABLE authors",
    "PRIMARY KEY",
    "NOT NULL",
    "DEFAULT",
    "REFERENCES",
    "ON DELETE CASCADE",
    "DEFERRABLE INITIALLY DEFERRED",
    "CHECK (",
    "UNIQUE",
    "GENERATED ALWAYS AS (",
    "STORED",
    "FOREIGN KEY (",
    "CONSTRAINT",
    "INTEGER",
    "TEXT",
    "REAL",
    "BLOB",
    "BOOLEAN",
    "NUMERIC",
    "DATE",
    "TIMESTAMP",
    "authors",
    "Books",
    "pairs",
    "t",
    "id",
    "name",
    "born",
    "author_id",
    "title",
    "price",
    "draft",
    "raw",
    "weight",
    "a",
    "b",
    "i",
    "n",
    "excluded",
    "rowid",
    "*",
    ",",
    "(",
    ")",
    ";",
    ".",
    "=",
    "<>",
    "<",
    ">=",
    "+",
    "-",
    "/",
    "%",
    "||",
    "<<",
    "&",
    "~",
    "AND",
    "OR",
    "NOT",
    "IS",
    "IS NOT",
    "NULL",
    "IN",
    "IN (",
    "EXISTS (",
    "ANY",
    "BETWEEN",
    "LIKE",
    "GLOB",
    "ESCAPE",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "CAST(",
    "COLLATE",
    "TRUE",
    "FALSE",
    "ISNULL",
    "count(",
    "sum(",
    "min(",
    "group_concat(",
    "coalesce(",
    "abs(",
    "round(",
    "substr(",
    "replace(",
    "printf(",
    "char(",
    "hex(",
    "iif(",
    "row_number()",
    "lag(",
    "ntile(",
    "first_value(",
    "OVER",
    "PARTITION BY",
    "ROWS",
    "RANGE",
    "GROUPS",
    "PRECEDING",
    "FOLLOWING",
    "UNBOUNDED",
    "CURRENT ROW",
    "FILTER (WHERE",
    "WINDOW w AS (",
    "0",
    "1",
    "-1",
    "2.5",
    "9223372036854775807",
    "9223372036854775808",
    "1e999",
    "0xff",
    "'x'",
    "''",
    "'é''s'",
    "x'00ff'",
    "\"id\"",
    "?",
    "?2",
    "$1",
    ":p",
    "'",
    "\"",
    "`",
    "[",
    "]",
    "--\n",
    "/*",
    "*/",
    "\0",
    "é",
    "::",
    "->",
    "@",
    "NULLS LAST",
    "DESC",
    "ASC",
    "DATE '2020-01-01'",
    "INTERVAL '1' DAY",
    "extract(",
    "CURRENT_TIMESTAMP",
    "strftime(",
    "PRAGMA",
    "BEGIN",
    "COMMIT",
    "SAVEPOINT s",
    "REINDEX",
    "SET CONSTRAINTS ALL",
    "DEFERRED",
    "EXPLAIN",
    "TRIGGER",
    "INDEXED BY",
    "NOT GLOB",
];

/// The first byte says the dialect, and whether the others are the text or choose pieces of it.
pub fn check(bytes: &[u8]) {
    let Some((choice, rest)) = bytes.split_first() else { return };
    let dialect = if choice % 2 == 0 { SqlDialect::Sqlite } else { SqlDialect::Postgres };
    let text = if choice % 4 < 2 {
        String::from_utf8_lossy(rest).into_owned()
    } else {
        let pieces = rest.iter().map(|it| PIECES[usize::from(*it) % PIECES.len()]);
        pieces.collect::<Vec<_>>().join(" ")
    };
    check_text(&text, dialect);
}

/// L4, L1: it is read or refused, what is read can be written and planned, and what is written is read as the same.
pub fn check_text(text: &str, dialect: SqlDialect) {
    static DATABASE: OnceLock<Database> = OnceLock::new();
    let database = DATABASE.get_or_init(|| {
        Database::new(Schema::from_sql(TABLES, SqlDialect::Sqlite).expect("a schema that can be read"))
    });
    if let Ok(schema) = Schema::from_sql(text, dialect) {
        let written = schema.to_sql_in(written_for(dialect));
        let read = Schema::from_sql(&written, dialect);
        let read = read.unwrap_or_else(|error| panic!("a schema is not read back: {text}\n{written}\n{error}"));
        assert_eq!(read.to_sql_in(written_for(dialect)), written, "a schema is read back otherwise: {text}");
        let _ = schema.lint();
    }
    let schema: &Arc<Schema> = database.schema();
    if let Ok(statement) = Statement::from_sql(text, schema, dialect) {
        for other in [Dialect::Sqlite, Dialect::Postgres] {
            let _ = (statement.to_sql_in(other), statement.to_sql_for(schema, 1, other));
        }
        if let Ok(prepared) = database.connect().prepare(statement) {
            let _ = prepared.explain(schema).to_string();
        }
    }
}

/// What is written in the dialect that is read.
fn written_for(dialect: SqlDialect) -> Dialect {
    match dialect {
        SqlDialect::Postgres => Dialect::Postgres,
        _ => Dialect::Sqlite,
    }
}
