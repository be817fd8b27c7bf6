//! Rows of objects that do not stand in one table as they are: their class inherits, counts versions, or leaves columns
//! to the tables to compute.

use rustc_hash::FxHashMap;

use super::apply::Undo;
use crate::error::{Misuse, Result, RowFact};
use crate::expr::{Environment, Expr, Expression, Scalar};
use crate::id::{ColumnId, TableId};
use crate::object::model::{ClassModel, ClassPart};
use crate::object::reference::ObjectKey;
use crate::object::session::Core;
use crate::query::{Delete, DeleteRows, Input, InsertRows, Leaf, Select, Statement};
use crate::record::{Row, edit, project};
use crate::schema::{DefaultValue, Name};
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
                let part = |it: &ObjectKey| {
                    class_of(self, *it).parts.get(depth).filter(|part| part.table_id == table).map(|part| (*it, part))
                };
                let rows: Vec<(ObjectKey, &ClassPart)> = objects.iter().filter_map(part).collect();
                for rows in rows.chunks(if self.graph.is_sound() { usize::MAX } else { 1 }) {
                    self.insert_parts_of(rows, undo)?;
                }
            }
        }
        Ok(())
    }

    /// Inserts the rows of objects in one of their tables.
    fn insert_parts_of(&mut self, objects: &[(ObjectKey, &ClassPart)], undo: &mut Undo) -> Result<()> {
        let model = self.graph.model.clone();
        let (mut rows, mut inserted) = (Vec::with_capacity(objects.len()), Vec::with_capacity(objects.len()));
        for &(key, part) in objects {
            let Some(row) = self.graph.row(key).cloned() else { continue };
            let mut own = self.part_row(model.class(self.graph.objects[key].class), part, &row)?;
            let expressions = self.graph.extra(key).map(|it| it.expressions.clone()).unwrap_or_default();
            for (attribute, expression) in expressions {
                if let Some(&(_, column)) = part.columns.iter().find(|it| it.0 == attribute) {
                    let value = self.compute(expression)?;
                    edit(&mut own).set(column, value)?;
                }
            }
            rows.push(own);
            inserted.push((key, part));
        }
        let Some((_, part)) = inserted.first() else { return Ok(()) };
        let prepared = self.connection.prepare(InsertRows { table: part.table.clone() }.into())?;
        self.graph.holdings.note_change();
        self.connection.run(&prepared, Input::Rows(&mut rows))?;
        for ((key, part), row) in inserted.into_iter().zip(rows) {
            for &(attribute, column) in &part.columns {
                let value = row.get(column).to_value();
                self.write_cells(key, &[attribute], vec![value], undo)?;
            }
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
            // What joins it to the part before is what stands there, whatever the columns are called.
            let given = part.key.iter().chain(&part.columns).find(|it| it.1 == column);
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

    /// Deletes the rows of objects of one class, those of its own table before those of its bases'.
    pub(super) fn delete_by_parts(&mut self, objects: &[ObjectKey], class: &ClassModel) -> Result<()> {
        let mut going: Vec<(Vec<Value>, Value)> = Vec::with_capacity(objects.len());
        if let Some(column) = class.version_column {
            // Of those that are not known, by one statement.
            self.stored_surely(objects, &[column])?;
        }
        for &key in objects {
            let Some(identity) = self.graph.identity(key).map(|it| it.to_values()) else { continue };
            let mut version = Value::Null;
            if let Some(column) = class.version_column {
                // It is read before any of the rows has gone.
                let shown = self.scalars(key, &[column])?;
                let stored = self.stored(key, &[column]).unwrap_or(shown);
                version = stored.into_iter().next().unwrap_or(Value::Null);
            }
            going.push((identity, version));
        }
        let keys: Vec<Value> = going.iter().flat_map(|it| it.0.iter().cloned()).collect();
        for part in class.parts.iter().rev().filter(|_| !going.is_empty()) {
            let columns = self.part_key(class, part)?;
            let counted = class.version_column.and_then(|it| part.columns.iter().find(|own| own.0 == it));
            match (counted, going.as_slice()) {
                (Some(&(_, column)), [(identity, version)]) => {
                    let name = self.column_name(part, column)?;
                    let is_fresh = column_of(&name).eq(Expr::Value(version.clone()));
                    let mut delete = Delete::from(part.table.clone());
                    delete.filter = Some(self.by_key(class, part, identity)?.and(is_fresh));
                    self.run_on_one(delete.into(), &part.table, identity)?;
                    continue;
                }
                (Some(&(_, column)), _) => self.check_fresh(&part.table, (&columns, column), &going)?,
                (None, _) => {}
            }
            let statement = DeleteRows { table: part.table.clone(), columns };
            let prepared = self.connection.prepare(statement.into())?;
            self.change(&prepared, Input::Keys(&keys))?;
        }
        Ok(())
    }

    /// Refuses the first of these rows that is gone or holds another version.
    fn check_fresh(
        &mut self,
        table: &Name,
        (key, version): (&[Name], ColumnId),
        going: &[(Vec<Value>, Value)],
    ) -> Result<()> {
        let schema = self.connection.schema().clone();
        let declared = schema.table_named(table)?;
        let columns = key.iter().map(|it| declared.column_named(it)).collect::<Result<Vec<ColumnId>>>()?;
        let keys: Vec<Value> = going.iter().flat_map(|it| it.0.iter().cloned()).collect();
        let prepared = self.connection.prepare(Select::from(table.clone()).by_keys(key.to_vec()).into())?;
        let rows = self.connection.run(&prepared, Input::Keys(&keys))?.rows;
        let there: FxHashMap<Vec<Value>, Value> =
            rows.into_rows().map(|row| (project(&*row, &columns), row.get(version).to_value())).collect();
        let is_stale = |it: &&(Vec<Value>, Value)| it.1.is_null() || there.get(&it.0) != Some(&it.1);
        match going.iter().find(is_stale) {
            Some((key, _)) => Err(Misuse::Stale { row: RowFact { table: table.to_string(), key: key.clone() } }.into()),
            None => Ok(()),
        }
    }

    /// Runs a statement that is to change one row.
    pub(super) fn run_on_one(&mut self, statement: Statement, table: &Name, identity: &[Value]) -> Result<()> {
        let prepared = self.connection.prepare(statement)?;
        if self.change(&prepared, Input::Values(&[]))? == 0 {
            return Err(Misuse::Stale { row: RowFact { table: table.to_string(), key: identity.to_vec() } }.into());
        }
        Ok(())
    }

    pub(super) fn column_name(&self, part: &ClassPart, column: ColumnId) -> Result<Name> {
        Ok(self.connection.schema().table_named(&part.table)?.column(column).name.clone().into())
    }

    pub(super) fn part_column(&self, part: &ClassPart, attribute: ColumnId) -> Result<Name> {
        match part.column_of(attribute) {
            Some(column) => self.column_name(part, column),
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

pub(super) fn column_of(name: &Name) -> Expr<Leaf> {
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
