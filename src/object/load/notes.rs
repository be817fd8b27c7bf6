//! What a query that read an object has asked to be loaded behind it, for what is read of the object later.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use slotmap::SecondaryMap;

use super::branch::{Asked, Place, Way};
use crate::id::RelationId;
use crate::object::class::Lazy;
use crate::object::model::RelationModel;
use crate::object::reference::ObjectKey;
use crate::object::select::own_columns;
use crate::object::session::Core;

/// Of objects that were read by a query with options. Those that nobody asked anything of are not here.
#[derive(Clone, Default)]
pub(in crate::object) struct Notes {
    /// The places. Objects know theirs by number: a count for each would be changed twice for every object.
    kept: Vec<Arc<Place>>,
    places: SecondaryMap<ObjectKey, u32>,
    /// What a query has said of one relation of an object that was there already.
    single: FxHashMap<(ObjectKey, RelationId), Lazy>,
    nowhere: Arc<Place>,
}

impl Notes {
    /// Where an object was read.
    pub(super) fn place(&self, key: ObjectKey) -> &Arc<Place> {
        match self.places.get(key) {
            Some(number) => &self.kept[*number as usize],
            None => &self.nowhere,
        }
    }

    /// Whether nothing was asked of any object.
    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty() && self.single.is_empty()
    }

    /// Objects that are new were read at a place.
    pub(super) fn put(&mut self, keys: &[ObjectKey], place: &Arc<Place>) {
        if place.branch.is_empty() {
            if !self.places.is_empty() {
                for key in keys {
                    self.places.remove(*key);
                }
            }
            return;
        }
        self.places.set_capacity(self.places.capacity().max(keys.len()));
        let number = self.number_of(place);
        for key in keys {
            self.places.insert(*key, number);
        }
    }

    /// The number of a place. What is read at once comes from the same one.
    fn number_of(&mut self, place: &Arc<Place>) -> u32 {
        const FEW: usize = 64;
        if !self.kept.last().is_some_and(|it| Arc::ptr_eq(it, place)) {
            if self.kept.len() >= FEW.max(2 * self.places.len()) {
                self.forget_unused();
            }
            self.kept.push(place.clone());
        }
        self.kept.len() as u32 - 1
    }

    /// Lets go of places of which no object is left.
    fn forget_unused(&mut self) {
        let kept = std::mem::take(&mut self.kept);
        let mut renamed: FxHashMap<u32, u32> = FxHashMap::default();
        for number in self.places.values_mut() {
            *number = *renamed.entry(*number).or_insert_with(|| {
                self.kept.push(kept[*number as usize].clone());
                self.kept.len() as u32 - 1
            });
        }
    }

    /// One relation of an object is loaded otherwise from now on.
    pub(super) fn say(&mut self, key: ObjectKey, relation: RelationId, lazy: Lazy) {
        self.single.insert((key, relation), lazy);
    }

    /// What has been said of one relation of an object.
    pub(super) fn said(&self, key: ObjectKey, relation: RelationId) -> Option<Lazy> {
        if self.single.is_empty() { None } else { self.single.get(&(key, relation)).copied() }
    }

    /// What was said of single relations of an object goes with what it has read.
    pub(in crate::object) fn forget_single(&mut self, key: ObjectKey) {
        if !self.single.is_empty() {
            self.single.retain(|it, _| it.0 != key);
        }
    }

    /// What was asked of one object is asked of another.
    fn hand_on(&mut self, from: ObjectKey, to: ObjectKey) {
        match self.places.get(from).copied() {
            Some(number) => self.places.insert(to, number),
            None => self.places.remove(to),
        };
        self.forget_single(to);
        let said: Vec<(RelationId, Lazy)> =
            self.single.iter().filter(|it| it.0.0 == from).map(|(it, lazy)| (it.1, *lazy)).collect();
        self.single.extend(said.into_iter().map(|(relation, lazy)| ((to, relation), lazy)));
    }

    /// Lets go of an object.
    pub(in crate::object) fn remove(&mut self, key: ObjectKey) {
        self.places.remove(key);
        self.forget_single(key);
    }

    /// The same for all objects.
    pub(in crate::object) fn forget_all_single(&mut self) {
        self.single.clear();
    }

    /// Lets go of everything.
    pub(in crate::object) fn clear(&mut self) {
        self.places.clear();
        self.kept.clear();
        self.single.clear();
    }
}

