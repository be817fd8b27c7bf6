//! What a session holds: objects, their keys, and how they are linked.

use std::panic::Location;
use std::sync::Arc;

use slotmap::SlotMap;

use rustc_hash::FxHashMap;

use super::class::Cascade;
use super::compact::{KnownBy, Object};
use super::events::Events;
use super::extra::Extra;
use super::held::Holdings;
use super::identity::{Identity, IdentityMap};
use super::links::{Collection, Link, Since};
use super::model::{Join, Model, RelationModel};
use super::parents::{Declared, Parents};
use super::partial::Partial;
use super::reference::ObjectKey;
use super::session::Manner;
use super::shelf::Shelf;
use super::state::State;
use super::touched::{Along, Touched, Whence};
use super::trail::Trail;
use crate::id::{ClassId, RelationId};
use crate::record::Row;

/// All objects of a session.
pub(super) struct Graph {
    pub(super) model: Arc<Model>,
    pub(super) objects: SlotMap<ObjectKey, Object>,
    pub(super) holdings: Holdings,
    /// Of objects of which a relation was touched, by relation: a million objects that are only read carry none.
    pub(super) links: Shelf<Box<[Link]>>,
    /// Of objects whose key is no integer.
    pub(super) keys: Shelf<Option<Identity>>,
    pub(super) identities: Vec<IdentityMap>,
    /// Objects that the next flush looks at.
    pub(super) touched: Touched,
    /// The line of the program that is served now.
    pub(super) line: Option<&'static Location<'static>>,
    /// Objects about which the flush that is under way has decided.
    pub(super) fated: Vec<ObjectKey>,
    pub(super) parents: Parents,
    pub(super) partial: Partial,
    pub(super) trails: Vec<Trail>,
    /// For each class, the relations whose targets its objects are and that delete their orphans.
    pub(super) owners: Vec<Vec<Declared>>,
    /// Of objects about whose columns something is particular.
    pub(super) extras: FxHashMap<ObjectKey, Extra>,
    pub(super) events: Events,
    pub(super) manner: Manner,
    /// Whether an object of the session was changed since the transaction before ended.
    pub(super) has_begun: bool,
    /// Whether the row of an object was deleted. As long as none was, collections hold none that is gone.
    pub(super) has_gone: bool,
    /// Whether an object that had a row has left. As long as none has, a reference that was read leads to one that is there.
    pub(super) has_left: bool,
}

impl Graph {
    pub(super) fn new(model: Arc<Model>) -> Self {
        let identities = model.classes().iter().map(|_| IdentityMap::default()).collect();
        let owners = owners(&model);
        Graph {
            model,
            objects: SlotMap::with_key(),
            holdings: Holdings::default(),
            links: Shelf::default(),
            keys: Shelf::default(),
            identities,
            touched: Touched::default(),
            line: None,
            fated: Vec::new(),
            parents: Parents::default(),
            partial: Partial::default(),
            trails: Vec::new(),
            owners,
            extras: FxHashMap::default(),
            events: Events::default(),
            manner: Manner::default(),
            has_begun: false,
            has_gone: false,
            has_left: false,
        }
    }

    /// Takes in a value that no row stands for yet.
    pub(super) fn introduce(&mut self, class: ClassId, row: Row, state: State) -> ObjectKey {
        let held = self.holdings.add(row);
        let key = self.objects.insert(Object::new(class, state, held, KnownBy::Nothing));
        if state == State::Pending {
            self.touch(key);
        }
        key
    }

    /// Makes room for as many more objects, once instead of by doubling.
    pub(super) fn expect(&mut self, more: usize) {
        // With some room to spare for what they refer to, so that all are not moved for it.
        self.objects.reserve(more + more / 8);
    }

    /// The object with this key, if the session knows it.
    #[inline]
    pub(super) fn known(&self, class: ClassId, identity: &Identity) -> Option<ObjectKey> {
        self.identities[self.root(class).index()].get(identity)
    }

    /// The same for what is to be of a class: none where the session holds an object of another class of the hierarchy,
    /// and nothing is known where that one is to be read again and may be of this class by then.
    #[inline]
    pub(super) fn known_as(&self, class: ClassId, identity: &Identity) -> Option<Option<ObjectKey>> {
        let root = self.root(class);
        let key = self.identities[root.index()].get(identity)?;
        // All objects that the root's map knows are of the root, which most classes are: no look at the object then.
        match root == class || self.is_a(key, class) {
            true => Some(Some(key)),
            false if self.objects[key].lacks_row() => None,
            false => Some(None),
        }
    }

    /// The same for an integer key of a class that has no base.
    #[inline]
    pub(super) fn known_integer(&self, class: ClassId, key: i64) -> Option<ObjectKey> {
        self.identities[class.index()].get_integer(key)
    }

    /// Whether the session takes care of an object: it is pending or persistent.
    #[inline]
    pub(super) fn is_in(&self, key: ObjectKey) -> bool {
        self.objects.get(key).is_some_and(|it| it.state.lives())
    }

