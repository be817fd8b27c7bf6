//! [`Ordered`]: a persistent sorted set, as a B+tree with key counts.
//!
//! Keys lie in leaves of up to 64, under inner nodes of up to 32 branches. A
//! branch of an inner node names the lowest
//! key that may lie below it and counts the keys that do, so the tree finds
//! keys by value and by position alike.
//!
//! *Fill.* A node that outgrows its capacity is split in halves, except on the
//! right edge of the tree: there an overflow by a key behind all others leaves
//! the full node as it is and starts a new one. Keys that arrive in ascending
//! order so make leaves that are completely full. A node that a removal leaves
//! below a quarter of its capacity is merged with a neighbour when both fit in
//! one node, and shares evenly with it otherwise. So every node holds at least
//! a quarter of its capacity, except those on the right edge, which hold at
//! least one. [`Ordered::audit`] checks exactly this.
//!
//! The parts: [`node`] holds the nodes and the search within them, [`grow`]
//! insertion, [`shrink`] removal, [`cursor`] the iterators, [`position`] the
//! questions answered from the counts and [`audit`] the check of the
//! structure.

mod audit;
mod cursor;
mod grow;
mod node;
mod position;
mod shrink;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use grow::{One, Run};
use node::{Node, Place};

pub use cursor::{Ascending, Descending, OrderedIter};

/// A persistent sorted set of keys.
///
/// Cloning is O(1) and shares everything; see the [module](super) for the
/// rules of sharing. "Logarithmic" below means one binary search a level, and
/// a million keys make four or five levels.
///
/// Separators within the tree may be copies of keys that have been removed
/// since. They are never handed out, but a predicate given to [`seek`] and its
/// kin may be asked about them, and a key that owns memory may live on in one.
///
/// [`seek`]: Ordered::seek
pub struct Ordered<K> {
    root: Option<Arc<Node<K>>>,
    len: usize,
}

impl<K> Ordered<K> {
    /// Makes an empty set, without allocating. O(1).
    pub const fn new() -> Self {
        Self { root: None, len: 0 }
    }

    /// Number of keys. O(1).
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no key. O(1).
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether `self` and `other` are the same version, sharing even the root.
    /// O(1).
    ///
    /// Two empty sets count as the same. `false` does not say that the
    /// contents differ.
    pub fn ptr_eq(&self, other: &Self) -> bool {
        match (&self.root, &other.root) {
            (None, None) => true,
            (Some(mine), Some(theirs)) => Arc::ptr_eq(mine, theirs),
            _ => false,
        }
    }
}

impl<K: Ord + Clone> Ordered<K> {
    /// Makes a set of `keys`, which should ascend strictly: they are sorted
    /// and freed of duplicates first when they do not. O(n) for ascending
    /// keys; all leaves but the last are full.
    pub fn from_sorted(keys: Vec<K>) -> Self {
        let keys = ascending(keys);
        Self { len: keys.len(), root: grow::build(keys) }
    }

    /// Whether `key` is in the set. Logarithmic.
    pub fn contains(&self, key: &K) -> bool {
        let mut next = self.root.as_deref();
        while let Some(node) = next {
            match node {
                Node::Inner(branches) => {
                    next = Some(&branches[node::branch_for(branches, key)].node);
                }
                Node::Leaf(keys) => return node::find(keys, key).is_ok(),
            }
        }
        false
    }

    /// Adds `key`; `false` when it was there already. Logarithmic.
    ///
    /// A key that is there already may still cause shared nodes on its path to
    /// be copied. Looking first would spare that, at the price of a second
    /// search for every key that is new.
    pub fn insert(&mut self, key: K) -> bool {
        match &mut self.root {
            Some(root) => {
                let growth = grow::grow(root, One(key), true);
                self.take_growth(growth) == 1
            }
            empty => {
                *empty = Some(Arc::new(Node::Leaf(vec![key])));
                self.len = 1;
                true
            }
        }
    }

