//! Both sides of a relation move together (O2): in memory, at once, with no statement, whether loaded or not.
//!
//! Each change of one side is an event. The event lets save-update cascades bring objects into the session, and moves the
//! other side, whose own event would move this side again: so an event carries what started it, and stops where it
//! would come back. A collection that is not loaded queues what happens to it.

mod bringing;
mod lists;

use super::class::{Cascade, Lazy};
use super::events::Happening;
use super::graph::Graph;
use super::identity::Identity;
use super::links::{Collection, Link, Since};
use super::model::{Join, Model, RelationModel};
use super::parents::Declared;
use super::reference::ObjectKey;
use super::state::State;
use crate::error::{Misuse, Result};
use crate::id::{ClassId, RelationId};
use crate::record::Row;
use std::sync::Arc;

/// What started a chain of events: a change of a relation, named by the class that declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    by: Declared,
    how: How,
    owner: ObjectKey,
}

impl Origin {
    /// Whether the chain started with such a change.
    fn is(self, by: Declared, how: How) -> bool {
        self.by == by && (self.how == how || how == How::Set && self.how == How::Unset)
    }
}

/// How a relation was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Append,
    Remove,
    Set,
    /// Set to nothing, because its value was taken away.
    Unset,
    Replace,
}

/// What is known of what a reference led to before it is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    Known(Option<ObjectKey>),
    /// It has a row, which may lead anywhere.
    Unknown,
    /// It has no row and was never set.
    Never,
}

impl Before {
    fn object(self) -> Option<ObjectKey> {
        match self {
            Before::Known(it) => it,
            Before::Unknown | Before::Never => None,
        }
    }
}

impl Graph {
    pub(super) fn class_of(&self, key: ObjectKey) -> (Arc<Model>, ClassId) {
        (self.model.clone(), self.objects[key].class)
    }

    /// What a `belongs_to` leads to, if the session can tell: by its link, or by the row's foreign key and the identity
    /// map. A key with a NULL part leads to nothing.
    pub(super) fn known_reference(&self, key: ObjectKey, relation: &RelationModel) -> Option<Option<ObjectKey>> {
        if let Link::One { target, .. } = self.link(key, relation.id) {
            return Some(*target);
        }
        self.reference_in(self.row(key)?, key, relation)
    }

    /// Where the foreign key in a row of an object leads, if the identity map can tell.
    #[inline]
    pub(super) fn reference_in(
        &self,
        row: &Row,
        key: ObjectKey,
        relation: &RelationModel,
    ) -> Option<Option<ObjectKey>> {
        let Join::BelongsTo { columns, by_identity: true, .. } = &relation.join else { return None };
        if relation.condition.is_some() || columns.iter().any(|it| !self.has_column(key, *it)) {
            return None;
        }
        if columns.iter().any(|&it| row.get(it).is_null()) {
            return Some(None);
        }
        let identity = Identity::of(&**row, columns)?;
        self.known_as(relation.target, &identity)
    }

    /// What a reference led to before a change, without reading.
    fn before(&self, key: ObjectKey, relation: &RelationModel) -> Before {
        if let Link::One { target, .. } = self.link(key, relation.id) {
            return Before::Known(*target);
        }
        if !self.has_identity(key) {
            // Its row may hold a foreign key that was written by hand.
            let by_hand = self.is_sound() && self.holds_reference(key, relation);
            return if by_hand { Before::Unknown } else { Before::Never };
        }
        if !self.is_sound() && relation.lazy == Lazy::Noload {
            return Before::Never;
        }
        // Without a session nobody looks into the identity map.
        if !self.is_sound() && self.objects[key].state == State::Detached && !self.objects[key].was_read(relation.id) {
            return Before::Unknown;
        }
        let known = match self.original(key).filter(|_| !self.objects[key].was_read(relation.id)) {
            // What was not read is what the row said when it was.
            Some(original) => self.reference_in(original, key, relation),
            None => self.known_reference(key, relation),
        };
        match known {
            // Whether its row is still there is not known.
            Some(Some(target)) if self.objects[target].lacks_row() && !self.is_sound() => Before::Unknown,
            Some(known) => Before::Known(known),
            None => Before::Unknown,
        }
    }

    /// Whether changes of a relation are remembered as getting and losing a parent.
    fn tracks_parents(relation: &RelationModel) -> bool {
        relation.single_parent || matches!(relation.join, Join::Has { .. })
    }

