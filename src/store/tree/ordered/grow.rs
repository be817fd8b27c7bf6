//! Insertion: of one key, of a run of keys that belong into one leaf, and of
//! all keys of a new tree.
//!
//! Every edit makes a node its own with one `Arc::make_mut`: one atomic
//! compare-and-swap a level when the node is not shared, and a copy when it
//! is.

use std::sync::Arc;

use super::node::{Branch, INNER_CAPACITY, LEAF_CAPACITY, Node, branch_for, find, make_room};

/// What an insertion did to a node.
pub(super) struct Growth<K> {
    /// Number of keys that were new.
    pub(super) added: usize,
    /// The right part of the node, when it had to be split.
    pub(super) split: Option<Branch<K>>,
}

/// Keys on their way to a leaf. A trait, so that a single key needs no
/// allocation and a run takes the same way down.
pub(super) trait Load<K> {
    /// A key by which to find the leaf.
    fn leading(&self) -> &K;

    /// Puts the keys into the leaf; returns how many were new, and what no
    /// longer fits.
    fn place(self, keys: &mut Vec<K>, at_right_edge: bool) -> (usize, Option<Vec<K>>);
}

/// A single key.
pub(super) struct One<K>(pub(super) K);

/// Strictly ascending keys, at least one, that belong into the same leaf and
/// together with its own make no more than two leaves.
pub(super) struct Run<K>(pub(super) Vec<K>);

impl<K: Ord> Load<K> for One<K> {
    #[inline]
    fn leading(&self) -> &K {
        &self.0
    }

    fn place(self, keys: &mut Vec<K>, at_right_edge: bool) -> (usize, Option<Vec<K>>) {
        let behind_all = at_right_edge && keys.last().is_some_and(|last| *last < self.0);
        let found = if behind_all { Err(keys.len()) } else { find(keys, &self.0) };
        match found {
            Ok(_) => (0, None),
            Err(at) => (1, put(keys, at, self.0, LEAF_CAPACITY, at_right_edge)),
        }
    }
}

impl<K: Ord> Load<K> for Run<K> {
    fn leading(&self) -> &K {
        &self.0[0]
    }

    fn place(self, keys: &mut Vec<K>, at_right_edge: bool) -> (usize, Option<Vec<K>>) {
        let before = keys.len();
        let run = self.0;
        if keys.last() < run.first() {
            let total = before + run.len();
            let first = match at_right_edge {
                true => LEAF_CAPACITY.min(total),
                false => first_part(total),
            };
            return (run.len(), append(keys, run, first));
        }
        let mut all = merge(std::mem::take(keys), run);
        let total = all.len();
        let spill = (total > LEAF_CAPACITY).then(|| all.split_off(first_part(total)));
        *keys = all;
        (total - before, spill)
    }
}

/// How many of so many keys are to stay in the left leaf.
fn first_part(total: usize) -> usize {
    if total > LEAF_CAPACITY { total / 2 } else { total }
}

/// Puts `run` behind `keys`, and leaves the `first` ones of all in `keys`.
fn append<K>(keys: &mut Vec<K>, run: Vec<K>, first: usize) -> Option<Vec<K>> {
    let total = keys.len() + run.len();
    if first < keys.len() {
        let mut spill = Vec::with_capacity(LEAF_CAPACITY);
        spill.extend(keys.drain(first..));
        spill.extend(run);
        return Some(spill);
    }
    let mut run = run.into_iter();
    make_room(keys, first - keys.len(), LEAF_CAPACITY);
    let fitting = first - keys.len();
    keys.extend(run.by_ref().take(fitting));
    (first < total).then(|| {
        let mut spill = Vec::with_capacity(LEAF_CAPACITY);
        spill.extend(run);
        spill
    })
}

/// The keys of both, once each.
fn merge<K: Ord>(keys: Vec<K>, run: Vec<K>) -> Vec<K> {
    let mut all = Vec::with_capacity(keys.len() + run.len());
    let mut keys = keys.into_iter().peekable();
    for key in run {
        while let Some(known) = keys.next_if(|known| *known < key) {
            all.push(known);
        }
        keys.next_if(|known| *known == key);
        all.push(key);
    }
    all.extend(keys);
    all
}

