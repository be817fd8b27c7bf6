//! Versions, and which of the earlier ones are kept.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use super::Snapshot;
use crate::id::ColumnId;
use crate::record::{Row, Tuple, seen_as};
use crate::store::Difference;
use crate::value::ValueRef;

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
///
/// ```
/// use std::time::Duration;
/// use diptych::txn::Retention;
///
/// let hour = Retention::age(Duration::from_secs(3_600));
/// let bounded = hour.and(Retention::bytes(64 << 20)).and(Retention::Last(10_000));
/// # let _ = bounded;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Retention {
    /// None: the current version alone. The default, since history costs memory and copying.
    #[default]
    Current,
    /// This many before the current one.
    Last(usize),
    /// As many as differ in no more rows than this from version to version, added up.
    Rows(usize),
    /// As many as fulfil each of several bounds.
    Within(Bounds),
    /// All of them. Memory grows with every commit.
    All,
}

/// Bounds of what is kept; what is not said is not bounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// How many versions.
    pub versions: Option<usize>,
    /// How many rows that differ; see [`Retention::Rows`].
    pub rows: Option<usize>,
    /// How many bytes; see [`Retention::bytes`].
    pub bytes: Option<usize>,
    /// How long; see [`Retention::age`].
    pub age: Option<Duration>,
}

impl Retention {
    /// Versions that were current no longer ago than this, by the [clock](super::Database::set_clock) of the database.
    /// There is no thread behind it: what is too old goes with the next commit, and when somebody asks for a version.
    pub const fn age(age: Duration) -> Self {
        Retention::Within(Bounds { versions: None, rows: None, bytes: None, age: Some(age) })
    }

    /// As many as hold no more bytes than this that later ones do not hold. What is counted is rows that commits changed
    /// or removed, as they were: the struct or tuple, and the texts and bytes in it. It is an estimate, and a low one: room
    /// that a text has and does not use, and the nodes of trees on the paths to these rows, are not in it.
    pub const fn bytes(bytes: usize) -> Self {
        Retention::Within(Bounds { versions: None, rows: None, bytes: Some(bytes), age: None })
    }

    /// What both keep.
    #[must_use]
    pub fn and(self, other: Retention) -> Self {
        let (Some(a), Some(b)) = (self.bounds(), other.bounds()) else { return Retention::Current };
        let (versions, rows) = (tighter(a.versions, b.versions), tighter(a.rows, b.rows));
        Retention::Within(Bounds { versions, rows, bytes: tighter(a.bytes, b.bytes), age: tighter(a.age, b.age) })
    }

    /// What is bounded; nothing if nothing is kept.
    fn bounds(self) -> Option<Bounds> {
        match self {
            Retention::Current => None,
            Retention::Last(count) => Some(Bounds { versions: Some(count), ..Bounds::default() }),
            Retention::Rows(rows) => Some(Bounds { rows: Some(rows), ..Bounds::default() }),
            Retention::Within(bounds) => Some(bounds),
            Retention::All => Some(Bounds::default()),
        }
    }
}

fn tighter<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// What a commit changed, as far as it matters to those who keep the version before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Changed {
    pub(super) rows: usize,
    pub(super) bytes: usize,
}

impl Changed {
    /// What lies between a version and the next.
    pub(super) fn of(differences: &[Difference]) -> Self {
        let bytes = differences.iter().filter_map(|it| it.before.as_ref()).map(bytes_of).sum();
        Changed { rows: differences.len(), bytes }
    }
}

/// About how many bytes a row takes: the counts of its holders, itself, and what it points to.
fn bytes_of(row: &Row) -> usize {
    const COUNTS: usize = 2 * size_of::<usize>();
    let cells = match seen_as::<Tuple>(&**row) {
        Some(tuple) => size_of_val(tuple.values()),
        None => 0,
    };
    let texts = (0..row.width()).map(|at| match row.get(ColumnId(at as u16)) {
        ValueRef::Text(it) => it.len(),
        ValueRef::Bytes(it) => it.len(),
        _ => 0,
    });
    COUNTS + size_of_val(&**row) + cells + texts.sum::<usize>()
}

/// The versions that are kept, the earliest first; the current one is not among them.
#[derive(Default)]
pub(super) struct History {
    retention: Retention,
    kept: VecDeque<Kept>,
    /// What the commits after all kept versions changed.
    changed: Changed,
}

/// An earlier version.
pub(super) struct Kept {
    snapshot: Snapshot,
    /// What the commit changed that came after it.
    changed: Changed,
    /// When that was.
    replaced: SystemTime,
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
    pub(super) fn retain(&mut self, retention: Retention, now: SystemTime) -> Vec<Kept> {
        self.retention = retention;
        self.forget(now)
    }

    /// Keeps the version that a commit has replaced, and returns what is no longer kept.
    pub(super) fn push(&mut self, snapshot: Snapshot, changed: Changed, now: SystemTime) -> Vec<Kept> {
        self.changed.rows += changed.rows;
        self.changed.bytes += changed.bytes;
        self.kept.push_back(Kept { snapshot, changed, replaced: now });
        self.forget(now)
    }

    pub(super) fn at(&self, version: Version) -> Option<&Snapshot> {
        let position = self.kept.binary_search_by_key(&version, |it| it.snapshot.version).ok()?;
        Some(&self.kept[position].snapshot)
    }

    pub(super) fn earliest(&self) -> Option<Version> {
        self.kept.front().map(|it| it.snapshot.version)
    }

    /// Takes out what is not to be kept.
    pub(super) fn forget(&mut self, now: SystemTime) -> Vec<Kept> {
        let mut forgotten = Vec::new();
        while self.kept.front().is_some_and(|it| self.is_too_much(it, now)) {
            let Some(gone) = self.kept.pop_front() else { break };
            self.changed.rows -= gone.changed.rows;
            self.changed.bytes -= gone.changed.bytes;
            forgotten.push(gone);
        }
        forgotten
    }

    /// Whether the earliest version is one too many.
    fn is_too_much(&self, earliest: &Kept, now: SystemTime) -> bool {
        let Some(Bounds { versions, rows, bytes, age }) = self.retention.bounds() else { return true };
        // A clock that was put back makes nothing old.
        let is_old = |age| now.duration_since(earliest.replaced).is_ok_and(|it| it > age);
        versions.is_some_and(|most| self.kept.len() > most)
            || rows.is_some_and(|most| self.changed.rows > most)
            || bytes.is_some_and(|most| self.changed.bytes > most)
            || age.is_some_and(is_old)
    }
}
