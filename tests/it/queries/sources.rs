//! What a query may read besides tables.

use diptych::expr::Comparison;
use diptych::query::{Leaf, Nulls, Output, Quantifier, Source};
use diptych::{Direction, Expr, Expression, Insert, Select, Value, col, count, parameter};

use super::{any_order, lines, of, outer, output, refused, shop};

fn values(rows: &[(i64, Option<i64>)]) -> Source {
    let rows = rows.iter().map(|(a, b)| vec![Expr::from(*a), Expr::Value((*b).into())]);
    Source::Values(rows.collect(), vec!["a".into(), "b".into()])
}

#[test]
fn a_query_without_sources_brings_one_row() {
    let mut shop = shop();
    let two = Select::from(Source::Nothing).values([Expr::from(1).plus(1)]);
    assert_eq!(lines(&mut shop, two.clone()), ["2"]);
    assert_eq!(lines(&mut shop, two.filter(Expr::from(1).eq(0))), Vec::<String>::new());
}

#[test]
fn given_rows_are_a_source() {
    let mut shop = shop();
    let select = Select::from(values(&[(1, Some(7)), (2, None)])).values([col("b"), col("a")]);
    assert_eq!(any_order(&mut shop, select), ["7 1", "NULL 2"]);
    let joined = Select::from("people").join(values(&[(1, Some(7)), (3, Some(8))]), of(0, "id").eq(of(1, "a")));
    assert_eq!(any_order(&mut shop, joined.values([of(0, "name"), of(1, "b")])), ["'Ann' 7", "'Cid' 8"]);
    let uneven = Source::Values(vec![vec![1.into()], vec![1.into(), 2.into()]], vec!["a".into()]);
    assert!(refused(&mut shop, Select::from(uneven)).to_string().contains("2 columns, 1 are named"));
}

/// The columns of a query that is a source have the names that the source gives them; whole rows are their columns.
#[test]
fn a_query_is_a_source() {
    let mut shop = shop();
    let per_person = Select::from("orders").values([col("person"), count()]).group_by([col("person")]);
    let source = Source::select(per_person, ["who", "many"]);
    let select = Select::from("people").left_join(source, of(0, "id").eq(of(1, "who")));
    let select = select.values([of(0, "name"), of(1, "many")]);
    assert_eq!(any_order(&mut shop, select), ["'Ann' 2", "'Bob' NULL", "'Cid' 1", "'Dee' NULL"]);
    let whole = Source::select(Select::from("people").filter(col("id").le(2)), ["i", "n", "b"]);
    assert_eq!(
        any_order(&mut shop, Select::from(whole.clone()).values([col("n"), col("b")])),
        ["'Ann' NULL", "'Bob' 1"]
    );
    let rows = shop.execute(Select::from(whole)).unwrap().rows;
    assert_eq!((rows.len(), rows.row_width()), (2, 1));
    assert!(
        refused(&mut shop, Select::from(Source::select(Select::from("people"), ["i"])))
            .to_string()
            .contains("3 columns")
    );
}

/// A query that is a source may read the sources before it, but not those after it.
#[test]
fn a_source_may_read_those_before_it() {
    let mut shop = shop();
    let dearest = Select::from("orders").values([col("price")]).filter(col("person").eq(outer(1, 0, "id")));
    let dearest = Source::select(dearest.order_by(col("price"), Direction::Descending).limit(1), ["price"]);
    let select = Select::from("people").left_join(dearest.clone(), Expr::And(vec![]));
    let select = select.values([of(0, "name"), of(1, "price")]);
    assert_eq!(any_order(&mut shop, select), ["'Ann' 30", "'Bob' NULL", "'Cid' 30", "'Dee' NULL"]);
    let early = Select::from(dearest).cross_join("people").values([of(1, "name")]);
    assert!(refused(&mut shop, early).to_string().contains("there is none"));
}

