//! References that the tables move in the middle of a flush: ON UPDATE takes them along with the row that leaves a key,
//! also where their objects have been set to the one that takes it.

use rustc_hash::{FxHashMap, FxHashSet};

use super::order::Assigned;
use super::slots::attributes;
use super::{Assignment, FlushPlan};
use crate::error::Result;
use crate::id::{ColumnId, TableId};
use crate::object::reference::ObjectKey;
use crate::object::session::Core;
use crate::schema::{Action, Schema};
use crate::value::Value;

/// What rows refer to: the table, some of its columns, and what they hold.
pub(super) type Referred = (TableId, Vec<ColumnId>, Vec<Value>);

/// What a flush does to keys that others refer to.
#[derive(Default)]
pub(super) struct Moved {
    /// Those that take references along, and where.
    to: FxHashMap<Referred, Vec<Value>>,
    /// Those of rows that go.
    gone: FxHashSet<Referred>,
}

impl Core {
    /// Whether the tables write a reference when the row that it leads to leaves its key, which another row takes: then
    /// it has to be written, though the object says what it said before. SQLAlchemy compares what objects say.
    pub(super) fn is_moved_meanwhile(&self, plan: &FlushPlan, it: &Assignment) -> bool {
        let Some((from, columns)) = it.from.as_ref().filter(|_| self.graph.is_sound()) else { return false };
        let takes = self.whose_row(*from, plan).is_none() || self.graph.is_changed_in(*from, columns);
        if !takes || self.whose_row(it.object, plan).is_none() {
            return false;
        }
        let root = |key: ObjectKey| self.graph.root(self.graph.objects[key].class);
        plan.deleted.iter().any(|gone| root(*gone) == root(*from)) || self.acts_on_update(it.object, &it.columns)
    }

    /// Whether the tables write a foreign key of an object when what it refers to gets another key.
    fn acts_on_update(&self, object: ObjectKey, columns: &[ColumnId]) -> bool {
        let schema = self.connection.schema();
        let class = self.graph.model.class(self.graph.objects[object].class);
        class.parts.iter().any(|part| {
            let outbound = schema.table(part.table_id).outbound.iter().map(|it| schema.reference(*it));
            let mut acting = outbound.filter(|it| !matches!(it.on_update, Action::NoAction | Action::Restrict));
            acting.any(|it| attributes(part, &it.columns).is_some_and(|own| own.iter().all(|it| columns.contains(it))))
        })
    }

    /// The keys that change in a flush and take references along, and those that go.
    pub(super) fn moved_keys(&mut self, schema: &Schema, plan: &FlushPlan, assigned: &Assigned) -> Result<Moved> {
        let model = self.graph.model.clone();
        let mut moved = Moved::default();
        for &key in &plan.saved {
            if self.graph.original(key).is_none() && !assigned.contains_key(&key) {
                continue;
            }
            for part in &model.class(self.graph.objects[key].class).parts {
                let inbound = schema.table(part.table_id).inbound.iter().map(|it| schema.reference(*it));
                for reference in inbound.filter(|it| it.on_update == Action::Cascade) {
                    let Some(columns) = attributes(part, &reference.target_columns) else { continue };
                    let before = self.whose_row(key, plan).and_then(|it| self.stored(it, &columns));
                    let Some(before) = before else { continue };
                    if let Some(after) = self.becomes(key, &columns, plan, assigned)?.filter(|it| *it != before) {
                        moved.to.insert((part.table_id, reference.target_columns.clone(), before), after);
                    }
                }
            }
        }
        let gone = plan.deleted.iter().filter(|it| !plan.saved.is_empty() && !plan.switches.is_taken(**it));
        for &key in gone {
            for part in &model.class(self.graph.objects[key].class).parts {
                for reference in schema.table(part.table_id).inbound.iter().map(|it| schema.reference(*it)) {
                    let Some(columns) = attributes(part, &reference.target_columns) else { continue };
                    if let Some(before) = self.stored(key, &columns) {
                        moved.gone.insert((part.table_id, reference.target_columns.clone(), before));
                    }
                }
            }
        }
        Ok(moved)
    }

    /// Whether nobody writes a reference that leads where it did, so that the tables take it along.
    pub(super) fn is_moved_along(
        &self,
        (key, columns): (ObjectKey, &[ColumnId]),
        refers: &Referred,
        (assigned, plan): (&Assigned, &FlushPlan),
        moved: &Moved,
    ) -> bool {
        let writes = |at: &usize| plan.assignments[*at].columns.iter().any(|it| columns.contains(it));
        moved.to.contains_key(refers)
            && !assigned.get(&key).is_some_and(|all| all.iter().any(writes))
            && self.stored(key, columns).is_some_and(|it| it == refers.2)
    }

    /// What a row holds in some columns before it is written: what the tables hold now, unless they move it. Says, too,
    /// whether that leads to a row that goes, so that it has to be left before.
    pub(super) fn held_before(
        &self,
        schema: &Schema,
        key: ObjectKey,
        columns: &[ColumnId],
        moved: &Moved,
    ) -> (Option<Vec<Value>>, bool) {
        let (mut values, mut leaves) = (self.stored(key, columns), false);
        if moved.to.is_empty() && moved.gone.is_empty() {
            return (values, leaves);
        }
        let class = self.graph.model.class(self.graph.objects[key].class);
        for part in &class.parts {
            let outbound = schema.table(part.table_id).outbound.iter().map(|it| schema.reference(*it));
            // What joins the parts of one object moves with the object itself.
            for reference in outbound.filter(|it| !class.joins_parts(part, it)) {
                let own = attributes(part, &reference.columns).filter(|own| own.iter().any(|it| columns.contains(it)));
                let refers = own.as_ref().and_then(|own| self.stored(key, own));
                let (Some(own), Some(refers)) = (own, refers) else { continue };
                let refers = (reference.target, reference.target_columns.clone(), refers);
                leaves |= moved.gone.contains(&refers);
                let (Some(after), Some(values)) = (moved.to.get(&refers), &mut values) else { continue };
                for (value, column) in values.iter_mut().zip(columns) {
                    if let Some(position) = own.iter().position(|it| it == column) {
                        *value = after[position].clone();
                    }
                }
            }
        }
        (values, leaves)
    }
}
