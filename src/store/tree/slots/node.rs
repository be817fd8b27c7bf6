//! The nodes of the radix tree, and the edits that follow one path.
//!
//! A node's *height* is the number of levels below it: zero for a leaf. A node
//! does not store its height or the slots it covers; both follow from the way
//! taken to it, and every function here is told the height.
//!
//! Every edit makes a node its own with one `Arc::make_mut`: one atomic
//! compare-and-swap a level when the node is not shared, and a copy when it
//! is. Asking `Arc::get_mut` first would make that two.

use std::array;
use std::sync::Arc;

/// Bits of a slot number that choose an entry within a leaf.
pub(super) const LEAF_BITS: u32 = 5;
/// Entries of a leaf. With 16-byte values a leaf is as large as an inner node,
/// so that neither variant of [`Node`] wastes space.
pub(super) const LEAF_WIDTH: usize = 1 << LEAF_BITS;
/// Bits of a slot number that choose a child within an inner node.
pub(super) const INNER_BITS: u32 = 6;
/// Children of an inner node.
pub(super) const INNER_WIDTH: usize = 1 << INNER_BITS;

/// A node of the tree.
#[derive(Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "both variants are equally large for the 16-byte values the tree is made for"
)]
pub(super) enum Node<T> {
    Leaf(Leaf<T>),
    Inner(Inner<T>),
}

/// The lowest level: the entries themselves.
#[derive(Clone)]
pub(super) struct Leaf<T> {
    pub(super) entries: [Option<T>; LEAF_WIDTH],
    /// Number of entries that are `Some`.
    pub(super) len: usize,
}

/// A level above the leaves.
#[derive(Clone)]
pub(super) struct Inner<T> {
    pub(super) children: [Option<Arc<Node<T>>>; INNER_WIDTH],
    /// Number of entries in all leaves below.
    pub(super) len: usize,
}

/// The highest slot that a tree of this height can hold.
pub(super) const fn last_slot_of_height(height: u32) -> u64 {
    let bits = LEAF_BITS + INNER_BITS * height;
    if bits >= u64::BITS { u64::MAX } else { (1 << bits) - 1 }
}

/// The height of the lowest tree that can hold `slot`.
pub(super) fn height_for(slot: u64) -> u32 {
    let bits = u64::BITS - slot.leading_zeros();
    bits.saturating_sub(LEAF_BITS).div_ceil(INNER_BITS)
}

/// Which entry of its leaf `slot` is.
#[inline]
pub(super) fn entry_index(slot: u64) -> usize {
    (slot as usize) & (LEAF_WIDTH - 1)
}

/// Below which child of an inner node of this height `slot` lies.
#[inline]
pub(super) fn child_index(slot: u64, height: u32) -> usize {
    // `slot >> shift` as `wrapping_shr`: a shift can never reach 64 in a tree
    // as low as its highest slot allows, and the compiler need not check it.
    let shift = LEAF_BITS.wrapping_add(INNER_BITS.wrapping_mul(height)).wrapping_sub(INNER_BITS);
    (slot.wrapping_shr(shift) as usize) & (INNER_WIDTH - 1)
}

/// The lowest slot below child `index` of the inner node of this height that
/// covers `slot`.
pub(super) fn first_slot_of_child(slot: u64, height: u32, index: usize) -> u64 {
    let below = last_slot_of_height(height - 1);
    let node_start = slot & !last_slot_of_height(height);
    node_start + index as u64 * (below + 1)
}

