//! Dates and points in time beside PostgreSQL: fields, truncation, intervals, formats, over many times.

use diptych::sql::{SqlDialect, SqlSession};
use diptych::{Database, Schema, Value};
use postgres::{Client, SimpleQueryMessage};

use crate::choices::Choices;
use crate::server::Server;

const FIELDS: [&str; 18] = [
    "year",
    "month",
    "day",
    "hour",
    "minute",
    "second",
    "milliseconds",
    "microseconds",
    "epoch",
    "dow",
    "isodow",
    "doy",
    "week",
    "isoyear",
    "quarter",
    "decade",
    "century",
    "millennium",
];
const UNITS: [&str; 12] = [
    "microseconds",
    "milliseconds",
    "second",
    "minute",
    "hour",
    "day",
    "week",
    "month",
    "quarter",
    "year",
    "decade",
    "century",
];
const FORMAT: &str =
    "YYYY-MM-DD HH24:MI:SS.US HH12 HH AM DDD D ID IW WW Q YY MS FMMonth Month MON mon Dy day FMDay FMDD";

/// An expression that both sides read, whose outcome is a number or a text.
fn expression(choices: &mut Choices) -> String {
    let year = *choices.one(&[1, 1600, 1900, 1970, 1999, 2000, 2023, 2024, 2100, 9000]);
    let (month, day) = (choices.between(1, 12), choices.between(1, 28) + choices.between(0, 1) * 3);
    let day = day.min([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month as usize - 1]);
    let clock = format!("{:02}:{:02}:{:02}", choices.between(0, 23), choices.between(0, 59), choices.between(0, 59));
    let fraction = *choices.one(&["", ".5", ".000001", ".123456"]);
    let date = format!("DATE '{year:04}-{month:02}-{day:02}'");
    let time = format!("TIMESTAMP WITH TIME ZONE '{year:04}-{month:02}-{day:02} {clock}{fraction}+00'");
    let number = choices.between(-40, 40);
    let unit =
        *choices.one(&["years", "months", "weeks", "days", "hours", "minutes", "seconds", "mons 3 days 01:30:00"]);
    let sign = *choices.one(&["+", "-"]);
    let value = match choices.below(4) {
        0 => format!("({date} {sign} {})", choices.between(0, 400)),
        1 => format!("({time} {sign} INTERVAL '{number} {unit}')"),
        2 => format!("date_trunc('{}', {time})", choices.one(&UNITS)),
        _ => time,
    };
    match choices.below(4) {
        0 => format!("to_char({value}, '{FORMAT}')"),
        1 => format!("{date} - DATE '2000-02-29'"),
        // PostgreSQL truncates and shifts no plain dates to fields of a time.
        _ => format!("extract({} FROM {value}::timestamp with time zone)", choices.one(&FIELDS)),
    }
}

fn here(sql: &mut SqlSession, text: &str) -> Value {
    let found = sql.run(text, ()).unwrap_or_else(|error| panic!("{text}: {error:#}"));
    found.rows[0][0].clone()
}

fn there(client: &mut Client, text: &str) -> String {
    let found = client.simple_query(text).unwrap_or_else(|error| panic!("{text}: {:?}", error.as_db_error()));
    let rows = found.iter().find_map(|it| match it {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    rows.expect("a value")
}

#[test]
fn times_are_those_of_postgresql() {
    let server = match Server::start() {
        Ok(server) => server,
        Err(why) => return println!("skipped, because there is no PostgreSQL to compare with: {why}"),
    };
    let mut client = server.connect().expect("the server answers");
    client.batch_execute("SET TimeZone TO 'UTC'").expect("a zone");
    let mut sql = Database::new(Schema::builder().build().expect("no tables")).sql().dialect(SqlDialect::Postgres);
    for seed in 0..4_000 {
        let text = format!("SELECT {}", expression(&mut Choices::new(seed)));
        let (here, there) = (here(&mut sql, &text), there(&mut client, &text));
        let same = match &here {
            Value::Text(it) => **it == there,
            Value::Int(it) => there.parse::<f64>().is_ok_and(|there| there == *it as f64),
            Value::Float(it) => there.parse::<f64>().is_ok_and(|there| (there - it).abs() <= 1e-9 * it.abs().max(1.0)),
            _ => false,
        };
        assert!(same, "seed {seed}: {text}\n{here}\n{there}");
    }
    let now =
        "SELECT CURRENT_DATE - date(now()), count(*) FROM (VALUES (1), (2)) AS v (a) WHERE now() = CURRENT_TIMESTAMP";
    assert_eq!(here(&mut sql, now), Value::Int(0));
    assert_eq!(there(&mut client, now), "0");
}
