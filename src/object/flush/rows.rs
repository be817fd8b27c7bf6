//! Rows of objects that do not stand in one table as they are: their class inherits, counts versions, or leaves columns
//! to the tables to compute.

use rustc_hash::FxHashMap;

use super::apply::Undo;
use super::{FlushPlan, Work};
use crate::error::{Misuse, Result, RowFact};
use crate::expr::{Environment, Expr, Expression, Scalar};
use crate::id::{ClassId, ColumnId, RelationId, TableId};
use crate::object::identity::Identity;
use crate::object::model::{ClassModel, ClassPart, Join, ThroughLayout};
use crate::object::reference::ObjectKey;
use crate::object::session::Core;
use crate::query::{Delete, DeleteRows, Input, InsertRows, Leaf, RowChange, Statement, Update, UpdateRows};
use crate::record::{Row, edit};
use crate::schema::{Action, DefaultValue, Name, ReferenceSchema};
use crate::value::Value;

impl Core {
    /// Inserts objects of one hierarchy that have rows in several tables, or columns for the tables to compute: table by
    /// table, that of the root first.
    pub(super) fn insert_by_parts(&mut self, objects: &[ObjectKey], undo: &mut Undo) -> Result<()> {
        let model = self.graph.model.clone();
        let class_of = |core: &Core, key: ObjectKey| model.class(core.graph.objects[key].class);
        let deepest = objects.iter().map(|it| class_of(self, *it).parts.len()).max().unwrap_or_default();
        for depth in 0..deepest {
            let mut tables: Vec<TableId> = Vec::new();
            for &key in objects {
                if let Some(part) = class_of(self, key).parts.get(depth).filter(|it| !tables.contains(&it.table_id)) {
                    tables.push(part.table_id);
                }
            }
            for table in tables {
                for &key in objects {
                    let class = class_of(self, key);
                    if let Some(part) = class.parts.get(depth).filter(|it| it.table_id == table) {
                        self.insert_part(key, class, part, undo)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Inserts the row of an object in one of its tables.
    fn insert_part(&mut self, key: ObjectKey, class: &ClassModel, part: &ClassPart, undo: &mut Undo) -> Result<()> {
        let expressions = self.graph.extra(key).map(|it| it.expressions.clone()).unwrap_or_default();
        let Some(row) = self.graph.row(key).cloned() else { return Ok(()) };
        let mut rows = vec![self.part_row(class, part, &row)?];
        for (attribute, expression) in expressions {
            if let Some(&(_, column)) = part.columns.iter().find(|it| it.0 == attribute) {
                let value = self.compute(expression)?;
                edit(&mut rows[0]).set(column, value)?;
            }
        }
        let prepared = self.connection.prepare(InsertRows { table: part.table.clone() }.into())?;
        self.connection.run(&prepared, Input::Rows(&mut rows))?;
        for &(attribute, column) in &part.columns {
            let value = rows[0].get(column).to_value();
            self.write_cells(key, &[attribute], vec![value], undo)?;
        }
        Ok(())
    }

    /// The value of an expression that reads no column.
    fn compute(&self, expression: Expr<Leaf>) -> Result<Value> {
        Ok(expression.evaluate(&Nothing)?.into_value())
    }

    /// The row that an object has in one of its tables.
    pub(in crate::object) fn part_row(&self, class: &ClassModel, part: &ClassPart, row: &Row) -> Result<Row> {
        if class.is_simple() {
            return Ok(row.duplicate());
        }
        let table = self.connection.schema().table_named(&part.table)?;
        let mut own = table.prototype.duplicate();
        for column in table.column_ids() {
            let given = part.columns.iter().find(|it| it.1 == column);
            let value = match (given, &table.column(column).default) {
                (Some(&(attribute, _)), _) => row.get(attribute).to_value(),
                (None, Some(default)) if !matches!(default, DefaultValue::Sequence(_)) => default.at_rest()?,
                (None, _) => Value::Null,
            };
            edit(&mut own).set(column, value)?;
        }
        Ok(own)
    }

    /// The default of a column that was never given.
    pub(in crate::object) fn default_of(&self, class: &ClassModel, attribute: ColumnId) -> Result<Option<Value>> {
        for part in class.parts.iter().rev() {
            let Some(&(_, column)) = part.columns.iter().find(|it| it.0 == attribute) else { continue };
            let table = self.connection.schema().table_named(&part.table)?;
            return match &table.column(column).default {
                None | Some(DefaultValue::Sequence(_)) => Ok(None),
                Some(default) => Ok(Some(default.at_rest()?)),
            };
        }
        Ok(None)
    }

    /// The keys of owners whose association rows follow, as the tables hold them before the flush.
    pub(super) fn keys_before(&self, plan: &FlushPlan) -> FxHashMap<(ObjectKey, RelationId), Vec<Value>> {
        let mut before = FxHashMap::default();
        for step in &plan.steps {
            let Work::Reassociate { class, relation, pairs } = &step.work else { continue };
            let Join::Through { own_columns, .. } = &self.graph.model.relation(*class, *relation).join else {
                continue;
            };
            for (owner, _) in pairs {
                if let Some(values) = self.stored(*owner, own_columns) {
                    before.insert((*owner, *relation), values);
                }
            }
        }
        before
    }

    /// Lets an association row follow the key of its owner.
    pub(super) fn reassociate(
        &mut self,
        class: ClassId,
        relation: RelationId,
        (owner, member): (ObjectKey, ObjectKey),
        before: &FxHashMap<(ObjectKey, RelationId), Vec<Value>>,
    ) -> Result<()> {
        let model = self.graph.model.clone();
        let Join::Through { table, own, other, own_columns, target_columns, .. } =
            &model.relation(class, relation).join
        else {
            return Ok(());
        };
        let Some(before) = before.get(&(owner, relation)).cloned() else { return Ok(()) };
        let now = self.scalars(owner, own_columns)?;
        let keys = [before, self.scalars(member, target_columns)?].concat();
        let mut update = Update::table(table.clone());
        update.set = own.iter().cloned().zip(now.into_iter().map(Expr::Value)).collect();
        let names = own.iter().chain(other);
        update.filter = names
            .zip(&keys)
            .map(|(name, value)| column_of(name).eq(Expr::Value(value.clone())))
            .reduce(|all, one| all.and(one));
        self.run_on_one(update.into(), table, &keys)
    }

    /// Gives the columns of an association row that belong to neither side their defaults.
    pub(super) fn fill_association(&self, table: &Name, layout: &ThroughLayout, cells: &mut [Value]) -> Result<()> {
        if layout.width == layout.own.len() + layout.other.len() {
            return Ok(());
        }
        let table = self.connection.schema().table_named(table)?;
        for column in table.column_ids().filter(|it| !layout.own.contains(it) && !layout.other.contains(it)) {
            match &table.column(column).default {
                None | Some(DefaultValue::Sequence(_)) => {}
                Some(default) => cells[column.index()] = default.at_rest()?,
            }
        }
        Ok(())
    }

    /// Writes changed columns of objects of one class, and lets the objects hold what was written.
    pub(super) fn write_updates(
        &mut self,
        class: &ClassModel,
        columns: &[ColumnId],
        objects: &[ObjectKey],
        plan: &FlushPlan,
    ) -> Result<()> {
        let simple = class.is_simple() && class.version_column.is_none() && plan.switches.is_empty();
        let apart = |it: &ObjectKey| self.graph.objects[*it].is_special() || plan.apart.contains(it);
        if !simple || objects.iter().any(apart) {
            return objects.iter().try_for_each(|it| self.update_one(*it, class, columns, plan));
        }
        let mut changes = Vec::with_capacity(objects.len());
        for &key in objects {
            self.graph.keep_original(key);
            let Some(own) = self.graph.own_mut(key) else { continue };
            // The row stays: others may refer to it.
            let (Some(after), Some(before)) = (own.row.clone(), own.original.clone()) else { continue };
            changes.push(RowChange { before, after });
        }
        let statement = UpdateRows { table: class.table.clone(), columns: class.names(columns) };
        let prepared = self.connection.prepare(statement.into())?;
        let computes = self.connection.schema().table_named(&class.table).is_ok_and(|it| !it.generated.is_empty());
        self.connection.run(&prepared, Input::Changes(&mut changes))?;
        for (&key, change) in objects.iter().zip(changes) {
            if let Some(own) = self.graph.own_mut(key) {
                own.original = None;
                if computes {
                    own.row = Some(change.after);
                }
            }
        }
        Ok(())
    }

    /// Updates one object, table by table, by its key and its version.
    fn update_one(&mut self, key: ObjectKey, class: &ClassModel, columns: &[ColumnId], plan: &FlushPlan) -> Result<()> {
        if let Some(column) = class.version_column.filter(|it| !self.graph.has_column(key, *it)) {
            self.column(key, column)?;
        }
        let Some(row) = self.graph.row(key).cloned() else { return Ok(()) };
        let identity = match plan.switches.before(key) {
            Some(before) => self.graph.identity(before),
            // One that this flush has inserted is known by its key when the flush has gone through.
            None => self.graph.identity(key).or_else(|| Identity::of(&*row, &class.key)),
        };
        let Some(identity) = identity.map(|it| it.to_values()) else { return Ok(()) };
        let extra = self.graph.extra(key).cloned().unwrap_or_default();
        let version = class.version_column.map(|column| (column, self.version_of(key, column, plan)));
        let now = |(attribute, before): (&ColumnId, &Value)| match columns.contains(attribute) {
            true => row.get(*attribute).to_value(),
            false => before.clone(),
        };
        let now: Vec<Value> = class.key.iter().zip(&identity).map(now).collect();
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
            let counted = version.as_ref().filter(|it| part.columns.iter().any(|own| own.0 == it.0));
            let mut filter = self.by_key(class, part, if follows { &now } else { &identity })?;
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
            self.run_on_one(update.into(), &part.table, &identity)?;
        }
        self.settle_update(key, class, (columns, version), plan)
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
        if let Some(own) = self.graph.own_mut(key) {
            match (&own.row, own.original.as_mut().filter(|_| apart)) {
                (Some(row), Some(original)) => {
                    for &column in columns {
                        edit(original).set(column, row.get(column).to_value())?;
                    }
                }
                _ => own.original = None,
            }
        }
        let switched = plan.switches.before(key).is_some();
        let is_done = |column: ColumnId| !apart || columns.contains(&column);
        self.graph.with_extra(key, |it| {
            let (done, left): (Vec<_>, Vec<_>) = it.expressions.drain(..).partition(|it| is_done(it.0));
            it.expressions = left;
            it.expired.extend(done.into_iter().map(|it| it.0));
            let (unset, left): (Vec<_>, Vec<_>) = it.unset.drain(..).partition(|it| is_done(*it));
            it.unset = left;
            if switched {
                // The row that was taken over holds something there.
                it.expired.extend(unset);
            }
            it.unread.retain(|it| !is_done(*it));
        });
        let loaded: Vec<ColumnId> = class.computed.iter().filter_map(|it| it.column).collect();
        self.expire_columns(key, &loaded);
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

    /// The version that an object's row is to have before it is written.
    pub(super) fn version_of(&self, key: ObjectKey, column: ColumnId, plan: &FlushPlan) -> Value {
        let of = plan.switches.before(key).unwrap_or(key);
        self.stored(of, &[column]).and_then(|it| it.into_iter().next()).unwrap_or(Value::Null)
    }

    /// Deletes the rows of one object, those of its class before those of its bases.
    pub(super) fn delete_by_parts(&mut self, key: ObjectKey, class: &ClassModel) -> Result<()> {
        let Some(identity) = self.graph.identity(key).map(|it| it.to_values()) else { return Ok(()) };
        if let Some(column) = class.version_column {
            // It is read before any of the rows has gone.
            self.column(key, column)?;
        }
        for part in class.parts.iter().rev() {
            let versioned = class.version_column.filter(|it| part.columns.iter().any(|own| own.0 == *it));
            let Some(column) = versioned else {
                let statement = DeleteRows { table: part.table.clone(), columns: self.part_key(class, part)? };
                let prepared = self.connection.prepare(statement.into())?;
                self.connection.run(&prepared, Input::Keys(&identity))?;
                continue;
            };
            let before = self.scalars(key, &[column])?.into_iter().next().unwrap_or(Value::Null);
            let before = self.stored(key, &[column]).and_then(|it| it.into_iter().next()).unwrap_or(before);
            let name = self.part_column(part, column)?;
            let filter = self.by_key(class, part, &identity)?.and(column_of(&name).eq(Expr::Value(before)));
            let mut delete = Delete::from(part.table.clone());
            delete.filter = Some(filter);
            self.run_on_one(delete.into(), &part.table, &identity)?;
        }
        Ok(())
    }

    /// Runs a statement that is to change one row.
    pub(super) fn run_on_one(&mut self, statement: Statement, table: &Name, identity: &[Value]) -> Result<()> {
        let prepared = self.connection.prepare(statement)?;
        if self.connection.run(&prepared, Input::Values(&[]))?.count == 0 {
            return Err(Misuse::Stale { row: RowFact { table: table.to_string(), key: identity.to_vec() } }.into());
        }
        Ok(())
    }

    pub(super) fn column_name(&self, part: &ClassPart, column: ColumnId) -> Result<Name> {
        Ok(self.connection.schema().table_named(&part.table)?.column(column).name.clone().into())
    }

    pub(super) fn part_column(&self, part: &ClassPart, attribute: ColumnId) -> Result<Name> {
        match part.columns.iter().find(|it| it.0 == attribute) {
            Some(&(_, column)) => self.column_name(part, column),
            None => {
                Err(Misuse::UnknownName { what: "column", name: part.table.to_string(), hint: String::new() }.into())
            }
        }
    }

    /// The columns of a table that hold an object's key, in its order.
    pub(in crate::object) fn part_key(&self, class: &ClassModel, part: &ClassPart) -> Result<Vec<Name>> {
        class.key.iter().map(|&it| self.part_column(part, it)).collect()
    }

    pub(super) fn by_key(&self, class: &ClassModel, part: &ClassPart, identity: &[Value]) -> Result<Expr<Leaf>> {
        let mut filter: Option<Expr<Leaf>> = None;
        for (name, value) in self.part_key(class, part)?.iter().zip(identity) {
            let one = column_of(name).eq(Expr::Value(value.clone()));
            filter = Some(match filter {
                Some(all) => all.and(one),
                None => one,
            });
        }
        filter.ok_or_else(|| Misuse::NoKey { table: part.table.to_string() }.into())
    }
}

fn column_of(name: &Name) -> Expr<Leaf> {
    crate::query::col(name.clone())
}

/// Where an expression of an insert is computed: there is no row to read.
struct Nothing;

impl Environment<Leaf> for Nothing {
    fn leaf<'a>(&'a self, _: &'a Leaf) -> Result<Scalar<'a>> {
        let reason = "the expression of a new object reads a column: there is no row yet".to_owned();
        Err(Misuse::Statement { reason }.into())
    }
}
