//! Window functions: every function over every sort of frame, partition and order, beside SQLite.

use diptych::query::{FrameBound, FrameUnit, Leaf, Nulls, OrderBy, Window, WindowFrame, WindowFunction};
use diptych::{
    Aggregate, Column, Direction, Expr, Expression, Insert, Schema, Select, Statement, Table, Value, col, count,
};

use super::Both;

/// Prices with equals and NULLs; `spot` is different in each row.
fn sales() -> Both {
    let table = Table::new("sale").auto_key("id").column(Column::text("shop")).column(Column::int("price").nullable());
    let table = table.column(Column::float("weight").nullable()).column(Column::int("spot"));
    let mut both = Both::of(Schema::builder().table(table).build().unwrap());
    let mut insert = Insert::into("sale", ["shop", "price", "weight", "spot"]);
    for row in 0..24_i64 {
        let shop = ["north", "south", "east"][(row * row % 7 % 3) as usize];
        let price = (row % 5 != 2).then_some(row * 7 % 9);
        let weight = (row % 4 != 1).then_some((row * 5 % 8) as f64 / 4.0);
        insert = insert.row([Value::from(shop), price.into(), weight.into(), (row * 11 % 24).into()]);
    }
    both.run(insert.clone()).unwrap();
    both.sqlite.execute_batch(&Statement::from(insert).to_sql()).unwrap();
    both
}

/// A window and how SQL says it.
#[derive(Clone)]
struct Said {
    window: Window,
    call: String,
    over: String,
}

fn said(function: WindowFunction, operands: Vec<Expr<Leaf>>, call: &str) -> Said {
    let window = Window { function, operands, filter: None, partition_by: vec![], order_by: vec![], frame: None };
    Said { window, call: call.to_owned(), over: String::new() }
}

fn key(name: &'static str, direction: Direction, nulls: Option<Nulls>) -> OrderBy {
    OrderBy { by: col(name), direction, nulls }
}

impl Said {
    fn partitioned(mut self) -> Self {
        self.window.partition_by = vec![col("shop")];
        self.over = "PARTITION BY shop ".to_owned();
        self
    }

    fn ordered(mut self, order: &(Vec<OrderBy>, &str)) -> Self {
        self.window.order_by.clone_from(&order.0);
        if !order.1.is_empty() {
            self.over += &format!("ORDER BY {} ", order.1);
        }
        self
    }

    fn framed(mut self, unit: FrameUnit, start: &FrameBound, end: &FrameBound) -> Self {
        let word = match unit {
            FrameUnit::Rows => "ROWS",
            FrameUnit::Range => "RANGE",
            FrameUnit::Groups => "GROUPS",
        };
        let bound = |bound: &FrameBound, side: &str| match bound {
            FrameBound::Unbounded => format!("UNBOUNDED {side}"),
            FrameBound::Current => "CURRENT ROW".to_owned(),
            FrameBound::Preceding(Expr::Value(it)) => format!("{it} PRECEDING"),
            FrameBound::Following(Expr::Value(it)) => format!("{it} FOLLOWING"),
            other => panic!("{other:?} is not written here"),
        };
        self.over += &format!("{word} BETWEEN {} AND {}", bound(start, "PRECEDING"), bound(end, "FOLLOWING"));
        self.window.frame = Some(WindowFrame { unit, start: start.clone(), end: end.clone() });
        self
    }

    fn text(&self) -> String {
        format!("{} OVER ({})", self.call, self.over)
    }

    fn expr(&self) -> Expr<Leaf> {
        Leaf::Window(Box::new(self.window.clone())).expr()
    }
}

/// Compares windows, all in one select.
#[track_caller]
fn check(both: &mut Both, windows: &[Said]) {
    let values = std::iter::once(col("id")).chain(windows.iter().map(Said::expr));
    let text: Vec<String> = windows.iter().map(Said::text).collect();
    let text = format!("SELECT id, {} FROM sale ORDER BY id", text.join(", "));
    both.same(Select::from("sale").values(values).order_by(col("id"), Direction::Ascending), &text);
}

fn orders() -> Vec<(Vec<OrderBy>, &'static str)> {
    use Direction::{Ascending, Descending};
    vec![
        (vec![], ""),
        (vec![key("spot", Ascending, None)], "spot"),
        (vec![key("price", Ascending, None)], "price"),
        (vec![key("price", Descending, None)], "price DESC"),
        (vec![key("price", Ascending, Some(Nulls::Last))], "price NULLS LAST"),
        (
            vec![key("price", Descending, Some(Nulls::First)), key("spot", Descending, None)],
            "price DESC NULLS FIRST, spot DESC",
        ),
    ]
}

