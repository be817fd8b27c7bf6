//! Random histories, as plain values that both sides carry out.

use diptych::Kind;
use diptych::expr::Comparison;
use diptych::schema::ConstraintMode;

use super::cell::Cell;
use super::choices::Choices;
use super::ours::Dump;
use super::schema::{ReferenceSpec, SchemaSpec, TableSpec, small};
use super::side::Side;

#[derive(Clone, Debug)]
pub(crate) enum Operation {
    Insert {
        table: usize,
        columns: Vec<usize>,
        rows: Vec<Vec<Cell>>,
        on_conflict: Option<ConflictSpec>,
    },
    Update {
        table: usize,
        set: Vec<(usize, To)>,
        filter: Filter,
    },
    Delete {
        table: usize,
        filter: Filter,
    },
    Savepoint,
    Release,
    RollbackTo,
    Commit,
    Rollback,
    /// Of all constraints, or of those of a name.
    SetConstraints(Option<String>, ConstraintMode),
}

impl Operation {
    /// How many savepoints are open after the operation, which was accepted or not.
    pub(crate) fn depth_after(&self, depth: usize, accepted: bool) -> usize {
        match self {
            Operation::Savepoint => depth + 1,
            Operation::Release | Operation::RollbackTo => depth - 1,
            Operation::Commit | Operation::Rollback if accepted => 0,
            _ => depth,
        }
    }
}

/// What happens to a row that a unique key refuses.
#[derive(Clone, Debug)]
pub(crate) enum ConflictSpec {
    /// It is left out, if it is this key or none is named.
    Nothing(Option<Vec<usize>>),
    Update {
        key: Vec<usize>,
        set: Vec<(usize, To)>,
    },
    Replace,
}

impl ConflictSpec {
    /// The key that is named.
    pub(crate) fn key(&self) -> Option<&Vec<usize>> {
        match self {
            ConflictSpec::Nothing(key) => key.as_ref(),
            ConflictSpec::Update { key, .. } => Some(key),
            ConflictSpec::Replace => None,
        }
    }
}

/// What a column becomes.
#[derive(Clone, Debug)]
pub(crate) enum To {
    Cell(Cell),
    Plus(i64),
    Column(usize),
    /// What the row that was to be inserted has there.
    Given(usize),
}

#[derive(Clone, Debug)]
pub(crate) enum Filter {
    All,
    Compare(usize, Comparison, Cell),
    AnyOf(usize, Vec<Cell>),
    Null(usize),
}

/// About twenty operations; they begin with inserts, or nothing would be there to change.
/// `scout` carries out what has been written so far, SET CONSTRAINTS speaks of the `deferrable` ones, and so many of a
/// hundred inserts say what happens to rows that a unique key refuses.
pub(crate) fn random(
    schema: &SchemaSpec,
    choices: &mut Choices,
    scout: &mut dyn Side,
    deferrable: Vec<String>,
    upserts: usize,
) -> Vec<Operation> {
    let known = vec![Vec::new(); schema.tables.len()];
    let mut writer = Writer { schema, choices, known, scout, deferrable, upserts, depth: 0, history: Vec::new() };
    // Tables that refer to nothing come first, so that the others have something to refer to.
    let mut order: Vec<usize> = (0..schema.tables.len()).collect();
    order.sort_by_key(|&it| schema.tables[it].references.len());
    for table in order.into_iter().flat_map(|it| [it, it]) {
        let insert = writer.insert(table);
        writer.write(insert);
    }
    for _ in 0..10 + writer.choices.below(10) {
        let operation = writer.operation();
        writer.write(operation);
    }
    writer.write(Operation::Commit);
    writer.history
}

struct Writer<'a> {
    schema: &'a SchemaSpec,
    choices: &'a mut Choices,
    /// Carries out what has been written so far, so that what comes next can speak of rows that are there.
    scout: &'a mut dyn Side,
    deferrable: Vec<String>,
    upserts: usize,
    depth: usize,
    /// The rows that are there, and those that the operation in the making adds.
    known: Dump,
    history: Vec<Operation>,
}