    fn origin(&self, owner: ObjectKey, relation: RelationId, how: How) -> Origin {
        Origin { by: self.declared(self.objects[owner].class, relation), how, owner }
    }

    /// Lets a reference lead to another object or to none.
    ///
    /// # Errors
    /// When the target already has another parent and may have one only, or cannot come into the session.
    pub(super) fn set(&mut self, key: ObjectKey, relation: &RelationModel, target: Option<ObjectKey>) -> Result<()> {
        self.check_single_parent(key, relation, target)?;
        target.into_iter().try_for_each(|it| self.check_brings(key, relation, it))?;
        self.set_reference(key, relation, target, None, None)
    }

    /// Takes the value of a reference away. SQLAlchemy does not tell of it as of one that is set.
    ///
    /// # Errors
    /// As [`set`](Graph::set).
    pub(super) fn unset(&mut self, key: ObjectKey, relation: &RelationModel) -> Result<()> {
        let how = if self.is_sound() { How::Set } else { How::Unset };
        self.set_reference(key, relation, None, Some(self.origin(key, relation.id, how)), None)
    }

    fn set_reference(
        &mut self,
        key: ObjectKey,
        relation: &RelationModel,
        target: Option<ObjectKey>,
        from: Option<Origin>,
        only_if: Option<ObjectKey>,
    ) -> Result<()> {
        let class = self.objects[key].class;
        let before = self.before(key, relation);
        let elsewhere = |expected| before != Before::Unknown && before.object() != Some(expected);
        if only_if.is_some_and(elsewhere) {
            if let Before::Known(known) = before {
                self.remember_asked(key, relation, known);
            }
            return Ok(());
        }
        let by = self.declared(class, relation.id);
        let origin = from.unwrap_or(Origin { by, how: How::Set, owner: key });
        // Of a side that is not known a sound session believes who leaves it.
        let left = only_if.filter(|_| before == Before::Unknown && self.is_sound());
        let lost = before.object().or(left).filter(|it| Some(*it) != target);
        if let Some(lost) = lost.filter(|_| Graph::tracks_parents(relation)) {
            self.has_lost_parent(lost, by, key);
        }
        if before == Before::Unknown && target.is_none() && self.is_sound() {
            self.lose_unknown_owner(key, relation);
        }
        let moves = before != Before::Known(target) || !self.agrees(key, relation, target);
        if moves {
            self.follow_set(key, relation, target, lost, origin)?;
        }
        // What may not come in was not set.
        if origin.how != How::Unset || origin.owner != key {
            self.events.note(|| Happening::Set { owner: key, relation: relation.id, target, before: before.object() });
        }
        if moves {
            self.move_other_side(key, relation, target, lost, origin)?;
        }
        let since = match (self.link(key, relation.id), before) {
            (Link::One { since, .. }, _) => since.changed(before.object()),
            (_, Before::Known(before)) => Since::Changed(before),
            (_, Before::Unknown | Before::Never) => Since::ChangedUnread,
        };
        *self.link_mut(key, relation.id) = Link::One { target, since };
        self.touch_by(key, relation);
        if let Some(target) = target.filter(|_| Graph::tracks_parents(relation)) {
            self.has_got_parent(target, by, key);
        }
        Ok(())
    }

    /// SQLAlchemy keeps what it was told when it asked what a reference leads to, though it changes nothing.
    fn remember_asked(&mut self, key: ObjectKey, relation: &RelationModel, known: Option<ObjectKey>) {
        if !self.is_sound() && self.has_identity(key) && !self.is_loaded(key, relation.id) {
            self.note_read(key, relation, known);
        }
    }

    /// The other side of a reference: the object it led to loses this one, the object it leads to now gets it.
    fn move_other_side(
        &mut self,
        key: ObjectKey,
        relation: &RelationModel,
        target: Option<ObjectKey>,
        lost: Option<ObjectKey>,
        origin: Origin,
    ) -> Result<()> {
        let model = self.model.clone();
        let inverse = |it: ObjectKey| Some((it, self.as_to(relation, it).inverse?));
        let (lost, target) = (lost.and_then(inverse), target.and_then(inverse));
        if let Some((lost, inverse)) = lost {
            let (by, other) = self.other_side(&model, lost, inverse);
            if self.is_sound() && Graph::tracks_parents(other) {
                self.has_lost_parent(key, by, lost);
            }
            let own = if other.join.is_many() { How::Remove } else { How::Set };
            // Who has let go of it already is not asked again.
            let began = origin.is(by, own) || self.is_sound() && own == How::Remove && origin.is(by, How::Replace);
            if !began || self.is_sound() && origin.owner != lost {
                let own = self.origin(key, relation.id, How::Set);
                self.pop(lost, other, key, own)?;
            }
        }
        if let Some((target, inverse)) = target {
            let (by, other) = self.other_side(&model, target, inverse);
            let stops = match other.join.is_many() {
                true => [How::Append, How::Replace],
                false => [How::Set, How::Set],
            };
            if !stops.iter().any(|&how| origin.is(by, how)) {
                self.arrive(target, other, key, origin)?;
            }
        }
        Ok(())
    }