impl Core {
    /// An object that was expired has got its row by a query, whose word counts until it is expired again, as SQLAlchemy
    /// sees it: what was asked before is asked again only when the object is read by itself.
    pub(super) fn note_refreshed(&mut self, key: ObjectKey, place: &Arc<Place>) {
        if self.graph.is_sound() || self.notes.is_empty() {
            return;
        }
        let model = self.graph.model.clone();
        let class = self.graph.objects[key].class;
        for relation in &model.class(class).relations {
            let way = place.way(&model, class, relation, None);
            let before = self.notes.place(key).way(&model, class, relation, None);
            let restricted = |it: &Way<'_>| it.asked.is_some_and(|it| it.filter.is_some());
            let unrestricted = restricted(&before) && !restricted(&way);
            let lazy = way.lazy;
            if unrestricted || self.way_of(key, relation) != lazy {
                self.notes.say(key, relation.id, lazy);
            }
        }
    }

    /// An object is merged into another one. In SQLAlchemy what a query has asked of the given one goes for the other from
    /// then on, or nothing does. What it has forbidden of the other stays so until that is expired.
    pub(in crate::object) fn note_merged(&mut self, given: ObjectKey, into: ObjectKey) {
        let is_asked = |core: &Core, key| !core.notes.place(key).branch.is_empty();
        if self.graph.is_sound() || !is_asked(self, given) && !is_asked(self, into) {
            return;
        }
        let (model, class) = self.graph.class_of(into);
        let relations = &model.class(class).relations;
        let before: Vec<Lazy> = relations.iter().map(|it| self.way_of(into, it)).collect();
        self.notes.hand_on(given, into);
        if !is_asked(self, given) {
            for (relation, lazy) in relations.iter().zip(before) {
                let stays = matches!(lazy, Lazy::Raise | Lazy::RaiseOnSql | Lazy::Select);
                if stays && self.way_of(into, relation) != lazy {
                    self.notes.say(into, relation.id, lazy);
                }
            }
        } else if self.graph.objects[given].lacks_row() {
            relations.iter().for_each(|it| self.note_expired(into, it));
        }
    }

    /// A relation of an object is expired by itself. What a query has asked of reading it when it is touched holds until
    /// that was done, and what it forbids, for longer; what it has loaded is read as it is declared.
    pub(in crate::object) fn note_expiring(&mut self, key: ObjectKey, relation: &RelationModel) {
        if self.graph.is_sound() || self.notes.is_empty() {
            return;
        }
        let holds = match self.way_of(key, relation) {
            Lazy::Raise | Lazy::RaiseOnSql => true,
            Lazy::Select => !self.graph.is_loaded(key, relation.id),
            _ => false,
        };
        if !holds {
            self.note_expired(key, relation);
        }
    }

    /// A relation is touched of an object that was expired: SQLAlchemy reads it as it is declared, whatever the query has
    /// asked of it that read the object.
    pub(in crate::object) fn note_expired(&mut self, key: ObjectKey, relation: &RelationModel) {
        let asks = !self.graph.is_sound() && !self.notes.is_empty() && !self.notes.place(key).branch.is_empty();
        if asks {
            self.notes.say(key, relation.id, relation.lazy);
        }
    }

    /// Whether what a query has asked does not restrict the members when a relation of an object is read by itself.
    /// SQLAlchemy restricts what is read when it is touched, until that is expired, and what is joined. What it reads for
    /// each object, as all that it does for an object that is read again, comes as a whole.
    pub(super) fn reads_all(&self, key: ObjectKey, relation: &RelationModel, way: Lazy) -> bool {
        let restricts = matches!(way, Lazy::Select | Lazy::Joined) && self.notes.said(key, relation.id).is_none();
        !self.graph.is_sound() && !restricts
    }

    /// Whether SQLAlchemy asks the tables for a reference that can lead to nothing: some of its foreign key is NULL, and some
    /// is not.
    pub(super) fn is_asked_for(&self, key: ObjectKey, relation: &RelationModel) -> bool {
        let columns = own_columns(relation);
        let is_null = |row: &crate::record::Row| columns.iter().filter(|it| row.get(**it).is_null()).count();
        let nulls = self.graph.row(key).map_or(0, is_null);
        !self.graph.is_sound() && self.graph.has_identity(key) && 0 < nulls && nulls < columns.len()
    }

    /// How a relation of an object is loaded when it is touched.
    pub(in crate::object) fn way_of(&self, key: ObjectKey, relation: &RelationModel) -> Lazy {
        if let Some(lazy) = self.notes.said(key, relation.id) {
            return lazy;
        }
        let class = self.graph.objects[key].class;
        self.notes.place(key).way(&self.graph.model, class, relation, None).lazy
    }
}

impl Way<'_> {
    /// The subclass that targets are restricted to.
    pub(super) fn of(&self) -> Option<crate::id::ClassId> {
        self.asked.and_then(|it: &Asked| it.of)
    }
}
