//! Sources that are gone through side by side: the rows of the first come in the order of an index of a later one, so the
//! entries of the next row are found a few steps behind those of the last, without a descent of the tree.
//!
//! Rows are not brought into an order for that: by an index in another order than their own they cost more than is won.

use super::Chooser;
use crate::expr::Expr;
use crate::id::ColumnId;
use crate::query::plan::{Access, BoundLeaf, Bounded, Level, Origin, Range};
use crate::store::Order;

/// How many entries may lie between those of two rows: behind more of them, a descent costs as little as the steps.
const NEAR: f64 = 16.0;

impl Chooser<'_> {
    /// Merges sources with the first where that can be done and the most of both is read.
    pub(super) fn merge(&self, levels: &mut [Level]) {
        let Some((first, others)) = levels.split_first_mut() else { return };
        let Some(ordered) = self.ordered(first) else { return };
        let of_first = |it: &Bounded| match it {
            Expr::Leaf(BoundLeaf::Column { up: 0, source, column }) if *source == first.source => Some(*column),
            _ => None,
        };
        for level in others {
            let Origin::Table(table) = level.origin else { continue };
            let Access::Index { index, equal, range: Range::Whole, .. } = &mut level.access else { continue };
            let columns = equal.iter().map(of_first).collect::<Option<Vec<ColumnId>>>();
            let rises = columns.is_some_and(|it| !it.is_empty() && ordered.starts_with(&it));
            let image = self.image.table(table);
            let is_near = image.entries(*index) as f64 <= NEAR * first.estimate;
            // Slots are found without a search.
            let is_tree = index.index() > 0 || !image.is_keyed_by_integer();
            if rises && is_near && is_tree {
                level.access = Access::Merge { index: *index, equal: std::mem::take(equal) };
            }
        }
    }

    /// The columns in whose order the rows of a source come.
    fn ordered(&self, level: &Level) -> Option<Vec<ColumnId>> {
        let Origin::Table(table) = level.origin else { return None };
        let declared = self.schema.table(table);
        match &level.access {
            Access::Scan if self.image.table(table).is_keyed_by_integer() => {
                declared.primary_key().map(|it| it.columns.clone())
            }
            Access::Index { index, equal, order: Order::Ascending, .. } => {
                Some(declared.index(*index).columns.get(equal.len()..)?.to_vec())
            }
            _ => None,
        }
    }
}
