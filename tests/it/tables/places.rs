//! Places: where the rows of a result stand, for those who look at them later.

use diptych::query::{Input, Leaf, Places};
use diptych::record::values;
use diptych::{
    Column, Connection, Direction, Expression, Insert, NativeConnection, Row, Select, Table, Update, Value, col,
};

use super::{connect, done, id, keyed};

fn database() -> NativeConnection {
    let parents = keyed("parents").column(Column::text("name")).unique(["name"]);
    let children = keyed("children").column(Column::int("parent").nullable()).index(["parent"]);
    let words = Table::new("words").column(Column::text("word")).column(Column::int("n")).primary_key(["word"]);
    let mut connection = connect([parents, children, words]);
    let insert = Insert::into("parents", ["id", "name"]);
    done(&mut connection, [-3, 1, 2, 5, 1 << 40].into_iter().fold(insert, |all, it| all.row([it.into(), name(it)])));
    let insert = Insert::into("children", ["id", "parent"]);
    let row = |it: i64| [it.into(), if it % 5 == 0 { Value::Null } else { Value::Int(it % 4) }];
    done(&mut connection, (1..40).fold(insert, |all, it| all.row(row(it))));
    let insert = Insert::into("words", ["word", "n"]);
    done(&mut connection, (0..9).fold(insert, |all, it| all.row([name(it), (it % 3).into()])));
    connection
}

fn name(of: i64) -> Value {
    format!("name {of}").into()
}

fn cells<'r>(row: impl Iterator<Item = Option<&'r Row>>) -> Vec<Option<Vec<Value>>> {
    row.map(|row| row.map(|row| values(&**row))).collect()
}

/// What the places lead to, cell by cell.
fn looked_at(connection: &NativeConnection, found: &mut Places, tables: &[&str]) -> Vec<Vec<Option<Vec<Value>>>> {
    let ids: Vec<_> = tables.iter().map(|it| connection.schema().table_named(it).unwrap().id).collect();
    let version = found.version().cloned();
    let mut rows = Vec::new();
    for position in 0..found.len() {
        let row: Vec<Option<Row>> = match &version {
            Some(version) => {
                let at = |column: usize| version.row(ids[column], found.at(position, column)?).cloned();
                (0..found.width()).map(at).collect()
            }
            None => (0..found.width()).map(|column| found.take(position, column)).collect(),
        };
        rows.push(cells(row.iter().map(Option::as_ref)));
    }
    rows
}

