//! From rows to objects: the same key is the same object (O1).

use slotmap::{Key as _, SlotMap};

use super::compact::{KnownBy, Object};
use super::events::{Happening, StateChange};
use super::graph::Graph;
use super::held::Held;
use super::identity::{Identity, IdentityMap};
use super::reference::ObjectKey;
use super::shelf::Shelf;
use super::state::State;
use crate::id::{ClassId, ColumnId, RowId};
use crate::query::{Places, TableVersion};
use crate::record::Row;

impl Graph {
    /// The objects of one column of a result, in its order: those that the session knows by their keys already, or new
    /// ones. An object whose row was forgotten gets it back.
    pub(super) fn meet_all(
        &mut self,
        class: ClassId,
        found: &mut Places,
        column: usize,
        new: &mut Vec<ObjectKey>,
        mut each: impl FnMut(Option<ObjectKey>),
    ) {
        let Some(version) = found.version() else {
            for position in 0..found.len() {
                each(found.take(position, column).and_then(|row| self.meet(class, row, new)));
            }
            return;
        };
        let number = self.hold(version);
        new.reserve(found.len());
        let Graph { model, objects, identities, keys, .. } = self;
        let (declared, identities) = (&model.classes[class.index()], &mut identities[class.index()]);
        let (table, count) = (version.table(declared.table_id), 0);
        let key = &declared.key;
        let mut meeting = Meeting { class, key, table, number, objects, identities, keys, count, new };
        // In a join the owner's row comes again for each member.
        let mut last = (None, None);
        for place in found.column(column) {
            if place != last.0 {
                last = (place, place.and_then(|place| meeting.meet(place)));
            }
            each(last.1);
        }
        let count = meeting.count;
        self.holdings.count(number, count);
    }

    /// The object of the first row of a result.
    #[inline]
    pub(super) fn meet_first(
        &mut self,
        class: ClassId,
        found: &mut Places,
        new: &mut Vec<ObjectKey>,
    ) -> Option<ObjectKey> {
        if found.is_empty() {
            return None;
        }
        let Some(version) = found.version() else {
            return found.take(0, 0).and_then(|row| self.meet(class, row, new));
        };
        let (number, place) = (self.hold(version), found.at(0, 0)?);
        let Graph { model, objects, identities, keys, .. } = self;
        let (declared, identities) = (&model.classes[class.index()], &mut identities[class.index()]);
        let (table, count) = (version.table(declared.table_id), 0);
        let key = &declared.key;
        let mut meeting = Meeting { class, key, table, number, objects, identities, keys, count, new };
        let met = meeting.meet(place);
        let count = meeting.count;
        self.holdings.count(number, count);
        met
    }

    /// A new object of a row that stands in a version, known by its integer key.
    #[inline(always)]
    pub(super) fn meet_at(&mut self, class: ClassId, key: i64, version: u16, place: RowId) -> ObjectKey {
        let held = Held::At { version, place };
        let object = self.objects.insert(Object::new(class, State::Persistent, held, KnownBy::Int(key)));
        *self.identities[class.index()].place_integer(key) = object;
        self.holdings.count(version, 1);
        object
    }

    /// The object of a row that is shared.
    fn meet(&mut self, class: ClassId, row: Row, new: &mut Vec<ObjectKey>) -> Option<ObjectKey> {
        let identity = Identity::of(&*row, &self.model.classes[class.index()].key)?;
        let known = self.known(class, &identity);
        if known.is_some_and(|it| !self.objects[it].lacks_row()) {
            return known;
        }
        let held = self.holdings.add(row);
        let place = self.identities[class.index()].place(identity.clone());
        match self.objects.get_mut(*place) {
            Some(object) => object.hold(held),
            None => {
                let known_by = known_by(&mut self.keys, identity);
                *place = self.objects.insert(Object::new(class, State::Persistent, held, known_by));
                new.push(*place);
            }
        }
        Some(*place)
    }

    /// Tells those who listen that objects were loaded.
    pub(super) fn tell_loaded(&mut self, new: &[ObjectKey]) {
        if self.events.on || self.events.heard {
            for &object in new {
                let change = StateChange::LoadedAsPersistent;
                self.events.note(|| Happening::State { object, change });
            }
        }
    }

    /// An object that the session does not know yet, with a row of its own.
    pub(super) fn meet_new(&mut self, class: ClassId, identity: Identity, row: Row) -> ObjectKey {
        let held = self.holdings.add(row);
        let root = self.model.class(class).root;
        let known_by = known_by(&mut self.keys, identity.clone());
        let key = self.objects.insert(Object::new(class, State::Persistent, held, known_by));
        self.identities[root.index()].insert(identity, key);
        key
    }
}

fn known_by(keys: &mut Shelf<Option<Identity>>, identity: Identity) -> KnownBy {
    match identity {
        Identity::Int(it) => KnownBy::Int(it),
        other => KnownBy::Other(keys.add(Some(other))),
    }
}

/// Objects are made of the rows of one table of a version.
struct Meeting<'g> {
    class: ClassId,
    key: &'g [ColumnId],
    table: TableVersion<'g>,
    /// The number of the version.
    number: u16,
    objects: &'g mut SlotMap<ObjectKey, Object>,
    identities: &'g mut IdentityMap,
    keys: &'g mut Shelf<Option<Identity>>,
    /// How many objects have got a place.
    count: usize,
    /// Those that were not known before.
    new: &'g mut Vec<ObjectKey>,
}

impl Meeting<'_> {
    /// The object of the row at a place. Where the place tells the key, the row is not looked at.
    #[inline]
    fn meet(&mut self, place: RowId) -> Option<ObjectKey> {
        let (known, known_by) = match self.table.key(place) {
            Some(key) => (self.identities.place_integer(key), KnownBy::Int(key)),
            None => return self.meet_by_row(place),
        };
        if known.is_null() {
            let held = Held::At { version: self.number, place };
            *known = self.objects.insert(Object::new(self.class, State::Persistent, held, known_by));
            self.new.push(*known);
            self.count += 1;
            return Some(*known);
        }
        let known = *known;
        self.give(known, place);
        Some(known)
    }

    fn meet_by_row(&mut self, place: RowId) -> Option<ObjectKey> {
        let identity = Identity::of(&**self.table.row(place)?, self.key)?;
        let known = self.identities.place(identity.clone());
        if known.is_null() {
            let held = Held::At { version: self.number, place };
            let known_by = known_by(self.keys, identity);
            *known = self.objects.insert(Object::new(self.class, State::Persistent, held, known_by));
            self.new.push(*known);
            self.count += 1;
            return Some(*known);
        }
        let known = *known;
        self.give(known, place);
        Some(known)
    }

    /// Gives an object that is known its row back, if it lacks it.
    #[inline]
    fn give(&mut self, known: ObjectKey, place: RowId) {
        if let Some(object) = self.objects.get_mut(known)
            && object.lacks_row()
        {
            object.hold(Held::At { version: self.number, place });
            self.count += 1;
        }
    }
}
