//! Iteration over the keys, in either direction and from any point.
//!
//! An iterator walks along the slice of one leaf. On a stack of fixed size it
//! keeps, for every level above, the branches still to be visited; so neither
//! starting one nor stepping it allocates.

use std::iter::FusedIterator;
use std::slice;

use super::Ordered;
use super::node::{Branch, HIGHEST, Node, branch_before};

impl<K> Ordered<K> {
    /// All keys, ascending; from the other end, descending. Starting is
    /// logarithmic, every step amortised O(1).
    pub fn iter(&self) -> OrderedIter<'_, K> {
        OrderedIter { front: self.seek(|_| false), back: self.seek_back(|_| true), remaining: self.len }
    }

    /// The keys from the first one on for which `is_before` is false,
    /// ascending. It must be true for all keys up to some point of the order
    /// and false from there on. Starting is logarithmic, every step amortised
    /// O(1).
    pub fn seek(&self, is_before: impl Fn(&K) -> bool) -> Ascending<'_, K> {
        let mut cursor = Ascending { keys: [].iter(), above: Stack::new() };
        let mut next = self.root.as_deref();
        while let Some(node) = next {
            next = match node {
                Node::Inner(branches) => {
                    let at = branch_before(branches, &is_before);
                    cursor.above.push(&branches[at + 1..]);
                    Some(&branches[at].node)
                }
                Node::Leaf(keys) => {
                    cursor.keys = keys[keys.partition_point(&is_before)..].iter();
                    None
                }
            };
        }
        cursor
    }

    /// The keys from the last one on for which `is_before` is true,
    /// descending. Costs, and asks of `is_before`, the same as
    /// [`Ordered::seek`].
    pub fn seek_back(&self, is_before: impl Fn(&K) -> bool) -> Descending<'_, K> {
        let mut cursor = Descending { keys: [].iter(), above: Stack::new() };
        let mut next = self.root.as_deref();
        while let Some(node) = next {
            next = match node {
                Node::Inner(branches) => {
                    let at = branch_before(branches, &is_before);
                    cursor.above.push(&branches[..at]);
                    Some(&branches[at].node)
                }
                Node::Leaf(keys) => {
                    cursor.keys = keys[..keys.partition_point(&is_before)].iter();
                    None
                }
            };
        }
        cursor
    }
}

/// Branches still to be visited, for every level above a leaf.
#[derive(Clone)]
struct Stack<'a, K> {
    levels: [&'a [Branch<K>]; HIGHEST],
    depth: usize,
}

impl<'a, K> Stack<'a, K> {
    fn new() -> Self {
        Self { levels: [&[]; HIGHEST], depth: 0 }
    }

    fn push(&mut self, branches: &'a [Branch<K>]) {
        self.levels[self.depth] = branches;
        self.depth += 1;
    }

    fn pop(&mut self) -> Option<&'a [Branch<K>]> {
        self.depth = self.depth.checked_sub(1)?;
        Some(self.levels[self.depth])
    }
}

/// Ascending iterator over the keys of an [`Ordered`].
#[derive(Clone)]
pub struct Ascending<'a, K> {
    /// What is left of the current leaf.
    keys: slice::Iter<'a, K>,
    above: Stack<'a, K>,
}

impl<'a, K> Ascending<'a, K> {
    /// The next key, which remains the next.
    #[inline]
    pub fn peek(&mut self) -> Option<&'a K> {
        loop {
            if let Some(key) = self.keys.as_slice().first() {
                return Some(key);
            }
            if !self.enter_next_leaf() {
                return None;
            }
        }
    }

    /// Steps to the next leaf; `false` when there is none.
    #[cold]
    fn enter_next_leaf(&mut self) -> bool {
        while let Some(branches) = self.above.pop() {
            let mut next = branches.split_first();
            while let Some((branch, rest)) = next {
                self.above.push(rest);
                next = match branch.node.as_ref() {
                    Node::Inner(branches) => branches.split_first(),
                    Node::Leaf(keys) => {
                        self.keys = keys.iter();
                        return true;
                    }
                };
            }
        }
        false
    }
}

impl<'a, K> Iterator for Ascending<'a, K> {
    type Item = &'a K;

    #[inline]
    fn next(&mut self) -> Option<&'a K> {
        loop {
            if let Some(key) = self.keys.next() {
                return Some(key);
            }
            if !self.enter_next_leaf() {
                return None;
            }
        }
    }
}

impl<K> FusedIterator for Ascending<'_, K> {}

/// Descending iterator over the keys of an [`Ordered`].
#[derive(Clone)]
pub struct Descending<'a, K> {
    /// What is left of the current leaf; taken from its back.
    keys: slice::Iter<'a, K>,
    above: Stack<'a, K>,
}

impl<'a, K> Descending<'a, K> {
    /// Steps to the leaf before; `false` when there is none.
    #[cold]
    fn enter_next_leaf(&mut self) -> bool {
        while let Some(branches) = self.above.pop() {
            let mut next = branches.split_last();
            while let Some((branch, rest)) = next {
                self.above.push(rest);
                next = match branch.node.as_ref() {
                    Node::Inner(branches) => branches.split_last(),
                    Node::Leaf(keys) => {
                        self.keys = keys.iter();
                        return true;
                    }
                };
            }
        }
        false
    }
}

impl<'a, K> Iterator for Descending<'a, K> {
    type Item = &'a K;

    #[inline]
    fn next(&mut self) -> Option<&'a K> {
        loop {
            if let Some(key) = self.keys.next_back() {
                return Some(key);
            }
            if !self.enter_next_leaf() {
                return None;
            }
        }
    }
}

impl<K> FusedIterator for Descending<'_, K> {}

/// Iterator over all keys of an [`Ordered`], from both ends.
#[derive(Clone)]
pub struct OrderedIter<'a, K> {
    front: Ascending<'a, K>,
    back: Descending<'a, K>,
    /// Number of keys between the two ends, by which they know when they meet.
    remaining: usize,
}

impl<'a, K> Iterator for OrderedIter<'a, K> {
    type Item = &'a K;

    #[inline]
    fn next(&mut self) -> Option<&'a K> {
        self.remaining = self.remaining.checked_sub(1)?;
        self.front.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining, Some(self.remaining))
    }
}

impl<K> DoubleEndedIterator for OrderedIter<'_, K> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        self.remaining = self.remaining.checked_sub(1)?;
        self.back.next()
    }
}

impl<K> ExactSizeIterator for OrderedIter<'_, K> {}
impl<K> FusedIterator for OrderedIter<'_, K> {}
