//! Random schemas, as a plain value that both sides are made from.

use diptych::schema::{Index, Timing};
use diptych::{Action, Column, Expression, ForeignKey, Kind, Schema, Table, column};

use super::cell::Cell;
use super::choices::Choices;

#[derive(Clone, Debug)]
pub(crate) struct SchemaSpec {
    pub(crate) tables: Vec<TableSpec>,
}

#[derive(Clone, Debug)]
pub(crate) struct TableSpec {
    pub(crate) columns: Vec<ColumnSpec>,
    /// Empty for a table without a primary key.
    pub(crate) primary: Vec<usize>,
    pub(crate) primary_timing: Timing,
    pub(crate) auto: bool,
    pub(crate) unique: Vec<UniqueSpec>,
    pub(crate) checks: Vec<CheckSpec>,
    pub(crate) references: Vec<ReferenceSpec>,
}

#[derive(Clone, Debug)]
pub(crate) struct ColumnSpec {
    pub(crate) kind: Kind,
    pub(crate) nullable: bool,
    pub(crate) default: Option<Cell>,
}

#[derive(Clone, Debug)]
pub(crate) struct UniqueSpec {
    pub(crate) columns: Vec<usize>,
    /// Only rows for which this is true must differ.
    pub(crate) only: Option<OnlySpec>,
    pub(crate) timing: Timing,
}

/// The condition of a partial index.
#[derive(Clone, Debug)]
pub(crate) enum OnlySpec {
    /// An integer column is at least this.
    AtLeast(usize, i64),
    Null(usize),
    NotNull(usize),
}

#[derive(Clone, Debug)]
pub(crate) enum CheckSpec {
    /// An integer column is at most this.
    AtMost(usize, i64),
    /// Two columns of one kind differ.
    Differ(usize, usize),
}

#[derive(Clone, Debug)]
pub(crate) struct ReferenceSpec {
    pub(crate) columns: Vec<usize>,
    pub(crate) target: usize,
    pub(crate) target_columns: Vec<usize>,
    pub(crate) on_delete: Action,
    pub(crate) on_update: Action,
    pub(crate) timing: Timing,
    pub(crate) indexed: bool,
}

pub(crate) fn table_name(table: usize) -> String {
    format!("t{table}")
}

pub(crate) fn unique_name(table: usize, unique: usize) -> String {
    format!("t{table}_unique{unique}")
}

pub(crate) fn column_name(column: usize) -> String {
    format!("c{column}")
}

impl SchemaSpec {
    pub(crate) fn random(choices: &mut Choices) -> Self {
        let count = 2 + choices.weighted(&[3, 3, 2, 1]);
        let mut schema = SchemaSpec { tables: (0..count).map(|_| TableSpec::random(choices)).collect() };
        for table in 0..count {
            for _ in 0..choices.weighted(&[2, 5, 3, 1]) {
                schema.add_reference(table, choices);
            }
        }
        for table in &mut schema.tables {
            table.add_unique_and_checks(choices);
        }
        schema
    }

    /// Gives constraints any of the three timings. A key that is referred to cannot have another than its own.
    pub(crate) fn defer(&mut self, choices: &mut Choices) {
        const ALL: [Timing; 3] = [Timing::NotDeferrable, Timing::InitiallyImmediate, Timing::InitiallyDeferred];
        let references = self.tables.iter().flat_map(|it| &it.references);
        let referred: Vec<(usize, Vec<usize>)> = references.map(|it| (it.target, it.target_columns.clone())).collect();
        let is_referred = |table: usize, key: &[usize]| {
            referred.iter().any(|(target, columns)| *target == table && columns.iter().all(|it| key.contains(it)))
        };
        for (at, table) in self.tables.iter_mut().enumerate() {
            if !table.auto && !is_referred(at, &table.primary) {
                table.primary_timing = *choices.one(&ALL);
            }
            // A partial key is an index, and PostgreSQL defers constraints only.
            for unique in table.unique.iter_mut().filter(|it| it.only.is_none() && !is_referred(at, &it.columns)) {
                unique.timing = *choices.one(&ALL);
            }
            for reference in &mut table.references {
                reference.timing = *choices.one(&ALL);
            }
        }
    }

    /// The names of the constraints that can be deferred.
    pub(crate) fn deferrable(&self) -> Vec<String> {
        let mut names = Vec::new();
        for (table, spec) in self.tables.iter().enumerate() {
            if spec.primary_timing.is_deferrable() && !spec.primary.is_empty() {
                names.push(format!("t{table}_pkey"));
            }
            let unique = spec.unique.iter().enumerate().filter(|it| it.1.timing.is_deferrable());
            names.extend(unique.map(|(at, _)| unique_name(table, at)));
            let references = spec.references.iter().enumerate().filter(|it| it.1.timing.is_deferrable());
            names.extend(references.map(|(at, _)| format!("t{table}_fkey{at}")));
        }
        names
    }

