//! What a sound session does otherwise than SQLAlchemy with links in memory; see [`Manner`](super::Manner).

use rustc_hash::FxHashSet;

use super::class::Cascade;
use super::graph::Graph;
use super::identity::Identity;
use super::links::{Link, Since};
use super::model::{Join, RelationModel};
use super::reference::ObjectKey;
use super::session::{Core, Manner};
use super::state::State;
use crate::error::Result;
use crate::id::{ClassId, RelationId};
use crate::record::edit;
use crate::value::Value;

impl Graph {
    pub(super) fn is_sound(&self) -> bool {
        self.manner == Manner::Sound
    }

    /// Whether a reader is to pass over an object: its row was deleted.
    pub(super) fn passes_over(&self, key: ObjectKey) -> bool {
        self.is_sound()
            && self.has_gone
            && self
                .objects
                .get(key)
                .is_none_or(|it| it.state == State::Deleted || it.state == State::Detached && it.marked)
    }

    /// Whether an object is a member of a collection already, as far as is known without reading. Both sides say the
    /// same, so the shorter one is asked: looking through the longer one would make building a collection of n members
    /// take n² steps.
    pub(super) fn is_member(&mut self, owner: ObjectKey, relation: &RelationModel, item: ObjectKey) -> bool {
        let model = self.model.clone();
        let inverse = self.as_to(relation, item).inverse.map(|it| model.relation(self.objects[item].class, it));
        match inverse {
            Some(inverse) if !inverse.join.is_many() => match self.link(item, inverse.id) {
                Link::One { target, .. } => *target == Some(owner),
                _ => self.has_identity(item) && self.known_reference(item, inverse) == Some(Some(owner)),
            },
            Some(inverse) => {
                let length = |graph: &Graph, key, relation| match graph.link(key, relation) {
                    Link::Many(it) => it.members.as_ref().map(|it| it.len()),
                    _ => None,
                };
                let (own, other) = (length(self, owner, relation.id), length(self, item, inverse.id));
                match (own, other) {
                    (Some(own), Some(other)) if own <= other => self.collection_mut(owner, relation.id).holds(item),
                    (Some(_), None) | (None, None) => self.collection_mut(owner, relation.id).holds(item),
                    _ => self.collection_mut(item, inverse.id).holds(owner),
                }
            }
            None => self.collection_mut(owner, relation.id).holds(item),
        }
    }

    /// Lets an object forget its links. What was pending in them is taken back on the other side, too; a reference that
    /// another object has set to this one stays, because it is that object's own.
    pub(super) fn take_back_links(&mut self, key: ObjectKey) {
        if !self.objects[key].has_links() {
            return;
        }
        let model = self.model.clone();
        for relation in &model.class(self.objects[key].class).relations {
            match &relation.join {
                Join::BelongsTo { .. } => self.take_back_reference(key, relation),
                Join::Has { .. } => self.keep_what_others_say(key, relation),
                Join::Through { .. } => self.take_back_pairs(key, relation),
            }
        }
    }

    /// Lets a reference lead where its row says again.
    pub(super) fn take_back_reference(&mut self, key: ObjectKey, relation: &RelationModel) {
        let link = std::mem::take(self.link_mut(key, relation.id));
        let (Link::One { target, since }, Some(inverse)) = (link, relation.inverse) else { return };
        let before = match since {
            Since::Unchanged => return,
            Since::Changed(before) => before,
            Since::ChangedUnread => None,
        };
        if let Some(target) = target.filter(|it| before != Some(*it) && self.objects.contains_key(*it)) {
            self.withdraw(target, inverse, key);
        }
        if let Some(before) = before.filter(|it| target != Some(*it) && self.objects.contains_key(*it)) {
            self.restore(before, inverse, key);
        }
    }

    /// A collection whose members have references of their own is read again, with what these say.
    fn keep_what_others_say(&mut self, key: ObjectKey, relation: &RelationModel) {
        let changes = self.changes(key, relation.id);
        let link = std::mem::take(self.link_mut(key, relation.id));
        let says = |it: &ObjectKey| self.as_to(relation, *it).inverse.is_some();
        let added: Vec<ObjectKey> = changes.added.into_iter().filter(says).collect();
        let removed: Vec<ObjectKey> = changes.removed.into_iter().filter(says).collect();
        if added.is_empty() && removed.is_empty() {
            return;
        }
        if relation.join.is_many() {
            let collection = self.collection_mut(key, relation.id);
            added.into_iter().for_each(|it| collection.queue_add(it));
            removed.into_iter().for_each(|it| collection.queue_remove(it));
        } else {
            *self.link_mut(key, relation.id) = link;
        }
    }

    fn take_back_pairs(&mut self, key: ObjectKey, relation: &RelationModel) {
        let changes = self.changes(key, relation.id);
        *self.link_mut(key, relation.id) = Link::Unloaded;
        let Some(inverse) = relation.inverse else { return };
        for other in changes.added.into_iter().filter(|it| self.objects.contains_key(*it)).collect::<Vec<_>>() {
            self.withdraw(other, inverse, key);
        }
        for other in changes.removed.into_iter().filter(|it| self.objects.contains_key(*it)).collect::<Vec<_>>() {
            self.restore(other, inverse, key);
        }
    }

