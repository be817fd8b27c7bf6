//! Versions, and which of the earlier ones are kept.

use std::collections::VecDeque;

use super::Snapshot;

/// The number of a version of one database; each commit that changes something makes the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub(super) u64);

impl Version {
    /// The version with this number. A database begins with 0.
    pub const fn new(number: u64) -> Self {
        Version(number)
    }

    /// Its number.
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// Which earlier versions a database keeps. A version shares what did not change with those beside it, so it costs the
/// rows that a commit replaced and the paths to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Retention {
    /// None: the current version alone. The default, since history costs memory and copying.
    #[default]
    Current,
    /// This many before the current one.
    Last(usize),
    /// As many as differ in no more rows than this from version to version, added up.
    Rows(usize),
    /// All of them. Memory grows with every commit.
    All,
}

/// The versions that are kept, the earliest first; the current one is not among them.
#[derive(Default)]
pub(super) struct History {
    retention: Retention,
    kept: VecDeque<Kept>,
    /// How many rows the commits after all kept versions changed.
    rows: usize,
}

/// An earlier version.
pub(super) struct Kept {
    snapshot: Snapshot,
    /// How many rows the commit changed that came after it.
    rows: usize,
}

impl History {
    pub(super) fn retention(&self) -> Retention {
        self.retention
    }

    /// Whether anything is kept at all.
    pub(super) fn is_kept(&self) -> bool {
        self.retention != Retention::Current
    }

    /// Changes what is kept, and returns what is no longer, to be let go when nobody waits for it.
    pub(super) fn retain(&mut self, retention: Retention) -> Vec<Kept> {
        self.retention = retention;
        self.forget()
    }

    /// Keeps the version that a commit of so many rows has replaced, and returns what is no longer kept.
    pub(super) fn push(&mut self, snapshot: Snapshot, rows: usize) -> Vec<Kept> {
        self.rows += rows;
        self.kept.push_back(Kept { snapshot, rows });
        self.forget()
    }

    pub(super) fn at(&self, version: Version) -> Option<&Snapshot> {
        let position = self.kept.binary_search_by_key(&version, |it| it.snapshot.version).ok()?;
        Some(&self.kept[position].snapshot)
    }

    pub(super) fn earliest(&self) -> Option<Version> {
        self.kept.front().map(|it| it.snapshot.version)
    }

    fn forget(&mut self) -> Vec<Kept> {
        let mut forgotten = Vec::new();
        loop {
            let too_many = match self.retention {
                Retention::Current => true,
                Retention::Last(count) => self.kept.len() > count,
                Retention::Rows(rows) => self.rows > rows,
                Retention::All => false,
            };
            let gone = if too_many { self.kept.pop_front() } else { None };
            let Some(gone) = gone else { return forgotten };
            self.rows -= gone.rows;
            forgotten.push(gone);
        }
    }
}
