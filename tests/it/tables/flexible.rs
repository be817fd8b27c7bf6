//! Columns that take values of any kind, as SQLite's do, for scripts that were written for it.

use diptych::error::Rule;
use diptych::expr::{Arithmetic, Expr};
use diptych::schema::{Affinity, Index};
use diptych::{
    Column, Connection, Control, Database, Delete, Expression, Insert, Schema, Select, Table, Update, Value, col,
    column,
};
use rusqlite::types::Value as Lite;

use super::{connect, done, id, refused, rows, sound};

const AFFINITIES: [(&str, Affinity); 5] = [
    ("INTEGER", Affinity::Integer),
    ("NUMERIC", Affinity::Numeric),
    ("REAL", Affinity::Real),
    ("TEXT", Affinity::Text),
    ("BLOB", Affinity::Blob),
];

fn samples() -> Vec<Value> {
    let texts = [
        "12",
        " 12 ",
        "1.0",
        "1e3",
        "1.5",
        "abc",
        "",
        "0x10",
        "inf",
        "nan",
        "1e",
        ".5",
        "5.",
        "+7",
        "- 7",
        "1e400",
        "12a",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "1_000",
        "٣",
        "1e-3",
        "00012",
        "-0",
        "-0.0",
    ];
    let ints = [0, 1, -1, 42, 1 << 53, (1 << 53) + 1, i64::MAX, i64::MIN];
    let floats =
        [0.0, 3.0, 3.5, -2.25, 0.1, 1.0 / 3.0, 1e14, 1e15, 1e16, 1e20, 1e300, 1e-5, 1e-4, 123456.789, 1e18, 9.3e18];
    let mut all: Vec<Value> = texts.into_iter().map(Value::from).collect();
    all.extend(ints.into_iter().map(Value::from));
    all.extend(floats.into_iter().map(Value::from));
    all.push(Value::from(&b"12"[..]));
    all.push(Value::Null);
    all
}

fn to_lite(value: &Value) -> Lite {
    match value {
        Value::Int(it) => Lite::Integer(*it),
        Value::Float(it) => Lite::Real(*it),
        Value::Text(it) => Lite::Text(it.to_string()),
        Value::Bytes(it) => Lite::Blob(it.to_vec()),
        _ => Lite::Null,
    }
}

/// What a column holds after an INSERT is what SQLite's column holds, value by value and type by type.
#[test]
fn values_become_what_sqlite_makes_of_them() {
    let lite = rusqlite::Connection::open_in_memory().unwrap();
    for (name, affinity) in AFFINITIES {
        lite.execute_batch(&format!("DROP TABLE IF EXISTS t; CREATE TABLE t (v {name})")).unwrap();
        let mut connection = connect([Table::new("t").column(Column::flexible("v", affinity).nullable())]);
        for value in samples() {
            lite.execute("DELETE FROM t", []).unwrap();
            lite.execute("INSERT INTO t VALUES (?1)", [to_lite(&value)]).unwrap();
            let expected: Lite = lite.query_row("SELECT v FROM t", [], |row| row.get(0)).unwrap();
            done(&mut connection, diptych::Delete::from("t"));
            done(&mut connection, Insert::into("t", ["v"]).row([value.clone()]));
            let stored = rows(&mut connection, "t").remove(0).remove(0);
            assert_eq!(to_lite(&stored), expected, "{value} in a column of {name}");
        }
    }
}

/// T1: values of several kinds stand in one index, in the total order, and are found in it.
#[test]
fn t1_an_index_holds_values_of_any_kind() {
    let table = Table::new("t").auto_key("id").column(Column::flexible("v", Affinity::Integer).nullable());
    let mut connection = connect([table.add_index(Index::on(["v"]).unique())]);
    for value in [Value::from("abc"), "7".into(), 3.5.into(), Value::Null, Value::Null, true.into()] {
        done(&mut connection, Insert::into("t", ["v"]).row([value]));
    }
    sound(&connection);
    assert_eq!(refused(&mut connection, Insert::into("t", ["v"]).row(["7.0"])).rule, Rule::Unique);
    assert_eq!(refused(&mut connection, Update::table("t").set("v", "abc").filter(id(2))).rule, Rule::Unique);
    let found = done(&mut connection, Select::from("t").values([col("id")]).filter(col("v").eq(7)));
    assert_eq!(found.rows.typed::<i64>().unwrap(), [2]);
    let found = done(&mut connection, Select::from("t").values([col("id")]).filter(col("v").eq("abc")));
    assert_eq!(found.rows.typed::<i64>().unwrap(), [1]);
}

