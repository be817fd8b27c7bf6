//! A small shell over a database in memory.
//!
//! `cargo run --release --features sql --example sql_shell -- [FOLDER]` opens an empty database, or a folder with
//! `schema.sql` and a CSV file for every table. `.help` lists what it can do; with a pipe as input it runs what comes.

mod complete;
#[path = "../facts/folder.rs"]
mod folder;
#[path = "../import/mod.rs"]
mod import;
mod shell;
mod table;

use std::io::{BufRead, IsTerminal};
use std::path::Path;
use std::process::ExitCode;

use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::{Config, Editor};

use complete::Names;
use shell::{Next, Shell};

fn main() -> ExitCode {
    let mut shell = Shell::new();
    for folder in std::env::args_os().skip(1) {
        if let Err(problems) = shell.open(Path::new(&folder)) {
            problems.iter().for_each(|it| eprintln!("{it}"));
            return ExitCode::FAILURE;
        }
    }
    let done = if std::io::stdin().is_terminal() { interactive(&mut shell) } else { piped(&mut shell) };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Lines that a person types, with a history and the names of tables and columns at the tab key.
fn interactive(shell: &mut Shell) -> Result<bool, Box<dyn std::error::Error>> {
    let mut editor = Editor::<Names, DefaultHistory>::with_config(Config::builder().auto_add_history(true).build())?;
    println!("Diptych. `.help` says what there is to say.");
    loop {
        editor.set_helper(Some(Names::of(shell.session())));
        match editor.readline(if shell.is_waiting() { "   ...> " } else { "diptych> " }) {
            Ok(line) => {
                if matches!(shell.line(&line), Next::Quit) {
                    return Ok(true);
                }
            }
            Err(ReadlineError::Interrupted) => shell.forget(),
            Err(ReadlineError::Eof) => return Ok(true),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Lines that come through a pipe. Whether all of them could be done.
fn piped(shell: &mut Shell) -> Result<bool, Box<dyn std::error::Error>> {
    for line in std::io::stdin().lock().lines() {
        if matches!(shell.line(&line?), Next::Quit) {
            return Ok(shell.is_content());
        }
    }
    shell.end();
    Ok(shell.is_content())
}
