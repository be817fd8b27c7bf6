//! Columns of objects: reading what is missing, and setting one without reading the others.

use super::diagnosis::Noted;
use super::entity::Entity;
use super::extra::Extra;
use super::graph::Graph;
use super::held::Lent;
use super::links::Link;
use super::model::ClassModel;
use super::reference::ObjectKey;
use super::session::Core;
use super::state::State;
use crate::error::{Misuse, Result};
use crate::expr::Expr;
use crate::id::{ClassId, ColumnId, ColumnSet};
use crate::query::Leaf;
use crate::record::{Row, edit};
use crate::value::Value;

/// What a column is set to.
#[derive(Clone, Debug)]
pub(super) enum Assigned {
    Value(Value),
    /// To be computed by the flush.
    Expression(Expr<Leaf>),
}

impl Core {
    /// An object whose row is at hand, read again if it was expired.
    #[inline]
    pub(super) fn fresh(&mut self, key: ObjectKey) -> Result<&mut super::compact::Object> {
        let object = self.object(key)?;
        if object.lacks_row() {
            self.read_row(key)?;
        } else if object.is_special() {
            self.read_missing(key, usize::MAX)?;
        }
        Ok(&mut self.graph.objects[key])
    }

    /// The same for a look at what a struct shows of an object. What a subclass adds to it stays unread.
    #[inline]
    pub(super) fn fresh_as<T: Entity>(&mut self, key: ObjectKey) -> Result<&mut super::compact::Object> {
        let object = self.object(key)?;
        if object.lacks_row() {
            self.read_row(key)?;
        } else if object.is_special() {
            self.read_missing(key, usize::from(T::COLUMNS))?;
        }
        Ok(&mut self.graph.objects[key])
    }

    /// The value of a column, read if it is missing.
    pub(super) fn column(&mut self, key: ObjectKey, column: ColumnId) -> Result<Value> {
        if self.object(key)?.lacks_row() {
            if self.is_never_read(key, column) {
                return Err(self.column_not_loaded(key, column));
            }
            if self.is_read_apart(key, column) {
                self.begin_row(key)?;
            } else {
                self.before_reading(key)?;
                if self.graph.objects[key].lacks_row() {
                    self.read_row(key)?;
                }
            }
        }
        let in_key = || self.graph.model.class(self.graph.objects[key].class).key.contains(&column);
        if let Some(extra) = self.graph.extra(key) {
            // The key by which it is known is no key that was read.
            let begun = extra.begun && in_key();
            if extra.unset.contains(&column) {
                return Ok(Value::Null);
            }
            if extra.forbidden.contains(&column) || extra.expired.contains(&column) && self.is_never_read(key, column) {
                if !self.graph.is_sound() && self.graph.objects[key].state == State::Detached {
                    self.check_readable(key)?;
                }
                return Err(self.column_not_loaded(key, column));
            }
            if extra.deferred.contains(&column) {
                self.check_readable(key)?;
                self.before_query()?;
                self.read_columns(key, &[column])?;
            } else if begun || extra.lacks(column) {
                self.before_reading_rest(key)?;
                self.read_expired(key)?;
            }
        }
        Ok(self.graph.row(key).map_or(Value::Null, |row| row.get(column).to_value()))
    }

    fn column_not_loaded(&self, key: ObjectKey, column: ColumnId) -> crate::error::Error {
        let class = self.graph.model.class(self.graph.objects[key].class);
        let relation = format!("{}.{}", class.name, class.columns[column.index()]);
        let advice = "load it with the query: undefer it";
        Misuse::NotLoaded { relation, object: self.graph.name(key), advice }.into()
    }

    /// Whether what an object lacks can be read.
    pub(super) fn check_readable(&self, key: ObjectKey) -> Result<()> {
        match self.object(key)?.state {
            State::Persistent => self.check_active(),
            State::Deleted => Err(self.gone(key)),
            State::Detached | State::Transient | State::Pending => {
                let wanted = "what it has not read cannot be read without a session; add it first";
                Err(Misuse::Detached { object: self.graph.name(key), wanted }.into())
            }
        }
    }

