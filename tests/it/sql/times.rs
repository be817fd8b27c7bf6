//! Dates and times: SQLite's functions beside SQLite, the time of a statement, and points in time as PostgreSQL has them.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

#[cfg(feature = "jiff")]
use diptych::sql::Dialect;
use diptych::sql::{SqlDialect, SqlSession};
use diptych::{Database, Schema, Value};

use crate::differential::choices::Choices;
use crate::differential::setting;

fn session() -> SqlSession {
    Database::new(Schema::builder().build().unwrap()).sql()
}

/// A session at half past noon of the first of February 2024.
fn at_noon() -> SqlSession {
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_706_790_600_123);
    let sql = session();
    sql.database().set_clock(move || time);
    sql
}

fn one(sql: &mut SqlSession, text: &str) -> Value {
    let mut found = sql.run(text, ()).unwrap_or_else(|error| panic!("{text}: {error:#}"));
    found.rows.remove(0).remove(0)
}

fn there(sqlite: &rusqlite::Connection, text: &str) -> Value {
    let found: rusqlite::types::Value = sqlite.query_row(text, [], |row| row.get(0)).unwrap();
    match found {
        rusqlite::types::Value::Null => Value::Null,
        rusqlite::types::Value::Integer(it) => Value::Int(it),
        rusqlite::types::Value::Real(it) => Value::Float(it),
        rusqlite::types::Value::Text(it) => it.into(),
        rusqlite::types::Value::Blob(it) => Value::from(&it[..]),
    }
}

/// A time as texts and numbers say it, some of them wrong.
fn time(choices: &mut Choices) -> String {
    let year = *choices.one(&[0, 1, 1600, 1900, 1970, 1999, 2000, 2023, 2024, 2100, 9999]);
    let (month, day) = (choices.between(0, 13), choices.between(0, 32));
    // An hour of 24 is the one thing that is shown otherwise there.
    let hour = *choices.one(&[0, 1, 11, 12, 13, 22, 23, 25]);
    let (minute, second) = (choices.between(0, 60), choices.between(0, 60));
    let date = format!("{year:04}-{month:02}-{day:02}");
    let clock = match choices.below(4) {
        0 => format!("{hour:02}:{minute:02}"),
        1 => format!("{hour:02}:{minute:02}:{second:02}.{}", choices.one(&["5", "123", "1234", "9999"])),
        _ => format!("{hour:02}:{minute:02}:{second:02}"),
    };
    let zone = *choices.one(&["", "", "", "Z", "+02:30", "-11:00", " +00:00", "+15:00", " x"]);
    match choices.below(9) {
        0 | 1 => format!("'{date}'"),
        2 => format!("'{date}T{clock}{zone}'"),
        3 => format!("'{clock}{zone}'"),
        4 => choices
            .one(&["2460000.5", "2460000", "0", "-1", "5373484.4", "5373484.5", "1700000000", "'2451545.25'"])
            .to_string(),
        5 => choices.one(&["''", "'x'", "NULL", "'2024-1-1'", "'-0044-03-15'", "'12:00'", "x'32303234'"]).to_string(),
        _ => format!("'{date} {clock}{zone}'"),
    }
}

fn modifier(choices: &mut Choices) -> String {
    let number = *choices.one(&["+1", "-1", "5", "+1.5", "-0.25", "+100", "-1000", "1e3", "+12", "99999999999"]);
    let unit = *choices.one(&["second", "minutes", "hour", "days", "month", "months", "year", "years", "week"]);
    match choices.below(8) {
        0 => format!("start of {}", choices.one(&["day", "month", "year", "hour"])),
        1 => format!("weekday {}", choices.one(&["0", "1", "6", "7", "1.5", "x"])),
        2 => choices.one(&["unixepoch", "julianday", "auto", "subsec", "nothing", ""]).to_string(),
        3 => choices.one(&["+01:30", "-00:00:01.5", "01:00", "+25:00", "-12:30:30", "+1:00"]).to_string(),
        4 => format!("{number}  {unit}"),
        _ => format!("{number} {unit}"),
    }
}

/// Both sides agree; where they differ in the last bit of a float, they do.
fn agree(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Float(a), Value::Float(b)) => (a - b).abs() <= 1e-9 * a.abs().max(1.0),
        (a, b) => a == b,
    }
}

