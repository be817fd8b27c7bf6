//! What is loaded after the rows of a query: relations that were not joined, and what is behind them.

use std::borrow::Cow;
use std::sync::Arc;

use super::branch::Place;
use super::joined::Node;
use super::take::{Reach, Reading, by_class};
use crate::error::Result;
use crate::id::ClassId;
use crate::object::class::{Lazy, SubclassLoad};
use crate::object::diagnosis::Noted;
use crate::object::links::Link;
use crate::object::model::{Join, Model, RelationModel};
use crate::object::reference::ObjectKey;
use crate::object::select::{Existing, own_columns};
use crate::object::session::Core;

/// How many relations deep a ring is followed that SQLAlchemy follows to its end: what is behind is read when it is
/// touched.
const RING_DEPTH: usize = 32;

/// What is loaded at a place for objects that were read there.
pub(super) struct After<'q> {
    pub(super) place: &'q Arc<Place>,
    pub(super) existing: Existing,
    pub(super) everywhere: Option<Lazy>,
    pub(super) reach: Reach,
    pub(super) joined: JoinedHere<'q>,
}

/// What came with the rows of the objects at a place. What was to be joined and could not be is loaded after them: of a
/// subclass that the query does not read along, of a union, of objects that were there before.
#[derive(Clone, Copy, Default)]
pub(super) struct JoinedHere<'q> {
    pub(super) nodes: &'q [Node],
    /// The node whose objects these are.
    pub(super) parent: Option<usize>,
}

impl JoinedHere<'_> {
    /// Whether a relation of a class came with the rows.
    fn has(self, model: &Model, class: ClassId, relation: &RelationModel) -> bool {
        let is = |it: &Node| it.relation == relation.id && model.shares(class, (it.class, relation.id));
        self.nodes.iter().any(|it| it.parent == self.parent && is(it))
    }
}

impl Core {
    /// Loads what is asked at a place, or declared, for objects that were just read there.
    pub(super) fn load_after(
        &mut self,
        reading: &Reading<'_>,
        (class, place, parent): (ClassId, &Arc<Place>, Option<usize>),
        objects: &[ObjectKey],
        new: &[ObjectKey],
    ) -> Result<()> {
        let Reading { existing, everywhere, reach, nodes, .. } = *reading;
        let joined = JoinedHere { nodes, parent };
        self.load_at(&After { place, existing, everywhere, reach, joined }, class, objects, new)
    }

    pub(super) fn load_at(
        &mut self,
        after: &After<'_>,
        class: ClassId,
        objects: &[ObjectKey],
        new: &[ObjectKey],
    ) -> Result<()> {
        if objects.is_empty() || self.is_done(after.place, class, after.everywhere, after.joined) {
            return Ok(());
        }
        let model = self.graph.model.clone();
        self.load_subclasses(after.place, class, objects)?;
        let reached = match after.reach {
            Reach::All | Reach::Again | Reach::Along | Reach::Known => objects,
            Reach::New => new,
            Reach::Nobody => return Ok(()),
        };
        for (class, objects) in by_class(self, class, objects) {
            for relation in &model.class(class).relations {
                let way = after.place.way(&model, class, relation, after.everywhere);
                let objects = || self.without_queue(&objects, relation);
                match way.lazy {
                    Lazy::Raise | Lazy::RaiseOnSql => self.say(after, class, relation, way.lazy, &objects(), new),
                    Lazy::Select if matches!(relation.lazy, Lazy::Raise | Lazy::RaiseOnSql | Lazy::Noload) => {
                        self.say(after, class, relation, way.lazy, &objects(), new);
                    }
                    Lazy::Noload => self.fill_with_nothing(&objects(), relation)?,
                    _ => {}
                }
            }
        }
        self.load_relations(after, class, reached, |it| it != Lazy::Subquery)?;
        // What a subquery brings, SQLAlchemy gives to objects that were there before, too.
        let by_subquery = if after.reach == Reach::New && !self.graph.is_sound() { objects } else { reached };
        self.load_relations(after, class, by_subquery, |it| it == Lazy::Subquery)
    }

