//! What a session holds: objects, their keys, and how they are linked.

use std::sync::Arc;

use slotmap::SlotMap;

use super::compact::{KnownBy, Object};
use super::held::Holdings;
use super::identity::{Identity, IdentityMap};
use super::links::{Collection, Link};
use super::model::Model;
use super::reference::ObjectKey;
use super::shelf::Shelf;
use super::state::State;
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
            links: Shelf::default(),
            keys: Shelf::default(),
            identities,
            touched: Vec::new(),
            has_gone,
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
        self.objects[key].links().map_or(UNLOADED, |at| &self.links.get(at)[relation.index()])
    }

    pub(super) fn link_mut(&mut self, key: ObjectKey, relation: RelationId) -> &mut Link {
        let object = &mut self.objects[key];
        let at = object.links().unwrap_or_else(|| {
            let count = self.model.classes[object.class.index()].relations.len();
            let at = self.links.add(vec![Link::Unloaded; count].into());
            object.set_links(Some(at));
            at
        });
        &mut self.links.get_mut(at)[relation.index()]
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
        let at = object.links()?;
        object.set_links(None);
        Some(self.links.take(at))
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
        if let Some(identity) = self.identify(key, None) {
            self.identities[self.objects[key].class.index()].remove(&identity, key);
        }
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
            Link::Unloaded | Link::Refused | Link::One { .. } => unreachable!("it was made a collection above"),
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
