//! From names to positions: the whole schema is checked, and every mistake reported (S3).

use std::collections::HashMap;

use super::built::{CheckSchema, ColumnSchema, IndexSchema, ReferenceSchema, Schema, TableSchema, Uniqueness};
use super::declare::{Column, ForeignKey, KeyDeclaration, Name, Table};
use crate::error::{Mistake, Result, closest};
use crate::expr::Expr;
use crate::id::{ColumnId, IndexId, ReferenceId, TableId};
use crate::record::{Row, Tuple};
use crate::value::Kind;

/// Collects tables until [`build`](SchemaBuilder::build) checks them together.
#[derive(Default)]
pub struct SchemaBuilder {
    tables: Vec<Table>,
}

impl SchemaBuilder {
    /// Adds a table.
    pub fn table(mut self, table: Table) -> Self {
        self.tables.push(table);
        self
    }

    /// Checks the whole and resolves every name.
    ///
    /// # Errors
    /// [`ErrorKind::Declaration`](crate::error::ErrorKind::Declaration) with every mistake.
    pub fn build(self) -> Result<Schema> {
        let mut mistakes = Vec::new();
        let mut by_name = HashMap::new();
        for (position, table) in self.tables.iter().enumerate() {
            if by_name.insert(table.name.to_string(), TableId(position as u16)).is_some() {
                mistakes.push(Mistake::new(&*table.name, "another table has this name", "rename one of them"));
            }
        }
        let mut schema = Schema { tables: Vec::new(), references: Vec::new(), by_name, attachment: None };
        for (position, table) in self.tables.iter().enumerate() {
            let built = build_table(TableId(position as u16), table, &mut mistakes);
            schema.tables.push(built);
        }
        for (position, table) in self.tables.iter().enumerate() {
            for key in &table.foreign_keys {
                if let Some(reference) = build_reference(&schema, TableId(position as u16), key, &mut mistakes) {
                    add_reference(&mut schema, reference, key.indexed);
                }
            }
        }
        if mistakes.is_empty() { Ok(schema) } else { Err(mistakes.into()) }
    }
}

fn build_table(id: TableId, declared: &Table, mistakes: &mut Vec<Mistake>) -> TableSchema {
    let table = &declared.name;
    if declared.columns.is_empty() {
        mistakes.push(Mistake::new(&**table, "a table needs a column", "add one with `.column(…)`"));
    }
    for (position, column) in declared.columns.iter().enumerate() {
        if declared.columns[..position].iter().any(|it| it.name == column.name) {
            let place = format!("{table}.{}", column.name);
            mistakes.push(Mistake::new(place, "another column has this name", "rename one of them"));
        }
        check_default(table, column, mistakes);
    }
    let primary = columns_of(declared, &declared.primary_key, "primary key", mistakes);
    let columns = declared.columns.iter().enumerate().map(|(position, column)| ColumnSchema {
        name: column.name.to_string(),
        kind: column.kind,
        nullable: column.nullable && !primary.contains(&ColumnId(position as u16)),
        default: column.default.clone(),
    });
    let columns: Vec<ColumnSchema> = columns.collect();
    let auto = build_auto(declared, &primary, &columns, mistakes);
    let mut indexes = Vec::new();
    if !primary.is_empty() {
        let name = format!("{table}_pkey");
        indexes.push(IndexSchema { name, columns: primary, uniqueness: Uniqueness::Primary });
    }
    // Unique keys come before plain indexes, so that a foreign key finds the stronger one first.
    let (unique, plain): (Vec<_>, Vec<_>) = declared.keys.iter().partition(|it| it.unique);
    for key in unique.into_iter().chain(plain) {
        let index = build_index(declared, key, mistakes);
        if !index.columns.is_empty() {
            indexes.push(index);
        }
    }
    let checks = declared.checks.iter().filter_map(|(name, it)| build_check(declared, name, it, mistakes)).collect();
    TableSchema {
        id,
        name: table.to_string(),
        indexes,
        checks,
        outbound: Vec::new(),
        inbound: Vec::new(),
        auto,
        prototype: build_prototype(declared, columns.len(), mistakes),
        columns,
    }
}

