//! What expressions may read once rows are grouped.

use super::leaf::no_groups;
use super::{Binder, Columns, senseless};
use crate::error::Result;
use crate::expr::Expr;
use crate::id::ColumnId;
use crate::query::leaf::{Aggregate, Aggregation, Leaf};
use crate::query::plan::{BoundAggregate, BoundLeaf, Bounded, Gathering, Grouping, KeptRow};
use crate::query::select::{BareColumns, Select};

/// The groups of a select while what comes out of them is bound.
pub(super) struct GroupScope {
    /// What rows are grouped by.
    pub(super) by: Vec<Expr<Leaf>>,
    keys: Vec<Bounded>,
    /// Whether expressions stand for groups; inside an aggregate they stand for rows.
    pub(super) active: bool,
    /// Columns that are the same in a whole group.
    columns: Vec<(u8, ColumnId)>,
    /// Sources all columns of which are, as bits.
    whole: u64,
    any_row: bool,
    /// Whether a row of the group is read.
    pub(super) reads_row: bool,
    aggregates: Vec<(Aggregation, BoundAggregate)>,
}

impl GroupScope {
    /// Whether a column has one value in a group.
    pub(super) fn has(&self, source: u8, column: ColumnId) -> bool {
        self.any_row || self.whole & 1 << source != 0 || self.columns.contains(&(source, column))
    }

    /// What a query that groups computes.
    pub(super) fn finish(self, having: Option<Bounded>) -> Grouping {
        let extreme = |it: &(Aggregation, _)| matches!(it.0.function, Aggregate::Min | Aggregate::Max);
        let mut extrema = self.aggregates.iter().enumerate().filter(|(_, it)| extreme(it)).map(|(at, _)| at);
        let kept = match (extrema.next(), extrema.next()) {
            (Some(only), None) if self.any_row => KeptRow::Extremum(only),
            _ => KeptRow::First,
        };
        let aggregates = self.aggregates.into_iter().map(|(_, it)| it).collect();
        let keeps = self.reads_row.then_some(kept);
        Grouping { keys: self.keys, aggregates, having, keeps, gathering: Gathering::Hash }
    }
}

impl Binder<'_> {
    /// From here on, the innermost scope has groups.
    pub(super) fn begin_groups(&mut self, select: &Select) -> Result<()> {
        let keys = select.group_by.iter().map(|it| self.expr(it)).collect::<Result<Vec<_>>>()?;
        let column = |it: &Bounded| match it {
            Expr::Leaf(BoundLeaf::Column { up: 0, source, column }) => Some((*source, *column)),
            _ => None,
        };
        let columns: Vec<_> = keys.iter().filter_map(column).collect();
        let mut whole = 0;
        for (source, it) in (0_u8..).zip(&self.scope().sources.clone()) {
            // Where the primary key is the same, everything is.
            if let Columns::Table(table) = it
                && let Some(key) = self.schema.table(*table).primary_key()
                && key.columns.iter().all(|it| columns.contains(&(source, *it)))
            {
                whole |= 1 << source;
            }
        }
        self.scope().group = Some(GroupScope {
            by: select.group_by.clone(),
            keys,
            active: true,
            columns,
            whole,
            any_row: select.bare_columns == BareColumns::AnyRow,
            reads_row: false,
            aggregates: Vec::new(),
        });
        Ok(())
    }

    pub(super) fn aggregate(&mut self, it: &Aggregation) -> Result<Bounded> {
        let Some(group) = self.scope().group.as_mut().filter(|it| it.active) else {
            return Err(no_groups(it.function.name()));
        };
        let leaf = |position| Expr::Leaf(BoundLeaf::Aggregate(position));
        if let Some(known) = group.aggregates.iter().position(|(known, _)| known == it) {
            return Ok(leaf(known));
        }
        let (most, least) = match it.function {
            Aggregate::Count => (if it.distinct { usize::MAX } else { 1 }, usize::from(it.distinct)),
            Aggregate::Concat => (2, 1),
            _ => (1, 1),
        };
        if !(least..=most).contains(&it.operands.len()) {
            let (name, distinct) = (it.function.name(), if it.distinct { " of different ones" } else { "" });
            return Err(senseless(format!("{name}{distinct} takes no {} operands", it.operands.len())));
        }
        group.active = false;
        let windows = self.scope().windows.take();
        let operands = it.operands.iter().map(|it| self.expr(it)).collect::<Result<Vec<_>>>()?;
        let filter = it.filter.as_ref().map(|it| self.expr(it)).transpose()?;
        let order_by = self.order(&it.order_by)?;
        self.scope().windows = windows;
        let bound = BoundAggregate { function: it.function, distinct: it.distinct, operands, filter, order_by };
        let group = self.scope().group.as_mut().expect("it was there");
        group.active = true;
        group.aggregates.push((it.clone(), bound));
        Ok(leaf(group.aggregates.len() - 1))
    }
}

/// Whether an expression holds an aggregate of its own select.
pub(super) fn has_aggregate(expr: &Expr<Leaf>) -> bool {
    let mut found = false;
    expr.leaves(&mut |leaf| {
        found |= matches!(leaf, Leaf::Aggregate(_));
        leaf.operands(&mut |it| found |= has_aggregate(it));
    });
    found
}
