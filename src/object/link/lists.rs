//! Collections that change as wholes, or by places.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::{Graph, Happening, How};
use crate::error::Result;
use crate::object::links::Link;
use crate::object::model::RelationModel;
use crate::object::reference::ObjectKey;

impl Graph {
    /// Takes out what stands at a place, and speaks of it then.
    ///
    /// # Errors
    /// As [`remove`](Graph::remove).
    pub(in crate::object) fn pop_at(
        &mut self,
        owner: ObjectKey,
        relation: &RelationModel,
        item: ObjectKey,
        at: usize,
    ) -> Result<()> {
        self.touch_by(owner, relation);
        let collection = self.collection_mut(owner, relation.id);
        collection.remember_or_begin();
        collection.take(Some(at), item);
        self.lose_member(owner, relation, item, self.origin(owner, relation.id, How::Remove))
    }

    /// Speaks of each of these members, and takes all out then.
    ///
    /// # Errors
    /// As [`remove`](Graph::remove).
    pub(in crate::object) fn clear_list(
        &mut self,
        owner: ObjectKey,
        relation: &RelationModel,
        members: &[ObjectKey],
    ) -> Result<()> {
        self.touch_by(owner, relation);
        self.collection_mut(owner, relation.id).remember_or_begin();
        let origin = self.origin(owner, relation.id, How::Remove);
        members.iter().try_for_each(|it| self.lose_member(owner, relation, *it, origin))?;
        self.collection_mut(owner, relation.id).members = Some(Arc::default());
        Ok(())
    }

    /// Lets a collection that is loaded hold exactly these objects.
    ///
    /// # Errors
    /// As [`set`](Graph::set).
    pub(in crate::object) fn replace(
        &mut self,
        owner: ObjectKey,
        relation: &RelationModel,
        members: &[ObjectKey],
    ) -> Result<()> {
        let class = self.objects[owner].class;
        let origin = self.origin(owner, relation.id, How::Replace);
        let before = match self.link(owner, relation.id) {
            Link::Many(it) => it.members.clone().unwrap_or_default(),
            _ => Arc::default(),
        };
        let had: FxHashSet<ObjectKey> = before.iter().copied().collect();
        let keep: FxHashSet<ObjectKey> = members.iter().copied().collect();
        for &member in members.iter().filter(|it| !had.contains(*it)) {
            self.check_single_parent(owner, relation, Some(member))?;
        }
        members.iter().try_for_each(|it| self.check_brings(owner, relation, *it))?;
        self.touch_by(owner, relation);
        self.events.tell(|| Happening::Replace { owner, relation: relation.id, members: members.to_vec() });
        let collection = self.collection_mut(owner, relation.id);
        collection.remember_or_begin();
        collection.members = Some(Arc::default());
        let by = self.declared(class, relation.id);
        for &member in members {
            let once = relation.collection.is_set() || self.is_sound();
            let twice = once && self.collection_mut(owner, relation.id).holds(member);
            if twice {
                continue;
            }
            if !had.contains(&member) {
                self.bring_in(owner, relation, member, origin)?;
                self.events.note(|| Happening::Append { owner, relation: relation.id, member });
                self.append_other_side(owner, relation, member, origin)?;
                if Graph::tracks_parents(relation) {
                    self.has_got_parent(member, by, owner);
                }
            }
            self.collection_mut(owner, relation.id).insert(None, member);
        }
        for &member in before.iter().filter(|it| keep.contains(*it)) {
            self.bring_in(owner, relation, member, origin)?;
        }
        let mut seen = FxHashSet::default();
        for &member in before.iter().filter(|it| !keep.contains(*it) && seen.insert(**it)) {
            self.lose_member(owner, relation, member, origin)?;
        }
        Ok(())
    }
}
