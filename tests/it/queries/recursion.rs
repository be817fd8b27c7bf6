//! Queries that name themselves.

use diptych::query::{Leaf, SetOperation, Source};
use diptych::{Aggregate, Direction, Expr, Expression, Select, aggregate, col};

use super::{any_order, lines, of, outer, output, refused, shop};

fn named(name: &'static str) -> Source {
    Source::Common(name.into())
}

/// From a number on, each one more than the last, below a bound.
fn numbers(below: i64) -> Select {
    let next = Select::from(named("n")).values([col("i").plus(1)]).filter(col("i").plus(1).lt(below));
    Select::from(Source::Nothing).values([Expr::from(0)]).compound_all(SetOperation::Union, next)
}

#[test]
fn a_recursive_query_goes_on_from_what_it_found_last() {
    let mut shop = shop();
    let select = Select::from(named("n")).with("n", ["i"], numbers(5)).values([col("i")]);
    assert_eq!(lines(&mut shop, select), ["0", "1", "2", "3", "4"]);
    let deep = Select::from(named("n")).with("n", ["i"], numbers(100_000));
    assert_eq!(lines(&mut shop, deep.values([aggregate(Aggregate::Max, col("i"))])), ["99999"]);
    // Down the tree of people.
    let first = Select::from("people").values([col("id"), Expr::from(0)]).filter(col("boss").is_null());
    let below = Select::from("people").join(named("under"), of(0, "boss").eq(of(1, "id")));
    let below = below.values([of(0, "id"), of(1, "depth").plus(1)]);
    let under = first.compound_all(SetOperation::Union, below);
    let select = Select::from(named("under")).with("under", ["id", "depth"], under).values([col("id"), col("depth")]);
    assert_eq!(any_order(&mut shop, select), ["1 0", "2 1", "3 2", "4 1"]);
}

/// With UNION, rows that were found before do not count again, so that a ring comes to an end.
#[test]
fn a_ring_ends_with_union_and_is_refused_without() {
    let mut shop = shop();
    let ring = |all: bool| {
        let first = Select::from(Source::Nothing).values([Expr::from(0)]);
        let next =
            Select::from(named("ring")).values([col("i").plus(1).arithmetic(diptych::expr::Arithmetic::Remainder, 3)]);
        let how = SetOperation::Union;
        let select = if all { first.compound_all(how, next) } else { first.compound(how, next) };
        Select::from(named("ring")).with("ring", ["i"], select).values([col("i")])
    };
    assert_eq!(any_order(&mut shop, ring(false)), ["0", "1", "2"]);
    let error = refused(&mut shop, ring(true).values([diptych::count()]));
    assert!(error.to_string().contains("no end"), "{error}");
    // A limit in the query itself ends it too.
    let mut limited = ring(true);
    limited.with[0].select = limited.with[0].select.clone().limit(4).offset(1);
    assert_eq!(lines(&mut shop, limited), ["1", "2", "0", "1"]);
}

/// In an order, the row that comes first goes on first: depth before breadth.
#[test]
fn a_recursive_query_in_an_order_goes_on_from_the_first() {
    let mut shop = shop();
    let first = Select::from("people").values([col("id"), Expr::from(0)]).filter(col("boss").is_null());
    let below = Select::from("people").join(named("under"), of(0, "boss").eq(of(1, "id")));
    let below = below.values([of(0, "id"), of(1, "depth").plus(1)]);
    let under = first.compound_all(SetOperation::Union, below).order_by(output(1), Direction::Descending);
    let under = under.order_by(output(0), Direction::Ascending);
    let select = Select::from(named("under")).with("under", ["id", "depth"], under).values([col("id")]);
    assert_eq!(lines(&mut shop, select), ["1", "2", "3", "4"]);
}

#[test]
fn a_recursive_query_reads_rows_around_it_and_may_be_named_within_itself() {
    let mut shop = shop();
    // All bosses above each person.
    let start = Select::from("people").values([col("boss")]).filter(col("id").eq(outer(1, 0, "id")));
    let next = Select::from("people").join(named("up"), of(0, "id").eq(of(1, "b"))).values([of(0, "boss")]);
    let chain = start.compound(SetOperation::Union, next);
    let many = Select::from(named("up")).with("up", ["b"], chain).values([aggregate(Aggregate::Count, col("b"))]);
    let select = Select::from("people").values([col("name"), Leaf::Scalar(Box::new(many)).expr()]);
    assert_eq!(any_order(&mut shop, select), ["'Ann' 0", "'Bob' 1", "'Cid' 2", "'Dee' 1"]);
    // Within a subquery of its own step.
    let first = Select::from("people").values([col("id")]).filter(col("id").eq(1));
    let bosses = Select::from(named("team")).values([col("i")]);
    let step = Select::from("people").values([col("id")]).filter(Leaf::In(vec![col("boss")], Box::new(bosses)).expr());
    let team = first.compound(SetOperation::Union, step);
    let select = Select::from(named("team")).with("team", ["i"], team).values([col("i")]);
    assert_eq!(any_order(&mut shop, select), ["1", "2", "3", "4"]);
}

#[test]
fn what_cannot_be_recursive_says_so() {
    let mut shop = shop();
    let run = |select: Select| Select::from(named("n")).with("n", ["i"], select).values([col("i")]);
    let itself = Select::from(named("n")).values([col("i")]);
    assert!(refused(&mut shop, run(itself.clone())).to_string().contains("begins with"));
    let one = Select::from(Source::Nothing).values([Expr::from(1)]);
    let except = one.compound(SetOperation::Except, itself);
    assert!(refused(&mut shop, run(except)).to_string().contains("INTERSECT or EXCEPT"));
}