#[test]
fn with_names_queries_and_the_innermost_name_counts() {
    let mut shop = shop();
    let dear = Select::from("orders").values([col("id"), col("person")]).filter(col("price").ge(30));
    let select = Select::from(Source::Common("dear".into())).with("dear", ["o", "p"], dear.clone());
    let names = select.clone().join("people", of(0, "p").eq(of(1, "id"))).values([of(0, "o"), of(1, "name")]);
    assert_eq!(any_order(&mut shop, names), ["2 'Ann'", "3 'Cid'"]);
    // Twice in one query, and from within a subquery.
    let twice = select.clone().cross_join(Source::Common("dear".into())).values([count()]);
    assert_eq!(lines(&mut shop, twice), ["4"]);
    let own = Select::from(Source::Common("dear".into())).values([col("p")]);
    let among = Select::from("people").values([col("name")]).with("dear", ["o", "p"], dear);
    let among = among.filter(Leaf::In(vec![col("id")], Box::new(own.clone())).expr());
    assert_eq!(any_order(&mut shop, among.clone()), ["'Ann'", "'Cid'"]);
    let one = Select::from(Source::Nothing).values([Expr::from(0), Expr::from(4)]);
    let inner = own.with("dear", ["o", "p"], one);
    let shadowed = Select { filter: None, ..among }.filter(Leaf::In(vec![col("id")], Box::new(inner)).expr());
    assert_eq!(any_order(&mut shop, shadowed), ["'Dee'"]);
    let unknown = Select::from(Source::Common("deer".into()));
    assert!(refused(&mut shop, unknown).to_string().contains("deer"));
}

/// A query of a WITH stands beside its select: what is one select outwards from it is so from the select.
#[test]
fn with_in_a_subquery_reads_rows_around_it() {
    let mut shop = shop();
    let own = Select::from("orders").values([col("price")]).filter(col("person").eq(outer(1, 0, "id")));
    let deeper =
        Select::from(Source::Common("own".into())).values([diptych::aggregate(diptych::Aggregate::Sum, col("p"))]);
    let sum = Select::from(Source::Nothing).values([Leaf::Scalar(Box::new(deeper)).expr()]).with("own", ["p"], own);
    let select = Select::from("people").values([col("name"), Leaf::Scalar(Box::new(sum)).expr()]);
    assert_eq!(any_order(&mut shop, select), ["'Ann' 40", "'Bob' NULL", "'Cid' 30", "'Dee' NULL"]);
}

#[test]
fn in_over_several_columns_follows_three_valued_logic() {
    let mut shop = shop();
    let mut among = |rows: &[(i64, Option<i64>)], id: i64, price: Option<i64>| {
        let needle = vec![Expr::from(id), Expr::Value(price.into())];
        let list = Select::from(values(rows));
        let among = Leaf::In(needle, Box::new(list)).expr();
        lines(&mut shop, Select::from(Source::Nothing).values([among])).remove(0)
    };
    assert_eq!(among(&[(1, Some(2))], 1, Some(2)), "TRUE");
    assert_eq!(among(&[(1, Some(2))], 1, Some(3)), "FALSE");
    assert_eq!(among(&[(1, None)], 1, Some(3)), "NULL");
    assert_eq!(among(&[(1, None)], 2, Some(3)), "FALSE");
    assert_eq!(among(&[(1, Some(2))], 1, None), "NULL");
    assert_eq!(among(&[(1, Some(2))], 2, None), "FALSE");
    assert_eq!(among(&[], 2, None), "FALSE");
}

#[test]
fn any_and_all_follow_three_valued_logic() {
    let mut shop = shop();
    let mut holds = |needle: Option<i64>, how, quantifier, list: &[i64], null: bool| {
        let rows: Vec<_> = list.iter().map(|it| (*it, None)).collect();
        let list = Select::from(values(&rows)).values([col("a")]);
        let nulls = Select::from(values(&[(0, None)])).values([col("b")]);
        let list = if null { list.compound_all(diptych::query::SetOperation::Union, nulls) } else { list };
        let leaf = Leaf::Quantified(Box::new(Expr::Value(needle.into())), how, quantifier, Box::new(list));
        lines(&mut shop, Select::from(Source::Nothing).values([leaf.expr()])).remove(0)
    };
    use Comparison::{Equal, Less, NotEqual};
    use Quantifier::{All, Any};
    assert_eq!(holds(Some(1), Less, Any, &[0, 2], false), "TRUE");
    assert_eq!(holds(Some(1), Less, All, &[0, 2], true), "FALSE");
    assert_eq!(holds(Some(1), Less, All, &[2, 3], false), "TRUE");
    assert_eq!(holds(Some(1), Less, All, &[2, 3], true), "NULL");
    assert_eq!(holds(Some(1), Equal, Any, &[2], true), "NULL");
    assert_eq!(holds(Some(1), NotEqual, All, &[2], false), "TRUE");
    assert_eq!(holds(Some(1), NotEqual, All, &[1], true), "FALSE");
    assert_eq!(holds(None, Equal, All, &[], false), "TRUE");
    assert_eq!(holds(None, Equal, Any, &[], false), "FALSE");
    assert_eq!(holds(None, Equal, Any, &[1], false), "NULL");
}

