//! What a session holds: objects, their states, and how they are linked.

use rustc_hash::FxHashSet;
use slotmap::SlotMap;
use std::sync::Arc;

use super::held::{Held, Holdings};
use super::identity::{Identity, IdentityMap};
use super::model::Model;
use super::reference::ObjectKey;
use crate::id::{ClassId, RelationId, RowId};
use crate::query::{Places, Version};
use crate::record::Row;

/// The states of an object.
///
/// ```text
/// transient ─add→ pending ─flush→ persistent ─delete, flush→ deleted ─commit→ detached
///     ▲             │ rollback        │ ▲                        │
///     └─────────────┴─────────────────┘ └────────rollback────────┘
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Known to the session only as a value; a flush does not see it.
    Transient,
    /// To be inserted by the next flush.
    Pending,
    /// A row of the database.
    Persistent,
    /// Its row was deleted in this transaction.
    Deleted,
    /// Its row is gone, or the session has let it go.
    Detached,
}

impl State {
    /// Whether the object is, or is to be, a row.
    pub(super) fn lives(self) -> bool {
        matches!(self, State::Pending | State::Persistent)
    }

    /// The name that messages use.
    pub fn name(self) -> &'static str {
        match self {
            State::Transient => "transient",
            State::Pending => "pending",
            State::Persistent => "persistent",
            State::Deleted => "deleted",
            State::Detached => "detached",
        }
    }
}

/// One object.
pub(super) struct Object {
    pub(super) class: ClassId,
    pub(super) state: State,
    /// Whether it is among the objects that the next flush looks at.
    pub(super) touched: bool,
    /// Whether the next flush deletes it.
    pub(super) marked: bool,
    /// Where its row is.
    pub(super) held: Held,
    pub(super) identity: Option<Identity>,
    /// By relation; made when the first relation is touched, so that a million objects that are only read carry none.
    pub(super) links: Option<Box<[Link]>>,
}

impl Object {
    fn new(class: ClassId, state: State, held: Held, identity: Option<Identity>) -> Self {
        Object { class, state, touched: false, marked: false, held, identity, links: None }
    }
}

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

/// All objects of a session.
pub(super) struct Graph {
    pub(super) model: Arc<Model>,
    pub(super) objects: SlotMap<ObjectKey, Object>,
    pub(super) holdings: Holdings,
    pub(super) identities: Vec<IdentityMap>,
    /// Objects that the next flush looks at.
    pub(super) touched: Vec<ObjectKey>,
    /// For each class, whether an object of it was deleted. As long as none was, collections hold none that is gone.
    pub(super) has_gone: Vec<bool>,
}

impl Graph {
    pub(super) fn new(model: Arc<Model>) -> Self {
        let identities = model.classes().iter().map(|_| IdentityMap::default()).collect();
        let has_gone = vec![false; model.classes().len()];
        Graph {
            model,
            objects: SlotMap::with_key(),
            holdings: Holdings::default(),
            identities,
            touched: Vec::new(),
            has_gone,
        }
    }

    /// Takes in a value that no row stands for yet.
    pub(super) fn introduce(&mut self, class: ClassId, row: Row, state: State) -> ObjectKey {
        let held = self.holdings.add(row);
        let key = self.objects.insert(Object::new(class, state, held, None));
        if state == State::Pending {
            self.touch(key);
        }
        key
    }

    /// The objects of one column of a result, in its order: those that the session knows by their keys already (O1), or
    /// new ones. An object whose row was forgotten gets it back.
    pub(super) fn meet_all(
        &mut self,
        class: ClassId,
        found: &mut Places,
        column: usize,
        mut each: impl FnMut(usize, Option<ObjectKey>),
    ) {
        let Some(version) = found.version().cloned() else {
            for position in 0..found.len() {
                let met = found.take(position, column).and_then(|row| self.meet(class, row));
                each(position, met);
            }
            return;
        };
        let number = self.hold(&version);
        // In a join the owner's row comes again for each member.
        let mut last = (None, None);
        for position in 0..found.len() {
            let place = found.at(position, column);
            if place != last.0 {
                last = (place, place.and_then(|place| self.meet_at(class, &version, number, place)));
            }
            each(position, last.1);
        }
    }

