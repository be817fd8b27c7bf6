//! A real forum from a folder of CSV files, checked against what is known of it.

mod contents;
#[cfg(test)]
mod doctored;
mod facts;
mod graph;
mod load;
mod model;
mod mutation;
mod statement;

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use crate::print::grouped;

/// Loads the folder, checks every fact, and says how it went: 0 when all of them hold, 1 otherwise.
pub fn check(folder: &Path) -> ExitCode {
    match check_folder(folder) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(problems) => {
            problems.iter().for_each(|it| eprintln!("{it}"));
            eprintln!("nothing was loaded");
            ExitCode::FAILURE
        }
    }
}

/// How many facts fail.
fn check_folder(folder: &Path) -> Result<usize, Vec<String>> {
    let database = model::empty().map_err(|error| vec![error.to_string()])?;
    let facts = read_facts(folder).map_err(|problem| vec![format!("facts.json: {problem}")])?;
    let start = Instant::now();
    load::load(folder, &database).map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    let loaded = start.elapsed();
    let snapshot = database.snapshot();
    let rows: usize = database.schema().tables().iter().map(|it| snapshot.len(&it.name).unwrap_or(0)).sum();
    println!("{} rows of {} tables in {loaded:.2?}", grouped(rows as u64), database.schema().tables().len());

    let start = Instant::now();
    let verdict = facts::check(&database, &facts);
    for (name, why) in &verdict.failures {
        println!("{name}: {why}");
    }
    println!("row counts, graphs of objects, mutations by rows and by objects in {:.2?}", start.elapsed());
    println!("facts: {} passed, {} failed", verdict.passed, verdict.failures.len());
    Ok(verdict.failures.len())
}

fn read_facts(folder: &Path) -> Result<serde_json::Value, String> {
    let text = fs::read_to_string(folder.join("facts.json")).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| error.to_string())
}
