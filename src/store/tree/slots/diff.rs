//! The difference of two versions of a tree, found by walking both at once and
//! leaving out every subtree they share.

use std::sync::Arc;

use super::Slots;
use super::node::{INNER_WIDTH, LEAF_WIDTH, Leaf, Node, first_slot_of_child};

impl<T> Slots<T> {
    /// Calls `visit(slot, mine, theirs)`, in ascending order, for every slot
    /// whose value in `self` differs from that in `other`. A slot occupied in
    /// one of the two only always differs; for one occupied in both, `same`
    /// decides.
    ///
    /// Subtrees that both trees share are not entered, so the time is
    /// proportional to the number of leaves that are not shared, whatever the
    /// sizes of the trees. The two may differ in height. Returns how many places
    /// were looked into: pairs of nodes that are not shared.
    pub fn diff<'a>(
        &'a self,
        other: &'a Self,
        same: impl Fn(&T, &T) -> bool,
        visit: impl FnMut(u64, Option<&'a T>, Option<&'a T>),
    ) -> usize {
        let height = self.height.max(other.height);
        let mut walk = Walk { same, visit, visited: 0 };
        walk.nodes(height, 0, Side::root(self), Side::root(other));
        walk.visited
    }
}

/// What one of the two trees has at the place both are compared at.
///
/// A tree that is lower than the place stands for a node whose first child is
/// the tree and whose other children are missing, which is what it would be if
/// it were raised to that height.
struct Side<'a, T> {
    node: Option<&'a Arc<Node<T>>>,
    height: u32,
}

// Written out because the derived ones would ask the same of `T`.
impl<T> Clone for Side<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Side<'_, T> {}

impl<'a, T> Side<'a, T> {
    fn root(tree: &'a Slots<T>) -> Self {
        Self { node: tree.root.as_ref(), height: tree.height }
    }

    /// What this side has below child `index` of a node of this height.
    fn child(self, height: u32, index: usize) -> Self {
        if self.height < height {
            let node = self.node.filter(|_| index == 0);
            return Self { node, ..self };
        }
        let node = match self.node.map(Arc::as_ref) {
            Some(Node::Inner(inner)) => inner.children[index].as_ref(),
            _ => None,
        };
        Self { node, height: height - 1 }
    }

    fn leaf(self) -> Option<&'a Leaf<T>> {
        match self.node.map(Arc::as_ref) {
            Some(Node::Leaf(leaf)) => Some(leaf),
            _ => None,
        }
    }

    /// Whether both sides are known to hold the same without looking inside:
    /// the same node at the same height, or nothing at all.
    fn is_shared_with(self, other: Self) -> bool {
        match (self.node, other.node) {
            (None, None) => true,
            (Some(mine), Some(theirs)) => self.height == other.height && Arc::ptr_eq(mine, theirs),
            _ => false,
        }
    }
}

/// The walk over both trees, with the caller's two closures.
struct Walk<Same, Visit> {
    same: Same,
    visit: Visit,
    visited: usize,
}

impl<Same, Visit> Walk<Same, Visit> {
    /// Compares both sides at a place of this height that starts at `start`.
    fn nodes<'a, T>(&mut self, height: u32, start: u64, mine: Side<'a, T>, theirs: Side<'a, T>)
    where
        Same: Fn(&T, &T) -> bool,
        Visit: FnMut(u64, Option<&'a T>, Option<&'a T>),
    {
        if mine.is_shared_with(theirs) {
            return;
        }
        self.visited += 1;
        if height == 0 {
            self.leaves(start, mine.leaf(), theirs.leaf());
            return;
        }
        for index in 0..INNER_WIDTH {
            let (mine, theirs) = (mine.child(height, index), theirs.child(height, index));
            // Asked here too, so that the many shared children cost neither a
            // call nor the computing of their first slot, which past the
            // highest slot number would overflow.
            if !mine.is_shared_with(theirs) {
                let start = first_slot_of_child(start, height, index);
                self.nodes(height - 1, start, mine, theirs);
            }
        }
    }

    /// Compares two leaves entry by entry; a missing leaf is an empty one.
    fn leaves<'a, T>(&mut self, start: u64, mine: Option<&'a Leaf<T>>, theirs: Option<&'a Leaf<T>>)
    where
        Same: Fn(&T, &T) -> bool,
        Visit: FnMut(u64, Option<&'a T>, Option<&'a T>),
    {
        for slot in start..=start + (LEAF_WIDTH as u64 - 1) {
            let mine = mine.and_then(|leaf| leaf.get(slot));
            let theirs = theirs.and_then(|leaf| leaf.get(slot));
            let differ = match (mine, theirs) {
                (None, None) => false,
                (Some(one), Some(other)) => !(self.same)(one, other),
                _ => true,
            };
            if differ {
                (self.visit)(slot, mine, theirs);
            }
        }
    }
}
