//! A version of one's own.

use std::sync::Arc;

use super::Snapshot;
use super::database::{Reserved, Shared};
use super::journal::{self, Followers, Journal};
use crate::error::Result;
use crate::id::{ColumnId, RowId, TableId};
use crate::integrity::{self, ActionPlan, Ledger, Mark, Preview};
use crate::record::Row;
use crate::schema::{ConstraintMode, Constraints, Schema};
use crate::store::{Change, Image};
use crate::value::ValueRef;

/// A transaction. Dropping it rolls back.
pub struct Transaction {
    pub(super) shared: Arc<Shared>,
    pub(super) id: u64,
    pub(super) base: Snapshot,
    pub(super) image: Image,
    pub(super) ledger: Ledger,
    pub(super) journal: Journal,
    /// How often its image has been edited in turn with another one; 0 if it was made from its base.
    pub(super) turns: usize,
    pub(super) author: Option<Arc<str>>,
    /// Whether it notes why rows change though nobody listens to the feed.
    pub(super) notes_reasons: bool,
}

/// A point to which a transaction can go back. It is a value: keep as many as needed, in any nesting.
#[derive(Clone)]
pub struct Savepoint {
    image: Image,
    turns: usize,
    deferred: Mark,
    journal: journal::Mark,
}

impl Transaction {
    pub(super) fn new(shared: Arc<Shared>, id: u64, base: Snapshot, author: Option<Arc<str>>) -> Self {
        let image = base.image.clone();
        let (ledger, journal) = (Ledger::default(), Journal::default());
        Transaction { shared, id, base, image, ledger, journal, turns: 0, author, notes_reasons: false }
    }

