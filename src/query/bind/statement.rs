//! Statements: what is read, what is written.

use super::select::Shape;
use super::{Binder, Columns, Scope, unsupported};
use crate::error::{Misuse, Result};
use crate::expr::Expr;
use crate::id::ColumnId;
use crate::query::choose::{Source, choose};
use crate::query::leaf::Leaf;
use crate::query::plan::{Access, Level, Origin, Plan};
use crate::query::select::JoinKind;
use crate::query::statement::{InsertValues, Statement};
use crate::schema::{Name, Schema, TableSchema};
use crate::store::Image;

/// Binds a statement against a schema; the image tells how many rows there are to choose by.
pub(in crate::query) fn bind(schema: &Schema, image: &Image, statement: &Statement) -> Result<Plan> {
    let mut binder = Binder::new(schema, image);
    Ok(match statement {
        Statement::Select(select) => Plan::Select(binder.select(select, Shape::Rows)?),
        Statement::Insert(insert) => {
            let table = schema.table_named(&insert.table)?;
            let columns = assignable(table, &insert.columns)?;
            binder.scopes.push(Scope::default());
            let (InsertValues::Rows(given), None, []) = (&insert.values, &insert.on_conflict, &insert.returning[..])
            else {
                return Err(unsupported("an INSERT with a query, ON CONFLICT or RETURNING"));
            };
            let mut rows = Vec::with_capacity(given.len());
            for row in given {
                if row.len() != columns.len() {
                    let reason = format!("{} columns of {} are given {} values", columns.len(), table.name, row.len());
                    return Err(Misuse::Statement { reason }.into());
                }
                rows.push(row.iter().map(|it| binder.expr(it)).collect::<Result<Vec<_>>>()?);
            }
            Plan::Insert { table: table.id, columns, rows }
        }
        Statement::InsertRows(insert) => Plan::InsertRows { table: schema.table_named(&insert.table)?.id },
        Statement::Update(update) => {
            let table = schema.table_named(&update.table)?;
            if !update.joins.is_empty() || !update.returning.is_empty() {
                return Err(unsupported("an UPDATE with joins or RETURNING"));
            }
            let find = binder.find(table, update.filter.as_ref())?;
            let mut set = Vec::with_capacity(update.set.len());
            for (name, value) in &update.set {
                set.push((table.assignable(name)?, binder.expr(value)?));
            }
            Plan::Update { table: table.id, set, find }
        }
        Statement::UpdateRows(update) => {
            let table = schema.table_named(&update.table)?;
            if table.primary_key().is_none() {
                return Err(Misuse::NoKey { table: table.name.clone() }.into());
            }
            Plan::UpdateRows { table: table.id, columns: assignable(table, &update.columns)? }
        }
        Statement::Delete(delete) => {
            let table = schema.table_named(&delete.table)?;
            if !delete.joins.is_empty() || !delete.returning.is_empty() {
                return Err(unsupported("a DELETE with joins or RETURNING"));
            }
            Plan::Delete { table: table.id, find: binder.find(table, delete.filter.as_ref())? }
        }
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
            Plan::DeleteRows { table: table.id, find }
        }
    })
}

/// Columns that a statement gives values.
fn assignable(table: &TableSchema, names: &[Name]) -> Result<Vec<ColumnId>> {
    names.iter().map(|name| table.assignable(name)).collect()
}

pub(super) fn columns_of(table: &TableSchema, names: &[Name]) -> Result<Vec<ColumnId>> {
    names.iter().map(|name| table.column_named(name)).collect()
}

/// Finds rows by keys: through an index over exactly these columns in this order, where there is one.
pub(super) fn keys_access(table: &TableSchema, columns: Vec<ColumnId>) -> Access {
    let index = table.indexes.iter().position(|it| it.is_plain() && it.columns.starts_with(&columns));
    Access::Keys { index: index.map(|it| crate::id::IndexId(it as u16)), columns }
}

impl Binder<'_> {
    /// The access of an UPDATE or DELETE.
    fn find(&mut self, table: &TableSchema, filter: Option<&Expr<Leaf>>) -> Result<Level> {
        self.scopes.push(Scope { sources: vec![Columns::Table(table.id)], ..Scope::default() });
        let filter = match filter {
            Some(it) => self.candidates(it)?,
            None => Vec::new(),
        };
        let source = Source { origin: Origin::Table(table.id), kind: JoinKind::Inner, on: Vec::new(), needs: 0 };
        let (mut levels, _) = choose(self.schema, self.image, vec![source], filter, None, None);
        Ok(levels.remove(0))
    }
}
