//! The unit of work: flush, commit, rollback, savepoints, and what they do to objects.

use rustc_hash::FxHashSet;

use super::core::Frame;
use super::{Core, Session};
use crate::error::{Misuse, Result};
use crate::id::ClassId;
use crate::object::compact::KnownBy;
use crate::object::flush::FlushPlan;
use crate::object::identity::Identity;
use crate::object::reference::ObjectKey;
use crate::object::state::State;
use crate::query::Control;

impl Session {
    /// Writes everything pending to the tables of the open transaction.
    ///
    /// # Errors
    /// When a constraint refuses a row; rows and objects are then as before (O3).
    pub fn flush(&mut self) -> Result<()> {
        self.exclusive().flush()
    }

    /// What the next flush would do, statement by statement.
    ///
    /// # Errors
    /// When no order of statements could do it.
    pub fn plan_flush(&mut self) -> Result<FlushPlan> {
        self.exclusive().plan_flush()
    }

    /// Flushes and publishes. Objects forget what they have read, unless told otherwise.
    ///
    /// # Errors
    /// When the flush fails, a deferred constraint is violated, or another transaction was first.
    pub fn commit(&mut self) -> Result<()> {
        self.exclusive().commit()
    }

    /// Forgets everything since the transaction began: rows and objects are as they were. Objects that were added
    /// become transient again.
    ///
    /// # Errors
    /// When the connection fails.
    pub fn rollback(&mut self) -> Result<()> {
        self.exclusive().rollback()
    }

    /// Flushes and begins a nested transaction.
    ///
    /// # Errors
    /// When the flush fails.
    pub fn savepoint(&mut self) -> Result<()> {
        let core = self.exclusive();
        core.flush()?;
        core.connection.control(Control::Savepoint)?;
        core.frames.push(Frame::default());
        Ok(())
    }

    /// Flushes, ends the innermost nested transaction and keeps what it did.
    ///
    /// # Errors
    /// When the flush fails or there is none.
    pub fn release(&mut self) -> Result<()> {
        let core = self.exclusive();
        core.flush()?;
        core.connection.control(Control::Release)?;
        if let Some(inner) = core.frames.pop() {
            core.frame().extend(inner);
        }
        Ok(())
    }

    /// Ends the innermost nested transaction and forgets what it did, in rows and in objects.
    ///
    /// # Errors
    /// When there is none.
    pub fn rollback_to(&mut self) -> Result<()> {
        let core = self.exclusive();
        if core.frames.len() > 1 {
            core.keep_rows(core.frames.len() - 1)?;
        }
        core.connection.control(Control::RollbackTo)?;
        let frame = core.frames.pop().unwrap_or_default();
        core.undo(frame);
        Ok(())
    }

    /// Does work in the session and commits it; rolls back when it fails.
    ///
    /// # Errors
    /// Whatever the work or the commit returns.
    pub fn transaction<T>(&mut self, work: impl FnOnce(&mut Session) -> Result<T>) -> Result<T> {
        let outcome = work(self).and_then(|it| self.commit().map(|()| it));
        if outcome.is_err() {
            self.rollback()?;
        }
        outcome
    }
}

impl Core {
    fn commit(&mut self) -> Result<()> {
        self.flush()?;
        self.connection.control(Control::Commit)?;
        for frame in std::mem::take(&mut self.frames) {
            for key in frame.deleted {
                if let Some(object) = self.graph.objects.get_mut(key)
                    && object.state == State::Deleted
                {
                    object.state = State::Detached;
                }
            }
        }
        self.frames.push(Frame::default());
        if self.expire_on_commit {
            self.expire_all();
        }
        Ok(())
    }

    fn rollback(&mut self) -> Result<()> {
        self.keep_rows(0)?;
        self.connection.control(Control::Rollback)?;
        let mut all = Frame::default();
        std::mem::take(&mut self.frames).into_iter().for_each(|it| all.extend(it));
        self.undo(all);
        self.frames.push(Frame::default());
        Ok(())
    }

