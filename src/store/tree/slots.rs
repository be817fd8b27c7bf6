//! [`Slots`]: a persistent radix tree from slot numbers to values.
//!
//! A slot number is cut into digits: the lowest [`LEAF_BITS`](node::LEAF_BITS) bits choose an
//! entry within a leaf, and every further [`INNER_BITS`](node::INNER_BITS) bits choose a child
//! within an inner node. Dense numbers therefore fill whole leaves, and a tree
//! of a million entries is three inner levels above its leaves.
//!
//! The shape of the tree is a function of the set of occupied slots alone:
//! no node is empty, and the root is as low as the highest occupied slot
//! allows. [`Slots::audit`] checks exactly this.
//!
//! The parts: [`node`] holds the nodes and the edits of one path, [`batch`]
//! the edits of many slots at once, [`walk`] the iterators, [`position`] the
//! questions answered from the counts, [`diff`] the comparison of two
//! versions and [`audit`] the check of the structure.

mod audit;
mod batch;
mod diff;
mod node;
mod position;
mod walk;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use node::{Leaf, Node, entry_index, height_for, last_slot_of_height};

pub use walk::{SlotsIter, SlotsIterRev};

/// A persistent map from `u64` slot numbers to values, best at dense numbers.
///
/// Cloning is O(1) and shares everything; see the [module](super) for the
/// rules of sharing. "Logarithmic" below means one step for each level, and
/// there are `1 + ceil((bits of the highest slot - 5) / 6)` levels: four for
/// a million dense entries, eleven for the largest slot numbers there are.
///
/// Sparse slots are allowed; each one far from all others costs a path of its
/// own, about half a kilobyte a level.
pub struct Slots<T> {
    root: Option<Arc<Node<T>>>,
    /// Number of inner levels above the leaves; zero when the root is a leaf
    /// or the tree is empty.
    height: u32,
    /// The highest slot a tree of this height can hold. It could be derived
    /// from `height`, but `get` would then compute it anew each time.
    reach: u64,
}

impl<T> Slots<T> {
    /// Makes an empty tree, without allocating. O(1).
    pub const fn new() -> Self {
        Self { root: None, height: 0, reach: last_slot_of_height(0) }
    }

    /// Number of occupied slots. O(1).
    pub fn len(&self) -> usize {
        self.root.as_ref().map_or(0, |root| root.len())
    }

    /// Whether no slot is occupied. O(1).
    pub fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// The value in `slot`, if it is occupied. Logarithmic: one dependent load
    /// a level.
    #[inline]
    pub fn get(&self, slot: u64) -> Option<&T> {
        self.leaf_of(slot)?.get(slot)
    }

    /// The first slot of the leaf that covers `slot`, and what stands there and
    /// in those after it. Logarithmic, as [`Slots::get`].
    #[inline]
    pub fn around(&self, slot: u64) -> Option<(u64, &[Option<T>])> {
        let leaf = self.leaf_of(slot)?;
        Some((slot - entry_index(slot) as u64, &leaf.entries))
    }

    #[inline]
    fn leaf_of(&self, slot: u64) -> Option<&Leaf<T>> {
        if slot > self.reach {
            return None;
        }
        let mut node = self.root.as_deref()?;
        // The node's own variant ends the loop. Counting levels as well would
        // only add a second, redundant check.
        let mut height = self.height;
        loop {
            match node {
                Node::Inner(inner) => {
                    node = inner.child(slot, height)?;
                    height = height.wrapping_sub(1);
                }
                Node::Leaf(leaf) => return Some(leaf),
            }
        }
    }

    /// Whether `self` and `other` are the same version, sharing even the root.
    /// O(1).
    ///
    /// Two empty trees count as the same. `false` does not say that the
    /// contents differ.
    pub fn ptr_eq(&self, other: &Self) -> bool {
        match (&self.root, &other.root) {
            (None, None) => true,
            (Some(mine), Some(theirs)) => Arc::ptr_eq(mine, theirs),
            _ => false,
        }
    }
}

impl<T: Clone> Slots<T> {
    /// The value in `slot` for changing, if the slot is occupied.
    /// Logarithmic.
    ///
    /// Nodes on the path that are shared with a clone are copied first; when
    /// the slot is not occupied nothing is copied.
    pub fn get_mut(&mut self, slot: u64) -> Option<&mut T> {
        // Looking first costs a second descent through nodes that are by then
        // in the cache, and spares a miss the copying of a whole path.
        self.get(slot)?;
        let mut node = Arc::make_mut(self.root.as_mut()?);
        let mut height = self.height;
        loop {
            match node {
                Node::Inner(inner) => {
                    node = Arc::make_mut(inner.link_mut(slot, height).as_mut()?);
                    height -= 1;
                }
                Node::Leaf(leaf) => return leaf.get_mut(slot),
            }
        }
    }

    /// Puts `value` into `slot` and returns the value it replaces, if any.
    /// Logarithmic.
    pub fn insert(&mut self, slot: u64, value: T) -> Option<T> {
        self.raise_to(slot);
        match &mut self.root {
            Some(root) => node::insert(root, self.height, slot, value),
            empty => {
                *empty = Some(node::path(self.height, slot, Leaf::of_one(slot, value)));
                None
            }
        }
    }

    /// Empties `slot` and returns the value it held, if any. Logarithmic.
    ///
    /// When the slot is not occupied nothing is copied.
    pub fn remove(&mut self, slot: u64) -> Option<T> {
        self.get(slot)?;
        let mut removed = None;
        node::remove_with(self.root.as_mut()?, self.height, slot, |leaf| {
            removed = leaf.take(slot);
            1
        });
        self.lower();
        removed
    }

    /// Makes the tree high enough to hold `slot`.
    fn raise_to(&mut self, slot: u64) {
        if slot <= self.reach {
            return;
        }
        let height = height_for(slot);
        if let Some(mut root) = self.root.take() {
            for _ in self.height..height {
                root = node::above(root);
            }
            self.root = Some(root);
        }
        self.set_height(height);
    }

    /// Makes the tree as low as its highest slot allows, after a removal.
    fn lower(&mut self) {
        let Some(root) = &mut self.root else { return };
        if root.is_empty() {
            self.root = None;
            self.set_height(0);
            return;
        }
        let mut height = self.height;
        while let Some(child) = root.sole_first_child() {
            *root = Arc::clone(child);
            height -= 1;
        }
        if height != self.height {
            self.set_height(height);
        }
    }

    fn set_height(&mut self, height: u32) {
        self.height = height;
        self.reach = last_slot_of_height(height);
    }
}

impl<T> Clone for Slots<T> {
    /// Shares the whole tree. O(1).
    fn clone(&self) -> Self {
        Self { root: self.root.clone(), height: self.height, reach: self.reach }
    }
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for Slots<T> {
    /// Shows the size only: values need not be printable, and a whole store
    /// would drown what is being debugged.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Slots").field("len", &self.len()).field("height", &self.height).finish()
    }
}
