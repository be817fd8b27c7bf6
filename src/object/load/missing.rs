//! Columns of an object that were not loaded with its row.

use crate::error::Result;
use crate::id::ColumnId;
use crate::object::graph::Graph;
use crate::object::reference::ObjectKey;
use crate::record::Row;
use crate::value::Value;

/// The attributes of an object that the rows of a query do not give it.
#[derive(Debug, Default)]
pub(super) struct Missing {
    /// Each is read by itself when it is looked at, or looking at it is an error.
    pub(super) deferred: Vec<ColumnId>,
    /// Looking at one reads all of them.
    pub(super) absent: Vec<ColumnId>,
}

impl Missing {
    fn is_nothing(&self) -> bool {
        self.deferred.is_empty() && self.absent.is_empty()
    }

    fn has(&self, column: ColumnId) -> bool {
        self.deferred.contains(&column) || self.absent.contains(&column)
    }
}

impl Graph {
    /// Notes which attributes of an object that has just been read are not loaded.
    pub(super) fn set_missing(&mut self, key: ObjectKey, missing: Missing) {
        if missing.is_nothing() {
            return;
        }
        let model = self.model.clone();
        let class = model.class(self.objects[key].class);
        let forbidden = |it: &ColumnId| class.raise_deferred.contains(it);
        let extra = self.extra_mut(key);
        let given = extra.unread.clone();
        let free = |it: &ColumnId| !given.contains(it);
        extra.forbidden = missing.deferred.iter().copied().filter(|it| forbidden(it) && free(it)).collect();
        extra.deferred = missing.deferred.iter().copied().filter(|it| !forbidden(it) && free(it)).collect();
        extra.expired =
            missing.absent.iter().copied().filter(|it| !missing.deferred.contains(it) && free(it)).collect();
        self.settle_extra(key);
    }

    /// Gives an object that has a row those of its attributes that it lacks and another row has.
    pub(super) fn fill_missing(&mut self, key: ObjectKey, row: &Row, missing: &Missing) {
        let Some(extra) = self.extra(key) else { return };
        let lacks = extra.expired.iter().chain(&extra.deferred).chain(&extra.forbidden);
        let given: Vec<ColumnId> = lacks.copied().filter(|it| !missing.has(*it)).collect();
        if !given.is_empty() {
            self.fill_columns(key, row, &given);
        }
        // A row has been read for it, whatever it was begun with.
        self.with_extra(key, |it| it.begun = false);
    }

    /// A column of an object's row is another in the database; the object had no part in that. What it has read of its
    /// relations stays as it is.
    pub(in crate::object) fn set_stored(&mut self, key: ObjectKey, column: ColumnId, value: Value) -> Result<()> {
        if !self.has_column(key, column) {
            return Ok(());
        }
        self.keep_reads(key);
        if let Some(own) = self.own_mut(key) {
            for row in [own.row.as_mut(), own.original.as_mut()].into_iter().flatten() {
                crate::record::edit(row).set(column, value.clone())?;
            }
        }
        Ok(())
    }
}
