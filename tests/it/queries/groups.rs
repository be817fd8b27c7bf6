//! What stands for a group.

use diptych::query::{Leaf, Source};
use diptych::{Aggregate, Direction, Expr, Expression, Select, aggregate, col, count};

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
