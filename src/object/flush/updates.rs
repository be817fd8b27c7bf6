//! Updates of rows: those of one class that change the same columns are one statement in each of their tables.
//!
//! A row that stands in one table as its object has it takes the place of the one that was read. Of any other the columns
//! that change are written, by its key and, where versions are counted, its version.

use super::FlushPlan;
use super::rows::column_of;
use crate::error::{Misuse, Result, RowFact};
use crate::expr::{Expr, Expression};
use crate::id::{ColumnId, TableId};
use crate::object::identity::Identity;
use crate::object::model::{ClassModel, ClassPart};
use crate::object::reference::ObjectKey;
use crate::object::session::Core;
use crate::query::{Input, Leaf, RowChange, Update, UpdateRows};
use crate::record::{Row, edit};
use crate::schema::{Action, Name, ReferenceSchema, TableSchema};
use crate::value::Value;

/// A row that is to be written.
pub(super) struct Written<'m> {
    pub(super) object: ObjectKey,
    pub(super) class: &'m ClassModel,
    /// The attributes that are written.
    pub(super) columns: &'m [ColumnId],
    /// Its key before, and after.
    pub(super) before: Vec<Value>,
    pub(super) after: Vec<Value>,
    /// The attribute that counts its versions, and the version that it is to have before.
    pub(super) version: Option<(ColumnId, Value)>,
}

impl Written<'_> {
    pub(super) fn part(&self, table: TableId) -> Option<(usize, &ClassPart)> {
        self.class.parts.iter().enumerate().find(|it| it.1.table_id == table)
    }
}

impl Core {
    /// Writes changed columns of objects of one class, and lets the objects hold what was written.
    pub(super) fn write_updates(
        &mut self,
        class: &ClassModel,
        columns: &[ColumnId],
        objects: &[ObjectKey],
        plan: &FlushPlan,
    ) -> Result<()> {
        let apart = |it: &ObjectKey| self.graph.objects[*it].is_special() || plan.apart.contains(it);
        if class.is_simple() && plan.switches.is_empty() && !objects.iter().any(apart) {
            return self.write_whole(class, columns, objects, plan);
        }
        let by_table = class.parts.iter().all(|it| self.is_found_by_key(class, it));
        let (together, one_by_one): (Vec<ObjectKey>, Vec<ObjectKey>) =
            objects.iter().partition(|it| by_table && self.gives_values(**it, columns));
        let mut all = Vec::with_capacity(together.len());
        for key in together {
            all.extend(self.written(key, class, columns, plan)?);
        }
        for (depth, part) in class.parts.iter().enumerate() {
            self.update_in(class, columns, (depth, part), &all)?;
        }
        for it in all {
            self.settle_update(it.object, class, (columns, it.version), plan)?;
        }
        one_by_one.into_iter().try_for_each(|it| self.update_one(it, class, columns, plan))
    }

    /// Rows that stand in one table as their objects have them.
    fn write_whole(
        &mut self,
        class: &ClassModel,
        columns: &[ColumnId],
        objects: &[ObjectKey],
        plan: &FlushPlan,
    ) -> Result<()> {
        let mut changes = Vec::with_capacity(objects.len());
        let mut changed = Vec::with_capacity(objects.len());
        for &key in objects {
            self.graph.keep_original(key);
            let next = class.version_column.map(|column| {
                let before = self.version_of(key, column, plan);
                (column, Value::Int(self.next_version(key, column, &before)))
            });
            let Some(own) = self.graph.own_mut(key) else { continue };
            if let (Some((column, next)), Some(row)) = (next, own.row.as_mut()) {
                edit(row).set(column, next)?;
            }
            // The row stays: others may refer to it.
            let (Some(after), Some(before)) = (own.row.clone(), own.original.clone()) else { continue };
            changes.push(RowChange { before, after });
            changed.push(key);
        }
        let written = with(columns, class.version_column);
        let expected = class.names(class.version_column.as_slice());
        let statement = UpdateRows { table: class.table.clone(), columns: class.names(&written), expected };
        let prepared = self.connection.prepare(statement.into())?;
        let computes = self.connection.schema().table_named(&class.table).is_ok_and(|it| !it.generated.is_empty());
        self.change(&prepared, Input::Changes(&mut changes))?;
        for (key, change) in changed.into_iter().zip(changes) {
            if let Some(own) = self.graph.own_mut(key) {
                own.original = None;
                if computes {
                    own.row = Some(change.after);
                }
            }
        }
        Ok(())
    }

