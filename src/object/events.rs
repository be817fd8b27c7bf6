//! What happens to objects, for those who listen.

use super::reference::ObjectKey;
use super::state::State;
use crate::id::RelationId;

/// Something that has happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Happening {
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
    pub(super) on: bool,
    pub(super) happened: Vec<Happening>,
}

impl Events {
    #[inline]
    pub(super) fn note(&mut self, happening: impl FnOnce() -> Happening) {
        if self.on {
            self.happened.push(happening());
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
