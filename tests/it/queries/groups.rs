//! What stands for a group.

use diptych::expr::Arithmetic;
use diptych::query::{Leaf, Source};
use diptych::{Aggregate, Direction, Expr, Expression, Select, Value, aggregate, col, count};

use super::{any_order, lines, of, outer, output, refused, shop};

/// Where the primary key is grouped by, every column of its source has one value.
#[test]
fn columns_that_depend_on_a_grouped_key_are_known() {
    let mut shop = shop();
    let select = Select::from("people").left_join("orders", of(0, "id").eq(of(1, "person")));
    let select = select.group_by([of(0, "id")]);
    let named = select.clone().values([of(0, "name"), aggregate(Aggregate::Sum, of(1, "price"))]);
    assert_eq!(any_order(&mut shop, named), ["'Ann' 40", "'Bob' NULL", "'Cid' 30", "'Dee' NULL"]);
    let other = select.values([of(1, "price")]);
    assert!(refused(&mut shop, other).to_string().contains("neither grouped by"));
}

#[test]
fn a_bare_column_is_refused_or_that_of_some_row() {
    let mut shop = shop();
    let dearest = Select::from("orders").group_by([col("person")]).filter(col("person").eq(1));
    let bare = dearest.clone().values([col("id"), count()]);
    assert!(refused(&mut shop, bare.clone()).to_string().contains("neither grouped by"));
    let ids = lines(&mut shop, bare.any_row());
    assert!(ids == ["1 2"] || ids == ["2 2"], "{ids:?}");
    // With one least or greatest, it is the row that has it.
    let most = dearest.clone().values([col("id"), aggregate(Aggregate::Max, col("price")), count()]).any_row();
    assert_eq!(lines(&mut shop, most), ["2 30 2"]);
    let least = dearest.values([col("id"), aggregate(Aggregate::Min, col("price"))]).any_row();
    assert_eq!(lines(&mut shop, least), ["1 10"]);
    let none = Select::from("orders").filter(col("id").gt(99)).values([col("id"), count()]).any_row();
    assert_eq!(lines(&mut shop, none), ["NULL 0"]);
}

#[test]
fn a_subquery_reads_what_is_grouped_by() {
    let mut shop = shop();
    let name = Select::from("people").values([col("name")]).filter(col("id").eq(outer(1, 0, "person")));
    let select =
        Select::from("orders").values([Leaf::Scalar(Box::new(name)).expr(), count()]).group_by([col("person")]);
    assert_eq!(any_order(&mut shop, select), ["'Ann' 2", "'Cid' 1", "NULL 1", "NULL 1"]);
}

#[test]
fn what_is_grouped_by_is_known_inside_expressions_and_orders() {
    let mut shop = shop();
    let key = col("price").plus(1);
    let select = Select::from("orders").values([key.clone().times(2), count()]).group_by([key.clone()]);
    let ordered = select.order_by(key.times(-1), Direction::Descending).order_by(output(1), Direction::Ascending);
    assert_eq!(lines(&mut shop, ordered), ["12 1", "22 1", "62 2", "NULL 1"]);
    let by_count = Select::from("orders").values([col("person")]).group_by([col("person")]);
    let by_count = by_count.order_by(count(), Direction::Descending).limit(1);
    assert_eq!(lines(&mut shop, by_count), ["1"]);
    let whole = Select::from("orders").group_by([col("id"), col("person"), col("price")]);
    let whole = Select::from(Source::select(whole, ["a", "b", "c"])).values([Expr::from(1), count()]);
    assert_eq!(lines(&mut shop, whole), ["1 5"]);
}

/// Sums of integers are made in a short way, until one is none: then once more, in the long one, and read once.
#[test]
fn sums_leave_the_short_way_where_they_must() {
    use diptych::{Column, Connection, Database, Insert, Schema, Table, Value};
    let table = Table::new("t").column(Column::int("id")).primary_key(["id"]).column(Column::int("g"));
    let table = table.column(Column::int("n").nullable()).column(Column::float("f").nullable());
    let mut connection = Database::new(Schema::builder().table(table).build().unwrap()).connect();
    let mut insert = Insert::into("t", ["id", "g", "n", "f"]);
    let rows: [(i64, Option<i64>, Option<f64>); 6] = [
        (7, Some(i64::MAX), Some(0.5)),
        (8, None, None),
        (7, Some(5), None),
        (-9, Some(1), Some(2.0)),
        (7, Some(-5), Some(0.25)),
        (8, None, None),
    ];
    for (id, (g, n, f)) in (0_i64..).zip(rows) {
        insert = insert.row([Value::from(id), g.into(), n.into(), f.into()]);
    }
    connection.execute(insert).unwrap();
    let sums = |names: &[&'static str]| {
        let sums = names.iter().map(|it| aggregate(Aggregate::Sum, col(*it)));
        let outputs = [col("g"), count(), aggregate(Aggregate::Count, col("n"))].into_iter().chain(sums);
        Select::from("t").values(outputs).group_by([col("g")])
    };
    let before = connection.log().totals();
    // The sum passes what an integer holds on its way, and comes back.
    let most = i64::MAX;
    let expected = ["-9 1 1 1".to_owned(), format!("7 3 3 {most}"), "8 2 0 NULL".to_owned()];
    assert_eq!(any_order(&mut connection, sums(&["n"])), expected);
    assert_eq!((connection.log().totals() - before).rows_read, 6);
    let floats = any_order(&mut connection, sums(&["n", "f"]));
    assert_eq!(floats, ["-9 1 1 1 2.0".to_owned(), format!("7 3 3 {most} 0.75"), "8 2 0 NULL NULL".to_owned()]);
    let small = sums(&["n"]).filter(col("id").ge(1)).filter(col("n").is_null().or(col("n").lt(5)));
    assert_eq!(any_order(&mut connection, small), ["-9 1 1 1", "7 1 1 -5", "8 2 0 NULL"]);
    let nothing = Select::from("t").values([aggregate(Aggregate::Sum, col("n")), count()]).filter(col("id").gt(9));
    assert_eq!(lines(&mut connection, nothing), ["NULL 0"]);
}

/// Constants that are equal may be computed with otherwise: a half of 2 is not a half of 2.0.
#[test]
fn expressions_are_one_where_they_are_written_alike() {
    let mut shop = shop();
    let half = |by: Value| col("price").arithmetic(Arithmetic::Divide, by);
    let sum = |by: Value| aggregate(Aggregate::Sum, half(by));
    let both = Select::from("orders").values([sum(5.into()), sum(5.0.into())]).filter(col("id").eq(4));
    assert_eq!(lines(&mut shop, both), ["1 1.0"]);
    let groups = Select::from("orders").group_by([half(4.into())]).values([half(4.into()), count()]);
    assert_eq!(any_order(&mut shop, groups.clone()), ["1 1", "2 1", "7 2", "NULL 1"]);
    refused(&mut shop, groups.values([half(4.0.into())]));
}