    /// Takes `key` out; `false` when it was not there. Logarithmic.
    ///
    /// As with [`Ordered::insert`], shared nodes on the path of a key that is
    /// not there may be copied in vain.
    pub fn remove(&mut self, key: &K) -> bool {
        self.remove_run(std::slice::from_ref(key)) == 1
    }

    /// Adds many keys and returns how many of them were new. The keys should
    /// ascend strictly: they are sorted and freed of duplicates first when
    /// they do not.
    ///
    /// O(n) plus one descent for every leaf that receives keys, and for every
    /// 64 keys. Into an empty set it is [`Ordered::from_sorted`]. Leaves whose
    /// keys are all there already are not copied.
    pub fn insert_sorted(&mut self, keys: Vec<K>) -> usize {
        if self.is_empty() {
            *self = Self::from_sorted(keys);
            return self.len;
        }
        let before = self.len;
        let mut keys = ascending(keys).into_iter();
        while let Some(key) = keys.as_slice().first() {
            let Some(place) = self.place_of(key) else {
                break;
            };
            let run = place.run(keys.as_slice(), 2 * node::LEAF_CAPACITY - place.keys.len());
            let known = place.count_known(run);
            let new = run.len() - known;
            keys.by_ref().take(known).for_each(drop);
            if new > 0 {
                let run = Run(keys.by_ref().take(new).collect());
                if let Some(root) = &mut self.root {
                    let growth = grow::grow(root, run, true);
                    self.take_growth(growth);
                }
            }
        }
        self.len - before
    }

    /// Takes many keys out and returns how many of them were there. The keys
    /// must ascend; one that comes after a greater one may be overlooked.
    ///
    /// O(n) plus one descent for every leaf that loses keys. Leaves that lose
    /// none are not copied.
    pub fn remove_sorted(&mut self, keys: &[K]) -> usize {
        debug_assert!(keys.is_sorted(), "keys to remove must ascend");
        let before = self.len;
        let mut rest = keys;
        while let Some(key) = rest.first() {
            let Some(place) = self.place_of(key) else {
                break;
            };
            let run = place.run(rest, usize::MAX);
            rest = &rest[run.len()..];
            let run = &run[place.count_unknown(run)..];
            if !run.is_empty() {
                self.remove_run(run);
            }
        }
        before - self.len
    }

    /// The leaf `key` belongs into; `None` when the set is empty.
    fn place_of(&self, key: &K) -> Option<Place<'_, K>> {
        Some(node::place_of(self.root.as_deref()?, key))
    }

    /// Takes out keys that all belong into the same leaf.
    fn remove_run(&mut self, run: &[K]) -> usize {
        let Some(root) = &mut self.root else { return 0 };
        let removed = shrink::shrink(root, run);
        self.len -= removed;
        if self.len == 0 {
            self.root = None;
        } else {
            shrink::lower(root);
        }
        removed
    }

    /// Counts what an insertion added, and puts a new root above one that was
    /// split. Returns how many keys were added.
    fn take_growth(&mut self, growth: grow::Growth<K>) -> usize {
        self.len += growth.added;
        if let Some(right) = growth.split {
            self.root = self.root.take().map(|left| grow::above(left, self.len - right.len, right));
        }
        growth.added
    }
}

/// `keys` in strictly ascending order, which they mostly are already.
fn ascending<K: Ord>(mut keys: Vec<K>) -> Vec<K> {
    if !keys.is_sorted_by(|one, next| one < next) {
        keys.sort_unstable();
        keys.dedup();
    }
    keys
}

impl<K> Clone for Ordered<K> {
    /// Shares the whole tree. O(1).
    fn clone(&self) -> Self {
        Self { root: self.root.clone(), len: self.len }
    }
}

impl<K> Default for Ordered<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K> fmt::Debug for Ordered<K> {
    /// Shows the size only: an index would drown what is being debugged.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Ordered").field("len", &self.len).finish()
    }
}
