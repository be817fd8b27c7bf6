//! What is known of the relations of an object, and what has happened to them since the last flush.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::reference::ObjectKey;

/// What is known of one relation of one object (O7).
#[derive(Clone, Default)]
pub(super) enum Link {
    /// Nothing: reading it asks the database, or the row's foreign key.
    #[default]
    Unloaded,
    /// Nothing, and the query that read the object wants reading it to be an error.
    Refused,
    /// It leads to this object, or to none.
    One { target: Option<ObjectKey>, since: Since },
    /// It leads to a collection.
    Many(Collection),
}

/// What has happened to a reference since the last flush.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Since {
    /// Nothing: it is what the rows say.
    Unchanged,
    /// It was set, and what it led to before is known.
    Changed,
    /// It was set without having been read, so a flush must find out what it led to before.
    ChangedUnread,
}

impl Since {
    /// After one more change: what was not read stays unread.
    pub(super) fn changed(self) -> Since {
        match self {
            Since::Unchanged | Since::Changed => Since::Changed,
            Since::ChangedUnread => Since::ChangedUnread,
        }
    }
}

/// A collection: what was read, if it was, and what has happened to it since. Two words, because a session that has read
/// a million collections holds a million of these.
#[derive(Clone, Default)]
pub(super) struct Collection {
    /// Its members now; `None` while it is not loaded. Shared with readers that walk it.
    pub(super) members: Option<Arc<Vec<ObjectKey>>>,
    /// What the next flush has to carry over.
    pub(super) pending: Option<Box<Pending>>,
}

/// What has happened to a collection since the last flush.
#[derive(Clone, Default)]
pub(super) struct Pending {
    pub(super) added: Vec<ObjectKey>,
    pub(super) removed: Vec<ObjectKey>,
}

impl Collection {
    /// Added since the last flush.
    pub(super) fn added(&self) -> &[ObjectKey] {
        self.pending.as_ref().map_or(&[], |it| &it.added)
    }

    /// Removed since the last flush.
    pub(super) fn removed(&self) -> &[ObjectKey] {
        self.pending.as_ref().map_or(&[], |it| &it.removed)
    }

    /// Whether the object is a member, as far as is known without reading.
    pub(super) fn holds(&self, member: ObjectKey) -> bool {
        match &self.members {
            Some(members) => members.contains(&member),
            None => self.added().contains(&member),
        }
    }

    /// How many members are known.
    pub(super) fn known(&self) -> usize {
        self.members.as_ref().map_or(self.added().len(), |it| it.len())
    }

    /// Adds an object that is no member yet. It is for the caller to know that, often from the other side: looking here
    /// would make building a collection of n members take n² steps.
    pub(super) fn add(&mut self, member: ObjectKey) {
        if let Some(members) = &mut self.members {
            Arc::make_mut(members).push(member);
        }
        let pending = self.pending.get_or_insert_default();
        match pending.removed.iter().position(|it| *it == member) {
            Some(at) => {
                pending.removed.swap_remove(at);
            }
            None => pending.added.push(member),
        }
    }

    /// Takes a member out; says whether it was there, as far as is known.
    pub(super) fn remove(&mut self, member: ObjectKey) -> bool {
        if let Some(members) = &mut self.members {
            // A collection that is emptied from its end is emptied in proportion.
            let last = members.last() == Some(&member);
            let at = if last { Some(members.len() - 1) } else { members.iter().position(|it| *it == member) };
            let Some(at) = at else { return false };
            Arc::make_mut(members).remove(at);
        } else if self.removed().contains(&member) {
            return false;
        }
        let pending = self.pending.get_or_insert_default();
        match pending.added.iter().position(|it| *it == member) {
            Some(at) => {
                pending.added.remove(at);
            }
            None => pending.removed.push(member),
        }
        true
    }

    /// Takes new members out that were never there, in one pass.
    pub(super) fn drop_new(&mut self, gone: &FxHashSet<ObjectKey>) {
        if let Some(members) = &mut self.members {
            Arc::make_mut(members).retain(|it| !gone.contains(it));
        }
        if let Some(pending) = &mut self.pending {
            pending.added.retain(|it| !gone.contains(it));
        }
    }

    /// Knows nothing of an object any more; members that were read are read again.
    pub(super) fn forget(&mut self, member: ObjectKey) {
        if self.members.as_ref().is_some_and(|it| it.contains(&member)) {
            self.members = None;
        }
        if let Some(pending) = &mut self.pending {
            pending.added.retain(|it| *it != member);
            pending.removed.retain(|it| *it != member);
        }
    }

    /// What was read becomes the collection, with what has happened since applied to it.
    pub(super) fn fill(&mut self, mut read: Vec<ObjectKey>) {
        if let Some(pending) = &self.pending {
            let known: FxHashSet<ObjectKey> = pending.removed.iter().chain(&pending.added).copied().collect();
            read.retain(|it| !known.contains(it));
            read.extend(&pending.added);
        }
        self.members = Some(Arc::new(read));
    }
}
