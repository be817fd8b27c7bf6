//! A session and what it holds.

use std::collections::HashMap;
use std::sync::Arc;

use super::run::Ready;
use crate::error::Result;
use crate::query::{Connection, NativeConnection};
use crate::sql::SqlDialect;
use crate::sql::read::{Catalog, KeyText};
use crate::txn::Database;

/// A conversation in SQL with a database.
///
/// ```
/// use diptych::{Database, Schema, Value};
///
/// let database = Database::new(Schema::builder().build()?);
/// let mut sql = database.sql();
/// sql.run("CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL)", ())?;
/// sql.run("INSERT INTO notes (body) VALUES (?), (?)", ["first", "second"])?;
/// let found = sql.run("SELECT id AS number, upper(body) FROM notes WHERE id > 1", ())?;
/// assert_eq!(found.columns[0], "number");
/// assert_eq!(found.rows, [[Value::from(2), Value::from("SECOND")]]);
/// # Ok::<(), diptych::Error>(())
/// ```
///
/// # Schema and transactions
/// Outside BEGIN and COMMIT each statement is a transaction of its own. A statement that changes the schema makes a new
/// [`Database`], which [`database`](SqlSession::database) returns from then on; handles to the one before keep its
/// schema and see nothing that comes after. Inside BEGIN it commits what was changed before it to the old database;
/// ROLLBACK takes the session back to the rows and the schema at BEGIN all the same.
///
/// # Foreign keys
/// They are judged always. After `PRAGMA foreign_keys = OFF` no table has any, until `PRAGMA foreign_keys = ON` or the next
/// COMMIT puts them in force again, which is refused if a row refers to nothing. So what `sqlite3` dumps is read as it
/// stands, in whichever order the rows come.
///
/// # Tables that tell of tables
/// `sqlite_schema`, or `sqlite_master`, in SQLite's dialect; in PostgreSQL's `information_schema` with `tables`, `columns`,
/// `views`, `table_constraints`, `key_column_usage` and `referential_constraints`. What a view computes is said to be never
/// NULL where that follows from what it says.
///
/// # Views
/// A text names the views that a program has defined ([`Schema::with_views`](crate::Schema::with_views)) like those that
/// CREATE VIEW made. The former stand in the schema, and what would make one unreadable is refused; the latter are known to
/// the session alone.
///
/// # What SQLite does that this does not
/// Columns are strict in their type, and integers that overflow are refused, unless a type such as DECIMAL says nothing
/// about what it holds. Triggers, ATTACH, virtual tables, JSON and collations other than BINARY and NOCASE are not there;
/// NOCASE is said where values are compared or ordered, not of a column. A key that fills itself is the greatest one and
/// one more, AUTOINCREMENT or not. The zone of dates and times is UTC.
pub struct SqlSession {
    pub(super) connection: NativeConnection,
    pub(super) dialect: SqlDialect,
    pub(super) catalog: Catalog,
    /// Foreign keys that wait for the table that they refer to, with the table that has them.
    pub(super) waiting: Vec<(String, KeyText)>,
    pub(super) ready: HashMap<String, Arc<[Ready]>>,
    /// Whether BEGIN was said.
    pub(super) explicit: bool,
    /// What ROLLBACK goes back to, if the schema has changed since BEGIN.
    pub(super) before: Option<Before>,
    /// The names of savepoints, the innermost last.
    pub(super) savepoints: Vec<String>,
    /// Whether the open transaction began with a savepoint, so that it ends with it.
    pub(super) by_savepoint: bool,
    /// Whether foreign keys are judged. Where not, all of them wait.
    pub(super) foreign_keys: bool,
    /// Columns that are to fill themselves as soon as they are keys, by table.
    pub(super) filling: Vec<(String, String)>,
    /// Numbers that a program keeps with its database: its own version, for one.
    pub(super) numbers: HashMap<String, i64>,
}

/// A database and what the session knows of it.
pub(super) struct Before {
    pub(super) database: Database,
    pub(super) catalog: Catalog,
    pub(super) waiting: Vec<(String, KeyText)>,
}

impl Database {
    /// Opens a conversation in SQL, in SQLite's dialect; see [`SqlSession::dialect`].
    pub fn sql(&self) -> SqlSession {
        SqlSession {
            connection: self.connect(),
            dialect: SqlDialect::default(),
            catalog: Catalog::new(self.schema().clone(), HashMap::new()),
            waiting: Vec::new(),
            ready: HashMap::new(),
            explicit: false,
            before: None,
            savepoints: Vec::new(),
            by_savepoint: false,
            foreign_keys: true,
            filling: Vec::new(),
            numbers: HashMap::new(),
        }
    }
}

impl SqlSession {
    /// Says whose meaning the text has.
    pub fn dialect(mut self, dialect: SqlDialect) -> Self {
        self.dialect = dialect;
        self.ready.clear();
        self
    }

    /// The database as it is now.
    pub fn database(&self) -> &Database {
        self.connection.database()
    }

    /// The connection behind it, with its log.
    pub fn connection(&mut self) -> &mut impl Connection {
        &mut self.connection
    }

    /// An independent session on a fork of the database, in constant time. What an open transaction has changed is not
    /// in it.
    pub fn fork(&self) -> SqlSession {
        let mut fork = self.database().fork().sql().dialect(self.dialect);
        fork.catalog = self.catalog.clone();
        fork.waiting = self.waiting.clone();
        fork.foreign_keys = self.foreign_keys;
        fork.numbers = self.numbers.clone();
        fork.filling = self.filling.clone();
        fork
    }

    /// The names of tables and views, for a completion.
    pub fn names(&self) -> Vec<String> {
        let tables = self.database().schema().tables().iter().map(|it| it.name.clone());
        let kept = self.database().schema().views().all().iter().map(|it| it.name.to_string()).collect::<Vec<_>>();
        tables.chain(kept).chain(self.catalog.views().values().map(|it| it.name.clone())).collect()
    }

    /// Puts another database in place.
    pub(super) fn replace(&mut self, database: Database, catalog: Catalog) {
        self.connection = database.connect();
        self.catalog = catalog;
        self.ready.clear();
        self.savepoints.clear();
    }

    /// The same tables with other views.
    pub(super) fn with_views<T>(
        &mut self,
        change: impl FnOnce(&mut HashMap<String, crate::sql::read::View>) -> Result<T>,
    ) -> Result<T> {
        let mut views = self.catalog.views().clone();
        let done = change(&mut views)?;
        self.catalog = Catalog::new(self.database().schema().clone(), views);
        self.ready.clear();
        Ok(done)
    }
}