    /// Reads what an object's row lacks among its first attributes, but for what a look is meant to refuse.
    fn read_missing(&mut self, key: ObjectKey, among: usize) -> Result<()> {
        let Some(extra) = self.graph.extra(key) else { return Ok(()) };
        let expired = extra.begun || extra.expired.iter().any(|it| it.index() < among);
        if !expired && extra.deferred.iter().all(|it| it.index() >= among) {
            return Ok(());
        }
        self.check_readable(key)?;
        if expired {
            self.read_expired(key)?;
        }
        if among == usize::MAX && !self.graph.is_sound() {
            // Nobody looks at a column that is read when it is looked at.
            return Ok(());
        }
        let mut deferred = self.graph.extra(key).map(|it| it.deferred.clone()).unwrap_or_default();
        deferred.retain(|it| it.index() < among);
        self.read_columns(key, &deferred)
    }

    /// Reads what an object's row lacks since it expired, and what comes with it if that was the whole row.
    fn read_expired(&mut self, key: ObjectKey) -> Result<()> {
        let Some(extra) = self.graph.extra(key) else { return Ok(()) };
        let expired = extra.expired.clone();
        if !extra.begun {
            return self.read_columns(key, &expired);
        }
        self.graph.with_extra(key, |it| it.begun = false);
        match self.graph.identity(key) {
            Some(identity) if self.read_rest(key, &identity, &expired)? => Ok(()),
            _ => Err(self.gone(key)),
        }
    }

    /// Reads some columns of an object again, and lets its row hold them.
    pub(super) fn read_columns(&mut self, key: ObjectKey, columns: &[ColumnId]) -> Result<()> {
        if columns.is_empty() {
            return Ok(());
        }
        let class = self.graph.objects[key].class;
        let Some(identity) = self.graph.identity(key) else { return Err(self.gone(key)) };
        let what = Noted::Again { object: key };
        let read = self.noted(what, |core| core.row_with(class, &identity, columns))?;
        let Some(read) = read else { return Err(self.gone(key)) };
        self.graph.fill_columns(key, &read, columns);
        Ok(())
    }

    /// An empty row of a class.
    pub(super) fn blank(&self, class: ClassId) -> Row {
        self.graph.model.class(class).prototype.duplicate()
    }

    /// Sets a column. What the object has not read stays unread.
    pub(super) fn set_column(&mut self, key: ObjectKey, column: ColumnId, to: Assigned) -> Result<()> {
        let class = self.graph.model.clone();
        let class = class.class(self.object(key)?.class);
        self.read_before_write(key, class, column)?;
        self.watch_columns(key);
        self.write_column(key, column, to)?;
        if matches!(self.graph.objects[key].state, State::Pending | State::Persistent) {
            self.graph.touch(key);
        }
        Ok(())
    }

    /// Reads what a column of an object holds, where it will be asked for when the column has been written: by the history
    /// of the attribute, or by a flush in which another row takes what a unique key held here.
    fn read_before_write(&mut self, key: ObjectKey, class: &ClassModel, column: ColumnId) -> Result<()> {
        let state = self.graph.objects[key].state;
        if state != State::Persistent && (self.graph.is_sound() || state != State::Detached) {
            return Ok(());
        }
        let is_watched = class.active_history.contains(&column);
        if self.graph.is_sound() {
            let is_refused = self.graph.extra(key).is_some_and(|it| it.forbidden.contains(&column));
            let is_unique = class.unique.binary_search(&column).is_ok() && !is_refused;
            if is_watched || is_unique {
                self.quietly(|it| it.column(key, column))?;
            }
        } else if is_watched || class.key.contains(&column) || class.version_column == Some(column) {
            self.column(key, column)?;
        }
        Ok(())
    }

