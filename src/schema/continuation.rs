//! What a schema takes over from another one, table by table and column by column.

use std::any::Any;

use super::built::{CheckSchema, ReferenceSchema, Schema, TableSchema};
use super::index::{IndexSchema, Part};
use crate::expr::Expr;
use crate::id::{ColumnId, IndexId, TableId};

/// How one schema continues another: tables and columns by their names, or by the names that they say they had.
#[derive(Debug)]
pub struct Continuation<'a> {
    /// The schema that is continued.
    pub before: &'a Schema,
    /// The schema that continues it.
    pub after: &'a Schema,
    tables: Vec<Option<TableId>>,
    columns: Vec<Vec<Option<ColumnId>>>,
}

impl<'a> Continuation<'a> {
    /// Compares two schemas.
    pub fn of(before: &'a Schema, after: &'a Schema) -> Self {
        let mut tables = Vec::with_capacity(after.tables.len());
        let mut columns = Vec::with_capacity(after.tables.len());
        for (table, declared) in after.tables.iter().zip(&after.declared) {
            let old = before.by_name.get(&**declared.renamed_from.as_ref().unwrap_or(&declared.name)).copied();
            let found = old.map(|it| before.table(it));
            tables.push(old);
            let continued = |at: usize| {
                let column = &declared.columns[at];
                let name = &**column.renamed_from.as_ref().unwrap_or(&column.name);
                let columns = &found?.columns;
                let in_place = columns.get(at).filter(|it| it.name == name).map(|_| at);
                in_place.or_else(|| columns.iter().position(|it| it.name == name)).map(|it| ColumnId(it as u16))
            };
            columns.push((0..table.columns.len()).map(continued).collect());
        }
        Continuation { before, after, tables, columns }
    }

    /// The table that one of the new schema continues.
    pub fn table(&self, table: TableId) -> Option<&'a TableSchema> {
        self.tables[table.index()].map(|it| self.before.table(it))
    }

    /// For each column of a table of the new schema, the one that it continues.
    pub fn columns(&self, table: TableId) -> &[Option<ColumnId>] {
        &self.columns[table.index()]
    }

    /// Whether the rows of a table serve as they are: the same columns in the same places, and records of one Rust type.
    pub fn keeps_rows(&self, table: TableId) -> bool {
        let Some(old) = self.table(table) else { return false };
        let new = self.after.table(table);
        let columns = self.columns(table);
        let in_place = columns.iter().enumerate().all(|(at, it)| *it == Some(ColumnId(at as u16)));
        let same_values = || new.column_ids().all(|it| self.continued(table, it).is_some());
        let same_type = || Any::type_id(&*old.prototype) == Any::type_id(&*new.prototype);
        columns.len() == old.columns.len() && in_place && same_values() && same_type()
    }

    /// The index of the old table that holds the same keys, whether or not it forbids the same.
    pub fn index(&self, table: TableId, index: &IndexSchema) -> Option<IndexId> {
        let old = self.table(table)?;
        let part = |it: &Part| match it {
            Part::Column(column) => self.continued(table, *column).map(Part::Column),
            Part::Expression(it) => self.read_before(table, it).map(Part::Expression),
        };
        let parts = index.parts.iter().map(part).collect::<Option<Vec<Part>>>()?;
        let predicate = match &index.predicate {
            Some(it) => Some(self.read_before(table, it)?),
            None => None,
        };
        let same = |it: &IndexSchema| it.parts == parts && it.predicate == predicate;
        // One that forbids the same comes first.
        let all = || old.indexes.iter().enumerate().filter(|(_, it)| same(it));
        let found = all().find(|(_, it)| it.is_unique() || !index.is_unique()).or_else(|| all().next());
        found.map(|(position, _)| IndexId(position as u16))
    }

    /// Whether an old index forbade all that the new one forbids.
    pub fn forbade(&self, table: TableId, old: IndexId, index: &IndexSchema) -> bool {
        !index.is_unique() || self.table(table).is_some_and(|it| it.index(old).is_unique())
    }

    /// Whether each row of the old table satisfies a condition, because the old table had it.
    pub fn checked(&self, table: TableId, check: &CheckSchema) -> bool {
        let Some(old) = self.table(table) else { return true };
        let before = self.read_before(table, &check.condition);
        before.is_some_and(|condition| old.checks.iter().any(|it| it.condition == condition))
    }

    /// Whether a column is new, or accepts less than the one that it continues.
    pub fn narrows(&self, table: TableId, column: ColumnId) -> bool {
        let (Some(old), new) = (self.table(table), self.after.table(table).column(column)) else { return false };
        match self.columns(table)[column.index()] {
            None => true,
            Some(_) if self.continued(table, column).is_none() => true,
            Some(it) => old.column(it).nullable && !new.nullable,
        }
    }

    /// The column of the old table that a column continues with the same values: of the same kind, and computed in the
    /// same way where the new one is computed.
    fn continued(&self, table: TableId, column: ColumnId) -> Option<ColumnId> {
        let before = self.columns(table)[column.index()]?;
        let (old, new) = (self.table(table)?.column(before), self.after.table(table).column(column));
        let computed = || match (&old.generated, &new.generated) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(old), Some(new)) => self.read_before(table, &new.expression).as_ref() == Some(&old.expression),
        };
        (old.kind == new.kind && old.storage == new.storage && computed()).then_some(before)
    }

    /// An expression of the new table as one of the old table that gives the same.
    fn read_before(&self, table: TableId, expression: &Expr<ColumnId>) -> Option<Expr<ColumnId>> {
        expression.try_map(&mut |column: &ColumnId| self.continued(table, *column).map(Expr::Leaf).ok_or(())).ok()
    }

    /// Whether each row of the old table satisfies a foreign key, because the old schema had it.
    pub fn referred(&self, reference: &ReferenceSchema) -> bool {
        let (Some(table), Some(target)) = (self.table(reference.table), self.table(reference.target)) else {
            return self.table(reference.table).is_none();
        };
        table.outbound.iter().map(|&it| self.before.reference(it)).any(|old| {
            old.target == target.id
                && self.continue_all(reference.table, &reference.columns, &old.columns)
                && self.continue_all(reference.target, &reference.target_columns, &old.target_columns)
        })
    }

    /// Whether columns of the new table continue these of the old one, in order and kind.
    fn continue_all(&self, table: TableId, new: &[ColumnId], old: &[ColumnId]) -> bool {
        new.len() == old.len() && new.iter().zip(old).all(|(new, old)| self.continued(table, *new) == Some(*old))
    }
}
