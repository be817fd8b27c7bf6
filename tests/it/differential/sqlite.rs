//! The other side: SQLite, told the same by SQL text.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, ffi};

use super::cell::Cell;
use super::history::Operation;
use super::ours::Dump;
use super::schema::{SchemaSpec, table_name};
use super::side::{Refusal, RefusalKind, Side};

pub(crate) struct Sqlite {
    connection: Connection,
    tables: usize,
    schema: String,
}

/// RESTRICT is carried out by a trigger that raises; every other foreign key error has a code of its own.
fn kind(code: i32) -> RefusalKind {
    match code {
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID => {
            RefusalKind::Unique
        }
        ffi::SQLITE_CONSTRAINT_TRIGGER => RefusalKind::Restrict,
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => RefusalKind::ForeignKey,
        ffi::SQLITE_CONSTRAINT_NOTNULL | ffi::SQLITE_CONSTRAINT_CHECK => RefusalKind::OfOneRow,
        _ => RefusalKind::Other,
    }
}

impl Sqlite {
    pub(crate) fn new(schema: &SchemaSpec) -> Self {
        let connection = Connection::open_in_memory().expect("SQLite opens in memory");
        let script = format!("PRAGMA foreign_keys = ON;\n{}BEGIN;", schema.sql());
        connection.execute_batch(&script).unwrap_or_else(|error| panic!("{error}\n{script}"));
        Sqlite { connection, tables: schema.tables.len(), schema: schema.sql() }
    }

    fn rows(&self, sql: &str) -> Vec<Vec<Cell>> {
        let mut statement = self.connection.prepare_cached(sql).expect("the query is SQL");
        let width = statement.column_count();
        let read = |row: &rusqlite::Row<'_>| (0..width).map(|at| row.get_ref(at).map(cell)).collect();
        let rows = statement.query_map([], read).expect("the query runs");
        let mut rows: Vec<Vec<Cell>> = rows.collect::<Result<_, _>>().expect("the rows come");
        rows.sort();
        rows
    }
}

impl Side for Sqlite {
    /// An error that is neither a constraint's nor a row number's is a mistake of the test.
    fn carry_out(&mut self, operation: &Operation, depth: usize) -> Result<(), Refusal> {
        let sql = operation.sql(depth);
        self.connection.execute_batch(&sql).map_err(|error| match error {
            rusqlite::Error::SqliteFailure(cause, text)
                if matches!(cause.code, ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch) =>
            {
                Refusal { kind: kind(cause.extended_code), text: text.unwrap_or_default() }
            }
            other => panic!("{other}\n{sql}\n{}", self.schema),
        })
    }

    fn dump(&mut self) -> Dump {
        (0..self.tables).map(|table| self.rows(&format!("SELECT * FROM {}", table_name(table)))).collect()
    }

    fn forgets_refused_commits(&self) -> bool {
        false
    }
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(it) => Cell::Int(it),
        ValueRef::Text(it) => Cell::Text(String::from_utf8_lossy(it).into_owned()),
        other => panic!("the histories hold integers and text only, not {other:?}"),
    }
}
