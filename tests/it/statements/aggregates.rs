//! Aggregates of every sort over groups, with conditions, orders and equal operands once.

use diptych::expr::Function;
use diptych::query::{Aggregation, Direction, Leaf, OrderBy, count_distinct};
use diptych::{Aggregate, Column, Expr, Expression, Insert, Schema, Select, Statement, Table, Value, col, count};

use super::Both;

fn sales() -> Both {
    let table = Table::new("sale").auto_key("id").column(Column::text("shop")).column(Column::int("price").nullable());
    let table = table.column(Column::text("item").nullable()).column(Column::float("weight").nullable());
    let mut both = Both::of(Schema::builder().table(table).build().unwrap());
    type Sale = (&'static str, Option<i64>, Option<&'static str>, Option<f64>);
    let rows: [Sale; 8] = [
        ("north", Some(5), Some("tea"), Some(0.1)),
        ("north", Some(3), Some("12 cups"), Some(0.2)),
        ("south", None, None, None),
        ("north", Some(5), None, Some(0.3)),
        ("south", Some(9), Some("tea"), Some(1e15)),
        ("east", None, None, None),
        ("south", Some(-2), Some("jam"), Some(0.7)),
        ("north", None, Some("tea"), Some(-0.1)),
    ];
    let mut insert = Insert::into("sale", ["shop", "price", "item", "weight"]);
    for (shop, price, item, weight) in rows {
        insert = insert.row([Value::from(shop), price.into(), item.into(), weight.into()]);
    }
    both.run(insert.clone()).unwrap();
    both.sqlite.execute_batch(&diptych::Statement::from(insert).to_sql()).unwrap();
    both
}

fn of(function: Aggregate, operand: &'static str) -> Aggregation {
    Aggregation::of(function, col(operand))
}

fn by(name: &'static str, direction: Direction) -> OrderBy {
    OrderBy { by: col(name), direction, nulls: None }
}

fn grouped(values: impl IntoIterator<Item = Expr<Leaf>>) -> Select {
    let values = std::iter::once(col("shop")).chain(values);
    Select::from("sale").values(values).group_by([col("shop")]).order_by(col("shop"), Direction::Ascending)
}

#[test]
fn every_aggregate_over_groups() {
    let mut both = sales();
    use Aggregate::*;
    let all = [Count, Sum, Total, Min, Max, Average];
    both.same(
        grouped(all.iter().map(|it| of(*it, "price").expr())),
        "SELECT shop, count(price), sum(price), total(price), min(price), max(price), avg(price) FROM sale
         GROUP BY shop ORDER BY shop",
    );
    both.same(
        grouped([Sum, Min, Average].iter().map(|it| of(*it, "weight").expr())),
        "SELECT shop, sum(weight), min(weight), avg(weight) FROM sale GROUP BY shop ORDER BY shop",
    );
    both.same(
        grouped([Count, Min, Max, Concat].iter().map(|it| of(*it, "item").expr())),
        "SELECT shop, count(item), min(item), max(item), group_concat(item) FROM sale GROUP BY shop ORDER BY shop",
    );
}

#[test]
fn equal_operands_count_once() {
    let mut both = sales();
    use Aggregate::*;
    let distinct = |it: &Aggregate| Aggregation { distinct: true, ..of(*it, "price") }.expr();
    both.same(
        grouped([Count, Sum, Total, Min, Max, Average, Concat].iter().map(distinct)),
        "SELECT shop, count(DISTINCT price), sum(DISTINCT price), total(DISTINCT price), min(DISTINCT price),
         max(DISTINCT price), avg(DISTINCT price), group_concat(DISTINCT price) FROM sale GROUP BY shop ORDER BY shop",
    );
}

/// Combinations count as DISTINCT of a select has them: NULL is equal to NULL.
#[test]
fn combinations_count_once() {
    let mut both = sales();
    for columns in [vec!["shop", "price"], vec!["price", "weight"], vec!["item", "price", "weight"]] {
        let counted = Select::from("sale").values([count_distinct(columns.iter().map(|it| col(*it)))]);
        let inner = columns.join(", ");
        both.same(counted.clone(), &format!("SELECT count(*) FROM (SELECT DISTINCT {inner} FROM sale)"));
        // As text, SQLite understands it.
        let text = Statement::from(counted.clone()).to_sql();
        both.same(counted, &text);
    }
    both.same(
        grouped([count_distinct([col("price"), col("weight")])]),
        "SELECT shop, (SELECT count(*) FROM (SELECT DISTINCT price, weight FROM sale AS own WHERE own.shop IS sale.shop))
         FROM sale GROUP BY shop ORDER BY shop",
    );
    // Whether all of them or none has to be there is left open where each row counts.
    let all =
        Aggregation { distinct: false, operands: vec![col("price"), col("weight")], ..of(Aggregate::Count, "id") };
    let none = count_distinct([]);
    let sum = Aggregation { operands: vec![col("price"), col("weight")], ..of(Aggregate::Sum, "id") };
    for refused in [all.expr(), none, sum.expr()] {
        let problem = both.run(Select::from("sale").values([refused])).unwrap_err().to_string();
        assert!(problem.contains("operands"), "{problem}");
    }
}

