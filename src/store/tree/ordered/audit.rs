//! The check of a set's structure, for tests and for integrity checks of a
//! whole database.

use super::Ordered;
use super::node::Node;

impl<K: Ord> Ordered<K> {
    /// Checks the structure of the whole set. O(n). In particular:
    ///
    /// * keys ascend strictly throughout, and lie between the separators of
    ///   the branches above them;
    /// * every count is right;
    /// * all leaves are equally deep, and a root that is not a leaf has at
    ///   least two branches;
    /// * no node holds more than its capacity (64 keys, 32 branches); off the
    ///   right edge none holds less than a quarter of it, and on the right
    ///   edge none is empty.
    ///
    /// # Errors
    ///
    /// What is wrong, in words, for the first fault found.
    pub fn audit(&self) -> Result<(), String> {
        let Some(root) = &self.root else {
            return match self.len {
                0 => Ok(()),
                len => Err(format!("a set without a root claims {len} keys")),
            };
        };
        if matches!(root.as_ref(), Node::Inner(branches) if branches.len() < 2) {
            return Err("the root has a single branch".to_owned());
        }
        let whole = Range { lower: None, upper: None, at_right_edge: true };
        let found = audit_node(root, whole)?;
        if found.len != self.len {
            return Err(format!("the set claims {} keys and has {}", self.len, found.len));
        }
        Ok(())
    }
}

/// Which part of the tree a node is.
#[derive(Clone, Copy)]
struct Range<'a, K> {
    /// No key may be less.
    lower: Option<&'a K>,
    /// All keys must be less.
    upper: Option<&'a K>,
    at_right_edge: bool,
}

/// What was found below a node.
struct Found {
    len: usize,
    /// Number of levels below.
    height: usize,
}

fn audit_node<K: Ord>(node: &Node<K>, range: Range<'_, K>) -> Result<Found, String> {
    let least = match range.at_right_edge {
        // A root is on the right edge.
        true => 1,
        false => node.least_width(),
    };
    if node.width() < least || node.width() > node.capacity() {
        return Err(format!("a node has {} items where {least} to {} are allowed", node.width(), node.capacity()));
    }
    match node {
        Node::Leaf(keys) => {
            if !keys.is_sorted_by(|one, next| one < next) {
                return Err("keys of a leaf do not ascend".to_owned());
            }
            if range.lower.is_some_and(|lower| keys[0] < *lower)
                || range.upper.is_some_and(|upper| keys[keys.len() - 1] >= *upper)
            {
                return Err("a key lies outside the separators above it".to_owned());
            }
            Ok(Found { len: keys.len(), height: 0 })
        }
        Node::Inner(branches) => {
            let mut len = 0;
            let mut height = None;
            for (index, branch) in branches.iter().enumerate() {
                let next = branches.get(index + 1);
                let below = Range {
                    lower: if index == 0 { range.lower } else { Some(&branch.lower) },
                    upper: next.map(|next| &next.lower).or(range.upper),
                    at_right_edge: range.at_right_edge && next.is_none(),
                };
                let found = audit_node(&branch.node, below)?;
                if found.len != branch.len {
                    return Err(format!("a branch counts {} keys and has {}", branch.len, found.len));
                }
                if *height.get_or_insert(found.height) != found.height {
                    return Err("leaves are not equally deep".to_owned());
                }
                len += found.len;
            }
            let height = 1 + height.unwrap_or(0);
            Ok(Found { len, height })
        }
    }
}
