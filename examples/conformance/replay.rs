//! Replaying a case: every step, what it gave and which statements it took, and the rows that are left.

use std::panic::{AssertUnwindSafe, catch_unwind};

use diptych::query::{Entry, StatementKind};
use serde_json::Value as Json;

use crate::case::{Case, text};
use crate::fault::{Fault, category};
use crate::steps::probes::dump;
use crate::world::World;
use crate::{classes, steps, tables};

/// What became of a case.
pub struct Replay {
    /// Why the classes could not be set up.
    pub configure: Option<Failure>,
    pub steps: Vec<Done>,
    /// All rows after the last step, as the session's transaction sees them, and after it was closed without commit.
    pub in_transaction: Json,
    pub committed: Json,
}

/// What became of a step.
pub struct Done {
    pub given: Result<Option<Json>, Failure>,
    pub events: Vec<Json>,
    pub statements: Vec<Ran>,
}

/// Why a step failed.
pub enum Failure {
    /// With an error of this category; the text is for the reader.
    Error(&'static str, String),
    /// Nobody has written yet what it asks for.
    Unsupported(String),
}

/// One statement that ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    pub kind: &'static str,
    pub tables: Vec<String>,
    pub rows: u64,
}

impl Failure {
    /// Why a step of this name failed.
    fn of(fault: Fault, op: &str) -> Self {
        match fault {
            Fault::Refused(error) => Failure::Error(category(&error, op), error.to_string()),
            Fault::Category(it) => Failure::Error(it, String::new()),
            Fault::Unsupported(what) => Failure::Unsupported(what),
        }
    }

    pub fn explain(&self) -> String {
        match self {
            Failure::Error(category, text) if text.is_empty() => format!("error {category}"),
            Failure::Error(category, text) => format!("error {category}: {text}"),
            Failure::Unsupported(what) => format!("unsupported: {what}"),
        }
    }
}

impl Replay {
    /// A case whose classes could not be set up, or which could not be begun.
    fn refused(fault: Fault) -> Self {
        let (in_transaction, committed) = (Json::Null, Json::Null);
        Replay { configure: Some(Failure::of(fault, "configure")), steps: Vec::new(), in_transaction, committed }
    }
}

/// Replays a case. A panic is an answer like another: the text that it had.
pub fn replay(case: &Case) -> Result<Replay, String> {
    catch_unwind(AssertUnwindSafe(|| carry_out(case))).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default()
    })
}

fn carry_out(case: &Case) -> Replay {
    let json = &case.json;
    let begun = classes::database(json).and_then(|database| {
        tables::seed(&database, json)?;
        World::new(json, database)
    });
    let mut world = match begun {
        Ok(world) => world,
        Err(fault) => return Replay::refused(fault),
    };
    let mut done = Vec::with_capacity(case.steps().len());
    for step in case.steps() {
        let given = steps::run(&mut world, step).map_err(|it| Failure::of(it, text(step, "op")));
        let ran = world.session.take_log();
        let statements = if steps::is_probe(step) { Vec::new() } else { ran.iter().filter_map(statement).collect() };
        let events = world.take_events().unwrap_or_default();
        done.push(Done { given, events, statements });
    }
    let rows = |world: &mut World<'_>| match dump(world, &[]) {
        Ok(rows) => rows,
        Err(fault) => Json::from(Failure::of(fault, "dump").explain()),
    };
    let in_transaction = rows(&mut world);
    let database = world.database.clone();
    drop(world);
    let committed = match World::new(json, database) {
        Ok(mut world) => rows(&mut world),
        Err(fault) => Json::from(Failure::of(fault, "dump").explain()),
    };
    Replay { configure: None, steps: done, in_transaction, committed }
}

fn statement(entry: &Entry) -> Option<Ran> {
    let kind = match entry.kind {
        StatementKind::Select => "select",
        StatementKind::Insert => "insert",
        StatementKind::Update => "update",
        StatementKind::Delete => "delete",
        _ => return None,
    };
    let mut tables = entry.tables.to_vec();
    if kind == "select" {
        tables.sort();
        tables.dedup();
    } else {
        tables.truncate(1);
    }
    Some(Ran { kind, tables, rows: entry.rows }).filter(|_| !entry.failed)
}
