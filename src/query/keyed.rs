//! A hash table from keys of one or more scalars to places, 0, 1, 2, … in the order in which keys come first.
//!
//! A lookup borrows its key and allocates nothing. Keys of one small integer, which most keys are, need no hashing: they
//! are positions in an array, which grows as long as it stays in proportion to what is expected.

use std::hash::{Hash, Hasher};

use rustc_hash::FxHasher;

use crate::value::{Value, ValueRef};

/// What stands for no place.
const NONE: u32 = u32::MAX;

/// Keys and their places.
pub(super) struct Keyed {
    width: usize,
    /// The keys, one after the other.
    keys: Vec<Value>,
    count: u32,
    /// The places of keys that are one small integer.
    dense: Vec<u32>,
    /// Below which integers are small.
    reach: usize,
    /// The places of all others, by hash, with the next free slot where one is taken.
    slots: Vec<u32>,
    in_slots: usize,
}

impl Keyed {
    /// No keys yet, of so many scalars each; about so many are expected.
    pub(super) fn new(width: usize, expected: usize) -> Self {
        const LEAST: usize = 1 << 10;
        let reach = if width == 1 { expected.saturating_mul(4).max(LEAST) } else { 0 };
        Keyed { width, keys: Vec::new(), count: 0, dense: Vec::new(), reach, slots: Vec::new(), in_slots: 0 }
    }

    /// How many keys there are.
    pub(super) fn len(&self) -> usize {
        self.count as usize
    }

    /// The key at a place.
    pub(super) fn key(&self, place: usize) -> &[Value] {
        &self.keys[place * self.width..][..self.width]
    }

    /// The place of a key, if it is there.
    #[inline]
    pub(super) fn find(&self, key: &[ValueRef<'_>]) -> Option<usize> {
        let place = match self.small(key) {
            Some(at) => self.dense.get(at).copied().unwrap_or(NONE),
            None if self.slots.is_empty() => NONE,
            None => self.slots[self.slot(key)],
        };
        (place != NONE).then_some(place as usize)
    }

    /// The place of a key, and whether it is new.
    #[inline]
    pub(super) fn place(&mut self, key: &[ValueRef<'_>]) -> (usize, bool) {
        if let Some(at) = self.small(key) {
            if at >= self.dense.len() {
                let longer = (at + 1).next_power_of_two().min(self.reach);
                self.dense.resize(longer, NONE);
            }
            if self.dense[at] != NONE {
                return (self.dense[at] as usize, false);
            }
            self.dense[at] = self.count;
            return (self.add(key), true);
        }
        if (self.in_slots + 1) * 8 > self.slots.len() * 7 {
            self.grow();
        }
        let slot = self.slot(key);
        if self.slots[slot] != NONE {
            return (self.slots[slot] as usize, false);
        }
        self.slots[slot] = self.count;
        self.in_slots += 1;
        (self.add(key), true)
    }

    fn add(&mut self, key: &[ValueRef<'_>]) -> usize {
        self.keys.extend(key.iter().map(|it| it.to_value()));
        self.count += 1;
        self.len() - 1
    }

    #[inline]
    fn small(&self, key: &[ValueRef<'_>]) -> Option<usize> {
        let [only] = key else { return None };
        let whole = match *only {
            ValueRef::Int(it) => it,
            // A float that is a whole number equals the integer.
            ValueRef::Float(it) if ValueRef::Int(it as i64) == *only => it as i64,
            _ => return None,
        };
        usize::try_from(whole).ok().filter(|it| *it < self.reach)
    }

    /// The slot of a key: its own, or the free one where it would be.
    fn slot(&self, key: &[ValueRef<'_>]) -> usize {
        let last = self.slots.len() - 1;
        let mut at = hash(key.iter().copied()) & last;
        loop {
            let place = self.slots[at];
            let same = |place: u32| self.key(place as usize).iter().zip(key).all(|(a, b)| a.as_ref() == *b);
            if place == NONE || same(place) {
                return at;
            }
            at = (at + 1) & last;
        }
    }

    fn grow(&mut self) {
        let before = std::mem::take(&mut self.slots);
        self.slots = vec![NONE; (before.len() * 2).max(16)];
        let last = self.slots.len() - 1;
        for place in before.into_iter().filter(|it| *it != NONE) {
            let mut at = hash(self.key(place as usize).iter().map(Value::as_ref)) & last;
            while self.slots[at] != NONE {
                at = (at + 1) & last;
            }
            self.slots[at] = place;
        }
    }
}

fn hash<'a>(key: impl Iterator<Item = ValueRef<'a>>) -> usize {
    let mut hasher = FxHasher::default();
    key.for_each(|it| it.hash(&mut hasher));
    hasher.finish() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_keys_have_one_place_however_they_are_kept() {
        let keys = [
            Value::Int(3),
            Value::Int(-3),
            Value::Int(1 << 40),
            Value::Null,
            Value::Float(0.5),
            "a".into(),
            Value::Float(f64::NAN),
            Value::Int(5_000),
        ];
        let mut keyed = Keyed::new(1, 0);
        for round in 0..3 {
            for (at, key) in keys.iter().enumerate() {
                assert_eq!(keyed.place(&[key.as_ref()]), (at, round == 0));
                assert_eq!(keyed.find(&[key.as_ref()]), Some(at));
                assert_eq!(keyed.key(at), std::slice::from_ref(key));
            }
        }
        assert_eq!(keyed.find(&[ValueRef::Float(3.0)]), Some(0));
        assert_eq!(keyed.find(&[ValueRef::Float(-3.0)]), Some(1));
        assert_eq!(keyed.find(&[ValueRef::Text("b")]), None);
        assert_eq!(keyed.len(), keys.len());
    }

    #[test]
    fn many_keys_of_two_scalars_are_found_again() {
        let mut keyed = Keyed::new(2, 0);
        let key = |at: i64| [ValueRef::Int(at % 100), ValueRef::Int(at / 100)];
        for at in 0..5_000 {
            assert_eq!(keyed.place(&key(at)), (at as usize, true));
        }
        assert!((0..5_000).all(|at| keyed.find(&key(at)) == Some(at as usize)));
        assert_eq!(keyed.find(&key(5_000)), None);
    }

    #[test]
    fn a_key_of_nothing_has_one_place() {
        let mut keyed = Keyed::new(0, 0);
        assert_eq!(keyed.find(&[]), None);
        assert_eq!(keyed.place(&[]), (0, true));
        assert_eq!(keyed.place(&[]), (0, false));
    }
}
