//! Both sides of a relation move together (O2): in memory, at once, with no statement, whether loaded or not.
//!
//! Where a relation has an inverse, the reference of the side with the foreign key is the truth, and the collection of
//! the other side follows it.

use super::class::Cascade;
use super::graph::Graph;
use super::identity::Identity;
use super::links::{Link, Since};
use super::model::{Join, Model, RelationModel};
use super::reference::ObjectKey;
use super::state::State;
use crate::error::{Misuse, Result};
use crate::id::{ClassId, RelationId};
use std::sync::Arc;

impl Graph {
    fn class_of(&self, key: ObjectKey) -> (Arc<Model>, ClassId) {
        (self.model.clone(), self.objects[key].class)
    }

    /// What a `belongs_to` leads to now, if the session can tell: by its link, or by the row's foreign key and the
    /// identity map. A key with a NULL part leads to nothing.
    pub(super) fn known_reference(&self, key: ObjectKey, relation: &RelationModel) -> Option<Option<ObjectKey>> {
        match self.link(key, relation.id) {
            Link::One { target, .. } if target.is_none_or(|it| !self.is_gone(it)) => return Some(*target),
            _ => {}
        }
        let Join::BelongsTo { columns, by_identity, .. } = &relation.join else { return None };
        let row = self.row(key)?;
        if columns.iter().any(|&it| row.get(it).is_null()) {
            return Some(None);
        }
        let identity = Identity::of(&**row, columns).filter(|_| *by_identity)?;
        self.known(relation.target, &identity).map(Some)
    }

    /// What a `belongs_to` leads to now, if the session can tell, and the other side has been told. A foreign key that
    /// was written by hand into a new row is not yet known there.
    fn arrived_reference(&self, key: ObjectKey, relation: &RelationModel) -> Option<Option<ObjectKey>> {
        let known = self.known_reference(key, relation);
        let told =
            self.objects[key].state == State::Persistent || matches!(self.link(key, relation.id), Link::One { .. });
        known.filter(|it| told || it.is_none())
    }

    /// What a `belongs_to` leads to now, as far as the session knows.
    pub(super) fn known_target(&self, key: ObjectKey, relation: &RelationModel) -> Option<ObjectKey> {
        self.known_reference(key, relation).flatten()
    }

    /// Lets a reference lead to another object or to none.
    ///
    /// # Errors
    /// When the relation leads to a collection.
    pub(super) fn set(&mut self, key: ObjectKey, relation: RelationId, target: Option<ObjectKey>) -> Result<()> {
        let (model, class) = self.class_of(key);
        let declared = model.relation(class, relation);
        match &declared.join {
            Join::BelongsTo { .. } => {
                self.set_reference(key, declared, target);
                if let Some(target) = target {
                    self.follow(key, declared, target);
                }
            }
            Join::Has { one: true, .. } => self.set_partner(key, declared, target),
            _ => {
                let reason = format!("{} is a collection; push, remove or replace its members", declared.name);
                return Err(Misuse::Statement { reason }.into());
            }
        }
        Ok(())
    }

    fn set_reference(&mut self, key: ObjectKey, relation: &RelationModel, target: Option<ObjectKey>) {
        let known = self.arrived_reference(key, relation);
        let before = known.flatten();
        // An owner that was given another partner, without having known this one, no longer agrees with the row.
        let replaced =
            |inverse, owner| matches!(self.link(owner, inverse), Link::One { target, .. } if *target != Some(key));
        let agrees = !relation.inverse.zip(target).is_some_and(|(inverse, owner)| replaced(inverse, owner));
        if known == Some(target) && agrees {
            return;
        }
        *self.link_mut(key, relation.id) = Link::One { target, since: Since::Changed };
        self.touch(key);
        let model = self.model.clone();
        if let Some(inverse) = relation.inverse {
            let inverse = model.relation(relation.target, inverse);
            if let Some(before) = before.filter(|it| Some(*it) != target) {
                self.leave(before, inverse, key);
            }
            if let Some(target) = target.filter(|it| Some(*it) != before || !agrees) {
                self.arrive(target, inverse, key, relation);
            }
        }
    }

