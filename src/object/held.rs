//! How objects hold their rows.
//!
//! An object that was only read holds a *place* in the version that the statement saw. Nothing is counted for it, so a
//! load touches no row, and letting a session go gives nothing back row by row. What an object was given or has changed
//! is a row of its *own*.
//!
//! A version keeps all its rows alive and makes whoever writes next copy what it shares with it, so versions that no
//! object needs are let go before a flush, and when there are many of them their objects get rows of their own.

use std::cell::OnceCell;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::compact::Object;
use super::graph::Graph;
use super::reference::ObjectKey;
use super::shelf::Shelf;
use super::state::State;
use super::touched::Touched;
use crate::id::{ClassId, ColumnId, ColumnSet, RowId};
use crate::query::{Places, RowFinger, Version};
use crate::record::Row;

/// Where an object's row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// Nowhere: it must be read again first.
    Nothing,
    /// At this place of one of the versions that the session holds.
    At { version: u16, place: RowId },
    /// Among the rows that belong to objects.
    Own(u32),
}

/// A row that belongs to an object.
#[derive(Clone, Default)]
pub(super) struct Own {
    /// The row as the object shows it; `None` only while a flush has it.
    pub(super) row: Option<Row>,
    /// The row as it was read, once the object has been edited.
    pub(super) original: Option<Row>,
    pub(super) lent: Lent,
    /// How often the session had changed rows when this one was read.
    changes: u64,
    /// Where the two differ, once somebody has asked. A flush asks on each of its ways, and rows are far: a hundred
    /// thousand of them do not stay near from one way to the next.
    differing: OnceCell<ColumnSet>,
}

impl Own {
    /// The columns in which the row is not as it was read; `None` where it was not edited.
    #[inline]
    fn differing(&self) -> Option<&ColumnSet> {
        let (row, original) = (self.row.as_ref()?, self.original.as_ref()?);
        let differing = self.differing.get_or_init(|| row.differing(&**original));
        debug_assert_eq!(*differing, row.differing(&**original), "whoever changes a row takes it by `own_mut`");
        Some(differing)
    }
}

/// When something was lent to readers last, and as which of the things lent then.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Lent {
    pub(super) epoch: u32,
    pub(super) at: u32,
}

/// A version that objects have places in.
#[derive(Clone)]
pub(super) struct Reading {
    pub(super) version: Arc<Version>,
    pub(super) lent: Lent,
    /// Which one it is of all that the session has held.
    pub(super) serial: u64,
    /// How often the session had changed rows by then.
    changes: u64,
    /// How many objects have.
    objects: usize,
}

/// How many versions a session holds before it gives objects rows of their own instead.
const VERSIONS: usize = 64;

/// All rows that the objects of a session hold.
#[derive(Clone, Default)]
pub(super) struct Holdings {
    pub(super) readings: Vec<Reading>,
    pub(super) own: Shelf<Own>,
    /// Whether an object has ever lacked its row. As long as none has, nobody has to look whether one does.
    pub(super) any_lacks: bool,
    /// How many versions the session has held.
    held: u64,
    /// How often the session has changed rows.
    pub(super) changes: u64,
}

impl Holdings {
    /// Takes in a row that belongs to an object.
    pub(super) fn add(&mut self, row: Row) -> Held {
        self.add_read(row, self.changes)
    }

    /// The same for a row that was read when the session had changed rows so often.
    fn add_read(&mut self, row: Row, changes: u64) -> Held {
        Held::Own(self.own.add(Own { row: Some(row), changes, ..Own::default() }))
    }

    /// Notes that the session is about to change rows.
    pub(super) fn note_change(&mut self) {
        self.changes += 1;
    }

    /// Notes that as many objects more have places in a version.
    #[inline]
    pub(super) fn count(&mut self, version: u16, objects: usize) {
        self.readings[version as usize].objects += objects;
    }

    /// What belongs to an object, for changing.
    #[inline]
    fn own_mut(&mut self, at: u32) -> &mut Own {
        let own = self.own.get_mut(at);
        own.differing.take();
        own
    }

    /// What an object held is of no use any more.
    pub(super) fn release(&mut self, held: Held) {
        match held {
            Held::Nothing => {}
            Held::At { version, .. } => self.readings[version as usize].objects -= 1,
            Held::Own(at) => drop(self.own.take(at)),
        }
    }
}

impl Graph {
    /// The row that an object shows; `None` when it must be read again first.
    #[inline]
    pub(super) fn row(&self, key: ObjectKey) -> Option<&Row> {
        self.row_of(&self.objects[key])
    }

