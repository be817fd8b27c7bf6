//! The identity map: key to object, one for each class.

use rustc_hash::FxHashMap;
use slotmap::Key as _;
use std::sync::Arc;

use super::reference::ObjectKey;
use crate::id::ColumnId;
use crate::record::Record;
use crate::value::{Value, ValueRef};

/// The key by which a session knows an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Identity {
    /// One integer, by far the commonest.
    Int(i64),
    /// Anything else. Twice away, so that the key of every object is two words and not three.
    Other(Arc<Box<[Value]>>),
}

impl Identity {
    /// The key in a row; `None` while a part of it is NULL.
    #[inline]
    pub(super) fn of(row: &dyn Record, columns: &[ColumnId]) -> Option<Self> {
        if let [only] = columns
            && let ValueRef::Int(it) = row.get(*only)
        {
            return Some(Identity::Int(it));
        }
        if columns.is_empty() || columns.iter().any(|it| row.get(*it).is_null()) {
            return None;
        }
        Some(Identity::Other(Arc::new(columns.iter().map(|it| row.get(*it).to_value()).collect())))
    }

    /// The key of these parts; `None` when one is NULL.
    pub(super) fn of_parts(parts: &[ValueRef<'_>]) -> Option<Self> {
        match parts {
            [ValueRef::Int(it)] => Some(Identity::Int(*it)),
            others if others.iter().any(|it| it.is_null()) => None,
            others => Some(Identity::Other(Arc::new(others.iter().map(|it| it.to_value()).collect()))),
        }
    }

    /// The key made of these scalars; `None` when one is NULL.
    pub(super) fn from_values(values: &[Value]) -> Option<Self> {
        match values {
            [Value::Int(it)] => Some(Identity::Int(*it)),
            [] => None,
            others if others.iter().any(Value::is_null) => None,
            others => Some(Identity::Other(Arc::new(others.into()))),
        }
    }

    pub(super) fn to_values(&self) -> Vec<Value> {
        match self {
            Identity::Int(it) => vec![Value::Int(*it)],
            Identity::Other(it) => it.to_vec(),
        }
    }
}

/// Key to object for one class.
///
/// Small integers index pages directly: a lookup is two loads, where a hash map would spend most of its time on cache
/// misses of its own. Pages are made as they are needed, so sparse keys cost one page each.
#[derive(Clone, Default)]
pub(super) struct IdentityMap {
    pages: Vec<Option<Box<[ObjectKey; PAGE]>>>,
    others: FxHashMap<Identity, ObjectKey>,
    /// How many keys were taken away from the objects that they stood for.
    lost: u64,
}

const PAGE: usize = 256;
/// Integers from here on go to the hash map, so that one great key does not make a long page table.
const PAGED: i64 = 1 << 26;

impl IdentityMap {
    #[inline]
    pub(super) fn get(&self, identity: &Identity) -> Option<ObjectKey> {
        match identity {
            Identity::Int(it) => self.get_integer(*it),
            other => self.others.get(other).copied().filter(|it| !it.is_null()),
        }
    }

    /// The same for an integer.
    #[inline(always)]
    pub(super) fn get_integer(&self, it: i64) -> Option<ObjectKey> {
        if !(0..PAGED).contains(&it) {
            return self.get_far(it);
        }
        let page = self.pages.get(it as usize / PAGE)?.as_ref()?;
        let key = page[it as usize % PAGE];
        if key.is_null() { None } else { Some(key) }
    }

    #[inline]
    pub(super) fn insert(&mut self, identity: Identity, key: ObjectKey) {
        let place = self.place(identity);
        let over = !place.is_null() && *place != key;
        *place = key;
        self.lost += u64::from(over);
    }

    /// How many keys were taken away, in all, from the objects that they stood for.
    #[inline]
    pub(super) fn lost(&self) -> u64 {
        self.lost
    }

    /// Where the object of a key stands, or is to stand: null as long as there is none. Looking up and entering in one
    /// walk is what reading a million rows does a million times.
    #[inline]
    pub(super) fn place(&mut self, identity: Identity) -> &mut ObjectKey {
        match identity {
            Identity::Int(it) => self.place_integer(it),
            other => self.others.entry(other).or_insert_with(ObjectKey::null),
        }
    }

    /// The same for an integer.
    #[inline(always)]
    pub(super) fn place_integer(&mut self, it: i64) -> &mut ObjectKey {
        if !(0..PAGED).contains(&it) {
            return self.place_far(it);
        }
        let at = it as usize / PAGE;
        if self.pages.get(at).is_none_or(Option::is_none) {
            self.make_page(at);
        }
        match &mut self.pages[at] {
            Some(page) => &mut page[it as usize % PAGE],
            None => unreachable!("the page was made above"),
        }
    }

    // Calls of their own, so that what nearly every key takes is short enough to stand where it is used.

    #[cold]
    fn get_far(&self, it: i64) -> Option<ObjectKey> {
        self.others.get(&Identity::Int(it)).copied().filter(|it| !it.is_null())
    }

    #[cold]
    fn place_far(&mut self, it: i64) -> &mut ObjectKey {
        self.others.entry(Identity::Int(it)).or_insert_with(ObjectKey::null)
    }

    #[cold]
    fn make_page(&mut self, at: usize) {
        if at >= self.pages.len() {
            self.pages.resize_with(at + 1, || None);
        }
        self.pages[at] = Some(Box::new([ObjectKey::null(); PAGE]));
    }

    /// Forgets a key, if it stands for this object.
    pub(super) fn remove(&mut self, identity: &Identity, key: ObjectKey) {
        if self.get(identity) != Some(key) {
            return;
        }
        self.lost += 1;
        match identity {
            Identity::Int(it @ 0..PAGED) => self.insert(Identity::Int(*it), ObjectKey::null()),
            other => {
                self.others.remove(other);
            }
        }
    }

    pub(super) fn clear(&mut self) {
        self.pages.clear();
        self.others.clear();
        self.lost += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use slotmap::SlotMap;

    /// O1: one key is one object, small or great, negative or composite.
    #[test]
    fn o1_one_key_is_one_object() {
        let mut arena: SlotMap<ObjectKey, ()> = SlotMap::with_key();
        let mut map = IdentityMap::default();
        let composite = Identity::from_values(&[1.into(), "a".into()]).unwrap();
        let keys = [0, 1, PAGE as i64, PAGED - 1, PAGED, i64::MAX, -1].map(Identity::Int);
        for identity in keys.iter().chain([&composite]) {
            assert_eq!(map.get(identity), None);
            let key = arena.insert(());
            map.insert(identity.clone(), key);
            assert_eq!(map.get(identity), Some(key));
            map.remove(identity, arena.insert(()));
            assert_eq!(map.get(identity), Some(key), "another object's removal does not forget this one");
        }
        map.remove(&composite, map.get(&composite).unwrap());
        assert_eq!(map.get(&composite), None);
        assert_eq!(Identity::from_values(&[1.into(), Value::Null]), None);
    }
}
