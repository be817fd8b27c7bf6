//! What follows a delete along relations. Object cascades only: foreign key actions are the tables' own business.

use rustc_hash::FxHashSet;

use super::class::{Cascade, PassiveDeletes};
use super::graph::Graph;
use super::links::Link;
use super::model::{Join, RelationModel};
use super::reference::ObjectKey;
use super::session::Core;
use super::state::State;
use crate::error::{Misuse, Result};
use crate::id::RelationId;

impl Core {
    /// Marks an object and everything its delete cascades reach. What was never inserted is forgotten at once.
    pub(super) fn delete(&mut self, key: ObjectKey) -> Result<()> {
        let object = self.object(key)?;
        if object.state == State::Transient || object.state == State::Deleted || object.state == State::Detached {
            let (state, wanted) = (object.state.name(), "only an object that has a row can be deleted");
            return Err(Misuse::State { object: self.graph.name(key), state, wanted }.into());
        }
        if object.state == State::Persistent && self.wants_flush() {
            // What is pending may change what the cascades reach.
            self.flush()?;
        }
        let mut marked = Vec::new();
        // What is reached may have to be read, and reading must not flush what is half marked.
        let autoflush = std::mem::replace(&mut self.autoflush, false);
        let reached = self.mark(key, &mut marked);
        self.autoflush = autoflush;
        if reached.is_err() {
            self.unmark(marked);
            return reached;
        }
        marked.retain(|it| self.graph.objects[*it].state == State::Pending);
        self.graph.forget_pending(&marked);
        Ok(())
    }

    /// Marks an object and everything its delete cascades reach, and notes what it marked. A worklist: a reply chain
    /// may be a million long.
    pub(super) fn mark(&mut self, key: ObjectKey, marked: &mut Vec<ObjectKey>) -> Result<()> {
        let model = self.graph.model.clone();
        let mut work = vec![key];
        while let Some(key) = work.pop() {
            let object = self.object(key)?;
            if object.marked || !object.state.lives() {
                continue;
            }
            let class = model.class(object.class);
            for relation in class.relations.iter().filter(|it| it.cascade.contains(Cascade::DELETE)) {
                if relation.passive_deletes != PassiveDeletes::Off && matches!(relation.join, Join::Has { .. }) {
                    // Those that are not loaded are the foreign key's.
                    work.extend(self.graph.known_members(key, relation));
                } else if relation.join.is_many() {
                    work.extend(self.load_many(key, relation.id)?.iter().copied());
                } else {
                    work.extend(self.load_one(key, relation.id)?);
                }
            }
            self.graph.objects[key].marked = true;
            self.graph.touch(key);
            marked.push(key);
        }
        Ok(())
    }

    /// Takes marks back.
    pub(super) fn unmark(&mut self, marked: Vec<ObjectKey>) {
        for key in marked {
            if let Some(object) = self.graph.objects.get_mut(key) {
                object.marked = false;
            }
        }
    }
}

impl Graph {
    /// What a relation without the foreign key leads to, as far as the session knows.
    pub(super) fn known_members(&self, key: ObjectKey, relation: &RelationModel) -> Vec<ObjectKey> {
        let mut known = match self.link(key, relation.id) {
            Link::One { target, .. } => target.iter().copied().collect(),
            Link::Many(collection) => match &collection.members {
                Some(members) => members.to_vec(),
                None => collection.added().to_vec(),
            },
            Link::Unloaded | Link::Refused => Vec::new(),
        };
        known.retain(|it| !self.is_gone(*it));
        known
    }

    /// New objects that are deleted before they were inserted were never there: both sides of their relations forget
    /// them. They may still stand among the touched objects; a flush passes over what is transient.
    pub(super) fn forget_pending(&mut self, keys: &[ObjectKey]) {
        let model = self.model.clone();
        let gone: FxHashSet<ObjectKey> = keys.iter().copied().collect();
        let mut holders: FxHashSet<(ObjectKey, RelationId)> = FxHashSet::default();
        for &key in keys {
            let object = &mut self.objects[key];
            (object.state, object.marked) = (State::Transient, false);
            let class = model.class(object.class);
            let Some(links) = self.take_links(key) else { continue };
            for (relation, link) in class.relations.iter().zip(links) {
                let Some(inverse) = relation.inverse else { continue };
                let inverse = model.relation(relation.target, inverse);
                let others: Vec<ObjectKey> = match link {
                    Link::One { target, .. } => target.into_iter().collect(),
                    Link::Many(collection) => match collection.members {
                        Some(members) => members.to_vec(),
                        None => collection.pending.map(|it| it.added).unwrap_or_default(),
                    },
                    Link::Unloaded | Link::Refused => continue,
                };
                holders.extend(others.into_iter().filter(|it| !gone.contains(it)).map(|it| (it, inverse.id)));
            }
        }
        self.note_without_inverse(&gone, &mut holders);
        for (holder, relation) in holders {
            self.forget_in(holder, relation, &gone);
        }
    }

    fn forget_in(&mut self, holder: ObjectKey, relation: RelationId, gone: &FxHashSet<ObjectKey>) {
        match self.link_mut(holder, relation) {
            Link::One { target, since } if target.is_some_and(|it| gone.contains(&it)) => {
                (*target, *since) = (None, since.changed());
                self.touch(holder);
            }
            Link::Many(collection) => collection.drop_new(gone),
            _ => {}
        }
    }

    /// Who holds a new object by a relation without an inverse has been touched since the last flush.
    fn note_without_inverse(&self, gone: &FxHashSet<ObjectKey>, holders: &mut FxHashSet<(ObjectKey, RelationId)>) {
        let model = self.model.clone();
        let Some(class) = gone.iter().next().map(|it| self.objects[*it].class) else { return };
        let several = gone.iter().any(|it| self.objects[*it].class != class);
        let concerned = |it: &RelationModel| it.inverse.is_none() && (several || it.target == class);
        if !model.classes.iter().any(|it| it.relations.iter().any(concerned)) {
            return;
        }
        for &holder in &self.touched {
            let Some(object) = self.objects.get(holder).filter(|it| it.has_links()) else { continue };
            for relation in model.class(object.class).relations.iter().filter(|it| concerned(it)) {
                let holds = match self.link(holder, relation.id) {
                    Link::One { target, .. } => target.is_some_and(|it| gone.contains(&it)),
                    Link::Many(it) => it.added().iter().any(|it| gone.contains(it)),
                    Link::Unloaded | Link::Refused => false,
                };
                if holds {
                    holders.insert((holder, relation.id));
                }
            }
        }
    }
}
