//! The unit of work: flush, commit, rollback, savepoints, and what they do to objects.

use super::core::{Frame, Standing};
use super::{Core, Session};
use crate::error::{Misuse, Result};
use crate::object::compact::Object;
use crate::object::events::{Happening, StateChange, UnitStep};
use crate::object::flush::FlushPlan;
use crate::object::graph::Graph;
use crate::object::identity::Identity;
use crate::object::reference::ObjectKey;
use crate::object::state::State;
use crate::query::Control;

impl Session {
    /// Writes everything pending to the tables of the open transaction.
    ///
    /// # Errors
    /// When a constraint refuses a row; rows and objects are then as before (O3).
    #[track_caller]
    pub fn flush(&mut self) -> Result<()> {
        let core = self.exclusive_here();
        core.flush()
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
    #[track_caller]
    pub fn commit(&mut self) -> Result<()> {
        let core = self.exclusive_here();
        core.commit()
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
    #[track_caller]
    pub fn savepoint(&mut self) -> Result<()> {
        self.exclusive_here().savepoint()
    }

    /// Flushes, ends the innermost nested transaction and keeps what it did.
    ///
    /// # Errors
    /// When the flush fails or there is none.
    #[track_caller]
    pub fn release(&mut self) -> Result<()> {
        self.exclusive_here().release()
    }

    /// Ends the innermost nested transaction and forgets what it did, in rows and in objects.
    ///
    /// # Errors
    /// When there is none.
    pub fn rollback_to(&mut self) -> Result<()> {
        self.exclusive().rollback_to()
    }

    /// Does work in the session and commits it; rolls back when it fails.
    ///
    /// # Errors
    /// Whatever the work or the commit returns.
    #[track_caller]
    pub fn transaction<T>(&mut self, work: impl FnOnce(&mut Session) -> Result<T>) -> Result<T> {
        let outcome = match work(self) {
            Ok(it) => self.commit().map(|()| it),
            Err(error) => Err(error),
        };
        if outcome.is_err() {
            self.rollback()?;
        }
        outcome
    }
}

impl Core {
    /// Flushes until nothing is left: what a flush decided to keep, although it was to be deleted, goes with the next.
    fn flush_all(&mut self) -> Result<()> {
        const ROUNDS: usize = 100;
        for _ in 0..ROUNDS {
            self.flush()?;
            if self.graph.touched.is_empty() {
                break;
            }
        }
        Ok(())
    }

    pub(in crate::object) fn commit(&mut self) -> Result<()> {
        if self.standing == Standing::Refused {
            return Err(Misuse::Inactive.into());
        }
        self.check_active()?;
        self.tell_step(UnitStep::BeforeCommit)?;
        self.flush_all()?;
        if let Err(error) = self.connection.control(Control::Commit) {
            if !self.graph.is_sound() {
                self.standing = Standing::Refused;
            }
            return Err(error);
        }
        for frame in std::mem::take(&mut self.frames) {
            for key in frame.deleted {
                // One that keeps what it has read also keeps the state that it was in when the transaction ended.
                let leaves = self.expire_on_commit || self.graph.is_sound();
                if leaves && self.graph.objects.get(key).is_some_and(|it| it.state == State::Deleted) {
                    // It can be told from one that was let go: its row is not there to come back to.
                    self.graph.objects[key].marked = true;
                    self.graph.change_state(key, State::Detached);
                }
            }
        }
        self.frames.push(Frame::default());
        if self.expire_on_commit {
            self.expire_all();
        }
        self.note_end();
        self.tell_step(UnitStep::AfterCommit)
    }

    pub(in crate::object) fn rollback(&mut self) -> Result<()> {
        if self.graph.is_sound() {
            self.keep_rows(0)?;
        } else if !self.has_begun() {
            return Ok(());
        }
        self.connection.control(Control::Rollback)?;
        self.standing = Standing::Active;
        let mut all = Frame::default();
        for (at, frame) in std::mem::take(&mut self.frames).into_iter().enumerate().rev() {
            match at > 0 && !self.graph.is_sound() {
                // Savepoints are rolled back one after the other, as they would be by themselves.
                true => self.undo(frame, Extent::Written),
                false => all = frame.before(all),
            }
        }
        self.undo(all, Extent::All);
        self.frames.push(Frame::default());
        self.note_end();
        self.tell_step(UnitStep::AfterRollback)
    }

    /// Whether anything has been run or changed since the transaction before ended. Where nothing has, SQLAlchemy has no
    /// transaction to roll back, and no object forgets anything.
    fn has_begun(&mut self) -> bool {
        let statements = self.connection.log().totals().statements;
        let ran = statements != self.ended_at || self.frames.len() > 1 || self.standing != Standing::Active;
        ran || self.graph.has_begun
    }

    fn note_end(&mut self) {
        self.ended_at = self.connection.log().totals().statements;
        self.graph.has_begun = false;
    }

    pub(in crate::object) fn savepoint(&mut self) -> Result<()> {
        self.check_active()?;
        self.flush()?;
        self.connection.control(Control::Savepoint)?;
        self.frames.push(Frame { changes: self.graph.holdings.changes, ..Frame::default() });
        Ok(())
    }

    pub(in crate::object) fn release(&mut self) -> Result<()> {
        // Where there is nothing to release, nothing is flushed either.
        if self.frames.len() > 1 {
            self.check_active()?;
            self.flush_all()?;
        }
        self.connection.control(Control::Release)?;
        if let Some(inner) = self.frames.pop() {
            self.frame().extend(inner);
        }
        Ok(())
    }

    pub(in crate::object) fn rollback_to(&mut self) -> Result<()> {
        if self.standing == Standing::Failed && self.frames.len() > 1 {
            // The savepoint went with the flush that failed. What was changed since then goes, too.
            self.standing = Standing::Active;
            let frame = self.frames.pop().unwrap_or_default();
            self.undo(frame, Extent::Written);
            return Ok(());
        }
        if self.frames.len() > 1 && self.graph.is_sound() {
            self.keep_rows(self.frames.len() - 1)?;
        }
        self.connection.control(Control::RollbackTo)?;
        let frame = self.frames.pop().unwrap_or_default();
        self.undo(frame, Extent::Written);
        Ok(())
    }

    /// What follows a flush that has failed in the manner of SQLAlchemy: the transaction, or the innermost savepoint, is
    /// rolled back, and nothing goes on before the user says so.
    pub(in crate::object) fn fail(&mut self) -> Result<()> {
        self.standing = Standing::Failed;
        if self.frames.len() > 1 {
            self.connection.control(Control::RollbackTo)?;
            let frame = std::mem::take(self.frame());
            self.undo(frame, Extent::Written);
            return Ok(());
        }
        self.connection.control(Control::Rollback)?;
        let frame = std::mem::take(self.frame());
        self.undo(frame, Extent::All);
        Ok(())
    }

    /// Lets go of all objects and of the transaction. Objects are detached, and keep what they hold.
    pub(in crate::object) fn close(&mut self) -> Result<()> {
        self.detach_all();
        self.connection.control(Control::Rollback)?;
        self.standing = Standing::Active;
        self.frames = vec![Frame::default()];
        self.note_end();
        Ok(())
    }

    /// Lets every object of the session be detached, or transient if it was pending.
    pub(in crate::object) fn detach_all(&mut self) {
        let all: Vec<ObjectKey> = self.graph.objects.keys().collect();
        // What references were read to lead to is told by the identity map, which is about to be emptied.
        all.iter().for_each(|it| self.graph.keep_reads(*it));
        for key in all {
            // What was deleted is in no identity map any more, where SQLAlchemy looks for what it lets go.
            if self.graph.is_sound() || self.graph.objects[key].state != State::Deleted {
                self.graph.expunge_one(key);
            }
        }
        self.graph.untouch_all();
    }

    /// Reads what was inserted since a frame and expired after that, while its rows are still there: a transient object
    /// has nothing but its row.
    fn keep_rows(&mut self, from: usize) -> Result<()> {
        let inserted = self.frames[from..].iter().flat_map(|it| &it.inserted);
        let expired = |it: &ObjectKey| {
            let lacks = |it: &Object| it.lacks_row() || it.is_special();
            self.graph.objects.get(*it).is_some_and(|it| lacks(it) && it.state == State::Persistent)
        };
        let expired: Vec<ObjectKey> = inserted.copied().filter(expired).collect();
        for key in expired {
            let read = self.fresh(key).map(drop);
            if read.as_ref().is_err_and(|it| !it.misuse().is_some_and(Misuse::is_gone)) {
                return read;
            }
        }
        Ok(())
    }

    /// Takes back what flushes since a frame began did to objects (O6): what was inserted is transient again, what was
    /// deleted is persistent again, and what is persistent is read again when it is next looked at.
    fn undo(&mut self, frame: Frame, extent: Extent) {
        let extent = if frame.let_go { Extent::All } else { extent };
        let mut touched = self.graph.touched.take();
        touched.retain(|it| self.graph.objects.contains_key(*it));
        for &key in &touched {
            self.graph.objects[key].touched = false;
            if self.graph.objects[key].state == State::Pending {
                self.graph.back_to_transient(key);
            }
        }
        for &key in &frame.inserted {
            let lost = self.graph.objects.get(key).is_some_and(|it| it.lacks_row());
            if lost && !self.graph.is_sound() {
                // Nothing is left of it but that it is new, and there is no row to read what it has forgotten.
                if self.graph.objects[key].state == State::Persistent {
                    self.graph.has_left = true;
                    self.graph.keep_reads(key);
                }
                self.graph.back_to_transient(key);
                self.forget_unread(key);
                continue;
            }
            self.graph.back_to_transient(key);
        }
        if !self.graph.is_sound() {
            self.graph.detach_rekeyed(&frame);
        }
        if self.graph.is_sound() {
            self.take_back_keys(&frame.inserted, &frame.generated);
        }
        self.undo_keys(&frame.rekeyed);
        let marked: Vec<ObjectKey> = touched.iter().copied().filter(|it| self.graph.objects[*it].marked).collect();
        if !self.graph.is_sound() {
            // To be deleted is no change: what an object holds beside that is kept.
            touched.retain(|it| {
                !self.graph.objects[*it].marked || self.graph.has_changes(*it) || self.graph.has_moved_members(*it)
            });
        }
        for key in frame.deleted.iter().copied().chain(marked) {
            self.graph.back_to_persistent(key);
        }
        match extent {
            Extent::All => self.expire_all(),
            Extent::Written => {
                let revived = frame.deleted.iter().copied().filter(|it| {
                    self.graph.objects.contains_key(*it) && (self.graph.is_sound() || self.graph.has_changes(*it))
                });
                let revived: Vec<ObjectKey> = revived.collect();
                let changed: Vec<ObjectKey> =
                    touched.into_iter().chain(frame.written).chain(revived).chain(frame.inserted).collect();
                // What was read of tables that have been taken back. SQLAlchemy lets it say what it said.
                let sound = self.graph.is_sound();
                let read = if sound { self.graph.read_after(frame.changes) } else { Vec::new() };
                let changed: Vec<ObjectKey> = changed.into_iter().chain(read).collect();
                if sound {
                    self.graph.unload_collections_of(&changed);
                }
                for key in changed {
                    if self.graph.objects.get(key).is_some_and(|it| it.state == State::Persistent) {
                        self.graph.forget_all_of(key);
                    }
                }
                self.found.let_go();
            }
        }
    }

    /// Lets objects be known by the keys that they had.
    pub(in crate::object) fn undo_keys(&mut self, changed: &[(ObjectKey, Identity)]) {
        for (key, before) in changed.iter().rev() {
            if self.graph.objects.get(*key).is_none_or(|it| it.state != State::Persistent && it.state != State::Deleted)
            {
                continue;
            }
            let root = self.graph.root(self.graph.objects[*key].class);
            if let Some(now) = self.graph.identify(*key, Some(before.clone())) {
                self.graph.identities[root.index()].remove(&now, *key);
            }
        }
        for (key, _) in changed.iter().rev() {
            if self.graph.objects.get(*key).is_some_and(|it| it.state == State::Persistent) {
                let root = self.graph.root(self.graph.objects[*key].class);
                if let Some(identity) = self.graph.identity(*key) {
                    self.graph.identities[root.index()].insert(identity, *key);
                }
            }
        }
    }
}

/// Which objects a rollback lets read their rows again.
enum Extent {
    All,
    /// Those that were written in a savepoint, or have changes that were not flushed.
    Written,
}

impl Graph {
    fn back_to_transient(&mut self, key: ObjectKey) {
        let Some(object) = self.objects.get(key) else { return };
        // A new object that has left the session is new again all the same, as SQLAlchemy sees it.
        if object.state == State::Transient || object.state == State::Detached && self.is_sound() {
            return;
        }
        // The row is the object's own from now on: the version in which it stands is one that is taken back.
        let has_row = match self.own_mut(key) {
            Some(own) => {
                own.original = None;
                own.row.is_some()
            }
            None => false,
        };
        self.with_extra(key, |it| it.unread.clear());
        if self.is_sound() {
            self.take_links(key);
            self.parents.forget(key);
        }
        let root = self.root(self.objects[key].class);
        if let Some(identity) = self.identify(key, None) {
            self.identities[root.index()].remove(&identity, key);
        }
        if self.is_sound() {
            self.objects[key].marked = false;
            // A row that was removed behind the session is no value to start from.
            return self.change_state(key, if has_row { State::Transient } else { State::Detached });
        }
        let change = self.change_of_new(key);
        self.events.note(|| Happening::State { object: key, change });
        let object = &mut self.objects[key];
        (object.state, object.marked) = (State::Transient, false);
        object.set_ghost(false);
    }

    /// What SQLAlchemy tells of an object that is new again: it asks whether it has a key and whether it was deleted, not
    /// whether it is still in the session.
    fn change_of_new(&self, key: ObjectKey) -> StateChange {
        let object = &self.objects[key];
        match object.state {
            State::Pending => StateChange::PendingToTransient,
            State::Deleted => StateChange::DeletedToDetached,
            State::Detached if object.marked => StateChange::DeletedToDetached,
            _ if object.is_ghost() => StateChange::DeletedToDetached,
            _ => StateChange::PersistentToTransient,
        }
    }

    /// SQLAlchemy puts back the keys of new objects, too, which are detached then.
    fn detach_rekeyed(&mut self, frame: &Frame) {
        for (key, before) in frame.rekeyed.iter().rev() {
            let is_new =
                self.objects.get(*key).is_some_and(|it| matches!(it.state, State::Transient | State::Detached));
            if is_new && frame.inserted.contains(key) {
                self.identify(*key, Some(before.clone()));
                self.change_state(*key, State::Detached);
            }
        }
    }

    fn back_to_persistent(&mut self, key: ObjectKey) {
        let Some(object) = self.objects.get_mut(key) else { return };
        let was_marked = std::mem::take(&mut object.marked);
        object.set_ghost(false);
        if was_marked && object.state == State::Persistent && !self.is_sound() {
            // SQLAlchemy makes no difference between what was deleted and what was about to be.
            let change = StateChange::DeletedToPersistent;
            self.events.note(|| Happening::State { object: key, change });
        } else if self.objects[key].state == State::Deleted {
            let root = self.root(self.objects[key].class);
            if let Some(identity) = self.identity(key) {
                let other = self.identities[root.index()].get(&identity).filter(|it| *it != key && self.is_sound());
                if let Some(other) = other {
                    // What was met in its place meanwhile leaves: one key is one object.
                    self.expunge_one(other);
                }
                self.identities[root.index()].insert(identity, key);
            }
            self.change_state(key, State::Persistent);
        }
    }

    /// Lets no object be one that the next flush looks at.
    pub(in crate::object) fn untouch_all(&mut self) {
        for key in self.touched.take() {
            if let Some(object) = self.objects.get_mut(key) {
                object.touched = false;
            }
        }
    }
}
