//! Taking links back: what an object that is expired or let go of has changed and not flushed, on both sides (O2).

use super::graph::Graph;
use super::links::{Link, Since};
use super::model::{Join, RelationModel};
use super::reference::ObjectKey;

impl Graph {
    /// Lets an object forget its links. What was pending in them is taken back on the other side, too; a reference that
    /// another object has set to this one stays, because it is that object's own.
    pub(super) fn take_back_links(&mut self, key: ObjectKey) {
        let model = self.model.clone();
        let Some(object) = self.objects.get(key).filter(|it| it.has_links()) else { return };
        for relation in &model.class(object.class).relations {
            match &relation.join {
                Join::BelongsTo { .. } => self.take_back_reference(key, relation),
                Join::Has { .. } => {
                    let kept = match std::mem::take(self.link_mut(key, relation.id)) {
                        link @ Link::One { since: Since::Changed | Since::ChangedUnread, .. } => link,
                        Link::Many(mut it) if it.pending.is_some() => {
                            it.members = None;
                            Link::Many(it)
                        }
                        _ => continue,
                    };
                    if relation.inverse.is_some() {
                        *self.link_mut(key, relation.id) = kept;
                    }
                }
                Join::Through { .. } => self.take_back_pairs(key, relation),
            }
        }
    }

    /// Lets a reference lead where its row says again.
    fn take_back_reference(&mut self, key: ObjectKey, relation: &RelationModel) {
        let link = std::mem::take(self.link_mut(key, relation.id));
        let (Link::One { target, since: Since::Changed | Since::ChangedUnread }, Some(inverse)) =
            (link, relation.inverse)
        else {
            return;
        };
        let model = self.model.clone();
        let inverse = model.relation(relation.target, inverse);
        let before = self.known_target(key, relation);
        if before == target {
            return;
        }
        if let Some(target) = target.filter(|it| self.objects.contains_key(*it)) {
            self.leave(target, inverse, key);
        }
        if let Some(before) = before {
            self.arrive(before, inverse, key, relation);
        }
    }

    fn take_back_pairs(&mut self, key: ObjectKey, relation: &RelationModel) {
        let link = std::mem::take(self.link_mut(key, relation.id));
        let (Link::Many(collection), Some(inverse)) = (link, relation.inverse) else { return };
        for &other in collection.added().iter().filter(|it| self.objects.contains_key(**it)).collect::<Vec<_>>() {
            self.collection_mut(other, inverse).remove(key);
        }
        for &other in collection.removed().iter().filter(|it| self.objects.contains_key(**it)).collect::<Vec<_>>() {
            self.collection_mut(other, inverse).add(key);
        }
    }

    /// Lets every relation forget an object that the session lets go of.
    pub(super) fn forget_links_to(&mut self, key: ObjectKey) {
        let model = self.model.clone();
        let mut references = Vec::new();
        for (holder, object) in &self.objects {
            let Some(links) = object.links() else { continue };
            for (at, link) in self.links.get_mut(links).iter_mut().enumerate() {
                match link {
                    Link::One { target, .. } if *target == Some(key) => references.push((holder, object.class, at)),
                    Link::Many(collection) => collection.forget(key),
                    _ => {}
                }
            }
        }
        for (holder, class, at) in references {
            let relation = &model.class(class).relations[at];
            if matches!(relation.join, Join::BelongsTo { .. }) {
                self.take_back_reference(holder, relation);
            } else {
                *self.link_mut(holder, relation.id) = Link::Unloaded;
            }
        }
    }
}