impl<T> Node<T> {
    /// Number of entries in and below this node. O(1).
    pub(super) fn len(&self) -> usize {
        match self {
            Node::Leaf(leaf) => leaf.len,
            Node::Inner(inner) => inner.len,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first child, when everything below this node lies below it. A root
    /// with such a child is one level too high.
    pub(super) fn sole_first_child(&self) -> Option<&Arc<Self>> {
        match self {
            Node::Inner(inner) => inner.children[0].as_ref().filter(|child| child.len() == inner.len),
            Node::Leaf(_) => None,
        }
    }
}

impl<T> Leaf<T> {
    pub(super) fn of_one(slot: u64, value: T) -> Self {
        let mut entries = [const { None }; LEAF_WIDTH];
        entries[entry_index(slot)] = Some(value);
        Self { entries, len: 1 }
    }

    /// Fills consecutive entries from `slot` on with what `values` yields,
    /// until the leaf or the iterator ends. May end up empty.
    pub(super) fn fill(slot: u64, values: &mut impl Iterator<Item = T>) -> Self {
        let first = entry_index(slot);
        let mut len = 0;
        let mut ended = false;
        let entries = array::from_fn(|index| {
            if index < first || ended {
                return None;
            }
            let value = values.next();
            match value {
                Some(_) => len += 1,
                None => ended = true,
            }
            value
        });
        Self { entries, len }
    }

    #[inline]
    pub(super) fn get(&self, slot: u64) -> Option<&T> {
        self.entries[entry_index(slot)].as_ref()
    }

    pub(super) fn get_mut(&mut self, slot: u64) -> Option<&mut T> {
        self.entries[entry_index(slot)].as_mut()
    }

    pub(super) fn put(&mut self, slot: u64, value: T) -> Option<T> {
        let old = self.entries[entry_index(slot)].replace(value);
        if old.is_none() {
            self.len += 1;
        }
        old
    }

    pub(super) fn take(&mut self, slot: u64) -> Option<T> {
        let old = self.entries[entry_index(slot)].take();
        if old.is_some() {
            self.len -= 1;
        }
        old
    }

    /// Moves all entries of `newer` into this leaf, over its own. Returns how
    /// many entries that adds.
    fn absorb(&mut self, newer: Self) -> usize {
        let before = self.len;
        for (entry, value) in self.entries.iter_mut().zip(newer.entries) {
            if value.is_some() {
                self.len += usize::from(entry.is_none());
                *entry = value;
            }
        }
        self.len - before
    }
}

impl<T> Inner<T> {
    /// The child `slot` lies below, in a node of this height.
    #[inline]
    pub(super) fn child(&self, slot: u64, height: u32) -> Option<&Node<T>> {
        self.children[child_index(slot, height)].as_deref()
    }

    /// The place of the child `slot` lies below, in a node of this height.
    pub(super) fn link_mut(&mut self, slot: u64, height: u32) -> &mut Option<Arc<Node<T>>> {
        &mut self.children[child_index(slot, height)]
    }
}

/// Wraps `leaf`, which covers `slot`, in single-child nodes up to `height`.
pub(super) fn path<T>(height: u32, slot: u64, leaf: Leaf<T>) -> Arc<Node<T>> {
    let len = leaf.len;
    let mut node = Arc::new(Node::Leaf(leaf));
    for level in 1..=height {
        let mut children = [const { None }; INNER_WIDTH];
        children[child_index(slot, level)] = Some(node);
        node = Arc::new(Node::Inner(Inner { children, len }));
    }
    node
}

/// Puts a new root above `root`, whose slots keep their numbers.
pub(super) fn above<T>(root: Arc<Node<T>>) -> Arc<Node<T>> {
    let len = root.len();
    let mut children = [const { None }; INNER_WIDTH];
    children[0] = Some(root);
    Arc::new(Node::Inner(Inner { children, len }))
}

/// Puts `value` into `slot` below `node`; returns the value it replaces.
pub(super) fn insert<T: Clone>(node: &mut Arc<Node<T>>, height: u32, slot: u64, value: T) -> Option<T> {
    match Arc::make_mut(node) {
        Node::Leaf(leaf) => leaf.put(slot, value),
        Node::Inner(inner) => {
            let old = match inner.link_mut(slot, height) {
                Some(child) => insert(child, height - 1, slot, value),
                empty => {
                    *empty = Some(path(height - 1, slot, Leaf::of_one(slot, value)));
                    None
                }
            };
            if old.is_none() {
                inner.len += 1;
            }
            old
        }
    }
}

/// Puts all entries of `newer`, a leaf that covers `slot`, below `node`;
/// returns how many entries that adds. A leaf that is not there yet is put in
/// as it is.
pub(super) fn insert_leaf<T: Clone>(node: &mut Arc<Node<T>>, height: u32, slot: u64, newer: Leaf<T>) -> usize {
    match Arc::make_mut(node) {
        Node::Leaf(leaf) => leaf.absorb(newer),
        Node::Inner(inner) => {
            let added = match inner.link_mut(slot, height) {
                Some(child) => insert_leaf(child, height - 1, slot, newer),
                empty => {
                    let added = newer.len;
                    *empty = Some(path(height - 1, slot, newer));
                    added
                }
            };
            inner.len += added;
            added
        }
    }
}

/// Lets `edit` take entries out of the leaf that covers `slot` and return how
/// many it took; then corrects the counts and prunes what became empty. The
/// given node itself may be left empty. Does nothing when there is no such
/// leaf.
pub(super) fn remove_with<T: Clone>(
    node: &mut Arc<Node<T>>,
    height: u32,
    slot: u64,
    edit: impl FnOnce(&mut Leaf<T>) -> usize,
) -> usize {
    match Arc::make_mut(node) {
        Node::Leaf(leaf) => edit(leaf),
        Node::Inner(inner) => {
            let link = inner.link_mut(slot, height);
            let Some(child) = link else { return 0 };
            let removed = remove_with(child, height - 1, slot, edit);
            if child.is_empty() {
                *link = None;
            }
            inner.len -= removed;
            removed
        }
    }
}
