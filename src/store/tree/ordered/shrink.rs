//! Removal of keys from one leaf, and the mending of nodes left with too few.

use std::sync::Arc;

use super::node::{Branch, INNER_CAPACITY, LEAF_CAPACITY, Node, branch_for, find, make_room};

/// Takes the keys of `run`, ascending, at least one, and all belonging into
/// the same leaf below `node`, out of it; returns how many were there. The
/// node itself may be left with too few items, or none.
pub(super) fn shrink<K: Ord + Clone>(node: &mut Arc<Node<K>>, run: &[K]) -> usize {
    match Arc::make_mut(node) {
        Node::Leaf(keys) => withdraw(keys, run),
        Node::Inner(branches) => {
            let at = branch_for(branches, &run[0]);
            let removed = shrink(&mut branches[at].node, run);
            if removed > 0 {
                branches[at].len -= removed;
                mend(branches, at);
            }
            removed
        }
    }
}

/// Takes the roots away that have a single branch only.
pub(super) fn lower<K: Clone>(root: &mut Arc<Node<K>>) {
    loop {
        let below = match root.as_ref() {
            Node::Inner(branches) if branches.len() == 1 => Arc::clone(&branches[0].node),
            _ => return,
        };
        *root = below;
    }
}

/// Takes the keys of `run` out of `keys`; returns how many were there.
fn withdraw<K: Ord>(keys: &mut Vec<K>, run: &[K]) -> usize {
    let before = keys.len();
    if let [key] = run {
        if let Ok(at) = find(keys, key) {
            keys.remove(at);
        }
    } else {
        let mut run = run.iter().peekable();
        keys.retain(|key| {
            while run.next_if(|removed| *removed < key).is_some() {}
            run.peek() != Some(&key)
        });
    }
    before - keys.len()
}

/// Sees to it that branch `at`, from whose node items were removed, has enough
/// of them again.
///
/// A removal takes at most one branch out of each inner node on its path, so
/// that mending the one branch at every level is all there is to do. A branch
/// without a neighbour is alone on the right edge, where any width will do.
fn mend<K: Clone>(branches: &mut Vec<Branch<K>>, at: usize) {
    let node = &branches[at].node;
    let width = node.width();
    if width == 0 {
        branches.remove(at);
        return;
    }
    if width >= node.least_width() || branches.len() == 1 {
        return;
    }
    // The narrower neighbour, which is the likelier to fit into one node.
    let width_at = |index: usize| branches.get(index).map_or(usize::MAX, |b| b.node.width());
    let left = match at.checked_sub(1) {
        Some(before) if width_at(before) <= width_at(at + 1) => before,
        _ => at,
    };
    balance(branches, left);
}

/// Merges branch `left` and the next one when their items fit in one node, and
/// shares the items evenly between the two otherwise.
fn balance<K: Clone>(branches: &mut Vec<Branch<K>>, left: usize) {
    let [first, second] = &mut branches[left..left + 2] else {
        return;
    };
    let merge = first.node.width() + second.node.width() <= first.node.capacity();
    let total = first.len + second.len;
    match (Arc::make_mut(&mut first.node), Arc::make_mut(&mut second.node)) {
        (Node::Leaf(mine), Node::Leaf(theirs)) => {
            if merge {
                make_room(mine, theirs.len(), LEAF_CAPACITY);
                mine.append(theirs);
            } else {
                share_evenly(mine, theirs, LEAF_CAPACITY);
                second.lower = theirs[0].clone();
            }
        }
        (Node::Inner(mine), Node::Inner(theirs)) => {
            // No longer the first branch of its node, so that it must say
            // where its keys begin.
            theirs[0].lower = second.lower.clone();
            if merge {
                make_room(mine, theirs.len(), INNER_CAPACITY);
                mine.append(theirs);
            } else {
                share_evenly(mine, theirs, INNER_CAPACITY);
                second.lower = theirs[0].lower.clone();
            }
        }
        _ => unreachable!("neighbours are equally far from the leaves"),
    }
    first.len = first.node.count();
    second.len = total - first.len;
    if merge {
        branches.remove(left + 1);
    }
}

/// Moves items from the end of the one to the start of the other, or back,
/// until both have as many.
fn share_evenly<E>(left: &mut Vec<E>, right: &mut Vec<E>, capacity: usize) {
    let half = (left.len() + right.len()) / 2;
    if let Some(missing) = half.checked_sub(left.len()) {
        make_room(left, missing, capacity);
        left.extend(right.drain(..missing));
    } else {
        make_room(right, left.len() - half, capacity);
        right.splice(0..0, left.drain(half..));
    }
}