    /// Reads what was inserted since a frame and expired after that, while its rows are still there: a transient object
    /// has nothing but its row.
    fn keep_rows(&mut self, from: usize) -> Result<()> {
        let inserted = self.frames[from..].iter().flat_map(|it| &it.inserted).map(|it| it.0);
        let expired = |it: &ObjectKey| {
            self.graph.objects.get(*it).is_some_and(|it| it.lacks_row() && it.state == State::Persistent)
        };
        let expired: Vec<ObjectKey> = inserted.filter(expired).collect();
        for key in expired {
            let read = self.refresh(key);
            if read.as_ref().is_err_and(|it| !matches!(it.misuse(), Some(Misuse::NotFound { .. }))) {
                return read;
            }
        }
        Ok(())
    }

    /// Takes back what flushes since a frame began did to objects (O6): what was inserted is transient again, what was
    /// deleted is persistent again, and everything persistent is read again when it is next looked at.
    fn undo(&mut self, frame: Frame) {
        for key in std::mem::take(&mut self.graph.touched) {
            let Some(object) = self.graph.objects.get_mut(key) else { continue };
            object.touched = false;
            object.marked = false;
            if object.state == State::Pending {
                self.back_to_transient(key, false);
            }
        }
        self.take_back_references(&frame.inserted);
        for (key, generated) in frame.inserted {
            self.back_to_transient(key, generated);
        }
        for key in frame.deleted {
            let Some(object) = self.graph.objects.get_mut(key) else { continue };
            // An object that was inserted and deleted in the same frame has no row to come back to.
            if object.state == State::Deleted && object.known_by() != KnownBy::Nothing {
                object.state = State::Persistent;
                let class = object.class.index();
                if let Some(identity) = self.graph.identity(key) {
                    self.graph.identities[class].insert(identity, key);
                }
            }
        }
        for (key, identity) in frame.rekeyed.into_iter().rev() {
            let Some(class) = self.graph.objects.get(key).map(|it| it.class.index()) else { continue };
            if let Some(now) = self.graph.identify(key, Some(identity.clone())) {
                self.graph.identities[class].remove(&now, key);
            }
            self.graph.identities[class].insert(identity, key);
        }
        self.expire_all();
    }

    /// Takes generated keys back wherever a transient row holds them as a reference: the table will give them to other
    /// rows.
    fn take_back_references(&mut self, inserted: &[(ObjectKey, bool)]) {
        let model = self.graph.model.clone();
        let schema = self.connection.schema().clone();
        let generated = inserted.iter().filter(|it| it.1).filter_map(|it| self.graph.objects.get(it.0));
        let gone: FxHashSet<(ClassId, Identity)> =
            generated.filter_map(|it| Some((it.class, self.graph.identity_of(it)?))).collect();
        for &(key, _) in inserted.iter().filter(|_| !gone.is_empty()) {
            let Some(object) = self.graph.objects.get(key) else { continue };
            let Ok(table) = schema.table_named(&model.class(object.class).table) else { continue };
            for reference in table.outbound.iter().map(|&it| schema.reference(it)) {
                let Some(row) = self.graph.own_mut(key).and_then(|it| it.row.as_mut()) else { break };
                let target = &schema.table(reference.target).name;
                let class = model.classes().iter().find(|it| it.table == *target && it.key == reference.target_columns);
                let refers = class.zip(Identity::of(&**row, &reference.columns));
                if refers.is_some_and(|(class, it)| gone.contains(&(class.id, it))) {
                    for &column in &reference.columns {
                        // A field that has no NULL keeps what it holds.
                        let _ = crate::record::edit(row).set(column, crate::value::Value::Null);
                    }
                }
            }
        }
    }

    fn back_to_transient(&mut self, key: ObjectKey, generated: bool) {
        let model = self.graph.model.clone();
        let Some(object) = self.graph.objects.get(key) else { return };
        let class = model.class(object.class);
        // The row is the object's own from now on: the version in which it stands is one that is taken back.
        let own = self.graph.own_mut(key);
        // A row that was removed behind the session is no value to start from.
        let state = if own.is_some() { State::Transient } else { State::Detached };
        if let Some(own) = own {
            own.original = None;
            if let (true, [column], Some(row)) = (generated, class.key.as_slice(), own.row.as_mut()) {
                let taken_back = crate::record::edit(row).set(*column, crate::value::Value::Null);
                debug_assert!(taken_back.is_ok(), "the key was NULL before it was given");
            }
        }
        let object = &mut self.graph.objects[key];
        object.state = state;
        self.graph.take_links(key);
        if let Some(identity) = self.graph.identify(key, None) {
            self.graph.identities[class.id.index()].remove(&identity, key);
        }
    }
}
