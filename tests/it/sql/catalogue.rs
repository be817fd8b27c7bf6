//! The tables that tell of tables, in the words of SQLite and of PostgreSQL.

use diptych::sql::{SqlDialect, SqlSession};
use diptych::{Database, Schema, Value};
use rusqlite::types::Value as Cell;

const TABLES: &str = "
    CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL, born INTEGER DEFAULT 1900,
        CONSTRAINT one_name UNIQUE (name));
    CREATE TABLE books (isbn TEXT PRIMARY KEY, author INTEGER NOT NULL,
        CONSTRAINT written_by FOREIGN KEY (author) REFERENCES authors (id) ON DELETE CASCADE,
        CONSTRAINT has_isbn CHECK (length(isbn) > 3));
    CREATE INDEX by_birth ON authors (born) WHERE born > 1950;
    CREATE UNIQUE INDEX by_upper ON books (upper(isbn));
    CREATE VIEW old (name) AS SELECT name FROM authors WHERE born < 1900;
";

fn session(dialect: SqlDialect) -> SqlSession {
    let mut sql = Database::new(Schema::builder().build().unwrap()).sql();
    sql.run(TABLES, ()).unwrap();
    sql.dialect(dialect)
}

/// Rows as text: columns between bars.
fn lines(sql: &mut SqlSession, text: &str) -> Vec<String> {
    let found = sql.run(text, ()).unwrap_or_else(|error| panic!("{text}: {error:#}"));
    let cell = |it: &Value| match it {
        Value::Text(it) => it.to_string(),
        other => other.to_string(),
    };
    found.rows.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>().join("|")).collect()
}

/// Tables, indexes and views are those that SQLite tells of, but for the names of its automatic indexes, and the index that
/// a foreign key gets here.
#[test]
fn sqlite_schema_tells_what_sqlite_tells() {
    let mut sql = session(SqlDialect::Sqlite);
    let there = rusqlite::Connection::open_in_memory().unwrap();
    there.execute_batch(TABLES).unwrap();
    let ask = |text: &str| -> Vec<String> {
        let mut prepared = there.prepare(text).unwrap();
        let width = prepared.column_count();
        let cell = |it| match it {
            Cell::Null => "NULL".to_owned(),
            Cell::Integer(it) => it.to_string(),
            Cell::Text(it) => it,
            other => panic!("{other:?}"),
        };
        let row = |row: &rusqlite::Row<'_>| (0..width).map(|at| row.get(at).map(cell)).collect::<Result<Vec<_>, _>>();
        prepared.query_map([], row).unwrap().map(|it| it.unwrap().join("|")).collect()
    };
    assert_eq!(lines(&mut sql, "SELECT type FROM sqlite_schema WHERE name = 'written_by_idx'"), ["index"]);
    there.execute_batch("CREATE INDEX written_by_idx ON books (author)").unwrap();
    for text in [
        "SELECT type, name, tbl_name FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name",
        "SELECT count(*), tbl_name FROM sqlite_schema GROUP BY tbl_name ORDER BY 2",
        "SELECT name FROM main.sqlite_schema AS it WHERE it.type = 'table' AND name LIKE 'b%'",
        "SELECT t.name, i.name FROM sqlite_master t JOIN sqlite_master i ON i.tbl_name = t.name AND i.type = 'index'
         WHERE t.type = 'table' AND i.sql IS NOT NULL ORDER BY 1, 2",
    ] {
        assert_eq!(lines(&mut sql, text), ask(text), "{text}");
    }
    // What it tells makes the same tables again, here and there.
    let texts = lines(&mut sql, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL");
    let again = texts.join(";");
    let mut second = Database::new(Schema::builder().build().unwrap()).sql();
    second.run(&again, ()).unwrap();
    assert_eq!(lines(&mut second, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL"), texts);
    rusqlite::Connection::open_in_memory().unwrap().execute_batch(&again).unwrap();
}

/// What was asked before a table came is not what is told after.
#[test]
fn the_catalogue_follows_the_schema() {
    let mut sql = session(SqlDialect::Sqlite);
    let tables = "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY name";
    assert_eq!(lines(&mut sql, tables), ["authors", "books", "old"]);
    sql.run("CREATE TABLE more (a INTEGER); DROP VIEW old", ()).unwrap();
    assert_eq!(lines(&mut sql, tables), ["authors", "books", "more"]);
    sql.run("BEGIN; DROP TABLE more", ()).unwrap();
    assert_eq!(lines(&mut sql, tables), ["authors", "books"]);
    sql.run("ROLLBACK", ()).unwrap();
    assert_eq!(lines(&mut sql, tables), ["authors", "books", "more"]);
    // It is read only, and gives way to a table of its name.
    for text in
        ["DELETE FROM sqlite_schema", "INSERT INTO sqlite_master VALUES (1)", "SELECT * FROM information_schema.tables"]
    {
        assert!(sql.run(text, ()).is_err(), "{text}");
    }
    sql.run("CREATE TABLE sqlite_master (x INTEGER)", ()).unwrap();
    assert_eq!(lines(&mut sql, "SELECT count(*) FROM sqlite_master"), ["0"]);
}

#[test]
fn information_schema_tells_of_columns_and_keys() {
    let mut sql = session(SqlDialect::Postgres);
    let tables = "SELECT table_schema, table_name, table_type FROM information_schema.tables ORDER BY table_name";
    assert_eq!(lines(&mut sql, tables), ["public|authors|BASE TABLE", "public|books|BASE TABLE", "public|old|VIEW"]);
    let columns = "SELECT column_name, ordinal_position, column_default, is_nullable, data_type, is_identity
        FROM information_schema.columns AS c WHERE c.table_name = 'authors' ORDER BY 2";
    assert_eq!(
        lines(&mut sql, columns),
        ["id|1|NULL|NO|bigint|YES", "name|2|NULL|NO|text|NO", "born|3|1900|YES|bigint|NO"]
    );
    // The query by which tools find out what refers to what.
    let references = "SELECT k.table_name, k.column_name, u.table_name, u.column_name, r.delete_rule
        FROM information_schema.referential_constraints AS r
        JOIN information_schema.key_column_usage AS k ON k.constraint_name = r.constraint_name
        JOIN information_schema.key_column_usage AS u ON u.constraint_name = r.unique_constraint_name
            AND u.ordinal_position = k.ordinal_position";
    assert_eq!(lines(&mut sql, references), ["books|author|authors|id|CASCADE"]);
    let constraints = "SELECT constraint_name, constraint_type FROM information_schema.table_constraints
        WHERE table_name = 'books' ORDER BY constraint_type";
    assert_eq!(lines(&mut sql, constraints), ["has_isbn|CHECK", "written_by|FOREIGN KEY", "books_pkey|PRIMARY KEY"]);
    assert!(sql.run("SELECT * FROM sqlite_schema", ()).is_err());
}
