//! Every fact and every mutation of `facts.json`, one by one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use diptych::sql::{SqlOutcome, SqlSession};
use diptych::{Action, Database, Value};
use serde_json::Value as Json;

use crate::contents::{Contents, Difference};

/// How many facts hold.
#[derive(Debug, Default)]
pub struct Verdict {
    pub passed: usize,
    pub failed: usize,
}

impl Verdict {
    fn judge(&mut self, name: &str, outcome: Result<(), String>) {
        match outcome {
            Ok(()) => self.passed += 1,
            Err(why) => {
                self.failed += 1;
                println!("FAILED {name}: {why}");
            }
        }
    }
}

/// Checks a folder that has been loaded.
pub fn check(folder: &Path, mut sql: SqlSession) -> Verdict {
    let mut verdict = Verdict::default();
    let text = fs::read_to_string(folder.join("facts.json")).map_err(|error| error.to_string());
    let facts = text.and_then(|it| serde_json::from_str::<Json>(&it).map_err(|error| error.to_string()));
    let facts = match facts {
        Ok(facts) => facts,
        Err(problem) => {
            verdict.judge("facts.json", Err(problem));
            return verdict;
        }
    };
    row_counts(sql.database(), &facts["row_counts"], &mut verdict);
    for fact in facts["facts"].as_array().into_iter().flatten() {
        let text = fact["sql"].as_str().unwrap_or_default();
        let outcome = sql.run(text, ()).map_err(|error| error.to_string());
        verdict.judge(text, outcome.and_then(|it| compare(&it, &fact["rows"])));
    }
    let before = Contents::of(sql.database());
    for mutation in facts["mutations"].as_array().into_iter().flatten() {
        let name = mutation["id"].as_str().unwrap_or("a mutation without a name");
        let outcome = before.as_ref().map_err(ToString::to_string);
        verdict.judge(name, outcome.and_then(|before| mutate(&sql, before, mutation)));
    }
    verdict
}

fn row_counts(database: &Database, facts: &Json, verdict: &mut Verdict) {
    let snapshot = database.snapshot();
    for (table, count) in facts.as_object().into_iter().flatten() {
        let found = snapshot.len(table).map_err(|error| error.to_string());
        let same = found.and_then(|it| {
            if Some(it as u64) == count.as_u64() { Ok(()) } else { Err(format!("{count} expected, {it} found")) }
        });
        verdict.judge(&format!("rows of {table}"), same);
    }
}

/// Rows exactly as they are expected, in their order.
fn compare(found: &SqlOutcome, expected: &Json) -> Result<(), String> {
    let expected = expected.as_array().ok_or("no rows are expected, not even none")?;
    if found.rows.len() != expected.len() {
        return Err(format!("{} rows expected, {} found", expected.len(), found.rows.len()));
    }
    for (at, (found, expected)) in found.rows.iter().zip(expected).enumerate() {
        let found = Json::from(found.iter().map(json).collect::<Vec<_>>());
        if found != *expected {
            return Err(format!("row {}: {expected} expected, {found} found", at + 1));
        }
    }
    Ok(())
}

fn json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(it) => Json::from(i64::from(*it)),
        Value::Int(it) => Json::from(*it),
        Value::Float(it) => Json::from(*it),
        Value::Bytes(it) => Json::from(it.iter().map(|it| format!("{it:02x}")).collect::<String>()),
        Value::Text(it) => Json::from(&**it),
    }
}

/// Runs a statement alone on a fork, and compares what it did.
fn mutate(sql: &SqlSession, before: &Contents, mutation: &Json) -> Result<(), String> {
    let mut fork = sql.fork();
    let statement = mutation["statement"].as_str().ok_or("it has no statement")?;
    let done = fork.run(statement, ());
    match (mutation["error"].as_str(), done) {
        (None, Ok(_)) => {}
        (None, Err(error)) => return Err(format!("it fails: {error}")),
        (Some(wanted), Ok(_)) => return Err(format!("it succeeds, where `{wanted}` is expected")),
        (Some(wanted), Err(error)) => {
            let is_reference = error.violation().is_some_and(|it| it.rule.is_reference());
            if wanted.contains("foreign key") != is_reference {
                return Err(format!("`{wanted}` is expected, but it fails with: {error}"));
            }
        }
    }
    let after = Contents::of(fork.database()).map_err(|error| error.to_string())?;
    let found = Difference::between(fork.database(), before, &after);
    let (removed, set_null) = (counts(&mutation["removed"]), counts(&mutation["set_null"]));
    let expected = Difference { removed, set_null, other: BTreeMap::new() };
    // A statement that is no DELETE may change other columns; what it says of those stands in the queries after it.
    let deletes = statement.trim_start().get(..6).is_some_and(|it| it.eq_ignore_ascii_case("DELETE"));
    let refused = !mutation["error"].is_null();
    let same = found.removed == expected.removed && found.set_null == expected.set_null;
    let other = found.other.keys().filter(|it| refused || !takes_defaults(fork.database(), it));
    if !same || (deletes || refused) && other.count() > 0 {
        return Err(format!("{expected:?} expected, {found:?} found"));
    }
    for query in mutation["after"].as_array().into_iter().flatten() {
        let text = query["sql"].as_str().ok_or("a query after it has no sql")?;
        let outcome = fork.run(text, ()).map_err(|error| format!("{text}: {error}"))?;
        compare(&outcome, &query["rows"]).map_err(|why| format!("{text}: {why}"))?;
    }
    fork.database().audit()
}

/// Whether a column, by `table.column`, takes its default when what it refers to is deleted.
fn takes_defaults(database: &Database, name: &str) -> bool {
    let schema = database.schema();
    schema.references().iter().filter(|it| it.on_delete == Action::SetDefault).any(|it| {
        let table = schema.table(it.table);
        it.columns.iter().any(|column| format!("{}.{}", table.name, table.column(*column).name) == name)
    })
}

/// Numbers by name; those that are zero say nothing.
fn counts(fact: &Json) -> BTreeMap<String, u64> {
    let all = fact.as_object().into_iter().flatten();
    all.filter_map(|(name, count)| Some((name.clone(), count.as_u64()?))).filter(|it| it.1 > 0).collect()
}
