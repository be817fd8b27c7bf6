//! Which source is read first, and by which index.
//!
//! Greedy: of the sources that can come next, the one expected to bring the fewest rows does. Expectations come from
//! the row counts of tables and the counted subtrees of indexes. Sources of left joins keep their place.

use std::ops::Bound;

use super::plan::{Access, BoundLeaf, Bounded, CommonPlan, Level, Origin, SelectPlan, SortKey};
use super::select::{Direction, JoinKind, Nulls};
use crate::expr::{Comparison, Expr};
use crate::id::{ColumnId, IndexId, TableId};
use crate::schema::{IndexSchema, Schema, TableSchema};
use crate::store::{Image, Order};
use crate::value::{Value, ValueRef};

/// A source that has no place yet.
pub(super) struct Source {
    pub(super) origin: Origin,
    pub(super) kind: JoinKind,
    pub(super) on: Vec<Candidate>,
    /// The sources before it that it reads itself, as bits.
    pub(super) needs: u64,
}

/// A condition that has no place yet, and the sources it reads, as bits.
#[derive(Clone)]
pub(super) struct Candidate {
    pub(super) sources: u64,
    pub(super) expr: Bounded,
}

/// An order that an index of the first source might give.
pub(super) struct Wanted {
    column: ColumnId,
    order: Order,
}

/// The order that a query wants, if it is one column of its first source.
pub(super) fn order_of(order_by: &[SortKey]) -> Option<Wanted> {
    let [SortKey { by: Expr::Leaf(BoundLeaf::Column { up: 0, source: 0, column }), direction, nulls }] = order_by
    else {
        return None;
    };
    let order = match (direction, nulls) {
        (Direction::Ascending, Nulls::First) => Order::Ascending,
        (Direction::Descending, Nulls::Last) => Order::Descending,
        _ => return None,
    };
    Some(Wanted { column: *column, order })
}

/// Places every source and condition. Also says whether rows come in the order that was wanted.
pub(super) fn choose(
    schema: &Schema,
    image: &Image,
    sources: Vec<Source>,
    filter: Vec<Candidate>,
    keys: Option<Access>,
    wanted: Option<Wanted>,
) -> (Vec<Level>, bool) {
    let chooser = Chooser { schema, image };
    // Where rows without a partner come out with NULLs for all before them, everything keeps the order in which it is
    // written, and a condition is judged no earlier than it is written.
    let barrier = |it: &Source| matches!(it.kind, JoinKind::Right | JoinKind::Full);
    let fixed = sources.iter().any(barrier);
    // Such rows come out after all others, so an index of the first source gives no order.
    let wanted = wanted.filter(|_| !fixed);
    let lead = keys.is_some() || wanted.is_some() || fixed;
    // Conditions of inner joins and of WHERE are one pool: each is judged as soon as its sources are there.
    let mut pool: Vec<(u8, Candidate)> = Vec::new();
    let mut waiting: Vec<(u8, Source)> = Vec::new();
    let mut floor = 0;
    for (position, mut source) in (0..).zip(sources) {
        if source.kind == JoinKind::Inner {
            pool.extend(source.on.drain(..).map(|it| (floor, it)));
        }
        if barrier(&source) {
            floor = position;
        }
        waiting.push((position, source));
    }
    pool.extend(filter.into_iter().map(|it| (floor, it)));
    let mut placed = 0_u64;
    let mut levels = Vec::with_capacity(waiting.len());
    let mut keys = keys;
    let mut in_order = false;
    while !waiting.is_empty() {
        let depth = levels.len() as u8;
        let (mut usable, later): (Vec<_>, Vec<_>) = pool.into_iter().partition(|(floor, _)| *floor <= depth);
        let mut conditions: Vec<Candidate> = usable.drain(..).map(|(_, it)| it).collect();
        let first = levels.is_empty();
        let next = if fixed || first && lead { 0 } else { chooser.cheapest(&waiting, &conditions, placed) };
        let (position, mut source) = waiting.remove(next);
        let inner = source.kind == JoinKind::Inner;
        let given = keys.take().filter(|_| first);
        let mut on = std::mem::take(&mut source.on);
        let own = if inner { &mut conditions } else { &mut on };
        let (mut access, estimate) = match given {
            Some(access) => (access, 1.0),
            None => chooser.access(position, &source, own, placed, true),
        };
        if let (Some(wanted), Origin::Table(table)) = (wanted.as_ref().filter(|_| first), &source.origin) {
            in_order = chooser.bring_into_order(*table, &mut access, wanted);
        }
        placed |= 1 << position;
        let on = on.into_iter().map(|it| it.expr).collect();
        let (now, waits): (Vec<_>, Vec<_>) = conditions.into_iter().partition(|it| it.sources & !placed == 0);
        pool = waits.into_iter().map(|it| (0, it)).chain(later).collect();
        let after = now.into_iter().map(|it| it.expr).collect();
        let Source { origin, kind, .. } = source;
        levels.push(Level { source: position, origin, kind, access, on, after, estimate });
    }
    (levels, in_order)
}

