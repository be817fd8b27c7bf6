//! Statements one after the other, transactions around them.

use std::sync::Arc;

use super::open::{Before, SqlSession};
use super::outcome::{Place, SqlOutcome, flat, places};
use super::parameters::SqlParameters;
use crate::error::{Misuse, Result};
use crate::query::{Connection, Control, Input, Output, Prepared, Source, Statement};
use crate::schema::Schema;
use crate::sql::read::{Command, Definition, Heading, Purpose, parse};
use crate::value::Value;

/// How many texts are kept ready.
const KEPT: usize = 256;

/// A statement that has been read and planned.
#[derive(Clone, Debug)]
pub(super) struct Ready {
    prepared: Prepared,
    columns: Arc<[String]>,
    places: Arc<[Place]>,
    parameters: Arc<[String]>,
    reads: bool,
}

impl SqlSession {
    /// Runs a text of one or several statements, and returns what the last one brought.
    ///
    /// # Errors
    /// With line and column, when the text cannot be read; when a constraint refuses a statement. Those before it have
    /// been run.
    pub fn run(&mut self, text: &str, parameters: impl Into<SqlParameters>) -> Result<SqlOutcome> {
        Ok(self.run_all(text, parameters)?.pop().unwrap_or_default())
    }

    /// Runs a text of several statements, and returns what each of them brought. Parameters are for each.
    ///
    /// # Errors
    /// As [`run`](SqlSession::run).
    pub fn run_all(&mut self, text: &str, parameters: impl Into<SqlParameters>) -> Result<Vec<SqlOutcome>> {
        let parameters = parameters.into();
        if let Some(ready) = self.ready.get(text).cloned() {
            return ready.iter().map(|it| self.run_ready(it, &parameters)).collect();
        }
        let (mut outcomes, mut kept) = (Vec::new(), Vec::new());
        for parsed in parse(text, self.dialect)? {
            let command = Command::read(&parsed, &self.catalog, self.dialect, Purpose::Run)?;
            let Command::Run { statement, heading, parameters: names } = command else {
                outcomes.push(self.command(command, &parameters)?);
                continue;
            };
            let ready = self.finish(self.dialect.is_sqlite(), |it| it.ready(*statement, &heading, &names))?;
            outcomes.push(self.run_ready(&ready, &parameters)?);
            kept.push(ready);
        }
        if kept.len() == outcomes.len() {
            if self.ready.len() >= KEPT {
                self.ready.clear();
            }
            self.ready.insert(text.to_owned(), kept.into());
        }
        Ok(outcomes)
    }

    fn ready(&mut self, statement: Statement, heading: &[Heading], parameters: &[String]) -> Result<Ready> {
        let reads = matches!(statement, Statement::Select(_));
        let places = places_of(&statement, self.database().schema());
        let prepared = self.connection.prepare(statement)?;
        let columns = heading.iter().map(|it| it.name.clone()).collect();
        Ok(Ready { prepared, columns, places: places.into(), parameters: parameters.into(), reads })
    }

    fn run_ready(&mut self, ready: &Ready, parameters: &SqlParameters) -> Result<SqlOutcome> {
        let values = parameters.resolved(&ready.parameters)?;
        let outcome = self.finish(ready.reads, |it| it.connection.run(&ready.prepared, Input::Values(&values)))?;
        let numbers = self.dialect.is_sqlite();
        let rows = flat(outcome.rows, &ready.places, numbers);
        Ok(SqlOutcome { columns: ready.columns.clone(), rows, count: outcome.count, by_actions: outcome.by_actions })
    }

    /// Does something in the open transaction, or in one of its own.
    pub(super) fn finish<T>(&mut self, reads: bool, then: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let done = then(self);
        if self.explicit {
            return done;
        }
        let end = if reads || done.is_err() { Control::Rollback } else { Control::Commit };
        let ended = self.connection.control(end);
        if let (Ok(_), Err(error)) = (&done, ended) {
            // What cannot be committed is given up as a whole.
            self.connection.control(Control::Rollback)?;
            return Err(error);
        }
        done
    }

