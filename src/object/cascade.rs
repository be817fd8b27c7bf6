//! What follows an object along relations: object cascades only. Foreign key actions are the tables' own business.

use rustc_hash::FxHashSet;

use super::class::{Cascade, PassiveDeletes};
use super::graph::Graph;
use super::links::Link;
use super::model::RelationModel;
use super::reference::ObjectKey;
use super::session::Core;
use super::state::State;
use super::touched::Along;
use super::trace::Way;
use crate::error::{Misuse, Result};
use crate::id::{ClassId, RelationId};

impl Graph {
    /// The objects that a cascade reaches from an object, without itself, each behind the one that leads to it. Nothing
    /// is read.
    pub(super) fn reach(
        &self,
        from: ObjectKey,
        cascade: Cascade,
        follows: impl Fn(&Graph, ObjectKey) -> bool,
    ) -> Vec<ObjectKey> {
        self.reach_along(from, cascade, follows).into_iter().map(|(key, _)| key).collect()
    }

    /// The same, each with the relation that leads to it. A worklist: a reply chain may be a million long.
    pub(super) fn reach_along(
        &self,
        from: ObjectKey,
        cascade: Cascade,
        follows: impl Fn(&Graph, ObjectKey) -> bool,
    ) -> Vec<(ObjectKey, Along)> {
        let mut seen: FxHashSet<ObjectKey> = FxHashSet::from_iter([from]);
        let mut reached = Vec::new();
        let mut work = vec![self.next_of(from, cascade).into_iter()];
        while let Some(next) = work.last_mut() {
            let Some((key, along)) = next.next() else {
                work.pop();
                continue;
            };
            if self.objects.contains_key(key) && follows(self, key) && seen.insert(key) {
                reached.push((key, along));
                work.push(self.next_of(key, cascade).into_iter());
            }
        }
        reached
    }

    /// Where a cascade leads to from one object. Save-update follows what was taken out since the last flush, too.
    fn next_of(&self, key: ObjectKey, cascade: Cascade) -> Vec<(ObjectKey, Along)> {
        let object = &self.objects[key];
        if !object.has_links() && object.reads().next().is_none() {
            return Vec::new();
        }
        let class = self.model.class(object.class);
        let follow = class.relations.iter().filter(|it| it.cascade.contains(cascade));
        let skip_new =
            |it: &RelationModel| cascade == Cascade::REFRESH_EXPIRE && !it.cascade.contains(Cascade::DELETE_ORPHAN);
        follow
            .flat_map(|relation| {
                let mut next = match cascade {
                    Cascade::SAVE_UPDATE => self.all_of(key, relation.id),
                    _ => self.current(key, relation),
                };
                if skip_new(relation) {
                    next.retain(|it| self.has_identity(*it));
                }
                next.into_iter().map(|it| (it, Along { from: key, relation: relation.id }))
            })
            .collect()
    }

    /// What a relation leads to, as far as it is loaded.
    pub(super) fn current(&self, key: ObjectKey, relation: &RelationModel) -> Vec<ObjectKey> {
        match self.link(key, relation.id) {
            Link::One { target, .. } => target.iter().copied().collect(),
            Link::Many(collection) => collection.members.as_ref().map(|it| it.to_vec()).unwrap_or_default(),
            Link::Unloaded if self.objects[key].was_read(relation.id) => {
                self.known_reference(key, relation).flatten().into_iter().collect()
            }
            Link::Unloaded => Vec::new(),
        }
    }

    /// Lets go of an object and what its expunge cascades reach: what was pending is transient again, what has a row is
    /// detached and keeps what it holds.
    pub(super) fn expunge(&mut self, key: ObjectKey) {
        let reached = self.reach(key, Cascade::EXPUNGE, |_, _| true);
        self.expunge_one(key);
        reached.into_iter().for_each(|it| self.expunge_one(it));
    }

    pub(super) fn expunge_one(&mut self, key: ObjectKey) {
        match self.objects[key].state {
            State::Pending => self.change_state(key, State::Transient),
            State::Persistent => {
                self.has_left = true;
                self.keep_reads(key);
                let root = self.root(self.objects[key].class);
                if let Some(identity) = self.identity(key) {
                    self.identities[root.index()].remove(&identity, key);
                }
                let ghost = self.objects[key].is_ghost();
                self.objects[key].marked = ghost;
                if ghost {
                    // What is to be deleted once more leaves as what was deleted.
                    self.objects[key].state = State::Deleted;
                }
                self.change_state(key, State::Detached);
            }
            State::Deleted => {
                // A sound session gives it another chance: its row may come back by a rollback.
                self.objects[key].marked = !self.is_sound();
                self.change_state(key, State::Detached);
            }
            State::Transient | State::Detached => {}
        }
    }
}

