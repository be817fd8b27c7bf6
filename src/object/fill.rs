//! What was read becomes known: the one way from loaders to links.

use super::links::{Link, Since};
use super::model::{Join, RelationModel};
use super::reference::{ObjectKey, each_once};
use super::session::Core;
use crate::error::{Misuse, Result};

impl Core {
    /// Lets an object know what a collection holds, as it was read. What was queued for it is applied; a collection that
    /// is loaded stays as it is.
    ///
    /// # Errors
    /// In the manner of SQLAlchemy, when an object was taken out unseen that turns out not to be there.
    pub(super) fn fill_many(
        &mut self,
        owner: ObjectKey,
        relation: &RelationModel,
        mut members: Vec<ObjectKey>,
    ) -> Result<()> {
        if self.graph.is_loaded(owner, relation.id) {
            return Ok(());
        }
        let says = relation.inverse.is_some() || relation.is_apart();
        if says && self.graph.is_sound() && matches!(relation.join, Join::Has { .. }) && !self.graph.touched.is_empty()
        {
            // A row that refers here may stand for an object that has been moved since; its own reference knows better.
            members.retain(|&member| match self.graph.as_to(relation, member).inverse {
                Some(inverse) => match self.graph.link(member, inverse) {
                    Link::One { target, since } if *since != Since::Unchanged => *target == Some(owner),
                    _ => true,
                },
                None => true,
            });
        }
        if matches!(relation.join, Join::Through { .. }) {
            // A table without a key may hold a pair twice.
            each_once(&mut members);
        }
        self.graph.note_filled_whole(owner, relation.id);
        let repeats = !self.graph.is_sound() && !relation.collection.is_set();
        match self.graph.collection_mut(owner, relation.id).fill(members, repeats) {
            Some(absent) if !self.graph.is_sound() => {
                let relation = format!("{} of {}", relation.name, self.graph.name(owner));
                Err(Misuse::NotInCollection { relation, object: self.graph.name(absent) }.into())
            }
            _ => Ok(()),
        }
    }

    /// Lets an object know what a reference leads to, as it was read. One that is known stays as it is.
    pub(super) fn fill_one(&mut self, owner: ObjectKey, relation: &RelationModel, mut target: Option<ObjectKey>) {
        if self.graph.is_loaded(owner, relation.id) {
            return;
        }
        if let (true, Some(member)) = (self.graph.is_sound(), target)
            && let Some(inverse) = self.graph.as_to(relation, member).inverse
            && let Link::One { target: other, since } = self.graph.link(member, inverse)
            && *since != Since::Unchanged
            && *other != Some(owner)
        {
            target = None;
        }
        self.graph.note_filled_whole(owner, relation.id);
        *self.graph.link_mut(owner, relation.id) = Link::One { target, since: Since::Unchanged };
    }
}
