//! Runs files in the format of sqllogictest, as the engine that their `skipif` and `onlyif` lines call `sqlite`.
//!
//! `cargo run --release --features sql --example slt -- FILE…` takes files and folders of them, and says how many
//! records of each file passed and failed. `--show N` prints the first N failures of each file; `--jobs N` runs so many
//! files at once.

mod record;
mod run;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use run::Tally;

fn main() -> ExitCode {
    let (mut files, mut show, mut jobs) = (Vec::new(), 3, 1);
    let mut arguments = std::env::args().skip(1);
    while let Some(it) = arguments.next() {
        match &*it {
            "--show" => show = arguments.next().and_then(|it| it.parse().ok()).unwrap_or(show),
            "--jobs" => jobs = arguments.next().and_then(|it| it.parse().ok()).unwrap_or(jobs),
            path => {
                if let Err(error) = collect(Path::new(path), &mut files) {
                    eprintln!("{path}: {error}");
                    return ExitCode::FAILURE;
                }
            }
        }
    }
    if files.is_empty() {
        eprintln!("usage: slt [--show N] [--jobs N] FILE…");
        return ExitCode::FAILURE;
    }
    let (next, total) = (AtomicUsize::new(0), Mutex::new(Tally::default()));
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, 64) {
            scope.spawn(|| {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let tally = run::run_file(file, show);
                    println!("{}: {} passed, {} failed", file.display(), tally.passed, tally.failed);
                    if let Ok(mut total) = total.lock() {
                        total.passed += tally.passed;
                        total.failed += tally.failed;
                    }
                }
            });
        }
    });
    let total = total.into_inner().unwrap_or_default();
    println!("{} files: {} passed, {} failed", files.len(), total.passed, total.failed);
    if total.failed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// A file itself, or all files of a folder that end in `.test` or `.slt`, in order.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !path.is_dir() {
        std::fs::metadata(path)?;
        files.push(path.to_owned());
        return Ok(());
    }
    let mut inside = std::fs::read_dir(path)?.map(|it| Ok(it?.path())).collect::<std::io::Result<Vec<_>>>()?;
    inside.sort();
    for it in inside {
        let test = it.extension().is_some_and(|it| it == "test" || it == "slt");
        if it.is_dir() || test {
            collect(&it, files)?;
        }
    }
    Ok(())
}