    /// The object of the first row of a result.
    #[inline]
    pub(super) fn meet_first(&mut self, class: ClassId, found: &mut Places) -> Option<ObjectKey> {
        if found.is_empty() {
            return None;
        }
        match found.version() {
            Some(version) => {
                let number = self.hold(version);
                self.meet_at(class, version, number, found.at(0, 0)?)
            }
            None => found.take(0, 0).and_then(|row| self.meet(class, row)),
        }
    }

    /// The object of the row at a place of a version. Where the place tells the key, the row is not looked at.
    #[inline]
    fn meet_at(&mut self, class: ClassId, version: &Version, number: u16, place: RowId) -> Option<ObjectKey> {
        let declared = &self.model.classes[class.index()];
        let identity = match version.key_at(declared.table_id, place) {
            Some(key) => Identity::Int(key),
            None => Identity::of(&**version.row(declared.table_id, place)?, &declared.key)?,
        };
        let known = self.identities[class.index()].place(identity.clone());
        let held = Held::At { version: number, place };
        match self.objects.get_mut(*known) {
            Some(object) => {
                if object.held != Held::Nothing {
                    return Some(*known);
                }
                object.held = held;
            }
            None => *known = self.objects.insert(Object::new(class, State::Persistent, held, Some(identity))),
        }
        self.holdings.count(number, 1);
        Some(*known)
    }

    /// The object of a row that is shared.
    fn meet(&mut self, class: ClassId, row: Row) -> Option<ObjectKey> {
        let identity = Identity::of(&*row, &self.model.classes[class.index()].key)?;
        let known = self.identities[class.index()].place(identity.clone());
        match self.objects.get_mut(*known) {
            Some(object) => {
                if object.held == Held::Nothing {
                    object.held = self.holdings.add(row);
                }
            }
            None => {
                let held = self.holdings.add(row);
                *known = self.objects.insert(Object::new(class, State::Persistent, held, Some(identity)));
            }
        }
        Some(*known)
    }

    /// Makes room for as many more objects, once instead of by doubling.
    pub(super) fn expect(&mut self, more: usize) {
        self.objects.reserve(more);
    }

    /// The object with this key, if the session knows it.
    #[inline]
    pub(super) fn known(&self, class: ClassId, identity: &Identity) -> Option<ObjectKey> {
        self.identities[class.index()].get(identity)
    }

    /// Whether the row of an object was deleted, or the session has let it go.
    pub(super) fn is_gone(&self, key: ObjectKey) -> bool {
        self.objects.get(key).is_none_or(|it| matches!(it.state, State::Deleted | State::Detached))
    }

    /// Makes the next flush look at an object.
    pub(super) fn touch(&mut self, key: ObjectKey) {
        let object = &mut self.objects[key];
        if !object.touched {
            object.touched = true;
            self.touched.push(key);
        }
    }

    #[inline]
    pub(super) fn link(&self, key: ObjectKey, relation: RelationId) -> &Link {
        const UNLOADED: &Link = &Link::Unloaded;
        self.objects[key].links.as_ref().map_or(UNLOADED, |links| &links[relation.index()])
    }

    pub(super) fn link_mut(&mut self, key: ObjectKey, relation: RelationId) -> &mut Link {
        let object = &mut self.objects[key];
        let count = self.model.classes[object.class.index()].relations.len();
        let links = object.links.get_or_insert_with(|| vec![Link::Unloaded; count].into());
        &mut links[relation.index()]
    }

    /// The collection of a relation, made unloaded if nothing is known of it.
    pub(super) fn collection_mut(&mut self, key: ObjectKey, relation: RelationId) -> &mut Collection {
        let link = self.link_mut(key, relation);
        if !matches!(link, Link::Many(_)) {
            *link = Link::Many(Collection::default());
        }
        match link {
            Link::Many(collection) => collection,
            Link::Unloaded | Link::Refused | Link::One { .. } => unreachable!("it was made a collection above"),
        }
    }

    /// How messages name an object: its class and key.
    pub(super) fn name(&self, key: ObjectKey) -> String {
        let Some(object) = self.objects.get(key) else { return "an object that is gone".to_owned() };
        let class = self.model.class(object.class);
        match &object.identity {
            Some(identity) => {
                let values: Vec<String> = identity.to_values().iter().map(ToString::to_string).collect();
                format!("{}[{}]", class.name, values.join(", "))
            }
            None => format!("{} ({})", class.name, object.state.name()),
        }
    }
}
