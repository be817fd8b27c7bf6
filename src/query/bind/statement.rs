//! Statements: what is read, what is written.

use std::cell::Cell;

use super::Binder;
use super::select::Shape;
use crate::error::{Misuse, Result};
use crate::id::{ColumnId, IndexId, TableId};
use crate::query::choose::Ground;
use crate::query::plan::{Access, Level, Origin, Plan};
use crate::query::select::JoinKind;
use crate::query::statement::Statement;
use crate::schema::{Name, Schema, TableSchema};
use crate::store::Image;
use crate::value::Value;

/// A statement that has been bound.
pub(in crate::query) struct Bound {
    pub(in crate::query) plan: Plan,
    /// The indexes it reads, but for unique ones.
    pub(in crate::query) indexes: Box<[(TableId, IndexId)]>,
    /// Whether values of parameters have decided between ways.
    pub(in crate::query) by_values: bool,
}

/// Binds a statement against a schema; the image tells how many rows there are to choose by, and for which values of the
/// parameters, if they are known.
pub(in crate::query) fn bind(schema: &Schema, image: &Image, statement: &Statement, values: &[Value]) -> Result<Bound> {
    let by_values = Cell::new(false);
    let mut binder = Binder::new(Ground { schema, image, values, by_values: &by_values });
    let plan = plan(&mut binder, statement)?;
    Ok(Bound { plan, indexes: binder.indexes.into(), by_values: by_values.get() })
}

fn plan(binder: &mut Binder<'_>, statement: &Statement) -> Result<Plan> {
    let schema = binder.schema;
    Ok(match statement {
        Statement::Select(select) => Plan::Select(binder.select(select, Shape::Rows)?),
        Statement::Insert(insert) => binder.insert(insert)?,
        Statement::InsertRows(insert) => Plan::InsertRows { table: schema.table_named(&insert.table)?.id },
        Statement::Update(update) => binder.update(update)?,
        Statement::UpdateRows(update) => {
            let table = schema.table_named(&update.table)?;
            if table.primary_key().is_none() {
                return Err(Misuse::NoKey { table: table.name.clone() }.into());
            }
            let (columns, expected) = (assignable(table, &update.columns)?, columns_of(table, &update.expected)?);
            Plan::UpdateRows { table: table.id, columns, expected }
        }
        Statement::Delete(delete) => binder.delete(delete)?,
        Statement::DeleteRows(delete) => {
            let table = schema.table_named(&delete.table)?;
            let columns = match (columns_of(table, &delete.columns)?, table.primary_key()) {
                (columns, Some(key)) if columns.is_empty() => key.columns.clone(),
                (columns, None) if columns.is_empty() => {
                    return Err(Misuse::NoKey { table: table.name.clone() }.into());
                }
                (columns, _) => columns,
            };
            let access = keys_access(table, columns);
            let origin = Origin::Table(table.id);
            let (kind, on, after) = (JoinKind::Inner, vec![], vec![]);
            let find = Level { source: 0, origin, kind, access, on, after, estimate: 1.0 };
            binder.note_access(&find);
            Plan::DeleteRows { table: table.id, find }
        }
    })
}

/// Columns that a statement gives values.
pub(super) fn assignable(table: &TableSchema, names: &[Name]) -> Result<Vec<ColumnId>> {
    names.iter().map(|name| table.assignable(name)).collect()
}

pub(super) fn columns_of(table: &TableSchema, names: &[Name]) -> Result<Vec<ColumnId>> {
    names.iter().map(|name| table.column_named(name)).collect()
}

/// Finds rows by keys: through an index over exactly these columns in this order, where there is one.
pub(super) fn keys_access(table: &TableSchema, columns: Vec<ColumnId>) -> Access {
    let index = table.indexes.iter().position(|it| it.is_plain() && it.columns.starts_with(&columns));
    Access::Keys { index: index.map(|it| IndexId(it as u16)), columns }
}
