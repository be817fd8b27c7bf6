//! What the shell does with a line.

use std::path::Path;

use diptych::query::Control;
use diptych::sql::{SqlDialect, SqlSession};
use diptych::{Connection, Database, Schema};

use crate::import::{Refusal, Source, add_rows};
use crate::{folder, table};

/// The commands, and what they do.
pub const COMMANDS: &[(&str, &str)] = &[
    (".tables", "the tables, and how many rows they have"),
    (".schema", "the schema as SQL; `.schema TABLE` of one table"),
    (".explain", "how a query would be carried out: `.explain SELECT …`"),
    (".fork", "remember the database as it is now, so that `.undo` comes back to it"),
    (".undo", "go back to the last fork, or to before the last statement"),
    (".import", "`.import FILE.csv TABLE` adds the rows of a file"),
    (".read", "`.read FILE.sql` runs the statements of a file: a dump, or a migration"),
    (".open", "`.open FOLDER` opens a folder with schema.sql and CSV files"),
    (".dialect", "`.dialect sqlite` or `.dialect postgres`"),
    (".help", "this list"),
    (".quit", "the end"),
];

/// Whether another line is wanted.
pub enum Next {
    Line,
    Quit,
}

/// A session, and the text that has no semicolon yet.
pub struct Shell {
    session: SqlSession,
    dialect: SqlDialect,
    /// Forks to go back to, the last one last.
    past: Vec<SqlSession>,
    waiting: String,
    failed: bool,
}

impl Shell {
    pub fn new() -> Self {
        let empty = Schema::builder().build().expect("a schema without tables has no mistakes");
        let session = Database::new(empty).sql();
        Shell { session, dialect: SqlDialect::Sqlite, past: Vec::new(), waiting: String::new(), failed: false }
    }

    pub fn session(&self) -> &SqlSession {
        &self.session
    }

    /// Whether a statement has begun and not ended.
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether everything went well.
    pub fn is_content(&self) -> bool {
        !self.failed
    }

    /// Forgets what has been begun.
    pub fn forget(&mut self) {
        self.waiting.clear();
    }

    /// Opens a folder instead of what was there.
    pub fn open(&mut self, path: &Path) -> Result<(), Vec<String>> {
        let opened = folder::open(path)?;
        self.past.push(std::mem::replace(&mut self.session, opened.dialect(self.dialect)));
        Ok(())
    }

    /// Takes a line.
    pub fn line(&mut self, line: &str) -> Next {
        let trimmed = line.trim();
        if self.waiting.is_empty() && trimmed.starts_with('.') {
            let (command, rest) = trimmed.split_once(char::is_whitespace).unwrap_or((trimmed, ""));
            if matches!(command, ".quit" | ".exit") {
                return Next::Quit;
            }
            if let Err(problem) = self.command(command, rest.trim()) {
                self.problem(&problem);
            }
            return Next::Line;
        }
        if !trimmed.is_empty() {
            self.waiting.push_str(line);
            self.waiting.push('\n');
        }
        if is_whole(&self.waiting) {
            let text = std::mem::take(&mut self.waiting);
            self.run(&text);
        }
        Next::Line
    }

    /// Runs what has begun and has no end.
    pub fn end(&mut self) {
        let text = std::mem::take(&mut self.waiting);
        if !text.trim().is_empty() {
            self.run(&text);
        }
    }

    fn problem(&mut self, text: &str) {
        self.failed = true;
        eprintln!("{text}");
    }

    fn run(&mut self, text: &str) {
        let before = self.session.fork();
        match self.session.run_all(text, ()) {
            Ok(outcomes) => outcomes.iter().for_each(table::print),
            Err(error) => {
                self.problem(&format!("{error:#}"));
                // A statement that fails changes nothing; of several, those before it have been run.
                if !text.trim_end().trim_end_matches(';').contains(';') {
                    return;
                }
            }
        }
        // A query is nothing to go back from.
        if !text.trim_start().get(..6).is_some_and(|it| it.eq_ignore_ascii_case("SELECT")) {
            self.past.push(before);
        }
    }

