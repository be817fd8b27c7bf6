//! Columns of a table and sequences, from names to positions.

use super::build::resolved;
use super::built::{ColumnSchema, GeneratedSchema};
use super::declare::{Column, Name, Table};
use super::{DefaultValue, Sequence, SequenceSchema, Storage};
use crate::error::{Mistake, closest};
use crate::id::SequenceId;

/// The columns in their order.
pub(super) fn all(declared: &Table, sequences: &[SequenceSchema], mistakes: &mut Vec<Mistake>) -> Vec<ColumnSchema> {
    let mut columns = Vec::with_capacity(declared.columns.len());
    for column in &declared.columns {
        if column.storage != Storage::Strict && declared.prototype.is_some() {
            let problem = "a column of records holds what its Rust type holds";
            mistakes.push(Mistake::new(place(declared, column), problem, "declare its kind, as in `Column::int`"));
        }
        columns.push(ColumnSchema {
            name: column.name.to_string(),
            kind: column.kind,
            nullable: column.nullable,
            default: default(declared, column, sequences, mistakes),
            generated: generated(declared, column, mistakes),
            storage: column.storage,
        });
    }
    columns
}

fn place(table: &Table, column: &Column) -> String {
    format!("{}.{}", table.name, column.name)
}

fn default(
    table: &Table,
    column: &Column,
    sequences: &[SequenceSchema],
    mistakes: &mut Vec<Mistake>,
) -> Option<DefaultValue> {
    let place = place(table, column);
    match column.default.as_ref()? {
        DefaultValue::Constant(value) => {
            let fits = match value.kind() {
                None => column.nullable,
                Some(kind) => kind == column.kind || column.storage != Storage::Strict,
            };
            if !fits {
                let advice = format!("give a default of type {}", column.kind);
                mistakes.push(Mistake::new(place, format!("the default {value} does not fit"), advice));
            }
            Some(DefaultValue::Constant(value.clone()))
        }
        DefaultValue::Computed(expression) => Some(DefaultValue::Computed(expression.clone())),
        DefaultValue::Function(function) => Some(DefaultValue::Function(function.clone())),
        DefaultValue::Sequence(name) => {
            if column.kind != crate::value::Kind::Int {
                let problem = format!("a sequence gives integers, the column is {}", column.kind);
                mistakes.push(Mistake::new(place.clone(), problem, "make it a column of integers"));
            }
            let Some(sequence) = sequences.iter().find(|it| it.name == **name) else {
                let hint = closest(name, sequences.iter().map(|it| it.name.as_str()));
                mistakes.push(Mistake::new(place, format!("there is no sequence `{name}`"), hint));
                return None;
            };
            Some(DefaultValue::Sequence(sequence.id))
        }
    }
}

fn generated(table: &Table, column: &Column, mistakes: &mut Vec<Mistake>) -> Option<GeneratedSchema> {
    let expression = column.generated.as_ref()?;
    if column.default.is_some() {
        let problem = "a generated column is never left out, so it has no default";
        mistakes.push(Mistake::new(place(table, column), problem, "take one of the two away"));
    }
    let mut others = Vec::new();
    expression.leaves(&mut |name: &Name| {
        others.extend(table.columns.iter().find(|it| it.name == *name && it.generated.is_some()));
    });
    for other in others {
        let problem = format!("it is computed from `{}`, which is computed itself", other.name);
        let advice = "compute it from columns that are given";
        mistakes.push(Mistake::new(place(table, column), problem, advice));
    }
    let (expression, reads) = resolved(table, "generated column", expression, mistakes)?;
    Some(GeneratedSchema { expression, reads })
}

/// The sequences in their order.
pub(super) fn sequences(declared: &[Sequence], mistakes: &mut Vec<Mistake>) -> Vec<SequenceSchema> {
    let mut built: Vec<SequenceSchema> = Vec::with_capacity(declared.len());
    for it in declared {
        if built.iter().any(|other| other.name == it.name) {
            mistakes.push(Mistake::new(&*it.name, "another sequence has this name", "rename one of them"));
        }
        if it.step == 0 {
            mistakes.push(Mistake::new(&*it.name, "a sequence that stands still", "take steps of 1 or another number"));
        }
        let id = SequenceId(built.len() as u16);
        built.push(SequenceSchema { id, name: it.name.to_string(), start: it.start, step: it.step });
    }
    built
}
