//! Rows of association tables: those that come, those that go, and those that follow the keys of their owners and members.
//!
//! Which key such a row holds while a flush goes on is that of its object's row, where the foreign key lets it follow;
//! else the one before, until the flush has it follow.

use rustc_hash::FxHashMap;

use super::rows::column_of;
use super::{FlushPlan, Work};
use crate::error::{Misuse, Result, RowFact};
use crate::expr::{Expr, Expression};
use crate::id::{ClassId, ColumnId, RelationId};
use crate::object::model::{Join, RelationModel, ThroughLayout};
use crate::object::reference::ObjectKey;
use crate::object::session::Core;
use crate::query::{DeleteRows, Input, InsertRows, RowChange, Update, UpdateRows};
use crate::record::{Row, Tuple, edit};
use crate::schema::{Action, DefaultValue, Name};
use crate::value::Value;

/// What objects held before the flush in columns to which association rows refer.
type KeysBefore = FxHashMap<(ObjectKey, Vec<ColumnId>), Vec<Value>>;

impl Core {
    /// Writes rows for pairs of objects.
    pub(super) fn associate(
        &mut self,
        class: ClassId,
        relation: RelationId,
        pairs: &[(ObjectKey, ObjectKey)],
    ) -> Result<()> {
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
            self.fill_association(table, layout, &mut cells)?;
            rows.push(Tuple::new(cells).into_row());
        }
        let prepared = self.connection.prepare(InsertRows { table: table.clone() }.into())?;
        self.graph.holdings.note_change();
        self.connection.run(&prepared, Input::Rows(&mut rows)).map(drop)
    }

    /// Removes the rows of pairs of objects.
    pub(super) fn dissociate(
        &mut self,
        class: ClassId,
        relation: RelationId,
        pairs: &[(ObjectKey, ObjectKey)],
    ) -> Result<()> {
        let model = self.graph.model.clone();
        let Join::Through { table, own, other, own_columns, target_columns, .. } =
            &model.relation(class, relation).join
        else {
            return Ok(());
        };
        let mut keys = Vec::new();
        for &(owner, member) in pairs {
            keys.extend(self.held(owner, own_columns)?);
            keys.extend(self.held(member, target_columns)?);
        }
        let columns = own.iter().chain(other).cloned().collect();
        let prepared = self.connection.prepare(DeleteRows { table: table.clone(), columns }.into())?;
        self.graph.holdings.note_change();
        let count = self.connection.run(&prepared, Input::Keys(&keys))?.count;
        if !self.graph.is_sound() && count != pairs.len() as u64 {
            return Err(Misuse::Stale { row: RowFact { table: table.to_string(), key: keys } }.into());
        }
        Ok(())
    }

    /// What the tables hold of an object in columns to which others refer. SQLAlchemy takes what the object holds.
    pub(super) fn held(&mut self, key: ObjectKey, columns: &[ColumnId]) -> Result<Vec<Value>> {
        match self.stored(key, columns).filter(|_| self.graph.is_sound()) {
            Some(values) => Ok(values),
            None => self.scalars(key, columns),
        }
    }

    /// The keys of objects whose association rows follow, as the tables hold them before the flush.
    pub(super) fn keys_before(&self, plan: &FlushPlan) -> KeysBefore {
        let mut before = KeysBefore::default();
        for step in &plan.steps {
            let Work::Reassociate { class, relation, pairs } = &step.work else { continue };
            let Join::Through { own_columns, target_columns, .. } = &self.graph.model.relation(*class, *relation).join
            else {
                continue;
            };
            for &(owner, member) in pairs {
                for (key, columns) in [(owner, own_columns), (member, target_columns)] {
                    if let Some(values) = self.stored(key, columns) {
                        before.insert((key, columns.clone()), values);
                    }
                }
            }
        }
        before
    }

    /// Lets association rows follow the keys of their owners, and those of their members: together where their table has
    /// a primary key of both, since rows may exchange these, else one by one, as SQLAlchemy does with the owners' keys.
    pub(super) fn reassociate(
        &mut self,
        class: ClassId,
        relation: RelationId,
        pairs: &[(ObjectKey, ObjectKey)],
        before: &KeysBefore,
    ) -> Result<()> {
        let model = self.graph.model.clone();
        let declared = model.relation(class, relation);
        let Join::Through { table, own, other, layout, .. } = &declared.join else { return Ok(()) };
        let schema = self.connection.schema().clone();
        let between = schema.table_named(table)?;
        let sides = [&*layout.own, &*layout.other].concat();
        let names: Vec<Name> = own.iter().chain(other).cloned().collect();
        let by_key = between.primary_key().is_some_and(|key| key.columns.iter().all(|it| sides.contains(it)));
        let mut changes = Vec::with_capacity(pairs.len());
        for &pair in pairs {
            let (from, to) = self.key_of_pair(declared, pair, before)?;
            if !self.graph.is_sound() {
                self.reassociate_one(table, &names, from, to[..own.len()].to_vec())?;
                continue;
            }
            if from == to {
                continue;
            }
            if !by_key {
                self.reassociate_one(table, &names, from, to)?;
                continue;
            }
            let mut row = RowChange { before: between.prototype.duplicate(), after: between.prototype.duplicate() };
            for ((&column, from), to) in sides.iter().zip(from).zip(to) {
                edit(&mut row.before).set(column, from)?;
                edit(&mut row.after).set(column, to)?;
            }
            changes.push(row);
        }
        if changes.is_empty() {
            return Ok(());
        }
        let prepared =
            self.connection.prepare(UpdateRows { table: table.clone(), columns: names, expected: vec![] }.into())?;
        self.graph.holdings.note_change();
        self.connection.run(&prepared, Input::Changes(&mut changes)).map(drop)
    }

    /// What the association row of a pair holds, and what it is to hold.
    fn key_of_pair(
        &mut self,
        relation: &RelationModel,
        (owner, member): (ObjectKey, ObjectKey),
        before: &KeysBefore,
    ) -> Result<(Vec<Value>, Vec<Value>)> {
        let Join::Through { table, own_columns, target_columns, layout, .. } = &relation.join else {
            return Ok((Vec::new(), Vec::new()));
        };
        let schema = self.connection.schema().clone();
        let outbound = schema.table_named(table)?.outbound.iter().map(|it| schema.reference(*it));
        let (mut from, mut to) = (Vec::new(), Vec::new());
        for (key, columns, own) in [(owner, own_columns, &layout.own), (member, target_columns, &layout.other)] {
            let now = self.scalars(key, columns)?;
            let told = self.graph.is_sound() || key == owner;
            let follows = outbound.clone().any(|it| it.columns == *own && it.on_update == Action::Cascade);
            let held = before.get(&(key, columns.clone())).filter(|_| told && !(self.graph.is_sound() && follows));
            from.extend(held.cloned().unwrap_or_else(|| now.clone()));
            to.extend(now);
        }
        Ok((from, to))
    }

    fn reassociate_one(&mut self, table: &Name, names: &[Name], from: Vec<Value>, to: Vec<Value>) -> Result<()> {
        let mut update = Update::table(table.clone());
        update.set = names.iter().cloned().zip(to.into_iter().map(Expr::Value)).collect();
        let is = |(name, value): (&Name, &Value)| column_of(name).eq(Expr::Value(value.clone()));
        update.filter = names.iter().zip(&from).map(is).reduce(|all, one| all.and(one));
        self.run_on_one(update.into(), table, &from)
    }

    /// Gives the columns of an association row that belong to neither side their defaults.
    fn fill_association(&self, table: &Name, layout: &ThroughLayout, cells: &mut [Value]) -> Result<()> {
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
}