    /// Writes a column of an object's own row, and keeps what is needed to tell what has changed.
    pub(super) fn write_column(&mut self, key: ObjectKey, column: ColumnId, to: Assigned) -> Result<()> {
        self.graph.keep_reads(key);
        if self.graph.objects[key].lacks_row() {
            self.begin_row(key)?;
        }
        let known = self.graph.has_column(key, column);
        let has_identity = self.graph.has_identity(key);
        if has_identity {
            self.graph.keep_original(key);
        }
        match to {
            Assigned::Value(value) => {
                let Some(own) = self.graph.own_mut(key) else { return Ok(()) };
                if let Some(row) = own.row.as_mut() {
                    edit(row).set(column, value)?;
                }
                self.graph.with_extra(key, |it| it.has(column));
            }
            Assigned::Expression(expression) => {
                let extra = self.graph.extra_mut(key);
                extra.has(column);
                extra.expressions.push((column, expression));
            }
        }
        if !known && has_identity {
            let extra = self.graph.extra_mut(key);
            if !extra.unread.contains(&column) {
                extra.unread.push(column);
            }
        }
        Ok(())
    }

    /// Gives an expired object a row of its own that holds its key, and nothing else yet.
    fn begin_row(&mut self, key: ObjectKey) -> Result<()> {
        let class = self.graph.objects[key].class;
        let mut row = self.blank(class);
        let model = self.graph.model.clone();
        let class = model.class(class);
        if let Some(identity) = self.graph.identity(key) {
            for (&column, value) in class.key.iter().zip(identity.to_values()) {
                edit(&mut row).set(column, value)?;
            }
        }
        self.graph.put_row(key, row);
        let all = (0..class.columns.len()).map(|it| ColumnId::new(it as u16));
        let expired = all.filter(|it| !class.key.contains(it) && !class.is_lazy(*it)).collect();
        let begun = !self.graph.is_sound();
        *self.graph.extra_mut(key) = Extra { expired, begun, ..Extra::default() };
        self.graph.defer_again(key);
        Ok(())
    }

    /// Takes the value of a column away.
    pub(super) fn unset_column(&mut self, key: ObjectKey, column: ColumnId) -> Result<()> {
        let lacks_row = self.object(key)?.lacks_row();
        if !lacks_row && self.graph.extra(key).is_some_and(|it| it.unset.contains(&column)) {
            let class = self.graph.model.class(self.graph.objects[key].class);
            let wanted = "the column has no value to take away";
            let object = format!("{} of {}", class.columns[column.index()], self.graph.name(key));
            return Err(Misuse::State { object, state: "unset", wanted }.into());
        }
        self.write_column(key, column, Assigned::Value(Value::Null))?;
        let extra = self.graph.extra_mut(key);
        extra.unset.push(column);
        if matches!(self.graph.objects[key].state, State::Pending | State::Persistent) {
            self.graph.touch(key);
        }
        Ok(())
    }

    /// Lets some columns of a persistent object be read again when they are looked at.
    pub(super) fn expire_columns(&mut self, key: ObjectKey, columns: &[ColumnId]) {
        if self.graph.objects[key].lacks_row() {
            return;
        }
        for &column in columns {
            // What was changed is taken back, so that the flush finds nothing to write.
            if let Some(value) = self.graph.original(key).map(|it| it.get(column).to_value())
                && let Some(row) = self.graph.own_mut(key).and_then(|it| it.row.as_mut())
            {
                let put = edit(row).set(column, value);
                debug_assert!(put.is_ok(), "the column held this value before");
            }
            let extra = self.graph.extra_mut(key);
            extra.has(column);
            extra.unread.retain(|it| *it != column);
            extra.expired.push(column);
        }
    }
}

impl Graph {
    /// Keeps the row as it was read, before the first change.
    pub(super) fn keep_original(&mut self, key: ObjectKey) {
        if let Some(own) = self.own_mut(key)
            && own.original.is_none()
            && let Some(row) = own.row.as_mut()
        {
            let copy = row.duplicate();
            own.original = Some(std::mem::replace(row, copy));
        }
    }

