//! Columns that take values of any kind, as SQLite's do, for scripts that were written for it.

use diptych::error::Rule;
use diptych::schema::{Affinity, Index};
use diptych::{Column, Connection, Database, Expression, Insert, Schema, Select, Table, Update, Value, col};
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