    fn other_side<'m>(&self, model: &'m Model, key: ObjectKey, inverse: RelationId) -> (Declared, &'m RelationModel) {
        let class = self.objects[key].class;
        (self.declared(class, inverse), model.relation(class, inverse))
    }

    /// An object arrives at the other side, which is a reference or a collection.
    fn arrive(&mut self, owner: ObjectKey, relation: &RelationModel, item: ObjectKey, origin: Origin) -> Result<()> {
        if relation.join.is_many() {
            self.append_by(owner, relation, item, None, Some(origin))
        } else {
            self.set_reference(owner, relation, Some(item), Some(origin), None)
        }
    }

    /// An object leaves the other side, if it is there.
    fn pop(&mut self, owner: ObjectKey, relation: &RelationModel, item: ObjectKey, origin: Origin) -> Result<()> {
        if relation.join.is_many() {
            self.remove_by(owner, relation, item, None, Some(origin))
        } else {
            self.set_reference(owner, relation, None, Some(origin), Some(item))
        }
    }

    /// Adds an object to a collection, at its end or at a place.
    ///
    /// # Errors
    /// As [`set`](Graph::set).
    pub(super) fn append(
        &mut self,
        owner: ObjectKey,
        relation: &RelationModel,
        item: ObjectKey,
        at: Option<usize>,
    ) -> Result<()> {
        self.check_single_parent(owner, relation, Some(item))?;
        self.append_by(owner, relation, item, at, None)
    }

    /// Whether changes of a collection wait until it is loaded.
    fn queues(&self, owner: ObjectKey, relation: &RelationModel) -> bool {
        let loaded = matches!(self.link(owner, relation.id), Link::Many(it) if it.members.is_some());
        relation.lazy.is_never_loaded() || !loaded && self.has_identity(owner)
    }

    fn append_by(
        &mut self,
        owner: ObjectKey,
        relation: &RelationModel,
        item: ObjectKey,
        at: Option<usize>,
        from: Option<Origin>,
    ) -> Result<()> {
        let class = self.objects[owner].class;
        let origin = from.unwrap_or_else(|| self.origin(owner, relation.id, How::Append));
        let queues = self.queues(owner, relation);
        let there = if self.is_sound() && from.is_none() {
            self.is_member(owner, relation, item)
        } else {
            !queues && relation.collection.is_set() && self.collection_mut(owner, relation.id).holds(item)
        };
        if there {
            return self.bring_in(owner, relation, item, origin);
        }
        self.bring_in(owner, relation, item, origin)?;
        self.events.note(|| Happening::Append { owner, relation: relation.id, member: item });
        self.append_other_side(owner, relation, item, origin)?;
        if Graph::tracks_parents(relation) {
            let by = self.declared(class, relation.id);
            self.has_got_parent(item, by, owner);
        }
        self.touch_by(owner, relation);
        let certain = self.must_be_certain(relation, item);
        let collection = self.collection_mut(owner, relation.id);
        if queues && certain {
            collection.queue_for_certain(item, true);
        } else if queues {
            collection.queue_add(item);
        } else {
            collection.remember_or_begin();
            collection.insert(at, item);
        }
        Ok(())
    }

    /// Whether nothing but the rows knows if an object is a member of a collection that is not loaded.
    fn must_be_certain(&self, relation: &RelationModel, item: ObjectKey) -> bool {
        self.is_sound() && self.as_to(relation, item).inverse.is_none() && self.has_identity(item)
    }

    fn append_other_side(
        &mut self,
        owner: ObjectKey,
        relation: &RelationModel,
        item: ObjectKey,
        origin: Origin,
    ) -> Result<()> {
        let Some(inverse) = self.as_to(relation, item).inverse else { return Ok(()) };
        let model = self.model.clone();
        let (by, other) = self.other_side(&model, item, inverse);
        let stops = origin.is(by, How::Append) || origin.is(by, How::Replace);
        // A reference that started the chain was set: it is on its way already.
        let started = !other.join.is_many() && origin.is(by, How::Set);
        if stops || started { Ok(()) } else { self.arrive(item, other, owner, origin) }
    }

    /// Takes an object out of a collection, from a place or from where it stands first.
    ///
    /// # Errors
    /// When the object it stands for cannot be let go.
    pub(super) fn remove(
        &mut self,
        owner: ObjectKey,
        relation: &RelationModel,
        item: ObjectKey,
        at: Option<usize>,
    ) -> Result<()> {
        self.remove_by(owner, relation, item, at, None)
    }

    fn remove_by(
        &mut self,
        owner: ObjectKey,
        relation: &RelationModel,
        item: ObjectKey,
        at: Option<usize>,
        from: Option<Origin>,
    ) -> Result<()> {
        let origin = from.unwrap_or_else(|| self.origin(owner, relation.id, How::Remove));
        let queues = self.queues(owner, relation);
        self.lose_member(owner, relation, item, origin)?;
        self.touch_by(owner, relation);
        let certain = self.must_be_certain(relation, item);
        let collection = self.collection_mut(owner, relation.id);
        if queues && certain {
            collection.queue_for_certain(item, false);
        } else if queues {
            collection.queue_remove(item);
        } else {
            collection.remember_or_begin();
            collection.take(at, item);
        }
        Ok(())
    }

    /// SQLAlchemy tells of an object that leaves a list, and moves its other side, before it looks whether it is there.
    ///
    /// # Errors
    /// As [`remove`](Graph::remove).
    pub(super) fn lose_stranger(&mut self, owner: ObjectKey, relation: &RelationModel, item: ObjectKey) -> Result<()> {
        self.lose_member(owner, relation, item, self.origin(owner, relation.id, How::Remove))?;
        self.touch_by(owner, relation);
        Ok(())
    }

    /// The event of an object that leaves a collection.
    fn lose_member(
        &mut self,
        owner: ObjectKey,
        relation: &RelationModel,
        item: ObjectKey,
        origin: Origin,
    ) -> Result<()> {
        let by = self.declared(self.objects[owner].class, relation.id);
        if Graph::tracks_parents(relation) {
            self.has_lost_parent(item, by, owner);
        }
        self.events.note(|| Happening::Remove { owner, relation: relation.id, member: item });
        // A sound session lets the flush decide: what has lost its parent may get another one before.
        if !self.is_sound() && relation.cascade.contains(Cascade::DELETE_ORPHAN) && self.is_orphan(item) {
            if self.is_attached(owner) && self.objects[item].state == State::Pending {
                self.expunge(item);
            } else {
                self.extra_mut(item).orphaned = true;
            }
        }
        let Some(inverse) = self.as_to(relation, item).inverse else { return Ok(()) };
        let model = self.model.clone();
        let (by, other) = self.other_side(&model, item, inverse);
        let stops = match other.join.is_many() {
            true => [How::Remove, How::Replace],
            false => [How::Remove, How::Set],
        };
        if stops.iter().any(|&how| origin.is(by, how)) {
            return Ok(());
        }
        // A list that holds the object twice still holds it.
        let twice = !other.join.is_many()
            && matches!(self.link(owner, relation.id), Link::Many(it)
                if it.members.as_ref().is_some_and(|all| all.iter().filter(|it| **it == item).count() > 1));
        if twice { Ok(()) } else { self.pop(item, other, owner, origin) }
    }

    /// Whether an object may get this owner: where a relation is the only parent that its target may have, it must have
    /// none yet.
    fn check_single_parent(&self, owner: ObjectKey, relation: &RelationModel, target: Option<ObjectKey>) -> Result<()> {
        let Some(target) = target.filter(|_| relation.single_parent) else { return Ok(()) };
        let by = self.declared(self.objects[owner].class, relation.id);
        let own = match self.link(owner, relation.id) {
            Link::One { target: known, .. } => *known == Some(target),
            _ => false,
        };
        if own || !self.has_parent(target, by, false) {
            return Ok(());
        }
        let relation = format!("{}.{}", self.model.class(by.0).name, relation.name);
        Err(Misuse::SingleParent { relation, object: self.name(target) }.into())
    }
}

impl Collection {
    /// Notes what a collection that is about to change held; one of an object without a row begins empty.
    fn remember_or_begin(&mut self) {
        if self.members.is_none() {
            self.members = Some(Arc::default());
            self.pending = None;
        }
        self.remember();
    }
}