impl Core {
    /// Marks an object for the next flush to delete, and everything its delete cascades reach.
    pub(super) fn delete(&mut self, key: ObjectKey) -> Result<()> {
        self.check_deletable(key)?;
        let state = self.graph.objects[key].state;
        match state {
            State::Pending => return self.delete_new(key),
            State::Deleted if !self.graph.is_sound() => self.graph.enroll_to_delete(key)?,
            State::Deleted => return Ok(()),
            State::Persistent if self.graph.objects[key].marked => return Ok(()),
            State::Persistent => {}
            State::Transient | State::Detached => self.graph.enroll_to_delete(key)?,
        }
        let reached = self.reach_deletes(key).and_then(|reached| {
            self.graph.check_back(reached.iter().map(|it| it.0))?;
            Ok(reached)
        });
        if reached.is_err() && state == State::Detached && self.graph.is_sound() {
            self.graph.expunge_one(key);
        }
        let reached = reached?;
        self.graph.mark(key, None);
        if self.graph.is_sound() {
            let new = reached.iter().map(|it| it.0).filter(|it| self.graph.objects[*it].state == State::Pending);
            self.graph.forget_new(&new.collect::<Vec<_>>());
        }
        for (it, along) in reached {
            match self.graph.objects[it].state {
                State::Persistent => {}
                // Its row is gone, and its key may be that of another one.
                State::Detached if self.graph.is_sound() && self.graph.objects[it].marked => continue,
                State::Detached => self.graph.enroll_to_delete(it)?,
                State::Deleted if !self.graph.is_sound() => self.graph.enroll_to_delete(it)?,
                State::Deleted | State::Transient | State::Pending => continue,
            }
            self.graph.mark(it, Some(along));
        }
        Ok(())
    }

    /// Marks several objects, and everything their delete cascades reach; what has to be read for that is read for all of
    /// them together. SQLAlchemy reads for one after the other.
    pub(super) fn delete_all(&mut self, keys: &[ObjectKey]) -> Result<()> {
        keys.iter().try_for_each(|it| self.check_deletable(*it))?;
        if self.graph.is_sound() {
            self.read_ahead(keys)?;
        }
        keys.iter().try_for_each(|it| self.delete(*it))
    }

    /// Whether an object can be deleted.
    fn check_deletable(&self, key: ObjectKey) -> Result<()> {
        let (state, sound) = (self.object(key)?.state, self.graph.is_sound());
        match state {
            State::Transient | State::Pending if state == State::Transient || !sound => {
                let wanted = "only an object that has a row can be deleted; expunge it";
                Err(Misuse::State { object: self.graph.name(key), state: state.name(), wanted }.into())
            }
            State::Detached if sound && self.graph.objects[key].marked => {
                let wanted = "its row is gone";
                Err(Misuse::Deleted { object: self.graph.name(key), wanted }.into())
            }
            _ => Ok(()),
        }
    }

    /// Reads what deletes reach along delete cascades, level by level: each relation of the objects of a level that lack
    /// it by one statement a batch.
    pub(super) fn read_ahead(&mut self, from: &[ObjectKey]) -> Result<()> {
        let model = self.graph.model.clone();
        let mut seen: FxHashSet<ObjectKey> = from.iter().copied().collect();
        let mut level = from.to_vec();
        while !level.is_empty() {
            for (class, owners) in self.by_classes(&level) {
                let deletes = |it: &&RelationModel| it.cascade.contains(Cascade::DELETE);
                for relation in model.class(class).relations.iter().filter(deletes) {
                    if relation.passive_deletes == PassiveDeletes::Off {
                        self.read_together(class, relation, &owners)?;
                    }
                }
            }
            let mut next = Vec::new();
            for key in level {
                for relation in &model.class(self.graph.objects[key].class).relations {
                    if relation.cascade.contains(Cascade::DELETE) {
                        let members = self.members_to_delete(key, relation)?;
                        next.extend(members.into_iter().filter(|it| self.graph.objects.contains_key(*it)));
                    }
                }
            }
            next.retain(|it| seen.insert(*it));
            level = next;
        }
        Ok(())
    }

    /// Objects by the classes that they are of, in the order in which these come first.
    pub(super) fn by_classes(&self, objects: &[ObjectKey]) -> Vec<(ClassId, Vec<ObjectKey>)> {
        let mut groups: Vec<(ClassId, Vec<ObjectKey>)> = Vec::new();
        for &object in objects {
            let class = self.graph.objects[object].class;
            match groups.iter_mut().find(|it| it.0 == class) {
                Some(group) => group.1.push(object),
                None => groups.push((class, vec![object])),
            }
        }
        groups
    }

