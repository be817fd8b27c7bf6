//! From names to positions: the whole schema is checked, and every mistake reported (S3).

use std::collections::HashMap;

use super::built::{CheckSchema, ColumnSchema, Renewal, Schema, TableSchema};
use super::declare::{Name, Table};
use super::{Sequence, SequenceSchema, build_column, build_index, build_reference};
use crate::error::{Mistake, Result, closest};
use crate::expr::{Expr, UserFunction};
use crate::id::{ColumnId, IndexId, TableId};
use crate::record::{Row, Tuple};
use crate::value::Kind;

/// Collects tables until [`build`](SchemaBuilder::build) checks them together.
#[derive(Default)]
pub struct SchemaBuilder {
    pub(super) tables: Vec<Table>,
    /// Mistakes that were made before building, such as an edit of a table that is not there.
    pub(super) mistakes: Vec<Mistake>,
    pub(super) sequences: Vec<Sequence>,
    pub(super) functions: Vec<UserFunction>,
    /// Of the schema that is edited.
    pub(super) renewals: Vec<Renewal>,
}

impl SchemaBuilder {
    /// Adds a table.
    pub fn table(mut self, table: Table) -> Self {
        self.tables.push(table);
        self
    }

    /// Adds a sequence, for the defaults of columns and for [`Database::next_value`](crate::Database::next_value).
    pub fn sequence(mut self, sequence: Sequence) -> Self {
        self.sequences.push(sequence);
        self
    }

    /// Registers a function under its name, for whoever reads expressions from text, and so that
    /// [`Schema::function_named`] finds it. Where a CHECK, an index or a generated column uses it, it must give the same
    /// answer to the same operands each time.
    ///
    /// ```
    /// use diptych::expr::UserFunction;
    /// use diptych::{Column, Schema, Table, Value, ValueRef, column};
    ///
    /// let initial = UserFunction::new("initial", 1, |it| match it {
    ///     [ValueRef::Text(it)] => Ok(it.chars().take(1).collect::<String>().into()),
    ///     _ => Ok(Value::Null),
    /// });
    /// let users = Table::new("users").auto_key("id").column(Column::text("name"));
    /// let users = users.column(Column::text("initial").generated(initial.of([column("name")])));
    /// let schema = Schema::builder().function(initial).table(users).build()?;
    /// assert_eq!(schema.function_named("initial")?.arity(), Some(1));
    /// # Ok::<(), diptych::Error>(())
    /// ```
    pub fn function(mut self, function: UserFunction) -> Self {
        if self.functions.iter().any(|it| it.name().eq_ignore_ascii_case(function.name())) {
            let problem = "another function has this name";
            self.mistakes.push(Mistake::new(function.name(), problem, "rename one of them"));
        }
        self.functions.push(function);
        self
    }

    /// Checks the whole and resolves every name.
    ///
    /// # Errors
    /// [`ErrorKind::Declaration`](crate::error::ErrorKind::Declaration) with every mistake.
    pub fn build(self) -> Result<Schema> {
        let mut mistakes = self.mistakes;
        let mut by_name = HashMap::new();
        for (position, table) in self.tables.iter().enumerate() {
            if by_name.insert(table.name.to_string(), TableId(position as u16)).is_some() {
                mistakes.push(Mistake::new(&*table.name, "another table has this name", "rename one of them"));
            }
        }
        let sequences = build_column::sequences(&self.sequences, &mut mistakes);
        let mut schema = Schema {
            tables: Vec::new(),
            references: Vec::new(),
            sequences,
            by_name,
            attachments: HashMap::new(),
            renewals: Vec::new(),
            declared: Vec::new(),
            declared_sequences: Vec::new(),
            functions: Vec::new(),
        };
        for (position, table) in self.tables.iter().enumerate() {
            let built = build_table(TableId(position as u16), table, &schema.sequences, &mut mistakes);
            schema.tables.push(built);
        }
        for (position, table) in self.tables.iter().enumerate() {
            for key in &table.foreign_keys {
                build_reference::enter(&mut schema, TableId(position as u16), key, &mut mistakes);
            }
        }
        schema.declared = self.tables;
        schema.declared_sequences = self.sequences;
        schema.functions = self.functions;
        if !mistakes.is_empty() {
            return Err(mistakes.into());
        }
        schema.renewals = self.renewals;
        let renewals = schema.renewals.clone();
        Ok(renewals.iter().fold(schema, |schema, renew| renew(schema)))
    }
}

