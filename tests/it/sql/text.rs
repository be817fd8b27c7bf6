//! SQL text that is read: what it means, what it refuses, and that what is written is read back.

use diptych::sql::{Dialect, SqlDialect, SqlParameters, SqlSession};
use diptych::{Database, Error, Schema, Statement, Value};

const TABLES: &str = "
    CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, born INTEGER);
    CREATE TABLE Books (
        id INTEGER PRIMARY KEY, author_id INTEGER REFERENCES authors ON DELETE CASCADE, title TEXT NOT NULL,
        price DECIMAL(10,2), draft BOOLEAN NOT NULL DEFAULT 0, CHECK (length(title) > 0)
    );
    CREATE INDEX books_by_title ON Books (title);
    INSERT INTO authors VALUES (1, 'Ursula', 1929), (2, 'Iain', 1954), (3, 'Anonymous', NULL);
    INSERT INTO books (author_id, title, price, draft) VALUES
        (1, 'The Dispossessed', 9.5, 0), (1, 'Lavinia', 7, 0), (2, 'Matter', '8.25', 1);
";

fn session() -> SqlSession {
    let mut sql = Database::new(Schema::builder().build().unwrap()).sql();
    sql.run(TABLES, ()).unwrap();
    sql
}

/// A column without a type takes part in a comparison with a number as a number, in whichever way they meet.
#[test]
fn a_column_without_a_type_meets_numbers_as_sqlite_lets_it() {
    let mut sql = Database::new(Schema::builder().build().unwrap()).sql();
    let tables = "CREATE TABLE t (id INTEGER PRIMARY KEY, a); INSERT INTO t VALUES (1, '1'), (2, 1), (3, 'x');\
                  CREATE TABLE u (id INTEGER PRIMARY KEY, n INTEGER, s TEXT); INSERT INTO u VALUES (1, 1, '1');";
    let sqlite = rusqlite::Connection::open_in_memory().unwrap();
    sqlite.execute_batch(tables).unwrap();
    sql.run(tables, ()).unwrap();
    for text in [
        "SELECT t.id FROM t JOIN u ON u.n = t.a ORDER BY 1",
        "SELECT t.id FROM t JOIN u ON t.a = u.n ORDER BY 1",
        "SELECT t.id FROM t JOIN u ON u.s = t.a ORDER BY 1",
        "SELECT id FROM t WHERE a IN (SELECT n FROM u) ORDER BY 1",
        "SELECT id FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.n = t.a) ORDER BY 1",
        "SELECT id FROM t WHERE a < (SELECT n + 0 FROM u) ORDER BY 1",
        "SELECT u.id FROM u WHERE n BETWEEN (SELECT a FROM t WHERE id = 1) AND 5 ORDER BY 1",
        "SELECT id FROM t WHERE a = 1 ORDER BY 1",
        "SELECT id FROM t WHERE a = '1' ORDER BY 1",
    ] {
        let mut there = sqlite.prepare(text).unwrap();
        let expected: Vec<String> =
            there.query_map([], |row| row.get::<_, i64>(0)).unwrap().map(|it| it.unwrap().to_string()).collect();
        assert_eq!(rows(&mut sql, text), expected.join("; "), "{text}");
    }
}

