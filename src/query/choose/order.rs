//! Orders that an index gives.

use std::ops::Bound;

use super::Chooser;
use crate::expr::Expr;
use crate::id::{ColumnId, IndexId, TableId};
use crate::query::plan::{Access, BoundLeaf, Origin, SortKey};
use crate::query::select::{Direction, Nulls};
use crate::schema::IndexSchema;
use crate::store::Order;

/// An order that an index of the first source might give.
pub(in crate::query) struct Wanted {
    columns: Vec<ColumnId>,
    order: Order,
}

/// The order that a query wants, if it is columns of its first source in one direction.
pub(in crate::query) fn order_of(order_by: &[SortKey]) -> Option<Wanted> {
    let one = |it: &SortKey| {
        let Expr::Leaf(BoundLeaf::Column { up: 0, source: 0, column }) = it.by else { return None };
        match (it.direction, it.nulls) {
            (Direction::Ascending, Nulls::First) => Some((column, Order::Ascending)),
            (Direction::Descending, Nulls::Last) => Some((column, Order::Descending)),
            _ => None,
        }
    };
    let all = order_by.iter().map(one).collect::<Option<Vec<_>>>()?;
    let order = all.first()?.1;
    let same = all.iter().all(|it| it.1 == order);
    same.then(|| Wanted { columns: all.into_iter().map(|it| it.0).collect(), order })
}

impl Chooser<'_> {
    /// Whether an index of a source might give an order.
    pub(super) fn may_give(&self, origin: &Origin, wanted: &Wanted) -> bool {
        let Origin::Table(table) = origin else { return false };
        let gives = |it: &IndexSchema| it.is_plain() && it.columns.contains(&wanted.columns[0]);
        self.schema.table(*table).indexes.iter().any(gives)
    }

    /// Turns an access into one that brings rows in the wanted order, where an index does.
    pub(super) fn bring_into_order(&self, table: TableId, access: &mut Access, wanted: &Wanted) -> bool {
        let declared = self.schema.table(table);
        match access {
            Access::Scan => {
                let index = declared.indexes.iter().position(|it| it.is_plain() && gives(it, 0, wanted));
                let Some(index) = index else { return false };
                let range = (Bound::Unbounded, Bound::Unbounded);
                let index = IndexId(index as u16);
                *access = Access::Index { index, equal: Vec::new(), range, order: wanted.order };
                true
            }
            Access::Index { index, equal, order, .. } => {
                let gives = gives(declared.index(*index), equal.len(), wanted);
                if gives {
                    *order = wanted.order;
                }
                gives
            }
            _ => false,
        }
    }
}

/// Whether rows that agree in the first columns of an index come in the wanted order.
fn gives(index: &IndexSchema, equal: usize, wanted: &Wanted) -> bool {
    let (fixed, rest) = index.columns.split_at(equal.min(index.columns.len()));
    // A column that is the same in all rows orders nothing.
    let mut wanted = wanted.columns.iter().filter(|it| !fixed.contains(it)).peekable();
    for column in rest {
        match wanted.peek() {
            None => return true,
            Some(it) if *it == column => drop(wanted.next()),
            Some(_) => return false,
        }
    }
    // Rows that agree in a unique key without NULLs are one row; what orders them further does not matter, but a key
    // may hold NULLs.
    wanted.peek().is_none()
}