impl Writer<'_> {
    fn write(&mut self, operation: Operation) {
        let impossible = self.depth == 0 && matches!(operation, Operation::Release | Operation::RollbackTo);
        if !impossible {
            let done = self.scout.carry_out(&operation, self.depth).is_ok();
            self.depth = operation.depth_after(self.depth, done);
            self.known = self.scout.dump();
            self.history.push(operation);
        }
    }

    fn operation(&mut self) -> Operation {
        let table = self.choices.below(self.schema.tables.len());
        match self.choices.weighted(&[20, 36, 24, 6, 3, 5, 6, 2, if self.deferrable.is_empty() { 0 } else { 8 }]) {
            0 => self.insert(table),
            1 => self.update(table),
            2 => Operation::Delete { table, filter: self.filter(table) },
            3 => Operation::Savepoint,
            4 => Operation::Release,
            5 => Operation::RollbackTo,
            6 => Operation::Commit,
            7 => Operation::Rollback,
            _ => {
                let name = self.choices.percent(50).then(|| self.choices.one(&self.deferrable).clone());
                let mode = *self.choices.one(&[ConstraintMode::Immediate, ConstraintMode::Deferred]);
                Operation::SetConstraints(name, mode)
            }
        }
    }

    fn insert(&mut self, table: usize) -> Operation {
        let spec = &self.schema.tables[table];
        let mut columns: Vec<usize> = (0..spec.columns.len()).collect();
        if columns.len() > 1 && self.choices.percent(20) {
            // A column that is left out takes its default; mostly one that has something to take.
            let left_out = self.choices.below(columns.len());
            let column = &spec.columns[left_out];
            if column.nullable || column.default.is_some() || self.choices.percent(10) {
                columns.remove(left_out);
            }
        }
        let count = match self.choices.weighted(&[5, 4, 1]) {
            0 => 1,
            1 => 2 + self.choices.below(3),
            _ => 8 + self.choices.below(5),
        };
        let base = self.choices.between(5, 30);
        let mut rows = Vec::with_capacity(count);
        for at in 0..count {
            let rising = (count >= 8).then_some(base + at as i64);
            let mut row = self.row(table, rising);
            rows.push(columns.iter().map(|&it| row[it].clone()).collect());
            if spec.auto && row[spec.primary[0]].is_null() {
                let greatest = self.known[table].iter().map(|row| row[spec.primary[0]].clone()).max();
                row[spec.primary[0]] = match greatest {
                    Some(Cell::Int(it)) => Cell::Int(it + 1),
                    _ => Cell::Int(1),
                };
            }
            self.known[table].push(row);
        }
        let on_conflict = self.on_conflict(table);
        Operation::Insert { table, columns, rows, on_conflict }
    }

    fn on_conflict(&mut self, table: usize) -> Option<ConflictSpec> {
        let spec = &self.schema.tables[table];
        let mut keys = spec.keys();
        // SQLite does not find a key by the number of the row and another column.
        keys.retain(|it| !spec.auto || it.len() == 1 || !it.contains(&spec.primary[0]));
        if keys.is_empty() || self.upserts == 0 || !self.choices.percent(self.upserts) {
            return None;
        }
        let key = self.choices.one(&keys).clone();
        Some(match self.choices.weighted(&[2, 2, 5, 2]) {
            0 => ConflictSpec::Nothing(None),
            1 => ConflictSpec::Nothing(Some(key)),
            2 => {
                let mut set: Vec<(usize, To)> = Vec::new();
                for _ in 0..1 + self.choices.below(2) {
                    let column = self.choices.below(spec.columns.len());
                    if set.iter().all(|it| it.0 != column) {
                        let to = if self.choices.percent(50) { To::Given(column) } else { self.to(spec, column) };
                        set.push((column, to));
                    }
                }
                ConflictSpec::Update { key, set }
            }
            _ => ConflictSpec::Replace,
        })
    }

    /// A new row. Many rows at once rise in their keys, or uniqueness would refuse nearly all.
    fn row(&mut self, table: usize, rising: Option<i64>) -> Vec<Cell> {
        let spec = &self.schema.tables[table];
        let mut row: Vec<Cell> = (0..spec.columns.len()).map(|it| self.cell(spec, it)).collect();
        for reference in &spec.references {
            self.refer(spec, reference, |column, cell| row[column] = cell);
        }
        for key in spec.keys() {
            let refers = |column: &usize| spec.references.iter().any(|it| it.columns.contains(column));
            let own: Vec<usize> = key.iter().copied().filter(|it| !refers(it)).collect();
            let auto = spec.auto && key == spec.primary;
            if auto && self.choices.percent(70) {
                row[key[0]] = Cell::Null;
                continue;
            }
            for &column in &own {
                if let Some(at) = rising {
                    row[column] = numbered(spec.columns[column].kind, at);
                }
            }
            let taken = |row: &Vec<Cell>| self.known[table].iter().any(|it| key.iter().all(|&at| it[at] == row[at]));
            if let Some(&column) = own.first()
                && taken(&row)
                && self.choices.percent(85)
            {
                let free = (0..100).map(|it| numbered(spec.columns[column].kind, it));
                for cell in free {
                    row[column] = cell;
                    if !taken(&row) {
                        break;
                    }
                }
            }
        }
        row
    }

    /// Mostly lets a foreign key refer to a row that is there, or to nothing where there is none.
    fn refer(&mut self, spec: &TableSpec, reference: &ReferenceSpec, mut set: impl FnMut(usize, Cell)) {
        if !self.choices.percent(95) {
            return;
        }
        let known = &self.known[reference.target];
        if !known.is_empty() {
            let target = self.choices.one(known);
            for (&column, &it) in reference.columns.iter().zip(&reference.target_columns) {
                set(column, target[it].clone());
            }
        } else if let Some(&column) = reference.columns.iter().find(|&&it| spec.columns[it].nullable) {
            set(column, Cell::Null);
        }
    }

    fn cell(&mut self, spec: &TableSpec, column: usize) -> Cell {
        let declared = &spec.columns[column];
        let null = if declared.nullable { 18 } else { 1 };
        if self.choices.percent(null) {
            return Cell::Null;
        }
        // Rarely a value of the wrong type. To an integer column it is text that is no number.
        if self.choices.below(300) == 0 {
            return if declared.kind == Kind::Int { Cell::Text("a".to_owned()) } else { Cell::Int(1) };
        }
        small(declared.kind, self.choices)
    }

    fn update(&mut self, table: usize) -> Operation {
        let spec = &self.schema.tables[table];
        let mut set: Vec<(usize, To)> = Vec::new();
        let referred = self.schema.tables.iter().flat_map(|it| &it.references).filter(|it| it.target == table);
        let referred: Vec<usize> = referred.flat_map(|it| it.target_columns.clone()).collect();
        for _ in 0..1 + self.choices.weighted(&[6, 3, 1]) {
            let column = match &referred[..] {
                [_, ..] if self.choices.percent(40) => *self.choices.one(&referred),
                _ => self.choices.below(spec.columns.len()),
            };
            if !set.iter().any(|(it, _)| *it == column) {
                set.push((column, self.to(spec, column)));
            }
        }
        if !spec.references.is_empty() && self.choices.percent(30) {
            let reference = self.choices.one(&spec.references);
            self.refer(spec, reference, |column, cell| {
                set.retain(|(it, _)| *it != column);
                set.push((column, To::Cell(cell)));
            });
        }
        Operation::Update { table, set, filter: self.filter(table) }
    }

    fn to(&mut self, spec: &TableSpec, column: usize) -> To {
        let kind = spec.columns[column].kind;
        match self.choices.weighted(&[6, 3, 1]) {
            1 if kind == Kind::Int => To::Plus(self.choices.between(-3, 5)),
            2 => {
                let same = (0..spec.columns.len()).filter(|&it| spec.columns[it].kind == kind);
                To::Column(*self.choices.one(&same.collect::<Vec<_>>()))
            }
            _ => To::Cell(self.cell(spec, column)),
        }
    }

    fn filter(&mut self, table: usize) -> Filter {
        if self.choices.percent(40)
            && let Some(found) = self.referred(table)
        {
            return found;
        }
        let spec = &self.schema.tables[table];
        let column = if !spec.primary.is_empty() && self.choices.percent(50) {
            *self.choices.one(&spec.primary)
        } else {
            self.choices.below(spec.columns.len())
        };
        let comparisons = [
            Comparison::Less,
            Comparison::LessOrEqual,
            Comparison::Greater,
            Comparison::GreaterOrEqual,
            Comparison::NotEqual,
        ];
        match self.choices.weighted(&[10, 4, 4, 1, 3]) {
            0 => Filter::Compare(column, Comparison::Equal, self.sought(table, column)),
            1 => Filter::Compare(column, *self.choices.one(&comparisons), self.sought(table, column)),
            2 => {
                let count = 1 + self.choices.below(4);
                Filter::AnyOf(column, (0..count).map(|_| self.sought(table, column)).collect())
            }
            3 => Filter::Null(column),
            _ => Filter::All,
        }
    }

    /// Finds a row by a value through which another row refers to it.
    fn referred(&mut self, table: usize) -> Option<Filter> {
        let mut found = Vec::new();
        for (child, spec) in self.schema.tables.iter().enumerate() {
            for reference in spec.references.iter().filter(|it| it.target == table) {
                found.extend(
                    self.known[child].iter().map(|row| (reference.target_columns[0], &row[reference.columns[0]])),
                );
            }
        }
        found.retain(|(_, cell)| !cell.is_null());
        let (column, cell) = found.get(self.choices.below(found.len().max(1)))?;
        Some(Filter::Compare(*column, Comparison::Equal, (*cell).clone()))
    }

    fn sought(&mut self, table: usize, column: usize) -> Cell {
        let known = &self.known[table];
        if !known.is_empty() && self.choices.percent(60) {
            return self.choices.one(known)[column].clone();
        }
        small(self.schema.tables[table].columns[column].kind, self.choices)
    }
}

fn numbered(kind: Kind, number: i64) -> Cell {
    match kind {
        Kind::Int => Cell::Int(number),
        _ => Cell::Text(format!("k{number}")),
    }
}
