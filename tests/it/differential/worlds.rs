//! Two small tables of random rows, in databases that differ in their indexes only: without any, where every way is a
//! scan or a hash table; with single-column indexes; with composite ones; with those that hold a part of the rows, or
//! what expressions give.

use std::cmp::Ordering;

use diptych::query::Nulls;
use diptych::schema::{Index, column};
use diptych::{Column, Database, Direction, Expression, Insert, Kind, NativeConnection, Schema, Select, Table, Value};

use super::choices::Choices;
use super::query::{COLUMNS, TABLES};

/// Rows, as scalars.
pub(crate) type Rows = Vec<Vec<Value>>;

/// How the tables of a database are indexed.
pub(crate) const WAYS: [fn(Table) -> Table; 4] = [
    |table| table,
    |table| table.primary_key(["id"]).index(["x"]).index(["y"]).index(["s"]),
    |table| table.primary_key(["id"]).index(["x", "y"]).index(["y", "s", "x"]),
    |table| parts().into_iter().fold(table, Table::add_index),
];

/// Partial indexes, of whose predicates random conditions say some, and indexes over expressions.
fn parts() -> [Index; 8] {
    [
        Index::on(["id"]).filter(column("x").eq(1)).named("ones"),
        Index::on(["y"]).filter(column("x").is_not_null()).named("with_x"),
        Index::on(["x"]).filter(column("y").ge(1).and(column("y").lt(3))).named("middle"),
        Index::on(["x", "id"]).filter(column("x").in_list([0, 1, 2])).named("small"),
        Index::on(["s"]).filter(column("id").gt(2).or(column("y").is_null())).named("either"),
        Index::over(column("x").plus(1)).named("next_x"),
        Index::over(column("y").plus(2)).and(column("id")).named("next_y"),
        Index::over(column("id").plus(0)).filter(column("s").eq("p")).named("of_p"),
    ]
}

/// Both tables with these rows; a transaction is open.
pub(crate) fn database(way: fn(Table) -> Table, rows: &[Rows]) -> NativeConnection {
    let mut schema = Schema::builder();
    for name in TABLES {
        let columns = COLUMNS.map(|it| match it {
            "id" => Column::int(it),
            "s" => Column::new(it, Kind::Text).nullable(),
            _ => Column::int(it).nullable(),
        });
        schema = schema.table(way(columns.into_iter().fold(Table::new(name), Table::column)));
    }
    let mut connection = Database::new(schema.build().unwrap()).connect();
    for (name, rows) in TABLES.into_iter().zip(rows) {
        let insert = Insert::into(name, COLUMNS);
        connection.execute(rows.iter().fold(insert, |all, row| all.row(row.iter().cloned()))).unwrap();
    }
    connection
}

/// A few rows with NULLs and equal values.
pub(crate) fn random_rows(choices: &mut Choices) -> Rows {
    // Some keys are far apart, so that rows live at home and away.
    let far = choices.percent(30);
    let count = choices.below(12);
    let mut ids: Vec<i64> = (0..count as i64).map(|it| if far { it * it * 5_000 - 3 } else { it }).collect();
    ids.rotate_left(count / 2);
    let mut row = |id: i64| {
        let mut int = || if choices.percent(20) { Value::Null } else { Value::Int(choices.between(0, 3)) };
        let (x, y) = (int(), int());
        let s = if choices.percent(20) { Value::Null } else { ["p", "q", "r"][choices.below(3)].into() };
        vec![Value::Int(id), x, y, s]
    };
    ids.into_iter().map(&mut row).collect()
}

/// A scalar as SQL.
pub(crate) fn literal(value: &Value) -> String {
    match value {
        Value::Int(it) => it.to_string(),
        Value::Text(it) => format!("'{it}'"),
        _ => "NULL".to_owned(),
    }
}

/// Rows in any order become rows in one.
pub(crate) fn sorted(mut rows: Rows) -> Rows {
    rows.sort();
    rows
}

/// Whether rows come in the order of the query, whose terms are its first outputs.
pub(crate) fn in_order(select: &Select, rows: &Rows) -> bool {
    let compare = |a: &[Value], b: &[Value]| {
        let terms = select.order_by.iter().zip(a.iter().zip(b)).map(|(by, (a, b))| {
            let order = if by.direction == Direction::Descending { b.cmp(a) } else { a.cmp(b) };
            match (by.nulls, a.is_null(), b.is_null()) {
                (Some(nulls), true, false) => {
                    if nulls == Nulls::First {
                        Ordering::Less
                    } else {
                        Ordering::Greater
                    }
                }
                (Some(nulls), false, true) => {
                    if nulls == Nulls::First {
                        Ordering::Greater
                    } else {
                        Ordering::Less
                    }
                }
                _ => order,
            }
        });
        terms.fold(Ordering::Equal, Ordering::then)
    };
    rows.windows(2).all(|pair| compare(&pair[0], &pair[1]).is_le())
}
