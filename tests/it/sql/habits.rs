//! What people write who have SQLite or PostgreSQL in their fingers. In SQLite's dialect the same script runs in SQLite,
//! statement by statement: what comes out, what it is called, and whether it is refused.

use diptych::sql::{SqlDialect, SqlOutcome, SqlSession};
use diptych::{Database, Error, Schema, Value};
use rusqlite::types::ValueRef;

fn empty() -> SqlSession {
    Database::new(Schema::builder().build().unwrap()).sql()
}

/// What a statement brings in SQLite: names and rows.
fn there(sqlite: &rusqlite::Connection, text: &str) -> rusqlite::Result<(Vec<String>, Vec<Vec<Value>>)> {
    let mut statement = sqlite.prepare(text)?;
    let names: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
    let (mut rows, mut found) = (statement.query([])?, Vec::new());
    while let Some(row) = rows.next()? {
        let cell = |at: usize| match row.get_ref_unwrap(at) {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(it) => Value::Int(it),
            ValueRef::Real(it) => Value::Float(it),
            ValueRef::Text(it) => String::from_utf8_lossy(it).as_ref().into(),
            ValueRef::Blob(it) => it.into(),
        };
        found.push((0..names.len()).map(cell).collect());
    }
    Ok((names, found))
}

/// Runs statements in both, and compares what they bring.
#[track_caller]
fn alike(statements: &[&str]) -> SqlSession {
    let (mut here, sqlite) = (empty(), rusqlite::Connection::open_in_memory().unwrap());
    sqlite.execute_batch("PRAGMA foreign_keys = ON").unwrap();
    for text in statements {
        match (here.run(text, ()), there(&sqlite, text)) {
            (Ok(ours), Ok((names, rows))) => {
                assert_eq!(ours.rows, rows, "{text}");
                if !names.is_empty() {
                    assert_eq!(*ours.columns, names, "{text}");
                }
            }
            (Err(_), Err(_)) => {}
            (ours, theirs) => panic!("{text}\nhere:  {ours:?}\nthere: {theirs:?}"),
        }
    }
    here
}

#[track_caller]
fn refused(sql: &mut SqlSession, text: &str) -> String {
    match sql.run(text, ()) {
        Ok(outcome) => panic!("{text} brings {outcome:?}"),
        Err(error) => error.to_string(),
    }
}

fn rows(outcome: &SqlOutcome) -> String {
    let row = |it: &Vec<Value>| it.iter().map(|it| format!("{it}")).collect::<Vec<_>>().join(", ");
    outcome.rows.iter().map(row).collect::<Vec<_>>().join("; ")
}

const NOTES: &[&str] = &[
    "CREATE TABLE notes (id INTEGER PRIMARY KEY, n INTEGER, body TEXT)",
    "INSERT INTO notes VALUES (1, 3, 'c'), (2, 1, 'a'), (3, 2, 'b'), (4, NULL, NULL)",
];

#[track_caller]
fn alike_with_notes(statements: &[&str]) -> SqlSession {
    alike(&[NOTES, statements].concat())
}

/// Columns without a name of their own are called as they are written, to the letter.
#[test]
fn outputs_are_called_as_they_are_written() {
    alike_with_notes(&[
        "SELECT count(*), Sum( n ), n+1, (n + 1), max(n,2), -n, not n FROM notes",
        "select DISTINCT id*2, case when id>1 then 'x' end from notes order by 1",
        "SELECT count(*) FROM notes UNION SELECT 5 ORDER BY 1",
        "WITH a AS (SELECT max(id) AS top FROM notes) SELECT top+0, 'a,b' , \"n\"||'x', (SELECT min(id), 1 FROM notes LIMIT 0) IS \
         NULL FROM a, notes WHERE 1=0",
        "WITH a AS (SELECT max(id) AS top FROM notes) SELECT top+0, 'a,b' , cast(n AS TEXT), exists(SELECT 1,2) FROM a, notes",
        "SELECT n IS DISTINCT FROM 1, id FROM notes",
        "SELECT *, n%2 FROM notes",
        "INSERT INTO notes(n) VALUES (7) RETURNING id, n*2, upper( body )",
        "DELETE FROM notes WHERE n = 7 RETURNING n/2",
        "SELECT 'ä'||\n  'b', 1",
    ]);
}