    /// The owner's side of a reference that no longer leads there.
    pub(super) fn leave(&mut self, owner: ObjectKey, relation: &RelationModel, member: ObjectKey) {
        if relation.join.is_many() {
            self.collection_mut(owner, relation.id).remove(member);
        } else if let Link::One { target, since } = self.link_mut(owner, relation.id)
            && *target == Some(member)
        {
            // Whom the tables name is still to be found out, if it was before.
            *since = since.changed();
            *target = None;
        }
        self.touch(owner);
    }

    /// The owner's side of a reference that now leads there. A partner of one-to-one that was there before is let go.
    pub(super) fn arrive(
        &mut self,
        owner: ObjectKey,
        relation: &RelationModel,
        member: ObjectKey,
        inverse: &RelationModel,
    ) {
        if relation.join.is_many() {
            self.collection_mut(owner, relation.id).add(member);
            self.touch(owner);
            return;
        }
        let (before, since) = match self.link(owner, relation.id) {
            Link::One { target, since } => (*target, since.changed()),
            _ => (None, self.unread(owner)),
        };
        *self.link_mut(owner, relation.id) = Link::One { target: Some(member), since };
        self.touch(owner);
        if let Some(before) = before.filter(|it| *it != member) {
            *self.link_mut(before, inverse.id) = Link::One { target: None, since: Since::Changed };
            self.touch(before);
        }
    }

    /// How much is known of a partner that was never read: of an object without a row, that there was none.
    fn unread(&self, owner: ObjectKey) -> Since {
        if self.objects[owner].state == State::Persistent { Since::ChangedUnread } else { Since::Changed }
    }

    fn set_partner(&mut self, owner: ObjectKey, relation: &RelationModel, partner: Option<ObjectKey>) {
        let model = self.model.clone();
        let inverse = relation.inverse.map(|it| model.relation(relation.target, it));
        let (before, since) = match self.link(owner, relation.id) {
            // Without an inverse nobody else remembers the partner that is let go: the flush asks the tables.
            Link::One { target, since: Since::Unchanged } if inverse.is_none() => (*target, self.unread(owner)),
            Link::One { target, since } => (*target, since.changed()),
            _ => (None, self.unread(owner)),
        };
        if inverse.is_none() && before == partner && matches!(self.link(owner, relation.id), Link::One { .. }) {
            return;
        }
        match (inverse, partner) {
            (Some(inverse), Some(partner)) => self.set_reference(partner, inverse, Some(owner)),
            (Some(inverse), None) => {
                if let Some(before) = before {
                    self.set_reference(before, inverse, None);
                }
                // A partner whose row was expired does not know that it leaves here.
                *self.link_mut(owner, relation.id) = Link::One { target: None, since };
                self.touch(owner);
            }
            (None, _) => {
                *self.link_mut(owner, relation.id) = Link::One { target: partner, since };
                self.touch(owner);
            }
        }
        if let Some(partner) = partner {
            self.follow(owner, relation, partner);
        }
    }

    /// Adds an object to a collection; a member that is there already stays where it is.
    ///
    /// # Errors
    /// When the relation leads to one object only.
    pub(super) fn push(&mut self, owner: ObjectKey, relation: RelationId, member: ObjectKey) -> Result<()> {
        let (model, class) = self.class_of(owner);
        let declared = model.relation(class, relation);
        let inverse = declared.inverse.map(|it| model.relation(declared.target, it));
        match (&declared.join, inverse) {
            (Join::Has { one: false, .. }, Some(inverse)) => self.set_reference(member, inverse, Some(owner)),
            (Join::Has { one: false, .. }, None) => {
                if !self.collection_mut(owner, relation).holds(member) {
                    self.collection_mut(owner, relation).add(member);
                    self.touch(owner);
                }
            }
            (Join::Through { .. }, inverse) => self.associate(owner, declared, member, inverse),
            _ => return Err(self.not_a_collection(declared)),
        }
        self.follow(owner, declared, member);
        Ok(())
    }

