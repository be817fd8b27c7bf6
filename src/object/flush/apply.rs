//! Running a flush plan, and putting objects back when a statement is refused (O3).

use rustc_hash::FxHashMap;

use super::{Assignment, FlushPlan, Work};
use crate::error::Result;
use crate::id::{ClassId, ColumnId, RelationId};
use crate::object::links::{Link, Since};
use crate::object::model::Join;
use crate::object::reference::ObjectKey;
use crate::object::session::Core;
use crate::query::{DeleteRows, Input, InsertRows, RowChange, UpdateRows};
use crate::record::{Row, Tuple, edit};
use crate::value::Value;

/// What a failed flush has to put back.
#[derive(Default)]
pub(super) struct Undo {
    /// Single columns of rows that were written to before their insert.
    cells: Vec<(ObjectKey, ColumnId, Value)>,
    /// Whole rows of objects that were updated.
    rows: Vec<(ObjectKey, Option<Row>, Option<Row>)>,
}

/// What a flush that went through has to settle.
#[derive(Default)]
pub(super) struct Done {
    /// Inserted objects, and whether the table gave their key.
    pub(super) inserted: Vec<(ObjectKey, bool)>,
    /// Updated objects and their rows before.
    pub(super) updated: Vec<(ObjectKey, Row)>,
    pub(super) deleted: Vec<ObjectKey>,
}

impl Core {
    /// Runs the steps in order.
    pub(super) fn apply(&mut self, plan: &FlushPlan, undo: &mut Undo) -> Result<Done> {
        let mut done = Done::default();
        let mut assigned: FxHashMap<ObjectKey, Vec<&Assignment>> = FxHashMap::default();
        for it in &plan.assignments {
            assigned.entry(it.object).or_default().push(it);
        }
        for step in &plan.steps {
            match &step.work {
                Work::Insert { class, objects, later } => {
                    self.apply_inserts(*class, objects, later, &assigned, undo, &mut done)?;
                }
                Work::Update { class, columns, objects } => {
                    self.apply_updates(*class, columns, objects, &assigned, undo, &mut done)?;
                }
                Work::Delete { class, objects } => {
                    self.apply_deletes(*class, objects)?;
                    done.deleted.extend(objects);
                }
                Work::Associate { class, relation, pairs } => self.associate(*class, *relation, pairs)?,
                Work::Dissociate { class, relation, pairs } => self.dissociate(*class, *relation, pairs)?,
                Work::DissociateAll { class, relation, owners } => {
                    self.dissociate_all(*class, *relation, owners)?;
                }
            }
        }
        Ok(done)
    }

    fn apply_inserts(
        &mut self,
        class: ClassId,
        objects: &[ObjectKey],
        later: &[(ObjectKey, Vec<ColumnId>)],
        assigned: &FxHashMap<ObjectKey, Vec<&Assignment>>,
        undo: &mut Undo,
        done: &mut Done,
    ) -> Result<()> {
        let model = self.graph.model.clone();
        let declared = model.class(class);
        let waits: FxHashMap<ObjectKey, &[ColumnId]> = later.iter().map(|it| (it.0, it.1.as_slice())).collect();
        for &key in objects {
            let wait = waits.get(&key).copied().unwrap_or_default();
            for (columns, values) in self.references_of(key, assigned)? {
                if !columns.iter().any(|it| wait.contains(it)) {
                    self.write(key, &columns, values, undo)?;
                }
            }
            if !wait.is_empty() {
                self.write(key, wait, vec![Value::Null; wait.len()], undo)?;
            }
        }
        let mut rows: Vec<Row> = Vec::with_capacity(objects.len());
        let key_column = declared.auto.then(|| declared.key[0]);
        for &key in objects {
            let Some(row) = self.graph.own_mut(key).and_then(|it| it.row.take()) else { continue };
            let generated = key_column.is_some_and(|it| row.get(it).is_null());
            if let (true, Some(column)) = (generated, key_column) {
                undo.cells.push((key, column, Value::Null));
            }
            done.inserted.push((key, generated));
            rows.push(row);
        }
        let prepared = self.prepared(&declared.insert, || InsertRows { table: declared.table.clone() }.into());
        let ran = prepared.and_then(|it| self.connection.run(&it, Input::Rows(&mut rows)));
        for (&key, row) in objects.iter().zip(rows) {
            self.graph.put_row(key, row);
        }
        ran.map(drop)
    }

