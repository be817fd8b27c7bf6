//! One case in full.

use std::process::ExitCode;

use serde_json::Value as Json;

use crate::case::{Case, list, text};
use crate::compare::{Verdict, compare};
use crate::replay::{Done, replay};
use crate::report::print_difference;

/// Shows the tables, the classes, and each step with what was expected and what came of it.
pub fn in_full(case: &Case) -> ExitCode {
    println!("{}\n{}", case.name(), text(&case.json, "doc"));
    for key in ["questionable", "tags", "session", "statements", "errors", "events"] {
        if let Some(it) = case.json.get(key) {
            println!("{key}: {it}");
        }
    }
    for it in list(&case.json["schema"], "tables") {
        println!("table {it}");
    }
    for it in list(&case.json, "classes") {
        println!("class {it}");
    }
    for it in list(&case.json, "seed") {
        println!("seed  {it}");
    }
    let verdict = match replay(case) {
        Ok(replay) => {
            if let Some(failure) = &replay.configure {
                println!("configure: {}", failure.explain());
            }
            for (at, done) in replay.steps.iter().enumerate() {
                show_step(case, at, done);
            }
            println!("final expected {}", case.json["expect"]["final"]);
            println!("      in transaction {}\n      committed {}", replay.in_transaction, replay.committed);
            compare(case, &replay)
        }
        Err(text) => Verdict::panicked(text),
    };
    let statements = verdict.statements.iter().flatten();
    let differences: Vec<_> = verdict.semantic.iter().chain(statements).collect();
    println!("{} differences", differences.len());
    differences.iter().for_each(|it| print_difference(case, it));
    if differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn show_step(case: &Case, at: usize, done: &Done) {
    let given = match &done.given {
        Ok(given) => given.as_ref().map_or(String::new(), Json::to_string),
        Err(failure) => failure.explain(),
    };
    println!("{at:3} {}", case.steps()[at]);
    println!("      expected {}", case.expected(at));
    let ran: Vec<String> =
        done.statements.iter().map(|it| format!("{} {} {}", it.kind, it.tables.join(","), it.rows)).collect();
    println!("      got      {given}  [{}]", ran.join("; "));
    if !done.events.is_empty() {
        println!("      events   {}", Json::from(done.events.clone()));
    }
}
