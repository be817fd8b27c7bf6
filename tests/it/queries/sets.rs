//! Queries put together.

use diptych::query::{Leaf, SetOperation, Source};
use diptych::{Direction, Expr, Expression, Select, col};

use super::{any_order, lines, output, refused, shop};

fn list(rows: &[Option<i64>]) -> Select {
    let rows = rows.iter().map(|it| vec![Expr::Value((*it).into())]).collect();
    Select::from(Source::Values(rows, vec!["a".into()])).values([col("a")])
}

const SOME: [Option<i64>; 5] = [Some(1), Some(1), Some(2), None, None];
const OTHERS: [Option<i64>; 4] = [Some(1), Some(3), None, Some(1)];

#[test]
fn set_operations_count_equal_rows_once_or_as_often_as_they_come() {
    use SetOperation::{Except, Intersect, Union};
    let mut shop = shop();
    let mut all = |how, all: bool| {
        let (a, b) = (list(&SOME), list(&OTHERS));
        any_order(&mut shop, if all { a.compound_all(how, b) } else { a.compound(how, b) })
    };
    assert_eq!(all(Union, false), ["1", "2", "3", "NULL"]);
    assert_eq!(all(Union, true), ["1", "1", "1", "1", "2", "3", "NULL", "NULL", "NULL"]);
    assert_eq!(all(Intersect, false), ["1", "NULL"]);
    assert_eq!(all(Intersect, true), ["1", "1", "NULL"]);
    assert_eq!(all(Except, false), ["2"]);
    assert_eq!(all(Except, true), ["2", "NULL"]);
}

#[test]
fn set_operations_go_from_left_to_right_and_order_and_limit_are_about_all() {
    let mut shop = shop();
    let select =
        list(&SOME).compound(SetOperation::Union, list(&OTHERS)).compound(SetOperation::Except, list(&[Some(2)]));
    let ordered = select.order_by(output(0), Direction::Descending);
    assert_eq!(lines(&mut shop, ordered.clone()), ["3", "1", "NULL"]);
    assert_eq!(lines(&mut shop, ordered.clone().limit(1).offset(1)), ["1"]);
    // Order and limit of a part are its own.
    let least = list(&OTHERS).filter(col("a").is_not_null()).order_by(col("a"), Direction::Descending).limit(1);
    let select = list(&[Some(0)]).compound_all(SetOperation::Union, least);
    assert_eq!(any_order(&mut shop, select), ["0", "3"]);
    let by_name = list(&SOME).compound(SetOperation::Union, list(&OTHERS)).order_by(col("a"), Direction::Ascending);
    assert!(refused(&mut shop, by_name).to_string().contains("there is none"));
    let wider = Select::from("people").values([col("id"), col("name")]);
    assert!(refused(&mut shop, list(&SOME).compound(SetOperation::Union, wider)).to_string().contains("2 columns"));
}

#[test]
fn set_operations_stand_wherever_queries_stand() {
    let mut shop = shop();
    let both = || list(&[Some(1)]).compound(SetOperation::Union, list(&[Some(4)]));
    let among = Leaf::In(vec![col("id")], Box::new(both())).expr();
    assert_eq!(any_order(&mut shop, Select::from("people").values([col("name")]).filter(among)), ["'Ann'", "'Dee'"]);
    let source = Source::select(both(), ["x"]);
    assert_eq!(any_order(&mut shop, Select::from(source).values([col("x").plus(1)])), ["2", "5"]);
    let none = list(&[Some(1)]).compound(SetOperation::Except, list(&[Some(1)]));
    let exists = Leaf::Exists(Box::new(none)).expr();
    assert_eq!(lines(&mut shop, Select::from(Source::Nothing).values([exists])), ["FALSE"]);
    // Whole rows count as their columns.
    let people = Select::from("people").filter(col("id").le(2));
    let rest = people.compound(SetOperation::Except, Select::from("people").filter(col("id").eq(1)));
    assert_eq!(lines(&mut shop, rest), ["2 'Bob' 1"]);
}
