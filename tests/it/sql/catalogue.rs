//! The tables that tell of tables, in the words of SQLite and of PostgreSQL.

use diptych::query::Views;
use diptych::sql::{SqlDialect, SqlSession};
use diptych::{Column, Database, Expression, Schema, Select, Table, Value, col};
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

/// A view has columns as a table has; of what it computes, kinds and NULLs are told as far as they follow.
#[test]
fn views_have_columns() {
    let mut sql = session(SqlDialect::Postgres);
    sql.run(
        "CREATE VIEW counted AS SELECT a.name, count(*) AS many, max(b.isbn) AS last, avg(a.born) AS mean, 1 + 2 AS three,
             a.born IS NULL AS unborn, coalesce(a.born, 0) AS since, sum(a.born) OVER () AS \"all\"
         FROM authors a JOIN books b ON b.author = a.id GROUP BY a.name, a.born;
         CREATE VIEW outer_join (author, isbn) AS SELECT a.id, b.isbn FROM authors a LEFT JOIN books b ON b.author = a.id;
         CREATE VIEW both AS SELECT name, 'a' AS what FROM old UNION SELECT isbn, NULL FROM outer_join;
         CREATE VIEW ring AS WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT n FROM r",
        (),
    )
    .unwrap();
    let columns = "SELECT table_name, column_name, ordinal_position, is_nullable, data_type
        FROM information_schema.columns WHERE table_name NOT IN ('authors', 'books') ORDER BY 1, 3";
    assert_eq!(
        lines(&mut sql, columns),
        [
            "both|name|1|YES|text",
            "both|what|2|YES|NULL",
            "counted|name|1|NO|text",
            "counted|many|2|NO|bigint",
            "counted|last|3|NO|text",
            "counted|mean|4|YES|double precision",
            "counted|three|5|NO|bigint",
            "counted|unborn|6|NO|boolean",
            "counted|since|7|NO|bigint",
            "counted|all|8|YES|bigint",
            "old|name|1|NO|text",
            "outer_join|author|1|NO|bigint",
            "outer_join|isbn|2|YES|text",
            "ring|n|1|YES|bigint",
        ]
    );
    let views = "SELECT table_name, view_definition, is_updatable FROM information_schema.views
        WHERE table_name IN ('old', 'ring') ORDER BY 1";
    assert_eq!(lines(&mut sql, views)[0], "old|SELECT name FROM authors WHERE born < 1900|NO");
    // One that cannot be read any more has no columns, and does not keep others from being told.
    sql.run("DROP TABLE books", ()).unwrap();
    let some = "SELECT DISTINCT table_name FROM information_schema.columns ORDER BY 1";
    assert_eq!(lines(&mut sql, some), ["authors", "old", "ring"]);
    assert_eq!(lines(&mut sql, "SELECT count(*) FROM information_schema.views"), ["5"]);
}

/// Views that a program has defined are named in texts like those that a text has made.
#[test]
fn views_of_the_schema_are_named_in_texts() {
    let notes = Table::new("notes").auto_key("id").column(Column::text("body")).column(Column::int("stars").nullable());
    let best = Select::from("notes").values([col("id"), col("stars")]).filter(col("stars").ge(4));
    let bodies = Select::from("notes").values([col("body").lower(), col("stars").plus(1)]);
    let views = Views::new().view("Best", ["note", "stars"], best).view("bodies", ["body", "more"], bodies);
    let schema = Schema::builder().table(notes).build().unwrap().with_views(views).unwrap();
    let mut sql = Database::new(schema).sql();
    sql.run("INSERT INTO notes (body, stars) VALUES ('Ann', 3), ('BOB', 5), ('cid', 4), ('Dee', NULL)", ()).unwrap();
    assert_eq!(lines(&mut sql, "SELECT * FROM best ORDER BY note DESC"), ["3|4", "2|5"]);
    assert_eq!(
        lines(&mut sql, "SELECT b.body, x.note FROM bodies b LEFT JOIN Best AS x ON b.more = x.stars + 1 ORDER BY 1"),
        ["ann|NULL", "bob|2", "cid|3", "dee|NULL"]
    );
    // A column of a table has an affinity in SQLite, and what is computed has none.
    assert_eq!(lines(&mut sql, "SELECT count(*) FROM best WHERE stars = '5'"), ["1"]);
    assert_eq!(lines(&mut sql, "SELECT count(*) FROM bodies WHERE more = '6'"), ["0"]);
    sql.run("CREATE VIEW top AS SELECT max(stars) AS most FROM best", ()).unwrap();
    assert_eq!(lines(&mut sql, "SELECT * FROM top"), ["5"]);
    let told = lines(&mut sql, "SELECT sql FROM sqlite_schema WHERE type = 'view' AND name = 'Best'");
    assert_eq!(told, ["CREATE VIEW Best (note, stars) AS SELECT id, stars FROM notes WHERE stars >= 4"]);
    let mut sql = sql.dialect(SqlDialect::Postgres);
    let columns =
        "SELECT column_name, is_nullable, data_type FROM information_schema.columns WHERE table_name = 'Best'";
    assert_eq!(lines(&mut sql, columns), ["note|NO|bigint", "stars|YES|bigint"]);
    let texts = "SELECT view_definition FROM information_schema.views ORDER BY table_name";
    assert_eq!(lines(&mut sql, texts)[0], "SELECT id, stars FROM notes WHERE stars >= 4");
    // Their names are taken, their rows are not changed, and they outlive changes that leave them readable.
    for (text, problem) in [
        ("CREATE TABLE bodies (x INTEGER)", "bodies"),
        ("CREATE VIEW BEST AS SELECT 1", "BEST"),
        ("DELETE FROM Best", "`Best` is a view, whose rows cannot be changed"),
        ("DROP TABLE notes", "there is no table `notes`"),
        ("SELECT stars FROM bodies", "there is no column `stars`"),
    ] {
        let error = sql.run(text, ()).expect_err(text).to_string();
        assert!(error.contains(problem), "{text}: {error}");
    }
    sql.run("ALTER TABLE notes ADD COLUMN more TEXT", ()).unwrap();
    assert_eq!(lines(&mut sql, "SELECT count(*) FROM best"), ["2"]);
    sql.run("DROP VIEW best; CREATE TABLE best (x INTEGER)", ()).unwrap();
    assert_eq!(lines(&mut sql, "SELECT count(*) FROM best"), ["0"]);
    assert_eq!(sql.database().schema().views().all().len(), 1);
}