    /// Loads the relations of objects that are loaded in certain ways: those that the class of the place has of all of them
    /// together, those that subclasses add of the objects of each.
    fn load_relations(
        &mut self,
        after: &After<'_>,
        class: ClassId,
        objects: &[ObjectKey],
        by: impl Fn(Lazy) -> bool,
    ) -> Result<()> {
        let model = self.graph.model.clone();
        let groups = by_class(self, class, objects);
        let shared = |of: ClassId, relation: &RelationModel| {
            let way = |of: ClassId| after.place.way(&model, of, relation, after.everywhere);
            let same_asked = match (way(of).asked, way(class).asked) {
                (Some(a), Some(b)) => std::ptr::eq(a, b),
                (a, b) => a.is_none() && b.is_none(),
            };
            let theirs = self.graph.declared(of, relation.id) == self.graph.declared(class, relation.id)
                // In a table of its own, the attributes of the relation may stand at other places.
                && model.class(class).relations.get(relation.id.index()).is_some_and(|it| it.join == relation.join);
            relation.id.index() < model.class(class).relations.len()
                && theirs
                && same_asked
                && way(of).lazy == way(class).lazy
        };
        let mut work: Vec<(ClassId, &RelationModel, Cow<'_, [ObjectKey]>)> = Vec::new();
        for (of, objects) in &groups {
            let waits = |it: &&RelationModel| {
                let lazy = after.place.way(&model, *of, it, after.everywhere).lazy;
                let loads = matches!(lazy, Lazy::Selectin | Lazy::Subquery | Lazy::Immediate | Lazy::Joined);
                by(lazy) && (loads || self.is_read_in_ring(after, *of, it))
            };
            for relation in model.class(*of).relations.iter().filter(waits) {
                let together = shared(*of, relation);
                let at = work.iter().position(|it| together && it.0 == class && it.1.id == relation.id);
                match at {
                    Some(at) => work[at].2.to_mut().extend(objects.iter()),
                    None if together => work.push((class, relation, objects.clone())),
                    None => work.push((*of, relation, objects.clone())),
                }
            }
        }
        let mixed = groups.iter().any(|it| it.0 != class);
        for (of, relation, objects) in work {
            if mixed && self.takes_what_is_known(after, class, relation) {
                self.load_in_ring(after, of, relation, &objects)?;
            } else if !self.is_left_alone(after, class, of, relation) {
                self.load_relation(after, of, relation, &objects)?;
            }
        }
        Ok(())
    }

    /// Whether a reference that is to be read for each object takes what the identity map holds and no more: in SQLAlchemy
    /// one that a class has, as soon as an object of a subclass comes, which takes it for one that it has met before.
    fn takes_what_is_known(&self, after: &After<'_>, class: ClassId, relation: &RelationModel) -> bool {
        let model = &self.graph.model;
        !self.graph.is_sound()
            && relation.id.index() < model.class(class).relations.len()
            && relation.is_by_identity()
            && after.place.way(model, class, relation, after.everywhere).lazy == Lazy::Immediate
    }

    /// Whether a query on a class leaves a relation to be read when it is touched, as SQLAlchemy does: one that subclasses
    /// add which it does not read along, if it would be read for many objects at once.
    fn is_left_alone(&self, after: &After<'_>, class: ClassId, of: ClassId, relation: &RelationModel) -> bool {
        let model = &self.graph.model;
        let declared = model.class(class);
        if self.graph.is_sound() || declared.descendants.len() <= 1 {
            return false;
        }
        let lazy = after.place.way(model, of, relation, after.everywhere).lazy;
        relation.id.index() >= declared.relations.len()
            && matches!(lazy, Lazy::Selectin | Lazy::Subquery)
            && !after.place.reads_along(model, class, of)
    }

    fn load_relation(
        &mut self,
        after: &After<'_>,
        class: ClassId,
        relation: &RelationModel,
        objects: &[ObjectKey],
    ) -> Result<()> {
        let model = self.graph.model.clone();
        let lazy = after.place.way(&model, class, relation, after.everywhere).lazy;
        match lazy {
            _ if self.is_read_in_ring(after, class, relation) => self.load_in_ring(after, class, relation, objects),
            Lazy::Selectin | Lazy::Subquery if !matches!(after.reach, Reach::Again | Reach::Along) => {
                self.load_batch(after, class, relation, objects)
            }
            Lazy::Selectin | Lazy::Subquery | Lazy::Immediate => self.load_each(after, class, relation, objects),
            Lazy::Joined if self.did_not_come(after.place, class, relation, after.everywhere, after.joined) => {
                let waits = |it: &ObjectKey| !self.graph.is_loaded(*it, relation.id);
                let waiting: Vec<ObjectKey> = objects.iter().copied().filter(waits).collect();
                self.load_batch(after, class, relation, &waiting)
            }
            _ => Ok(()),
        }
    }

    /// Whether nothing is loaded after the rows of a class that are read at a place.
    pub(super) fn is_done(
        &self,
        place: &Arc<Place>,
        class: ClassId,
        everywhere: Option<Lazy>,
        joined: JoinedHere<'_>,
    ) -> bool {
        let model = &self.graph.model;
        let quiet = |class: ClassId| {
            let declared = model.class(class);
            let rests = |it: &RelationModel| {
                let way = place.way(model, class, it, everywhere).lazy;
                let done = match way {
                    Lazy::Joined => !self.did_not_come(place, class, it, everywhere, joined),
                    way => matches!(way, Lazy::Select | Lazy::Dynamic | Lazy::WriteOnly),
                };
                done && (way == it.lazy || !matches!(it.lazy, Lazy::Raise | Lazy::RaiseOnSql | Lazy::Noload))
            };
            let stops =
                |it: &RelationModel| !self.graph.is_sound() && place.stopped(model, class, it, everywhere).is_some();
            declared.load != SubclassLoad::Selectin && declared.relations.iter().all(|it| rests(it) && !stops(it))
        };
        place.branch.subclasses.is_empty() && model.class(class).descendants.iter().all(|it| quiet(*it))
    }

    /// Whether a relation was to be joined at a place and did not come with the rows. What leads back to where they were
    /// read from is known. SQLAlchemy leaves it to be read when it is touched.
    fn did_not_come(
        &self,
        place: &Arc<Place>,
        class: ClassId,
        relation: &RelationModel,
        everywhere: Option<Lazy>,
        joined: JoinedHere<'_>,
    ) -> bool {
        let model = &self.graph.model;
        let way = place.way(model, class, relation, everywhere);
        way.lazy == Lazy::Joined
            && way.from_query.is_none()
            // In SQLAlchemy the rows of several tables come with the others.
            && (self.graph.is_sound() || relation.is_apart())
            && !joined.has(model, class, relation)
            && !place.leads_back(model, class, relation)
    }

    /// Reading a relation of objects is an error from now on, or is none any more, unless they have it. What is asked at
    /// a place stays with objects that are new there; for others it is noted.
    fn say(
        &mut self,
        after: &After<'_>,
        class: ClassId,
        relation: &RelationModel,
        lazy: Lazy,
        objects: &[ObjectKey],
        new: &[ObjectKey],
    ) {
        // SQLAlchemy says nothing to objects that were there of what is declared.
        let declared = !self.graph.is_sound() && lazy == relation.lazy;
        let stays = after.place.way(&self.graph.model, class, relation, None).lazy == lazy;
        let new: rustc_hash::FxHashSet<ObjectKey> =
            if stays { new.iter().copied().collect() } else { rustc_hash::FxHashSet::default() };
        for &object in objects {
            if !(declared || new.contains(&object))
                && self.way_of(object, relation) != lazy
                && !self.graph.is_loaded(object, relation.id)
            {
                self.notes.say(object, relation.id, lazy);
            }
        }
    }

    /// Whether a relation that would go in circles is read all the same: SQLAlchemy stops there only what it reads for many
    /// objects at once.
    fn is_read_in_ring(&self, after: &After<'_>, class: ClassId, relation: &RelationModel) -> bool {
        match after.place.stopped(&self.graph.model, class, relation, after.everywhere) {
            _ if self.graph.is_sound() || after.place.depth() >= RING_DEPTH => false,
            Some(Lazy::Immediate) => true,
            Some(Lazy::Selectin | Lazy::Subquery) => matches!(after.reach, Reach::Again | Reach::Along),
            _ => false,
        }
    }

    /// Reads a relation of each object where a ring closes. References take what the identity map holds, if anything.
    fn load_in_ring(
        &mut self,
        after: &After<'_>,
        class: ClassId,
        relation: &RelationModel,
        objects: &[ObjectKey],
    ) -> Result<()> {
        if !relation.is_by_identity() {
            return self.load_each(after, class, relation, objects);
        }
        for &object in objects.iter().filter(|it| !self.graph.is_loaded(**it, relation.id)).collect::<Vec<_>>() {
            if let Some(known) = self.loaded_one(object, relation) {
                self.graph.note_read(object, relation, known);
            }
        }
        Ok(())
    }

    /// Reads a relation of each object by itself. What is behind it is loaded for all of them together.
    fn load_each(
        &mut self,
        after: &After<'_>,
        class: ClassId,
        relation: &RelationModel,
        objects: &[ObjectKey],
    ) -> Result<()> {
        let what = Noted::Along { class, relation, lazy: Lazy::Immediate };
        self.noted(what, |core| core.read_each(after, class, relation, objects))
    }

    fn read_each(
        &mut self,
        after: &After<'_>,
        class: ClassId,
        relation: &RelationModel,
        objects: &[ObjectKey],
    ) -> Result<()> {
        self.read_lacking(class, own_columns(relation), objects)?;
        let mut new = Vec::new();
        for &object in objects {
            let waits = (self.graph.is_sound() || after.reach == Reach::Again) && self.has_queue(object, relation);
            let unread = !self.graph.is_loaded(object, relation.id) && !waits;
            if unread && !self.graph.is_sound() && self.take_known(object, relation)? {
                continue;
            }
            if after.existing == Existing::Overwritten || unread {
                new.extend(self.read_there(&[object], relation, after.place, Reach::Nobody)?);
            }
        }
        let place = &after.place.behind(&self.graph.model.clone(), class, relation.id);
        let joined = JoinedHere::default();
        let after = After { place, existing: Existing::Kept, everywhere: after.everywhere, reach: Reach::New, joined };
        let met = if self.graph.is_sound() { new.clone() } else { self.members_of(relation, objects) };
        self.load_at(&after, relation.target, &met, &new)
    }

    /// Reads a relation of many objects at once, and what is loaded behind it.
    fn load_batch(
        &mut self,
        after: &After<'_>,
        class: ClassId,
        relation: &RelationModel,
        objects: &[ObjectKey],
    ) -> Result<()> {
        if matches!(relation.lazy, Lazy::Dynamic | Lazy::WriteOnly) {
            let reason = format!("{} is queried when it is read; it cannot be loaded along", relation.name);
            return Err(crate::error::Misuse::Statement { reason }.into());
        }
        self.read_lacking(class, own_columns(relation), objects)?;
        let lazy = after.place.way(&self.graph.model, class, relation, after.everywhere).lazy;
        let waits = self.graph.is_sound() || matches!(lazy, Lazy::Subquery | Lazy::Joined);
        if waits && after.existing == Existing::Kept {
            return self.read_batch(after, class, relation, &self.without_queue(objects, relation));
        }
        let met = matches!(after.reach, Reach::All | Reach::New);
        let meets_again = met && lazy == Lazy::Selectin && !matches!(relation.join, Join::BelongsTo { .. });
        if meets_again && !self.graph.is_sound() && after.existing == Existing::Kept {
            return self.read_of_all(after, class, relation, objects);
        }
        self.read_batch(after, class, relation, objects)
    }

    /// Reads a relation of objects that have it, too, as SQLAlchemy does by selectin. What they know of it stays, but its
    /// rows are met again, which may stand for objects that were expired or have left.
    fn read_of_all(
        &mut self,
        after: &After<'_>,
        class: ClassId,
        relation: &RelationModel,
        objects: &[ObjectKey],
    ) -> Result<()> {
        let loaded = objects.iter().filter(|it| self.graph.is_loaded(**it, relation.id)).copied();
        let loaded: Vec<ObjectKey> = loaded.collect();
        let known: Vec<Link> = loaded.iter().map(|it| std::mem::take(self.graph.link_mut(*it, relation.id))).collect();
        let read = self.read_batch(after, class, relation, objects);
        for (key, link) in loaded.into_iter().zip(known) {
            *self.graph.link_mut(key, relation.id) = link;
        }
        read
    }

    /// The objects whose collection nothing waits for.
    fn without_queue<'k>(&self, objects: &'k [ObjectKey], relation: &RelationModel) -> Cow<'k, [ObjectKey]> {
        // Only collections have queues, and references are many.
        match relation.join.is_many() && objects.iter().any(|it| self.has_queue(*it, relation)) {
            true => objects.iter().copied().filter(|it| !self.has_queue(*it, relation)).collect::<Vec<_>>().into(),
            false => objects.into(),
        }
    }

    /// Whether something waits for a collection to be read. It was changed, and what was changed is not loaded along.
    pub(super) fn has_queue(&self, key: ObjectKey, relation: &RelationModel) -> bool {
        let link = self.graph.link(key, relation.id);
        matches!(link, Link::Many(it) if it.members.is_none() && it.pending.is_some())
    }
}