    #[inline]
    pub(super) fn row_of(&self, object: &Object) -> Option<&Row> {
        match object.held() {
            Held::Nothing => None,
            Held::At { version, place } => {
                let table = self.model.classes[object.class.index()].table_id;
                self.holdings.readings[version as usize].version.row(table, place)
            }
            Held::Own(at) => self.holdings.own.get(at).row.as_ref(),
        }
    }

    /// The rows of many objects, of each as it shows it or as it was read. Mostly all stand in one table of one version,
    /// which is looked up once.
    #[inline]
    pub(super) fn each_row<'g>(&'g self, as_read: bool, keys: &[ObjectKey], mut each: impl FnMut(Option<&'g Row>)) {
        let mut last: Option<(u16, ClassId, RowFinger<'g>)> = None;
        for &key in keys {
            let object = &self.objects[key];
            let Held::At { version, place } = object.held() else {
                let original = if as_read { self.original(key) } else { None };
                each(original.or_else(|| self.row_of(object)));
                continue;
            };
            let beside = last.as_mut().filter(|it| (it.0, it.1) == (version, object.class));
            let (.., finger) = match beside {
                Some(beside) => beside,
                None => {
                    let table = self.model.classes[object.class.index()].table_id;
                    let table = self.holdings.readings[version as usize].version.table(table);
                    last.insert((version, object.class, RowFinger::new(table)))
                }
            };
            each(finger.row(place));
        }
    }

    /// The row of an object as it was read, if the object has been edited since.
    pub(super) fn original(&self, key: ObjectKey) -> Option<&Row> {
        match self.objects[key].held() {
            Held::Own(at) => self.holdings.own.get(at).original.as_ref(),
            Held::Nothing | Held::At { .. } => None,
        }
    }

    /// The columns in which an object differs from its row as it was read; `None` if it has not been edited since.
    #[inline]
    pub(super) fn differing(&self, key: ObjectKey) -> Option<&ColumnSet> {
        match self.objects[key].held() {
            Held::Own(at) => self.holdings.own.get(at).differing(),
            Held::Nothing | Held::At { .. } => None,
        }
    }

    /// Whether an object has been given another value in one of some columns than its row had when it was read. Another
    /// form of an equal value is none.
    pub(super) fn is_changed_in(&self, key: ObjectKey, columns: &[ColumnId]) -> bool {
        if !self.differing(key).is_some_and(|it| it.contains_any(columns)) {
            return false;
        }
        let rows = self.original(key).zip(self.row(key));
        rows.is_some_and(|(before, now)| columns.iter().any(|it| before.get(*it) != now.get(*it)))
    }

    /// What an object owns, if it owns a row.
    pub(super) fn own_if_any(&mut self, key: ObjectKey) -> Option<&mut Own> {
        match self.objects[key].held() {
            Held::Own(at) => Some(self.holdings.own_mut(at)),
            Held::Nothing | Held::At { .. } => None,
        }
    }

    /// An object's row as one of its own, for changing.
    pub(super) fn own_mut(&mut self, key: ObjectKey) -> Option<&mut Own> {
        if let Held::At { .. } = self.objects[key].held() {
            let row = self.row(key)?.clone();
            self.put_row(key, row);
        }
        match self.objects[key].held() {
            Held::Own(at) => Some(self.holdings.own_mut(at)),
            Held::Nothing | Held::At { .. } => None,
        }
    }

    /// Gives an object another row; the row as it was read stays.
    pub(super) fn put_row(&mut self, key: ObjectKey, row: Row) {
        let object = &mut self.objects[key];
        match object.held() {
            Held::Own(at) => {
                let changes = self.holdings.changes;
                let own = self.holdings.own_mut(at);
                (own.row, own.changes) = (Some(row), changes);
            }
            held => {
                self.holdings.release(held);
                object.hold(self.holdings.add(row));
            }
        }
    }

    /// Gives an object the first row of a result; says whether there is one.
    pub(super) fn put_first(&mut self, key: ObjectKey, found: &mut Places) -> bool {
        if found.is_empty() {
            return false;
        }
        self.forget_row(key);
        let held = match found.version() {
            Some(version) => found.at(0, 0).map(|place| {
                let version = self.hold(version);
                self.holdings.count(version, 1);
                Held::At { version, place }
            }),
            None => found.take(0, 0).map(|row| self.holdings.add(row)),
        };
        self.objects[key].hold(held.unwrap_or(Held::Nothing));
        held.is_some()
    }

    /// Lets an object forget its row.
    pub(super) fn forget_row(&mut self, key: ObjectKey) {
        let object = &mut self.objects[key];
        self.holdings.release(object.held());
        object.hold(Held::Nothing);
        self.holdings.any_lacks = true;
    }

    /// The number of a version; objects get places in it.
    #[inline]
    pub(super) fn hold(&mut self, version: &Arc<Version>) -> u16 {
        match self.holdings.readings.last() {
            Some(last) if Arc::ptr_eq(&last.version, version) && last.changes == self.holdings.changes => {
                self.holdings.readings.len() as u16 - 1
            }
            _ => self.hold_another(version.clone()),
        }
    }

    fn hold_another(&mut self, version: Arc<Version>) -> u16 {
        if self.holdings.readings.len() >= VERSIONS {
            self.share_rows();
        }
        self.holdings.held += 1;
        let (serial, changes) = (self.holdings.held, self.holdings.changes);
        self.holdings.readings.push(Reading { version, lent: Lent::default(), serial, changes, objects: 0 });
        self.holdings.readings.len() as u16 - 1
    }

    /// Gives every object a row of its own, so that no version is needed any more.
    fn share_rows(&mut self) {
        let Graph { model, objects, holdings, .. } = self;
        for object in objects.values_mut() {
            let Held::At { version, place } = object.held() else { continue };
            let table = model.classes[object.class.index()].table_id;
            let reading = &holdings.readings[version as usize];
            let (row, changes) = (reading.version.row(table, place).cloned(), reading.changes);
            object.hold(row.map_or(Held::Nothing, |row| holdings.add_read(row, changes)));
        }
        holdings.readings.clear();
    }

    /// The objects whose rows were read when the session had changed rows more often than so.
    pub(super) fn read_after(&self, changes: u64) -> Vec<ObjectKey> {
        let holdings = &self.holdings;
        if holdings.changes == changes {
            return Vec::new();
        }
        let is_later = |it: &Object| match it.held() {
            Held::At { version, .. } => holdings.readings[version as usize].changes > changes,
            Held::Own(at) => holdings.own.get(at).changes > changes,
            Held::Nothing => false,
        };
        self.objects.iter().filter(|it| is_later(it.1)).map(|it| it.0).collect()
    }

    /// Lets go of versions before something is written, where that costs less than the copies that it spares: a version
    /// that the session alone holds is then changed in place.
    pub(super) fn let_go_of_versions(&mut self) {
        if self.holdings.readings.iter().all(|it| it.objects == 0) {
            self.holdings.readings.clear();
        } else if self.objects.len() <= 64 + 4 * self.touched.len() {
            self.share_rows();
        }
    }

    /// Lets every persistent object forget its row, its links and what was not flushed.
    pub(super) fn forget_all_rows(&mut self) {
        let Graph { objects, holdings, links, extras, .. } = self;
        for (key, object) in objects.iter_mut() {
            if object.state == State::Persistent {
                holdings.release(object.held());
                object.hold(Held::Nothing);
                object.forget_reads();
                if let Some(at) = object.links() {
                    links.take(at);
                    object.set_links(None);
                }
                if object.is_special() {
                    extras.remove(&key);
                    object.set_special(false);
                }
            }
        }
        self.forget_all_parents();
        // What is filled again says anew whether it is whole.
        self.partial.clear();
        self.trails.clear();
        self.holdings.any_lacks = true;
        if self.holdings.readings.iter().any(|it| it.objects > 0) {
            // What is deleted or transient keeps its row, but no version.
            self.share_rows();
        }
        self.holdings.readings.clear();
    }

    /// Lets go of all objects. What stays is room in the slot map for as many: its generations are what tells references
    /// to them from references to later ones (O5).
    pub(super) fn clear(&mut self) {
        self.objects.clear();
        (self.touched, self.fated) = (Touched::default(), Vec::new());
        self.parents.clear();
        self.trails.clear();
        self.extras = FxHashMap::default();
        self.identities.iter_mut().for_each(super::identity::IdentityMap::clear);
        let Holdings { held, changes, .. } = self.holdings;
        self.holdings = Holdings::default();
        (self.holdings.held, self.holdings.changes) = (held, changes);
        (self.links, self.keys) = (Shelf::default(), Shelf::default());
    }
}

impl Drop for Holdings {
    /// Gives the rows back in batches whose counts are read first, so that their cache misses overlap; see
    /// `query::whole` for why that matters.
    fn drop(&mut self) {
        const FETCHED: usize = 64;
        let mut batch: Vec<Row> = Vec::with_capacity(FETCHED);
        for own in self.own.iter_mut() {
            batch.extend(own.row.take());
            if batch.len() == FETCHED {
                std::hint::black_box(batch.iter().fold(0, |all, row| all ^ Arc::strong_count(row)));
                batch.clear();
            }
        }
    }
}
