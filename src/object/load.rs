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
use super::state::State;
use crate::error::{Misuse, Result};
use crate::id::{ClassId, RelationId};

impl Core {
    /// What a relation of an object leads to, if that is known without a statement; `None` when it is not loaded.
    pub(super) fn loaded_one(&self, key: ObjectKey, relation: &RelationModel) -> Option<Option<ObjectKey>> {
        match self.graph.link(key, relation.id) {
            Link::One { target, .. } => match target.is_some_and(|it| self.graph.is_gone(it)) {
                true if matches!(relation.join, Join::Has { .. }) => return Some(None),
                true => {}
                false => return Some(*target),
            },
            Link::Refused | Link::Many(_) => return None,
            Link::Unloaded => {}
        }
        let object = &self.graph.objects[key];
        match &relation.join {
            Join::BelongsTo { .. } => self.graph.known_reference(key, relation),
            _ => (object.state != State::Persistent).then_some(None),
        }
    }

    /// The members of a collection, if they are known without a statement.
    pub(super) fn loaded_many(&self, key: ObjectKey, relation: RelationId) -> Option<Arc<Vec<ObjectKey>>> {
        let object = &self.graph.objects[key];
        let fresh = object.state != State::Persistent;
        let target = self.graph.model.relation(object.class, relation).target;
        match self.graph.link(key, relation) {
            Link::Many(collection) => match &collection.members {
                Some(members) if self.graph.has_gone[target.index()] => Some(self.without_gone(members)),
                Some(members) => Some(members.clone()),
                // No row refers to an object that has none yet, so what was added is all there is.
                None => fresh.then(|| Arc::new(collection.added().to_vec())),
            },
            Link::Unloaded => fresh.then(Arc::default),
            Link::Refused | Link::One { .. } => None,
        }
    }

    /// The members that are still there.
    fn without_gone(&self, members: &Arc<Vec<ObjectKey>>) -> Arc<Vec<ObjectKey>> {
        if members.iter().any(|it| self.graph.is_gone(*it)) {
            Arc::new(members.iter().copied().filter(|it| !self.graph.is_gone(*it)).collect())
        } else {
            members.clone()
        }
    }

    /// What a relation leads to, read if need be.
    pub(super) fn load_one(&mut self, key: ObjectKey, relation: RelationId) -> Result<Option<ObjectKey>> {
        let (model, class) = (self.graph.model.clone(), self.object(key)?.class);
        let declared = model.relation(class, relation);
        if let Some(known) = self.loaded_one(key, declared) {
            return Ok(known);
        }
        self.may_read(key, declared)?;
        if self.wants_flush() {
            self.flush()?;
        }
        self.fresh(key)?;
        if let Some(known) = self.loaded_one(key, declared) {
            return Ok(known);
        }
        self.read_relation(class, declared, &[key])?;
        let known = self.loaded_one(key, declared);
        if known.is_none() {
            // The foreign key leads to no row, which only a deferred constraint allows for a while.
            *self.graph.link_mut(key, relation) = Link::One { target: None, since: Since::Unchanged };
        }
        Ok(known.flatten())
    }

    /// The members of a collection, read if need be.
    pub(super) fn load_many(&mut self, key: ObjectKey, relation: RelationId) -> Result<Arc<Vec<ObjectKey>>> {
        let (model, class) = (self.graph.model.clone(), self.object(key)?.class);
        let declared = model.relation(class, relation);
        if let Some(known) = self.loaded_many(key, relation) {
            return Ok(known);
        }
        self.may_read(key, declared)?;
        if self.wants_flush() {
            self.flush()?;
        }
        self.fresh(key)?;
        self.read_relation(class, declared, &[key])?;
        Ok(self.loaded_many(key, relation).unwrap_or_default())
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
