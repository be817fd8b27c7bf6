//! A flush that is looked at: what it has planned, in the terms of rows, and whether it went through.

use rustc_hash::FxHashMap;

use super::{FlushPlan, Work};
use crate::error::Result;
use crate::id::{ColumnId, TableId};
use crate::object::model::Join;
use crate::object::reference::ObjectKey;
use crate::object::session::Core;
use crate::object::touched::Along;
use crate::object::trace::{Reached, Way};
use crate::value::Value;

/// Association rows, by their table and the columns of both sides.
pub(in crate::object) type AssociationRows = FxHashMap<(TableId, Vec<Value>), Reached>;

/// What a flush planned, and what came of it.
pub(in crate::object) struct Seen {
    pub(in crate::object) plan: FlushPlan,
    pub(in crate::object) associations: AssociationRows,
    /// By which columns the rows of association tables are found.
    pub(in crate::object) sides: FxHashMap<TableId, Vec<ColumnId>>,
    pub(in crate::object) outcome: Result<()>,
}

impl FlushPlan {
    /// The objects that it deletes.
    pub(in crate::object) fn deleted(&self) -> &[ObjectKey] {
        &self.deleted
    }

    /// The objects whose foreign keys it sets to NULL, with the columns.
    pub(in crate::object) fn cleared(&self) -> impl Iterator<Item = (ObjectKey, &[ColumnId])> {
        let cleared = self.assignments.iter().filter(|it| it.from.is_none());
        cleared.map(|it| (it.object, &*it.columns))
    }
}

impl Core {
    /// Flushes. What refuses it is part of the answer.
    ///
    /// # Errors
    /// When it cannot be planned.
    pub(in crate::object) fn flush_in_view(&mut self) -> Result<Seen> {
        self.check_active()?;
        let plan = self.plan();
        let plan = match plan {
            Ok(plan) => plan,
            Err(error) => {
                self.clear_fates();
                return Err(error);
            }
        };
        let (mut associations, mut sides) = (AssociationRows::default(), FxHashMap::default());
        let listed = self.association_rows(&plan, &mut associations, &mut sides);
        let outcome = listed.and_then(|()| self.carry_out(plan.clone()));
        self.clear_fates();
        Ok(Seen { plan, associations, sides, outcome })
    }

    fn association_rows(
        &mut self,
        plan: &FlushPlan,
        rows: &mut AssociationRows,
        sides: &mut FxHashMap<TableId, Vec<ColumnId>>,
    ) -> Result<()> {
        let model = self.graph.model.clone();
        for step in &plan.steps {
            let Work::Dissociate { class, relation, pairs } = &step.work else { continue };
            let declared = model.relation(*class, *relation);
            let Join::Through { table, own_columns, target_columns, layout, .. } = &declared.join else { continue };
            let table = self.connection.schema().table_named(table)?.id;
            let by = self.graph.relation_name(*class, declared);
            // Of two relations over one table each may come from its own side.
            let columns = [&*layout.own, &*layout.other].concat();
            let turned = sides.get(&table).is_some_and(|it| *it != columns);
            sides.entry(table).or_insert(columns);
            for &(owner, member) in pairs {
                let (own, other) = (self.held(owner, own_columns)?, self.held(member, target_columns)?);
                let key = if turned { [other, own].concat() } else { [own, other].concat() };
                let reached =
                    Reached { along: Along { from: owner, relation: *relation }, by: by.clone(), way: Way::Cascade };
                rows.entry((table, key)).or_insert(reached);
            }
        }
        Ok(())
    }
}
