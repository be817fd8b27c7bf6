//! Peers: objects that one statement brought together. If a session wants it, touching a relation of one of them reads
//! the relation for all, so that walking a result costs one statement for each relation, and nobody has to foresee it.

use std::sync::Arc;

use slotmap::SecondaryMap;

use crate::object::model::RelationModel;
use crate::object::reference::ObjectKey;
use crate::object::session::Core;

/// Which objects came together; nothing is kept unless the session wants it.
#[derive(Default)]
pub(in crate::object) struct Peers {
    pub(in crate::object) wanted: bool,
    groups: SecondaryMap<ObjectKey, Arc<Vec<ObjectKey>>>,
}

impl Peers {
    /// Remembers that objects came together.
    pub(super) fn came(&mut self, new: &[ObjectKey]) {
        if self.wanted && new.len() > 1 {
            let group = Arc::new(new.to_vec());
            new.iter().for_each(|it| drop(self.groups.insert(*it, group.clone())));
        }
    }

    /// Lets go of an object.
    pub(in crate::object) fn remove(&mut self, key: ObjectKey) {
        self.groups.remove(key);
    }

    /// Lets go of everything.
    pub(in crate::object) fn clear(&mut self) {
        self.groups.clear();
    }
}

impl Core {
    /// The objects for which a relation is read when it is touched for some: those, and their peers that do not have it
    /// and may read it as well. `None` where there are no others.
    pub(super) fn with_peers(&self, relation: &RelationModel, owners: &[ObjectKey]) -> Option<Vec<ObjectKey>> {
        let &[owner] = owners else { return None };
        let group = self.peers.groups.get(owner).filter(|_| self.peers.wanted)?;
        let class = self.graph.objects[owner].class;
        let way = self.way_of(owner, relation);
        let goes_along = |it: &ObjectKey| {
            self.graph.objects.get(*it).is_some_and(|object| object.class == class && !object.lacks_row())
                && self.graph.is_in(*it)
                && !self.graph.is_loaded(*it, relation.id)
                && self.way_of(*it, relation) == way
        };
        let mut all = vec![owner];
        all.extend(group.iter().copied().filter(|it| *it != owner && goes_along(it)));
        Some(all)
    }
}