fn build_prototype(declared: &Table, width: usize, mistakes: &mut Vec<Mistake>) -> Row {
    match &declared.prototype {
        Some(row) if row.width() == width => row.clone(),
        Some(row) => {
            let problem = format!("its records have {} columns, the table has {width}", row.width());
            mistakes.push(Mistake::new(&*declared.name, problem, "declare one column for each field"));
            row.clone()
        }
        None => Tuple::nulls(width).into_row(),
    }
}

fn check_default(table: &str, column: &Column, mistakes: &mut Vec<Mistake>) {
    let Some(default) = &column.default else { return };
    let fits = match default.kind() {
        None => column.nullable,
        Some(kind) => kind == column.kind,
    };
    if !fits {
        let place = format!("{table}.{}", column.name);
        let advice = format!("give a default of type {}", column.kind);
        mistakes.push(Mistake::new(place, format!("the default {default} does not fit"), advice));
    }
}

fn build_auto(
    declared: &Table,
    primary: &[ColumnId],
    columns: &[ColumnSchema],
    mistakes: &mut Vec<Mistake>,
) -> Option<ColumnId> {
    if !declared.auto {
        return None;
    }
    match primary {
        [only] if columns[only.index()].kind == Kind::Int => Some(*only),
        _ => {
            let advice = "make the primary key a single integer column, or give keys yourself";
            mistakes.push(Mistake::new(&*declared.name, "only a single integer key can fill itself", advice));
            None
        }
    }
}

fn columns_of(table: &Table, names: &[Name], what: &str, mistakes: &mut Vec<Mistake>) -> Vec<ColumnId> {
    let mut found: Vec<ColumnId> = Vec::new();
    for name in names {
        match table.columns.iter().position(|it| it.name == *name) {
            Some(position) if found.contains(&ColumnId(position as u16)) => {
                let place = format!("{}.{name}", table.name);
                mistakes.push(Mistake::new(place, format!("stands twice in a {what}"), "name it once"));
            }
            Some(position) => found.push(ColumnId(position as u16)),
            None => mistakes.push(unknown_column(table, name, what)),
        }
    }
    found
}

fn unknown_column(table: &Table, name: &str, what: &str) -> Mistake {
    let hint = closest(name, table.columns.iter().map(|it| &*it.name));
    Mistake::new(format!("{}.{name}", table.name), format!("a {what} names a column that is not there"), hint)
}

fn build_index(table: &Table, key: &KeyDeclaration, mistakes: &mut Vec<Mistake>) -> IndexSchema {
    let (what, suffix) = if key.unique { ("unique key", "key") } else { ("index", "idx") };
    let columns = columns_of(table, &key.columns, what, mistakes);
    if key.columns.is_empty() {
        mistakes.push(Mistake::new(&*table.name, format!("a {what} without columns"), "name its columns"));
    }
    let name = match &key.name {
        Some(name) => name.to_string(),
        None => format!("{}_{}_{suffix}", table.name, key.columns.join("_")),
    };
    let uniqueness = if key.unique { Uniqueness::Unique } else { Uniqueness::None };
    IndexSchema { name, columns, uniqueness }
}

fn build_check(table: &Table, name: &Name, condition: &Expr<Name>, mistakes: &mut Vec<Mistake>) -> Option<CheckSchema> {
    let mut columns = Vec::new();
    let mut resolve = |column: &Name| {
        let position = table.columns.iter().position(|it| it.name == *column);
        let position = position.ok_or_else(|| unknown_column(table, column, "check"))?;
        columns.push(ColumnId(position as u16));
        Ok(Expr::Leaf(ColumnId(position as u16)))
    };
    match condition.try_map(&mut resolve) {
        Ok(condition) => {
            columns.sort_unstable();
            columns.dedup();
            Some(CheckSchema { name: name.to_string(), condition, columns })
        }
        Err(mistake) => {
            mistakes.push(mistake);
            None
        }
    }
}

