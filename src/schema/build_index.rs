//! Keys and indexes of a table, from names to positions.

use super::build::{columns_of, resolved};
use super::declare::{Index, Name, Table};
use super::index::{IndexSchema, Part, Uniqueness};
use crate::error::Mistake;
use crate::expr::Expr;
use crate::id::ColumnId;

/// The primary key, then the unique keys, then plain indexes, so that a foreign key finds the stronger one first.
pub(super) fn all(declared: &Table, primary: Vec<ColumnId>, mistakes: &mut Vec<Mistake>) -> Vec<IndexSchema> {
    let mut indexes = Vec::new();
    if !primary.is_empty() {
        let parts = primary.into_iter().map(Part::Column).collect();
        let key = IndexSchema::new(format!("{}_pkey", declared.name), parts, Uniqueness::Primary);
        indexes.push(key.with(None, declared.primary_timing));
    }
    let (unique, plain): (Vec<_>, Vec<_>) = declared.keys.iter().partition(|it| it.unique);
    indexes.extend(unique.into_iter().chain(plain).filter_map(|it| one(declared, it, mistakes)));
    indexes
}

fn one(table: &Table, index: &Index, mistakes: &mut Vec<Mistake>) -> Option<IndexSchema> {
    let what = if index.unique { "unique key" } else { "index" };
    if index.parts.is_empty() {
        mistakes.push(Mistake::new(&*table.name, format!("a {what} without columns"), "name its columns"));
    }
    if !index.unique && index.timing.is_deferrable() {
        let advice = "make it unique, or leave the timing out";
        mistakes.push(Mistake::new(&*table.name, "an index forbids nothing that could be deferred", advice));
    }
    let named: Vec<Name> = index.parts.iter().filter_map(name_of).collect();
    // Reports what is unknown or stands twice; positions are found again below, part by part.
    let found = columns_of(table, &named, what, mistakes);
    if found.len() < named.len() {
        return None;
    }
    let mut parts = Vec::new();
    for part in &index.parts {
        let position = name_of(part).and_then(|it| table.columns.iter().position(|column| column.name == it));
        parts.push(match position {
            Some(position) => Part::Column(ColumnId(position as u16)),
            None => Part::Expression(resolved(table, what, part, mistakes)?.0),
        });
    }
    let predicate = match &index.predicate {
        Some(condition) => Some(resolved(table, what, condition, mistakes)?.0),
        None => None,
    };
    let uniqueness = if index.unique { Uniqueness::Unique } else { Uniqueness::None };
    let built = IndexSchema::new(full_name(table, index), parts, uniqueness).with(predicate, index.timing);
    (!built.parts.is_empty()).then_some(built)
}

fn name_of(part: &Expr<Name>) -> Option<Name> {
    if let Expr::Leaf(name) = part { Some(name.clone()) } else { None }
}

/// The name as it is given, or made of the table and the parts: a function stands for what it is applied to.
pub(super) fn full_name(table: &Table, index: &Index) -> String {
    let suffix = if index.unique { "key" } else { "idx" };
    let part = |part: &Expr<Name>| match part {
        Expr::Leaf(name) => name.to_string(),
        Expr::Call(function, _) => function.name().to_owned(),
        Expr::Apply(function, _) => function.name().to_owned(),
        _ => "expr".to_owned(),
    };
    match &index.name {
        Some(name) => name.to_string(),
        None => {
            let parts: Vec<String> = index.parts.iter().map(part).collect();
            format!("{}_{}_{suffix}", table.name, parts.join("_"))
        }
    }
}
