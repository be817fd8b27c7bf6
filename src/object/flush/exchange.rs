//! Rows that exchange unique values: in each of their tables one statement changes all of them, since unique keys are
//! judged when it ends.
//!
//! Rows of one class that stand in one table as they are, and of which the same is written, go the way of any update. Others
//! are of several classes, stand in several tables, write different columns, or are not known whole; the rows are read
//! first, so that each keeps what its object does not write.

use rustc_hash::FxHashMap;

use super::apply::{ByObject, Undo};
use super::updates::{Written, stale};
use super::{FlushPlan, When};
use crate::error::Result;
use crate::expr::Expr;
use crate::id::{ColumnId, TableId};
use crate::object::model::ClassPart;
use crate::object::reference::ObjectKey;
use crate::object::session::Core;
use crate::query::{Input, Leaf, RowChange, Select, Update, UpdateRows};
use crate::record::{Row, edit, project};
use crate::schema::Name;
use crate::value::Value;

impl Core {
    /// Carries an exchange out.
    pub(super) fn apply_exchange(
        &mut self,
        rows: &[(ObjectKey, Vec<ColumnId>)],
        (assigned, plan): (&ByObject<'_>, &FlushPlan),
        undo: &mut Undo,
    ) -> Result<()> {
        let model = self.graph.model.clone();
        for (key, columns) in rows {
            self.take_assigned(*key, (columns, When::Row), assigned, undo)?;
        }
        let class_of = |core: &Core, key: ObjectKey| model.class(core.graph.objects[key].class);
        let class = class_of(self, rows[0].0);
        let plain = |it: &(ObjectKey, Vec<ColumnId>)| {
            class_of(self, it.0).id == class.id && !self.graph.objects[it.0].is_special() && !plan.apart.contains(&it.0)
        };
        // What only some of them write is not known of the others: their rows may hold something else by now.
        let alike = rows.iter().all(|it| it.1 == rows[0].1);
        if class.is_simple() && plan.switches.is_empty() && alike && rows.iter().all(plain) {
            let objects: Vec<ObjectKey> = rows.iter().map(|it| it.0).collect();
            return self.write_updates(class, &rows[0].1, &objects, plan);
        }
        let mut all = Vec::with_capacity(rows.len());
        for (key, columns) in rows {
            all.extend(self.written(*key, class_of(self, *key), columns, plan)?);
        }
        let deepest = all.iter().map(|it| it.class.parts.len()).max().unwrap_or_default();
        let mut tables: Vec<TableId> = Vec::new();
        for part in (0..deepest).flat_map(|depth| all.iter().filter_map(move |it| it.class.parts.get(depth))) {
            if !tables.contains(&part.table_id) {
                tables.push(part.table_id);
            }
        }
        for table in tables {
            self.exchange_in(table, &all)?;
        }
        all.into_iter().try_for_each(|it| self.settle_update(it.object, it.class, (it.columns, it.version), plan))
    }

    /// Changes the rows that stand in one table.
    fn exchange_in(&mut self, table: TableId, all: &[Written<'_>]) -> Result<()> {
        let schema = self.connection.schema().clone();
        let declared = schema.table(table);
        let (mut columns, mut changes, mut changed): (Vec<ColumnId>, _, _) = (Vec::new(), Vec::new(), Vec::new());
        let mut found = self.rows_to_exchange(table, all)?;
        for it in all {
            let Some((depth, part)) = it.part(table) else { continue };
            let follows = depth > 0 && self.follows_key(part);
            let key = if follows { &it.after } else { &it.before };
            let Some(before) = found.remove(key) else { return Err(stale(declared, it)) };
            let mut set = self.plain_values(it, part, follows);
            let counted = it.version.as_ref().and_then(|(attribute, value)| {
                part.columns.iter().find(|own| own.0 == *attribute).map(|own| (*attribute, own.1, value))
            });
            if let Some((attribute, column, version)) = counted {
                if before.get(column) != version.as_ref() {
                    return Err(stale(declared, it));
                }
                set.retain(|it| it.0 != column);
                set.push((column, Value::Int(self.next_version(it.object, attribute, version))));
            }
            if set.is_empty() {
                continue;
            }
            let mut after = before.duplicate();
            for (column, value) in set {
                columns.push(column);
                edit(&mut after).set(column, value)?;
            }
            changes.push(RowChange { before, after });
            changed.push((it.object, part));
        }
        if changes.is_empty() {
            return Ok(());
        }
        columns.sort_unstable();
        columns.dedup();
        let names = declared.names(&columns).into_iter().map(Name::from).collect();
        let statement = UpdateRows { table: declared.name.clone().into(), columns: names, expected: Vec::new() };
        let prepared = self.connection.prepare(statement.into())?;
        self.change(&prepared, Input::Changes(&mut changes))?;
        for ((object, part), change) in changed.into_iter().zip(changes) {
            self.take_generated(object, part, declared, &change.after)?;
        }
        Ok(())
    }

    /// What an object writes to one of its tables, but for what the table computes.
    fn plain_values(&self, it: &Written<'_>, part: &ClassPart, follows: bool) -> Vec<(ColumnId, Value)> {
        let extra = self.graph.extra(it.object);
        let mut set = Vec::new();
        for &(attribute, column) in part.columns.iter().filter(|own| it.columns.contains(&own.0)) {
            let computed = extra.is_some_and(|extra| extra.expressions.iter().any(|own| own.0 == attribute));
            if computed || follows && part.key.iter().any(|own| own.1 == column) {
                continue;
            }
            let unset = extra.is_some_and(|extra| extra.unset.contains(&attribute));
            let value = self.graph.row(it.object).filter(|_| !unset).map(|row| row.get(attribute).to_value());
            set.push((column, value.unwrap_or(Value::Null)));
        }
        set
    }

    /// The rows of one table as they are, by their keys. What an object lets the table compute is computed before.
    fn rows_to_exchange(&mut self, table: TableId, all: &[Written<'_>]) -> Result<FxHashMap<Vec<Value>, Row>> {
        let schema = self.connection.schema().clone();
        let (mut keys, mut names) = (Vec::new(), Vec::new());
        for it in all {
            let Some((depth, part)) = it.part(table) else { continue };
            let key = if depth > 0 && self.follows_key(part) { &it.after } else { &it.before };
            self.compute_apart(it, part, key)?;
            keys.extend_from_slice(key);
            names = self.part_key(it.class, part)?;
        }
        let columns: Result<Vec<ColumnId>> = names.iter().map(|it| schema.table(table).column_named(it)).collect();
        let columns = columns?;
        let select = Select::from(schema.table(table).name.clone()).by_keys(names);
        let prepared = self.connection.prepare(select.into())?;
        let rows = self.connection.run(&prepared, Input::Keys(&keys))?.rows;
        Ok(rows.into_rows().map(|row| (project(&*row, &columns), row)).collect())
    }

    /// Lets a table compute what an object gives as expressions.
    fn compute_apart(&mut self, it: &Written<'_>, part: &ClassPart, key: &[Value]) -> Result<()> {
        let expressions = self.graph.extra(it.object).map(|it| it.expressions.clone()).unwrap_or_default();
        let mut set: Vec<(Name, Expr<Leaf>)> = Vec::new();
        for (attribute, expression) in expressions.into_iter().filter(|own| it.columns.contains(&own.0)) {
            if part.columns.iter().any(|own| own.0 == attribute) {
                set.push((self.part_column(part, attribute)?, expression));
            }
        }
        if set.is_empty() {
            return Ok(());
        }
        let mut update = Update::table(part.table.clone());
        (update.set, update.filter) = (set, Some(self.by_key(it.class, part, key)?));
        self.run_on_one(update.into(), &part.table, &it.before)
    }
}
