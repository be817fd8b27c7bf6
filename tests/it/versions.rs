//! Versions of a database: other schemas for the same rows, earlier states, differences, branches and merges.

mod alteration;
mod branches;
mod feed;
mod history;
mod replay;

use diptych::id::ColumnId;
use diptych::{Connection, Control, Database, NativeConnection, Schema, Select, Statement, Table, Value};

fn schema(tables: impl IntoIterator<Item = Table>) -> Schema {
    tables.into_iter().fold(Schema::builder(), |all, it| all.table(it)).build().unwrap()
}

/// Runs statements in one transaction and commits it.
fn commit<S: Into<Statement>>(database: &Database, statements: impl IntoIterator<Item = S>) {
    let mut connection = database.connect();
    for statement in statements {
        done(&mut connection, statement);
    }
    connection.control(Control::Commit).unwrap();
}

fn done(connection: &mut NativeConnection, statement: impl Into<Statement>) {
    connection.execute(statement).unwrap();
}

/// All rows of a table, in order.
fn rows(database: &Database, table: &'static str) -> Vec<Vec<Value>> {
    let found = database.connect().execute(Select::from(table)).unwrap().rows;
    let cells = |row: diptych::Row| (0..row.width()).map(|it| row.get(ColumnId::new(it as u16)).to_value()).collect();
    let mut rows: Vec<Vec<Value>> = found.into_rows().map(cells).collect();
    rows.sort();
    rows
}

fn sound(database: &Database) {
    database.audit().unwrap();
}

/// Cells of one row.
macro_rules! cells {
    ($($cell:expr),*) => { vec![$(diptych::Value::from($cell)),*] };
}
pub(crate) use cells;
