//! Reading relations: one object's when it is touched, or many objects' at once.
//!
//! | strategy | statements for n objects and one relation | rows |
//! |---|---|---|
//! | `select` | up to n, one when each is touched | each target once an owner |
//! | `selectin` | one for each batch of [`BATCH`] keys | each target once an owner |
//! | `joined` | none beyond the query | the owner again for each target |
//! | `raise` | none; touching it is an error | none |
//!
//! A reference whose target the session knows already is answered by the identity map and needs no statement.

mod batch;
mod run;

pub use batch::BATCH;

use std::sync::Arc;

use super::class::Lazy;
use super::links::{Link, Since};
use super::model::{Join, RelationModel};
use super::reference::ObjectKey;
use super::session::Core;
use crate::error::{Misuse, Result};
use crate::id::{ClassId, RelationId};

impl Core {
    /// What a relation of an object leads to, if that is known without a statement; `None` when it is not loaded.
    pub(super) fn loaded_one(&self, key: ObjectKey, relation: &RelationModel) -> Option<Option<ObjectKey>> {
        match self.graph.link(key, relation.id) {
            Link::One { target, .. } => return Some(target.filter(|it| !self.graph.passes_over(*it))),
            Link::Refused | Link::Many(_) => return None,
            Link::Unloaded => {}
        }
        if !self.graph.has_identity(key) {
            return Some(None);
        }
        match &relation.join {
            Join::BelongsTo { .. } => self.graph.known_reference(key, relation),
            _ => None,
        }
    }

    /// The members of a collection, if they are known without a statement.
    pub(super) fn loaded_many(&self, key: ObjectKey, relation: RelationId) -> Option<Arc<Vec<ObjectKey>>> {
        let fresh = !self.graph.has_identity(key);
        match self.graph.link(key, relation) {
            // No row refers to an object that has none yet, so what was added is all there is.
            Link::Many(collection) => match &collection.members {
                Some(members) if self.graph.has_gone && members.iter().any(|it| self.graph.passes_over(*it)) => {
                    Some(Arc::new(members.iter().copied().filter(|it| !self.graph.passes_over(*it)).collect()))
                }
                Some(members) => Some(members.clone()),
                None => fresh.then(|| Arc::new(collection.queued_added().to_vec())),
            },
            Link::Unloaded => fresh.then(Arc::default),
            Link::Refused | Link::One { .. } => None,
        }
    }

    /// What a relation leads to, read if need be.
    pub(super) fn load_one(&mut self, key: ObjectKey, relation: RelationId) -> Result<Option<ObjectKey>> {
        let (model, class) = (self.graph.model.clone(), self.object(key)?.class);
        let declared = model.relation(class, relation);
        if let Some(known) = self.loaded_one(key, declared) {
            let known = self.check_known(known)?;
            if self.graph.has_identity(key) && !self.graph.is_loaded(key, relation) {
                self.graph.note_read(key, declared, known);
            }
            return Ok(known);
        }
        self.check_readable(key)?;
        self.may_read(key, declared)?;
        self.before_query()?;
        self.fresh(key)?;
        if self.loaded_one(key, declared).is_none() {
            self.read_relation(class, declared, &[key])?;
        }
        let known = self.loaded_one(key, declared);
        match known {
            // The foreign key leads to no row, which only a deferred constraint allows for a while.
            None => *self.graph.link_mut(key, relation) = Link::One { target: None, since: Since::Unchanged },
            Some(known) if !self.graph.is_loaded(key, relation) => self.graph.note_read(key, declared, known),
            Some(_) => {}
        }
        Ok(known.flatten())
    }

    /// An object of the identity map, unless it was expired and its row has gone since.
    fn check_known(&mut self, known: Option<ObjectKey>) -> Result<Option<ObjectKey>> {
        match known {
            Some(target) if self.graph.objects[target].lacks_row() && self.graph.is_in(target) => {
                let class = self.graph.objects[target].class;
                self.still_there(class, target)
            }
            known => Ok(known),
        }
    }

    /// The members of a collection, read if need be.
    pub(super) fn load_many(&mut self, key: ObjectKey, relation: RelationId) -> Result<Arc<Vec<ObjectKey>>> {
        let (model, class) = (self.graph.model.clone(), self.object(key)?.class);
        let declared = model.relation(class, relation);
        if let Some(known) = self.loaded_many(key, relation) {
            return Ok(known);
        }
        self.check_readable(key)?;
        self.may_read(key, declared)?;
        self.before_query()?;
        self.fresh(key)?;
        self.read_relation(class, declared, &[key])?;
        Ok(self.loaded_many(key, relation).unwrap_or_default())
    }

    /// Reads a relation that is not loaded because a flush, a cascade or a merge needs it, whatever its declaration or a
    /// query say about reading it.
    pub(super) fn read_for_unit(&mut self, key: ObjectKey, relation: &RelationModel) -> Result<()> {
        if self.graph.is_loaded(key, relation.id) || !self.graph.has_identity(key) {
            return Ok(());
        }
        let class = self.object(key)?.class;
        if matches!(self.graph.link(key, relation.id), Link::Refused) {
            *self.graph.link_mut(key, relation.id) = Link::Unloaded;
        }
        self.fresh(key)?;
        self.read_batch(class, relation, &[key])?;
        if self.graph.is_loaded(key, relation.id) {
            return Ok(());
        }
        match self.loaded_one(key, relation) {
            Some(known) if !relation.join.is_many() => self.graph.note_read(key, relation, known),
            _ if relation.join.is_many() => self.graph.collection_mut(key, relation.id).fill(Vec::new()),
            _ => *self.graph.link_mut(key, relation.id) = Link::One { target: None, since: Since::Unchanged },
        }
        Ok(())
    }

    /// What the tables say a relation leads to. What is known of it in memory stays as it is.
    pub(super) fn peek(&mut self, key: ObjectKey, relation: &RelationModel) -> Result<Vec<ObjectKey>> {
        let now = std::mem::take(self.graph.link_mut(key, relation.id));
        let read = self.read_for_unit(key, relation);
        let found = self.graph.current(key, relation);
        *self.graph.link_mut(key, relation.id) = now;
        read.map(|()| found)
    }

    /// Whether reading the relation by itself is allowed.
    fn may_read(&self, key: ObjectKey, relation: &RelationModel) -> Result<()> {
        let refused = relation.lazy == Lazy::Raise || matches!(self.graph.link(key, relation.id), Link::Refused);
        if !refused { Ok(()) } else { Err(self.not_loaded(key, relation)) }
    }

    /// The error of a relation that is not loaded.
    pub(super) fn not_loaded(&self, key: ObjectKey, relation: &RelationModel) -> crate::error::Error {
        let class = &self.graph.model.class(self.graph.objects[key].class).name;
        let advice = "load it with the query: `.with(….selectin())` or `.with(….joined())`";
        let relation = format!("{class}.{}", relation.name);
        Misuse::NotLoaded { relation, object: self.graph.name(key), advice }.into()
    }

    /// Reads a relation for many objects of one class that do not have it yet, and what their targets load by
    /// themselves.
    pub(super) fn read_relation(
        &mut self,
        class: ClassId,
        relation: &RelationModel,
        owners: &[ObjectKey],
    ) -> Result<()> {
        let targets = self.read_batch(class, relation, owners)?;
        self.load_declared(relation.target, &targets, &mut vec![(class, relation.id)])
    }
}
