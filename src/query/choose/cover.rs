//! Whether an index holds all that a query needs of its only source, so that no row has to be looked at.

use crate::id::{ColumnId, IndexId, TableId};
use crate::query::plan::{
    Access, BoundAggregate, BoundLeaf, BoundOutput, Bounded, Held, HeldColumns, Level, Origin, SelectPlan, SortKey,
};
use crate::query::select::JoinKind;
use crate::schema::{IndexSchema, Part, Schema};
use crate::store::Image;

/// Where the columns that a query needs stand in the index that it reads, if all of them do. Of indexes that begin alike, it
/// then reads the one that holds them.
pub(in crate::query) fn cover(schema: &Schema, image: &Image, plan: &mut SelectPlan) -> Option<HeldColumns> {
    let needed = needed(plan)?;
    let [Level { origin: Origin::Table(table), access, kind: JoinKind::Inner, .. }] = &mut plan.levels[..] else {
        return None;
    };
    let covering = Covering { schema, table: *table, key: integer_key(schema, image, *table), needed };
    match access {
        Access::Scan => covering.by_place(),
        Access::Index { index, .. } | Access::AnyOf { index, .. } | Access::Answer { index, .. } => {
            let found = covering.by(*index).map(|held| (*index, held));
            let (better, held) = found.or_else(|| covering.by_longer(*index))?;
            *index = better;
            Some(held)
        }
        Access::Merge { .. } | Access::Keys { .. } | Access::Hash { .. } => None,
    }
}

/// The column that slots are given by, if they are.
fn integer_key(schema: &Schema, image: &Image, table: TableId) -> Option<ColumnId> {
    let is_keyed = image.table(table).is_keyed_by_integer();
    schema.table(table).primary_key().filter(|_| is_keyed).and_then(|it| it.columns.first().copied())
}

struct Covering<'a> {
    schema: &'a Schema,
    table: TableId,
    key: Option<ColumnId>,
    needed: Vec<ColumnId>,
}

impl Covering<'_> {
    /// Where an index holds what is needed.
    fn by(&self, index: IndexId) -> Option<HeldColumns> {
        let parts = &self.schema.table(self.table).index(index).parts;
        let held = |column: &ColumnId| {
            if self.key == Some(*column) {
                return Some((*column, Held::Place));
            }
            let at = parts.iter().position(|it| matches!(it, Part::Column(it) if it == column))?;
            Some((*column, Held::Part(at)))
        };
        self.needed.iter().map(held).collect()
    }

    /// Whether the places of rows are all that is needed.
    fn by_place(&self) -> Option<HeldColumns> {
        match &self.needed[..] {
            [only] if self.key == Some(*only) => Some([(*only, Held::Place)].into()),
            _ => None,
        }
    }

    /// An index that begins as another one does, so that it brings the same rows in the same order, and holds more.
    fn by_longer(&self, index: IndexId) -> Option<(IndexId, HeldColumns)> {
        let table = self.schema.table(self.table);
        let shorter = table.index(index);
        let fits = |it: &IndexSchema| it.parts.starts_with(&shorter.parts) && it.predicate == shorter.predicate;
        let longer = (0..).map(IndexId).zip(&table.indexes).filter(|(_, it)| fits(it));
        longer.into_iter().find_map(|(id, _)| Some((id, self.by(id)?)))
    }
}

/// The columns of the only source that a query reads, each once; nothing if it reads more than that.
fn needed(plan: &SelectPlan) -> Option<Vec<ColumnId>> {
    let keeps = plan.grouping.as_ref().is_some_and(|it| it.keeps.is_some());
    if plan.levels.len() != 1 || plan.outputs.is_empty() || !plan.windows.is_empty() || keeps {
        return None;
    }
    let mut found = Needed { columns: Vec::new(), more: false };
    for output in &plan.outputs {
        match output {
            BoundOutput::Value(it) => found.read(it),
            BoundOutput::Row(_) => return None,
        }
    }
    found.all(&plan.gate);
    found.all(&plan.levels[0].on);
    found.all(&plan.levels[0].after);
    found.order(&plan.order_by);
    if let Some(grouping) = &plan.grouping {
        found.all(&grouping.keys);
        found.all(&grouping.having);
        for BoundAggregate { operands, filter, order_by, .. } in &grouping.aggregates {
            found.all(operands);
            found.all(filter);
            found.order(order_by);
        }
    }
    (!found.more).then_some(found.columns)
}

struct Needed {
    columns: Vec<ColumnId>,
    /// Whether a subquery may read the row.
    more: bool,
}

impl Needed {
    fn all<'p>(&mut self, expressions: impl IntoIterator<Item = &'p Bounded>) {
        expressions.into_iter().for_each(|it| self.read(it));
    }

    fn order(&mut self, order: &[SortKey]) {
        self.all(order.iter().map(|it| &it.by));
    }

    fn read(&mut self, expr: &Bounded) {
        expr.leaves(&mut |leaf| match leaf {
            BoundLeaf::Column { up: 0, column, .. } if !self.columns.contains(column) => self.columns.push(*column),
            BoundLeaf::Exists(plan) | BoundLeaf::Scalar(plan) => self.more |= plan.correlated,
            BoundLeaf::In(..) | BoundLeaf::Quantified(..) => self.more = true,
            _ => {}
        });
    }
}