    /// The foreign keys that an object's row gets from the references that were set.
    fn references_of(
        &mut self,
        key: ObjectKey,
        assigned: &FxHashMap<ObjectKey, Vec<&Assignment>>,
    ) -> Result<Vec<(Vec<ColumnId>, Vec<Value>)>> {
        if !self.graph.objects[key].has_links() && assigned.is_empty() {
            return Ok(Vec::new());
        }
        let model = self.graph.model.clone();
        let class = model.class(self.graph.objects[key].class);
        let mut found = Vec::new();
        if self.graph.objects[key].has_links() {
            for relation in &class.relations {
                let Join::BelongsTo { columns, target_columns, .. } = &relation.join else { continue };
                let Link::One { target, since } = self.graph.link(key, relation.id) else { continue };
                if *since == Since::Unchanged {
                    continue;
                }
                let values = match target.filter(|it| !self.is_dropped(*it)) {
                    Some(target) => self.scalars(target, target_columns)?,
                    None => vec![Value::Null; columns.len()],
                };
                found.push((columns.clone(), values));
            }
        }
        for it in assigned.get(&key).into_iter().flatten() {
            let values = match &it.from {
                Some((owner, columns)) => self.scalars(*owner, columns)?,
                None => vec![Value::Null; it.columns.len()],
            };
            found.push((it.columns.clone(), values));
        }
        Ok(found)
    }

    /// Writes columns of a row that is not in a table yet.
    fn write(&mut self, key: ObjectKey, columns: &[ColumnId], values: Vec<Value>, undo: &mut Undo) -> Result<()> {
        let Some(row) = self.graph.own_mut(key).and_then(|it| it.row.as_mut()) else { return Ok(()) };
        for (&column, value) in columns.iter().zip(values) {
            let before = row.get(column);
            if before == value.as_ref() {
                continue;
            }
            let before = before.to_value();
            if value.is_null() && edit(row).set(column, Value::Null).is_err() {
                // The Rust type has no NULL; the table refuses the row with a better message than a mismatch.
                continue;
            }
            edit(row).set(column, value)?;
            undo.cells.push((key, column, before));
        }
        Ok(())
    }

    fn apply_updates(
        &mut self,
        class: ClassId,
        columns: &[ColumnId],
        objects: &[ObjectKey],
        assigned: &FxHashMap<ObjectKey, Vec<&Assignment>>,
        undo: &mut Undo,
        done: &mut Done,
    ) -> Result<()> {
        let model = self.graph.model.clone();
        let declared = model.class(class);
        let mut changes = Vec::with_capacity(objects.len());
        for &key in objects {
            self.fresh(key)?;
            let references = self.references_of(key, assigned)?;
            let Some(own) = self.graph.own_mut(key) else { continue };
            // The row stays: others may refer to it.
            let (Some(mut after), original) = (own.row.clone(), own.original.take()) else { continue };
            undo.rows.push((key, Some(after.clone()), original.clone()));
            let before = original.unwrap_or_else(|| after.clone());
            for (own, values) in references {
                for (column, value) in own.into_iter().zip(values) {
                    if after.get(column) != value.as_ref() {
                        self.set_or_refuse(&mut after, declared, column, value)?;
                    }
                }
            }
            changes.push(RowChange { before, after });
        }
        let statement = UpdateRows { table: declared.table.clone(), columns: declared.names(columns) };
        let prepared = self.connection.prepare(statement.into())?;
        self.connection.run(&prepared, Input::Changes(&mut changes))?;
        for (&key, change) in objects.iter().zip(changes) {
            if let Some(own) = self.graph.own_mut(key) {
                (own.row, own.original) = (Some(change.after), None);
            }
            done.updated.push((key, change.before));
        }
        Ok(())
    }