/// A parameter is converted as the column asks that it is compared with, on either side and among others.
#[test]
fn parameters_meet_columns_as_sqlite_lets_them() {
    let mut sql = Database::new(Schema::builder().build().unwrap()).sql();
    let tables = "CREATE TABLE t (id INTEGER PRIMARY KEY, i INTEGER, r REAL, s TEXT, a); CREATE INDEX by_i ON t (i);\
                  CREATE INDEX by_s ON t (s); INSERT INTO t VALUES (1, 1, 1.0, '1', 1), (2, 2, 2.5, '1.0', '1'),\
                  (3, 10, 10.0, '10', 'x'), (4, NULL, NULL, NULL, NULL), (5, 3, -1.5, 'x', 2.5);";
    let sqlite = rusqlite::Connection::open_in_memory().unwrap();
    sqlite.execute_batch(tables).unwrap();
    sql.run(tables, ()).unwrap();
    let values = [1.into(), "1".into(), 1.0.into(), "1.0".into(), "x".into(), "2.5".into(), " 2 ".into(), Value::Null];
    for column in ["i", "r", "s", "a", "+i", "i + 0", "s || ''"] {
        for condition in
            ["# = ?1", "?1 = #", "# < ?1", "# IN (?1, 7)", "# BETWEEN ?1 AND 5", "NOT # IS ?1", "?1 IN (#, 8)"]
        {
            let text = format!("SELECT id FROM t WHERE {} ORDER BY 1", condition.replace('#', column));
            for value in &values {
                let given: rusqlite::types::Value = match value {
                    Value::Int(it) => (*it).into(),
                    Value::Float(it) => (*it).into(),
                    Value::Text(it) => it.to_string().into(),
                    _ => rusqlite::types::Value::Null,
                };
                let mut there = sqlite.prepare(&text).unwrap();
                let expected: Vec<i64> =
                    there.query_map([given], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
                let found = sql.run(&text, vec![value.clone()]).unwrap_or_else(|error| panic!("{text}: {error:#}"));
                let found: Vec<Value> = found.rows.into_iter().flatten().collect();
                assert_eq!(found, expected.into_iter().map(Value::Int).collect::<Vec<_>>(), "{text} with {value:?}");
            }
        }
    }
}

/// Rows as text: columns between bars, rows between semicolons.
fn rows(sql: &mut SqlSession, text: &str) -> String {
    let found = sql.run(text, ()).unwrap_or_else(|error| panic!("{text}: {error:#}"));
    let cell = |it: &Value| match it {
        Value::Text(it) => it.to_string(),
        other => other.to_string(),
    };
    let row = |it: &Vec<Value>| it.iter().map(cell).collect::<Vec<_>>().join("|");
    found.rows.iter().map(row).collect::<Vec<_>>().join("; ")
}

fn refused(sql: &mut SqlSession, text: &str) -> String {
    match sql.run(text, ()) {
        Ok(found) => panic!("{text}: {found:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn queries_mean_what_sqlite_means() {
    let mut sql = session();
    for (text, expected) in [
        ("SELECT 1 + 1, 7 / 2, 7 / 0, 'a' || 1, 3 > 2, NOT 5, '12x' + 1", "2|3|NULL|a1|1|0|13"),
        ("SELECT NAME FROM Authors WHERE ID = '2'", "Iain"),
        ("SELECT name FROM authors WHERE name LIKE 'u%' OR name GLOB 'I*' ORDER BY 1 DESC", "Ursula; Iain"),
        ("SELECT title, price FROM books WHERE draft", "Matter|8.25"),
        ("SELECT title FROM books WHERE draft = 0 ORDER BY price DESC, title", "The Dispossessed; Lavinia"),
        ("SELECT sum(price > 7.5), sum(draft), count(*), count(DISTINCT author_id) FROM books", "2|1|3|2"),
        (
            "SELECT a.name n, count(b.id) FROM authors a LEFT JOIN books b ON b.author_id = a.id GROUP BY n ORDER BY 2 DESC, n",
            "Ursula|2; Iain|1; Anonymous|0",
        ),
        (
            "SELECT author_id, max(price), title FROM books GROUP BY author_id ORDER BY author_id",
            "1|9.5|The Dispossessed; 2|8.25|Matter",
        ),
        (
            "SELECT (SELECT title FROM books b WHERE b.author_id = a.id ORDER BY id) FROM authors a ORDER BY a.id",
            "The Dispossessed; Matter; NULL",
        ),
        (
            "SELECT name FROM authors WHERE id IN (SELECT author_id FROM books WHERE price < 9) ORDER BY id",
            "Ursula; Iain",
        ),
        (
            "SELECT name FROM authors WHERE born IS NULL OR born NOT BETWEEN 1930 AND 1960 ORDER BY id",
            "Ursula; Anonymous",
        ),
        (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4) SELECT sum(i), count(*) FROM n",
            "10|4",
        ),
        ("SELECT 2 UNION SELECT 1 UNION ALL SELECT 1 ORDER BY 1", "1; 1; 2"),
        (
            "SELECT CASE born WHEN 1929 THEN 'old' ELSE 'other' END, CAST('3.7' AS INTEGER), iif(born > 1950, 1, 0) FROM authors LIMIT 1",
            "old|3|0",
        ),
        ("SELECT x.a, y.b FROM (VALUES (1), (2)) AS x(a) JOIN (SELECT 2 AS b) y ON x.a = y.b", "2|2"),
        ("SELECT \"no column\", \"name\" FROM authors LIMIT 1 OFFSET 1", "no column|Iain"),
        (
            "SELECT 1 IN (), NULL IN (), 1 IN (2, NULL), coalesce(NULL, 5), nullif(1, 1), abs(-3), upper('a')",
            "0|0|NULL|5|NULL|3|A",
        ),
        ("SELECT (2 > 1) IN (2 > 1, NULL), 1 IN (2 > 1, 7), (2 > 1) IN (3, 1), (2 > 1) IN (2 < 1, NULL)", "1|1|1|NULL"),
        ("SELECT count(*) FROM books WHERE draft IN (draft, 5)", "3"),
    ] {
        assert_eq!(rows(&mut sql, text), expected, "{text}");
    }
}

#[test]
fn headings_and_parameters() {
    let mut sql = session();
    assert_eq!(rows(&mut sql, "SELECT count(*) FROM authors WHERE name NOT GLOB 'U*' AND name NOT LIKE 'i%'"), "1");
    let found = sql.run("SELECT ID, name AS Who, born + 1, b.* FROM authors, (SELECT 1 AS x) b LIMIT 0", ()).unwrap();
    assert_eq!(*found.columns, ["id", "Who", "born + 1", "x"]);
    let found = sql.run("SELECT ?2, ?1, ?", [1, 2, 3]).unwrap();
    assert_eq!(found.rows, [[2, 1, 3].map(Value::Int).to_vec()]);
    let by_name = SqlParameters::named([(":a", 1), ("b", 2)]);
    assert_eq!(sql.run("SELECT :a, @b, :a", by_name).unwrap().rows, [[1, 2, 1].map(Value::Int).to_vec()]);
    assert!(sql.run("SELECT ?", ()).is_err());
}

#[test]
fn postgres_means_something_else() {
    let mut sql = session().dialect(SqlDialect::Postgres);
    assert_eq!(rows(&mut sql, "SELECT 3 > 2, NOT true, 'A' LIKE 'a', 'A' ILIKE 'a'"), "TRUE|FALSE|FALSE|TRUE");
    assert_eq!(rows(&mut sql, "SELECT born FROM authors ORDER BY born DESC"), "NULL; 1954; 1929");
    assert!(sql.run("SELECT max(title), author_id FROM books", ()).is_err(), "a column that is not grouped by");
    let pairs = "SELECT count(DISTINCT (a, b)) FROM (VALUES (1, NULL), (1, NULL), (NULL, NULL), (1, 2)) AS v (a, b)";
    assert_eq!(rows(&mut sql, pairs), "3");
    assert!(sql.run("SELECT count((a, b)) FROM (VALUES (1, 2)) AS v (a, b)", ()).is_err(), "every row counts");
    let columns =
        "CREATE TABLE p (id BIGSERIAL PRIMARY KEY, at TIMESTAMP WITH TIME ZONE, ok BOOL DEFAULT true, b BYTEA)";
    sql.run(columns, ()).unwrap();
    sql.run("INSERT INTO p (at) VALUES ('2020-01-01')", ()).unwrap();
    assert_eq!(rows(&mut sql, "SELECT id, ok, b IS NULL FROM p WHERE ok"), "1|TRUE|TRUE");
}

#[test]
fn changes_and_transactions() {
    let mut sql = session();
    assert_eq!(
        sql.run("UPDATE books SET price = price + 1, title = title || '!' WHERE draft = 0", ()).unwrap().count,
        2
    );
    assert_eq!(rows(&mut sql, "SELECT title, price FROM books WHERE id = 2"), "Lavinia!|8");
    let upsert = "INSERT INTO books AS mine (id, title, price) VALUES (2, 'x', 1)
        ON CONFLICT (id) DO UPDATE SET price = mine.price + excluded.price RETURNING price";
    assert_eq!(rows(&mut sql, upsert), "9");
    sql.run("UPDATE books SET price = 8 WHERE id = 2", ()).unwrap();
    sql.run("BEGIN; DELETE FROM authors WHERE id = 1", ()).unwrap();
    assert_eq!(rows(&mut sql, "SELECT count(*) FROM books"), "1");
    sql.run("SAVEPOINT a; DELETE FROM books; ROLLBACK TO a", ()).unwrap();
    assert_eq!(rows(&mut sql, "SELECT count(*) FROM books"), "1");
    sql.run("ROLLBACK", ()).unwrap();
    assert_eq!(rows(&mut sql, "SELECT count(*) FROM books"), "3");
    let fork = sql.fork();
    let outcome = sql.run("DELETE FROM authors WHERE id = 1", ()).unwrap();
    assert_eq!((outcome.count, outcome.by_actions), (1, 2));
    assert_eq!(fork.database().snapshot().len("Books").unwrap(), 3);
}

#[test]
fn the_schema_changes_and_rows_stay() {
    let mut sql = session();
    sql.run(
        "ALTER TABLE books ADD COLUMN pages INTEGER DEFAULT 1; CREATE UNIQUE INDEX one ON books (author_id, title)",
        (),
    )
    .unwrap();
    assert_eq!(rows(&mut sql, "SELECT sum(pages) FROM books"), "3");
    sql.run("CREATE VIEW cheap AS SELECT title, price FROM books WHERE price < 9", ()).unwrap();
    assert_eq!(rows(&mut sql, "SELECT count(*), max(price) FROM cheap"), "2|8.25");
    assert!(refused(&mut sql, "DELETE FROM cheap").contains("is a view"));
    sql.run("ALTER TABLE books RENAME COLUMN title TO name; DROP VIEW cheap; DROP INDEX one", ()).unwrap();
    assert_eq!(rows(&mut sql, "SELECT name FROM books WHERE id = 3"), "Matter");
    sql.run("BEGIN; DROP TABLE books; ROLLBACK", ()).unwrap();
    assert_eq!(rows(&mut sql, "SELECT count(*) FROM books"), "3");
    sql.run("DROP TABLE authors", ()).unwrap();
    assert_eq!(rows(&mut sql, "SELECT count(*) FROM books"), "0", "the rows went as if the authors were deleted");
}

/// L4: whatever is not understood is an error with a place, and no text makes the reader panic.
#[test]
fn l4_what_is_wrong_is_told_with_its_place() {
    let mut sql = session();
    for (text, expected) in [
        ("SELECT nam FROM authors", "line 1, column 8: there is no column `nam`"),
        ("SELECT 1;\n  SELECT * FROM writers", "line 2, column 17: there is no table `writers`"),
        ("SELECT 1 +", "line 1, column"),
        ("SELECT 'a", "line 1, column 8"),
        ("SELECT frobnicate(1)", "line 1, column 8: there is no function `frobnicate`"),
        ("INSERT INTO authors (id) VALUES (1, 2)", "are given 2 values"),
        (
            "CREATE TRIGGER t AFTER INSERT ON authors BEGIN SELECT 1; END",
            "1, column 8: CREATE TRIGGER is not supported",
        ),
        ("SELECT 1;\nDROP TRIGGER IF EXISTS t", "line 2, column 6: DROP TRIGGER is not supported"),
        (
            "CREATE TEMP TRIGGER t BEFORE UPDATE OF name ON authors WHEN new.id > 3 BEGIN DELETE FROM books; END;",
            "a program can listen to sessions (`Database::on`) and to commits (`Database::subscribe`)",
        ),
        ("SELECT id FROM authors, books", "is in several tables"),
        ("SELECT id FROM authors ORDER BY 3", "there is no column 3"),
    ] {
        let problem = refused(&mut sql, text);
        assert!(problem.contains(expected), "{text}: {problem}");
    }
    let pieces = [
        "SELECT", "(", ")", "'", "\"", ",", "FROM", "authors", "*", "WHERE", "IN", "CASE", "\0", "é", "-", "1e", "x'0",
        "?", ";", "BY",
    ];
    let mut seed = 1_usize;
    for _ in 0..3_000 {
        let mut text = String::new();
        for _ in 0..12 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text += pieces[(seed >> 33) % pieces.len()];
            text.push(' ');
        }
        let _ = sql.run(&text, ());
    }
}

/// L5: a statement that fails leaves rows and schema as they were.
#[test]
fn l5_what_fails_changes_nothing() {
    let mut sql = session();
    let before = sql.database().schema().to_sql();
    for text in [
        "INSERT INTO books (title) VALUES ('a'), ('')",
        "INSERT INTO authors (name) VALUES ('new'), ('Iain')",
        "UPDATE books SET author_id = 99",
        "CREATE TABLE authors (id INTEGER)",
        "CREATE UNIQUE INDEX u ON books (author_id)",
        "ALTER TABLE books ADD COLUMN c INTEGER NOT NULL",
        "DROP TABLE nothing",
    ] {
        refused(&mut sql, text);
        assert_eq!(sql.database().schema().to_sql(), before, "{text}");
        assert_eq!(
            rows(&mut sql, "SELECT (SELECT count(*) FROM authors), (SELECT count(*) FROM books)"),
            "3|3",
            "{text}"
        );
        sql.database().audit().unwrap();
    }
}

/// What is written is read back as the same statement, and written again in the same way.
#[test]
fn statements_are_read_back_as_they_were() -> Result<(), Error> {
    let sql = session();
    let schema = sql.database().schema();
    for text in [
        "SELECT * FROM authors",
        "SELECT name, born + 1 FROM authors WHERE id = $1 AND (born > 1900 OR born IS NULL) ORDER BY name DESC NULLS LAST LIMIT 3",
        "SELECT t0.name, t1.title FROM authors AS t0 LEFT JOIN Books AS t1 ON t1.author_id = t0.id WHERE NOT t1.draft",
        "SELECT DISTINCT author_id, count(*), sum(price) FROM Books GROUP BY author_id HAVING count(*) > 1",
        "SELECT name FROM authors AS t0 WHERE EXISTS (SELECT * FROM Books AS b WHERE b.author_id = t0.id)",
        "SELECT name FROM authors WHERE id IN (SELECT author_id FROM Books) AND name NOT LIKE 'A%' AND born BETWEEN 1 AND 2",
        "SELECT name FROM authors UNION ALL SELECT title FROM Books ORDER BY 1 LIMIT 2 OFFSET 1",
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT n.i + 1 FROM n WHERE n.i < 9) SELECT max(i) FROM n",
        "SELECT t.a FROM (SELECT id AS a FROM authors) AS t CROSS JOIN (VALUES (1, 'x'), (2, 'y')) AS v (b, c)",
        "SELECT row_number() OVER (PARTITION BY author_id ORDER BY price ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM Books",
        "SELECT CASE WHEN born = 1 THEN 'a' ELSE coalesce(name, 'b') END, CAST(born AS text), -born, (SELECT 1) FROM authors",
        "SELECT count(DISTINCT (author_id, draft)), count(DISTINCT price) FROM Books",
        "SELECT count(*) FILTER (WHERE draft), born IS NOT DISTINCT FROM NULL FROM authors, Books GROUP BY born",
        "INSERT INTO authors (name, born) VALUES ('a', 1), ($1, NULL) ON CONFLICT (name) DO UPDATE SET born = excluded.born + authors.born",
        "INSERT INTO authors (name) SELECT title FROM Books WHERE draft RETURNING id, name",
        "UPDATE Books SET price = price * 2, title = upper(title) WHERE author_id = 1 RETURNING *",
        "UPDATE Books AS t0 SET title = t1.name FROM authors AS t1 WHERE t1.id = t0.author_id",
        "DELETE FROM Books AS t0 USING authors AS t1 WHERE t1.id = t0.author_id AND t1.born IS NULL",
        "DELETE FROM Books WHERE id NOT IN (1, 2, 3)",
    ] {
        let read = Statement::from_sql(text, schema, SqlDialect::Postgres)?;
        let written = read.to_sql_in(Dialect::Postgres);
        let again = Statement::from_sql(&written, schema, SqlDialect::Postgres)
            .unwrap_or_else(|error| panic!("{text}\n{written}\n{error}"));
        assert_eq!(again, read, "{text}\n{written}");
        assert_eq!(again.to_sql_in(Dialect::Postgres), written);
    }
    Ok(())
}

