//! Aggregates, windows and changes beside SQLite: what is said here and the same in SQL, which is written out so that one
//! can read what is compared.

mod aggregates;
mod windows;
mod writes;

use diptych::query::{Input, Outcome};
use diptych::record::values;
use diptych::{Connection, Database, NativeConnection, Result, Schema, Select, Statement, Value};
use rusqlite::types::Value as Cell;

/// The same database twice.
struct Both {
    native: NativeConnection,
    sqlite: rusqlite::Connection,
}

impl Both {
    fn of(schema: Schema) -> Both {
        let sqlite = rusqlite::Connection::open_in_memory().unwrap();
        sqlite.execute_batch("PRAGMA foreign_keys = ON").unwrap();
        sqlite.execute_batch(&schema.to_sql()).unwrap();
        Both { native: Database::new(schema).connect(), sqlite }
    }

    fn run(&mut self, statement: impl Into<Statement>) -> Result<Outcome> {
        let prepared = self.native.prepare(statement.into())?;
        self.native.run(&prepared, Input::Values(&[]))
    }

    fn ask(&self, text: &str) -> Result<Vec<Vec<Cell>>, rusqlite::Error> {
        let mut prepared = self.sqlite.prepare(text)?;
        let width = prepared.column_count();
        let rows = prepared.query_map([], |row| (0..width).map(|at| row.get(at)).collect())?;
        rows.collect()
    }

    /// Runs a statement on both sides and compares what comes out, in its order, or that both refuse it.
    #[track_caller]
    fn same(&mut self, statement: impl Into<Statement>, text: &str) {
        let here = self.run(statement);
        let there = self.ask(text);
        match (here, there) {
            (Ok(here), Ok(there)) => {
                let here: Vec<Vec<Cell>> =
                    here.rows.to_values().iter().map(|it| it.iter().map(cell).collect()).collect();
                assert_eq!(here, there, "{text}");
            }
            (Err(_), Err(_)) => {}
            (here, there) => panic!("{text}\nhere {:?}\nthere {there:?}", here.map(|it| it.rows.to_values())),
        }
    }

    /// Compares all rows of all tables.
    #[track_caller]
    fn same_rows(&mut self) {
        let tables: Vec<String> = self.native.schema().tables().iter().map(|it| it.name.clone()).collect();
        for table in tables {
            let mut here: Vec<Vec<Cell>> = Vec::new();
            let found = self.run(Select::from(table.clone())).unwrap().rows;
            here.extend(found.into_rows().map(|row| values(&*row).iter().map(cell).collect()));
            let mut there = self.ask(&format!("SELECT * FROM {table}")).unwrap();
            here.sort_by_key(|it| format!("{it:?}"));
            there.sort_by_key(|it| format!("{it:?}"));
            assert_eq!(here, there, "{table}");
        }
    }
}

/// A scalar as SQLite has it.
fn cell(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Bool(it) => Cell::Integer(i64::from(*it)),
        Value::Int(it) => Cell::Integer(*it),
        Value::Float(it) => Cell::Real(*it),
        Value::Text(it) => Cell::Text(it.to_string()),
        Value::Bytes(it) => Cell::Blob(it.to_vec()),
        #[allow(unreachable_patterns, reason = "kinds that features add")]
        other => panic!("{other} has no cell in SQLite"),
    }
}
