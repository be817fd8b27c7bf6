//! Orders that an index gives.

use super::Chooser;
use crate::expr::Expr;
use crate::id::{ColumnId, IndexId, TableId};
use crate::query::leaf::Aggregate;
use crate::query::plan::{Access, BoundAggregate, BoundLeaf, Bounded, Grouping, Level, Origin, Range, SortKey, Told};
use crate::query::select::{Direction, Nulls};
use crate::schema::{IndexSchema, Schema};
use crate::store::Order;

/// An order that an index of the first source might give.
pub(in crate::query) struct Wanted {
    columns: Vec<ColumnId>,
    order: Order,
    /// How many rows matter.
    pub(super) matters: Matters,
}

/// How many of the rows that come in an order matter.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Matters {
    All,
    /// The first one that has a value, so that the order is worth nothing if a row may be refused.
    First,
    /// The same, and rows without a value are no more than none.
    FirstPresent,
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
    same.then(|| Wanted { columns: all.into_iter().map(|it| it.0).collect(), order, matters: Matters::All })
}

/// The order of rows in which groups come in the order that is asked for, one after the other, if they are made by
/// columns of the first source.
pub(in crate::query) fn order_of_groups(grouping: &Grouping, order_by: &[SortKey]) -> Option<Wanted> {
    let of_row = |it: &SortKey| match it.by {
        Expr::Leaf(BoundLeaf::GroupKey(at)) => Some(SortKey { by: grouping.keys.get(at)?.clone(), ..it.clone() }),
        _ => None,
    };
    let order_by = order_by.iter().map(of_row).collect::<Option<Vec<_>>>()?;
    let mut wanted = order_of(&order_by)?;
    for key in &grouping.keys {
        let Expr::Leaf(BoundLeaf::Column { up: 0, source: 0, column }) = key else { return None };
        if !wanted.columns.contains(column) {
            wanted.columns.push(*column);
        }
    }
    Some(wanted)
}

/// The order in which the first row has the only thing that is asked: the least or the greatest value of a column of the
/// only source.
pub(in crate::query) fn order_of_extreme(grouping: &Grouping, sources: usize) -> Option<Wanted> {
    let [BoundAggregate { function, operands, filter: None, .. }] = &grouping.aggregates[..] else { return None };
    let [Expr::Leaf(BoundLeaf::Column { up: 0, source: 0, column })] = operands[..] else { return None };
    let order = match function {
        Aggregate::Min => Order::Ascending,
        Aggregate::Max => Order::Descending,
        _ => return None,
    };
    let alone = sources == 1 && grouping.keys.is_empty();
    // Where a row of the group is read besides, there is one even if none has a value.
    let matters = if grouping.keeps.is_some() { Matters::First } else { Matters::FirstPresent };
    alone.then(|| Wanted { columns: vec![column], order, matters })
}

/// The index that tells all that a query asks of groups: of its only table, how many rows have each value of a column, and
/// what the extremes of the next column are; or what values of a column there are in all rows.
pub(in crate::query) fn index_of_groups(
    schema: &Schema,
    levels: &[Level],
    grouping: &Grouping,
) -> Option<(TableId, IndexId, Box<[Told]>)> {
    let [Level { origin: Origin::Table(table), access, on, after, .. }] = levels else { return None };
    if !on.is_empty() || !after.is_empty() || grouping.keeps.is_some() {
        return None;
    }
    let column = |it: &Bounded| match it {
        Expr::Leaf(BoundLeaf::Column { up: 0, source: 0, column }) => Some(*column),
        _ => None,
    };
    let by = match &grouping.keys[..] {
        [key] => column(key)?,
        // Without groups it is worth it only where different values count.
        [] => column(grouping.aggregates.iter().find(|it| it.distinct)?.operands.first()?)?,
        _ => return None,
    };
    let table = schema.table(*table);
    // A value that no two rows have is not worth counting.
    let told = |index: &IndexSchema, equal: usize| {
        let is_behind = index.columns.get(equal) == Some(&by) && !(index.is_unique() && index.parts.len() == equal + 1);
        let next = index.columns.get(equal + 1).copied();
        let tell = |it: &BoundAggregate| told_of(it, &column, (by, next), grouping.keys.is_empty());
        grouping.aggregates.iter().map(tell).collect::<Option<Box<[Told]>>>().filter(|_| is_behind)
    };
    match access {
        Access::Scan => (0..).map(IndexId).zip(&table.indexes).find_map(|(id, it)| {
            let told = told(it, 0).filter(|_| it.is_plain())?;
            Some((table.id, id, told))
        }),
        Access::Index { index, equal, range: Range::Whole, .. } => {
            Some((table.id, *index, told(table.index(*index), equal.len())?))
        }
        _ => None,
    }
}

/// What an index tells that an aggregate asks, of rows by a column, with another one next in its key or none.
fn told_of(
    aggregate: &BoundAggregate,
    column: &impl Fn(&Bounded) -> Option<ColumnId>,
    (by, next): (ColumnId, Option<ColumnId>),
    all: bool,
) -> Option<Told> {
    let BoundAggregate { function, distinct, operands, filter: None, .. } = aggregate else { return None };
    let of = match &operands[..] {
        [] => return (*function == Aggregate::Count).then_some(Told::Rows),
        [only] => column(only)?,
        _ => return None,
    };
    match function {
        Aggregate::Count if of == by => Some(if *distinct { Told::Different } else { Told::Values }),
        Aggregate::Min if of == by && all || Some(of) == next && !all => Some(Told::Least),
        Aggregate::Max if of == by && all || Some(of) == next && !all => Some(Told::Greatest),
        _ => None,
    }
}

impl Wanted {
    /// The part of an index that matters, where rows agree in so many first columns; if that is not all of it.
    fn part(&self, index: &IndexSchema, equal: usize) -> Option<Range> {
        let behind_nulls = self.matters == Matters::FirstPresent && index.columns.get(equal) == self.columns.first();
        behind_nulls.then_some(Range::Present)
    }
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
                let index = IndexId(index as u16);
                let range = wanted.part(declared.index(index), 0).unwrap_or(Range::Whole);
                *access = Access::Index { index, equal: Vec::new(), range, order: wanted.order };
                true
            }
            Access::Index { index, equal, order, range } => {
                let index = declared.index(*index);
                let gives = gives(index, equal.len(), wanted);
                if gives {
                    *order = wanted.order;
                }
                if let (true, Range::Whole, Some(part)) = (gives, &range, wanted.part(index, equal.len())) {
                    *range = part;
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
