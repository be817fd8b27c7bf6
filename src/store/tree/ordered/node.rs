//! The nodes of the B+tree, and the search within them.

use std::sync::Arc;

/// Most keys of a leaf.
pub(super) const LEAF_CAPACITY: usize = 64;
/// Most branches of an inner node. Measured with a million pairs of numbers:
/// 64 finds no faster, for it only moves comparisons from one level to the
/// next, and makes copying a path a third slower, for a copy counts a reference
/// to every child; 16 copies faster still, but costs a level and a sixth of
/// every search.
pub(super) const INNER_CAPACITY: usize = 32;
/// Fewest keys of a leaf that is not on the right edge. A quarter rather than
/// the customary half, so that keys going and coming at the same place do not
/// merge and split the same leaves time and again.
pub(super) const LEAF_LEAST: usize = LEAF_CAPACITY / 4;
/// Fewest branches of an inner node that is not on the right edge.
pub(super) const INNER_LEAST: usize = INNER_CAPACITY / 4;
/// More levels than any tree in memory has. A root with n levels of inner
/// nodes below it has a first branch that is not on the right edge, and so at
/// least `LEAF_LEAST * INNER_LEAST^n` keys: for n = 16, that is 2^52.
pub(super) const HIGHEST: usize = 16;

/// A node of the tree; never empty but in the middle of an edit.
pub(super) enum Node<K> {
    /// Keys, strictly ascending.
    Leaf(Vec<K>),
    /// Branches, in the order of the keys below them.
    Inner(Vec<Branch<K>>),
}

/// A child of an inner node.
#[derive(Clone)]
pub(super) struct Branch<K> {
    /// No key below is less than this, and no key below a branch further left
    /// is equal or greater. In the first branch of a node it means nothing:
    /// what keys may lie there is for the levels above to say.
    pub(super) lower: K,
    /// Number of keys below.
    pub(super) len: usize,
    pub(super) node: Arc<Node<K>>,
}

impl<K: Clone> Clone for Node<K> {
    fn clone(&self) -> Self {
        match self {
            Node::Leaf(keys) => Node::Leaf(clone_with_room(keys, LEAF_CAPACITY)),
            Node::Inner(branches) => Node::Inner(clone_with_room(branches, INNER_CAPACITY)),
        }
    }
}

/// Clones `items` with room for at least one more, when there may be one more.
/// A node is copied to be edited, and the exact capacity that `Vec` chooses
/// would have the very next insertion move it all once again.
fn clone_with_room<E: Clone>(items: &[E], most: usize) -> Vec<E> {
    let mut copy = Vec::with_capacity(room_for(items.len() + 1, most));
    copy.extend_from_slice(items);
    copy
}

/// Makes room for `more` items, in steps that end at a node's capacity. The
/// steps `Vec` takes by itself would go past it.
pub(super) fn make_room<E>(items: &mut Vec<E>, more: usize, most: usize) {
    let needed = items.len() + more;
    if needed > items.capacity() {
        items.reserve_exact(room_for(needed, most) - items.len());
    }
}

fn room_for(needed: usize, most: usize) -> usize {
    needed.next_power_of_two().clamp(4, most.max(needed))
}

impl<K> Node<K> {
    /// Number of keys below, from the counts of the branches.
    pub(super) fn count(&self) -> usize {
        match self {
            Node::Leaf(keys) => keys.len(),
            Node::Inner(branches) => branches.iter().map(|branch| branch.len).sum(),
        }
    }

    /// Number of keys or branches in the node itself.
    pub(super) fn width(&self) -> usize {
        match self {
            Node::Leaf(keys) => keys.len(),
            Node::Inner(branches) => branches.len(),
        }
    }

    /// Fewest keys or branches, off the right edge.
    pub(super) fn least_width(&self) -> usize {
        match self {
            Node::Leaf(_) => LEAF_LEAST,
            Node::Inner(_) => INNER_LEAST,
        }
    }

    /// Most keys or branches.
    pub(super) fn capacity(&self) -> usize {
        match self {
            Node::Leaf(_) => LEAF_CAPACITY,
            Node::Inner(_) => INNER_CAPACITY,
        }
    }
}

/// The branch below which `key` lies or would lie.
#[inline]
pub(super) fn branch_for<K: Ord>(branches: &[Branch<K>], key: &K) -> usize {
    branches[1..].partition_point(|branch| branch.lower <= *key)
}

/// The branch below which the last key lies for which `is_before` is true, or
/// the first branch when it is true for none. Every key below a branch further
/// left is one for which it is true.
#[inline]
pub(super) fn branch_before<K>(branches: &[Branch<K>], is_before: impl Fn(&K) -> bool) -> usize {
    branches[1..].partition_point(|branch| is_before(&branch.lower))
}

/// Where `key` is among the keys of a leaf, or where it would be put.
///
/// The same as `binary_search`, which however compares three ways at each of
/// its steps; comparing two ways and asking for equality once at the end
/// measures faster for keys that are pairs of numbers.
#[inline]
pub(super) fn find<K: Ord>(keys: &[K], key: &K) -> Result<usize, usize> {
    let at = keys.partition_point(|other| other < key);
    match keys.get(at) {
        Some(found) if found == key => Ok(at),
        _ => Err(at),
    }
}

/// A leaf, and which keys belong into it.
pub(super) struct Place<'a, K> {
    pub(super) keys: &'a [K],
    /// Keys from this on belong into leaves further right.
    upper: Option<&'a K>,
}

/// Finds the leaf into which `key` belongs.
pub(super) fn place_of<'a, K: Ord>(root: &'a Node<K>, key: &K) -> Place<'a, K> {
    let mut node = root;
    let mut upper = None;
    loop {
        match node {
            Node::Leaf(keys) => return Place { keys, upper },
            Node::Inner(branches) => {
                let index = branch_for(branches, key);
                if let Some(next) = branches.get(index + 1) {
                    upper = Some(&next.lower);
                }
                node = &branches[index].node;
            }
        }
    }
}

impl<K: Ord> Place<'_, K> {
    /// How far `keys`, whose first belongs into this leaf, do so; at most so
    /// many.
    pub(super) fn run<'k>(&self, keys: &'k [K], most: usize) -> &'k [K] {
        let keys = &keys[..keys.len().min(most)];
        let Some(upper) = self.upper else { return keys };
        // Most runs are short against the batch they come from, so the end is
        // looked for from the front, in doubling steps.
        let mut step = 1;
        while step < keys.len() && keys[step] < *upper {
            step *= 2;
        }
        let keys = &keys[..keys.len().min(step)];
        &keys[..keys.partition_point(|key| key < upper)]
    }

    /// How many keys at the start of `run` are in the leaf.
    pub(super) fn count_known(&self, run: &[K]) -> usize {
        run.iter().take_while(|key| find(self.keys, key).is_ok()).count()
    }

    /// How many keys at the start of `run` are not in the leaf.
    pub(super) fn count_unknown(&self, run: &[K]) -> usize {
        run.iter().take_while(|key| find(self.keys, key).is_err()).count()
    }
}