/// A schema is read back from the text that it is written as.
#[test]
fn schemas_are_read_back_as_they_were() -> Result<(), Error> {
    let mut sql = session();
    sql.run(
        "CREATE TABLE pairs (a INT NOT NULL, b TEXT NOT NULL, c REAL DEFAULT 1.5, d BLOB, PRIMARY KEY (a, b));
         CREATE TABLE notes (
            id INT NOT NULL PRIMARY KEY, a INTEGER, b TEXT, up INTEGER, done BOOLEAN NOT NULL DEFAULT FALSE,
            CONSTRAINT pair FOREIGN KEY (a, b) REFERENCES pairs (a, b) ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
            CONSTRAINT above FOREIGN KEY (up) REFERENCES notes (id) ON DELETE RESTRICT,
            CONSTRAINT few CHECK (a > 0 OR b IS NULL AND a IN (1, 2))
         );
         CREATE UNIQUE INDEX open_notes ON notes (lower(b)) WHERE NOT done",
        (),
    )?;
    let text = sql.database().schema().to_sql();
    let read = Schema::from_sql(&text, SqlDialect::Sqlite).unwrap_or_else(|error| panic!("{text}\n{error:#}"));
    assert_eq!(read.to_sql(), text);
    let text = sql.database().schema().to_sql_in(Dialect::Postgres);
    let read = Schema::from_sql(&text, SqlDialect::Postgres).unwrap_or_else(|error| panic!("{text}\n{error:#}"));
    assert_eq!(read.to_sql_in(Dialect::Postgres), text);
    Ok(())
}
