//! What is particular about the columns of some objects: not read yet, never given, to be computed by the flush.
//!
//! An object of which nothing is particular has no entry here, and one bit of it says so.

use super::graph::Graph;
use super::reference::ObjectKey;
use crate::expr::Expr;
use crate::id::ColumnId;
use crate::query::Leaf;

/// What is particular about the columns of one object. Its row holds anything in the columns that are named here.
#[derive(Clone, Debug, Default)]
pub(super) struct Extra {
    /// Never given, or taken away: they read as NULL, and an insert gives them their defaults.
    pub(super) unset: Vec<ColumnId>,
    /// Expired: a look at one of them reads all of them again.
    pub(super) expired: Vec<ColumnId>,
    /// Not read with the row: a look reads that one.
    pub(super) deferred: Vec<ColumnId>,
    /// Not read with the row, and a look is an error.
    pub(super) forbidden: Vec<ColumnId>,
    /// Given a value while the one before was not known.
    pub(super) unread: Vec<ColumnId>,
    /// To be computed by the flush.
    pub(super) expressions: Vec<(ColumnId, Expr<Leaf>)>,
    /// An orphan since a time when its parent was in no session: a flush leaves it out.
    pub(super) orphaned: bool,
    /// Its row was begun by a value that was set while nothing was read: reading what it lacks reads all that comes with
    /// the row.
    pub(super) begun: bool,
}

impl Extra {
    fn is_nothing(&self) -> bool {
        self.unset.is_empty()
            && self.expired.is_empty()
            && self.deferred.is_empty()
            && self.forbidden.is_empty()
            && self.unread.is_empty()
            && self.expressions.is_empty()
            && !self.orphaned
            && !self.begun
    }

    /// Whether the row does not hold the column's value.
    pub(super) fn lacks(&self, column: ColumnId) -> bool {
        [&self.unset, &self.expired, &self.deferred, &self.forbidden].iter().any(|it| it.contains(&column))
            || self.expressions.iter().any(|it| it.0 == column)
    }

    /// Forgets everything about a column, because the row holds its value now.
    pub(super) fn has(&mut self, column: ColumnId) {
        for columns in [&mut self.unset, &mut self.expired, &mut self.deferred, &mut self.forbidden] {
            columns.retain(|it| *it != column);
        }
        self.expressions.retain(|it| it.0 != column);
    }
}

impl Graph {
    /// What is particular about an object.
    #[inline]
    pub(super) fn extra(&self, key: ObjectKey) -> Option<&Extra> {
        if self.objects.get(key)?.is_special() { self.extras.get(&key) } else { None }
    }

    /// The same, for changing; [`settle_extra`](Graph::settle_extra) comes after.
    pub(super) fn extra_mut(&mut self, key: ObjectKey) -> &mut Extra {
        self.objects[key].set_special(true);
        self.extras.entry(key).or_default()
    }

    /// Drops an entry that says nothing any more.
    pub(super) fn settle_extra(&mut self, key: ObjectKey) {
        if self.extra(key).is_some_and(Extra::is_nothing) {
            self.forget_extra(key);
        }
    }

    pub(super) fn forget_extra(&mut self, key: ObjectKey) {
        if let Some(object) = self.objects.get_mut(key)
            && object.is_special()
        {
            object.set_special(false);
            self.extras.remove(&key);
        }
    }

    /// Whether there may be objects that lack a row or a part of it.
    #[inline]
    pub(super) fn may_lack(&self) -> bool {
        self.holdings.any_lacks || !self.extras.is_empty()
    }

    /// Whether a column of the object is known without reading.
    pub(super) fn has_column(&self, key: ObjectKey, column: ColumnId) -> bool {
        !self.objects[key].lacks_row() && !self.extra(key).is_some_and(|it| it.lacks(column))
    }

    /// Changes an entry, if there is one.
    pub(super) fn with_extra(&mut self, key: ObjectKey, change: impl FnOnce(&mut Extra)) {
        if self.extra(key).is_some() {
            change(self.extra_mut(key));
            self.settle_extra(key);
        }
    }
}