    /// Whether the session holds this very object. In the manner of SQLAlchemy a new object may take the place in the
    /// identity map of one whose row has gone unseen; that one is called persistent still.
    #[inline]
    pub(super) fn contains(&self, key: ObjectKey) -> bool {
        self.is_in(key) && (self.is_sound() || self.objects[key].state == State::Pending || self.stands(key))
    }

    /// Whether what happens to an object's relations concerns the session: in the manner of SQLAlchemy an object whose row
    /// was deleted belongs to it until the transaction ends.
    #[inline]
    pub(super) fn is_attached(&self, key: ObjectKey) -> bool {
        self.is_in(key) || !self.is_sound() && self.objects.get(key).is_some_and(|it| it.state == State::Deleted)
    }

    /// Whether an object has, or had, a row by which it is known.
    #[inline]
    pub(super) fn has_identity(&self, key: ObjectKey) -> bool {
        !matches!(self.objects[key].state, State::Transient | State::Pending)
    }

    /// The class that declares a relation.
    pub(super) fn declared(&self, class: ClassId, relation: RelationId) -> Declared {
        (self.model.declares(class, relation), relation)
    }

    /// A relation as it leads to one of its members: by whose attributes it is written, and which relation is its other side
    /// there.
    #[inline]
    pub(super) fn as_to<'r>(&self, relation: &'r RelationModel, member: ObjectKey) -> &'r RelationModel {
        if relation.apart.is_empty() { relation } else { relation.to(self.objects[member].class) }
    }

    /// Whether an object has a relation that a class declares: one of a class with a table of its own has only those
    /// that its class declares itself.
    pub(super) fn has_relation(&self, key: ObjectKey, by: Declared) -> bool {
        let class = self.objects[key].class;
        by.1.index() < self.model.class(class).relations.len() && self.declared(class, by.1) == by
    }

    /// Makes the next flush look at an object of the session.
    #[inline]
    pub(super) fn touch(&mut self, key: ObjectKey) {
        self.touch_along(key, None);
    }

    /// The same for a change of a relation. To SQLAlchemy one that is only read changes nothing.
    #[inline]
    pub(super) fn touch_by(&mut self, key: ObjectKey, relation: &RelationModel) {
        if !relation.view_only || self.is_sound() {
            self.touch(key);
        }
    }

    /// The same for an object that a cascade has come to.
    pub(super) fn touch_along(&mut self, key: ObjectKey, along: Option<Along>) {
        let object = &mut self.objects[key];
        // To SQLAlchemy one that was deleted belongs to the session as long as its transaction lasts.
        self.has_begun |= object.state.lives() || object.state == State::Deleted;
        if !object.touched && object.state.lives() {
            object.touched = true;
            self.touched.push(key, Whence { line: self.line, along });
        }
    }

    #[inline]
    pub(super) fn link(&self, key: ObjectKey, relation: RelationId) -> &Link {
        const UNLOADED: &Link = &Link::Unloaded;
        self.objects[key].links().map_or(UNLOADED, |at| &self.links.get(at)[relation.index()])
    }

    pub(super) fn link_mut(&mut self, key: ObjectKey, relation: RelationId) -> &mut Link {
        let at = match self.objects[key].links() {
            Some(at) => at,
            None => self.make_links(key),
        };
        &mut self.links.get_mut(at)[relation.index()]
    }

    fn make_links(&mut self, key: ObjectKey) -> u32 {
        let object = &self.objects[key];
        let class = &self.model.classes[object.class.index()];
        let mut links: Box<[Link]> = vec![Link::Unloaded; class.relations.len()].into();
        for at in object.reads() {
            if let Some(target) = self.known_reference(key, &class.relations[at]) {
                links[at] = Link::One { target, since: Since::Unchanged };
            }
        }
        let at = self.links.add(links);
        self.objects[key].set_links(Some(at));
        at
    }

    /// Lets references that were read by the row's foreign keys keep where they lead: the keys are about to change.
    pub(super) fn keep_reads(&mut self, key: ObjectKey) {
        if self.objects[key].reads().next().is_some() {
            self.make_links(key);
        }
    }

    /// Notes that a reference was read, and leads to this object of the identity map.
    #[inline]
    pub(super) fn note_read(&mut self, key: ObjectKey, relation: &RelationModel, target: Option<ObjectKey>) {
        // Only a sound session can find it again: the other may have let go of the target meanwhile. And that it leads
        // nowhere is found again only where its foreign key says so.
        let found = self.is_sound() && (target.is_some() || self.refers_to_nothing(key, relation));
        let noted = found && self.objects[key].note_read(relation.id);
        if !noted {
            *self.link_mut(key, relation.id) = Link::One { target, since: Since::Unchanged };
        }
    }

    /// Whether the foreign key of a reference is NULL.
    fn refers_to_nothing(&self, key: ObjectKey, relation: &RelationModel) -> bool {
        let Join::BelongsTo { columns, .. } = &relation.join else { return true };
        self.row(key).is_none_or(|row| columns.iter().any(|it| row.get(*it).is_null()))
    }

    /// Whether what a relation leads to is known.
    #[inline]
    pub(super) fn is_loaded(&self, key: ObjectKey, relation: RelationId) -> bool {
        self.objects[key].knows_of_relations() && self.is_found(key, relation)
    }

    fn is_found(&self, key: ObjectKey, relation: RelationId) -> bool {
        match self.link(key, relation) {
            Link::Unloaded if !self.objects[key].was_read(relation) => false,
            // What was read is found again by the foreign key, if its target is still there.
            Link::Unloaded => {
                let declared = || self.model.relation(self.objects[key].class, relation);
                !self.has_left || self.known_reference(key, declared()).is_some()
            }
            Link::One { .. } => true,
            Link::Many(collection) => collection.members.is_some(),
        }
    }

    /// All links of an object; none as long as no relation of it was touched.
    pub(super) fn links_mut(&mut self, key: ObjectKey) -> &mut [Link] {
        match self.objects[key].links() {
            Some(at) => self.links.get_mut(at),
            None => &mut [],
        }
    }

    /// Lets an object forget its links.
    pub(super) fn take_links(&mut self, key: ObjectKey) -> Option<Box<[Link]>> {
        let object = &mut self.objects[key];
        object.forget_reads();
        let at = object.links()?;
        object.set_links(None);
        Some(self.links.take(at))
    }

    /// The class whose objects share one space of keys with those of this class.
    #[inline]
    pub(super) fn root(&self, class: ClassId) -> ClassId {
        self.model.classes[class.index()].root
    }

    /// The key by which the session knows an object.
    pub(super) fn identity(&self, key: ObjectKey) -> Option<Identity> {
        self.identity_of(self.objects.get(key)?)
    }

    pub(super) fn identity_of(&self, object: &Object) -> Option<Identity> {
        match object.known_by() {
            KnownBy::Nothing => None,
            KnownBy::Int(it) => Some(Identity::Int(it)),
            KnownBy::Other(at) => self.keys.get(at).clone(),
        }
    }

    /// Lets an object be known by another key, or by none, and returns the one before. The map of keys does not follow.
    pub(super) fn identify(&mut self, key: ObjectKey, identity: Option<Identity>) -> Option<Identity> {
        let before = self.identity(key);
        if let KnownBy::Other(at) = self.objects[key].known_by() {
            self.keys.take(at);
        }
        let known_by = match identity {
            None => KnownBy::Nothing,
            Some(Identity::Int(it)) => KnownBy::Int(it),
            Some(other) => KnownBy::Other(self.keys.add(Some(other))),
        };
        self.objects[key].set_known_by(known_by);
        before
    }

    /// Takes an object out, with all that is kept for it.
    pub(super) fn remove_object(&mut self, key: ObjectKey) {
        self.take_links(key);
        self.forget_row(key);
        self.forget_extra(key);
        self.parents.forget(key);
        self.forget_partial(key);
        if let Some(identity) = self.identify(key, None) {
            let root = self.root(self.objects[key].class);
            self.identities[root.index()].remove(&identity, key);
        }
        self.trails.clear();
        self.objects.remove(key);
    }

    /// The collection of a relation, made unloaded if nothing is known of it.
    pub(super) fn collection_mut(&mut self, key: ObjectKey, relation: RelationId) -> &mut Collection {
        let link = self.link_mut(key, relation);
        if !matches!(link, Link::Many(_)) {
            *link = Link::Many(Collection::default());
        }
        match link {
            Link::Many(collection) => collection,
            Link::Unloaded | Link::One { .. } => unreachable!("it was made a collection above"),
        }
    }

    /// How messages name an object: its class and key.
    pub(super) fn name(&self, key: ObjectKey) -> String {
        let Some(object) = self.objects.get(key) else { return "an object that is gone".to_owned() };
        let class = self.model.class(object.class);
        match self.identity_of(object) {
            Some(identity) => {
                let values: Vec<String> = identity.to_values().iter().map(ToString::to_string).collect();
                format!("{}[{}]", class.name, values.join(", "))
            }
            None => format!("{} ({})", class.name, object.state.name()),
        }
    }
}

/// For each class, the relations that lead to it and delete their orphans.
fn owners(model: &Model) -> Vec<Vec<Declared>> {
    let mut owners: Vec<Vec<Declared>> = vec![Vec::new(); model.classes().len()];
    for class in model.classes() {
        for relation in class.relations.iter().filter(|it| model.declares(class.id, it.id) == class.id) {
            if relation.cascade.contains(Cascade::DELETE_ORPHAN) {
                for &target in &model.class(relation.target).descendants {
                    owners[target.index()].push((class.id, relation.id));
                }
            }
        }
    }
    owners
}