    fn add_reference(&mut self, table: usize, choices: &mut Choices) {
        // A self-reference is worth more than its share among the tables.
        let target = if choices.percent(25) { table } else { choices.below(self.tables.len()) };
        let keys = self.tables[target].keys();
        if keys.is_empty() {
            return;
        }
        let mut target_columns = choices.one(&keys).clone();
        if target_columns.len() == 2 && choices.percent(30) {
            target_columns.reverse();
        }
        let kinds: Vec<Kind> = target_columns.iter().map(|&it| self.tables[target].columns[it].kind).collect();
        let own = &mut self.tables[table];
        let mut columns = Vec::new();
        for kind in kinds {
            let auto = own.auto.then(|| own.primary[0]);
            let fits = |&it: &usize| own.columns[it].kind == kind && !columns.contains(&it) && auto != Some(it);
            let there: Vec<usize> = (0..own.columns.len()).filter(fits).collect();
            if !there.is_empty() && choices.percent(35) {
                columns.push(*choices.one(&there));
            } else {
                let nullable = choices.percent(75);
                own.columns.push(ColumnSpec { nullable, ..ColumnSpec::random(kind, choices) });
                columns.push(own.columns.len() - 1);
            }
        }
        let mut same = columns.clone();
        same.sort_unstable();
        let mut key = target_columns.clone();
        key.sort_unstable();
        if table == target && same == key {
            return;
        }
        let (mut on_delete, mut on_update) = (any_action(choices), any_action(choices));
        // Foreign keys that share a column set it to the same; otherwise SQLite's outcome depends on their order.
        let acts = |action: Action| !matches!(action, Action::NoAction | Action::Restrict);
        for other in own.references.iter().filter(|it| it.columns.iter().any(|it| columns.contains(it))) {
            if acts(on_delete) && acts(other.on_delete) {
                on_delete = other.on_delete;
            }
            if acts(on_update) && acts(other.on_update) {
                on_update = other.on_update;
            }
        }
        own.references.push(ReferenceSpec {
            columns,
            target,
            target_columns,
            on_delete,
            on_update,
            timing: if choices.percent(20) { Timing::InitiallyDeferred } else { Timing::NotDeferrable },
            indexed: choices.percent(85),
        });
    }

    /// The schema as the engine under test is told it.
    pub(crate) fn build(&self) -> Schema {
        let mut builder = Schema::builder();
        for (position, spec) in self.tables.iter().enumerate() {
            builder = builder.table(spec.declare(position));
        }
        builder.build().unwrap_or_else(|error| panic!("{error:#}\n{}", self.sql()))
    }
}

impl TableSpec {
    fn random(choices: &mut Choices) -> Self {
        let mut table = TableSpec {
            columns: Vec::new(),
            primary: Vec::new(),
            primary_timing: Timing::NotDeferrable,
            auto: false,
            unique: Vec::new(),
            checks: Vec::new(),
            references: Vec::new(),
        };
        let kinds: &[Kind] = match choices.weighted(&[5, 4, 3, 3, 1]) {
            0 => {
                table.auto = true;
                &[Kind::Int]
            }
            1 => &[Kind::Int],
            2 => &[Kind::Text],
            3 if choices.percent(50) => &[Kind::Int, Kind::Int],
            3 => &[Kind::Int, Kind::Text],
            _ => &[],
        };
        for &kind in kinds {
            table.primary.push(table.columns.len());
            table.columns.push(ColumnSpec { kind, nullable: false, default: None });
        }
        for _ in 0..1 + choices.below(3) {
            let kind = if choices.percent(65) { Kind::Int } else { Kind::Text };
            table.columns.push(ColumnSpec::random(kind, choices));
        }
        if choices.percent(40) {
            table.add_unique(choices);
        }
        table
    }

    fn add_unique(&mut self, choices: &mut Choices) {
        let first = choices.below(self.columns.len());
        let second = choices.below(self.columns.len());
        let columns = if first == second || choices.percent(60) { vec![first] } else { vec![first, second] };
        let sorted = |list: &[usize]| {
            let mut list = list.to_vec();
            list.sort_unstable();
            list
        };
        if !self.keys().iter().any(|it| sorted(it) == sorted(&columns)) {
            self.unique.push(UniqueSpec { columns, only: None, timing: Timing::NotDeferrable });
        }
    }