fn build_reference(
    schema: &Schema,
    id: TableId,
    key: &ForeignKey,
    mistakes: &mut Vec<Mistake>,
) -> Option<ReferenceSchema> {
    let table = schema.table(id);
    let place = format!("{}({})", table.name, key.columns.join(", "));
    let mut wrong = |problem: String, advice: String| {
        mistakes.push(Mistake::new(place.clone(), problem, advice));
        None
    };
    let Some(target) = schema.by_name.get(&*key.target).map(|&it| schema.table(it)) else {
        let hint = closest(&key.target, schema.tables.iter().map(|it| it.name.as_str()));
        return wrong(format!("refers to a table `{}` that is not there", key.target), hint);
    };
    let resolve = |table: &TableSchema, names: &[Name]| -> Result<Vec<ColumnId>> {
        names.iter().map(|name| table.column_named(name)).collect()
    };
    let columns = match resolve(table, &key.columns) {
        Ok(columns) if !columns.is_empty() => columns,
        Ok(_) => return wrong("a foreign key without columns".into(), "name its columns".into()),
        Err(error) => return wrong(error.to_string(), String::new()),
    };
    let target_columns = match resolve(target, &key.target_columns) {
        Ok(columns) if !columns.is_empty() => columns,
        Ok(_) => match target.primary_key() {
            Some(primary) => primary.columns.clone(),
            None => return wrong(format!("`{}` has no primary key", target.name), "name a unique key of it".into()),
        },
        Err(error) => return wrong(error.to_string(), String::new()),
    };
    if columns.len() != target_columns.len() {
        let problem =
            format!("{} columns cannot refer to {} of `{}`", columns.len(), target_columns.len(), target.name);
        return wrong(problem, "name one column for each".into());
    }
    let Some(target_key) = target.key_over(&target_columns) else {
        let names = target.names(&target_columns).join(", ");
        let advice = format!("declare `.unique([…])` over ({names}) on `{}`", target.name);
        return wrong(format!("({names}) is no key of `{}`", target.name), advice);
    };
    for (&from, &to) in columns.iter().zip(&target_columns) {
        let (from, to) = (table.column(from), target.column(to));
        if from.kind != to.kind {
            let problem = format!("{} is {}, {}.{} is {}", from.name, from.kind, target.name, to.name, to.kind);
            return wrong(problem, "give both the same type".into());
        }
    }
    let name = match &key.name {
        Some(name) => name.to_string(),
        None => format!("{}_{}_fkey", table.name, key.columns.join("_")),
    };
    // In the order of the target's key, so that the referring values probe it as they stand.
    let order = &target.index(target_key).columns;
    let place_of = |column: &ColumnId| target_columns.iter().position(|it| it == column);
    let columns = order.iter().filter_map(place_of).map(|position| columns[position]).collect();
    let target_columns = order.clone();
    Some(ReferenceSchema {
        id: ReferenceId(schema.references.len() as u16),
        name,
        table: id,
        columns,
        target: target.id,
        target_columns,
        target_key,
        on_delete: key.on_delete,
        on_update: key.on_update,
        timing: key.timing,
        index: None,
    })
}

/// Enters a foreign key into both tables and gives it an index, unless one that starts with its columns is there.
fn add_reference(schema: &mut Schema, mut reference: ReferenceSchema, indexed: bool) {
    let name = reference.name.clone();
    schema.tables[reference.target.index()].inbound.push(reference.id);
    let table = &mut schema.tables[reference.table.index()];
    table.outbound.push(reference.id);
    let serving = table.indexes.iter().position(|it| it.columns.starts_with(&reference.columns));
    let position = match serving {
        Some(position) => Some(position),
        None if indexed => {
            let columns = reference.columns.clone();
            table.indexes.push(IndexSchema { name: format!("{name}_idx"), columns, uniqueness: Uniqueness::None });
            Some(table.indexes.len() - 1)
        }
        None => None,
    };
    reference.index = position.map(|it| IndexId(it as u16));
    schema.references.push(reference);
}
