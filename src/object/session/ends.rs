//! Linking two objects: what both ends have to be, and what has to be read first.

use super::Core;
use crate::error::{Misuse, Result};
use crate::id::RelationId;
use crate::object::graph::Graph;
use crate::object::links::{Collection, Link};
use crate::object::model::{ClassModel, RelationModel};
use crate::object::reference::ObjectKey;
use crate::object::state::State;

impl Core {
    fn expect_class(&self, key: ObjectKey, class: &ClassModel) -> Result<()> {
        let given = self.graph.model.class(self.object(key)?.class);
        if self.graph.is_a(key, class.id) {
            return Ok(());
        }
        Err(Misuse::WrongClass { expected: class.name.clone(), given: given.name.clone() }.into())
    }

    /// Whether an object can be what a relation leads to: it is of the class, and if its rows stand in a whole table of
    /// their own, the foreign key can say so.
    fn expect_target(&self, key: ObjectKey, relation: &RelationModel) -> Result<()> {
        let target = self.graph.model.class(relation.target);
        self.expect_class(key, target)?;
        let class = self.graph.model.class(self.graph.objects[key].class);
        self.graph.model.as_it_leads_to(relation, class).map(drop)
    }

    /// Makes sure that both ends of a link are what the relation asks for.
    fn ready_to_link(&mut self, key: ObjectKey, relation: RelationId, other: Option<ObjectKey>) -> Result<()> {
        let model = self.graph.model.clone();
        let class = self.object(key)?.class;
        if let Some(other) = other {
            self.expect_target(other, model.relation(class, relation))?;
        }
        self.know_ends([Some(key), other].into_iter().flatten())
    }

    /// A sound session knows what both ends lead to before it moves them: an expired row is read again.
    fn know_ends(&mut self, ends: impl IntoIterator<Item = ObjectKey>) -> Result<()> {
        if !self.graph.is_sound() {
            return Ok(());
        }
        for end in ends {
            if self.graph.objects[end].state == State::Persistent {
                self.quietly(|core| core.fresh(end).map(drop))?;
            }
        }
        Ok(())
    }

    pub(in crate::object) fn link_one(
        &mut self,
        key: ObjectKey,
        relation: RelationId,
        target: Option<ObjectKey>,
    ) -> Result<()> {
        self.lead(key, relation, target, |graph, declared| graph.set(key, declared, target))
    }

    /// Takes the value of a reference away.
    pub(in crate::object) fn unlink_one(&mut self, key: ObjectKey, relation: RelationId) -> Result<()> {
        self.lead(key, relation, None, |graph, declared| graph.unset(key, declared))?;
        if !self.graph.is_sound() && !self.graph.has_identity(key) {
            // There is no row with which it could differ.
            *self.graph.link_mut(key, relation) = Link::Unloaded;
        }
        Ok(())
    }

    /// Lets a reference lead elsewhere, when what it led to has been read as far as somebody will ask for it.
    fn lead(
        &mut self,
        key: ObjectKey,
        relation: RelationId,
        target: Option<ObjectKey>,
        by: impl FnOnce(&mut Graph, &RelationModel) -> Result<()>,
    ) -> Result<()> {
        self.ready_to_link(key, relation, target)?;
        let (model, class) = self.graph.class_of(key);
        let declared = model.relation(class, relation);
        if declared.join.is_many() {
            let reason = format!("{} is a collection; push, remove or replace its members", declared.name);
            return Err(Misuse::Statement { reason }.into());
        }
        if let Some(target) = target {
            self.check_wanted(key, declared, target)?;
        }
        self.read_before_set(key, declared)?;
        let before = self.loaded_one(key, declared).flatten();
        self.read_other_side(declared, before.into_iter().chain(target))?;
        let ordered = declared.inverse.is_some_and(|it| model.relation(declared.target, it).position.is_some());
        by(&mut self.graph, declared)?;
        if ordered { self.renumber_other_side(declared, [before, target]) } else { Ok(()) }
    }

    /// Reads what a reference led to, where somebody will ask for it when it has been set.
    fn read_before_set(&mut self, key: ObjectKey, relation: &RelationModel) -> Result<()> {
        let asks = relation.active_history || relation.single_parent;
        if !asks || !self.graph.has_identity(key) || self.graph.is_loaded(key, relation.id) {
            return Ok(());
        }
        if !self.graph.is_sound() && self.graph.objects[key].state == State::Detached {
            return self.check_readable(key);
        }
        if !self.graph.is_sound() {
            self.may_read_before_set(key, relation)?;
        }
        self.quietly(|core| core.load_whatever(key, relation)).map(drop)
    }