    /// Takes an object out of the other side of a relation, where it was never to be.
    fn withdraw(&mut self, owner: ObjectKey, relation: RelationId, item: ObjectKey) {
        match self.link_mut(owner, relation) {
            Link::One { target, since } if *target == Some(item) => match *since {
                Since::Changed(before) => (*target, *since) = (before, Since::Unchanged),
                Since::ChangedUnread | Since::Unchanged => *self.link_mut(owner, relation) = Link::Unloaded,
            },
            Link::Many(collection) if collection.members.is_some() => drop(collection.take(None, item)),
            Link::Many(collection) => collection.queue_remove(item),
            _ => {}
        }
    }

    /// Puts an object back where it was. Who takes out what was never there has changed nothing on this side.
    fn restore(&mut self, owner: ObjectKey, relation: RelationId, item: ObjectKey) {
        match self.link_mut(owner, relation) {
            Link::One { target: target @ None, since } => {
                *target = Some(item);
                if *since == Since::Changed(Some(item)) {
                    *since = Since::Unchanged;
                }
            }
            Link::Many(collection) if !collection.has_lost(item) => {}
            Link::Many(collection) if collection.members.is_none() => collection.queue_add(item),
            Link::Many(collection) => collection.insert(None, item),
            _ => {}
        }
    }

    /// Whether the other side of a one-to-one relation says that it leads here, as far as it is known: another object may
    /// have taken the place.
    pub(super) fn agrees(&self, key: ObjectKey, relation: &RelationModel, target: Option<ObjectKey>) -> bool {
        let Some(target) = target.filter(|_| self.is_sound()) else { return true };
        let Some(inverse) = self.as_to(relation, target).inverse else { return true };
        !matches!(self.link(target, inverse), Link::One { target, .. } if *target != Some(key))
    }

    /// Whether the row of an object holds a foreign key, wherever it leads.
    pub(super) fn holds_reference(&self, key: ObjectKey, relation: &RelationModel) -> bool {
        let Join::BelongsTo { columns, .. } = &relation.join else { return false };
        columns.iter().all(|it| self.has_column(key, *it))
            && self.row(key).is_some_and(|row| columns.iter().all(|it| !row.get(*it).is_null()))
    }

    /// Notes that an object has lost an owner that the session does not know.
    pub(super) fn lose_unknown_owner(&mut self, child: ObjectKey, relation: &RelationModel) {
        if let Some(inverse) = relation.inverse {
            let by = self.declared(relation.target, inverse);
            self.has_lost_some_parent(child, by);
        }
    }

    /// An object has lost an owner that had not read it, and so could not tell it: its reference is read again, unless it
    /// leads elsewhere by now.
    pub(super) fn forget_owner(&mut self, child: ObjectKey, relation: &RelationModel, owner: ObjectKey) {
        let Some(inverse) = self.as_to(relation, child).inverse else { return };
        let Link::One { target: Some(target), since } = *self.link(child, inverse) else { return };
        if target == owner && (since == Since::Unchanged || since == Since::Changed(Some(owner))) {
            *self.link_mut(child, inverse) = Link::Unloaded;
        }
    }

    /// The new objects that have lost a parent without which they are not to be, and the new ones that they own.
    pub(super) fn lost(&self) -> FxHashSet<ObjectKey> {
        let new = |it: ObjectKey| self.objects.get(it).is_some_and(|it| it.state == State::Pending);
        let mut lost: FxHashSet<ObjectKey> = FxHashSet::default();
        let mut work: Vec<ObjectKey> = self.touched.iter().copied().filter(|&it| new(it) && self.is_lost(it)).collect();
        while let Some(key) = work.pop() {
            if lost.insert(key) {
                let reached = self.reach(key, Cascade::DELETE, |graph, it| graph.objects[it].state == State::Pending);
                work.extend(reached.into_iter().filter(|it| !lost.contains(it)));
                // Whoever has no other owner than one that is left out has none.
                let class = self.model.class(self.objects[key].class);
                for relation in class.relations.iter().filter(|it| it.cascade.contains(Cascade::DELETE_ORPHAN)) {
                    work.extend(self.changes(key, relation.id).added.into_iter().filter(|it| new(*it)));
                }
            }
        }
        lost
    }