    /// Lets an object's row hold what was read of some columns.
    pub(super) fn fill_columns(&mut self, key: ObjectKey, read: &Row, columns: &[ColumnId]) {
        for &column in columns {
            let value = read.get(column).to_value();
            if let Some(own) = self.own_mut(key) {
                // Who looks now is to see what was read, beside those who look at the row as it was.
                own.lent = Lent::default();
                for row in [own.row.as_mut(), own.original.as_mut()].into_iter().flatten() {
                    let put = edit(row).set(column, value.clone());
                    debug_assert!(put.is_ok(), "what the table holds fits the row");
                }
            }
            self.with_extra(key, |it| it.has(column));
        }
    }

    /// Lets the columns that are not read with a row be missing again.
    pub(super) fn defer_again(&mut self, key: ObjectKey) {
        let model = self.model.clone();
        let class = model.class(self.objects[key].class);
        if class.deferred.is_empty() && class.raise_deferred.is_empty() {
            return;
        }
        let (deferred, forbidden) = (class.deferred.clone(), class.raise_deferred.clone());
        let extra = self.extra_mut(key);
        let given = extra.unread.clone();
        extra.deferred = deferred.into_iter().filter(|it| !given.contains(it)).collect();
        extra.forbidden = forbidden.into_iter().filter(|it| !given.contains(it)).collect();
    }

    /// The columns of an object that differ from its row, as far as the object was changed.
    pub(super) fn changed_columns(&self, key: ObjectKey) -> Vec<ColumnId> {
        let mut changed: Vec<ColumnId> = self.differing(key).into_iter().flat_map(ColumnSet::iter).collect();
        if let Some(extra) = self.extra(key) {
            changed.retain(|it| !extra.lacks(*it) || extra.unset.contains(it));
            changed.extend(extra.unread.iter().filter(|it| !extra.lacks(**it) || extra.unset.contains(it)));
            changed.extend(extra.expressions.iter().map(|it| it.0));
            changed.sort_unstable();
            changed.dedup();
        }
        changed
    }

    /// Whether an object has changes that a flush would look at.
    pub(super) fn has_changes(&self, key: ObjectKey) -> bool {
        let class = self.model.class(self.objects[key].class);
        !self.changed_columns(key).is_empty()
            || self.objects[key].has_links() && class.relations.iter().any(|it| self.changes(key, it.id).is_change())
    }

    /// Whether something was done to a collection of an object since the last flush, whatever came of it.
    pub(super) fn has_moved_members(&self, key: ObjectKey) -> bool {
        let links = self.objects[key].links().map(|it| self.links.get(it));
        links.into_iter().flatten().any(|it| matches!(it, Link::Many(collection) if collection.pending.is_some()))
    }

    /// Whether the identity map answers with this object.
    pub(super) fn stands(&self, key: ObjectKey) -> bool {
        let root = self.root(self.objects[key].class);
        self.identity(key).is_some_and(|it| self.identities[root.index()].get(&it) == Some(key))
    }

    /// Whether an object is of a class or of one that inherits from it.
    #[inline]
    pub(super) fn is_a(&self, key: ObjectKey, class: ClassId) -> bool {
        let own = self.objects[key].class;
        own == class || self.model.class(class).descendants.contains(&own)
    }

    /// Notes that the row of an object is not there any more.
    pub(super) fn note_gone(&mut self, key: ObjectKey) {
        let root = self.root(self.objects[key].class);
        if let Some(identity) = self.identity(key) {
            self.identities[root.index()].remove(&identity, key);
        }
        self.objects[key].marked = false;
        self.change_state(key, State::Deleted);
    }

    /// Lets an object forget what it has read and what was not flushed.
    pub(super) fn expire_one(&mut self, key: ObjectKey) {
        if self.is_sound() {
            self.take_back_links(key);
            self.objects[key].marked = false;
            self.objects[key].forget_reads();
            self.forget_row(key);
            self.forget_extra(key);
            self.parents.forget(key);
        } else {
            self.forget_all_of(key);
        }
    }

    /// Lets an object forget everything it has read, without a thought for others.
    pub(super) fn forget_all_of(&mut self, key: ObjectKey) {
        self.take_links(key);
        self.forget_row(key);
        self.forget_extra(key);
        self.parents.forget(key);
    }
}