    fn command(&mut self, command: &str, rest: &str) -> Result<(), String> {
        match command {
            ".help" => COMMANDS.iter().for_each(|(name, does)| println!("{name:10} {does}")),
            ".tables" => {
                let snapshot = self.session.database().snapshot();
                for table in self.session.database().schema().tables() {
                    println!("{:32} {:>10} rows", table.name, snapshot.len(&table.name).unwrap_or(0));
                }
            }
            ".schema" => {
                let text = self.session.database().schema().to_sql();
                let begins = |it: &&str| {
                    let name = it.split_whitespace().nth(2).unwrap_or_default().trim_matches('"');
                    rest.is_empty() || name.eq_ignore_ascii_case(rest)
                };
                text.split_inclusive(";\n").filter(begins).for_each(|it| print!("{it}"));
            }
            ".explain" => {
                let plan = self.session.run(&format!("EXPLAIN {rest}"), ()).map_err(|error| format!("{error:#}"))?;
                plan.rows.iter().flatten().for_each(|it| println!("{}", plain(it)));
            }
            ".fork" => self.past.push(self.session.fork()),
            ".undo" => self.session = self.past.pop().ok_or("there is nothing to go back to")?,
            ".read" => {
                let text = std::fs::read_to_string(rest).map_err(|error| format!("{rest}: {error}"))?;
                self.run(&text);
            }
            ".open" => {
                self.open(Path::new(rest)).map_err(|it| it.join("\n"))?;
                self.command(".tables", "")?;
            }
            ".import" => {
                let (file, table) = rest.rsplit_once(char::is_whitespace).ok_or(".import FILE.csv TABLE")?;
                let count = self.import(Path::new(file.trim()), table)?;
                println!("{count} rows");
            }
            ".dialect" => {
                self.dialect = match rest {
                    "sqlite" => SqlDialect::Sqlite,
                    "postgres" => SqlDialect::Postgres,
                    _ => return Err(".dialect sqlite or .dialect postgres".to_owned()),
                };
                self.session = self.session.fork().dialect(self.dialect);
            }
            other => return Err(format!("there is no command {other}; `.help` lists them")),
        }
        Ok(())
    }

    fn import(&mut self, file: &Path, table: &str) -> Result<u64, String> {
        let before = self.session.fork();
        let database = self.session.database().clone();
        let tables = database.schema().tables();
        let found = tables.iter().find(|it| it.name.eq_ignore_ascii_case(table));
        let found = found.ok_or_else(|| format!("there is no table `{table}`"))?;
        let source = Source::at(file, found).map_err(|fault| fault.to_string())?;
        let connection = self.session.connection();
        let done = add_rows(&source, connection)
            .and_then(|count| connection.control(Control::Commit).map(|()| count).map_err(Refusal::Rows));
        match done {
            Ok(count) => {
                self.past.push(before);
                Ok(count)
            }
            Err(error) => {
                connection.control(Control::Rollback).map_err(|error| error.to_string())?;
                Err(error.to_string())
            }
        }
    }
}

/// Whether a text ends with a semicolon that ends a statement: one that stands in no quotes and no comment, and behind the
/// rows of a COPY.
fn is_whole(text: &str) -> bool {
    let last = text.rsplit("\nCOPY ").next().filter(|it| it.len() < text.len() || text.starts_with("COPY "));
    if let Some(copy) = last
        && copy.lines().next().is_some_and(|it| it.to_ascii_lowercase().trim_end().ends_with(" from stdin;"))
    {
        return text.trim_end().ends_with("\n\\.");
    }
    let (mut rest, mut ends) = (text, false);
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '\'' | '"' | '`' => rest[1..].find(first).map(|it| it + 2),
            '-' if rest.starts_with("--") => Some(rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => rest.find("*/").map(|it| it + 2),
            other => Some(other.len_utf8()),
        };
        let Some(end) = end else { return false };
        let is_space = first.is_whitespace() || rest.starts_with("--") || rest.starts_with("/*");
        ends = if is_space { ends } else { first == ';' };
        rest = &rest[end..];
    }
    ends
}

fn plain(it: &diptych::Value) -> String {
    match it {
        diptych::Value::Text(it) => it.to_string(),
        other => other.to_string(),
    }
}
