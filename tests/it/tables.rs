//! What the rooms of the tables panel promise, one story each. Each test names the invariant it shows.

mod actions;
mod constraints;
mod declarations;
mod defaults;
mod deferral;
mod flexible;
mod indexes;
#[cfg(all(feature = "decimal", feature = "jiff", feature = "uuid"))]
mod kinds;
mod large;
mod matrix;
mod members;
mod places;
mod plans;
mod reading;

use diptych::error::{Rule, Violation};
use diptych::id::ColumnId;
use diptych::query::Outcome;
use diptych::{Column, Connection, Control, Database, Error, Expression, ForeignKey, NativeConnection};
use diptych::{Schema, Select, Statement, Table, Value, col};

/// An empty database of these tables, and a connection to it.
fn connect(tables: impl IntoIterator<Item = Table>) -> NativeConnection {
    let builder = tables.into_iter().fold(Schema::builder(), |all, it| all.table(it));
    Database::new(builder.build().unwrap()).connect()
}

/// A table with an integer key that does not fill itself.
fn keyed(name: &'static str) -> Table {
    Table::new(name).column(Column::int("id")).primary_key(["id"])
}

/// A nullable integer column that refers to the key of another table.
fn referring(
    table: Table,
    column: &'static str,
    key: impl FnOnce(ForeignKey) -> ForeignKey,
    target: &'static str,
) -> Table {
    table.column(Column::int(column).nullable()).foreign_key(key(ForeignKey::new([column], target)))
}

fn done(connection: &mut NativeConnection, statement: impl Into<Statement>) -> Outcome {
    connection.execute(statement).unwrap()
}

/// The violation for which a statement is refused. Nothing may have changed then (I5, Q2).
fn refused(connection: &mut NativeConnection, statement: impl Into<Statement>) -> Violation {
    let before = everything(connection);
    let error = connection.execute(statement).expect_err("the statement breaks a rule");
    assert_eq!(everything(connection), before, "I5: {error:#}");
    sound(connection);
    error.violation().unwrap_or_else(|| panic!("{error:#}")).clone()
}

/// All rows of a table, in order.
fn rows(connection: &mut NativeConnection, table: &'static str) -> Vec<Vec<Value>> {
    let found = done(connection, Select::from(table)).rows;
    let cells = |row: diptych::Row| (0..row.width()).map(|it| row.get(ColumnId::new(it as u16)).to_value()).collect();
    let mut rows: Vec<Vec<Value>> = found.into_rows().map(cells).collect();
    rows.sort();
    rows
}

fn everything(connection: &mut NativeConnection) -> Vec<Vec<Vec<Value>>> {
    let names: Vec<String> = connection.schema().tables().iter().map(|it| it.name.clone()).collect();
    names.into_iter().map(|it| rows(connection, it.leak())).collect()
}

/// T1 to T4, on the open transaction.
fn sound(connection: &NativeConnection) {
    let image = connection.transaction().expect("a transaction is open").image();
    image.audit(connection.schema()).unwrap();
}

fn commit(connection: &mut NativeConnection) -> Result<(), Error> {
    connection.control(Control::Commit)
}

/// Rows of integers as values.
fn ints<const WIDTH: usize>(rows: impl IntoIterator<Item = [i64; WIDTH]>) -> Vec<Vec<Value>> {
    rows.into_iter().map(|row| row.into_iter().map(Value::Int).collect()).collect()
}

fn id(value: i64) -> diptych::Expr<diptych::query::Leaf> {
    col("id").eq(value)
}

/// The rule, the table and the key of the row that was refused.
fn facts(violation: &Violation) -> (Rule, &str, &[Value]) {
    (violation.rule, &violation.row.table, &violation.row.key)
}