/// Puts `item` at index `at` of a node's items. When the node is full, splits
/// it and returns the right part.
fn put<E>(items: &mut Vec<E>, at: usize, item: E, capacity: usize, at_right_edge: bool) -> Option<Vec<E>> {
    if items.len() < capacity {
        make_room(items, 1, capacity);
        items.insert(at, item);
        return None;
    }
    // With full room from the start: a right part is about to receive more.
    let mut right = Vec::with_capacity(capacity);
    if at_right_edge && at == items.len() {
        right.push(item);
        return Some(right);
    }
    let half = capacity / 2;
    right.extend(items.drain(half..));
    match at.checked_sub(half) {
        Some(at) if at > 0 => right.insert(at, item),
        _ => items.insert(at, item),
    }
    Some(right)
}

/// Puts a load of keys into the leaf below `node` into which they belong.
pub(super) fn grow<K: Ord + Clone, L: Load<K>>(node: &mut Arc<Node<K>>, load: L, at_right_edge: bool) -> Growth<K> {
    match Arc::make_mut(node) {
        Node::Leaf(keys) => {
            let (added, spill) = load.place(keys, at_right_edge);
            Growth { added, split: spill.map(leaf_branch) }
        }
        Node::Inner(branches) => {
            let last = branches.len() - 1;
            // Keys often arrive in ascending order. On the right edge it pays
            // to try the last branch before searching; a key that does not
            // belong there leaves the edge at once and is not asked again.
            let at = if at_right_edge && last > 0 && branches[last].lower <= *load.leading() {
                last
            } else {
                branch_for(branches, load.leading())
            };
            let is_last = at == last;
            let branch = &mut branches[at];
            let growth = grow(&mut branch.node, load, at_right_edge && is_last);
            branch.len += growth.added;
            let split = match growth.split {
                Some(right) => {
                    branch.len -= right.len;
                    put(branches, at + 1, right, INNER_CAPACITY, at_right_edge)
                }
                None => None,
            };
            Growth { added: growth.added, split: split.map(inner_branch) }
        }
    }
}

/// The root above a root that was split; `len` keys remain in the left part.
pub(super) fn above<K: Clone>(left: Arc<Node<K>>, len: usize, right: Branch<K>) -> Arc<Node<K>> {
    let left = Branch {
        // Means nothing in a first branch; any key will do.
        lower: right.lower.clone(),
        len,
        node: left,
    };
    Arc::new(Node::Inner(vec![left, right]))
}

/// Builds a tree of strictly ascending keys from the leaves up. All nodes are
/// full but those on the right edge.
pub(super) fn build<K: Clone>(keys: Vec<K>) -> Option<Arc<Node<K>>> {
    let mut level: Vec<Branch<K>> = chunks(keys, LEAF_CAPACITY).map(leaf_branch).collect();
    while level.len() > 1 {
        level = chunks(level, INNER_CAPACITY).map(inner_branch).collect();
    }
    level.pop().map(|branch| branch.node)
}

/// Cuts `items` into vectors of `size`, the last of which may be shorter.
fn chunks<E>(items: Vec<E>, size: usize) -> impl Iterator<Item = Vec<E>> {
    let mut items = items.into_iter();
    std::iter::from_fn(move || {
        let chunk: Vec<E> = items.by_ref().take(size).collect();
        (!chunk.is_empty()).then_some(chunk)
    })
}

/// A branch to a new leaf of `keys`, at least one.
fn leaf_branch<K: Clone>(keys: Vec<K>) -> Branch<K> {
    Branch { lower: keys[0].clone(), len: keys.len(), node: Arc::new(Node::Leaf(keys)) }
}

/// A branch to a new inner node of `branches`, at least one. The first of them
/// must still know its lower bound.
fn inner_branch<K: Clone>(branches: Vec<Branch<K>>) -> Branch<K> {
    Branch {
        lower: branches[0].lower.clone(),
        len: branches.iter().map(|branch| branch.len).sum(),
        node: Arc::new(Node::Inner(branches)),
    }
}