struct Chooser<'a> {
    schema: &'a Schema,
    image: &'a Image,
}

/// What a condition says about one column of a source.
enum Says {
    Equal(ColumnId, Bounded),
    Lower(ColumnId, Bound<Bounded>),
    Upper(ColumnId, Bound<Bounded>),
    AnyOf(ColumnId, Vec<Bounded>),
    Answered(ColumnId, SelectPlan),
}

impl Chooser<'_> {
    /// The source that can come next and is expected to bring the fewest rows.
    fn cheapest(&self, waiting: &[(u8, Source)], pool: &[Candidate], placed: u64) -> usize {
        let cost = |(position, source): &(u8, Source)| {
            if source.needs & !placed != 0 {
                return None;
            }
            if source.kind == JoinKind::Inner {
                return Some(self.access(*position, source, &mut pool.to_vec(), placed, false).1);
            }
            // Rows without a partner are known only when all that a partner has to fit is there.
            let reads = source.on.iter().fold(0, |all, it| all | it.sources) & !(1 << position);
            if placed == 0 || reads & !placed != 0 {
                return None;
            }
            Some(self.access(*position, source, &mut source.on.clone(), placed, false).1)
        };
        let mut best = (f64::INFINITY, 0);
        for (at, source) in waiting.iter().enumerate() {
            if let Some(cost) = cost(source)
                && cost < best.0
            {
                best = (cost, at);
            }
        }
        best.1
    }

    /// The best way to a source, and how many rows it is expected to bring for each combination before it. With
    /// `take`, conditions that the way makes sure of are taken out of the pool.
    fn access(
        &self,
        position: u8,
        source: &Source,
        pool: &mut Vec<Candidate>,
        placed: u64,
        take: bool,
    ) -> (Access, f64) {
        let rows = self.size(&source.origin);
        let says: Vec<Option<Says>> = pool.iter().map(|it| says(it, position, placed)).collect();
        // A prepared statement outlives the counts it was planned by: a table that is empty today may grow, so an index
        // is preferred even where a scan would cost as little.
        let mut best: (Access, f64, Vec<usize>) = (Access::Scan, rows + 1.0, Vec::new());
        if let Origin::Table(table) = source.origin {
            let declared = self.schema.table(table);
            for (position, index) in declared.indexes.iter().enumerate() {
                if let Some(found) = self.by_index(declared, IndexId(position as u16), index, &says, rows)
                    && (found.1 < best.1 || matches!(best.0, Access::Scan) && found.1 <= best.1)
                {
                    best = found;
                }
            }
        }
        let varies = says.iter().any(|it| matches!(it, Some(Says::Equal(_, value)) if reads_around(value)));
        if matches!(best.0, Access::Scan) && (placed != 0 || varies) && source.needs == 0 {
            let (mut columns, mut equal, mut used) = (Vec::new(), Vec::new(), Vec::new());
            for (at, it) in says.iter().enumerate() {
                if let Some(Says::Equal(column, value)) = it
                    && !columns.contains(column)
                {
                    columns.push(*column);
                    equal.push(value.clone());
                    used.push(at);
                }
            }
            if !columns.is_empty() {
                // Making the table costs a scan, but only once; a lookup then brings few rows.
                best = (Access::Hash { columns, equal }, rows.sqrt(), used);
            }
        }
        let (access, cost, used) = best;
        if take {
            let mut at = 0;
            pool.retain(|_| {
                at += 1;
                !used.contains(&(at - 1))
            });
        }
        (access, cost)
    }

    /// How many rows a source is expected to have.
    fn size(&self, origin: &Origin) -> f64 {
        const UNKNOWN: f64 = 100.0;
        match origin {
            Origin::Table(table) => self.image.table(*table).len() as f64,
            Origin::Nothing => 1.0,
            Origin::Values { rows, .. } => rows.len() as f64,
            Origin::Select(plan) => plan.estimate,
            Origin::Common { plan, .. } => match &**plan {
                CommonPlan::Plain(plan) => plan.estimate,
                CommonPlan::Recursive(_) => UNKNOWN,
            },
            Origin::Working(_) => UNKNOWN,
        }
    }

    fn by_index(
        &self,
        table: &TableSchema,
        id: IndexId,
        index: &IndexSchema,
        says: &[Option<Says>],
        rows: f64,
    ) -> Option<(Access, f64, Vec<usize>)> {
        if index.predicate.is_some() {
            return None;
        }
        let (mut equal, mut used) = (Vec::new(), Vec::new());
        for column in &index.columns {
            let found = says.iter().position(|it| matches!(it, Some(Says::Equal(at, _)) if at == column));
            let Some(at) = found else { break };
            let Some(Says::Equal(_, value)) = &says[at] else { break };
            equal.push(value.clone());
            used.push(at);
        }
        let mut cost = self.expected(table, id, index, &equal, rows);
        let mut range = (Bound::Unbounded, Bound::Unbounded);
        if let Some(column) = index.columns.get(equal.len()) {
            for (at, it) in says.iter().enumerate() {
                match it {
                    Some(Says::Lower(on, bound)) if on == column && matches!(range.0, Bound::Unbounded) => {
                        range.0 = bound.clone();
                    }
                    Some(Says::Upper(on, bound)) if on == column && matches!(range.1, Bound::Unbounded) => {
                        range.1 = bound.clone();
                    }
                    Some(Says::AnyOf(on, list)) if on == column && equal.is_empty() => {
                        let each = self.expected(table, id, index, &list[..list.len().min(1)], rows);
                        let cost = each * list.len() as f64;
                        return Some((Access::AnyOf { index: id, list: list.clone() }, cost, vec![at]));
                    }
                    Some(Says::Answered(on, subquery)) if on == column && equal.is_empty() => {
                        // How many it answers is known from its limit at best.
                        let each = if index.is_unique() && index.parts.len() == 1 { 1.0 } else { rows.sqrt() };
                        let cost = each * subquery.known_limit().map_or_else(|| rows.sqrt(), |it| it as f64);
                        let access = Access::Answer { index: id, subquery: Box::new(subquery.clone()) };
                        return Some((access, cost, vec![at]));
                    }
                    _ => continue,
                }
                used.push(at);
                cost /= 3.0;
            }
        }
        if used.is_empty() {
            return None;
        }
        Some((Access::Index { index: id, equal, range, order: Order::Ascending }, cost, used))
    }

    /// How many rows agree in the first columns of an index: counted where the values are known, guessed otherwise.
    fn expected(&self, table: &TableSchema, id: IndexId, index: &IndexSchema, equal: &[Bounded], rows: f64) -> f64 {
        if equal.is_empty() {
            return rows;
        }
        if index.is_unique() && equal.len() == index.parts.len() {
            return 1.0;
        }
        let known: Option<Vec<ValueRef<'_>>> = equal
            .iter()
            .map(|it| match it {
                Expr::Value(value) => Some(Value::as_ref(value)),
                _ => None,
            })
            .collect();
        match known {
            Some(probe) => self.image.table(table.id).count_equal(id, &probe) as f64,
            None => rows.sqrt().max(1.0),
        }
    }

    /// Turns an access into one that brings rows in the wanted order, where an index does.
    fn bring_into_order(&self, table: TableId, access: &mut Access, wanted: &Wanted) -> bool {
        let declared = self.schema.table(table);
        match access {
            Access::Scan => {
                let index = declared.indexes.iter().position(|it| it.is_plain() && it.columns[0] == wanted.column);
                let Some(index) = index else { return false };
                let range = (Bound::Unbounded, Bound::Unbounded);
                let index = IndexId(index as u16);
                *access = Access::Index { index, equal: Vec::new(), range, order: wanted.order };
                true
            }
            Access::Index { index, equal, order, .. } => {
                let next = declared.index(*index).columns.get(equal.len());
                let gives = next == Some(&wanted.column);
                if gives {
                    *order = wanted.order;
                }
                gives
            }
            _ => false,
        }
    }
}

