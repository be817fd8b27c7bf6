//! The check of a tree's structure, for tests and for integrity checks of a
//! whole database.

use super::Slots;
use super::node::{Node, height_for, last_slot_of_height};

impl<T> Slots<T> {
    /// Checks the structure of the whole tree: every count is right, no node
    /// is empty, all leaves are equally deep, and the tree is as low as its
    /// highest slot allows. O(n).
    ///
    /// # Errors
    ///
    /// What is wrong, in words, for the first fault found.
    pub fn audit(&self) -> Result<(), String> {
        if self.reach != last_slot_of_height(self.height) {
            return Err(format!("a tree of height {} claims to reach slot {}", self.height, self.reach));
        }
        let Some(root) = &self.root else {
            return match self.height {
                0 => Ok(()),
                height => Err(format!("an empty tree has height {height}")),
            };
        };
        audit_node(root, self.height)?;
        let last = self.last_slot().ok_or("no last slot in a tree that is not empty")?;
        match height_for(last) {
            height if height == self.height => Ok(()),
            height => Err(format!("height is {} where slot {last} needs {height}", self.height)),
        }
    }
}

/// Checks `node` and all below it.
fn audit_node<T>(node: &Node<T>, height: u32) -> Result<(), String> {
    let counted = match node {
        Node::Leaf(leaf) => {
            if height != 0 {
                return Err(format!("a leaf at height {height}"));
            }
            leaf.entries.iter().flatten().count()
        }
        Node::Inner(inner) => {
            if height == 0 {
                return Err("an inner node at height 0".to_owned());
            }
            let mut counted = 0;
            for child in inner.children.iter().flatten() {
                audit_node(child, height - 1)?;
                counted += child.len();
            }
            counted
        }
    };
    if node.is_empty() {
        return Err(format!("an empty node at height {height}"));
    }
    if counted != node.len() {
        return Err(format!("a node at height {height} counts {} entries but has {counted}", node.len()));
    }
    Ok(())
}
