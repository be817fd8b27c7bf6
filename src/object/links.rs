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
    /// It leads to this object, or to none.
    One { target: Option<ObjectKey>, since: Since },
    /// It leads to a collection.
    Many(Collection),
}

impl Link {
    /// Whether it was changed since the last flush.
    pub(super) fn is_changed(&self) -> bool {
        match self {
            Link::Unloaded => false,
            Link::One { since, .. } => *since != Since::Unchanged,
            Link::Many(collection) => collection.pending.is_some(),
        }
    }
}

/// What has happened to a reference since the last flush.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Since {
    /// Nothing: it is what the rows say.
    Unchanged,
    /// It was set, and before the first change it led there.
    Changed(Option<ObjectKey>),
    /// It was set without having been read. Where it matters, a flush finds out what it led to before.
    ChangedUnread,
}

impl Since {
    /// After a change from `before`: what is remembered is the state before the first one.
    pub(super) fn changed(self, before: Option<ObjectKey>) -> Since {
        match self {
            Since::Unchanged => Since::Changed(before),
            changed => changed,
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
#[derive(Clone)]
pub(super) enum Pending {
    /// It is loaded, and held these members before the first change.
    Since(Arc<Vec<ObjectKey>>),
    /// It is not loaded: what was added and removed waits until it is, or until a flush.
    Queued { added: Ordered, removed: Ordered },
}

/// Objects in the order in which they came, each once.
#[derive(Clone, Default)]
pub(super) struct Ordered {
    list: Vec<ObjectKey>,
    /// The same, once there are so many that looking through the list would cost more.
    set: FxHashSet<ObjectKey>,
}

/// From how many objects on a set is kept beside the list.
const SMALL: usize = 16;

impl Ordered {
    /// Other objects stand for some of them.
    fn exchange(&mut self, now: impl Fn(ObjectKey) -> Option<ObjectKey>) {
        if self.list.iter().any(|it| now(*it).is_some()) {
            let before = std::mem::take(self);
            before.list.into_iter().for_each(|it| self.add(now(it).unwrap_or(it)));
        }
    }

    pub(super) fn contains(&self, object: ObjectKey) -> bool {
        if self.list.len() < SMALL { self.list.contains(&object) } else { self.set.contains(&object) }
    }

    pub(super) fn add(&mut self, object: ObjectKey) {
        if self.contains(object) {
            return;
        }
        self.list.push(object);
        match self.list.len() {
            SMALL => self.set.extend(&self.list),
            more if more > SMALL => {
                self.set.insert(object);
            }
            _ => {}
        }
    }

    /// Takes an object out; says whether it was there.
    pub(super) fn remove(&mut self, object: ObjectKey) -> bool {
        if !self.contains(object) {
            return false;
        }
        self.list.retain(|it| *it != object);
        if self.list.len() < SMALL {
            self.set.clear();
        } else {
            self.set.remove(&object);
        }
        true
    }

    pub(super) fn as_slice(&self) -> &[ObjectKey] {
        &self.list
    }
}

impl Collection {
    /// A collection that is known to hold these.
    pub(super) fn of(members: Vec<ObjectKey>) -> Self {
        Collection { members: Some(Arc::new(members)), pending: None }
    }

    /// Notes what the collection held before the first change since the last flush.
    pub(super) fn remember(&mut self) {
        if let (Some(members), None) = (&self.members, &self.pending) {
            self.pending = Some(Box::new(Pending::Since(members.clone())));
        }
    }

    /// The queues of a collection that is not loaded.
    fn queues(&mut self) -> (&mut Ordered, &mut Ordered) {
        let pending = self.pending.get_or_insert_with(|| Box::new(Pending::queued()));
        if matches!(**pending, Pending::Since(_)) {
            **pending = Pending::queued();
        }
        match &mut **pending {
            Pending::Queued { added, removed } => (added, removed),
            Pending::Since(_) => unreachable!("it was made queues above"),
        }
    }

    /// Queues an object that a collection which is not loaded will hold.
    pub(super) fn queue_add(&mut self, object: ObjectKey) {
        let (added, removed) = self.queues();
        if !removed.remove(object) {
            added.add(object);
        }
    }

    /// Queues an object that a collection which is not loaded will not hold any more.
    pub(super) fn queue_remove(&mut self, object: ObjectKey) {
        let (added, removed) = self.queues();
        if !added.remove(object) {
            removed.add(object);
        }
    }

    /// Queues that an object will be in a collection which is not loaded, or will not be: whatever the rows say now. Where
    /// no other side knows whether it is a member already, two verbs that take each other back must not be nothing.
    pub(super) fn queue_for_certain(&mut self, object: ObjectKey, will_be: bool) {
        let (added, removed) = self.queues();
        let (other, own) = if will_be { (removed, added) } else { (added, removed) };
        other.remove(object);
        own.add(object);
    }

    /// Added since the last flush while the collection was not loaded.
    pub(super) fn queued_added(&self) -> &[ObjectKey] {
        match self.pending.as_deref() {
            Some(Pending::Queued { added, .. }) => added.as_slice(),
            _ => &[],
        }
    }

    /// Removed since the last flush while the collection was not loaded.
    pub(super) fn queued_removed(&self) -> &[ObjectKey] {
        match self.pending.as_deref() {
            Some(Pending::Queued { removed, .. }) => removed.as_slice(),
            _ => &[],
        }
    }

    /// What was read becomes the collection, with what was queued since applied to it. What was read and queued stands
    /// once, unless members may be repeated. Returns what was to be taken out and is not there.
    pub(super) fn fill(&mut self, read: Vec<ObjectKey>, repeats: bool) -> Option<ObjectKey> {
        let mut absent = None;
        let read = Arc::new(read);
        self.members = Some(read.clone());
        if let Some(pending) = self.pending.take() {
            if let Pending::Queued { added, removed } = *pending {
                let mut members = read.to_vec();
                // A row that stands for a queued object may have been written meanwhile.
                members.extend(added.as_slice().iter().filter(|it| repeats || !read.contains(it)));
                absent = removed.as_slice().iter().copied().find(|it| !members.contains(it));
                match repeats {
                    true => removed.as_slice().iter().for_each(|gone| {
                        members.iter().position(|it| it == gone).map(|at| members.remove(at));
                    }),
                    false => members.retain(|it| !removed.contains(*it)),
                }
                self.members = Some(Arc::new(members));
            }
            self.pending = Some(Box::new(Pending::Since(read)));
        }
        absent
    }

    /// A part that was loaded is known no more; what was changed of it since the last flush waits for the whole.
    pub(super) fn set_aside(&mut self) {
        let Some(members) = self.members.take() else { return };
        if let Some(Pending::Since(before)) = self.pending.take().map(|it| *it) {
            let (had, holds): (FxHashSet<_>, FxHashSet<_>) =
                (before.iter().copied().collect(), members.iter().copied().collect());
            members.iter().filter(|it| !had.contains(it)).for_each(|&it| self.queue_add(it));
            before.iter().filter(|it| !holds.contains(it)).for_each(|&it| self.queue_remove(it));
        }
    }

    /// Lets a collection that has been emptied not be there. What it held before the first change is kept.
    pub(super) fn take_away(&mut self) {
        self.remember();
        self.members = None;
    }

    /// Whether it was taken away: it looks empty, and nothing has happened to it.
    pub(super) fn is_taken_away(&self) -> bool {
        self.members.is_none() && matches!(self.pending.as_deref(), Some(Pending::Since(_)))
    }

    /// Lets a collection that was taken away be there again, with nothing in it.
    pub(super) fn bring_back(&mut self) {
        if self.is_taken_away() {
            self.members = Some(Arc::default());
        }
    }

    /// Whether the object was taken out since the last flush.
    pub(super) fn has_lost(&self, member: ObjectKey) -> bool {
        match self.pending.as_deref() {
            Some(Pending::Since(before)) => !self.holds(member) && before.contains(&member),
            Some(Pending::Queued { removed, .. }) => removed.contains(member),
            None => false,
        }
    }

    /// Whether the object is a member, as far as is known without reading.
    pub(super) fn holds(&self, member: ObjectKey) -> bool {
        match &self.members {
            Some(members) => members.contains(&member),
            None => self.queued_added().contains(&member),
        }
    }

    /// Another object stands for one that was read.
    pub(super) fn exchange(&mut self, now: impl Fn(ObjectKey) -> Option<ObjectKey>) {
        let put = |list: &mut Arc<Vec<ObjectKey>>| {
            if list.iter().any(|it| now(*it).is_some()) {
                Arc::make_mut(list).iter_mut().for_each(|it| *it = now(*it).unwrap_or(*it));
            }
        };
        self.members.as_mut().map(put);
        match self.pending.as_deref_mut() {
            Some(Pending::Since(members)) => put(members),
            Some(Pending::Queued { added, removed }) => {
                added.exchange(&now);
                removed.exchange(&now);
            }
            None => {}
        }
    }

    /// Puts an object among the members of a loaded collection.
    pub(super) fn insert(&mut self, at: Option<usize>, member: ObjectKey) {
        let members = Arc::make_mut(self.members.get_or_insert_default());
        match at.filter(|it| *it < members.len()) {
            Some(at) => members.insert(at, member),
            None => members.push(member),
        }
    }

    /// Takes an object out of the members of a loaded collection, from a place or from where it stands first.
    pub(super) fn take(&mut self, at: Option<usize>, member: ObjectKey) -> bool {
        let Some(members) = &mut self.members else { return false };
        // A collection that is emptied from its end is emptied in proportion.
        let at = at.filter(|it| members.get(*it) == Some(&member)).or_else(|| {
            let last = members.len().checked_sub(1)?;
            let first = members.iter().position(|it| *it == member)?;
            Some(if members[last] == member && first == last { last } else { first })
        });
        if let Some(at) = at {
            Arc::make_mut(members).remove(at);
        }
        at.is_some()
    }

    /// Takes new members out that were never there, in one pass.
    pub(super) fn drop_new(&mut self, gone: &FxHashSet<ObjectKey>) {
        if let Some(members) = &mut self.members {
            Arc::make_mut(members).retain(|it| !gone.contains(it));
        }
        if let Some(Pending::Queued { added, .. }) = self.pending.as_deref_mut() {
            gone.iter().for_each(|it| {
                added.remove(*it);
            });
        }
    }

    /// Knows nothing of an object any more; members that were read are read again.
    pub(super) fn forget(&mut self, member: ObjectKey) {
        if self.members.as_ref().is_some_and(|it| it.contains(&member)) {
            self.members = None;
            self.pending = None;
        }
        match self.pending.as_deref_mut() {
            Some(Pending::Queued { added, removed }) => {
                added.remove(member);
                removed.remove(member);
            }
            Some(Pending::Since(before)) => Arc::make_mut(before).retain(|it| *it != member),
            None => {}
        }
    }
}

impl Pending {
    fn queued() -> Self {
        Pending::Queued { added: Ordered::default(), removed: Ordered::default() }
    }
}