    fn command(&mut self, command: Command, parameters: &SqlParameters) -> Result<SqlOutcome> {
        match command {
            Command::Run { .. } | Command::Nothing => {}
            Command::Explain(statement) => {
                let schema = self.database().schema().clone();
                let prepared = self.finish(true, |it| it.connection.prepare(*statement))?;
                let text = prepared.explain(&schema).to_string();
                return Ok(SqlOutcome::text("plan", text.lines().map(str::to_owned)));
            }
            Command::Define(all) => {
                for it in all {
                    self.define(it)?;
                }
            }
            Command::Make { definition, statement, parameters: names } => {
                return self.make(*definition, *statement, &parameters.resolved(&names)?);
            }
            Command::Truncate { tables, cascade } => self.truncate(tables, cascade)?,
            Command::Begin if self.explicit => {
                return Err(Misuse::Statement { reason: "a transaction is open already".to_owned() }.into());
            }
            Command::Begin => self.explicit = true,
            Command::Commit => self.commit()?,
            Command::Rollback => self.rollback()?,
            Command::Savepoint(name) => {
                // A savepoint outside a transaction begins one, which ends with it.
                if !self.explicit {
                    (self.explicit, self.by_savepoint) = (true, true);
                }
                self.connection.control(Control::Savepoint)?;
                self.savepoints.push(name);
            }
            Command::Release(name) => {
                self.end_savepoint(&name, Control::Release)?;
                if self.by_savepoint && self.savepoints.is_empty() {
                    self.commit()?;
                }
            }
            Command::RollbackTo(name) => {
                self.end_savepoint(&name, Control::RollbackTo)?;
                self.connection.control(Control::Savepoint)?;
                self.savepoints.push(name);
            }
            Command::SetConstraints(which, mode) => {
                self.finish(true, |it| it.connection.control(Control::SetConstraints(which, mode)))?;
            }
            Command::Reindex(name) => self.reindex(name)?,
            Command::Pragma { name, value } => return self.pragma(&name, value.as_deref()),
        }
        Ok(SqlOutcome::default())
    }

    /// Makes a table and fills it, or does nothing where it is there and may be.
    fn make(&mut self, definition: Definition, statement: Statement, values: &[Value]) -> Result<SqlOutcome> {
        let Definition::CreateTable(text) = &definition else { return Ok(SqlOutcome::default()) };
        let (name, known) = (text.table.name().to_owned(), self.database().schema().tables().len());
        self.define(definition)?;
        if self.database().schema().tables().len() == known {
            return Ok(SqlOutcome::default());
        }
        let filled = self.finish(false, |it| {
            let prepared = it.connection.prepare(statement)?;
            it.connection.run(&prepared, Input::Values(values))
        });
        match filled {
            Ok(outcome) => Ok(SqlOutcome { count: outcome.count, ..SqlOutcome::default() }),
            Err(error) => {
                self.define(Definition::DropTable { name, if_exists: true })?;
                Err(error)
            }
        }
    }

    fn commit(&mut self) -> Result<()> {
        if !self.explicit {
            return Err(Misuse::NoTransaction.into());
        }
        // A transaction that cannot be committed stays open, so that it can be mended.
        if !self.foreign_keys {
            self.judge_foreign_keys(true)?;
        }
        self.connection.control(Control::Commit)?;
        (self.explicit, self.by_savepoint) = (false, false);
        self.before = None;
        self.savepoints.clear();
        Ok(())
    }

    fn rollback(&mut self) -> Result<()> {
        if !self.explicit {
            return Err(Misuse::NoTransaction.into());
        }
        self.connection.control(Control::Rollback)?;
        (self.explicit, self.by_savepoint) = (false, false);
        self.savepoints.clear();
        if let Some(Before { database, catalog, waiting }) = self.before.take() {
            self.replace(database, catalog);
            self.waiting = waiting;
        }
        Ok(())
    }

    /// Ends the savepoints inside the one of this name, and then that one.
    fn end_savepoint(&mut self, name: &str, end: Control) -> Result<()> {
        let Some(at) = self.savepoints.iter().rposition(|it| it.eq_ignore_ascii_case(name)) else {
            let hint = crate::error::closest(name, self.savepoints.iter().map(String::as_str));
            return Err(Misuse::UnknownName { what: "savepoint", name: name.to_owned(), hint }.into());
        };
        while self.savepoints.len() > at {
            self.connection.control(end.clone())?;
            self.savepoints.pop();
        }
        Ok(())
    }
}

/// Where the columns that come out of a statement stand in its result.
fn places_of(statement: &Statement, schema: &Schema) -> Vec<Place> {
    let width = |name: Option<&str>| {
        let table = name.and_then(|it| schema.table_named(it).ok());
        table.map_or(0, |it| it.columns.len())
    };
    let of_table = |outputs: &[Output], table: &str| places(outputs, |_| width(Some(table)));
    match statement {
        Statement::Select(it) => {
            let sources: Vec<&Source> = std::iter::once(&it.from).chain(it.joins.iter().map(|it| &it.source)).collect();
            let of = |source: u8| match sources.get(usize::from(source)) {
                Some(Source::Values(_, names) | Source::Select(_, names)) => names.len(),
                Some(source) => width(source.table().map(|it| &**it)),
                None => 0,
            };
            if it.compounds.is_empty() {
                return places(&it.outputs, of);
            }
            // Rows of several queries come out column by column.
            let columns = it.outputs.iter().map(|it| match it {
                Output::Row(source) => of(*source),
                Output::Value(_) => 1,
            });
            vec![Place::Value; columns.sum()]
        }
        Statement::Insert(it) => of_table(&it.returning, &it.table),
        Statement::Update(it) => of_table(&it.returning, &it.table),
        Statement::Delete(it) => of_table(&it.returning, &it.table),
        _ => Vec::new(),
    }
}