#[test]
fn places_and_ranks() {
    let mut both = sales();
    use WindowFunction::*;
    for order in orders() {
        // Among equals the order of rows is nobody's promise, and with it what they are numbered by.
        let certain = order.1.contains("spot");
        let mut all = vec![
            said(Rank, vec![], "rank()"),
            said(DenseRank, vec![], "dense_rank()"),
            said(PercentRank, vec![], "percent_rank()"),
            said(CumulativeDistribution, vec![], "cume_dist()"),
        ];
        if certain {
            all.push(said(RowNumber, vec![], "row_number()"));
            for parts in [1, 3, 5, 100] {
                all.push(said(Ntile, vec![parts.into()], &format!("ntile({parts})")));
            }
        }
        let all: Vec<Said> = all.into_iter().map(|it| it.ordered(&order)).collect();
        check(&mut both, &all);
        let all: Vec<Said> =
            all.iter().map(|it| Said { over: String::new(), ..it.clone() }.partitioned().ordered(&order)).collect();
        check(&mut both, &all);
    }
}

#[test]
fn rows_before_and_after() {
    let mut both = sales();
    let orders = orders().into_iter().filter(|it| it.1.contains("spot"));
    for order in orders {
        let price = || col("price");
        let all = [
            said(WindowFunction::Lag, vec![price()], "lag(price)"),
            said(WindowFunction::Lead, vec![price()], "lead(price)"),
            said(WindowFunction::Lag, vec![price(), 2.into()], "lag(price, 2)"),
            said(WindowFunction::Lead, vec![price(), 0.into()], "lead(price, 0)"),
            said(WindowFunction::Lead, vec![price(), 3.into(), col("id").times(-1)], "lead(price, 3, id * -1)"),
            said(WindowFunction::Lag, vec![price(), col("id"), "none".into()], "lag(price, id, 'none')"),
        ];
        check(&mut both, &all.map(|it| it.partitioned().ordered(&order)));
    }
}

/// Every function of a frame over every frame that makes sense.
#[test]
fn functions_over_frames() {
    let mut both = sales();
    let by = |it: i64| Expr::from(it);
    let starts = [
        FrameBound::Unbounded,
        FrameBound::Preceding(by(2)),
        FrameBound::Preceding(by(0)),
        FrameBound::Current,
        FrameBound::Following(by(1)),
    ];
    let ends = [
        FrameBound::Preceding(by(1)),
        FrameBound::Current,
        FrameBound::Following(by(0)),
        FrameBound::Following(by(2)),
        FrameBound::Unbounded,
    ];
    let aggregate = |it: Aggregate, call: &str| said(WindowFunction::Aggregate(it), vec![col("price")], call);
    let mut counted = said(WindowFunction::Aggregate(Aggregate::Count), vec![], "count(*) FILTER (WHERE weight > 0.5)");
    counted.window.filter = Some(col("weight").gt(0.5));
    let everywhere = [
        aggregate(Aggregate::Count, "count(price)"),
        aggregate(Aggregate::Sum, "sum(price)"),
        aggregate(Aggregate::Total, "total(price)"),
        aggregate(Aggregate::Average, "avg(price)"),
        aggregate(Aggregate::Min, "min(price)"),
        aggregate(Aggregate::Max, "max(price)"),
        said(WindowFunction::Aggregate(Aggregate::Sum), vec![col("weight")], "sum(weight)"),
        counted,
    ];
    let in_order = [
        said(WindowFunction::FirstValue, vec![col("id")], "first_value(id)"),
        said(WindowFunction::LastValue, vec![col("id")], "last_value(id)"),
        said(WindowFunction::NthValue, vec![col("id"), 2.into()], "nth_value(id, 2)"),
        said(WindowFunction::Aggregate(Aggregate::Concat), vec![col("id"), "-".into()], "group_concat(id, '-')"),
    ];
    for order in orders() {
        for unit in [FrameUnit::Rows, FrameUnit::Range, FrameUnit::Groups] {
            for (start, end) in starts.iter().flat_map(|it| ends.iter().map(move |end| (it, end))) {
                let distance = |it: &FrameBound| matches!(it, FrameBound::Preceding(_) | FrameBound::Following(_));
                let by_value = unit == FrameUnit::Range && (distance(start) || distance(end));
                let backwards = matches!((start, end), (FrameBound::Current, FrameBound::Preceding(_)))
                    || matches!(
                        (start, end),
                        (FrameBound::Following(_), FrameBound::Preceding(_) | FrameBound::Current)
                    );
                // SQLite refuses a distance in value without exactly one key, and frames that end before they start.
                if backwards || (by_value && order.0.len() != 1) || (unit == FrameUnit::Groups && order.0.is_empty()) {
                    continue;
                }
                let certain = order.1.contains("spot");
                if unit == FrameUnit::Rows && !certain {
                    continue;
                }
                let all = everywhere.iter().chain(in_order.iter().filter(|_| certain));
                let all: Vec<Said> =
                    all.map(|it| it.clone().partitioned().ordered(&order).framed(unit, start, end)).collect();
                check(&mut both, &all);
            }
        }
        let all: Vec<Said> = everywhere.iter().map(|it| it.clone().ordered(&order)).collect();
        check(&mut both, &all);
    }
}

