//! After a flush went through: states, identities and links say what the rows say.

use super::FlushPlan;
use super::apply::Done;
use crate::object::graph::{Link, Since, State};
use crate::object::identity::Identity;
use crate::object::model::{Join, RelationModel};
use crate::object::reference::ObjectKey;
use crate::object::session::Core;
use crate::record::Row;
use std::sync::Arc;

impl Core {
    /// Brings objects up to date.
    pub(super) fn settle(&mut self, plan: &FlushPlan, done: Done) {
        for (key, generated) in done.inserted {
            self.settle_inserted(key, generated);
        }
        for (key, before) in done.updated {
            self.settle_updated(key, &before);
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

    fn settle_inserted(&mut self, key: ObjectKey, generated: bool) {
        let model = self.graph.model.clone();
        let object = &mut self.graph.objects[key];
        let class = model.class(object.class);
        object.state = State::Persistent;
        let row = self.graph.row(key).cloned();
        let identity = row.as_ref().and_then(|row| Identity::of(&**row, &class.key));
        let object = &mut self.graph.objects[key];
        object.identity.clone_from(&identity);
        for link in object.links.iter_mut().flatten() {
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
        let Some(row) = row else { return };
        for relation in class.relations.iter().filter(|it| it.inverse.is_some()) {
            if matches!(self.graph.link(key, relation.id), Link::Unloaded) {
                self.forget_owner(relation, &row);
            }
        }
    }

    fn settle_updated(&mut self, key: ObjectKey, before: &Row) {
        let model = self.graph.model.clone();
        let class = model.class(self.graph.objects[key].class);
        let Some(after) = self.graph.row(key).cloned() else { return };
        let identity = Identity::of(&*after, &class.key);
        if self.graph.objects[key].identity != identity
            && let Some(old) = std::mem::replace(&mut self.graph.objects[key].identity, identity.clone())
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
                if self.graph.objects[key].links.is_some() {
                    *self.graph.link_mut(key, relation.id) = Link::Unloaded;
                }
                self.forget_owner(relation, before);
                self.forget_owner(relation, &after);
            }
        }
    }

    /// Makes the owner that a row refers to read its side again, if the session knows it.
    fn forget_owner(&mut self, relation: &RelationModel, row: &Row) {
        let Join::BelongsTo { columns, by_identity: true, .. } = &relation.join else { return };
        let Some(inverse) = relation.inverse else { return };
        let owner = Identity::of(&**row, columns).and_then(|it| self.graph.known(relation.target, &it));
        if let Some(owner) = owner
            && self.graph.objects[owner].links.is_some()
        {
            *self.graph.link_mut(owner, inverse) = Link::Unloaded;
        }
    }

    fn forget_reference(&mut self, key: ObjectKey, written: &[crate::id::ColumnId]) {
        let model = self.graph.model.clone();
        let Some(object) = self.graph.objects.get(key) else { return };
        if object.links.is_none() {
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
        let object = &mut self.graph.objects[key];
        for link in object.links.iter_mut().flatten() {
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
        if let Some(identity) = &object.identity {
            self.graph.identities[class].remove(identity, key);
        }
        self.graph.has_gone[class] = true;
        self.frame().deleted.push(key);
    }
}
