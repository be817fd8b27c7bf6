//! A lost race.

use std::fmt;

use super::RowFact;
use crate::value::Value;

/// Why a transaction may not commit: another one was first. Try again from the start.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Conflict {
    /// Another transaction changed or removed the same row since this one began.
    Row {
        /// The row both wrote.
        row: RowFact,
        /// What it was to become: its cells in order, or nothing if it was to go.
        mine: Option<Vec<Value>>,
        /// What it has become: its cells in order, or nothing if it is gone.
        theirs: Option<Vec<Value>>,
    },
    /// Another transaction took the same unique key since this one began.
    Key {
        /// The unique key's name.
        constraint: String,
        /// The row of this transaction.
        row: RowFact,
        /// The row that has the key now.
        holder: RowFact,
    },
    /// Another transaction removed a row this one refers to, or added a reference to a row this one removed.
    Reference {
        /// The foreign key's name.
        constraint: String,
        /// The row that refers.
        row: RowFact,
    },
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Conflict::Row { row, .. } => write!(f, "another transaction changed {row} first")?,
            Conflict::Key { constraint, row, holder } => {
                write!(f, "another transaction gave the key of {row} in {constraint} to {holder} first")?;
            }
            Conflict::Reference { constraint, row } => {
                write!(f, "another transaction removed what {row} refers to through {constraint}")?;
            }
        }
        f.write_str("; try again in a new transaction")
    }
}

/// The same fact as two sides of a merge see it.
pub(super) struct OfMerge<'a>(pub(super) &'a Conflict);

impl fmt::Display for OfMerge<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Conflict::Row { row, mine, theirs } => {
                let what = |it: &Option<Vec<Value>>| if it.is_some() { "changed" } else { "removed" };
                write!(f, "{row} was {} on one side and {} on the other", what(mine), what(theirs))
            }
            Conflict::Key { constraint, row, holder } => {
                write!(f, "{row} and {holder} have the same key in {constraint}")
            }
            Conflict::Reference { constraint, row } => write!(f, "{row} refers through {constraint} to what is gone"),
        }
    }
}