    /// The same for references that are about to be set because they are the other side. A sound session asks nothing of
    /// that side.
    fn read_other_side(&mut self, relation: &RelationModel, others: impl IntoIterator<Item = ObjectKey>) -> Result<()> {
        if self.graph.is_sound() {
            return Ok(());
        }
        let model = self.graph.model.clone();
        for other in others {
            let Some(inverse) = self.graph.as_to(relation, other).inverse else { continue };
            let declared = model.relation(self.graph.objects[other].class, inverse);
            if !declared.join.is_many() {
                self.read_before_set(other, declared)?;
            }
        }
        Ok(())
    }

    pub(in crate::object) fn link_many(
        &mut self,
        key: ObjectKey,
        relation: RelationId,
        member: ObjectKey,
    ) -> Result<()> {
        self.insert_member(key, relation, member, None)
    }

    pub(in crate::object) fn unlink(&mut self, key: ObjectKey, relation: RelationId, member: ObjectKey) -> Result<()> {
        self.ready_to_link(key, relation, Some(member))?;
        let (model, class) = self.graph.class_of(key);
        let declared = model.relation(class, relation);
        self.expect_collection(declared)?;
        if !self.holds_member(key, declared, member)? {
            if !self.graph.is_sound() && !declared.collection.is_set() {
                self.read_other_side(declared, [member])?;
                self.graph.lose_stranger(key, declared, member)?;
            }
            let relation = format!("{} of {}", declared.name, self.graph.name(key));
            return Err(Misuse::NotInCollection { relation, object: self.graph.name(member) }.into());
        }
        self.read_other_side(declared, [member])?;
        self.graph.remove(key, declared, member, None)?;
        self.renumber(key, declared)
    }

    pub(in crate::object) fn replace(
        &mut self,
        key: ObjectKey,
        relation: RelationId,
        members: &[ObjectKey],
    ) -> Result<()> {
        let (model, class) = self.graph.class_of(key);
        let declared = model.relation(class, relation);
        self.expect_collection(declared)?;
        for &member in members {
            self.expect_target(member, declared)?;
        }
        if declared.lazy.is_never_loaded() && !self.graph.is_sound() {
            return self.replace_queried(key, declared, members);
        }
        self.bring_back(key, relation);
        let before = self.load_whatever(key, declared)?;
        for &member in members {
            self.check_wanted(key, declared, member)?;
        }
        let came = members.iter().filter(|it| !before.contains(it));
        self.know_ends(came.clone().copied())?;
        let went = before.iter().filter(|it| !members.contains(it));
        self.read_other_side(declared, came.chain(went).copied())?;
        self.graph.replace(key, declared, members)?;
        self.renumber(key, declared)
    }

    /// Lets a collection that is queried hold exactly these objects, as SQLAlchemy does: what comes and goes is queued. One
    /// that is only written cannot tell what it holds.
    pub(in crate::object) fn replace_queried(
        &mut self,
        key: ObjectKey,
        relation: &RelationModel,
        members: &[ObjectKey],
    ) -> Result<()> {
        if self.graph.has_identity(key) {
            self.check_whole(key, relation)?;
        }
        let before = self.load_whatever(key, relation)?;
        if self.graph.has_identity(key) {
            // What was read is not kept. What was queued before, the flush that came with reading has written.
            *self.graph.link_mut(key, relation.id) = Link::Unloaded;
        }
        self.graph.touch(key);
        // That it was replaced is known of it, even where nothing came or went.
        self.graph.collection_mut(key, relation.id);
        let came = members.iter().filter(|it| !before.contains(it));
        for &member in came {
            self.check_wanted(key, relation, member)?;
            self.read_other_side(relation, [member])?;
            self.graph.append(key, relation, member, None)?;
        }
        let went = before.iter().filter(|it| !members.contains(it));
        for &member in went {
            self.read_other_side(relation, [member])?;
            self.graph.remove(key, relation, member, None)?;
        }
        Ok(())
    }

    /// Adds an object to a collection, at its end or at a place.
    pub(in crate::object) fn insert_member(
        &mut self,
        key: ObjectKey,
        relation: RelationId,
        member: ObjectKey,
        at: Option<usize>,
    ) -> Result<()> {
        self.ready_to_link(key, relation, Some(member))?;
        let (model, class) = self.graph.class_of(key);
        let declared = model.relation(class, relation);
        self.expect_collection(declared)?;
        self.bring_back(key, relation);
        let reads = !self.graph.is_sound() || at.is_some();
        if reads && !declared.lazy.is_never_loaded() && self.graph.has_identity(key) {
            self.load_many(key, relation)?;
        }
        self.know_positions(key, declared)?;
        self.check_wanted(key, declared, member)?;
        self.read_other_side(declared, [member])?;
        self.graph.append(key, declared, member, at)?;
        self.renumber(key, declared)
    }

    /// Takes the member at a place out of a collection.
    pub(in crate::object) fn take_member(
        &mut self,
        key: ObjectKey,
        relation: RelationId,
        at: usize,
    ) -> Result<Option<ObjectKey>> {
        let (model, class) = self.graph.class_of(key);
        let declared = model.relation(class, relation);
        self.expect_collection(declared)?;
        let members = self.load_many(key, relation)?;
        let Some(&member) = members.get(at) else { return Ok(None) };
        self.read_other_side(declared, [member])?;
        self.graph.remove(key, declared, member, Some(at))?;
        self.renumber(key, declared)?;
        Ok(Some(member))
    }

