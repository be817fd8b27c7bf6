//! The one error type.

use std::fmt;

use super::conflict::OfMerge;
use super::{Conflict, FlushFact, Mistake, Misuse, Violation};
use crate::value::Mismatch;

/// What every fallible call returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure, one word wide. Match on [`Error::kind`] or ask a predicate.
#[derive(Clone, PartialEq)]
pub struct Error(Box<Failure>);

/// What an error says, and where a flush was, if it was one that failed.
#[derive(Clone, PartialEq)]
struct Failure {
    kind: ErrorKind,
    flush: Option<FlushFact>,
}

/// The kinds of failure.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A constraint refuses a row.
    Violation(Violation),
    /// Deferred constraints are violated at commit, or when they become immediate; every open violation.
    Open(Vec<Violation>),
    /// Rows that another schema would not accept.
    Alteration {
        /// The rules that they break, row by row; a bounded number of them.
        violations: Vec<Violation>,
        /// How many there are in all.
        count: usize,
    },
    /// Another transaction was first.
    Conflict(Conflict),
    /// A merge, an undo or a replay meets rows that have changed since; every such fact, and nothing was changed.
    Merge(Vec<Conflict>),
    /// A schema or a model is wrong; every mistake of it.
    Declaration(Vec<Mistake>),
    /// A call that cannot be answered.
    Misuse(Misuse),
}

impl Error {
    /// What failed.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Where a flush was, if the error has come from one that had begun to write: its statement, the object, and the
    /// line of the program that has changed it.
    pub fn in_flush(&self) -> Option<&FlushFact> {
        self.0.flush.as_ref()
    }

    /// The same error, and where a flush was.
    #[cfg(feature = "objects")]
    pub(crate) fn with_flush(mut self, fact: FlushFact) -> Self {
        self.0.flush = Some(fact);
        self
    }

    /// The violated constraint, if one is the reason (the first, where several deferred ones are open).
    pub fn violation(&self) -> Option<&Violation> {
        match self.kind() {
            ErrorKind::Violation(it) => Some(it),
            ErrorKind::Open(all) | ErrorKind::Alteration { violations: all, .. } => all.first(),
            _ => None,
        }
    }

    /// The misuse, if one is the reason.
    pub fn misuse(&self) -> Option<&Misuse> {
        match self.kind() {
            ErrorKind::Misuse(it) => Some(it),
            _ => None,
        }
    }

    /// Whether the same work may succeed when it is done again in a new transaction.
    pub fn is_retryable(&self) -> bool {
        matches!(self.kind(), ErrorKind::Conflict(_))
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Error(Box::new(Failure { kind, flush: None }))
    }
}

impl From<Violation> for Error {
    fn from(it: Violation) -> Self {
        ErrorKind::Violation(it).into()
    }
}

impl From<Conflict> for Error {
    fn from(it: Conflict) -> Self {
        ErrorKind::Conflict(it).into()
    }
}

impl From<Misuse> for Error {
    fn from(it: Misuse) -> Self {
        ErrorKind::Misuse(it).into()
    }
}

impl From<Vec<Mistake>> for Error {
    fn from(all: Vec<Mistake>) -> Self {
        ErrorKind::Declaration(all).into()
    }
}

impl From<Mismatch> for Error {
    fn from(it: Mismatch) -> Self {
        Misuse::Mismatch(it).into()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind() {
            ErrorKind::Violation(it) => it.fmt(f),
            ErrorKind::Conflict(it) => it.fmt(f),
            ErrorKind::Misuse(it) => it.fmt(f),
            ErrorKind::Open(all) => list(f, "deferred constraint still violated", all),
            ErrorKind::Alteration { violations, count } => {
                list(f, "rows do not fit the new schema", violations)?;
                let unlisted = count - violations.len();
                if unlisted > 0 { write!(f, "\n  and {unlisted} more") } else { Ok(()) }
            }
            ErrorKind::Merge(all) => list(f, "conflict", &all.iter().map(OfMerge).collect::<Vec<_>>()),
            ErrorKind::Declaration(all) => list(f, "mistake in the declaration", all),
        }?;
        match self.in_flush() {
            Some(fact) if f.alternate() => fact.fmt(f),
            _ => Ok(()),
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, what: &str, all: &[impl fmt::Display]) -> fmt::Result {
    match all {
        [one] => write!(f, "{what}: {one}"),
        _ => {
            write!(f, "{} of these, {what}:", all.len())?;
            all.iter().try_for_each(|it| write!(f, "\n  {it}"))
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `main` and `unwrap` print the debug form, and a reader deserves the story there too.
        write!(f, "{self:#}")
    }
}

impl std::error::Error for Error {}
