//! Replays recorded cases of what an ORM session does, through classes that are made at run time, and compares.
//!
//! `cargo run --release --example conformance -- DIR…` takes files of cases, one JSON object a line, and folders of
//! them, and prints how many passed and failed, topic by topic and in total, for two comparisons: what a session
//! answers, and which statements it needs for it. `--case NAME` shows one case in full, `--topic T` takes one topic,
//! `--limit N` shows at most so many failures, `--json` prints for tools. The exit code is 1 if anything failed.
//!
//! A case that Diptych deliberately answers otherwise stands with its reason in `tests/conformance/deviations.toml` and
//! counts as neither.

mod case;
mod classes;
mod compare;
mod events;
mod expression;
mod fault;
mod replay;
mod report;
mod selection;
mod show;
mod statements;
mod steps;
mod tables;
#[cfg(test)]
mod tests;
mod value;
mod world;

use std::path::PathBuf;
use std::process::ExitCode;

use case::Case;
use clap::Parser;
use compare::Verdict;
use report::Report;

/// Replays recorded cases and compares.
#[derive(Parser)]
struct Arguments {
    /// Files of cases, and folders of such files.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Shows the one case of this name in full: tables, classes, steps, and what was expected and came of each.
    #[arg(long)]
    case: Option<String>,
    /// Takes only the cases of one topic.
    #[arg(long)]
    topic: Option<String>,
    /// How many failures to show.
    #[arg(long, default_value_t = 20)]
    limit: usize,
    /// Shows differences of statements too.
    #[arg(long)]
    statements: bool,
    /// Shows which answer is given in the cases that are counted apart: questionable ones, and those whose outcome
    /// depends on what was read when.
    #[arg(long)]
    apart: bool,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut cases = match case::read(&arguments.paths) {
        Ok(cases) => cases,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    cases.retain(|it| arguments.topic.as_deref().is_none_or(|topic| it.topic() == topic));
    // A panic is shown as the failure of its case.
    std::panic::set_hook(Box::new(|_| {}));
    if let Some(name) = &arguments.case {
        return match cases.iter().find(|it| it.name() == name) {
            Some(case) => show::in_full(case),
            None => {
                eprintln!("there is no case {name}");
                ExitCode::FAILURE
            }
        };
    }
    let report = Report::of(&cases);
    if arguments.json {
        println!("{}", report.json());
    } else {
        if arguments.apart {
            report.print_apart();
        }
        report.print(arguments.limit, arguments.statements);
    }
    if report.failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Replays a case and compares.
fn judge(case: &Case) -> Verdict {
    match replay::replay(case) {
        Ok(replay) => compare::compare(case, &replay),
        Err(text) => Verdict::panicked(text),
    }
}