#[test]
fn an_order_reads_what_comes_out_and_places_null() {
    let mut shop = shop();
    let twice = Select::from("orders").values([col("id"), col("price").times(2)]);
    let first = twice.clone().order_by(output(1), Direction::Descending).order_by(output(0), Direction::Ascending);
    assert_eq!(lines(&mut shop, first), ["2 60", "3 60", "1 20", "4 10", "5 NULL"]);
    let nulls = twice.clone().order_by_nulls(output(1).plus(1), Direction::Descending, Nulls::First).limit(2);
    assert_eq!(lines(&mut shop, nulls.order_by(output(0), Direction::Descending)), ["5 NULL", "3 60"]);
    let last = twice.clone().order_by_nulls(col("price"), Direction::Ascending, Nulls::Last).limit(1);
    assert_eq!(lines(&mut shop, last), ["4 10"]);
    assert!(refused(&mut shop, twice.order_by(output(2), Direction::Ascending)).to_string().contains("column 2"));
    // Whole rows count as their columns.
    let mut whole = Select::from("people").order_by(output(1), Direction::Descending).limit(1);
    whole.outputs.push(Output::Value(col("id")));
    assert_eq!(shop.execute(whole).unwrap().rows.values_at(0), [Value::Int(4)]);
}

#[test]
fn a_limit_is_any_expression() {
    use diptych::Connection;
    let mut shop = shop();
    let mut select = Select::from("people").values([col("id")]).order_by(col("id"), Direction::Ascending);
    select.limit = Some(parameter(0).plus(1));
    select.offset = Some(parameter(1));
    let prepared = shop.prepare(select.into()).unwrap();
    let mut page = |limit: Value, offset: Value| {
        let input = [limit, offset];
        let rows = shop.run(&prepared, diptych::query::Input::Values(&input)).unwrap().rows;
        rows.typed::<i64>().unwrap()
    };
    assert_eq!(page(1.into(), 1.into()), [2, 3]);
    assert_eq!(page(Value::Null, 2.into()), [3, 4]);
    assert_eq!(page((-2).into(), Value::Null), [1, 2, 3, 4]);
    assert!(shop.execute(Select { limit: Some("a".into()), ..Select::from("people") }).is_err());
    let of_itself = Select { limit: Some(col("id")), ..Select::from("people") };
    assert!(refused(&mut shop, of_itself).to_string().contains("there is none"));
}

/// The rows of an inner query are found once for a statement, where nothing around it matters.
#[test]
fn q1_a_query_that_reads_nothing_around_it_runs_once() {
    use diptych::Connection;
    let mut shop = shop();
    shop.execute(
        (10..110).fold(Insert::into("people", ["id", "name"]), |all, it| all.row([Value::from(it), "Eve".into()])),
    )
    .unwrap();
    let before = shop.log().totals();
    let dear = Select::from("orders").values([col("person")]).filter(col("price").gt(10));
    let dear = Source::select(dear.group_by([col("person")]), ["p"]);
    let inner = Select::from(dear).filter(col("p").eq(outer(1, 0, "id")));
    let select = Select::from("people").values([col("id")]).filter(Leaf::Exists(Box::new(inner)).expr());
    assert_eq!(any_order(&mut shop, select), ["1", "3"]);
    let read = (shop.log().totals() - before).rows_read;
    assert_eq!(read, 104 + 5, "Q1: people, and orders once");
}
