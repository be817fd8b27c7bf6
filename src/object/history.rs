//! What has changed in an object since the last flush, relation by relation and column by column.

use super::graph::Graph;
use super::links::{Link, Pending, Since};
use super::reference::ObjectKey;
use crate::id::RelationId;
use rustc_hash::FxHashSet;

/// What was added to a relation, what is as it was, and what was taken out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    pub(super) added: Vec<ObjectKey>,
    pub(super) unchanged: Vec<ObjectKey>,
    pub(super) removed: Vec<ObjectKey>,
    /// A reference that was set to lead to nothing.
    pub(super) to_none: bool,
}

impl Changes {
    /// Whether anything is known at all.
    pub(super) fn is_empty(&self) -> bool {
        self.added.is_empty() && self.unchanged.is_empty() && self.removed.is_empty() && !self.to_none
    }

    /// Whether anything has changed.
    pub(super) fn is_change(&self) -> bool {
        !self.added.is_empty() || !self.removed.is_empty() || self.to_none
    }
}

impl Graph {
    /// What has happened to a relation, as far as is known without reading. What was queued for a collection that is not
    /// loaded counts.
    pub(super) fn changes(&self, key: ObjectKey, relation: RelationId) -> Changes {
        if !self.is_sound() && self.model.relation(self.objects[key].class, relation).view_only {
            return Changes { unchanged: self.held_now(key, relation), ..Changes::default() };
        }
        match self.link(key, relation) {
            Link::Unloaded => Changes::default(),
            Link::One { target, since } => {
                let here = || target.iter().copied().collect();
                let before = match *since {
                    Since::Unchanged => return Changes { unchanged: here(), ..Changes::default() },
                    Since::Changed(before) if before == *target => {
                        return Changes { unchanged: here(), ..Changes::default() };
                    }
                    Since::Changed(before) => before,
                    Since::ChangedUnread => None,
                };
                let removed = before.into_iter().collect();
                Changes { added: here(), removed, to_none: target.is_none(), unchanged: Vec::new() }
            }
            Link::Many(collection) => match (&collection.members, collection.pending.as_deref()) {
                (Some(now), None) => Changes { unchanged: now.to_vec(), ..Changes::default() },
                (Some(now), Some(Pending::Since(before))) => compare(before, now),
                (Some(now), Some(Pending::Queued { .. })) => Changes { unchanged: now.to_vec(), ..Changes::default() },
                (None, _) => Changes {
                    added: collection.queued_added().to_vec(),
                    removed: collection.queued_removed().to_vec(),
                    ..Changes::default()
                },
            },
        }
    }

    /// What a relation leads to as far as it is loaded. To SQLAlchemy a relation that is only read is always as it was:
    /// nobody notes what it held before.
    fn held_now(&self, key: ObjectKey, relation: RelationId) -> Vec<ObjectKey> {
        match self.link(key, relation) {
            Link::Unloaded => Vec::new(),
            Link::One { target, .. } => target.iter().copied().collect(),
            Link::Many(collection) => collection.members.as_deref().cloned().unwrap_or_default(),
        }
    }

    /// All that a relation leads to or led to at the last flush, as far as is known without reading; what was queued
    /// does not count.
    pub(super) fn all_of(&self, key: ObjectKey, relation: RelationId) -> Vec<ObjectKey> {
        let class = self.objects[key].class;
        if let Link::Many(collection) = self.link(key, relation)
            && collection.members.is_none()
            && !self.model.relation(class, relation).lazy.is_never_loaded()
        {
            return Vec::new();
        }
        let changes = self.changes(key, relation);
        [changes.added, changes.unchanged, changes.removed].concat()
    }
}

fn compare(before: &[ObjectKey], now: &[ObjectKey]) -> Changes {
    if before.is_empty() {
        return Changes { added: now.to_vec(), ..Changes::default() };
    }
    let had: FxHashSet<ObjectKey> = before.iter().copied().collect();
    let has: FxHashSet<ObjectKey> = now.iter().copied().collect();
    let (unchanged, added) = now.iter().partition(|it| had.contains(it));
    let removed = before.iter().copied().filter(|it| !has.contains(it)).collect();
    Changes { added, unchanged, removed, to_none: false }
}
