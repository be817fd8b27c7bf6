//! After a flush went through: states, identities and links say what the rows say.

use super::FlushPlan;
use super::apply::Done;
use crate::object::identity::Identity;
use crate::object::links::{Link, Since};
use crate::object::model::{Join, Model, RelationModel};
use crate::object::reference::ObjectKey;
use crate::object::session::Core;
use crate::object::state::State;
use crate::record::Row;
use std::sync::Arc;

impl Core {
    /// Brings objects up to date.
    pub(super) fn settle(&mut self, plan: &FlushPlan, done: Done) {
        let model = self.graph.model.clone();
        for (key, generated) in done.inserted {
            self.settle_inserted(&model, key, generated);
        }
        for (key, before) in done.updated {
            self.settle_updated(&model, key, &before);
        }
        self.graph.forget_pending(&plan.dropped);
        for key in std::mem::take(&mut self.graph.touched) {
            if let Some(object) = self.graph.objects.get_mut(key) {
                object.touched = false;
                self.settle_links(key);
            }
        }
        // A reference that an owner wrote is no link of its object; what the object knew may be wrong now.
        for it in &plan.assignments {
            self.forget_reference(it.object, &it.columns);
        }
        for key in done.deleted {
            self.settle_deleted(key);
        }
    }

    fn settle_inserted(&mut self, model: &Model, key: ObjectKey, generated: bool) {
        self.graph.objects[key].state = State::Persistent;
        let class = model.class(self.graph.objects[key].class);
        let identity = self.graph.row(key).and_then(|row| Identity::of(&**row, &class.key));
        self.graph.identify(key, identity.clone());
        for link in self.graph.links_mut(key) {
            // No row referred to the object before it had one, so what was added is all there is.
            if let Link::Many(collection) = link
                && collection.members.is_none()
            {
                collection.members = Some(Arc::new(collection.added().to_vec()));
            }
        }
        if let Some(identity) = identity {
            self.graph.identities[class.id.index()].insert(identity, key);
        }
        self.frame().inserted.push((key, generated));
        for relation in class.relations.iter().filter(|it| it.inverse.is_some()) {
            if matches!(self.graph.link(key, relation.id), Link::Unloaded) {
                let owner = self.graph.row(key).and_then(|row| self.owner_in(relation, row));
                self.forget_owner(relation, owner);
            }
        }
    }

    fn settle_updated(&mut self, model: &Model, key: ObjectKey, before: &Row) {
        let class = model.class(self.graph.objects[key].class);
        let Some(after) = self.graph.row(key).cloned() else { return };
        let identity = Identity::of(&*after, &class.key);
        if self.graph.identity(key) != identity
            && let Some(old) = self.graph.identify(key, identity.clone())
        {
            self.graph.identities[class.id.index()].remove(&old, key);
            if let Some(identity) = identity {
                self.graph.identities[class.id.index()].insert(identity, key);
            }
            self.frame().rekeyed.push((key, old));
        }
        for relation in &class.relations {
            let Join::BelongsTo { columns, .. } = &relation.join else { continue };
            let set =
                matches!(self.graph.link(key, relation.id), Link::One { since, .. } if *since != Since::Unchanged);
            if !set && columns.iter().any(|&it| before.get(it) != after.get(it)) {
                // The column was written by hand: what was linked by the old value is read again.
                if self.graph.objects[key].has_links() {
                    *self.graph.link_mut(key, relation.id) = Link::Unloaded;
                }
                self.forget_owner(relation, self.owner_in(relation, before));
                self.forget_owner(relation, self.owner_in(relation, &after));
            }
        }
    }

    /// The owner that a row refers to, if the session knows it.
    fn owner_in(&self, relation: &RelationModel, row: &Row) -> Option<ObjectKey> {
        let Join::BelongsTo { columns, by_identity: true, .. } = &relation.join else { return None };
        self.graph.known(relation.target, &Identity::of(&**row, columns)?)
    }

    /// Makes an owner read its side of a relation again.
    fn forget_owner(&mut self, relation: &RelationModel, owner: Option<ObjectKey>) {
        if let (Some(owner), Some(inverse)) = (owner, relation.inverse)
            && self.graph.objects[owner].has_links()
        {
            *self.graph.link_mut(owner, inverse) = Link::Unloaded;
        }
    }

    fn forget_reference(&mut self, key: ObjectKey, written: &[crate::id::ColumnId]) {
        let model = self.graph.model.clone();
        let Some(object) = self.graph.objects.get(key) else { return };
        if !object.has_links() {
            return;
        }
        for relation in &model.class(object.class).relations {
            if matches!(&relation.join, Join::BelongsTo { columns, .. } if columns == written) {
                *self.graph.link_mut(key, relation.id) = Link::Unloaded;
            }
        }
    }

    /// What was pending is done.
    fn settle_links(&mut self, key: ObjectKey) {
        for link in self.graph.links_mut(key) {
            match link {
                Link::One { since, .. } => *since = Since::Unchanged,
                Link::Many(collection) => {
                    // Of a collection that was never read, what was added is not all there is.
                    collection.pending = None;
                    if collection.members.is_none() {
                        *link = Link::Unloaded;
                    }
                }
                Link::Unloaded | Link::Refused => {}
            }
        }
    }

    /// The row is gone: the identity map forgets it, and relations that hold it pass over it from now on.
    fn settle_deleted(&mut self, key: ObjectKey) {
        let object = &mut self.graph.objects[key];
        object.state = State::Deleted;
        object.marked = false;
        let class = object.class.index();
        if let Some(identity) = self.graph.identity(key) {
            self.graph.identities[class].remove(&identity, key);
        }
        self.graph.has_gone[class] = true;
        self.frame().deleted.push(key);
    }
}