/// Q1: a query that is asked for places brings the same rows in the same order as one that is run, and counts the same.
#[test]
fn q1_places_lead_to_the_rows_that_a_run_brings() {
    let mut connection = database();
    let by_parent = || Select::from("children").by_keys(["parent"]);
    let joined = |select: Select| {
        let on = Leaf::Column { up: 0, source: 1, name: "parent".into() }.expr();
        select.left_join("children", on.eq(col("id")))
    };
    let keys = |all: &[i64]| all.iter().map(|&it| Value::Int(it)).collect::<Vec<_>>();
    let parents = &["parents"][..];
    let children = &["children"][..];
    let both = &["parents", "children"][..];
    let with_null = vec![Value::Int(2), Value::Null, Value::Int(1)];
    let cases: Vec<(Select, &[&str], Vec<Value>)> = vec![
        (Select::from("parents"), parents, vec![]),
        (Select::from("parents").limit(2).offset(1), parents, vec![]),
        (Select::from("children").filter(col("parent").eq(3)), children, vec![]),
        (Select::from("children").order_by(col("parent"), Direction::Descending), children, vec![]),
        (Select::from("parents").by_keys(["id"]), parents, keys(&[5])),
        (Select::from("parents").by_keys(["id"]), parents, keys(&[4])),
        (Select::from("parents").by_keys(["id"]), parents, keys(&[1 << 40, -3, 4, 2, -3])),
        (Select::from("parents").by_keys(["name"]), parents, vec![name(5), name(77), name(1)]),
        (by_parent(), children, keys(&[3, 1, 3, 9])),
        (by_parent(), children, with_null.clone()),
        (by_parent().limit(7).offset(4), children, keys(&[1, 2, 3])),
        (by_parent().order_by(col("id"), Direction::Descending), children, keys(&[2, 1])),
        (by_parent().filter(col("id").gt(20)), children, keys(&[2, 1])),
        (Select::from("words").by_keys(["n"]), &["words"], keys(&[2, 0])),
        (joined(Select::from("parents")), both, vec![]),
        (joined(Select::from("parents").by_keys(["id"])), both, keys(&[5, 2])),
    ];
    let mut found = Places::default();
    for (mut select, tables, keys) in cases {
        if tables.len() == 2 {
            select.outputs = vec![diptych::query::Output::Row(0), diptych::query::Output::Row(1)];
        }
        let case = format!("{select:?} {keys:?}");
        let prepared = connection.prepare(select.into()).unwrap();
        let input = || if keys.is_empty() { Input::Values(&[]) } else { Input::Keys(&keys) };
        let start = connection.log().totals();
        let rows = connection.run(&prepared, input()).unwrap().rows;
        let after_run = connection.log().totals();
        connection.locate(&prepared, input(), &mut found).unwrap();
        assert_eq!(connection.log().totals() - after_run, after_run - start, "Q1: {case}");
        let brought: Vec<_> = (0..rows.len()).map(|it| cells(rows.rows_at(it).iter().map(Option::as_ref))).collect();
        let column = prepared_key_column(&connection, tables[0], &prepared);
        let by: Vec<usize> = (0..found.len()).filter(|_| column.is_some()).map(|it| found.key_of(it)).collect();
        assert_eq!(looked_at(&connection, &mut found, tables), brought, "{case}");
        for (row, key) in brought.iter().zip(by) {
            let first = row[0].as_ref().expect("only the joined row can be absent");
            assert_eq!(Some(&first[column.unwrap()]), keys.get(key), "{case}");
        }
    }
}

/// The position of the column by whose values the statement is run.
fn prepared_key_column(
    connection: &NativeConnection,
    table: &str,
    prepared: &diptych::query::Prepared,
) -> Option<usize> {
    let diptych::Statement::Select(select) = prepared.statement() else { return None };
    let table = connection.schema().table_named(table).unwrap();
    Some(table.column_named(select.keys.first()?).unwrap().index())
}

/// T4: a version stands still, whatever is written after it was read.
#[test]
fn t4_a_version_that_was_read_stands_still() {
    let mut connection = database();
    let prepared = connection.prepare(Select::from("words").into()).unwrap();
    let mut found = Places::default();
    connection.locate(&prepared, Input::Values(&[]), &mut found).unwrap();
    let before = found.version().cloned().expect("a database of ours has places");
    let table = connection.schema().table_named("words").unwrap().id;
    let places: Vec<_> = (0..found.len()).map(|it| found.at(it, 0).unwrap()).collect();
    let looked = || places.iter().map(|it| values(&**before.row(table, *it).unwrap())).collect::<Vec<_>>();
    let all = looked();
    done(&mut connection, Update::table("words").set("n", 7));
    done(&mut connection, diptych::Delete::from("words").filter(col("word").eq(name(3))));
    assert_eq!(looked(), all);
    connection.locate(&prepared, Input::Values(&[]), &mut found).unwrap();
    assert_eq!(found.len(), all.len() - 1);
    assert!(!std::sync::Arc::ptr_eq(found.version().unwrap(), &before));
    // As long as nothing is written, it is the same version that statements read.
    let after = found.version().cloned().unwrap();
    let other = connection.prepare(Select::from("parents").filter(id(1)).into()).unwrap();
    connection.locate(&other, Input::Values(&[]), &mut found).unwrap();
    assert!(std::sync::Arc::ptr_eq(found.version().unwrap(), &after));
}