    fn associate(
        &mut self,
        owner: ObjectKey,
        relation: &RelationModel,
        member: ObjectKey,
        inverse: Option<&RelationModel>,
    ) {
        // Both sides say the same where both are loaded, so the shorter one is asked; one that is loaded knows more.
        let own = self.collection_mut(owner, relation.id);
        let (own_loaded, own_known) = (own.members.is_some(), own.known());
        let there = match inverse {
            Some(inverse) => {
                let other = self.collection_mut(member, inverse.id);
                if (other.members.is_some(), own_known) >= (own_loaded, other.known()) {
                    other.holds(owner)
                } else {
                    self.collection_mut(owner, relation.id).holds(member)
                }
            }
            None => own.holds(member),
        };
        if there {
            return;
        }
        self.collection_mut(owner, relation.id).add(member);
        self.touch(owner);
        if let Some(inverse) = inverse {
            self.collection_mut(member, inverse.id).add(owner);
            self.touch(member);
        }
    }

    /// Takes an object out of a collection.
    ///
    /// # Errors
    /// When it is not a member, or the relation leads to one object only.
    pub(super) fn remove(&mut self, owner: ObjectKey, relation: RelationId, member: ObjectKey) -> Result<()> {
        let (model, class) = self.class_of(owner);
        let declared = model.relation(class, relation);
        let inverse = declared.inverse.map(|it| model.relation(declared.target, it));
        let removed = match (&declared.join, inverse) {
            (Join::Has { one: false, .. }, Some(inverse)) => {
                let member_of = self.known_target(member, inverse);
                if member_of == Some(owner) {
                    self.set_reference(member, inverse, None);
                }
                member_of == Some(owner)
            }
            (Join::Has { one: false, .. }, None) => self.collection_mut(owner, relation).remove(member),
            (Join::Through { .. }, inverse) => {
                let removed = self.collection_mut(owner, relation).remove(member);
                if let Some(inverse) = inverse.filter(|_| removed) {
                    self.collection_mut(member, inverse.id).remove(owner);
                    self.touch(member);
                }
                removed
            }
            _ => return Err(self.not_a_collection(declared)),
        };
        if removed {
            self.touch(owner);
            return Ok(());
        }
        let relation = format!("{} of {}", declared.name, self.name(owner));
        Err(Misuse::NotInCollection { relation, object: self.name(member) }.into())
    }

    pub(super) fn not_a_collection(&self, relation: &RelationModel) -> crate::error::Error {
        let reason = format!("{} leads to one object; set it", relation.name);
        Misuse::Statement { reason }.into()
    }

    /// Save-update: an object in the session brings along one that it is linked to. The cascade is that of the relation
    /// which was set or pushed to; that the other side moves too brings nobody in.
    fn follow(&mut self, from: ObjectKey, relation: &RelationModel, to: ObjectKey) {
        let is_in = matches!(self.objects[from].state, State::Pending | State::Persistent);
        if is_in && relation.cascade.contains(Cascade::SAVE_UPDATE) {
            self.enroll(to);
        }
    }

    /// Makes a transient object pending, and with it whatever its save-update cascades reach.
    pub(super) fn enroll(&mut self, key: ObjectKey) {
        let model = self.model.clone();
        let mut work = vec![key];
        while let Some(key) = work.pop() {
            let object = &mut self.objects[key];
            if object.state != State::Transient {
                continue;
            }
            object.state = State::Pending;
            let class = model.class(object.class);
            self.touch(key);
            for relation in class.relations.iter().filter(|it| it.cascade.contains(Cascade::SAVE_UPDATE)) {
                match self.link(key, relation.id) {
                    Link::One { target, .. } => work.extend(target),
                    Link::Many(collection) => {
                        work.extend(collection.members.iter().flat_map(|it| it.iter().copied()));
                        work.extend(collection.added());
                    }
                    Link::Unloaded | Link::Refused => {}
                }
            }
        }
    }
}
