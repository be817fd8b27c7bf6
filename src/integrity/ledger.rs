//! References that were dangling when their statement ended and are judged at commit (I4).

use crate::id::{ReferenceId, RowId};

/// A deferred reference that dangled when its statement ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Open {
    /// The foreign key.
    pub reference: ReferenceId,
    /// The row that refers.
    pub row: RowId,
}

/// What a transaction has deferred. Entries are only added: commit looks at each again, so one that has been mended
/// since needs no removal, and going back to a savepoint is a cut at a length.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    open: Vec<Open>,
}

impl Ledger {
    /// Notes a reference.
    pub fn note(&mut self, open: Open) {
        self.open.push(open);
    }

    /// Everything noted, in order.
    pub fn entries(&self) -> &[Open] {
        &self.open
    }

    /// How far the ledger has come; for [`cut`](Ledger::cut).
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether nothing was noted.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Goes back to an earlier length.
    pub fn cut(&mut self, length: usize) {
        self.open.truncate(length);
    }
}