    fn add_unique_and_checks(&mut self, choices: &mut Choices) {
        if choices.percent(20) {
            self.add_unique(choices);
        }
        if choices.percent(15) {
            self.add_partial(choices);
        }
        if choices.percent(15) {
            let a = choices.below(self.columns.len());
            let b = choices.below(self.columns.len());
            if a != b && self.columns[a].kind == self.columns[b].kind {
                self.checks.push(CheckSpec::Differ(a, b));
            } else if self.columns[a].kind == Kind::Int {
                self.checks.push(CheckSpec::AtMost(a, choices.between(2, 4)));
            }
        }
    }

    /// A unique key of some of the rows.
    fn add_partial(&mut self, choices: &mut Choices) {
        let (key, other) = (choices.below(self.columns.len()), choices.below(self.columns.len()));
        let only = match self.columns[other].kind {
            Kind::Int if choices.percent(60) => OnlySpec::AtLeast(other, choices.between(1, 3)),
            _ if choices.percent(40) => OnlySpec::Null(other),
            _ => OnlySpec::NotNull(other),
        };
        self.unique.push(UniqueSpec { columns: vec![key], only: Some(only), timing: Timing::NotDeferrable });
    }

    /// The primary key and the unique keys of all rows.
    pub(crate) fn keys(&self) -> Vec<Vec<usize>> {
        let primary = (!self.primary.is_empty()).then(|| self.primary.clone());
        let unique = self.unique.iter().filter(|it| it.only.is_none()).map(|it| it.columns.clone());
        primary.into_iter().chain(unique).collect()
    }

    fn declare(&self, position: usize) -> Table {
        let names = |columns: &[usize]| columns.iter().map(|&it| column_name(it)).collect::<Vec<_>>();
        let mut table = Table::new(table_name(position));
        for (at, spec) in self.columns.iter().enumerate() {
            let mut column = Column::new(column_name(at), spec.kind);
            if spec.nullable {
                column = column.nullable();
            }
            if let Some(default) = &spec.default {
                column = column.default(default.to_value());
            }
            table = table.column(column);
        }
        if !self.primary.is_empty() {
            table = table.primary_key(names(&self.primary));
        }
        if self.auto {
            table = table.auto();
        }
        table = table.primary_key_timing(self.primary_timing);
        for (at, unique) in self.unique.iter().enumerate() {
            let index =
                Index::on(names(&unique.columns)).unique().named(unique_name(position, at)).timing(unique.timing);
            table = table.add_index(match unique.only {
                None => index,
                Some(OnlySpec::AtLeast(a, least)) => index.filter(column(column_name(a)).ge(least)),
                Some(OnlySpec::Null(a)) => index.filter(column(column_name(a)).is_null()),
                Some(OnlySpec::NotNull(a)) => index.filter(column(column_name(a)).is_not_null()),
            });
        }
        for (at, check) in self.checks.iter().enumerate() {
            let condition = match *check {
                CheckSpec::AtMost(a, most) => column(column_name(a)).le(most),
                CheckSpec::Differ(a, b) => column(column_name(a)).ne(column(column_name(b))),
            };
            table = table.check(format!("check{at}"), condition);
        }
        for (at, spec) in self.references.iter().enumerate() {
            let mut key = ForeignKey::new(names(&spec.columns), table_name(spec.target))
                .named(format!("t{position}_fkey{at}"))
                .to(names(&spec.target_columns))
                .on_delete(spec.on_delete)
                .on_update(spec.on_update)
                .timing(spec.timing);
            if !spec.indexed {
                key = key.unindexed();
            }
            table = table.foreign_key(key);
        }
        table
    }
}

impl ColumnSpec {
    fn random(kind: Kind, choices: &mut Choices) -> Self {
        let nullable = choices.percent(60);
        let default = choices.percent(45).then(|| small(kind, choices));
        ColumnSpec { kind, nullable, default }
    }
}

/// All five, those that change rows more often.
fn any_action(choices: &mut Choices) -> Action {
    Action::ALL[choices.weighted(&[2, 2, 5, 4, 3])]
}

/// One of the few scalars that histories are made of, so that rows meet.
pub(crate) fn small(kind: Kind, choices: &mut Choices) -> Cell {
    match kind {
        Kind::Int => match choices.below(40) {
            0 => Cell::Int(-1),
            1 => Cell::Int(1_000_000),
            _ => Cell::Int(choices.between(0, 4)),
        },
        _ => Cell::Text(["a", "b", "c", "d"][choices.below(4)].to_owned()),
    }
}
