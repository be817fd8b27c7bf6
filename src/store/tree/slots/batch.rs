//! Edits of many slots at once, descending once for each leaf they touch.
//!
//! The caller's iterator and closure run while the tree is whole: values are
//! gathered into a leaf before the descent and handed out after it. So they
//! may panic without leaving wrong counts behind.

use super::Slots;
use super::node::{self, LEAF_WIDTH, Leaf};

impl<T: Clone> Slots<T> {
    /// Puts values into consecutive slots from `first_slot` on, and returns
    /// the slot after the last one filled. O(n), with one descent for every
    /// leaf of 32 entries.
    ///
    /// Meant for empty slots. A slot that is occupied has its value replaced,
    /// and the old value is dropped.
    ///
    /// # Panics
    ///
    /// When the values do not fit below `u64::MAX`, after filling what fits.
    pub fn append(&mut self, first_slot: u64, values: impl IntoIterator<Item = T>) -> u64 {
        let mut values = values.into_iter().fuse();
        let mut slot = first_slot;
        loop {
            let leaf = Leaf::fill(slot, &mut values);
            if leaf.len == 0 {
                return slot;
            }
            let end = slot.checked_add(leaf.len as u64);
            self.insert_leaf(slot, leaf);
            slot = end.expect("no slot number left for the values to append");
        }
    }

    /// Empties every given slot that is occupied, handing slot and value to
    /// `visit` in the order given. O(n), with one descent for every run of
    /// slots in the same leaf.
    ///
    /// The slots should ascend, so that slots of one leaf come together;
    /// otherwise the result is the same but the work is more. When none of
    /// them is occupied nothing is copied.
    pub fn remove_sorted(&mut self, slots: &[u64], mut visit: impl FnMut(u64, T)) {
        let leaf_of = |slot: u64| slot / LEAF_WIDTH as u64;
        for run in slots.chunk_by(|&one, &next| leaf_of(one) == leaf_of(next)) {
            // A leaf none of whose slots is to go must not be copied, nor the
            // path to it.
            let Some(present) = run.iter().position(|&slot| self.get(slot).is_some()) else {
                continue;
            };
            for part in run[present..].chunks(LEAF_WIDTH) {
                let mut taken = self.take_from_leaf(part);
                for (&slot, value) in part.iter().zip(&mut taken) {
                    if let Some(value) = value.take() {
                        visit(slot, value);
                    }
                }
            }
        }
    }

    /// Takes the values of at most 32 slots, all of one leaf, out of the tree.
    fn take_from_leaf(&mut self, slots: &[u64]) -> [Option<T>; LEAF_WIDTH] {
        let mut taken = [const { None }; LEAF_WIDTH];
        if let Some(root) = &mut self.root {
            node::remove_with(root, self.height, slots[0], |leaf| {
                let before = leaf.len;
                for (&slot, place) in slots.iter().zip(&mut taken) {
                    *place = leaf.take(slot);
                }
                before - leaf.len
            });
            self.lower();
        }
        taken
    }

    /// Puts all entries of `leaf`, which covers `slot`, into the tree.
    fn insert_leaf(&mut self, slot: u64, leaf: Leaf<T>) {
        // Any slot of the leaf needs the same height, for heights differ only
        // in bits above those of a leaf.
        self.raise_to(slot);
        match &mut self.root {
            Some(root) => {
                node::insert_leaf(root, self.height, slot, leaf);
            }
            empty => *empty = Some(node::path(self.height, slot, leaf)),
        }
    }
}
