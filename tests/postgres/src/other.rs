//! PostgreSQL as the other side of a comparison.

use std::fmt::Write;

use diptych::Kind;
use postgres::Client;
use postgres::error::SqlState;

use crate::cell::Cell;
use crate::history::Operation;
use crate::ours::Dump;
use crate::schema::{CheckSpec, SchemaSpec, column_name, table_name, unique_name};
use crate::side::{Refusal, RefusalKind, Side};

pub(crate) struct Postgres<'a> {
    client: &'a mut Client,
    kinds: Vec<Vec<Kind>>,
}

fn list(columns: &[usize]) -> String {
    columns.iter().map(|&it| column_name(it)).collect::<Vec<_>>().join(", ")
}

/// The tables of a schema, and then its foreign keys, which may go in a ring.
pub(crate) fn definition(schema: &SchemaSpec) -> String {
    let mut tables = String::new();
    let mut references = String::new();
    for (position, spec) in schema.tables.iter().enumerate() {
        let table = table_name(position);
        let mut parts = Vec::new();
        for (at, column) in spec.columns.iter().enumerate() {
            let kind = if column.kind == Kind::Int { "BIGINT" } else { "TEXT" };
            let needed = if column.nullable { "" } else { " NOT NULL" };
            let default = column.default.as_ref().map(|it| format!(" DEFAULT {it}")).unwrap_or_default();
            parts.push(format!("{} {kind}{needed}{default}", column_name(at)));
        }
        if !spec.primary.is_empty() {
            let (columns, timing) = (list(&spec.primary), spec.primary_timing.sql());
            parts.push(format!("CONSTRAINT {table}_pkey PRIMARY KEY ({columns}) {timing}"));
        }
        for (at, unique) in spec.unique.iter().enumerate().filter(|it| it.1.only.is_none()) {
            let (name, columns) = (unique_name(position, at), list(&unique.columns));
            parts.push(format!("CONSTRAINT {name} UNIQUE ({columns}) {}", unique.timing.sql()));
        }
        parts.extend(spec.checks.iter().map(|check| match *check {
            CheckSpec::AtMost(a, most) => format!("CHECK ({} <= {most})", column_name(a)),
            CheckSpec::Differ(a, b) => format!("CHECK ({} <> {})", column_name(a), column_name(b)),
        }));
        writeln!(tables, "CREATE TEMP TABLE {table} (\n  {}\n);", parts.join(",\n  ")).expect("text grows");
        for (at, unique) in spec.unique.iter().enumerate() {
            if let Some(only) = &unique.only {
                let (name, columns) = (unique_name(position, at), list(&unique.columns));
                writeln!(tables, "CREATE UNIQUE INDEX {name} ON {table} ({columns}) WHERE {only};")
                    .expect("text grows");
            }
        }
        for (at, key) in spec.references.iter().enumerate() {
            writeln!(
                references,
                "ALTER TABLE {table} ADD CONSTRAINT {table}_fkey{at} FOREIGN KEY ({}) REFERENCES {} ({}) \
                 ON DELETE {} ON UPDATE {} {};",
                list(&key.columns),
                table_name(key.target),
                list(&key.target_columns),
                key.on_delete.sql(),
                key.on_update.sql(),
                key.timing.sql()
            )
            .expect("text grows");
        }
    }
    tables + &references
}

impl<'a> Postgres<'a> {
    pub(crate) fn new(client: &'a mut Client, schema: &SchemaSpec) -> Self {
        // Each by itself: what stands in one script is one transaction.
        for script in ["ROLLBACK", "DISCARD TEMP", &definition(schema), "BEGIN"] {
            client.batch_execute(script).unwrap_or_else(|error| panic!("{error}: {:?}\n{script}", error.as_db_error()));
        }
        let kinds = schema.tables.iter().map(|it| it.columns.iter().map(|it| it.kind).collect()).collect();
        Postgres { client, kinds }
    }
}

/// A constraint's refusal; anything else is a mistake of the test.
fn refusal(error: &postgres::Error, sql: &str) -> Refusal {
    let kind = match error.code() {
        Some(&SqlState::UNIQUE_VIOLATION) => RefusalKind::Unique,
        Some(&SqlState::FOREIGN_KEY_VIOLATION) => RefusalKind::ForeignKey,
        Some(&SqlState::NOT_NULL_VIOLATION | &SqlState::CHECK_VIOLATION) => RefusalKind::OfOneRow,
        // A key that changes by an action on the same row of the statement again.
        Some(&SqlState::TRIGGERED_DATA_CHANGE_VIOLATION) => RefusalKind::Other,
        _ => panic!("{error}: {:?}\n{sql}", error.as_db_error()),
    };
    Refusal { kind, text: error.as_db_error().map_or_else(|| error.to_string(), ToString::to_string) }
}

impl Side for Postgres<'_> {
    fn carry_out(&mut self, operation: &Operation, depth: usize) -> Result<(), Refusal> {
        let sql = operation.sql(depth);
        match operation {
            Operation::Commit => {
                let done = self.client.batch_execute("COMMIT").map_err(|error| refusal(&error, &sql));
                self.client.batch_execute("BEGIN").expect("a transaction begins");
                done
            }
            Operation::Insert { .. }
            | Operation::Update { .. }
            | Operation::Delete { .. }
            | Operation::SetConstraints(..) => {
                // A statement that fails would end the transaction.
                let guarded = format!("SAVEPOINT guard; {sql} RELEASE guard;");
                self.client.batch_execute(&guarded).map_err(|error| {
                    let back = self.client.batch_execute("ROLLBACK TO guard; RELEASE guard;");
                    back.expect("the savepoint is there");
                    refusal(&error, &sql)
                })
            }
            _ => self.client.batch_execute(&sql).map_err(|error| refusal(&error, &sql)),
        }
    }

    fn dump(&mut self) -> Dump {
        let mut dump = Vec::new();
        for (table, kinds) in self.kinds.iter().enumerate() {
            let found =
                self.client.query(&format!("SELECT * FROM {}", table_name(table)), &[]).expect("a table is read");
            let cell = |row: &postgres::Row, at: usize| match kinds[at] {
                Kind::Int => row.get::<_, Option<i64>>(at).map_or(Cell::Null, Cell::Int),
                _ => row.get::<_, Option<String>>(at).map_or(Cell::Null, Cell::Text),
            };
            let mut rows: Vec<Vec<Cell>> =
                found.iter().map(|row| (0..kinds.len()).map(|at| cell(row, at)).collect()).collect();
            rows.sort();
            dump.push(rows);
        }
        dump
    }

    fn forgets_refused_commits(&self) -> bool {
        true
    }
}