#[test]
fn functions_of_times_are_those_of_sqlite() {
    let (mut sql, sqlite) = (session(), rusqlite::Connection::open_in_memory().unwrap());
    let formats = "%d %e %f %F %G %g %H %I %j %k %l %m %M %p %P %R %s %S %T %u %U %V %w %W %Y %%";
    let (mut told, mut wrong) = (0, Vec::new());
    for seed in 0..setting("DIPTYCH_TEXTS", 2_000) {
        let mut choices = Choices::new(seed);
        let mut operands = time(&mut choices);
        for _ in 0..choices.weighted(&[3, 4, 2, 1]) {
            operands += &format!(", '{}'", modifier(&mut choices));
        }
        for call in ["date(", "time(", "datetime(", "julianday(", "unixepoch(", &format!("strftime('{formats}', ")] {
            let text = format!("SELECT {call}{operands})");
            let (here, there) = (one(&mut sql, &text), there(&sqlite, &text));
            if !agree(&here, &there) {
                wrong.push(format!("seed {seed}: {text}\n{here}\n{there}"));
            }
            told += u32::from(!here.is_null());
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
    assert!(told > 1_000, "times that are mostly wrong show little");
}

#[test]
fn a_statement_has_one_time() {
    let mut sql = at_noon();
    for (text, expected) in [
        ("SELECT CURRENT_TIMESTAMP", "2024-02-01 12:30:00"),
        ("SELECT CURRENT_DATE || ' ' || CURRENT_TIME", "2024-02-01 12:30:00"),
        ("SELECT date('now', 'start of month', '+1 month', '-1 day')", "2024-02-29"),
        ("SELECT strftime('%Y-%m-%d %H:%M:%f', 'NOW')", "2024-02-01 12:30:00.123"),
        ("SELECT time()", "12:30:00"),
    ] {
        assert_eq!(one(&mut sql, text), expected.into(), "{text}");
    }
    // Whatever the clock does, the statement is at one time.
    let (from, ticks) = (SystemTime::now(), AtomicU32::new(0));
    sql.database().set_clock(move || from + Duration::from_secs(1) * ticks.fetch_add(1, Ordering::Relaxed));
    let text = "SELECT count(DISTINCT at) FROM (SELECT strftime('%s') AS at FROM (VALUES (1), (2), (3)) UNION ALL SELECT strftime('%s', 'now'))";
    assert_eq!(one(&mut sql, text), 1.into());
    let before = one(&mut sql, "SELECT unixepoch()");
    assert_ne!(before, one(&mut sql, "SELECT unixepoch()"), "the next one is at another");
}

#[test]
fn a_default_is_the_time_of_the_statement() {
    let mut sql = at_noon();
    let table = "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT, made TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
        until INTEGER DEFAULT (strftime('%s', 'now', '+1 day')), day TEXT DEFAULT (date()))";
    sql.run(table, ()).unwrap();
    sql.run("INSERT INTO notes (body) VALUES ('a'), ('b'); INSERT INTO notes (body, made) VALUES ('c', 'then')", ())
        .unwrap();
    let found = sql.run("SELECT made, until, day FROM notes", ()).unwrap().rows;
    let now = |made: &str| vec![Value::from(made), 1_706_877_000.into(), "2024-02-01".into()];
    assert_eq!(found, [now("2024-02-01 12:30:00"), now("2024-02-01 12:30:00"), now("then")]);
    let text = sql.database().schema().to_sql();
    assert!(text.contains("DEFAULT (datetime('now'))"), "{text}");
    let read = Schema::from_sql(&text, SqlDialect::Sqlite).unwrap();
    assert_eq!(read.to_sql(), text);
    rusqlite::Connection::open_in_memory().unwrap().execute_batch(&text).unwrap();
}

#[cfg(feature = "jiff")]
#[test]
fn points_in_time_are_read_and_written() {
    let mut sql = at_noon().dialect(SqlDialect::Postgres);
    sql.run("CREATE TABLE t (id BIGINT PRIMARY KEY, day DATE, at TIMESTAMP WITH TIME ZONE DEFAULT now())", ()).unwrap();
    sql.run("INSERT INTO t (id, day) VALUES (1, '2024-01-31'), (2, CURRENT_DATE + 7)", ()).unwrap();
    for (text, expected) in [
        ("SELECT to_char(at, 'YYYY-MM-DD HH24:MI:SS.MS') FROM t LIMIT 1", "2024-02-01 12:30:00.123".into()),
        ("SELECT id FROM t WHERE day > '2024-02-01'", Value::Int(2)),
        ("SELECT day - DATE '2024-01-01' FROM t WHERE id = 1", Value::Int(30)),
        ("SELECT extract(dow FROM day + 1) FROM t WHERE id = 1", Value::Int(4)),
        ("SELECT extract(day FROM day + INTERVAL '1 month 2 hours') FROM t WHERE id = 1", Value::Int(29)),
        (
            "SELECT count(*) FROM t WHERE at = now() AND date_trunc('day', at) < now() - INTERVAL '12' HOUR",
            Value::Int(2),
        ),
        ("SELECT count(*) FROM t WHERE date(at) = CURRENT_DATE", Value::Int(2)),
    ] {
        assert_eq!(one(&mut sql, text), expected, "{text}");
        let schema = sql.database().schema().clone();
        let read = diptych::Statement::from_sql(text, &schema, SqlDialect::Postgres).unwrap();
        let written = read.to_sql_in(Dialect::Postgres);
        let again = diptych::Statement::from_sql(&written, &schema, SqlDialect::Postgres);
        assert_eq!(again.unwrap_or_else(|error| panic!("{written}: {error}")), read, "{written}");
    }
    let text = sql.database().schema().to_sql_in(Dialect::Postgres);
    let read = Schema::from_sql(&text, SqlDialect::Postgres).unwrap();
    assert_eq!(read.to_sql_in(Dialect::Postgres), text);
    assert!(sql.run("SELECT extract(fortnight FROM now())", ()).is_err());
}