    /// New objects that are deleted before they were inserted were never there: both sides of their relations forget
    /// them, and they are transient again.
    pub(super) fn forget_new(&mut self, keys: &[ObjectKey]) {
        if keys.is_empty() {
            return;
        }
        let model = self.model.clone();
        let gone: FxHashSet<ObjectKey> = keys.iter().copied().collect();
        let mut holders: FxHashSet<(ObjectKey, RelationId)> = FxHashSet::default();
        for &key in keys {
            let class = model.class(self.objects[key].class);
            for relation in class.relations.iter().filter(|it| it.inverse.is_some()) {
                let others = self.changes(key, relation.id);
                let others = [others.added, others.unchanged].concat();
                let stays = others.into_iter().filter(|it| !gone.contains(it));
                holders.extend(stays.filter_map(|it| Some((it, self.as_to(relation, it).inverse?))));
            }
            if self.objects[key].state == State::Pending {
                self.change_state(key, State::Transient);
            }
            self.objects[key].marked = false;
            self.take_links(key);
            self.parents.forget(key);
        }
        self.note_without_inverse(&gone, &mut holders);
        for (holder, relation) in holders {
            self.forget_in(holder, relation, &gone);
        }
    }

    fn forget_in(&mut self, holder: ObjectKey, relation: RelationId, gone: &FxHashSet<ObjectKey>) {
        let by = self.declared(self.objects[holder].class, relation);
        match self.link_mut(holder, relation) {
            Link::One { target, since } if target.is_some_and(|it| gone.contains(&it)) => {
                let lost = target.take();
                *since = since.changed(lost);
                self.touch(holder);
                self.lose_owner(holder, by.1, lost);
            }
            Link::Many(collection) => collection.drop_new(gone),
            _ => {}
        }
    }

    /// Notes that an object has lost its owner, if it knows its owner by this reference.
    fn lose_owner(&mut self, child: ObjectKey, relation: RelationId, owner: Option<ObjectKey>) {
        let model = self.model.clone();
        let relation = model.relation(self.objects[child].class, relation);
        if let (Some(inverse), Some(owner)) = (relation.inverse, owner) {
            let by = self.declared(self.objects[owner].class, inverse);
            self.has_lost_parent(child, by, owner);
        }
    }

    /// Who holds a new object by a relation without an inverse has been touched since the last flush.
    fn note_without_inverse(&self, gone: &FxHashSet<ObjectKey>, holders: &mut FxHashSet<(ObjectKey, RelationId)>) {
        let concerned = |it: &&RelationModel| it.inverse.is_none() || it.apart.iter().any(|it| it.inverse.is_none());
        if !self.model.classes().iter().any(|it| it.relations.iter().any(|it| concerned(&it))) {
            return;
        }
        for &holder in self.touched.iter() {
            let Some(object) = self.objects.get(holder).filter(|it| it.has_links()) else { continue };
            for relation in self.model.class(object.class).relations.iter().filter(concerned) {
                let changes = self.changes(holder, relation.id);
                if changes.added.iter().any(|it| gone.contains(it)) {
                    holders.insert((holder, relation.id));
                }
            }
        }
    }
}

impl Core {
    /// Forgets a new object, and the new ones that its delete cascades reach. What has a row is marked.
    pub(super) fn delete_new(&mut self, key: ObjectKey) -> Result<()> {
        let mut new = vec![key];
        for (it, along) in self.reach_deletes(key)? {
            match self.graph.objects[it].state {
                State::Pending => new.push(it),
                State::Persistent => self.graph.mark(it, Some(along)),
                _ => {}
            }
        }
        self.graph.forget_new(&new);
        Ok(())
    }

    /// Takes generated keys back from objects that are transient again, and wherever one of them holds such a key as a
    /// reference: the table will give them to other rows.
    pub(super) fn take_back_keys(&mut self, inserted: &[ObjectKey], generated: &[ObjectKey]) {
        let model = self.graph.model.clone();
        let mut gone: FxHashSet<(ClassId, Identity)> = FxHashSet::default();
        for &key in generated {
            let Some(object) = self.graph.objects.get(key) else { continue };
            let class = model.class(object.class);
            if let Some(identity) = self.graph.row(key).and_then(|it| Identity::of(&**it, &class.key)) {
                gone.insert((class.root, identity));
            }
        }
        for &key in inserted.iter().filter(|_| !gone.is_empty()) {
            let Some(object) = self.graph.objects.get(key) else { continue };
            let class = model.class(object.class);
            for relation in &class.relations {
                let Join::BelongsTo { columns, by_identity: true, .. } = &relation.join else { continue };
                let root = model.class(relation.target).root;
                let refers = self.graph.row(key).and_then(|it| Identity::of(&**it, columns));
                if refers.is_some_and(|it| gone.contains(&(root, it))) {
                    self.blank_columns(key, columns);
                }
            }
        }
        for &key in generated {
            let Some(object) = self.graph.objects.get(key) else { continue };
            let key_columns = model.class(object.class).key.clone();
            self.blank_columns(key, &key_columns);
        }
    }

    fn blank_columns(&mut self, key: ObjectKey, columns: &[crate::id::ColumnId]) {
        for &column in columns {
            if let Some(row) = self.graph.own_mut(key).and_then(|it| it.row.as_mut()) {
                // A field that has no NULL keeps what it holds.
                let _ = edit(row).set(column, Value::Null);
            }
        }
    }
}