    /// Sets a column of a copy of the row. A field without NULL refuses what the table would refuse, as the same fact.
    fn set_or_refuse(
        &self,
        row: &mut Row,
        class: &crate::object::model::ClassModel,
        column: ColumnId,
        value: Value,
    ) -> Result<()> {
        use crate::error::{RowFact, Rule, Violation};
        let Err(mismatch) = edit(row).set(column, value) else { return Ok(()) };
        if !mismatch.value.is_null() {
            return Err(mismatch.into());
        }
        let name = class.columns[column.index()].to_string();
        let table = class.table.to_string();
        Err(Violation {
            rule: Rule::NotNull,
            constraint: name.clone(),
            row: RowFact { table: table.clone(), key: crate::record::project(&**row, &class.key) },
            table,
            columns: vec![name],
            values: vec![Value::Null],
            blocking: Vec::new(),
            blocking_count: 0,
            path: Vec::new(),
            advice: "delete the object, cascade the delete to it, or let the reference be optional".to_owned(),
        }
        .into())
    }

    fn apply_deletes(&mut self, class: ClassId, objects: &[ObjectKey]) -> Result<()> {
        let model = self.graph.model.clone();
        let declared = model.class(class);
        let keys: Vec<Value> =
            objects.iter().filter_map(|it| self.graph.identity(*it)).flat_map(|it| it.to_values()).collect();
        let statement = || DeleteRows { table: declared.table.clone(), columns: Vec::new() }.into();
        let prepared = self.prepared(&declared.delete, statement)?;
        self.connection.run(&prepared, Input::Keys(&keys)).map(drop)
    }

    fn associate(&mut self, class: ClassId, relation: RelationId, pairs: &[(ObjectKey, ObjectKey)]) -> Result<()> {
        let model = self.graph.model.clone();
        let Join::Through { table, own_columns, target_columns, layout, .. } = &model.relation(class, relation).join
        else {
            return Ok(());
        };
        let mut rows: Vec<Row> = Vec::with_capacity(pairs.len());
        for &(owner, member) in pairs {
            let mut cells = vec![Value::Null; layout.width];
            let own = layout.own.iter().zip(self.scalars(owner, own_columns)?);
            own.for_each(|(column, value)| cells[column.index()] = value);
            let other = layout.other.iter().zip(self.scalars(member, target_columns)?);
            other.for_each(|(column, value)| cells[column.index()] = value);
            rows.push(Tuple::new(cells).into_row());
        }
        let prepared = self.connection.prepare(InsertRows { table: table.clone() }.into())?;
        self.connection.run(&prepared, Input::Rows(&mut rows)).map(drop)
    }

    fn dissociate(&mut self, class: ClassId, relation: RelationId, pairs: &[(ObjectKey, ObjectKey)]) -> Result<()> {
        let model = self.graph.model.clone();
        let Join::Through { table, own, other, own_columns, target_columns, .. } =
            &model.relation(class, relation).join
        else {
            return Ok(());
        };
        let mut keys = Vec::new();
        for &(owner, member) in pairs {
            keys.extend(self.scalars(owner, own_columns)?);
            keys.extend(self.scalars(member, target_columns)?);
        }
        let columns = own.iter().chain(other).cloned().collect();
        let prepared = self.connection.prepare(DeleteRows { table: table.clone(), columns }.into())?;
        self.connection.run(&prepared, Input::Keys(&keys)).map(drop)
    }

    fn dissociate_all(&mut self, class: ClassId, relation: RelationId, owners: &[ObjectKey]) -> Result<()> {
        let model = self.graph.model.clone();
        let Join::Through { table, own, own_columns, .. } = &model.relation(class, relation).join else {
            return Ok(());
        };
        let mut keys = Vec::new();
        for &owner in owners {
            keys.extend(self.scalars(owner, own_columns)?);
        }
        let prepared = self.connection.prepare(DeleteRows { table: table.clone(), columns: own.clone() }.into())?;
        self.connection.run(&prepared, Input::Keys(&keys)).map(drop)
    }

    /// Puts objects back as they were before the flush, the last change first.
    pub(super) fn put_back(&mut self, undo: Undo) {
        for (key, row, original) in undo.rows.into_iter().rev() {
            if let Some(own) = self.graph.own_mut(key) {
                (own.row, own.original) = (row, original);
            }
        }
        for (key, column, value) in undo.cells.into_iter().rev() {
            if let Some(row) = self.graph.own_mut(key).and_then(|it| it.row.as_mut()) {
                let put = edit(row).set(column, value);
                debug_assert!(put.is_ok(), "the column held this value before");
            }
        }
    }
}
