//! Whether a case took the statements that were recorded, as strictly as each step asks for.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::case::{Case, Mode, list, text};
use crate::compare::Difference;
use crate::replay::{Ran, Replay};

/// How many SELECTs ran, and how many rows each kind of change touched in each table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Tally {
    selects: u64,
    rows: BTreeMap<String, u64>,
}

impl Tally {
    fn add(&mut self, ran: &[Ran]) {
        for it in ran {
            if it.kind == "select" {
                self.selects += 1;
            } else if let Some(table) = it.tables.first() {
                *self.rows.entry(format!("{} {table}", it.kind)).or_default() += it.rows;
            }
        }
        self.rows.retain(|_, rows| *rows > 0);
    }

    fn of(ran: &[Ran]) -> Self {
        let mut tally = Tally::default();
        tally.add(ran);
        tally
    }

    /// What was recorded as totals.
    fn recorded(json: &Json) -> Self {
        let rows = json["rows"].as_object().into_iter().flatten();
        let rows = rows.map(|(key, it)| (key.clone(), it.as_u64().unwrap_or_default())).collect();
        Tally { selects: json["selects"].as_u64().unwrap_or_default(), rows }
    }

    fn within(&self, other: &Tally) -> bool {
        let fits = |(key, rows): (&String, &u64)| other.rows.get(key).is_some_and(|it| rows <= it);
        self.selects <= other.selects && self.rows.iter().all(fits)
    }

    fn show(&self) -> String {
        let rows: Vec<String> = self.rows.iter().map(|(key, rows)| format!("{key} {rows}")).collect();
        format!("{} selects; {}", self.selects, rows.join(", "))
    }
}

/// In what the statements of a case differ.
pub fn compare(case: &Case, replay: &Replay) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut total = Tally::default();
    for (at, (step, done)) in case.steps().iter().zip(&replay.steps).enumerate() {
        let expected = case.expected(at);
        if done.given.is_err() || expected.get("error").is_some() {
            continue;
        }
        let recorded: Vec<Ran> = list(expected, "stmts").iter().filter_map(ran).collect();
        let (want, got) = (Tally::of(&recorded), Tally::of(&done.statements));
        match case.mode(step) {
            Mode::Exact if want != got => differences.push(difference(Some(at), want.show(), got.show())),
            Mode::Ordered => differences.extend(ordered(case, at, &recorded, &done.statements)),
            Mode::AtMost => total.add(&done.statements),
            Mode::Exact | Mode::Ignore => {}
        }
    }
    if let Some(totals) = case.json["expect"].get("totals") {
        let most = Tally::recorded(totals);
        if !total.within(&most) {
            differences.push(difference(None, format!("at most {}", most.show()), total.show()));
        }
    }
    differences
}

fn difference(step: Option<usize>, expected: String, got: String) -> Difference {
    Difference { step, what: "statements", expected, got }
}

fn ran(json: &Json) -> Option<Ran> {
    let kind = ["select", "insert", "update", "delete"].into_iter().find(|it| json[0] == *it)?;
    let tables = json[1].as_array().into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect();
    Some(Ran { kind, tables, rows: json[2].as_u64().unwrap_or_default() })
}

/// Rows that are changed must be the same, and in the same order wherever foreign keys connect two tables.
fn ordered(case: &Case, at: usize, recorded: &[Ran], got: &[Ran]) -> Option<Difference> {
    let (want, have) = (Tally::of(recorded), Tally::of(got));
    if have.selects > want.selects || have.rows != want.rows {
        return Some(difference(Some(at), want.show(), have.show()));
    }
    for (one, other) in connected(case) {
        let (want, have) = (sequence(recorded, &one, &other), sequence(got, &one, &other));
        if want != have {
            return Some(difference(Some(at), format!("{want:?}"), format!("{have:?}")));
        }
    }
    None
}

/// The changes of two tables, neighbours of one kind and table put together.
fn sequence(ran: &[Ran], one: &str, other: &str) -> Vec<(&'static str, String, u64)> {
    let mut all: Vec<(&'static str, String, u64)> = Vec::new();
    for it in ran.iter().filter(|it| it.kind != "select" && it.rows > 0) {
        let Some(table) = it.tables.first().filter(|it| *it == one || *it == other) else { continue };
        match all.last_mut() {
            Some((kind, last, rows)) if *kind == it.kind && last == table => *rows += it.rows,
            _ => all.push((it.kind, table.clone(), it.rows)),
        }
    }
    all
}

/// The pairs of tables that foreign keys connect, over others too, and each table with itself.
fn connected(case: &Case) -> Vec<(String, String)> {
    let tables = list(&case.json["schema"], "tables");
    let mut groups: Vec<BTreeSet<&str>> = tables.iter().map(|it| BTreeSet::from([text(it, "name")])).collect();
    for table in tables {
        for key in list(table, "foreign_keys") {
            let ends = [text(table, "name"), text(&key["references"], "table")];
            let (touched, rest): (Vec<_>, Vec<_>) =
                groups.into_iter().partition(|group| ends.iter().any(|it| group.contains(it)));
            groups = rest;
            groups.push(touched.into_iter().flatten().collect());
        }
    }
    let mut pairs = Vec::new();
    for group in groups {
        let names: Vec<&str> = group.into_iter().collect();
        for (at, one) in names.iter().enumerate() {
            pairs.extend(names[at..].iter().map(|other| ((*one).to_owned(), (*other).to_owned())));
        }
    }
    pairs
}