/// Windows see groups as rows, and stand in an order and beside DISTINCT and LIMIT.
#[test]
fn windows_come_after_groups_and_before_what_comes_out() {
    let mut both = sales();
    let total = || diptych::aggregate(Aggregate::Sum, col("price"));
    let rank = |direction| {
        let mut window = said(WindowFunction::Rank, vec![], "").window;
        window.order_by = vec![OrderBy { by: total(), direction, nulls: None }];
        Leaf::Window(Box::new(window)).expr()
    };
    both.same(
        Select::from("sale")
            .values([col("shop"), total(), rank(Direction::Descending)])
            .group_by([col("shop")])
            .having(count().gt(1))
            .order_by(rank(Direction::Ascending), Direction::Ascending),
        "SELECT shop, sum(price), rank() OVER (ORDER BY sum(price) DESC) FROM sale GROUP BY shop HAVING count(*) > 1
         ORDER BY rank() OVER (ORDER BY sum(price))",
    );
    let running = said(WindowFunction::Aggregate(Aggregate::Count), vec![], "count(*)").partitioned();
    both.same(
        Select::from("sale")
            .values([col("shop"), running.expr()])
            .filter(col("price").gt(2))
            .distinct()
            .order_by(col("shop"), Direction::Ascending)
            .limit(2),
        "SELECT DISTINCT shop, count(*) OVER (PARTITION BY shop) FROM sale WHERE price > 2 ORDER BY shop LIMIT 2",
    );
    both.same(
        Select::from("sale").values([running.expr()]).filter(false),
        "SELECT count(*) OVER (PARTITION BY shop) FROM sale WHERE FALSE",
    );
}

#[test]
fn what_makes_no_sense_is_refused() {
    let mut both = sales();
    let mut window = said(WindowFunction::Ntile, vec![0.into()], "ntile(0)");
    both.same(Select::from("sale").values([window.expr()]), "SELECT ntile(0) OVER () FROM sale");
    window = said(WindowFunction::NthValue, vec![col("id"), (-1).into()], "nth_value(id, -1)");
    both.same(Select::from("sale").values([window.expr()]), "SELECT nth_value(id, -1) OVER () FROM sale");
    let start = FrameBound::Preceding((-1).into());
    window = said(WindowFunction::FirstValue, vec![col("id")], "first_value(id)");
    window = window.ordered(&orders()[1]).framed(FrameUnit::Rows, &start, &FrameBound::Current);
    let text = format!("SELECT {} FROM sale", window.text());
    both.same(Select::from("sale").values([window.expr()]), &text);
    let inside = Select::from("sale").filter(window.expr().gt(1));
    assert!(both.run(inside).is_err(), "a condition is judged before rows come out");
}

/// A running sum over many rows looks at each row once: the square of them would take minutes.
#[test]
fn frames_that_grow_or_move_are_not_gone_through_again() {
    let table = Table::new("number").auto_key("id");
    let mut both = Both::of(Schema::builder().table(table).build().unwrap());
    const COUNT: i64 = 60_000;
    let rows = (0..COUNT).fold(Insert::into("number", ["id"]), |all, it| all.row([it + 1]));
    both.run(rows).unwrap();
    let order = (vec![key("id", Direction::Ascending, None)], "id");
    let sum = |end: FrameBound, start: FrameBound, of: Aggregate| {
        let sum = said(WindowFunction::Aggregate(of), vec![col("id")], "").ordered(&order);
        sum.framed(FrameUnit::Rows, &start, &end).expr()
    };
    let wide = || FrameBound::Preceding((COUNT / 2).into());
    let values = [
        sum(FrameBound::Current, FrameBound::Unbounded, Aggregate::Max),
        sum(FrameBound::Unbounded, FrameBound::Current, Aggregate::Min),
        sum(FrameBound::Current, wide(), Aggregate::Sum),
    ];
    let found = both.run(Select::from("number").values(values)).unwrap().rows.to_values();
    assert_eq!(found[9], [Value::from(10), 10.into(), 55.into()]);
    let last: i64 = (COUNT / 2..=COUNT).sum();
    assert_eq!(found[COUNT as usize - 1], [Value::from(COUNT), COUNT.into(), last.into()]);
}
