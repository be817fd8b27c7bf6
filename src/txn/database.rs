//! The current version, and forks of it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};

use super::Transaction;
use super::sequences::Sequences;
use crate::error::Result;
use crate::id::TableId;
use crate::schema::Schema;
use crate::store::Image;

/// The number of a version of one database; each commit that changes something makes the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub(super) u64);

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
}

pub(super) struct Shared {
    pub(super) schema: Arc<Schema>,
    pub(super) head: RwLock<Head>,
    /// Held by the one that commits, so that carrying changes over never keeps a reader from the head.
    pub(super) committing: Mutex<()>,
    pub(super) reserved: Mutex<Vec<Reserved>>,
    pub(super) transactions: AtomicU64,
    pub(super) sequences: Sequences,
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
        let sequences = Sequences::new(&schema);
        Database::holding(schema, image, sequences)
    }

    pub(super) fn holding(schema: Arc<Schema>, image: Image, sequences: Sequences) -> Self {
        let head = RwLock::new(Head { version: Version(0), image });
        let (committing, reserved) = (Mutex::new(()), Mutex::new(Vec::new()));
        let transactions = AtomicU64::new(0);
        Database { shared: Arc::new(Shared { schema, head, committing, reserved, transactions, sequences }) }
    }

    /// Its tables.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.shared.schema
    }

    /// An independent database with the same rows, in constant time. Neither side sees what the other does (D3).
    pub fn fork(&self) -> Database {
        let image = self.shared.head.read().image.clone();
        Database::holding(self.shared.schema.clone(), image, self.shared.sequences.fork())
    }

    /// The current version, which stays as it is whatever others commit.
    pub fn snapshot(&self) -> Snapshot {
        let head = self.shared.head.read();
        Snapshot { schema: self.shared.schema.clone(), version: head.version, image: head.image.clone() }
    }

    /// Begins a transaction on the current version.
    pub fn begin(&self) -> Transaction {
        let id = self.shared.transactions.fetch_add(1, Ordering::Relaxed);
        let snapshot = self.snapshot();
        Transaction::new(self.shared.clone(), id, snapshot)
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

/// One version of a database, for reading.
#[derive(Clone)]
pub struct Snapshot {
    pub(super) schema: Arc<Schema>,
    pub(super) version: Version,
    pub(super) image: Image,
}

impl Snapshot {
    /// Which version it is.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Its tables.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// Its rows.
    pub fn image(&self) -> &Image {
        &self.image
    }

    /// How many rows a table has.
    ///
    /// # Errors
    /// When there is no such table.
    pub fn len(&self, table: &str) -> Result<usize> {
        Ok(self.image.table(self.schema.table_named(table)?.id).len())
    }
}
