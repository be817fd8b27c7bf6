//! What an object that comes back into the session says to the other sides of its links.

use super::{Graph, How};
use crate::error::Result;
use crate::id::RelationId;
use crate::object::links::{Link, Since};
use crate::object::model::RelationModel;
use crate::object::reference::ObjectKey;

impl Graph {
    /// An object that comes back may have links that no flush has written, and the other sides of them may have been read
    /// meanwhile, by rows that did not know. In a sound session they are told again; a reference that was set elsewhere
    /// since is not, but takes its object away from the one that comes back.
    pub(in crate::object) fn say_again(&mut self, key: ObjectKey) -> Result<()> {
        if !self.is_sound() || !self.objects[key].has_links() {
            return Ok(());
        }
        let model = self.model.clone();
        for relation in &model.class(self.objects[key].class).relations {
            let changes = self.changes(key, relation.id);
            for other in changes.added {
                self.say_of(key, relation, other, true)?;
            }
            for other in changes.removed {
                self.say_of(key, relation, other, false)?;
            }
        }
        Ok(())
    }

    /// Lets the other side of a link know that an object has come there, or has left it.
    fn say_of(&mut self, key: ObjectKey, relation: &RelationModel, other: ObjectKey, comes: bool) -> Result<()> {
        if !self.objects.contains_key(other) {
            return Ok(());
        }
        let model = self.model.clone();
        let Some(inverse) = self.as_to(relation, other).inverse else { return Ok(()) };
        let side = self.other_side(&model, other, inverse).1;
        let how = match (relation.join.is_many(), comes) {
            (false, _) => How::Set,
            (true, true) => How::Append,
            (true, false) => How::Remove,
        };
        match self.link(other, inverse) {
            Link::One { target: Some(elsewhere), since }
                if comes && *elsewhere != key && *since != Since::Unchanged =>
            {
                let origin = self.origin(other, inverse, How::Set);
                self.pop(key, relation, other, origin)
            }
            _ if self.says(other, inverse, key) == Some(comes) => Ok(()),
            _ if comes => self.arrive(other, side, key, self.origin(key, relation.id, how)),
            _ => self.pop(other, side, key, self.origin(key, relation.id, how)),
        }
    }

    /// Whether a relation leads to an object, where that is known or waits until the relation is read.
    fn says(&self, owner: ObjectKey, relation: RelationId, item: ObjectKey) -> Option<bool> {
        match self.link(owner, relation) {
            Link::Unloaded => None,
            Link::One { target, .. } => Some(*target == Some(item)),
            Link::Many(collection) => {
                let is_read = collection.members.is_some();
                let leaves = !is_read && collection.queued_removed().contains(&item);
                let is_there = collection.holds(item);
                (is_read || leaves || is_there).then_some(is_there)
            }
        }
    }
}
