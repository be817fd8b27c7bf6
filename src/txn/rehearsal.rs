//! What a transaction would do, tried where nobody sees it.

use super::changes::{ChangeSet, Origin};
use super::database::Database;
use super::{Transaction, Version};

impl Transaction {
    /// A transaction on a database of its own that holds what this one sees, and what it has deferred, in constant time.
    /// Whatever it does stays there (D3), and it notes why rows change: [`changes`](Transaction::changes) tells.
    pub fn rehearsal(&self) -> (Database, Transaction) {
        let sequences = self.shared.sequences.fork();
        let (schema, index_reads) = (self.shared.schema.clone(), self.shared.index_reads.clone());
        let database = Database::holding(schema, self.image.clone(), sequences, index_reads);
        *database.shared.clock.write() = self.shared.clock.read().clone();
        let database = Database { author: self.author.clone(), ..database };
        let mut transaction = database.begin();
        transaction.ledger = self.ledger.clone();
        transaction.notes_reasons = true;
        (database, transaction)
    }

    /// What it has changed so far, as its commit would be told to the change feed: each row once, before and after, and
    /// why, where that was noted: on a [`rehearsal`](Transaction::rehearsal), or because somebody listens to the feed.
    pub fn changes(&self) -> ChangeSet {
        let (author, reasons) = (self.author.clone(), self.journal.reasons());
        let current: Version = self.base.version;
        ChangeSet::new(&self.shared, current, author, Origin::Transaction, self.differences(), reasons)
    }

    /// Whether it notes why rows change.
    pub(super) fn is_noting(&self) -> bool {
        self.notes_reasons || self.shared.feeds.are_listening()
    }
}