    /// Whether the rows of a class in one of its tables are found by the primary key of that table.
    fn is_found_by_key(&self, class: &ClassModel, part: &ClassPart) -> bool {
        let table = self.connection.schema().table(part.table_id);
        let columns: Vec<Option<ColumnId>> = class.key.iter().map(|it| part.column_of(*it)).collect();
        table.primary_key().is_some_and(|key| {
            key.columns.len() == columns.len() && key.columns.iter().all(|it| columns.contains(&Some(*it)))
        })
    }

    /// Whether an object has values in all that is written of it: nothing is to be computed, or was taken away.
    pub(super) fn gives_values(&self, key: ObjectKey, columns: &[ColumnId]) -> bool {
        self.graph.extra(key).is_none_or(|extra| {
            let computed = |it: &ColumnId| extra.expressions.iter().any(|own| own.0 == *it);
            !columns.iter().any(|it| computed(it) || extra.unset.contains(it))
        })
    }

    /// What is to be known of a row before it is written; `None` where there is none.
    pub(super) fn written<'m>(
        &mut self,
        object: ObjectKey,
        class: &'m ClassModel,
        columns: &'m [ColumnId],
        plan: &FlushPlan,
    ) -> Result<Option<Written<'m>>> {
        if let Some(column) = class.version_column {
            let holder = self.holder_of_row(object, plan);
            if !self.graph.has_column(holder, column) {
                self.column(holder, column)?;
            }
        }
        let Some(row) = self.graph.row(object) else { return Ok(None) };
        let identity = match plan.switches.before(object) {
            Some(before) => self.graph.identity(before),
            // One that this flush has inserted is known by its key when the flush has gone through.
            None => self.graph.identity(object).or_else(|| Identity::of(&**row, &class.key)),
        };
        // So is one to which this flush has given another key, and that is written once more.
        let written = self.stored(object, &class.key).filter(|_| plan.apart.contains(&object));
        let Some(before) = written.or_else(|| Some(identity?.to_values())) else { return Ok(None) };
        let mut after = before.clone();
        for (at, attribute) in class.key.iter().enumerate().filter(|it| columns.contains(it.1)) {
            after[at] = row.get(*attribute).to_value();
        }
        let version = class.version_column.map(|column| (column, self.version_of(object, column, plan)));
        Ok(Some(Written { object, class, columns, before, after, version }))
    }

    /// Writes what stands in one of the tables of a class, by one statement.
    fn update_in(
        &mut self,
        class: &ClassModel,
        columns: &[ColumnId],
        (depth, part): (usize, &ClassPart),
        all: &[Written<'_>],
    ) -> Result<()> {
        let schema = self.connection.schema().clone();
        let table = schema.table(part.table_id);
        let follows = depth > 0 && self.follows_key(part);
        let counted = class.version_column.and_then(|it| part.columns.iter().find(|own| own.0 == it)).copied();
        let is_set = |own: &&(ColumnId, ColumnId)| {
            let key = follows && part.key.iter().any(|it| it.1 == own.1);
            columns.contains(&own.0) && !key && Some(own.0) != class.version_column
        };
        let set: Vec<(ColumnId, ColumnId)> = part.columns.iter().filter(is_set).copied().collect();
        if all.is_empty() || set.is_empty() && counted.is_none() {
            return Ok(());
        }
        let key: Vec<ColumnId> = class.key.iter().filter_map(|it| part.column_of(*it)).collect();
        let mut changes = Vec::with_capacity(all.len());
        for it in all {
            // It had one when it was looked at, and nothing is read in between.
            let Some(row) = self.graph.row(it.object) else { continue };
            let mut before = table.prototype.duplicate();
            for (&column, value) in key.iter().zip(if follows { &it.after } else { &it.before }) {
                edit(&mut before).set(column, value.clone())?;
            }
            let mut after = before.duplicate();
            if let Some((attribute, column)) = counted {
                let version = it.version.as_ref().map_or(Value::Null, |it| it.1.clone());
                if version.is_null() {
                    return Err(stale(table, it));
                }
                edit(&mut after).set(column, Value::Int(self.next_version(it.object, attribute, &version)))?;
                edit(&mut before).set(column, version)?;
            }
            for &(attribute, column) in &set {
                edit(&mut after).set(column, row.get(attribute).to_value())?;
            }
            changes.push(RowChange { before, after });
        }
        let counted: Vec<ColumnId> = counted.into_iter().map(|it| it.1).collect();
        let written: Vec<ColumnId> = set.iter().map(|it| it.1).chain(counted.iter().copied()).collect();
        let names = |columns: &[ColumnId]| table.names(columns).into_iter().map(Name::from).collect();
        let (columns, expected) = (names(&written), names(&counted));
        let prepared = self.connection.prepare(UpdateRows { table: part.table.clone(), columns, expected }.into())?;
        self.change(&prepared, Input::Changes(&mut changes))?;
        for (it, change) in all.iter().zip(&changes) {
            self.take_generated(it.object, part, table, &change.after)?;
        }
        Ok(())
    }

    /// Lets an object hold what a table has computed of a row.
    pub(super) fn take_generated(
        &mut self,
        object: ObjectKey,
        part: &ClassPart,
        table: &TableSchema,
        held: &Row,
    ) -> Result<()> {
        if table.generated.is_empty() {
            return Ok(());
        }
        for own in part.columns.iter().filter(|it| table.column(it.1).generated.is_some()) {
            if let Some(row) = self.graph.own_mut(object).and_then(|it| it.row.as_mut()) {
                edit(row).set(own.0, held.get(own.1).to_value())?;
            }
        }
        Ok(())
    }

    /// Updates one object, table by table, by its key and its version: what is given as an expression is computed there.
    fn update_one(&mut self, key: ObjectKey, class: &ClassModel, columns: &[ColumnId], plan: &FlushPlan) -> Result<()> {
        let Some(it) = self.written(key, class, columns, plan)? else { return Ok(()) };
        let Some(row) = self.graph.row(key).cloned() else { return Ok(()) };
        let extra = self.graph.extra(key).cloned().unwrap_or_default();
        for (depth, part) in class.parts.iter().enumerate() {
            // By then the foreign key has let the row of a further part have the key of its base.
            let follows = depth > 0 && self.follows_key(part);
            let mut set: Vec<(Name, Expr<Leaf>)> = Vec::new();
            for &(attribute, column) in part.columns.iter().filter(|it| columns.contains(&it.0)) {
                if follows && part.key.iter().any(|it| it.1 == column) {
                    continue;
                }
                let name = self.column_name(part, column)?;
                let value = match extra.expressions.iter().find(|it| it.0 == attribute) {
                    Some((_, expression)) => expression.clone(),
                    None if extra.unset.contains(&attribute) => Expr::Value(Value::Null),
                    None => Expr::Value(row.get(attribute).to_value()),
                };
                set.push((name, value));
            }
            let counted = it.version.as_ref().filter(|it| part.columns.iter().any(|own| own.0 == it.0));
            let mut filter = self.by_key(class, part, if follows { &it.after } else { &it.before })?;
            if let Some((column, before)) = counted {
                let name = self.part_column(part, *column)?;
                set.retain(|it| it.0 != name);
                filter = filter.and(column_of(&name).eq(Expr::Value(before.clone())));
                let next = self.next_version(key, *column, before);
                set.push((name, Expr::Value(Value::Int(next))));
            }
            if set.is_empty() {
                continue;
            }
            let mut update = Update::table(part.table.clone());
            (update.set, update.filter) = (set, Some(filter));
            self.run_on_one(update.into(), &part.table, &it.before)?;
        }
        self.settle_update(key, class, (columns, it.version), plan)
    }

    /// Whether the foreign key of a part lets its rows have another key when those of its base get one.
    pub(super) fn follows_key(&self, part: &ClassPart) -> bool {
        let schema = self.connection.schema();
        let mut references = schema.table(part.table_id).outbound.iter().map(|&it| schema.reference(it));
        let over_key = |it: &ReferenceSchema| {
            it.columns.len() == part.key.len() && part.key.iter().all(|key| it.columns.contains(&key.1))
        };
        references.any(|it| it.on_update == Action::Cascade && over_key(it))
    }

    /// After an update the object holds what was written; what the tables computed is read when it is looked at. What a
    /// further statement writes is still a change.
    pub(super) fn settle_update(
        &mut self,
        key: ObjectKey,
        class: &ClassModel,
        (columns, version): (&[ColumnId], Option<(ColumnId, Value)>),
        plan: &FlushPlan,
    ) -> Result<()> {
        let apart = plan.apart.contains(&key);
        if let Some((column, before)) = version {
            let next = Value::Int(self.next_version(key, column, &before));
            if let Some(own) = self.graph.own_mut(key) {
                for row in [own.row.as_mut(), own.original.as_mut()].into_iter().flatten() {
                    edit(row).set(column, next.clone())?;
                }
            }
            self.graph.with_extra(key, |it| it.has(column));
        }
        let switched = plan.switches.before(key).is_some();
        let is_done = |column: ColumnId| !apart || columns.contains(&column);
        let never_given = self.graph.extra(key).map_or_else(Vec::new, |it| it.unset.clone());
        if let Some(own) = self.graph.own_mut(key) {
            if apart && switched && own.original.is_none() {
                // From now on the row that was taken over is its own.
                own.original.clone_from(&own.row);
            }
            match (&own.row, own.original.as_mut().filter(|_| apart)) {
                (Some(row), Some(original)) => {
                    for &column in columns {
                        edit(original).set(column, row.get(column).to_value())?;
                    }
                }
                _ => own.original = None,
            }
        }
        self.take_repeated(key, class, columns)?;
        if switched && !self.graph.is_sound() {
            let shown = |it: &ColumnId| is_done(*it) && class.version_column != Some(*it);
            self.read_as_null(key, never_given.into_iter().filter(shown))?;
        }
        let is_sound = self.graph.is_sound();
        self.graph.with_extra(key, |it| {
            let (done, left): (Vec<_>, Vec<_>) = it.expressions.drain(..).partition(|it| is_done(it.0));
            it.expressions = left;
            it.expired.extend(done.into_iter().map(|it| it.0));
            let (unset, left): (Vec<_>, Vec<_>) = it.unset.drain(..).partition(|it| is_done(*it));
            it.unset = left;
            if switched {
                // The row that was taken over holds something there.
                it.expired.extend(unset.into_iter().filter(|it| is_sound || class.version_column == Some(*it)));
            }
            it.unread.retain(|it| !is_done(*it));
        });
        let loaded: Vec<ColumnId> = class.computed.iter().filter_map(|it| it.column).collect();
        self.expire_columns(key, &loaded);
        Ok(())
    }

    /// Lets columns of an object show NULL that it was never given, though the row that it has taken over may hold something
    /// there. SQLAlchemy reads nothing of an object that was not expired.
    fn read_as_null(&mut self, key: ObjectKey, columns: impl Iterator<Item = ColumnId>) -> Result<()> {
        let Some(own) = self.graph.own_mut(key) else { return Ok(()) };
        for column in columns {
            for row in [own.row.as_mut(), own.original.as_mut()].into_iter().flatten() {
                edit(row).set(column, Value::Null)?;
            }
        }
        Ok(())
    }

    /// Lets attributes that repeat a key follow it: the foreign key has written their columns, or writes them.
    fn take_repeated(&mut self, key: ObjectKey, class: &ClassModel, columns: &[ColumnId]) -> Result<()> {
        for (attribute, repeats) in class.repeated().filter(|it| !columns.contains(&it.1)) {
            let Some(value) = self.graph.row(key).map(|row| row.get(attribute).to_value()) else { continue };
            if self.graph.row(key).is_none_or(|row| row.get(repeats) == value.as_ref()) {
                continue;
            }
            if let Some(own) = self.graph.own_mut(key) {
                for row in [own.row.as_mut(), own.original.as_mut()].into_iter().flatten() {
                    edit(row).set(repeats, value.clone())?;
                }
            }
        }
        Ok(())
    }

    /// What the version of a row is after a change: the next one, unless another was written by hand.
    pub(super) fn next_version(&self, key: ObjectKey, column: ColumnId, before: &Value) -> i64 {
        let written =
            self.graph.row(key).filter(|_| self.graph.original(key).is_some()).map(|it| it.get(column).to_value());
        match (written, before) {
            (Some(Value::Int(written)), before) if Value::Int(written) != *before => written,
            (_, Value::Int(before)) => before + 1,
            _ => 1,
        }
    }

    /// The object that knows the row before it is written: the one that has it, until another that takes it over has
    /// written it once.
    fn holder_of_row(&self, key: ObjectKey, plan: &FlushPlan) -> ObjectKey {
        plan.switches.before(key).filter(|_| self.graph.original(key).is_none()).unwrap_or(key)
    }

    /// The version that an object's row is to have before it is written.
    pub(super) fn version_of(&self, key: ObjectKey, column: ColumnId, plan: &FlushPlan) -> Value {
        self.stored(self.holder_of_row(key, plan), &[column])
            .and_then(|it| it.into_iter().next())
            .unwrap_or(Value::Null)
    }
}

/// Columns, and one more.
fn with(columns: &[ColumnId], further: Option<ColumnId>) -> Vec<ColumnId> {
    let further = further.filter(|it| !columns.contains(it));
    columns.iter().copied().chain(further).collect()
}

pub(super) fn stale(table: &TableSchema, it: &Written<'_>) -> crate::error::Error {
    Misuse::Stale { row: RowFact { table: table.name.clone(), key: it.before.clone() } }.into()
}
