//! Letting objects into the session.

use super::class::Cascade;
use super::events::{Happening, StateChange};
use super::graph::Graph;
use super::reference::ObjectKey;
use super::state::State;
use super::touched::Along;
use crate::error::{Misuse, Result};

impl Graph {
    /// Lets an object into the session, and with it whatever its save-update cascades reach. It may itself have been
    /// carried along by another one.
    ///
    /// # Errors
    /// When the row of one of them was deleted, or another object of the session has its identity.
    pub(super) fn enroll(&mut self, key: ObjectKey, along: Option<Along>) -> Result<()> {
        self.with_extra(key, |it| it.orphaned = false);
        self.enroll_one(key, along)?;
        for (reached, along) in self.reach_along(key, Cascade::SAVE_UPDATE, |graph, it| !graph.contains(it)) {
            self.enroll_one(reached, Some(along))?;
        }
        Ok(())
    }

    /// Lets one object into the session.
    fn enroll_one(&mut self, key: ObjectKey, along: Option<Along>) -> Result<()> {
        let state = self.objects[key].state;
        match state {
            State::Transient => {
                self.change_state(key, State::Pending);
                self.touch_along(key, along);
            }
            State::Pending => {}
            State::Persistent if !self.contains(key) => {
                return Err(Misuse::IdentityConflict { object: self.name(key) }.into());
            }
            State::Persistent if !self.objects[key].is_ghost() => self.objects[key].marked = false,
            State::Persistent | State::Deleted => {
                let wanted = "an object whose row was deleted cannot be added; make it transient first";
                return Err(Misuse::Deleted { object: self.name(key), wanted }.into());
            }
            State::Detached => self.attach(key, along)?,
        }
        Ok(())
    }

    /// Lets a detached object into the session again.
    fn attach(&mut self, key: ObjectKey, along: Option<Along>) -> Result<()> {
        let object = &self.objects[key];
        if object.marked {
            let wanted = "an object whose row was deleted cannot be added; make it transient first";
            return Err(Misuse::Deleted { object: self.name(key), wanted }.into());
        }
        let root = self.root(object.class);
        let Some(identity) = self.identity(key) else { return Ok(()) };
        if self.identities[root.index()].get(&identity).is_some_and(|it| it != key) {
            return Err(Misuse::IdentityConflict { object: self.name(key) }.into());
        }
        self.identities[root.index()].insert(identity, key);
        self.change_state(key, State::Persistent);
        if self.has_changes(key) {
            self.touch_along(key, along);
        }
        Ok(())
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
