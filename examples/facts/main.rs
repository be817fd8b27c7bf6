//! Checks folders of data against the facts that another engine has found in them.
//!
//! `cargo run --release --features sql --example facts -- DIR…` makes each data set from its own `schema.sql`, imports
//! its CSV files, runs every query of `facts` and every statement of `mutations` in `facts.json`, and says what differs.

mod check;
#[path = "../forum/dataset/contents.rs"]
mod contents;
mod folder;
#[cfg(test)]
mod folders;
#[allow(dead_code, reason = "a folder names its files itself; others read a file by its name")]
#[path = "../import/mod.rs"]
mod import;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use check::Verdict;

fn main() -> ExitCode {
    let folders: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if folders.is_empty() {
        eprintln!("usage: facts DIR…, each with schema.sql, facts.json and a CSV file for every table");
        return ExitCode::FAILURE;
    }
    let mut total = Verdict::default();
    for folder in &folders {
        let verdict = check_folder(folder);
        println!("{}: facts: {} passed, {} failed", folder.display(), verdict.passed, verdict.failed);
        total.passed += verdict.passed;
        total.failed += verdict.failed;
    }
    if folders.len() > 1 {
        println!("facts: {} passed, {} failed", total.passed, total.failed);
    }
    if total.failed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Prints a line for each failure. A folder that cannot be read or loaded is one.
fn check_folder(folder: &Path) -> Verdict {
    let start = Instant::now();
    match folder::open(folder) {
        Ok(sql) => {
            println!("{}: loaded in {:.2?}", folder.display(), start.elapsed());
            let start = Instant::now();
            let verdict = check::check(folder, sql);
            println!("{}: checked in {:.2?}", folder.display(), start.elapsed());
            verdict
        }
        Err(problems) => {
            problems.iter().for_each(|it| println!("{}: {it}", folder.display()));
            Verdict { passed: 0, failed: problems.len().max(1) }
        }
    }
}
