//! Whether what a case gave is what was recorded: values, errors, events and rows.

use serde_json::Value as Json;

use crate::case::{Case, list, says, text};
use crate::fault::agree;
use crate::replay::{Done, Failure, Replay};
use crate::statements;

/// One point in which a case differs.
pub struct Difference {
    /// The step; none for what is about the whole case.
    pub step: Option<usize>,
    pub what: &'static str,
    pub expected: String,
    pub got: String,
}

/// How a case compares with its recording.
#[derive(Default)]
pub struct Verdict {
    pub semantic: Vec<Difference>,
    /// None if statements could not be compared.
    pub statements: Option<Vec<Difference>>,
    /// What the case asked for and nobody has written yet.
    pub unsupported: Vec<String>,
}

impl Verdict {
    pub fn panicked(text: String) -> Self {
        let expected = "an answer".to_owned();
        let got = format!("a panic: {text}");
        Verdict { semantic: vec![Difference { step: None, what: "panic", expected, got }], ..Verdict::default() }
    }

    fn differ(&mut self, step: Option<usize>, what: &'static str, expected: String, got: String) {
        self.semantic.push(Difference { step, what, expected, got });
    }
}

/// Compares what became of a case with its recording.
pub fn compare(case: &Case, replay: &Replay) -> Verdict {
    let mut verdict = Verdict::default();
    let expected = case.json["expect"]["configure"].get("error").and_then(Json::as_str);
    match (&replay.configure, expected) {
        (None, None) => {}
        (Some(Failure::Error(got, _)), Some(expected)) if *got == expected => return verdict,
        (got, expected) => {
            if let Some(Failure::Unsupported(what)) = got {
                verdict.unsupported.push(what.clone());
            }
            let expected = expected.map_or("classes".to_owned(), |it| format!("error {it}"));
            verdict.differ(None, "configure", expected, got.as_ref().map_or("classes".to_owned(), Failure::explain));
            return verdict;
        }
    }
    for (at, done) in replay.steps.iter().enumerate() {
        step(case, at, done, &mut verdict);
    }
    rows(case, replay, &mut verdict);
    let all_errors_expected = !verdict.semantic.iter().any(|it| it.what == "error");
    verdict.statements = all_errors_expected.then(|| statements::compare(case, replay));
    verdict
}

fn step(case: &Case, at: usize, done: &Done, verdict: &mut Verdict) {
    let expected = case.expected(at);
    let error = expected.get("error").and_then(Json::as_str);
    match (&done.given, error) {
        (Ok(given), None) => {
            let (given, expected) = (given.as_ref(), expected.get("value"));
            let same = match (given, expected) {
                (Some(given), Some(expected)) => same(given, expected),
                (given, expected) => given.is_none() && expected.is_none(),
            };
            if !same {
                let show = |it: Option<&Json>| it.map_or("no value".to_owned(), Json::to_string);
                verdict.differ(Some(at), "value", show(expected), show(given));
            }
        }
        (Err(Failure::Error(got, _)), Some(expected)) if agree(expected, got, case.by_family()) => {}
        (given, error) => {
            if let Err(Failure::Unsupported(what)) = given {
                verdict.unsupported.push(what.clone());
            }
            let value = expected.get("value").map_or("no error".to_owned(), Json::to_string);
            let expected = error.map_or(value, |it| format!("error {it}"));
            let got = match given {
                Ok(given) => given.as_ref().map_or("no error".to_owned(), Json::to_string),
                Err(failure) => failure.explain(),
            };
            verdict.differ(Some(at), "error", expected, got);
        }
    }
    let (events, expected) = (Json::from(done.events.clone()), Json::from(list(expected, "events").to_vec()));
    let agree = if says(&case.json, "events_ordered") { events == expected } else { same_bag(&events, &expected) };
    if !agree && case.json.get("events").is_some() {
        verdict.differ(Some(at), "events", expected.to_string(), events.to_string());
    }
}

fn rows(case: &Case, replay: &Replay, verdict: &mut Verdict) {
    let last = &case.json["expect"]["final"];
    let committed = &last["committed"];
    let pairs = [
        ("rows in the transaction", last.get("in_transaction").unwrap_or(committed), &replay.in_transaction),
        ("rows committed", committed, &replay.committed),
    ];
    for (what, expected, got) in pairs {
        if same(got, expected) {
            continue;
        }
        let differs = |it: &&Json| !same(&got[text(it, "name")], &expected[text(it, "name")]);
        let tables: Vec<&str> =
            list(&case.json["schema"], "tables").iter().filter(differs).map(|it| text(it, "name")).collect();
        let show = |it: &Json| tables.iter().map(|name| format!("{name} {} ", it[*name])).collect::<String>();
        let got = if got.is_object() { show(got) } else { got.to_string() };
        verdict.differ(None, what, show(expected), got);
    }
}

/// Whether two values are equal, wherever they hold bags in any order.
pub fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Object(x), Json::Object(y)) => {
            if let (Some(a), Some(b), 1, 1) = (x.get("bag"), y.get("bag"), x.len(), y.len()) {
                return same_bag(a, b);
            }
            x.len() == y.len() && x.iter().all(|(key, it)| y.get(key).is_some_and(|other| same(it, other)))
        }
        (Json::Array(x), Json::Array(y)) => x.len() == y.len() && x.iter().zip(y).all(|(a, b)| same(a, b)),
        (Json::Number(x), Json::Number(y)) => x == y || x.as_f64() == y.as_f64(),
        _ => a == b,
    }
}

fn same_bag(a: &Json, b: &Json) -> bool {
    let (Some(a), Some(b)) = (a.as_array(), b.as_array()) else { return a == b };
    let mut rest: Vec<&Json> = b.iter().collect();
    let taken = a.iter().all(|it| match rest.iter().position(|other| same(it, other)) {
        Some(at) => {
            rest.swap_remove(at);
            true
        }
        None => false,
    });
    taken && rest.is_empty()
}
