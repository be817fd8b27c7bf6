//! Letting objects into the session.

use rustc_hash::FxHashSet;

use super::class::Cascade;
use super::events::{Happening, StateChange};
use super::graph::Graph;
use super::identity::Identity;
use super::reference::ObjectKey;
use super::state::State;
use super::touched::Along;
use crate::error::{Misuse, Result};
use crate::id::ClassId;

impl Graph {
    /// Lets an object into the session, and with it whatever its save-update cascades reach. It may itself have been
    /// carried along by another one.
    ///
    /// # Errors
    /// When the row of one of them was deleted, or another object of the session has its identity.
    pub(super) fn enroll(&mut self, key: ObjectKey, along: Option<Along>) -> Result<()> {
        let reached = self.brought_along(key);
        self.has_begun = true;
        if self.is_sound() {
            self.check_all_come(key, &reached)?;
        }
        self.with_extra(key, |it| it.orphaned = false);
        self.enroll_one(key, along)?;
        reached.into_iter().try_for_each(|(reached, along)| self.enroll_one(reached, Some(along)))
    }

    /// Refuses an object, and what its save-update cascades reach, that [`enroll`](Graph::enroll) would refuse. Nothing has
    /// changed then.
    ///
    /// # Errors
    /// As [`enroll`](Graph::enroll).
    pub(super) fn check_enroll(&self, key: ObjectKey) -> Result<()> {
        self.check_all_come(key, &self.brought_along(key))
    }

    /// What an object brings along that is not in the session.
    fn brought_along(&self, key: ObjectKey) -> Vec<(ObjectKey, Along)> {
        self.reach_along(key, Cascade::SAVE_UPDATE, |graph, it| !graph.contains(it))
    }

    /// All of them come, or none does: two that were let go of may be of one row.
    fn check_all_come(&self, key: ObjectKey, along: &[(ObjectKey, Along)]) -> Result<()> {
        let mut coming: FxHashSet<(ClassId, Identity)> = FxHashSet::default();
        for it in std::iter::once(key).chain(along.iter().map(|it| it.0)) {
            self.check_enroll_one(it)?;
            self.check_alone(it, &mut coming)?;
        }
        Ok(())
    }

    /// Refuses what a delete has reached, if some of it has left the session and another object stands for its row by now.
    /// SQLAlchemy finds out on the way.
    pub(super) fn check_back(&self, reached: impl Iterator<Item = ObjectKey>) -> Result<()> {
        let mut coming = FxHashSet::default();
        let comes = |it: &ObjectKey| self.objects[*it].state == State::Detached && !self.objects[*it].marked;
        let mut back = reached.filter(comes).filter(|_| self.is_sound());
        back.try_for_each(|it| {
            let root = self.root(self.objects[it].class);
            let other = self.identity(it).and_then(|of| self.identities[root.index()].get(&of));
            match other {
                Some(other) if other != it => Err(Misuse::IdentityConflict { object: self.name(it) }.into()),
                _ => self.check_alone(it, &mut coming),
            }
        })
    }

    /// Two that have left may be of one row.
    fn check_alone(&self, key: ObjectKey, coming: &mut FxHashSet<(ClassId, Identity)>) -> Result<()> {
        let object = &self.objects[key];
        let identity = if object.state == State::Detached { self.identity(key) } else { None };
        match identity.is_none_or(|it| coming.insert((self.root(object.class), it))) {
            true => Ok(()),
            false => Err(Misuse::IdentityConflict { object: self.name(key) }.into()),
        }
    }

    fn check_enroll_one(&self, key: ObjectKey) -> Result<()> {
        let object = &self.objects[key];
        let is_gone = match object.state {
            State::Transient | State::Pending => false,
            State::Persistent => object.is_ghost(),
            State::Deleted => true,
            State::Detached => object.marked,
        };
        let is_other = match object.state {
            State::Persistent => !self.contains(key),
            State::Detached => self.identity(key).is_some_and(|it| {
                self.identities[self.root(object.class).index()].get(&it).is_some_and(|it| it != key)
            }),
            _ => false,
        };
        match (is_other, is_gone) {
            (true, _) if object.state == State::Persistent || !is_gone => {
                Err(Misuse::IdentityConflict { object: self.name(key) }.into())
            }
            (_, true) => {
                let wanted = "an object whose row was deleted cannot be added; make it transient first";
                Err(Misuse::Deleted { object: self.name(key), wanted }.into())
            }
            _ => Ok(()),
        }
    }

    /// Lets one object into the session. SQLAlchemy asks for each whether it may when its turn comes.
    fn enroll_one(&mut self, key: ObjectKey, along: Option<Along>) -> Result<()> {
        if !self.is_sound() {
            self.check_enroll_one(key)?;
        }
        match self.objects[key].state {
            State::Transient => {
                self.change_state(key, State::Pending);
                self.touch_along(key, along);
            }
            State::Persistent => self.objects[key].marked = false,
            State::Pending | State::Deleted => {}
            State::Detached => self.attach(key, along),
        }
        Ok(())
    }

    /// Lets a detached object into the session again.
    fn attach(&mut self, key: ObjectKey, along: Option<Along>) {
        let root = self.root(self.objects[key].class);
        let Some(identity) = self.identity(key) else { return };
        self.identities[root.index()].insert(identity, key);
        self.change_state(key, State::Persistent);
        if self.has_changes(key) {
            self.touch_along(key, along);
        }
    }

    /// Puts an object into another state and says so to those who listen.
    pub(super) fn change_state(&mut self, key: ObjectKey, to: State) {
        let from = std::mem::replace(&mut self.objects[key].state, to);
        self.objects[key].set_ghost(false);
        if let Some(change) = StateChange::between(from, to) {
            self.events.note(|| Happening::State { object: key, change });
        }
    }
}
