//! Completion of the names of tables, columns and commands.

use diptych::sql::SqlSession;
use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::Validator;
use rustyline::{Context, Helper};

use crate::shell::COMMANDS;

/// The names that can be completed.
pub struct Names(Vec<String>);

impl Names {
    /// Those of a session.
    pub fn of(session: &SqlSession) -> Self {
        let mut all = session.names();
        let tables = session.database().schema().tables().iter();
        all.extend(tables.flat_map(|table| table.columns.iter().map(|it| it.name.clone())));
        all.extend(COMMANDS.iter().map(|(name, _)| (*name).to_owned()));
        all.sort();
        all.dedup();
        Names(all)
    }
}

impl Completer for Names {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let before = &line[..at];
        let part = |it: char| it.is_alphanumeric() || it == '_';
        let mut start =
            before.rfind(|it| !part(it)).map_or(0, |it| it + before[it..].chars().next().map_or(1, char::len_utf8));
        if start == 1 && before.starts_with('.') {
            start = 0;
        }
        let begun = before[start..].to_lowercase();
        let fits = self.0.iter().filter(|it| !begun.is_empty() && it.to_lowercase().starts_with(&begun));
        Ok((start, fits.cloned().collect()))
    }
}

impl Hinter for Names {
    type Hint = String;
}

impl Highlighter for Names {}

impl Validator for Names {}

impl Helper for Names {}
