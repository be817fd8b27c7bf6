//! Questions answered from the counts of the nodes: how many entries come
//! before a slot, and which entry is the n-th.

use std::sync::Arc;

use super::Slots;
use super::node::{Node, child_index, entry_index, first_slot_of_child};

impl<T> Slots<T> {
    /// Number of occupied slots below `slot`. Logarithmic, reading the counts
    /// of up to 63 siblings a level.
    pub fn rank(&self, slot: u64) -> usize {
        if slot > self.reach {
            return self.len();
        }
        let mut rank = 0;
        let mut height = self.height;
        let mut next = self.root.as_deref();
        while let Some(node) = next {
            match node {
                Node::Inner(inner) => {
                    let index = child_index(slot, height);
                    rank += count_below(&inner.children[..index]);
                    next = inner.children[index].as_deref();
                    height -= 1;
                }
                Node::Leaf(leaf) => {
                    let before = &leaf.entries[..entry_index(slot)];
                    return rank + before.iter().flatten().count();
                }
            }
        }
        rank
    }

    /// The occupied slot that has exactly `n` occupied slots before it, and
    /// its value. Logarithmic, reading the counts of up to 63 siblings a
    /// level.
    pub fn nth(&self, n: usize) -> Option<(u64, &T)> {
        if n >= self.len() {
            return None;
        }
        let mut remaining = n;
        let mut slot = 0;
        let mut height = self.height;
        let mut node = self.root.as_deref()?;
        loop {
            match node {
                Node::Inner(inner) => {
                    let (index, child) = occupied(&inner.children).find(|(_, child)| {
                        let below = child.len();
                        let found = remaining < below;
                        if !found {
                            remaining -= below;
                        }
                        found
                    })?;
                    slot = first_slot_of_child(slot, height, index);
                    node = child;
                    height -= 1;
                }
                Node::Leaf(leaf) => {
                    let (index, value) = occupied(&leaf.entries).nth(remaining)?;
                    return Some((slot + index as u64, value));
                }
            }
        }
    }

    /// The lowest occupied slot. Logarithmic.
    pub fn first_slot(&self) -> Option<u64> {
        self.iter().next().map(|(slot, _)| slot)
    }

    /// The highest occupied slot. Logarithmic.
    pub fn last_slot(&self) -> Option<u64> {
        self.iter_rev().next().map(|(slot, _)| slot)
    }
}

/// Number of entries below all of these children.
fn count_below<T>(children: &[Option<Arc<Node<T>>>]) -> usize {
    children.iter().flatten().map(|child| child.len()).sum()
}

/// What is there, with its index.
fn occupied<E>(places: &[Option<E>]) -> impl Iterator<Item = (usize, &E)> {
    places.iter().enumerate().filter_map(|(index, place)| Some((index, place.as_ref()?)))
}
