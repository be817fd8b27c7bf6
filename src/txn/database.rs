//! The current version, and the earlier ones that are kept.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::branch::{Branches, Origin};
use super::feed::Feeds;
use super::history::{History, Retention, Version};
use super::index_reads::IndexReads;
use super::sequences::Sequences;
use super::spare::Spare;
use super::sync::{Mutex, RwLock};
use super::{Snapshot, Transaction};
use crate::error::{Misuse, Result};
use crate::expr::Clock;
use crate::id::TableId;
use crate::schema::Schema;
use crate::store::Image;

/// A database in memory. A clone is another handle to the same database; [`fork`](Database::fork) makes a new one.
///
/// ```
/// use diptych::{Column, Database, Schema, Table};
///
/// let schema = Schema::builder().table(Table::new("notes").auto_key("id").column(Column::text("body"))).build()?;
/// let database = Database::new(schema);
/// let copy = database.fork();
/// assert_eq!(copy.snapshot().len("notes")?, 0);
/// # Ok::<(), diptych::Error>(())
/// ```
#[derive(Clone)]
pub struct Database {
    pub(super) shared: Arc<Shared>,
    pub(super) author: Option<Arc<str>>,
}

pub(super) struct Shared {
    pub(super) schema: Arc<Schema>,
    pub(super) head: RwLock<Head>,
    /// Held by the one that commits, so that carrying changes over never keeps a reader from the head.
    pub(super) committing: Mutex<()>,
    pub(super) reserved: Mutex<Vec<Reserved>>,
    pub(super) transactions: AtomicU64,
    pub(super) sequences: Sequences,
    pub(super) index_reads: Arc<IndexReads>,
    pub(super) history: Mutex<History>,
    pub(super) spare: Mutex<Option<Spare>>,
    pub(super) feeds: Feeds,
    pub(super) clock: RwLock<Clock>,
    /// What it was forked from, and the version that both had then or have merged since.
    pub(super) origin: Mutex<Option<Origin>>,
    pub(super) branches: Mutex<Branches>,
}

impl Shared {
    pub(super) fn keeps_history(&self) -> bool {
        self.history.lock().is_kept()
    }
}

/// The current version.
pub(super) struct Head {
    pub(super) version: Version,
    pub(super) image: Image,
}

/// The greatest key that an open transaction may have given to rows of a table, so that no other one gives it too.
pub(super) struct Reserved {
    pub(super) transaction: u64,
    pub(super) table: TableId,
    pub(super) greatest: i64,
}

impl Database {
    /// An empty database.
    pub fn new(schema: impl Into<Arc<Schema>>) -> Self {
        let schema = schema.into();
        let image = Image::empty(&schema);
        let (sequences, index_reads) = (Sequences::new(&schema), IndexReads::new(&schema));
        Database::holding(schema, image, sequences, Arc::new(index_reads))
    }

    pub(super) fn holding(
        schema: Arc<Schema>,
        image: Image,
        sequences: Sequences,
        index_reads: Arc<IndexReads>,
    ) -> Self {
        let head = RwLock::new(Head { version: Version(0), image });
        let shared = Shared {
            schema,
            head,
            committing: Mutex::new(()),
            reserved: Mutex::new(Vec::new()),
            transactions: AtomicU64::new(0),
            sequences,
            index_reads,
            history: Mutex::new(History::default()),
            spare: Mutex::new(None),
            feeds: Feeds::default(),
            clock: RwLock::new(Clock::default()),
            origin: Mutex::new(None),
            branches: Mutex::new(Branches::default()),
        };
        Database { shared: Arc::new(shared), author: None }
    }

    /// The database with the ways of this one: how much history it keeps, and its clock.
    pub(super) fn like(self, other: &Database) -> Self {
        self.retain(other.shared.history.lock().retention());
        *self.shared.clock.write() = other.shared.clock.read().clone();
        self
    }

    /// Its tables.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.shared.schema
    }

    /// The current version, which stays as it is whatever others commit.
    pub fn snapshot(&self) -> Snapshot {
        self.shared.current()
    }

    /// An earlier version, if it is kept, or the current one.
    ///
    /// # Errors
    /// [`Misuse::NotRetained`] when it is not kept; see [`retain`](Database::retain).
    pub fn at(&self, version: Version) -> Result<Snapshot> {
        let now = self.shared.clock.read().now();
        // A commit moves the head and adds to the history under one lock, so a version is in one of them.
        let head = self.shared.head.read();
        if head.version == version {
            return Ok(Snapshot { schema: self.shared.schema.clone(), version, image: head.image.clone() });
        }
        let mut history = self.shared.history.lock();
        let forgotten = history.forget(now);
        let found = history.at(version).cloned().ok_or_else(|| {
            let (earliest, current) = (history.earliest().unwrap_or(head.version).0, head.version.0);
            Misuse::NotRetained { version: version.0, earliest, current }.into()
        });
        drop((history, head));
        drop(forgotten);
        found
    }

    /// The earliest version that is kept; it and all that came after it can be [asked for](Database::at).
    pub fn earliest(&self) -> Version {
        let now = self.shared.clock.read().now();
        let head = self.shared.head.read();
        let mut history = self.shared.history.lock();
        let forgotten = history.forget(now);
        let earliest = history.earliest().unwrap_or(head.version);
        drop((history, head));
        drop(forgotten);
        earliest
    }

    /// Says which earlier versions are kept from here on. Without it none are ([`Retention::Current`]).
    pub fn retain(&self, retention: Retention) {
        let now = self.shared.clock.read().now();
        let forgotten = self.shared.history.lock().retain(retention, now);
        drop(forgotten);
        if retention != Retention::Current {
            let unkept = self.shared.spare.lock().take();
            drop(unkept);
        }
    }

    /// Another handle to the same database, whose transactions say that they are for this author.
    pub fn by(&self, author: impl Into<Arc<str>>) -> Database {
        Database { shared: self.shared.clone(), author: Some(author.into()) }
    }

    /// Begins a transaction on the current version.
    pub fn begin(&self) -> Transaction {
        let id = self.shared.transactions.fetch_add(1, Ordering::Relaxed);
        let snapshot = self.snapshot();
        Transaction::new(self.shared.clone(), id, snapshot, self.author.clone())
    }

    /// Checks the structure of the current version.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn audit(&self) -> Result<(), String> {
        self.snapshot().image.audit(&self.shared.schema)
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let snapshot = self.snapshot();
        let mut map = f.debug_map();
        for table in self.schema().tables() {
            map.entry(&table.name, &snapshot.image.table(table.id).len());
        }
        map.finish()
    }
}
