//! Who holds whom: what the relations that own their targets remember of them.
//!
//! An object that was read is taken to have its parents until it is seen to lose one. An object that is new has none
//! until it is seen to get one. That is all that is needed to tell an orphan, and it costs nothing for objects that are
//! only read.

use rustc_hash::{FxHashMap, FxHashSet};

use super::graph::Graph;
use super::reference::ObjectKey;
use super::state::State;
use crate::id::{ClassId, RelationId};

/// A relation, by the class that declares it.
pub(super) type Declared = (ClassId, RelationId);

/// What is known of the parent of an object by one relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parent {
    Is(ObjectKey),
    Gone,
}

/// The parents that objects were seen to get and to lose.
#[derive(Clone, Default)]
pub(super) struct Parents {
    known: FxHashMap<(ObjectKey, Declared), Parent>,
    /// The relations of each object that are known, so that it can be forgotten.
    by_object: FxHashMap<ObjectKey, Vec<Declared>>,
}

impl Parents {
    fn put(&mut self, child: ObjectKey, by: Declared, parent: Parent) {
        if self.known.insert((child, by), parent).is_none() {
            self.by_object.entry(child).or_default().push(by);
        }
    }

    pub(super) fn forget(&mut self, child: ObjectKey) {
        for by in self.by_object.remove(&child).unwrap_or_default() {
            self.known.remove(&(child, by));
        }
    }

    /// Forgets the parents of some objects by some relations.
    fn forget_all(&mut self, which: impl Fn(ObjectKey, Declared) -> bool) {
        self.by_object.retain(|child, all| {
            all.retain(|by| !which(*child, *by));
            !all.is_empty()
        });
        self.known.retain(|(child, by), _| !which(*child, *by));
    }

    /// Forgets what is known by these parents.
    pub(super) fn forget_parents(&mut self, which: impl Fn(ObjectKey) -> bool) {
        let Parents { known, by_object } = self;
        known.retain(|(child, by), parent| {
            let goes = matches!(parent, Parent::Is(it) if which(*it));
            if goes && let Some(all) = by_object.get_mut(child) {
                all.retain(|it| it != by);
            }
            !goes
        });
    }

    pub(super) fn clear(&mut self) {
        *self = Parents::default();
    }
}

impl Graph {
    /// Notes that an object has got a parent.
    pub(super) fn has_got_parent(&mut self, child: ObjectKey, by: Declared, parent: ObjectKey) {
        self.parents.put(child, by, Parent::Is(parent));
    }

    /// Notes that an object has lost a parent, unless another one has taken it meanwhile.
    pub(super) fn has_lost_parent(&mut self, child: ObjectKey, by: Declared, parent: ObjectKey) {
        if let Some(Parent::Is(last)) = self.parents.known.get(&(child, by))
            && *last != parent
            && self.identity(*last) != self.identity(parent)
        {
            return;
        }
        self.parents.put(child, by, Parent::Gone);
    }

    /// Notes that an object has lost its parent, whoever that was.
    pub(super) fn has_lost_some_parent(&mut self, child: ObjectKey, by: Declared) {
        self.parents.put(child, by, Parent::Gone);
    }

    /// Forgets the parents of all objects with rows, because these are forgotten. Where an object has moved from one that
    /// has left the session, this is not taken for an orphan when that one comes back, which remembers that it has lost it.
    pub(super) fn forget_all_parents(&mut self) {
        let moved = self.moved_from_those_away();
        let Graph { objects, parents, .. } = self;
        let has_row = |it: ObjectKey| objects.get(it).is_none_or(|it| it.state == State::Persistent);
        parents.forget_all(|child, by| has_row(child) && !moved.contains(&(child, by)));
    }

    fn moved_from_those_away(&self) -> FxHashSet<(ObjectKey, Declared)> {
        let mut moved = FxHashSet::default();
        if !self.is_sound() || self.parents.known.is_empty() {
            return moved;
        }
        for (key, object) in self.objects.iter().filter(|it| it.1.state == State::Detached && it.1.has_links()) {
            for relation in &self.model.class(object.class).relations {
                let by = self.declared(object.class, relation.id);
                let lost = self.changes(key, relation.id).removed.into_iter().map(|it| (it, by));
                moved.extend(lost.filter(|it| matches!(self.parents.known.get(it), Some(Parent::Is(_)))));
            }
        }
        moved
    }

    /// Whether an object has a parent by a relation, where it was seen to get or to lose one.
    pub(super) fn is_owned(&self, child: ObjectKey, by: Declared) -> Option<bool> {
        self.parents.known.get(&(child, by)).map(|it| *it != Parent::Gone)
    }

    /// Whether an object has a parent by a relation; `otherwise` where nothing was seen.
    pub(super) fn has_parent(&self, child: ObjectKey, by: Declared, otherwise: bool) -> bool {
        self.is_owned(child, by).unwrap_or(otherwise)
    }

    /// Whether an object was seen to lose a parent without which it is not to be.
    pub(super) fn is_lost(&self, child: ObjectKey) -> bool {
        let owners = &self.owners[self.objects[child].class.index()];
        owners.iter().any(|&by| self.parents.known.get(&(child, by)) == Some(&Parent::Gone))
    }

    /// Whether an object lacks a parent without which it is not to be.
    pub(super) fn is_orphan(&self, child: ObjectKey) -> bool {
        let object = &self.objects[child];
        let owners = &self.owners[object.class.index()];
        if owners.is_empty() {
            return false;
        }
        let has_identity = !matches!(object.state, State::Transient | State::Pending);
        owners.iter().any(|&by| !self.has_parent(child, by, has_identity))
    }
}
