//! Iteration over the occupied slots, in either direction and from any slot.
//!
//! An iterator holds no stack. It walks along one leaf, and at the leaf's end
//! descends from the root again to the next leaf. That is a handful of loads
//! from nodes still in the cache for every 32 entries, and makes an iterator
//! cheap to start, small and free of allocation.

use std::iter::Enumerate;
use std::slice;

use super::Slots;
use super::node::{
    INNER_WIDTH, LEAF_WIDTH, Leaf, Node, child_index, entry_index, first_slot_of_child, last_slot_of_height,
};

/// Entries of one leaf, numbered from its start.
type LeafEntries<'a, T> = Enumerate<slice::Iter<'a, Option<T>>>;

impl<T> Slots<T> {
    /// All occupied slots with their values, ascending. Starting is
    /// logarithmic, every step amortised O(1) where slots are dense.
    pub fn iter(&self) -> SlotsIter<'_, T> {
        self.iter_from(0)
    }

    /// The occupied slots from `slot` (inclusive) upwards, ascending. Costs as
    /// [`Slots::iter`].
    pub fn iter_from(&self, slot: u64) -> SlotsIter<'_, T> {
        let mut iterator =
            SlotsIter { tree: self, entries: no_entries(), leaf_start: 0, next_leaf: Some(slot & !LEAF_MASK) };
        if iterator.enter_next_leaf() && iterator.leaf_start == slot & !LEAF_MASK {
            let skipped = entry_index(slot);
            if skipped > 0 {
                iterator.entries.nth(skipped - 1);
            }
        }
        iterator
    }

    /// All occupied slots with their values, descending. Costs as
    /// [`Slots::iter`].
    pub fn iter_rev(&self) -> SlotsIterRev<'_, T> {
        self.iter_rev_from(u64::MAX)
    }

    /// The occupied slots from `slot` (inclusive) downwards, descending. Costs
    /// as [`Slots::iter`].
    pub fn iter_rev_from(&self, slot: u64) -> SlotsIterRev<'_, T> {
        let slot = slot.min(self.reach);
        let mut iterator =
            SlotsIterRev { tree: self, entries: no_entries(), leaf_start: 0, next_leaf: Some(slot & !LEAF_MASK) };
        if iterator.enter_next_leaf() && iterator.leaf_start == slot & !LEAF_MASK {
            let skipped = LEAF_WIDTH - 1 - entry_index(slot);
            if skipped > 0 {
                iterator.entries.nth_back(skipped - 1);
            }
        }
        iterator
    }
}

/// The bits of a slot number that tell entries of one leaf apart.
const LEAF_MASK: u64 = LEAF_WIDTH as u64 - 1;

fn no_entries<'a, T>() -> LeafEntries<'a, T> {
    [].iter().enumerate()
}

/// Ascending iterator over the occupied slots of a [`Slots`].
pub struct SlotsIter<'a, T> {
    tree: &'a Slots<T>,
    /// What is left of the current leaf.
    entries: LeafEntries<'a, T>,
    /// The first slot of the current leaf.
    leaf_start: u64,
    /// Where to look for the leaf after the current one; `None` past the
    /// highest slot number there is.
    next_leaf: Option<u64>,
}

impl<T> SlotsIter<'_, T> {
    /// Steps to the next leaf; `false` when there is none.
    fn enter_next_leaf(&mut self) -> bool {
        let found = self.next_leaf.take().filter(|&slot| slot <= self.tree.reach).and_then(|slot| {
            let root = self.tree.root.as_deref()?;
            leaf_from(root, self.tree.height, slot)
        });
        let Some((start, leaf)) = found else {
            return false;
        };
        self.entries = leaf.entries.iter().enumerate();
        self.leaf_start = start;
        self.next_leaf = start.checked_add(LEAF_WIDTH as u64);
        true
    }
}

impl<'a, T> Iterator for SlotsIter<'a, T> {
    type Item = (u64, &'a T);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            for (index, entry) in self.entries.by_ref() {
                if let Some(value) = entry {
                    return Some((self.leaf_start + index as u64, value));
                }
            }
            if !self.enter_next_leaf() {
                return None;
            }
        }
    }
}

/// Descending iterator over the occupied slots of a [`Slots`].
pub struct SlotsIterRev<'a, T> {
    tree: &'a Slots<T>,
    /// What is left of the current leaf; taken from its back.
    entries: LeafEntries<'a, T>,
    /// The first slot of the current leaf.
    leaf_start: u64,
    /// Where to look for the leaf before the current one; `None` below slot
    /// zero.
    next_leaf: Option<u64>,
}

impl<T> SlotsIterRev<'_, T> {
    /// Steps to the leaf before; `false` when there is none.
    fn enter_next_leaf(&mut self) -> bool {
        let found = self.next_leaf.take().and_then(|slot| {
            let root = self.tree.root.as_deref()?;
            leaf_back_from(root, self.tree.height, slot)
        });
        let Some((start, leaf)) = found else {
            return false;
        };
        self.entries = leaf.entries.iter().enumerate();
        self.leaf_start = start;
        self.next_leaf = start.checked_sub(LEAF_WIDTH as u64);
        true
    }
}

impl<'a, T> Iterator for SlotsIterRev<'a, T> {
    type Item = (u64, &'a T);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            for (index, entry) in self.entries.by_ref().rev() {
                if let Some(value) = entry {
                    return Some((self.leaf_start + index as u64, value));
                }
            }
            if !self.enter_next_leaf() {
                return None;
            }
        }
    }
}

/// The first leaf at or after the one that covers `slot`, with its first slot.
/// The leaf may have entries below `slot` only, when it covers it.
fn leaf_from<T>(node: &Node<T>, height: u32, slot: u64) -> Option<(u64, &Leaf<T>)> {
    let inner = match node {
        Node::Leaf(leaf) => return Some((slot & !LEAF_MASK, leaf)),
        Node::Inner(inner) => inner,
    };
    let own = child_index(slot, height);
    (own..INNER_WIDTH).find_map(|index| {
        let child = inner.children[index].as_deref()?;
        let start = match index == own {
            true => slot,
            false => first_slot_of_child(slot, height, index),
        };
        leaf_from(child, height - 1, start)
    })
}

/// The last leaf at or before the one that covers `slot`, with its first slot.
/// The leaf may have entries above `slot` only, when it covers it.
fn leaf_back_from<T>(node: &Node<T>, height: u32, slot: u64) -> Option<(u64, &Leaf<T>)> {
    let inner = match node {
        Node::Leaf(leaf) => return Some((slot & !LEAF_MASK, leaf)),
        Node::Inner(inner) => inner,
    };
    let own = child_index(slot, height);
    (0..=own).rev().find_map(|index| {
        let child = inner.children[index].as_deref()?;
        let end = match index == own {
            true => slot,
            false => first_slot_of_child(slot, height, index) + last_slot_of_height(height - 1),
        };
        leaf_back_from(child, height - 1, end)
    })
}
