//! The joins.

use diptych::query::{JoinKind, Leaf, Output, Source};
use diptych::{Expr, Expression, Select, col, count};

use super::{any_order, of, outer, refused, shop};

fn joined(kind: JoinKind) -> Select {
    let select = Select::from("people").join_as(kind, "orders", of(0, "id").eq(of(1, "person")));
    select.values([of(0, "name"), of(1, "id")])
}

#[test]
fn rows_without_a_partner_come_out_on_the_side_that_a_join_says() {
    let mut shop = shop();
    let both = ["'Ann' 1", "'Ann' 2", "'Cid' 3"];
    assert_eq!(any_order(&mut shop, joined(JoinKind::Inner)), both);
    assert_eq!(
        any_order(&mut shop, joined(JoinKind::Left)),
        [&both[..2], &["'Bob' NULL", "'Cid' 3", "'Dee' NULL"]].concat()
    );
    assert_eq!(any_order(&mut shop, joined(JoinKind::Right)), [&both[..], &["NULL 4", "NULL 5"]].concat());
    let full = [&both[..2], &["'Bob' NULL", "'Cid' 3", "'Dee' NULL", "NULL 4", "NULL 5"]].concat();
    assert_eq!(any_order(&mut shop, joined(JoinKind::Full)), full);
    let names = |kind| Select { outputs: vec![Output::Value(of(0, "name"))], ..joined(kind) };
    assert_eq!(any_order(&mut shop, names(JoinKind::Semi)), ["'Ann'", "'Cid'"]);
    assert_eq!(any_order(&mut shop, names(JoinKind::Anti)), ["'Bob'", "'Dee'"]);
}

/// A condition of the query is judged after rows without a partner have come out, wherever it could be judged earlier.
#[test]
fn conditions_wait_for_rows_without_a_partner() {
    let mut shop = shop();
    let absent = |kind| joined(kind).filter(of(0, "name").is_null());
    assert_eq!(any_order(&mut shop, absent(JoinKind::Right)), ["NULL 4", "NULL 5"]);
    assert_eq!(any_order(&mut shop, absent(JoinKind::Full)), ["NULL 4", "NULL 5"]);
    let not_ann = |kind| joined(kind).filter(of(0, "name").ne("Ann").or(of(0, "name").is_null()));
    assert_eq!(any_order(&mut shop, not_ann(JoinKind::Right)), ["'Cid' 3", "NULL 4", "NULL 5"]);
    // In the condition of the join, it only says who is a partner.
    let on = of(0, "id").eq(of(1, "person")).and(of(0, "name").ne("Ann"));
    let select = Select::from("people").join_as(JoinKind::Full, "orders", on).values([of(0, "name"), of(1, "id")]);
    let expected = ["'Ann' NULL", "'Bob' NULL", "'Cid' 3", "'Dee' NULL", "NULL 1", "NULL 2", "NULL 4", "NULL 5"];
    assert_eq!(any_order(&mut shop, select), expected);
}

/// A row that had no partner goes on to the joins that follow, and may find or miss partners there.
#[test]
fn joins_follow_each_other() {
    let mut shop = shop();
    let third = |kind| {
        let select = joined(JoinKind::Full).join_as(kind, "people", of(2, "id").eq(of(1, "id")));
        select.values([of(0, "name"), of(1, "id"), of(2, "name")])
    };
    let inner = ["'Ann' 1 'Ann'", "'Ann' 2 'Bob'", "'Cid' 3 'Cid'", "NULL 4 'Dee'"];
    assert_eq!(any_order(&mut shop, third(JoinKind::Inner)), inner);
    assert_eq!(any_order(&mut shop, third(JoinKind::Right)), inner);
    let left = ["'Bob' NULL NULL", "'Dee' NULL NULL", "NULL 5 NULL"];
    let mut expected = [&inner[..], &left[..]].concat();
    expected.sort_unstable();
    assert_eq!(any_order(&mut shop, third(JoinKind::Full)), expected);
    assert_eq!(any_order(&mut shop, third(JoinKind::Left)), expected);
    // Two sides whose rows stay, one after the other, with nothing in common.
    let never = Expr::from(1).eq(0);
    let apart = Select::from("people").join_as(JoinKind::Full, "orders", never.clone());
    let apart = apart.join_as(JoinKind::Full, "people", never).values([count()]);
    assert_eq!(any_order(&mut shop, apart), ["13"]);
}

#[test]
fn a_source_of_partners_is_not_read_elsewhere() {
    let mut shop = shop();
    let semi = |select: Select| select.join_as(JoinKind::Semi, "orders", of(0, "id").eq(of(1, "person")));
    let read = semi(Select::from("people")).values([of(1, "id")]);
    assert!(refused(&mut shop, read).to_string().contains("only partners"));
    let whole = Select { outputs: vec![Output::Row(1)], ..semi(Select::from("people")) };
    assert!(refused(&mut shop, whole).to_string().contains("only partners"));
    let own = Select::from("orders").filter(col("person").eq(outer(1, 0, "id"))).values([col("price")]);
    let lateral = Source::select(own, ["price"]);
    let right = Select::from("people").join_as(JoinKind::Right, lateral, Expr::And(vec![])).values([of(0, "id")]);
    assert!(refused(&mut shop, right).to_string().contains("sources before it"));
}

#[test]
fn a_join_of_derived_rows_keeps_those_without_a_partner() {
    let mut shop = shop();
    let dear = Source::select(Select::from("orders").filter(col("price").ge(30)), ["i", "p", "c"]);
    let select = Select::from(dear).join_as(JoinKind::Full, "people", of(0, "p").eq(of(1, "id")));
    let select = select.values([of(0, "i"), of(1, "name")]);
    assert_eq!(any_order(&mut shop, select.clone()), ["2 'Ann'", "3 'Cid'", "NULL 'Bob'", "NULL 'Dee'"]);
    let exists = Leaf::Exists(Box::new(select.filter(of(1, "name").eq("Bob")))).expr();
    assert_eq!(any_order(&mut shop, Select::from(Source::Nothing).values([exists])), ["TRUE"]);
}
