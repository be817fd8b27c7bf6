//! Everything that `facts.json` says about a data set, checked one by one.

use diptych::prelude::*;
use serde_json::Value as Json;

use super::contents::Contents;
use super::graph;
use super::mutation::Mutation;
use crate::print::Progress;

/// What has been found true and what has not.
#[derive(Debug, Default)]
pub struct Verdict {
    pub passed: usize,
    /// What failed, by name, and why.
    pub failures: Vec<(String, String)>,
}

impl Verdict {
    fn judge(&mut self, name: impl Into<String>, outcome: Result<(), String>) {
        match outcome {
            Ok(()) => self.passed += 1,
            Err(why) => self.failures.push((name.into(), why)),
        }
    }
}

/// Checks row counts, object graphs and mutations.
pub fn check(database: &Database, facts: &Json) -> Verdict {
    let mut verdict = Verdict::default();
    row_counts(database, &facts["row_counts"], &mut verdict);
    objects(database, &facts["objects"], &mut verdict);
    mutations(database, &facts["mutations"], &mut verdict);
    verdict
}

fn row_counts(database: &Database, facts: &Json, verdict: &mut Verdict) {
    let snapshot = database.snapshot();
    for table in database.schema().tables() {
        let (wanted, found) = (facts[&table.name].as_u64(), snapshot.len(&table.name).map(|it| it as u64).ok());
        let outcome = if wanted == found { Ok(()) } else { Err(format!("expected {wanted:?}, found {found:?}")) };
        verdict.judge(format!("rows of {}", table.name), outcome);
    }
    for (name, _) in facts.as_object().into_iter().flatten() {
        if database.schema().table_named(name).is_err() {
            verdict.judge(format!("rows of {name}"), Err("there is no such table".to_owned()));
        }
    }
}

fn objects(database: &Database, facts: &Json, verdict: &mut Verdict) {
    let all = facts.as_array();
    if all.is_none() {
        verdict.judge("objects", Err("facts.json lists none".to_owned()));
    }
    for fact in all.into_iter().flatten() {
        let kinds = fact.as_object().into_iter().flatten();
        for (kind, expected) in kinds {
            let name = format!("{kind} {}", expected["id"]);
            verdict.judge(name, object(database, kind, expected));
        }
    }
}

fn object(database: &Database, kind: &str, expected: &Json) -> Result<(), String> {
    let id = expected["id"].as_i64().ok_or("it has no id")?;
    let session = database.session();
    let found = match kind {
        "thread" => graph::thread(&session, id),
        "user" => graph::user(&session, id),
        _ => return Err("graphs of this kind are not understood".to_owned()),
    };
    let found = found.map_err(|error| error.to_string())?.ok_or("there is no such object")?;
    difference("", expected, &found).map_or(Ok(()), Err)
}

/// The first place in which two graphs differ, and how.
fn difference(path: &str, expected: &Json, found: &Json) -> Option<String> {
    match (expected, found) {
        (Json::Object(a), Json::Object(b)) if a.keys().eq(b.keys()) => {
            a.iter().find_map(|(key, it)| difference(&format!("{path}.{key}"), it, &b[key]))
        }
        (Json::Array(a), Json::Array(b)) if a.len() == b.len() => {
            let mut pairs = a.iter().zip(b).enumerate();
            pairs.find_map(|(at, (a, b))| difference(&format!("{path}[{at}]"), a, b))
        }
        _ if expected == found => None,
        _ => Some(format!("{path}: expected {expected}, found {found}")),
    }
}

fn mutations(database: &Database, facts: &Json, verdict: &mut Verdict) {
    let all = facts.as_array().map_or(&[][..], Vec::as_slice);
    if all.is_empty() {
        verdict.judge("mutations", Err("facts.json lists none".to_owned()));
    }
    let before = match Contents::of(database) {
        Ok(it) => it,
        Err(error) => return verdict.judge("mutations", Err(error.to_string())),
    };
    let progress = Progress::of(all.len() as u64, "mutations");
    for (position, fact) in all.iter().enumerate() {
        let name = format!("mutation {}", fact["id"].as_str().unwrap_or("without an id"));
        match Mutation::read(fact) {
            Err(why) => verdict.judge(name, Err(why)),
            Ok(mutation) => {
                if let Some(outcome) = mutation.by_objects(database, &before) {
                    verdict.judge(format!("{name}, by objects"), outcome);
                }
                verdict.judge(name, mutation.by_rows(database, &before));
            }
        }
        progress.at(position as u64 + 1);
    }
}
