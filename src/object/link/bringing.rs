//! Save-update: whom a link brings into the session, and who may not come.

use super::{Graph, Origin};
use crate::error::Result;
use crate::object::class::Cascade;
use crate::object::model::RelationModel;
use crate::object::reference::ObjectKey;
use crate::object::state::State;
use crate::object::touched::Along;

impl Graph {
    /// The cascades of a reference that is set.
    pub(super) fn follow_set(
        &mut self,
        key: ObjectKey,
        relation: &RelationModel,
        target: Option<ObjectKey>,
        lost: Option<ObjectKey>,
        origin: Origin,
    ) -> Result<()> {
        if !self.is_attached(key) {
            return Ok(());
        }
        if let Some(target) = target {
            self.bring_in(key, relation, target, origin)?;
        }
        if let Some(lost) = lost
            && !self.is_sound()
            && relation.cascade.contains(Cascade::DELETE_ORPHAN)
            && self.objects[lost].state == State::Pending
            && self.is_orphan(lost)
        {
            self.expunge(lost);
        }
        Ok(())
    }

    /// Save-update: an object in the session brings along one that it is linked to. The cascade is that of the relation
    /// which was set or pushed to; that the other side moves too brings nobody in.
    pub(super) fn bring_in(
        &mut self,
        key: ObjectKey,
        relation: &RelationModel,
        item: ObjectKey,
        origin: Origin,
    ) -> Result<()> {
        let own = self.declared(self.objects[key].class, relation.id);
        if self.is_sound() && origin.by == own && self.is_in(key) && self.is_in(item) {
            // Who links an object that was to be deleted wants to keep it. Of one that has left the session, the mark says that
            // its row is gone.
            self.objects[item].marked = false;
        }
        if origin.by == own && self.brings(key, relation, item) {
            self.enroll(item, Some(Along { from: key, relation: relation.id }))?;
        }
        Ok(())
    }

    /// Whether an object brings along one that is linked to it.
    fn brings(&self, key: ObjectKey, relation: &RelationModel, item: ObjectKey) -> bool {
        relation.cascade.contains(Cascade::SAVE_UPDATE) && self.is_attached(key) && !self.contains(item)
    }

    /// Refuses an object that may not become a member, before anything has changed. SQLAlchemy finds out on the way.
    pub(in crate::object) fn check_joins(
        &self,
        key: ObjectKey,
        relation: &RelationModel,
        item: ObjectKey,
    ) -> Result<()> {
        if self.is_sound() {
            self.check_single_parent(key, relation, Some(item))?;
        }
        self.check_brings(key, relation, item)
    }

    /// Refuses an object that may not come in where it is to be linked, before anything has changed. SQLAlchemy finds out
    /// on the way.
    pub(super) fn check_brings(&self, key: ObjectKey, relation: &RelationModel, item: ObjectKey) -> Result<()> {
        if self.is_sound() && self.brings(key, relation, item) { self.check_enroll(item) } else { Ok(()) }
    }
}
