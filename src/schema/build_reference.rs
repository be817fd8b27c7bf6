//! Foreign keys, from names to positions (S2).

use super::built::{ReferenceSchema, TableSchema};
use super::declare::{ForeignKey, Name};
use super::index::{IndexSchema, Part, Uniqueness};
use super::{Action, DefaultValue, Schema, Storage};
use crate::error::{Mistake, Result, closest};
use crate::id::{ColumnId, IndexId, ReferenceId, TableId};

/// Resolves a foreign key and enters it into both tables, or reports what is wrong with it.
pub(super) fn enter(schema: &mut Schema, id: TableId, key: &ForeignKey, mistakes: &mut Vec<Mistake>) {
    match build(schema, id, key) {
        Ok(reference) => add(schema, reference, key.indexed),
        Err((problem, advice)) => {
            let place = format!("{}({})", schema.table(id).name, key.columns.join(", "));
            mistakes.push(Mistake::new(place, problem, advice));
        }
    }
}

/// What is wrong with a foreign key, and what to write instead.
type Wrong = (String, String);

fn build(schema: &Schema, id: TableId, key: &ForeignKey) -> Result<ReferenceSchema, Wrong> {
    let table = schema.table(id);
    let Some(target) = schema.by_name.get(&*key.target).map(|&it| schema.table(it)) else {
        let hint = closest(&key.target, schema.tables.iter().map(|it| it.name.as_str()));
        return Err((format!("refers to a table `{}` that is not there", key.target), hint));
    };
    let columns = match resolve(table, &key.columns)? {
        columns if columns.is_empty() => {
            return Err(("a foreign key without columns".into(), "name its columns".into()));
        }
        columns => columns,
    };
    let target_columns = match (resolve(target, &key.target_columns)?, target.primary_key()) {
        (columns, _) if !columns.is_empty() => columns,
        (_, Some(primary)) => primary.columns.clone(),
        (_, None) => return Err((format!("`{}` has no primary key", target.name), "name a unique key of it".into())),
    };
    if columns.len() != target_columns.len() {
        let problem =
            format!("{} columns cannot refer to {} of `{}`", columns.len(), target_columns.len(), target.name);
        return Err((problem, "name one column for each".into()));
    }
    let target_key = key_over(target, &target_columns)?;
    for (&from, &to) in columns.iter().zip(&target_columns) {
        let (from, to) = (table.column(from), target.column(to));
        if from.kind != to.kind && from.storage == Storage::Strict && to.storage == Storage::Strict {
            let problem = format!("{} is {}, {}.{} is {}", from.name, from.kind, target.name, to.name, to.kind);
            return Err((problem, "give both the same type".into()));
        }
    }
    actions_fit(table, &columns, key)?;
    let name = match &key.name {
        Some(name) => name.to_string(),
        None => format!("{}_{}_fkey", table.name, key.columns.join("_")),
    };
    // In the order of the target's key, so that the referring values probe it as they stand.
    let order = &target.index(target_key).columns;
    let place_of = |column: &ColumnId| target_columns.iter().position(|it| it == column);
    let columns = order.iter().filter_map(place_of).map(|position| columns[position]).collect();
    let target_columns = order.clone();
    Ok(ReferenceSchema {
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

/// Whether its actions can set the columns.
fn actions_fit(table: &TableSchema, columns: &[ColumnId], key: &ForeignKey) -> Result<(), Wrong> {
    let sets = |action| matches!(action, Action::SetNull | Action::SetDefault);
    let assigns = sets(key.on_delete) || sets(key.on_update) || key.on_update == Action::Cascade;
    let generated = columns.iter().map(|&it| table.column(it)).find(|it| it.generated.is_some());
    if let Some(column) = generated.filter(|_| assigns) {
        let problem = format!("its actions would set {}, which is generated", column.name);
        return Err((problem, "leave it to NO ACTION or RESTRICT; ON DELETE CASCADE is possible, too".into()));
    }
    let defaults = key.on_delete == Action::SetDefault || key.on_update == Action::SetDefault;
    let counted = |it: &&ColumnId| matches!(table.column(**it).default, Some(DefaultValue::Sequence(_)));
    if let Some(column) = columns.iter().find(counted).filter(|_| defaults) {
        let problem = format!("SET DEFAULT would move the sequence of {}", table.column(*column).name);
        return Err((problem, "give the column a constant default".into()));
    }
    Ok(())
}

fn resolve(table: &TableSchema, names: &[Name]) -> Result<Vec<ColumnId>, Wrong> {
    let found = names.iter().map(|name| table.column_named(name)).collect::<Result<Vec<_>>>();
    found.map_err(|error| (error.to_string(), String::new()))
}

/// The key that a foreign key refers to; where there is none, the reason tells a key that cannot be referred to.
fn key_over(target: &TableSchema, columns: &[ColumnId]) -> Result<IndexId, Wrong> {
    if let Some(key) = target.key_over(columns) {
        return Ok(key);
    }
    let names = target.names(columns).join(", ");
    let over = |it: &&IndexSchema| it.is_unique() && it.columns.len() == it.parts.len() && same(&it.columns, columns);
    let problem = format!("({names}) is no key of `{}`", target.name);
    Err(match target.indexes.iter().find(over) {
        Some(key) if key.timing.is_deferrable() => {
            let advice = "refer to a key that is never deferred".to_owned();
            (format!("{} of `{}` is deferrable, so it cannot be referred to", key.name, target.name), advice)
        }
        Some(key) => {
            let advice = format!("declare `.unique([…])` over ({names}) on `{}`, for all its rows", target.name);
            (format!("{} of `{}` is partial, so it cannot be referred to", key.name, target.name), advice)
        }
        None => (problem, format!("declare `.unique([…])` over ({names}) on `{}`", target.name)),
    })
}

fn same(a: &[ColumnId], b: &[ColumnId]) -> bool {
    a.len() == b.len() && a.iter().all(|it| b.contains(it))
}

/// Enters a foreign key into both tables and gives it an index, unless one that starts with its columns is there.
fn add(schema: &mut Schema, mut reference: ReferenceSchema, indexed: bool) {
    let name = reference.name.clone();
    schema.tables[reference.target.index()].inbound.push(reference.id);
    let table = &mut schema.tables[reference.table.index()];
    table.outbound.push(reference.id);
    let serves = |it: &IndexSchema| it.predicate.is_none() && it.columns.starts_with(&reference.columns);
    let position = match table.indexes.iter().position(serves) {
        Some(position) => Some(position),
        None if indexed => {
            let parts = reference.columns.iter().copied().map(Part::Column).collect();
            table.indexes.push(IndexSchema::new(format!("{name}_idx"), parts, Uniqueness::None));
            Some(table.indexes.len() - 1)
        }
        None => None,
    };
    reference.index = position.map(|it| IndexId(it as u16));
    schema.references.push(reference);
}
