//! Statements at the door: what is read, what is counted, what fails.

use diptych::error::Misuse;
use diptych::query::{Input, Leaf, RowChange, UpdateRows};
use diptych::record::Tuple;
use diptych::{
    Column, Connection, Delete, Direction, Expr, Expression, Insert, NativeConnection, Select, Update, Value, col,
    count,
};

use super::{connect, done, everything, keyed};

fn hundred() -> NativeConnection {
    let mut connection = connect([keyed("points").column(Column::int("x")).column(Column::int("y")).index(["x", "y"])]);
    let insert = Insert::into("points", ["id", "x", "y"]);
    done(&mut connection, (0..100).fold(insert, |all, it| all.row([it, it % 10, it / 10])));
    connection
}

/// Q1: every statement is counted, with the rows that it looked at.
#[test]
fn q1_a_count_of_all_rows_reads_none_and_an_ordered_page_reads_its_rows() {
    let mut connection = hundred();
    let mut read = |select: Select| {
        let before = connection.log().totals();
        let rows = done(&mut connection, select).rows;
        let after = connection.log().totals();
        assert_eq!(after.statements - before.statements, 1, "Q1");
        (after.rows_read - before.rows_read, rows.to_values())
    };
    assert_eq!(read(Select::from("points").values([count()])), (0, vec![vec![Value::Int(100)]]));
    let tenth = Select::from("points").values([count()]).filter(col("x").eq(3));
    assert_eq!(read(tenth), (0, vec![vec![Value::Int(10)]]));
    let rows = |rows: [[i64; 2]; 2]| rows.map(|row| row.map(Value::Int).to_vec()).to_vec();
    let page = Select::from("points").values([col("id"), col("y")]).order_by(col("id"), Direction::Descending).limit(2);
    assert_eq!(read(page), (2, rows([[99, 9], [98, 9]])));
    // An index holds its columns, and a row's place is its key: nothing else has to be looked at for them.
    let page = Select::from("points").values([col("id"), col("y")]).filter(col("x").eq(3));
    let page = page.order_by(col("y"), Direction::Descending).limit(2);
    assert_eq!(read(page), (0, rows([[93, 9], [83, 8]])));
}

#[test]
fn q2_an_update_that_fails_midway_changes_nothing() {
    let mut connection = hundred();
    let before = everything(&mut connection);
    // The last row overflows when all others have been computed.
    done(&mut connection, Update::table("points").set("y", i64::MAX).filter(col("id").eq(99)));
    let changed = everything(&mut connection);
    assert_ne!(changed, before);
    assert!(connection.execute(Update::table("points").set("y", col("y").plus(1))).is_err());
    assert_eq!(everything(&mut connection), changed);
}

/// Rows that are to hold what they held when they were read: the first that does not is named, and none is changed.
#[test]
fn q2_a_row_that_does_not_hold_what_was_read_is_stale() {
    let versioned = keyed("pages").column(Column::int("score")).column(Column::int("version").nullable());
    let mut connection = connect([versioned]);
    let insert = Insert::into("pages", ["id", "score", "version"]);
    done(&mut connection, (1..=4).fold(insert, |all, it| all.row([it, 0, 1])));
    done(&mut connection, Update::table("pages").set("version", Value::Null).filter(col("id").eq(4)));
    let row = |id: i64, score: i64, version: Value| Tuple::new([id.into(), score.into(), version]).into_row();
    let change = |id: i64, was: Value, now: i64| RowChange { before: row(id, 0, was), after: row(id, now, now.into()) };
    let mut run = |changes: Vec<RowChange>| {
        let columns = vec!["score".into(), "version".into()];
        let update = UpdateRows { table: "pages".into(), columns, expected: vec!["version".into()] };
        let update = connection.prepare(update.into()).expect("the columns are there");
        let outcome = connection.run(&update, Input::Changes(&mut { changes })).map(|it| it.count);
        (outcome, everything(&mut connection))
    };
    let (changed, now) = run(vec![change(1, 1.into(), 2), change(2, 1.into(), 3)]);
    assert_eq!(changed.ok(), Some(2));
    // Of another version, gone, and of none at all: NULL equals nothing.
    let stale = [change(2, 1.into(), 9), change(7, 1.into(), 9), change(4, Value::Null, 9)];
    for (it, key) in stale.into_iter().zip([2, 7, 4]) {
        let (refused, after) = run(vec![change(3, 1.into(), 9), it]);
        let refused = refused.expect_err("one is stale");
        assert!(matches!(refused.misuse(), Some(Misuse::Stale { row }) if row.key == [key.into()]), "{refused}");
        assert_eq!(after, now, "Q2");
    }
}

/// Each condition of a statement narrows it further.
#[test]
fn conditions_of_updates_and_deletes_add_up() {
    let mut connection = hundred();
    let update = Update::table("points").set("y", 70).filter(col("x").eq(3)).filter(col("y").lt(2));
    assert_eq!(done(&mut connection, update).count, 2);
    let delete = Delete::from("points").filter(col("x").eq(3)).filter(col("y").eq(70));
    assert_eq!(done(&mut connection, delete).count, 2);
}

/// A group has no row of its own: a subquery that reads one is refused, instead of finding NULL there.
#[test]
fn a_subquery_cannot_read_a_row_of_a_group() {
    let mut connection = hundred();
    let outer = Leaf::Column { up: 1, source: 0, name: "y".into() };
    let same = Select::from("points").filter(col("y").eq(outer.expr()));
    let grouped = Select::from("points").values([col("x"), count()]).group_by([col("x")]);
    let refused = connection.execute(grouped.clone().having(Expr::Leaf(Leaf::Exists(Box::new(same)))));
    assert!(refused.is_err_and(|error| error.to_string().contains("only groups")));
    // One that reads nothing around it is as good as any value, and its needle is the group's.
    let few = Select::from("points").values([col("x")]).filter(col("x").lt(3));
    let having = Expr::Leaf(Leaf::In(vec![col("x")], Box::new(few)));
    let rows = done(&mut connection, grouped.having(having)).rows;
    assert_eq!(rows.len(), 3);
}