    /// The tables.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.shared.schema
    }

    /// The rows as this transaction sees them.
    #[inline]
    pub fn image(&self) -> &Image {
        &self.image
    }

    /// The version it began with.
    pub fn base(&self) -> &Snapshot {
        &self.base
    }

    /// Inserts rows. Keys that are to be given are filled in, and the rows come back as the table holds them.
    ///
    /// # Errors
    /// When a constraint refuses a row; nothing has changed then, the given rows included.
    pub fn insert(&mut self, table: TableId, rows: &mut [Row]) -> Result<Vec<Change>> {
        let schema = self.shared.schema.clone();
        self.own();
        let floor = schema.table(table).auto.map_or(0, |key| self.floor(table, key, rows));
        let changes = integrity::insert(&schema, &mut self.image, table, rows, floor, &mut self.ledger)?;
        let nobody_follows = Followers::default();
        self.journal.note(&changes, self.is_noting().then_some(&nobody_follows));
        Ok(changes)
    }

    /// Says who the transaction is for. The change feed carries it.
    pub fn set_author(&mut self, author: impl Into<Arc<str>>) {
        self.author = Some(author.into());
    }

    /// Before the first change: an image that can be edited in place, if there is one.
    fn own(&mut self) {
        if self.turns == 0 && self.image.same(&self.base.image) {
            (self.image, self.turns) = self.shared.editable(self.base.version, &self.base.image);
        }
    }

    /// The key above which keys are given to rows.
    fn floor(&self, table: TableId, key: ColumnId, rows: &[Row]) -> i64 {
        let given = rows.iter().filter(|row| row.get(key).is_null()).count();
        if given > 0 { self.reserve(table, key, rows, given) } else { 0 }
    }

    /// Reserves keys for the rows that have none, and returns the greatest one that is in use: they are above it.
    pub(crate) fn reserve_keys(&self, table: TableId, key: ColumnId, rows: &[Row]) -> i64 {
        let given = rows.iter().filter(|row| row.get(key).is_null()).count();
        let floor = if given > 0 { self.reserve(table, key, rows, given) } else { 0 };
        floor.max(self.image.table(table).greatest_key().unwrap_or(0)).max(0)
    }

    /// Reserves as many keys as are to be given, and returns the greatest one that others have: those which open
    /// transactions have reserved, and those which have been published since this one began.
    fn reserve(&self, table: TableId, key: ColumnId, rows: &[Row], given: usize) -> i64 {
        let mut reserved = self.shared.reserved.lock();
        let others = reserved.iter().filter(|it| it.table == table && it.transaction != self.id);
        let others = others.map(|it| it.greatest).max().unwrap_or(0);
        // The head is read after the reservations, and a commit lets its reservations go after it has moved the head.
        let head = self.shared.head.read();
        let moved = head.version != self.base.version;
        let published = if moved { head.image.table(table).greatest_key().unwrap_or(0) } else { 0 };
        drop(head);
        let floor = others.max(published);
        let own = self.image.table(table).greatest_key().unwrap_or(0);
        let explicit = rows.iter().filter_map(|row| match row.get(key) {
            ValueRef::Int(it) => Some(it),
            _ => None,
        });
        let greatest = explicit.fold(floor.max(own), i64::max).saturating_add(given as i64);
        match reserved.iter_mut().find(|it| it.table == table && it.transaction == self.id) {
            Some(own) => own.greatest = own.greatest.max(greatest),
            None => reserved.push(Reserved { transaction: self.id, table, greatest }),
        }
        floor
    }

    /// What deleting rows would set in motion.
    ///
    /// # Errors
    /// When RESTRICT forbids it.
    pub fn plan_delete(&self, table: TableId, rows: &[RowId]) -> Result<ActionPlan> {
        integrity::plan_delete(&self.shared.schema, &self.image, table, rows)
    }

    /// What giving rows other versions would set in motion.
    ///
    /// # Errors
    /// When RESTRICT forbids a key change.
    pub fn plan_update(&self, table: TableId, rows: Vec<(RowId, Row)>) -> Result<ActionPlan> {
        integrity::plan_update(&self.shared.schema, &self.image, table, rows)
    }

    /// What deleting rows would set in motion, and everything that would refuse it.
    ///
    /// # Errors
    /// When a value cannot be computed.
    pub fn preview_delete(&self, table: TableId, rows: &[RowId]) -> Result<Preview> {
        integrity::preview_delete(&self.shared.schema, &self.image, &self.ledger, table, rows)
    }

    /// What giving rows other versions would set in motion, and everything that would refuse it.
    ///
    /// # Errors
    /// When a value cannot be computed.
    pub fn preview_update(&self, table: TableId, rows: Vec<(RowId, Row)>) -> Result<Preview> {
        integrity::preview_update(&self.shared.schema, &self.image, &self.ledger, table, rows)
    }

    /// Carries a plan out.
    ///
    /// # Errors
    /// When a constraint refuses its outcome; nothing has changed then.
    pub fn apply(&mut self, plan: ActionPlan) -> Result<Vec<Change>> {
        let schema = self.shared.schema.clone();
        self.own();
        let followers = self.is_noting().then(|| journal::followers(&plan));
        let changes = integrity::apply(&schema, &mut self.image, plan, &mut self.ledger)?;
        self.journal.note(&changes, followers.as_ref());
        Ok(changes)
    }

    /// Carries a plan out and inserts rows after it, as one statement. Returns the rows as the table holds them.
    ///
    /// # Errors
    /// When a constraint refuses the outcome; nothing has changed then.
    pub fn apply_and_insert(
        &mut self,
        plan: ActionPlan,
        table: TableId,
        rows: Vec<Row>,
    ) -> Result<(Vec<Change>, Vec<Row>)> {
        let schema = self.shared.schema.clone();
        self.own();
        let floor = schema.table(table).auto.map_or(0, |key| self.floor(table, key, &rows));
        let followers = self.is_noting().then(|| journal::followers(&plan));
        let (image, ledger) = (&mut self.image, &mut self.ledger);
        let (changes, rows) = integrity::apply_and_insert(&schema, image, plan, (table, rows), floor, ledger)?;
        self.journal.note(&changes, followers.as_ref());
        Ok((changes, rows))
    }

    /// Says when deferrable constraints are judged from here on, until the transaction ends (`SET CONSTRAINTS`). Those
    /// that become immediate are judged at once.
    ///
    /// # Errors
    /// When a name is unknown or its constraint is not deferrable; [`ErrorKind::Open`](crate::error::ErrorKind::Open)
    /// when something violates a constraint that should become immediate. Nothing has changed then.
    pub fn set_constraints(&mut self, which: &Constraints, mode: ConstraintMode) -> Result<()> {
        integrity::set_constraints(&self.shared.schema, &self.image, &mut self.ledger, which, mode)
    }

    /// A point to go back to, in constant time.
    pub fn savepoint(&self) -> Savepoint {
        let (deferred, journal) = (self.ledger.mark(), self.journal.mark());
        Savepoint { image: self.image.clone(), turns: self.turns, deferred, journal }
    }

    /// Goes back to a point of this transaction.
    pub fn rollback_to(&mut self, savepoint: Savepoint) {
        (self.image, self.turns) = (savepoint.image, savepoint.turns);
        self.journal.back_to(savepoint.journal);
        self.ledger.back_to(savepoint.deferred);
    }

    /// Ends the transaction and forgets what it did.
    pub fn rollback(self) {}
}

impl Drop for Transaction {
    fn drop(&mut self) {
        self.shared.reserved.lock().retain(|it| it.transaction != self.id);
        self.give_back();
    }
}
