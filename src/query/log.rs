//! Every statement that passed the door, counted always and written down on request.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use super::Statement;
use crate::value::Value;

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Reads.
    Select,
    /// Adds rows.
    Insert,
    /// Changes rows.
    Update,
    /// Removes rows.
    Delete,
    /// Begins a nested transaction.
    Savepoint,
    /// Ends a nested transaction and keeps what it did.
    Release,
    /// Ends a nested transaction and forgets what it did.
    RollbackTo,
    /// Publishes.
    Commit,
    /// Forgets.
    Rollback,
    /// Says when constraints are judged.
    SetConstraints,
}

impl Kind {
    /// How SQL writes it.
    pub fn sql(self) -> &'static str {
        match self {
            Kind::Select => "SELECT",
            Kind::Insert => "INSERT",
            Kind::Update => "UPDATE",
            Kind::Delete => "DELETE",
            Kind::Savepoint => "SAVEPOINT",
            Kind::Release => "RELEASE",
            Kind::RollbackTo => "ROLLBACK TO",
            Kind::Commit => "COMMIT",
            Kind::Rollback => "ROLLBACK",
            Kind::SetConstraints => "SET CONSTRAINTS",
        }
    }

    fn counts(self) -> bool {
        matches!(self, Kind::Select | Kind::Insert | Kind::Update | Kind::Delete)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sql())
    }
}

/// One statement that ran.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What it did.
    pub kind: Kind,
    /// The tables it read or wrote, in the order of its sources.
    pub tables: Arc<[String]>,
    /// The statement itself; none for COMMIT and the like.
    pub statement: Option<Arc<Statement>>,
    /// Its parameters.
    pub parameters: Vec<Value>,
    /// How many rows it looked at.
    pub rows_read: u64,
    /// How many rows it returned, or changed itself; what foreign key actions changed is apart.
    pub rows: u64,
    /// How many further rows foreign key actions changed.
    pub rows_by_actions: u64,
    /// How long it took.
    pub time: Duration,
    /// Whether it failed.
    pub failed: bool,
    /// The line of the program that it was run for, where that is known: a session knows it while somebody watches.
    pub caller: Option<&'static Location<'static>>,
}

impl Entry {
    /// Whether it is counted among statements: savepoints, commits and rollbacks are not.
    pub fn is_counted(&self) -> bool {
        self.kind.counts()
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}  rows {}", self.kind, self.tables.join(", "), self.rows)?;
        if self.rows_by_actions > 0 {
            write!(f, " (+{} by actions)", self.rows_by_actions)?;
        }
        write!(f, "  read {}  {:?}", self.rows_read, self.time)?;
        if self.failed {
            f.write_str("  failed")?;
        }
        match self.caller {
            Some(caller) => write!(f, "  at {}:{}", caller.file(), caller.line()),
            None => Ok(()),
        }
    }
}

/// How much passed the door.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Statements, without savepoints, commits and rollbacks.
    pub statements: u64,
    /// Rows they looked at.
    pub rows_read: u64,
    /// Rows they returned or changed.
    pub rows: u64,
}

impl std::ops::Sub for Totals {
    type Output = Totals;

    /// What passed between two readings.
    fn sub(self, earlier: Totals) -> Totals {
        Totals {
            statements: self.statements - earlier.statements,
            rows_read: self.rows_read - earlier.rows_read,
            rows: self.rows - earlier.rows,
        }
    }
}

/// Is told of every statement, after it ran.
pub type Observer = Box<dyn FnMut(&Entry) + Send>;

/// Counts statements, and keeps or hands on what they were when asked to: reading the clock twice for each costs more
/// than a lookup by key, so it is done only then.
#[derive(Default)]
pub struct Log {
    totals: Totals,
    recorded: Option<Vec<Entry>>,
    observer: Option<Observer>,
    caller: Option<&'static Location<'static>>,
}

/// Where a [watch](Log::watch) over statements began.
#[derive(Debug)]
pub struct Watch {
    length: usize,
    was_recording: bool,
}

impl Log {
    /// How much has passed so far.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// Starts to keep every statement.
    pub fn record(&mut self) {
        self.recorded.get_or_insert_default();
    }

    /// Takes what was kept, and goes on keeping if it did.
    pub fn take(&mut self) -> Vec<Entry> {
        self.recorded.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Hands every statement on; the echo is such an observer.
    pub fn observe(&mut self, observer: Option<Observer>) {
        self.observer = observer;
    }

    /// Keeps every statement from here to [`watched`](Log::watched), beside what is kept already.
    pub fn watch(&mut self) -> Watch {
        let was_recording = self.recorded.is_some();
        Watch { length: self.recorded.get_or_insert_default().len(), was_recording }
    }

    /// The statements since a watch began, which ends here.
    pub fn watched(&mut self, watch: Watch) -> Vec<Entry> {
        let all = self.recorded.as_deref().unwrap_or_default();
        let since = all[watch.length.min(all.len())..].to_vec();
        if !watch.was_recording {
            self.recorded = None;
        }
        since
    }

    /// Says for which line of the program the next statements are run.
    pub fn set_caller(&mut self, caller: Option<&'static Location<'static>>) {
        self.caller = caller;
    }

    /// Whether somebody wants to know more than counts.
    pub(super) fn is_watched(&self) -> bool {
        self.recorded.is_some() || self.observer.is_some()
    }

    pub(super) fn count(&mut self, kind: Kind, rows_read: u64, rows: u64) {
        self.totals.statements += u64::from(kind.counts());
        self.totals.rows_read += rows_read;
        self.totals.rows += rows;
    }

    pub(super) fn write(&mut self, mut entry: Entry) {
        entry.caller = self.caller;
        if let Some(observer) = &mut self.observer {
            observer(&entry);
        }
        if let Some(recorded) = &mut self.recorded {
            recorded.push(entry);
        }
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").field("totals", &self.totals).field("recorded", &self.recorded).finish_non_exhaustive()
    }
}