/// ISNULL is an operator and no name for a column; hints of a WITH change nothing; `0x1F` is a number and `x'1F'` bytes.
#[test]
fn words_that_only_sqlite_has() {
    alike_with_notes(&[
        "SELECT NULL ISNULL, n ISNULL, n NOTNULL, n NOT NULL FROM notes",
        "SELECT id FROM notes WHERE n ISNULL",
        "WITH a AS MATERIALIZED (SELECT 1 AS x), b AS NOT MATERIALIZED (SELECT 2 AS y) SELECT x, y FROM a, b",
        "SELECT 0x1F, 0xff + 1, x'1F', typeof(0x10), typeof(x'10')",
    ]);
}

/// What only other databases have a meaning for is a name like any other.
#[test]
fn words_of_other_databases_are_names() {
    for name in
        ["top", "interval", "local", "trim", "format", "start", "sort", "sample", "minus", "open", "operator", "xor"]
    {
        let said = [
            "CREATE TABLE @ (@ INTEGER, b INTEGER)",
            "INSERT INTO @ (@, b) VALUES (1, 2), (3, 4)",
            "SELECT @, @+b FROM @ WHERE @ > 0 ORDER BY @ DESC",
            "SELECT b @ FROM (SELECT @, b FROM @) @ WHERE @.@ = 1",
            "UPDATE @ SET @ = @ + 1 RETURNING @",
        ];
        let said: Vec<String> = said.iter().map(|it| it.replace('@', name)).collect();
        alike(&said.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

/// Rows that a query in FROM brings in an order stay in it where nothing asks for another.
#[test]
fn an_order_inside_is_the_order_outside() {
    alike_with_notes(&[
        "SELECT * FROM (SELECT * FROM notes ORDER BY n DESC)",
        "SELECT group_concat(body) FROM (SELECT body FROM notes ORDER BY n)",
        "SELECT group_concat(body, '') FROM (SELECT * FROM notes WHERE id > 0 ORDER BY n DESC) WHERE n > 1",
        "WITH o AS (SELECT body FROM notes ORDER BY n) SELECT group_concat(body, '') FROM o",
        "SELECT body, row_number() OVER () FROM (SELECT body FROM notes ORDER BY body DESC)",
        "SELECT id FROM (SELECT * FROM notes ORDER BY n) ORDER BY id",
        "SELECT id % 2 AS odd, group_concat(id) FROM (SELECT id FROM notes ORDER BY id DESC) GROUP BY odd ORDER BY odd",
    ]);
}

/// PRAGMA takes words, signs and quoted names, and tells of tables, keys and indexes.
#[test]
fn pragmas_are_answered_as_sqlite_answers_them() {
    let mut sql = alike(&[
        "PRAGMA foreign_keys = on",
        "PRAGMA foreign_keys",
        "PRAGMA cache_size = -2000",
        "PRAGMA synchronous = off",
        "PRAGMA main.encoding",
        "PRAGMA user_version",
        "PRAGMA user_version = 7",
        "PRAGMA user_version",
        "CREATE TABLE a (x INTEGER NOT NULL, y TEXT NOT NULL DEFAULT 'q', z REAL DEFAULT 1.5, PRIMARY KEY (y, x))",
        "CREATE TABLE b (id INTEGER PRIMARY KEY, p TEXT, q INTEGER, w INTEGER REFERENCES b(id) ON DELETE CASCADE, FOREIGN KEY (p, \
         q) REFERENCES a(y, x) ON UPDATE SET NULL)",
        "CREATE INDEX by_w ON b (w, p)",
        "PRAGMA table_info(a)",
        "PRAGMA main.table_info('b')",
        "PRAGMA table_info(nobody)",
        "PRAGMA foreign_key_list(b)",
        "PRAGMA foreign_key_list(a)",
        "PRAGMA foreign_key_check",
        "PRAGMA index_info(by_w)",
        "PRAGMA integrity_check",
    ]);
    assert_eq!(
        rows(&sql.run("PRAGMA index_list(b)", ()).unwrap()),
        "0, 'b_p_q_fkey_idx', 0, 'c', 0; 1, 'by_w', 0, 'c', 0"
    );
    assert_eq!(refused(&mut sql, "PRAGMA foreign_keys = perhaps"), "foreign_keys is ON or OFF, not perhaps");
    assert_eq!(refused(&mut sql, "PRAGMA user_version = many"), "user_version is a whole number, not many");
}

/// What a PRAGMA tells is a source of rows, too, of one table or of each that another source names.
#[test]
fn pragmas_are_sources() {
    alike(&[
        "CREATE TABLE a (x INTEGER NOT NULL, y TEXT NOT NULL DEFAULT 'q', PRIMARY KEY (y, x))",
        "CREATE TABLE b (id INTEGER PRIMARY KEY, a_x INTEGER, w INTEGER REFERENCES b(id) ON DELETE CASCADE)",
        "SELECT name, type FROM pragma_table_info('a') WHERE pk ORDER BY pk",
        "SELECT m.name, p.name, p.dflt_value FROM sqlite_schema m JOIN pragma_table_info(m.name) p WHERE m.type = 'table' ORDER \
         BY 1, 2",
        "SELECT m.name, f.\"from\", f.\"table\" FROM sqlite_schema m, pragma_foreign_key_list(m.name) AS f",
        "SELECT count(*) FROM pragma_nothing_at_all('a')",
    ]);
}

/// `generate_series` counts, up and down, and reads the sources before it.
#[test]
fn series_are_sources() -> Result<(), Error> {
    let mut sql = empty();
    sql.run("CREATE TABLE t (id INTEGER PRIMARY KEY)", ())?;
    sql.run("INSERT INTO t SELECT value FROM generate_series(1, 3)", ())?;
    assert_eq!(rows(&sql.run("SELECT sum(value) FROM generate_series(10, 1, -3)", ())?), "22");
    let mut sql = sql.dialect(SqlDialect::Postgres);
    for (text, found) in [
        ("SELECT * FROM generate_series(2, 9, 3) AS g(n)", "2; 5; 8"),
        ("SELECT n, n * n FROM generate_series(1, 2) n", "1, 1; 2, 4"),
        (
            "SELECT t.id, g FROM t CROSS JOIN generate_series(1, t.id) g WHERE t.id < 3 ORDER BY 1, 2",
            "1, 1; 2, 1; 2, 2",
        ),
        ("SELECT g, t.id FROM generate_series(3, 4) g LEFT JOIN t ON t.id = g ORDER BY 1", "3, 3; 4, NULL"),
        ("SELECT * FROM generate_series(1, 3, 0) g", ""),
        ("SELECT u FROM unnest(ARRAY['b', 'a']) AS u ORDER BY 1", "'a'; 'b'"),
    ] {
        assert_eq!(rows(&sql.run(text, ())?), found, "{text}");
    }
    let problem =
        "line 1, column 15: there is no function `json_each` that brings rows; there are generate_series and unnest";
    assert_eq!(refused(&mut sql, "SELECT * FROM json_each('[1]')"), problem);
    Ok(())
}

const DUMP: &str = "
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE child(id integer primary key, parent_id integer references parent(id) on delete cascade);
INSERT INTO child VALUES(1,10);
CREATE TABLE parent(id integer primary key, best integer references child(id), twin integer references parent(id));
INSERT INTO parent VALUES(10,1,11);
INSERT INTO parent VALUES(11,NULL,10);
COMMIT;
";

/// What `sqlite3` dumps is read as it stands: rows come before those that they refer to, and the keys are in force in the
/// end.
#[test]
fn a_dump_is_read_in_any_order() -> Result<(), Error> {
    let mut sql = empty();
    sql.run(DUMP, ())?;
    assert_eq!(rows(&sql.run("PRAGMA foreign_keys", ())?), "1");
    let error = refused(&mut sql, "INSERT INTO child VALUES (2, 99)");
    assert!(error.contains("refers to no row"), "{error}");
    sql.run("UPDATE parent SET best = NULL, twin = NULL; DELETE FROM parent WHERE id = 10", ())?;
    assert_eq!(rows(&sql.run("SELECT count(*) FROM child", ())?), "0");

    // A row that refers to nothing is found by COMMIT, which leaves the transaction open.
    let mut sql = empty();
    let dangling = DUMP.replace("VALUES(1,10)", "VALUES(1,12)");
    let error = refused(&mut sql, &dangling);
    assert!(error.contains("refers to no row"), "{error}");
    sql.run("UPDATE child SET parent_id = 10; COMMIT", ())?;
    assert_eq!(rows(&sql.run("SELECT * FROM child", ())?), "1, 10");
    Ok(())
}

/// Dumps write to tables that SQLite keeps for itself, and what is written there has no effect.
#[test]
fn a_dump_with_keys_that_count_up_is_read() -> Result<(), Error> {
    let mut sql = empty();
    sql.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, n INTEGER); INSERT INTO \"t\" VALUES(4,1);
         DELETE FROM sqlite_sequence; INSERT INTO sqlite_sequence VALUES('t',4); INSERT INTO \"sqlite_sequence\" VALUES('t',4);
         UPDATE sqlite_sequence SET seq = 9 WHERE name = 't'; ANALYZE; INSERT INTO sqlite_stat1 VALUES('t',NULL,'1');
         INSERT INTO t (n) VALUES (2)",
        (),
    )?;
    assert_eq!(rows(&sql.run("SELECT * FROM t", ())?), "4, 1; 5, 2");
    sql.run("CREATE TABLE pair (a INTEGER, b INTEGER, PRIMARY KEY (a, b))", ())?;
    let error = refused(&mut sql, "DELETE FROM pair WHERE rowid > 3");
    assert_eq!(error, "line 1, column 24: there is no `rowid` but where a key is INTEGER PRIMARY KEY");
    Ok(())
}

/// The way in which SQLite's manual changes a table that others refer to, and migration tools do.
#[test]
fn a_table_is_made_again_while_foreign_keys_are_off() -> Result<(), Error> {
    let mut sql = alike(&[
        "CREATE TABLE a (id INTEGER PRIMARY KEY, name TEXT)",
        "CREATE TABLE b (id INTEGER PRIMARY KEY, a_id INTEGER NOT NULL REFERENCES a(id) ON DELETE CASCADE)",
        "INSERT INTO a VALUES (1, 'x'), (2, 'y')",
        "INSERT INTO b VALUES (1, 1), (2, 2)",
        "PRAGMA foreign_keys = OFF",
        "BEGIN",
        "CREATE TABLE new_a (id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT '-', born INTEGER)",
        "INSERT INTO new_a (id, name) SELECT id, name FROM a",
        "DROP TABLE a",
        "ALTER TABLE new_a RENAME TO a",
        "COMMIT",
        "PRAGMA foreign_keys = ON",
        "SELECT * FROM b",
        "DELETE FROM a WHERE id = 1",
        "SELECT * FROM b",
        "INSERT INTO b VALUES (3, 7)",
        "PRAGMA foreign_key_list(b)",
    ]);
    // Without a transaction they are off until they are on.
    sql.run("PRAGMA foreign_keys = OFF; INSERT INTO b VALUES (3, 7)", ())?;
    let error = refused(&mut sql, "PRAGMA foreign_keys = ON");
    assert!(error.contains("refers to no row"), "{error}");
    assert_eq!(rows(&sql.run("PRAGMA foreign_keys", ())?), "0");
    sql.run("DELETE FROM b WHERE id = 3; PRAGMA foreign_keys = ON", ())?;
    assert_eq!(rows(&sql.run("PRAGMA foreign_keys", ())?), "1");
    Ok(())
}

/// A transaction that a savepoint began ends with it.
#[test]
fn a_savepoint_alone_is_a_transaction() {
    alike_with_notes(&[
        "SAVEPOINT one",
        "DELETE FROM notes WHERE id = 1",
        "SAVEPOINT two",
        "DELETE FROM notes",
        "ROLLBACK TO two",
        "RELEASE one",
        "SELECT count(*) FROM notes",
        "BEGIN IMMEDIATE",
        "DELETE FROM notes",
        "ROLLBACK TRANSACTION",
        "SELECT count(*) FROM notes",
        "COMMIT",
        "SAVEPOINT three",
        "DELETE FROM notes",
        "ROLLBACK",
        "SELECT count(*) FROM notes",
    ]);
}

/// OR IGNORE leaves out rows that break a rule by themselves, too; OR REPLACE puts a default where NULL must not be.
#[test]
fn or_ignore_and_or_replace_reach_further_than_keys() {
    alike(&[
        "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT NOT NULL CHECK (length(name) < 5), n INTEGER NOT NULL DEFAULT 7, p \
         INTEGER REFERENCES t (id))",
        "INSERT OR IGNORE INTO t (id, name) VALUES (1, 'a'), (2, NULL), (3, 'too long'), (1, 'b'), (4, 'c')",
        "SELECT * FROM t",
        "INSERT INTO t (name) VALUES (NULL) ON CONFLICT DO NOTHING",
        "INSERT OR IGNORE INTO t (name, p) VALUES ('d', 99)",
        "INSERT OR REPLACE INTO t (id, name, n) VALUES (4, 'e', NULL), (5, 'f', 1)",
        "INSERT OR REPLACE INTO t (id, name) VALUES (5, NULL)",
        "SELECT * FROM t",
    ]);
}

/// Several columns are set from one query.
#[test]
fn columns_are_set_from_one_row() {
    alike_with_notes(&[
        "UPDATE notes SET (n, body) = (SELECT max(o.id) + notes.id, 'x' || notes.body FROM notes AS o WHERE o.id < notes.id)",
        "SELECT * FROM notes ORDER BY id",
        "UPDATE notes SET (n) = (SELECT id FROM notes ORDER BY id DESC), body = 'y' WHERE id = 1",
        "UPDATE notes SET (n, body) = (SELECT 1, 2 WHERE 0) WHERE id = 2",
        "SELECT * FROM notes ORDER BY id",
        "UPDATE notes SET (n, body) = (SELECT 1)",
        "UPDATE notes SET (n, nobody) = (SELECT 1, 2)",
    ]);
}

/// A table is made of what a query brings; where that fails, there is none.
#[test]
fn tables_are_made_of_queries() {
    let mut sql = alike_with_notes(&[
        "CREATE TABLE copy AS SELECT id, n * 1.5 AS f, body, NULL AS empty, n, n FROM notes WHERE id < 3",
        "SELECT *, typeof(f) FROM copy ORDER BY id",
        "INSERT INTO copy (empty) VALUES ('any'), (5), (NULL)",
        "SELECT count(*), count(id) FROM copy",
        "CREATE TABLE IF NOT EXISTS copy AS SELECT 1",
        "CREATE TABLE copy AS SELECT 1",
        "SELECT count(*) FROM copy",
        "BEGIN",
        "CREATE TABLE two AS SELECT count(*) AS c FROM notes",
        "SELECT c FROM two",
        "ROLLBACK",
        "SELECT c FROM two",
        "CREATE TABLE three (a INTEGER PRIMARY KEY, b INTEGER PRIMARY KEY)",
    ]);
    let error = refused(&mut sql, "CREATE TABLE none AS SELECT id + 9223372036854775807 AS big FROM notes");
    assert!(error.contains("does not fit"), "{error}");
    assert!(refused(&mut sql, "SELECT * FROM none").contains("there is no table `none`"));
    let error = refused(&mut sql, "CREATE TABLE x (a TEXT UNIQUE ON CONFLICT REPLACE)");
    let wanted = "line 1, column 17: ON CONFLICT REPLACE of a column is not supported: say INSERT OR REPLACE";
    assert_eq!(error, wanted);
}

/// COLLATE NOCASE where values are compared, ordered and kept unique; `lower` and `upper` of ASCII letters alone.
#[test]
fn case_is_left_aside_where_it_is_asked_for() {
    let mut sql = alike(&[
        "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, m)",
        "CREATE UNIQUE INDEX one ON t (name COLLATE NOCASE)",
        "INSERT INTO t VALUES (1, 'Ann', 'x'), (2, 'bob', 2), (3, 'Äpfel', NULL), (4, 'Zed', 'B')",
        "INSERT INTO t (name) VALUES ('BOB')",
        "SELECT name FROM t ORDER BY name COLLATE NOCASE DESC",
        "SELECT m FROM t ORDER BY m COLLATE NOCASE",
        "SELECT name FROM t WHERE name = 'ANN' COLLATE NOCASE OR m COLLATE NOCASE = 'X'",
        "SELECT name FROM t WHERE name COLLATE NOCASE IN ('ANN', 'ZED') ORDER BY name COLLATE BINARY",
        "SELECT name FROM t WHERE name COLLATE NOCASE BETWEEN 'a' AND 'C' ORDER BY 1",
        "SELECT 'a' COLLATE NOCASE <> 'A', CASE 'A' WHEN 'a' COLLATE NOCASE THEN 1 END, nullif('a' COLLATE NOCASE, 'A')",
        "SELECT count(*) FROM t GROUP BY substr(name, 1, 1) COLLATE NOCASE ORDER BY 1",
        "SELECT name COLLATE NOCASE AS g, count(*) FROM t GROUP BY 1 ORDER BY g DESC",
        "SELECT name COLLATE NOCASE FROM t ORDER BY 1 LIMIT 3",
        "SELECT row_number() OVER (ORDER BY name COLLATE NOCASE) AS r, name FROM t ORDER BY r",
        "SELECT lower(name), upper(name), lower(12), upper(m) FROM t ORDER BY id",
    ]);
    let error = refused(&mut sql, "SELECT 'a' COLLATE german");
    assert_eq!(error, "line 1, column 8: there is no collation german, but BINARY and NOCASE");
    let error = refused(&mut sql, "CREATE TABLE u (a TEXT COLLATE NOCASE)");
    assert!(error.contains("UNIQUE INDEX … (name COLLATE NOCASE)"), "{error}");
}

/// Functions of SQLite, and what to write instead of those that are not there.
#[test]
fn functions_are_those_of_sqlite_or_told_what_is_instead() {
    let mut sql = alike(&[
        "SELECT abs('x'), abs('-5'), likelihood(1, 0.5)",
        "SELECT round(71222.5 * 1.19, 2), round(1.755, 2), round(2.345, 2), round(0.285, 2), round(-1.005, 2)",
    ]);
    assert_eq!(rows(&sql.run("SELECT mod(7, 3), mod('7.5', 2)", ()).unwrap()), "1.0, 1.5");
    for (call, instead) in [
        ("last_insert_rowid()", "of 0 operands: say INSERT … RETURNING"),
        ("json_extract('{}', '$.a')", "of 2 operands: JSON is a text here, which programs take apart"),
        ("random()", "of 0 operands: a program gives random values as parameters"),
        ("soundex('a')", "of 1 operand"),
    ] {
        let name = call.split('(').next().unwrap();
        let wanted = format!("line 1, column 8: there is no function `{name}` {instead}");
        assert_eq!(refused(&mut sql, &format!("SELECT {call}")), wanted);
    }
}

/// A schema that is read from a script has its views.
#[test]
fn views_of_a_script_are_kept() -> Result<(), Error> {
    let script = "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER);
        CREATE VIEW sums (k, s) AS SELECT id % 2, sum(n) FROM t GROUP BY 1;
        CREATE VIEW odd AS SELECT s, 'x' FROM sums WHERE k = 1;";
    let schema = Schema::from_sql(script, SqlDialect::Sqlite)?;
    let mut sql = Database::new(schema).sql();
    sql.run("INSERT INTO t VALUES (1, 5), (2, 6), (3, 7)", ())?;
    assert_eq!(rows(&sql.run("SELECT * FROM odd", ())?), "12, 'x'");
    assert_eq!(rows(&sql.run("SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY 1", ())?), "'odd'; 'sums'");
    Ok(())
}

/// What is refused says what is wanted, and a text that ends too early is wrong at its end.
#[test]
fn what_is_not_there_is_told_with_what_is() {
    let mut sql = empty();
    for (text, problem) in [
        ("ATTACH 'x.db' AS x", "line 1, column 1: ATTACH is not supported: a session has one database"),
        ("DETACH x", "line 1, column 1: DETACH is not supported: a session has one database"),
        (
            "CREATE VIRTUAL TABLE f USING fts5(a)",
            "line 1, column 1: CREATE VIRTUAL TABLE is not supported: rows are held by tables, or computed by views",
        ),
        ("SELECT 1 +\n 2 *", "line 2, column 5: expected: an expression, found: the end of the statement"),
    ] {
        assert_eq!(refused(&mut sql, text), problem);
    }
    let _ = sql.dialect(SqlDialect::Postgres);
}