    /// Puts an object into the place of a member. Where it may not come, the member stays.
    pub(in crate::object) fn set_member(
        &mut self,
        key: ObjectKey,
        relation: RelationId,
        member: ObjectKey,
        at: usize,
    ) -> Result<()> {
        self.ready_to_link(key, relation, Some(member))?;
        let (model, class) = self.graph.class_of(key);
        let declared = model.relation(class, relation);
        self.graph.check_joins(key, declared, member)?;
        if self.graph.is_sound() {
            self.check_wanted(key, declared, member)?;
        }
        let taken = self.take_member(key, relation, at)?;
        let placed = self.insert_member(key, relation, member, Some(at));
        if let (Err(_), Some(taken)) = (&placed, taken) {
            self.insert_member(key, relation, taken, Some(at))?;
        }
        placed
    }

    /// A member is about to be taken out by its place. SQLAlchemy takes that for a change of the owner, whether there is such
    /// a place or not.
    pub(in crate::object) fn is_about_to_pop(&mut self, key: ObjectKey) {
        if !self.graph.is_sound() {
            self.graph.touch(key);
        }
    }

    /// Takes the member at a place out of a collection and hands it out. SQLAlchemy speaks of that when it is out, which
    /// shows where a list holds an object twice.
    pub(in crate::object) fn pop_member(&mut self, key: ObjectKey, relation: RelationId, at: usize) -> Result<()> {
        if self.graph.is_sound() {
            return self.take_member(key, relation, at).map(drop);
        }
        let (model, class) = self.graph.class_of(key);
        let declared = model.relation(class, relation);
        self.expect_collection(declared)?;
        let Some(member) = self.load_many(key, relation)?.get(at).copied() else { return Ok(()) };
        self.read_other_side(declared, [member])?;
        self.graph.pop_at(key, declared, member, at)
    }

    /// Takes these members out of a collection that holds no others. SQLAlchemy speaks of each of a list while all are
    /// still there.
    pub(in crate::object) fn empty(
        &mut self,
        key: ObjectKey,
        relation: RelationId,
        members: &[ObjectKey],
    ) -> Result<()> {
        let (model, class) = self.graph.class_of(key);
        let declared = model.relation(class, relation);
        if self.graph.is_sound() || declared.collection.is_set() || members.is_empty() {
            return members.iter().try_for_each(|_| self.take_member(key, relation, 0).map(drop));
        }
        self.read_other_side(declared, members.iter().copied())?;
        self.graph.clear_list(key, declared, members)
    }

    /// A collection that was taken away is filled again.
    fn bring_back(&mut self, key: ObjectKey, relation: RelationId) {
        if let Link::Many(_) = self.graph.link(key, relation) {
            self.graph.collection_mut(key, relation).bring_back();
        }
    }

    /// Takes a collection away, as SQLAlchemy does: its members go, and no flush looks at it before it is touched again. What
    /// is not loaded is left alone.
    pub(in crate::object) fn take_away(&mut self, key: ObjectKey, relation: RelationId) -> Result<()> {
        let Link::Many(Collection { members: Some(members), .. }) = self.graph.link(key, relation) else {
            return Ok(());
        };
        let members = members.clone();
        self.empty(key, relation, &members)?;
        self.graph.touch(key);
        self.graph.collection_mut(key, relation).take_away();
        Ok(())
    }

    /// Whether an object can be taken out of a collection. A sound session reads nothing for it: of a collection that is
    /// not loaded it knows what the member's own reference says, or nothing.
    fn holds_member(&mut self, key: ObjectKey, relation: &RelationModel, member: ObjectKey) -> Result<bool> {
        if relation.lazy.is_never_loaded() {
            return Ok(true);
        }
        if !self.graph.is_sound() {
            return Ok(self.load_many(key, relation.id)?.contains(&member));
        }
        let loaded = self.loaded_many(key, relation.id);
        let model = self.graph.model.clone();
        let inverse = self.graph.as_to(relation, member).inverse;
        let inverse = inverse.map(|it| model.relation(self.graph.objects[member].class, it));
        Ok(match (loaded, inverse.filter(|it| !it.join.is_many())) {
            (_, Some(inverse)) => self.loaded_one(member, inverse).is_none_or(|it| it == Some(key)),
            (Some(members), None) => members.contains(&member),
            (None, None) => true,
        })
    }

    fn expect_collection(&self, relation: &RelationModel) -> Result<()> {
        if relation.join.is_many() {
            return Ok(());
        }
        let reason = format!("{} leads to one object; set it", relation.name);
        Err(Misuse::Statement { reason }.into())
    }
}