/// A column that says nothing stays strict.
#[test]
fn other_columns_hold_their_kind_alone() {
    let mut connection = connect([Table::new("t").column(Column::int("v"))]);
    assert_eq!(refused(&mut connection, Insert::into("t", ["v"]).row(["7"])).rule, Rule::Type);
    let schema = Schema::builder().table(Table::new("t").column(Column::flexible("v", Affinity::Text))).build();
    let mut connection = Database::new(schema.unwrap()).connect();
    done(&mut connection, Insert::into("t", ["v"]).row([7]));
    assert_eq!(rows(&mut connection, "t"), [[Value::from("7")]]);
    assert_eq!(refused(&mut connection, Insert::into("t", ["v"]).row([Value::Null])).rule, Rule::NotNull);
    assert_eq!(connection.schema().tables()[0].columns[0].kind, diptych::Kind::Text);
}

fn half_of<L>(it: Expr<L>) -> Expr<L> {
    Expr::Arithmetic(Arithmetic::Divide, Box::new(it), Box::new(Expr::Value(2.into())))
}

/// A value becomes an equal one of another kind: 1 and 1.0, 0.0 and -0.0. Indexes hold the new one, rules see it, and what
/// an index is asked for is what the row says.
#[test]
fn a_value_that_becomes_an_equal_one_of_another_kind_has_changed() -> diptych::Result<()> {
    let numbers = |name: &'static str| Column::flexible(name, Affinity::Blob).nullable();
    let half = Index::over(half_of(column("a")));
    let table = Table::new("t").column(Column::int("id")).primary_key(["id"]).column(numbers("a"));
    let table = table.index(["a"]).add_index(half).check("small", column("a").lt(1000));
    let database = Database::new(Schema::builder().table(table).build()?);
    let mut connection = database.connect();
    let ids = |connection: &mut diptych::NativeConnection, half: Value| {
        let found = Select::from("t").values([col("id")]).filter(half_of(col("a")).eq(half));
        connection.execute(found).and_then(|it| it.rows.typed::<i64>())
    };
    connection.execute(Insert::into("t", ["id", "a"]).row([Value::Int(1), Value::Int(3)]))?;
    connection.execute(Update::table("t").set("a", 3.0))?;
    assert_eq!(ids(&mut connection, Value::Int(1))?, [0; 0]);
    assert_eq!(ids(&mut connection, Value::Float(1.5))?, [1]);
    let held = connection.execute(Select::from("t").values([col("a")]).filter(col("a").ge(0)))?;
    assert_eq!(format!("{:?}", held.rows.to_values()), "[[3.0]]", "read off the index alone");
    connection.execute(Delete::from("t"))?;
    connection.execute(Insert::into("t", ["id", "a"]).row([Value::Int(1), Value::Int(100)]))?;
    assert_eq!(ids(&mut connection, Value::Float(1.5))?, [0; 0], "no entry was left behind");
    connection.control(Control::Commit)?;
    assert_eq!(database.audit(), Ok(()));
    // A strict column refuses it, as it refuses any other float.
    let strict = Table::new("s").column(Column::int("id")).primary_key(["id"]).column(Column::int("n")).index(["n"]);
    let strict = Database::new(Schema::builder().table(strict).build()?);
    let mut connection = strict.connect();
    connection.execute(Insert::into("s", ["id", "n"]).row([-1, 3]))?;
    assert!(connection.execute(Update::table("s").set("n", 3.0)).is_err());
    assert!(connection.execute(Update::table("s").set("id", -1.0)).is_err());
    connection.control(Control::Commit)?;
    assert_eq!(strict.audit(), Ok(()));
    Ok(())
}
