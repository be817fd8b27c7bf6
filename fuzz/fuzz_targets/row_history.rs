//! Any history of statements leaves a sound database: a refused one changes nothing, and no reference dangles.
#![no_main]

use diptych::query::Leaf;
use diptych::{
    Action, Column, Connection, Control, Database, Delete, Expr, Expression, ForeignKey, Insert, NativeConnection,
    Schema, Select, Statement, Table, Update, Value, col,
};
use libfuzzer_sys::fuzz_target;

fn schema(choice: u8) -> Schema {
    let action = |it: u8| Action::ALL[usize::from(it) % Action::ALL.len()];
    let key = ForeignKey::new(["parent"], "nodes").on_delete(action(choice)).on_update(action(choice / 5));
    let key = if choice >= 128 { key.deferred() } else { key };
    let nodes = Table::new("nodes").auto_key("id").column(Column::int("parent").nullable().default(0));
    let nodes = nodes.column(Column::int("code").nullable()).unique(["code"]).foreign_key(key);
    let notes = Table::new("notes").column(Column::int("code").nullable()).column(Column::int("number"));
    let owner =
        ForeignKey::new(["code"], "nodes").to(["code"]).on_delete(action(choice / 3)).on_update(action(choice / 7));
    Schema::builder().table(nodes).table(notes.foreign_key(owner)).build().expect("a sound schema")
}

fn statement(what: u8, a: i8, b: i8) -> Statement {
    let cell = |it: i8| if it == 0 { Value::Null } else { Value::Int(i64::from(it)) };
    let (one, other) = (i64::from(a), i64::from(b));
    match what % 8 {
        0 => Insert::into("nodes", ["parent", "code"]).row([cell(a), cell(b)]).into(),
        1 => Insert::into("nodes", ["id", "code"]).row([Expr::from(one), cell(b).into()]).into(),
        2 => Insert::into("notes", ["code", "number"]).row([cell(a), Value::Int(other)]).into(),
        3 => Update::table("nodes").set("id", col("id").plus(one)).filter(col("id").ge(other)).into(),
        4 => Update::table("nodes").set("parent", cell(a)).filter(col("code").lt(other)).into(),
        5 => Update::table("nodes").set("code", col("code").times(one)).filter(col("id").ne(other)).into(),
        6 => Delete::from("notes").filter(col("number").eq(one)).into(),
        _ => Delete::from("nodes").filter(col("id").ge(one).and(col("id").le(other))).into(),
    }
}

fn rows(connection: &mut NativeConnection) -> Vec<Vec<Value>> {
    let nodes = Select::from("nodes").values([col("id"), col("parent"), col("code")]);
    let notes = Select::from("notes").values([col("code"), col("number")]);
    let mut rows = connection.execute(nodes).expect("a query").rows.to_values();
    rows.extend(connection.execute(notes).expect("a query").rows.to_values());
    rows
}

/// How many rows of a table refer to a node that is not there.
fn dangling(connection: &mut NativeConnection, table: &'static str, column: &'static str, target: &'static str) -> u64 {
    let own = Expr::Leaf(Leaf::Column { up: 1, source: 0, name: column.into() });
    let referred = Leaf::Exists(Box::new(Select::from("nodes").filter(col(target).eq(own))));
    let select = Select::from(table).filter(col(column).is_not_null()).filter(referred.negated());
    connection.execute(select).expect("a query").count
}

fuzz_target!(|history: (u8, Vec<(u8, i8, i8)>)| {
    let database = Database::new(schema(history.0));
    let mut connection = database.connect();
    for (what, a, b) in history.1 {
        match what / 16 {
            0 => drop(connection.control(Control::Commit)),
            1 => drop(connection.control(Control::Savepoint)),
            2 => drop(connection.control(Control::RollbackTo)),
            _ => {
                let before = rows(&mut connection);
                if connection.execute(statement(what, a, b)).is_err() {
                    assert_eq!(rows(&mut connection), before, "Q2: a refused statement changes nothing");
                }
            }
        }
        database.audit().expect("a sound database");
    }
    drop(connection.control(Control::Commit));
    let mut committed = database.connect();
    assert_eq!(dangling(&mut committed, "nodes", "parent", "id"), 0);
    assert_eq!(dangling(&mut committed, "notes", "code", "code"), 0);
    database.audit().expect("a sound database");
});