    /// What a delete reaches along delete cascades, without the object itself, each with the relation that leads to it.
    /// What is not loaded is read, unless the relation leaves it to the foreign key.
    pub(super) fn reach_deletes(&mut self, from: ObjectKey) -> Result<Vec<(ObjectKey, Along)>> {
        let model = self.graph.model.clone();
        if self.graph.is_sound() {
            self.read_ahead(&[from])?;
        }
        let mut seen: FxHashSet<ObjectKey> = FxHashSet::from_iter([from]);
        let mut reached = Vec::new();
        // Where the walk stands: an object and its next relation, and the members of one that are still to be walked.
        let mut work = vec![(from, 0, Vec::new().into_iter())];
        while let Some((key, relation, next)) = work.last_mut() {
            if let Some(member) = next.next() {
                if self.graph.objects.contains_key(member) && seen.insert(member) {
                    let (owner, by) = (*key, &model.class(self.graph.objects[*key].class).relations[*relation - 1]);
                    self.note_reached(member, owner, by, Way::Cascade);
                    reached.push((member, Along { from: owner, relation: by.id }));
                    work.push((member, 0, Vec::new().into_iter()));
                }
                continue;
            }
            let (key, at) = (*key, *relation);
            let Some(declared) = model.class(self.graph.objects[key].class).relations.get(at) else {
                work.pop();
                continue;
            };
            *relation += 1;
            if declared.cascade.contains(Cascade::DELETE) {
                let members = self.members_to_delete(key, declared)?;
                if let Some(top) = work.last_mut() {
                    top.2 = members.into_iter();
                }
            }
        }
        Ok(reached)
    }

    fn members_to_delete(&mut self, key: ObjectKey, relation: &RelationModel) -> Result<Vec<ObjectKey>> {
        if relation.passive_deletes != PassiveDeletes::Off || !self.graph.has_identity(key) {
            return Ok(self.graph.current(key, relation));
        }
        self.load_whatever(key, relation)
    }

    /// Everything that a relation leads to, read although its declaration or a query may forbid it.
    pub(super) fn load_whatever(&mut self, key: ObjectKey, relation: &RelationModel) -> Result<Vec<ObjectKey>> {
        let has_row = self.graph.has_identity(key) && self.graph.objects[key].state != State::Detached;
        if has_row && !self.graph.is_known_whole(key, relation.id) {
            if !self.graph.is_sound() && self.take_known(key, relation)? {
                return Ok(self.graph.current(key, relation));
            }
            self.before_reading(key)?;
            if !self.graph.is_sound() && self.graph.objects[key].lacks_row() {
                self.fresh(key)?;
                if self.take_known(key, relation)? {
                    return Ok(self.graph.current(key, relation));
                }
            }
            self.read_for_unit(key, relation)?;
        }
        Ok(self.graph.current(key, relation))
    }
}

impl Graph {
    /// Marks an object for the next flush to delete.
    pub(super) fn mark(&mut self, key: ObjectKey, along: Option<Along>) {
        self.objects[key].marked = true;
        self.touch_along(key, along);
    }

    /// Lets an object back into the session, which is to be deleted. SQLAlchemy deletes what was deleted once more, and
    /// finds no row; until then the object is still called deleted.
    fn enroll_to_delete(&mut self, key: ObjectKey) -> Result<()> {
        let object = &self.objects[key];
        let was_deleted = object.state == State::Deleted || object.state == State::Detached && object.marked;
        let root = self.root(object.class);
        if let Some(identity) = self.identity(key) {
            if self.identities[root.index()].get(&identity).is_some_and(|it| it != key) {
                return Err(Misuse::IdentityConflict { object: self.name(key) }.into());
            }
            self.identities[root.index()].insert(identity, key);
        }
        let ghost = was_deleted && !self.is_sound();
        match self.objects[key].state {
            // It is still called deleted, so that there is nothing to tell.
            State::Deleted if ghost => self.objects[key].state = State::Persistent,
            _ => self.change_state(key, State::Persistent),
        }
        self.objects[key].set_ghost(ghost);
        Ok(())
    }

    /// Lets every relation forget an object that leaves the session for good.
    pub(super) fn forget_links_to(&mut self, key: ObjectKey) {
        let mut references: Vec<(ObjectKey, RelationId)> = Vec::new();
        let model = self.model.clone();
        for (holder, object) in &self.objects {
            let Some(links) = object.links() else { continue };
            let relations = &model.class(object.class).relations;
            for (link, relation) in self.links.get_mut(links).iter_mut().zip(relations) {
                match link {
                    Link::One { target, .. } if *target == Some(key) => references.push((holder, relation.id)),
                    Link::Many(collection) => collection.forget(key),
                    _ => {}
                }
            }
        }
        for (holder, relation) in references {
            let declared = model.relation(self.objects[holder].class, relation);
            if self.is_sound() && matches!(declared.join, crate::object::model::Join::BelongsTo { .. }) {
                self.take_back_reference(holder, declared);
            } else {
                *self.link_mut(holder, relation) = Link::Unloaded;
            }
        }
    }
}
