//! What queries can say, one story each, over two small tables.

mod covering;
mod groups;
mod indexes;
mod joins;
mod plans;
mod recursion;
mod rewrites;
mod sets;
mod sources;
mod views;

use diptych::expr::Case;
use diptych::query::Leaf;
use diptych::{Column, Database, Error, Expr, Insert, NativeConnection, Schema, Select, Table, Value};

/// People with their bosses, and orders, some of which nobody made.
fn shop() -> NativeConnection {
    let people = Table::new("people").column(Column::int("id")).primary_key(["id"]);
    let people = people.column(Column::text("name")).column(Column::int("boss").nullable());
    let orders = Table::new("orders").column(Column::int("id")).primary_key(["id"]);
    let orders = orders.column(Column::int("person").nullable()).column(Column::int("price").nullable());
    let schema = Schema::builder().table(people).table(orders).build().unwrap();
    let mut connection = Database::new(schema).connect();
    let mut insert = Insert::into("people", ["id", "name", "boss"]);
    for (id, name, boss) in [(1, "Ann", None), (2, "Bob", Some(1)), (3, "Cid", Some(2)), (4, "Dee", Some(1))] {
        insert = insert.row([Value::from(id), name.into(), boss.into()]);
    }
    connection.execute(insert).unwrap();
    let mut insert = Insert::into("orders", ["id", "person", "price"]);
    for (id, person, price) in
        [(1, Some(1), Some(10)), (2, Some(1), Some(30)), (3, Some(3), Some(30)), (4, None, Some(5)), (5, Some(9), None)]
    {
        insert = insert.row([Value::from(id), person.into(), price.into()]);
    }
    connection.execute(insert).unwrap();
    connection
}

/// A column of a source.
fn of(source: u8, name: &'static str) -> Expr<Leaf> {
    outer(0, source, name)
}

/// A column of a source of a select around.
fn outer(up: u8, source: u8, name: &'static str) -> Expr<Leaf> {
    Expr::Leaf(Leaf::Column { up, source, name: name.into() })
}

/// What comes out at a position.
fn output(position: u16) -> Expr<Leaf> {
    Expr::Leaf(Leaf::Output(position))
}

fn found(connection: &mut NativeConnection, select: Select) -> Vec<Vec<Value>> {
    let plan = connection.explain(select.clone());
    connection.execute(select).unwrap_or_else(|error| panic!("{error:#}\n{plan:?}")).rows.to_values()
}

/// Every row as text, its values with blanks between.
fn lines(connection: &mut NativeConnection, select: Select) -> Vec<String> {
    let line = |row: Vec<Value>| row.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    found(connection, select).into_iter().map(line).collect()
}

/// The same where no order is asked for.
fn any_order(connection: &mut NativeConnection, select: Select) -> Vec<String> {
    let mut lines = lines(connection, select);
    lines.sort();
    lines
}

/// The same condition, said so that no rule and no index knows it.
fn hidden(condition: Expr<Leaf>) -> Expr<Leaf> {
    Expr::Case(Box::new(Case { arms: vec![(condition, true.into())], otherwise: None }))
}

fn refused(connection: &mut NativeConnection, select: Select) -> Error {
    connection.execute(select).expect_err("the query is refused")
}