#[test]
fn only_rows_that_fulfil_a_condition_count() {
    let mut both = sales();
    let filter = || Some(col("price").gt(3));
    let counted = Aggregation { operands: vec![], filter: filter(), ..of(Aggregate::Count, "id") };
    let summed = Aggregation { filter: filter(), ..of(Aggregate::Sum, "price") };
    both.same(
        grouped([counted.clone().expr(), summed.expr(), count()]),
        "SELECT shop, count(*) FILTER (WHERE price > 3), sum(price) FILTER (WHERE price > 3), count(*) FROM sale
         GROUP BY shop ORDER BY shop",
    );
    both.same(Select::from("sale").values([counted.expr()]), "SELECT count(*) FILTER (WHERE price > 3) FROM sale");
}

#[test]
fn texts_go_together_in_an_order() {
    let mut both = sales();
    let joined = |order_by: Vec<OrderBy>, separator: Expr<Leaf>| {
        let operands = vec![col("item"), separator];
        Aggregation { operands, order_by, ..of(Aggregate::Concat, "item") }.expr()
    };
    both.same(
        grouped([
            joined(vec![by("item", Direction::Descending), by("id", Direction::Ascending)], "; ".into()),
            joined(vec![by("id", Direction::Descending)], col("shop")),
            joined(vec![], Value::Null.into()),
        ]),
        "SELECT shop, group_concat(item, '; ' ORDER BY item DESC, id), group_concat(item, shop ORDER BY id DESC),
         group_concat(item, NULL) FROM sale GROUP BY shop ORDER BY shop",
    );
    let distinct = Aggregation {
        distinct: true,
        order_by: vec![by("item", Direction::Ascending)],
        ..of(Aggregate::Concat, "item")
    };
    both.same(
        grouped([distinct.expr()]),
        "SELECT shop, group_concat(DISTINCT item ORDER BY item) FROM sale GROUP BY shop ORDER BY shop",
    );
}

/// Text is what its number is where SQLite's text is read; a strict sum refuses it.
#[test]
fn sums_of_text() {
    let mut both = sales();
    let lenient = |function| Aggregation::of(function, col("item").call(Function::Addend)).expr();
    both.same(
        grouped([Aggregate::Sum, Aggregate::Total, Aggregate::Average].map(lenient)),
        "SELECT shop, sum(item), total(item), avg(item) FROM sale GROUP BY shop ORDER BY shop",
    );
    assert!(both.run(grouped([of(Aggregate::Sum, "item").expr()])).is_err());
}

/// X2: a sum that does not fit is refused, as SQLite does it.
#[test]
fn x2_a_sum_that_does_not_fit_is_refused() {
    let mut both = sales();
    let great = Expr::case([(col("id").eq(1), i64::MAX.into())], Some(1.into()));
    both.same(
        Select::from("sale").values([Aggregation::of(Aggregate::Sum, great.clone()).expr()]),
        "SELECT sum(CASE WHEN id = 1 THEN 9223372036854775807 ELSE 1 END) FROM sale",
    );
    both.same(
        Select::from("sale").values([Aggregation::of(Aggregate::Total, great).expr()]),
        "SELECT total(CASE WHEN id = 1 THEN 9223372036854775807 ELSE 1 END) FROM sale",
    );
}

/// Groups by many keys, among them NULL and numbers that are equal across kinds.
#[test]
fn groups_by_several_keys() {
    let mut both = sales();
    let keys = || [col("item"), col("price"), col("shop")];
    let mut select = Select::from("sale").values(keys().into_iter().chain([count()])).group_by(keys());
    for key in keys() {
        select = select.order_by(key, Direction::Ascending);
    }
    both.same(
        select,
        "SELECT item, price, shop, count(*) FROM sale GROUP BY item, price, shop ORDER BY item, price, shop",
    );
    let kinds = Expr::case([(col("id").le(2), 1.into()), (col("id").le(4), 1.0.into())], Some("1".into()));
    both.same(
        Select::from("sale").values([count()]).group_by([kinds.clone()]).order_by(kinds, Direction::Ascending),
        "SELECT count(*) FROM sale GROUP BY CASE WHEN id <= 2 THEN 1 WHEN id <= 4 THEN 1.0 ELSE '1' END
         ORDER BY CASE WHEN id <= 2 THEN 1 WHEN id <= 4 THEN 1.0 ELSE '1' END",
    );
}

/// Decimals are summed exactly; a mean is a float.
#[cfg(feature = "decimal")]
#[test]
fn sums_of_decimals_are_exact() {
    let decimal = |it: &str| it.parse::<rust_decimal::Decimal>().unwrap();
    let table = Table::new("entry").auto_key("id").column(Column::new("amount", diptych::Kind::Decimal).nullable());
    let mut both = sales();
    both.native = diptych::Database::new(Schema::builder().table(table).build().unwrap()).connect();
    let rows: [Value; 4] = [decimal("0.1").into(), Value::Null, decimal("0.2").into(), decimal("-0.05").into()];
    both.run(rows.into_iter().fold(Insert::into("entry", ["amount"]), |all, it| all.row([it]))).unwrap();
    let found = both
        .run(Select::from("entry").values([
            of(Aggregate::Sum, "amount").expr(),
            of(Aggregate::Average, "amount").expr(),
            Aggregation::of(Aggregate::Sum, col("amount").plus(col("id"))).expr(),
            Aggregation::of(Aggregate::Sum, col("amount").times(1.0)).expr(),
        ]))
        .unwrap();
    let expected: [Value; 4] = [decimal("0.25").into(), (0.25 / 3.0).into(), decimal("8.25").into(), 0.25.into()];
    assert_eq!(found.rows.to_values(), [expected]);
}
