//! The other side of a comparison: a database that is told the same.

use std::fmt;

use super::history::Operation;
use super::ours::Dump;

/// A database that histories run on.
pub(crate) trait Side {
    /// Carries an operation out; `depth` is the number of savepoints that are open before it.
    fn carry_out(&mut self, operation: &Operation, depth: usize) -> Result<(), Refusal>;

    /// The rows of every table, in order of their values.
    fn dump(&mut self) -> Dump;

    /// Whether a commit that is refused ends the transaction and forgets what it did.
    fn forgets_refused_commits(&self) -> bool;
}

/// Why the other side refused a statement.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) kind: RefusalKind,
    pub(crate) text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefusalKind {
    Unique,
    /// RESTRICT, where it has a code of its own.
    Restrict,
    ForeignKey,
    /// NOT NULL and CHECK.
    OfOneRow,
    Other,
}

impl Refusal {
    pub(crate) fn is(&self, kind: RefusalKind) -> bool {
        self.kind == kind
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:?})", self.text, self.kind)
    }
}
