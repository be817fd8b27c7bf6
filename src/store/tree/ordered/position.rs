//! Questions answered from the counts of the branches, and by the outermost
//! keys.

use super::Ordered;
use super::node::{Node, branch_before};

impl<K> Ordered<K> {
    /// Number of keys for which `is_before` is true. It must be true for all
    /// keys up to some point of the order and false from there on.
    /// Logarithmic, reading the counts of up to 31 branches a level.
    pub fn rank_by(&self, is_before: impl Fn(&K) -> bool) -> usize {
        let mut rank = 0;
        let mut next = self.root.as_deref();
        while let Some(node) = next {
            match node {
                Node::Inner(branches) => {
                    let at = branch_before(branches, &is_before);
                    rank += branches[..at].iter().map(|branch| branch.len).sum::<usize>();
                    next = Some(&branches[at].node);
                }
                Node::Leaf(keys) => return rank + keys.partition_point(is_before),
            }
        }
        rank
    }

    /// The key that has exactly `n` keys before it. Logarithmic, reading the
    /// counts of up to 32 branches a level.
    pub fn nth(&self, n: usize) -> Option<&K> {
        let mut remaining = n;
        let mut node = self.root.as_deref()?;
        loop {
            match node {
                Node::Inner(branches) => {
                    let branch = branches.iter().find(|branch| {
                        let found = remaining < branch.len;
                        if !found {
                            remaining -= branch.len;
                        }
                        found
                    })?;
                    node = &branch.node;
                }
                Node::Leaf(keys) => return keys.get(remaining),
            }
        }
    }

    /// The least key. Logarithmic.
    pub fn first(&self) -> Option<&K> {
        let mut node = self.root.as_deref()?;
        loop {
            match node {
                Node::Inner(branches) => node = &branches.first()?.node,
                Node::Leaf(keys) => return keys.first(),
            }
        }
    }

    /// The greatest key. Logarithmic.
    pub fn last(&self) -> Option<&K> {
        let mut node = self.root.as_deref()?;
        loop {
            match node {
                Node::Inner(branches) => node = &branches.last()?.node,
                Node::Leaf(keys) => return keys.last(),
            }
        }
    }
}
