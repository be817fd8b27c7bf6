//! Carrying out the records of a file on a database of its own.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;

use diptych::error::Misuse;
use diptych::sql::SqlSession;
use diptych::{Database, Schema, Value};
use md5::{Digest, Md5};

use crate::record::{Kind, Sort, read};

/// How many records passed and failed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub passed: usize,
    pub failed: usize,
}

/// Runs a file, and prints the first failures.
pub fn run_file(file: &Path, show: usize) -> Tally {
    let mut tally = Tally::default();
    let mut fail = |line: usize, why: &str| {
        if tally.failed < show {
            println!("{}:{line}: {why}", file.display());
        }
        tally.failed += 1;
    };
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => {
            fail(1, &error.to_string());
            return tally;
        }
    };
    let schema = Schema::builder().build().expect("a schema without tables has no mistakes");
    let mut run = Run { sql: Database::new(schema).sql(), labels: HashMap::new() };
    let mut passed = 0;
    for record in read(&text, "sqlite") {
        if matches!(record.kind, Kind::Halt) {
            break;
        }
        match run.record(&record.kind) {
            Ok(true) => passed += 1,
            Ok(false) => {}
            Err(why) => fail(record.line, &why),
        }
    }
    tally.passed = passed;
    tally
}

struct Run {
    sql: SqlSession,
    /// What came out of queries that say they have the same outcome.
    labels: HashMap<String, String>,
}

impl Run {
    /// Whether the record was a test; an error says why it failed.
    fn record(&mut self, kind: &Kind<'_>) -> Result<bool, String> {
        match kind {
            Kind::Statement { sql, passes } => match (self.sql.run(sql, ()), passes) {
                (Ok(_), true) | (Err(_), false) => Ok(true),
                (Err(error), true) => Err(format!("{error}: {sql}")),
                (Ok(_), false) => Err(format!("it passes, and should not: {sql}")),
            },
            Kind::Query { sql, types, sort, label, expected } => {
                let outcome = match self.sql.run(sql, ()) {
                    Ok(outcome) => outcome,
                    // What fails while it runs has no rows for SQLite's runner.
                    Err(error) if expected.is_empty() && matches!(error.misuse(), Some(Misuse::Overflow { .. })) => {
                        return Ok(true);
                    }
                    Err(error) => return Err(format!("{error}: {sql}")),
                };
                if outcome.columns.len() != types.len() {
                    return Err(format!("{} columns, {} expected: {sql}", outcome.columns.len(), types.len()));
                }
                let values = ordered(&outcome.rows, types, *sort);
                let hash = hashed(&values);
                if let Some(label) = label {
                    let before = self.labels.entry((*label).to_owned()).or_insert_with(|| hash.clone());
                    if *before != hash {
                        return Err(format!("other values than before under {label}: {sql}"));
                    }
                }
                let is_hash = matches!(&expected[..], [only] if only.contains(" values hashing to "));
                let same = if is_hash { *expected == [hash.as_str()] } else { values == *expected };
                if same { Ok(true) } else { Err(difference(&values, &hash, expected, sql)) }
            }
            Kind::HashThreshold | Kind::Halt => Ok(false),
            Kind::Unknown(line) => Err(format!("a record of an unknown sort: {line}")),
        }
    }
}

fn difference(values: &[String], hash: &str, expected: &[&str], sql: &str) -> String {
    const SHOWN: usize = 12;
    let found = if values.len() > SHOWN { hash.to_owned() } else { values.join(" ") };
    let mut wanted = expected.iter().take(SHOWN).copied().collect::<Vec<_>>().join(" ");
    if expected.len() > SHOWN {
        wanted += " …";
    }
    format!("[{wanted}] expected, [{found}] found: {sql}")
}

/// The values as text, in the order in which they are compared.
fn ordered(rows: &[Vec<Value>], types: &str, sort: Sort) -> Vec<String> {
    let shown = |row: &Vec<Value>| row.iter().zip(types.chars()).map(|(value, kind)| text(value, kind)).collect();
    let mut rows: Vec<Vec<String>> = rows.iter().map(shown).collect();
    if sort == Sort::Rows {
        rows.sort();
    }
    let mut values: Vec<String> = rows.into_iter().flatten().collect();
    if sort == Sort::Values {
        values.sort();
    }
    values
}

/// A value as the type of its column shows it.
fn text(value: &Value, kind: char) -> String {
    match (kind, value) {
        (_, Value::Null) => "NULL".to_owned(),
        ('I', value) => integer(value).to_string(),
        ('R', value) => decimals(float(value)),
        (_, value) => {
            let text = match value {
                Value::Text(it) => it.to_string(),
                Value::Bytes(it) => String::from_utf8_lossy(it).into_owned(),
                Value::Bool(it) => i64::from(*it).to_string(),
                Value::Float(it) if it.fract() == 0.0 && it.abs() < 1e15 => format!("{it:.1}"),
                other => other.to_string(),
            };
            let plain = |it: char| if (' '..='~').contains(&it) { it } else { '@' };
            if text.is_empty() { "(empty)".to_owned() } else { text.chars().map(plain).collect() }
        }
    }
}

/// Three decimals of at most sixteen digits, as SQLite writes them.
fn decimals(it: f64) -> String {
    let digits = format!("{it:.15e}");
    match digits.split_once('e').map(|(mantissa, exponent)| (mantissa, exponent.parse::<usize>())) {
        Some((mantissa, Ok(exponent))) if exponent > 12 => {
            let sign = if it < 0.0 { "-" } else { "" };
            let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
            format!("{sign}{digits:0<width$}", width = exponent + 1).split_at(sign.len() + exponent + 1).0.to_owned()
                + ".000"
        }
        _ => format!("{it:.3}"),
    }
}

/// As SQLite shows it where an integer of 32 bits is asked for.
fn integer(value: &Value) -> i32 {
    let whole = match value {
        Value::Int(it) => *it,
        Value::Bool(it) => i64::from(*it),
        other => float(other) as i64,
    };
    whole as i32
}

fn float(value: &Value) -> f64 {
    match value {
        Value::Int(it) => *it as f64,
        Value::Float(it) => *it,
        Value::Text(it) => {
            // The number that the text begins with.
            let end = (0..=it.len()).rev().filter(|&end| it.is_char_boundary(end));
            end.filter_map(|end| it[..end].trim().parse().ok()).find(|it: &f64| it.is_finite()).unwrap_or(0.0)
        }
        _ => 0.0,
    }
}

fn hashed(values: &[String]) -> String {
    let mut digest = Md5::new();
    for value in values {
        digest.update(value);
        digest.update("\n");
    }
    let mut text = format!("{} values hashing to ", values.len());
    for byte in digest.finalize() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
