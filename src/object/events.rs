//! What happens to objects, for those who listen.

use std::collections::VecDeque;

use super::reference::ObjectKey;
use super::state::State;
use crate::id::{ColumnId, RelationId};
use crate::record::Row;
use crate::value::Value;

/// Something that has happened to an object.
#[derive(Clone, Debug)]
pub enum Happening {
    /// An object was added to a collection.
    Append { owner: ObjectKey, relation: RelationId, member: ObjectKey },
    /// An object was taken out of a collection.
    Remove { owner: ObjectKey, relation: RelationId, member: ObjectKey },
    /// A reference was set; the one before is `None` when it was nothing or is not known.
    Set { owner: ObjectKey, relation: RelationId, target: Option<ObjectKey>, before: Option<ObjectKey> },
    /// A step of a flush reached an object.
    Row { object: ObjectKey, step: RowStep },
    /// The state of an object changed.
    State { object: ObjectKey, change: StateChange },
    /// A collection is about to hold exactly these objects.
    Replace { owner: ObjectKey, relation: RelationId, members: Vec<ObjectKey> },
    /// An object left a collection because its row was deleted, by a session or by a foreign key action.
    Gone { owner: ObjectKey, relation: RelationId, member: ObjectKey, by_action: bool },
    /// A column has got another value.
    Column { object: ObjectKey, column: ColumnId, before: Value, now: Value },
    /// A foreign key action has changed or removed a row.
    Action(ActionTaken),
    /// The session has come to a step of its unit of work.
    Unit(UnitStep),
}

/// What a foreign key action did to a row.
#[derive(Clone, Debug)]
pub struct ActionTaken {
    pub(super) table: String,
    /// The row as it was.
    pub(super) before: Row,
    /// The object of the row, if the session knows it.
    pub(super) object: Option<ObjectKey>,
    /// The columns it has set; `None` where the row is gone.
    pub(super) set: Option<Vec<(String, Value)>>,
    /// The object whose deletion set it in motion.
    pub(super) origin: ObjectKey,
    /// The foreign keys on the way from there, the last one last.
    pub(super) path: Vec<String>,
}

/// The steps of a unit of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnitStep {
    /// A flush is about to look at what is pending.
    BeforeFlush,
    /// A flush went through.
    AfterFlush,
    /// A commit is about to flush.
    BeforeCommit,
    /// A commit went through.
    AfterCommit,
    /// A rollback went through.
    AfterRollback,
}

/// The steps of a flush that an object passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowStep {
    /// Its row is about to be inserted.
    BeforeInsert,
    /// Its row was inserted.
    AfterInsert,
    /// Its row is about to be updated.
    BeforeUpdate,
    /// Its row was updated.
    AfterUpdate,
    /// Its row is about to be deleted.
    BeforeDelete,
    /// Its row was deleted.
    AfterDelete,
}

impl RowStep {
    /// Whether the row is not written yet.
    pub(super) fn is_before(self) -> bool {
        matches!(self, RowStep::BeforeInsert | RowStep::BeforeUpdate | RowStep::BeforeDelete)
    }
}

/// From one state to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum StateChange {
    TransientToPending,
    PendingToTransient,
    PendingToPersistent,
    PersistentToTransient,
    PersistentToDeleted,
    PersistentToDetached,
    DeletedToPersistent,
    DeletedToDetached,
    DetachedToPersistent,
    LoadedAsPersistent,
}

/// What has happened since somebody looked; nothing is kept while nobody listens.
#[derive(Debug, Default)]
pub(super) struct Events {
    /// Whether what happens is collected for [`take_events`](super::Untyped::take_events).
    pub(super) on: bool,
    pub(super) happened: Vec<Happening>,
    /// Whether somebody listens.
    pub(super) heard: bool,
    /// What listeners have still to be told, and how many of them stand between it and the user.
    pub(super) queue: VecDeque<(u32, Happening)>,
    /// How many listeners stand between the user and what happens now.
    pub(super) generation: u32,
}

impl Events {
    /// Whether anybody will know what happens.
    pub(super) fn is_noted(&self) -> bool {
        self.on || self.heard
    }

    #[inline]
    pub(super) fn note(&mut self, happening: impl FnOnce() -> Happening) {
        if self.is_noted() {
            self.keep(happening());
        }
    }

    fn keep(&mut self, happening: Happening) {
        if self.heard {
            self.queue.push_back((self.generation, happening.clone()));
        }
        if self.on {
            self.happened.push(happening);
        }
    }

    /// Notes what listeners were told before.
    #[inline]
    pub(super) fn collect(&mut self, happening: impl FnOnce() -> Happening) {
        if self.on {
            self.happened.push(happening());
        }
    }

    /// Notes what is told to listeners alone.
    #[inline]
    pub(super) fn tell(&mut self, happening: impl FnOnce() -> Happening) {
        if self.heard {
            let happening = happening();
            self.queue.push_back((self.generation, happening));
        }
    }
}

impl StateChange {
    /// The change from one state to another, if there is a name for it.
    pub(super) fn between(from: State, to: State) -> Option<StateChange> {
        Some(match (from, to) {
            (State::Transient, State::Pending) => StateChange::TransientToPending,
            (State::Pending, State::Transient) => StateChange::PendingToTransient,
            (State::Pending, State::Persistent) => StateChange::PendingToPersistent,
            (State::Persistent, State::Transient) => StateChange::PersistentToTransient,
            (State::Persistent, State::Deleted) => StateChange::PersistentToDeleted,
            (State::Persistent, State::Detached) => StateChange::PersistentToDetached,
            (State::Deleted, State::Persistent) => StateChange::DeletedToPersistent,
            (State::Deleted, State::Detached) => StateChange::DeletedToDetached,
            (State::Detached, State::Persistent) => StateChange::DetachedToPersistent,
            _ => return None,
        })
    }
}