/// Reads a condition as a statement about one column of a source, where the other side is known before it.
fn says(candidate: &Candidate, source: u8, placed: u64) -> Option<Says> {
    let own = |expr: &Bounded| match expr {
        Expr::Leaf(BoundLeaf::Column { up: 0, source: at, column }) if *at == source => Some(*column),
        _ => None,
    };
    if candidate.sources & !placed & !(1 << source) != 0 {
        return None;
    }
    match &candidate.expr {
        Expr::Compare(how, a, b) => {
            let (column, how, other) = match (own(a), own(b)) {
                (Some(_), Some(_)) => return None,
                (Some(column), None) => (column, *how, b),
                (None, Some(column)) => (column, how.mirrored(), a),
                (None, None) => return None,
            };
            if reads(other, source) {
                return None;
            }
            let other = (**other).clone();
            match how {
                Comparison::Equal => Some(Says::Equal(column, other)),
                Comparison::Less => Some(Says::Upper(column, Bound::Excluded(other))),
                Comparison::LessOrEqual => Some(Says::Upper(column, Bound::Included(other))),
                Comparison::Greater => Some(Says::Lower(column, Bound::Excluded(other))),
                Comparison::GreaterOrEqual => Some(Says::Lower(column, Bound::Included(other))),
                Comparison::NotEqual => None,
            }
        }
        Expr::InList(needle, list) => {
            let column = own(needle)?;
            (!list.iter().any(|it| reads(it, source))).then(|| Says::AnyOf(column, list.clone()))
        }
        Expr::Leaf(BoundLeaf::In(needle, subquery)) if !subquery.correlated => match &needle[..] {
            [only] => Some(Says::Answered(own(only)?, (**subquery).clone())),
            _ => None,
        },
        _ => None,
    }
}

/// Whether an expression reads a row of a select around its own, so that the same source is read again and again.
fn reads_around(expr: &Bounded) -> bool {
    let mut found = false;
    expr.leaves(&mut |leaf| found |= matches!(leaf, BoundLeaf::Column { up: 1.., .. }));
    found
}

/// Whether an expression reads a source, in a subquery or not.
fn reads(expr: &Bounded, source: u8) -> bool {
    let mut found = false;
    expr.leaves(&mut |leaf| {
        found |= match leaf {
            BoundLeaf::Column { up: 0, source: at, .. } => *at == source,
            // A subquery may read anything outside; that rules the condition out, which is only slower.
            BoundLeaf::Exists(_) | BoundLeaf::In(..) | BoundLeaf::Scalar(_) | BoundLeaf::Quantified(..) => true,
            _ => false,
        };
    });
    found
}