fn build_table(
    id: TableId,
    declared: &Table,
    sequences: &[SequenceSchema],
    mistakes: &mut Vec<Mistake>,
) -> TableSchema {
    let table = &declared.name;
    if declared.columns.is_empty() {
        mistakes.push(Mistake::new(&**table, "a table needs a column", "add one with `.column(…)`"));
    }
    for (position, column) in declared.columns.iter().enumerate() {
        if declared.columns[..position].iter().any(|it| it.name == column.name) {
            let place = format!("{table}.{}", column.name);
            mistakes.push(Mistake::new(place, "another column has this name", "rename one of them"));
        }
    }
    let mut columns = build_column::all(declared, sequences, mistakes);
    let primary = columns_of(declared, &declared.primary_key, "primary key", mistakes);
    primary.iter().for_each(|it| columns[it.index()].nullable = false);
    let generated = columns.iter().enumerate().filter(|(_, it)| it.generated.is_some());
    let generated = generated.map(|(position, _)| ColumnId(position as u16)).collect();
    let auto = build_auto(declared, &primary, &columns, mistakes);
    let indexes = build_index::all(declared, primary, mistakes);
    let checks = declared.checks.iter().filter_map(|(name, it)| build_check(declared, name, it, mistakes)).collect();
    TableSchema {
        id,
        name: table.to_string(),
        deferrable_keys: indexes
            .iter()
            .enumerate()
            .filter(|(_, it)| it.is_unique() && it.timing.is_deferrable())
            .map(|(position, _)| IndexId(position as u16))
            .collect(),
        indexes,
        generated,
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
        [only] if columns[only.index()].kind == Kind::Int && !declared.primary_timing.is_deferrable() => Some(*only),
        _ => {
            let advice = "make the primary key a single integer column, or give keys yourself";
            mistakes.push(Mistake::new(
                &*declared.name,
                "only a single integer key that is never deferred can fill itself",
                advice,
            ));
            None
        }
    }
}

pub(super) fn columns_of(table: &Table, names: &[Name], what: &str, mistakes: &mut Vec<Mistake>) -> Vec<ColumnId> {
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

pub(super) fn unknown_column(table: &Table, name: &str, what: &str) -> Mistake {
    let hint = closest(name, table.columns.iter().map(|it| &*it.name));
    Mistake::new(format!("{}.{name}", table.name), format!("a {what} names a column that is not there"), hint)
}

/// An expression over the table's own columns, from names to positions, with the columns that it reads.
pub(super) fn resolved(
    table: &Table,
    what: &str,
    expression: &Expr<Name>,
    mistakes: &mut Vec<Mistake>,
) -> Option<(Expr<ColumnId>, Vec<ColumnId>)> {
    let mut columns = Vec::new();
    let mut resolve = |column: &Name| {
        let position = table.columns.iter().position(|it| it.name == *column);
        let position = position.ok_or_else(|| unknown_column(table, column, what))?;
        columns.push(ColumnId(position as u16));
        Ok(Expr::Leaf(ColumnId(position as u16)))
    };
    match expression.try_map(&mut resolve) {
        Ok(expression) => {
            columns.sort_unstable();
            columns.dedup();
            Some((expression, columns))
        }
        Err(mistake) => {
            mistakes.push(mistake);
            None
        }
    }
}

fn build_check(table: &Table, name: &Name, condition: &Expr<Name>, mistakes: &mut Vec<Mistake>) -> Option<CheckSchema> {
    let (condition, columns) = resolved(table, "check", condition, mistakes)?;
    Some(CheckSchema { name: name.to_string(), condition, columns })
}
