//! How queries are carried out: what they look at, and how that is shown.

use diptych::expr::Expression;
use diptych::query::{Leaf, Source, Totals};
use diptych::{Aggregate, aggregate, col, count};
use diptych::{Column, Connection, Database, Direction, Expr, Insert, NativeConnection, Schema, Select, Table, Value};

use super::{any_order, found, lines, of, output};

/// A hundred rows; `x` is NULL in every seventh, `x` with `y` and `s` have indexes, some keys are far from the others.
fn points() -> NativeConnection {
    let table = Table::new("points").column(Column::int("id")).primary_key(["id"]);
    let table = table.column(Column::int("x").nullable()).column(Column::int("y")).column(Column::text("s"));
    let table = table.index(["x"]).index(["y", "id"]).index(["s"]);
    let mut connection = Database::new(Schema::builder().table(table).build().unwrap()).connect();
    let mut insert = Insert::into("points", ["id", "x", "y", "s"]);
    for id in 0..100 {
        let x = if id % 7 == 0 { Value::Null } else { Value::from(id % 10) };
        insert = insert.row([Value::from(id), x, (id / 10).into(), format!("s{:02}", id * 37 % 100).into()]);
    }
    connection.execute(insert).unwrap();
    connection
}

fn read(connection: &mut NativeConnection, select: Select) -> (u64, Vec<Vec<Value>>) {
    let before: Totals = connection.log().totals();
    let rows = found(connection, select);
    ((connection.log().totals() - before).rows_read, rows)
}

/// Rows that OFFSET passes over are counted, not looked at; the outcome is that of looking at all of them.
#[test]
fn q1_an_offset_into_an_order_is_not_looked_at() {
    let mut points = points();
    let strays = Insert::into("points", ["id", "x", "y", "s"]);
    for with_strays in [false, true] {
        if with_strays {
            let strays = strays.clone().row([Value::from(-5), 3.into(), 3.into(), "z".into()]);
            points.execute(strays.row([Value::from(1_i64 << 60), Value::Null, 4.into(), "a".into()])).unwrap();
        }
        for direction in [Direction::Ascending, Direction::Descending] {
            for column in ["id", "x", "y", "s"] {
                for range in [false, true] {
                    let all = Select::from("points").order_by(col(column), direction);
                    let all = all.values([col(column), col("id"), col("x"), col("y"), col("s")]);
                    let low = if column == "s" { Expr::from("s10") } else { Expr::from(2) };
                    let high = if column == "s" { Expr::from("s90") } else { Expr::from(8) };
                    let bounds = col(column).ge(low).and(col(column).lt(high));
                    let all = if range { all.filter(bounds) } else { all };
                    let expected = found(&mut points, all.clone());
                    for offset in [0, 1, 5, 14, 15, 16, 40, 97, 101, 102, 500] {
                        let page = all.clone().limit(3).offset(offset as u64);
                        let (looked_at, rows) = read(&mut points, page);
                        let here = &expected[offset.min(expected.len())..];
                        let here = &here[..here.len().min(3)];
                        assert_eq!(rows, here, "{column} {direction:?} from {offset}, range {range}");
                        if !with_strays {
                            assert_eq!(looked_at, here.len() as u64, "{column} {direction:?} from {offset}");
                        }
                    }
                }
            }
        }
    }
    // Whole rows as well, and without an order.
    let rows =
        points.execute(Select::from("points").order_by(col("id"), Direction::Ascending).limit(1).offset(50)).unwrap();
    assert_eq!(rows.rows.len(), 1);
    let (looked_at, rows) = read(&mut points, Select::from("points").values([col("id")]).offset(99).limit(1));
    assert_eq!((looked_at, rows), (0, vec![vec![Value::Int(99)]]), "the place of a row is its key");
}

#[test]
fn q1_an_order_by_several_columns_comes_from_an_index_over_them() {
    let mut points = points();
    let page = Select::from("points").values([col("y"), col("id")]).limit(3);
    let down = page.clone().order_by(col("y"), Direction::Descending).order_by(col("id"), Direction::Descending);
    let ids = |ids: [i64; 3], y: i64| ids.map(|it| vec![Value::Int(y), Value::Int(it)]).to_vec();
    assert_eq!(read(&mut points, down.clone()), (0, ids([99, 98, 97], 9)), "the index holds what is asked for");
    let within = down.filter(col("y").eq(4));
    assert_eq!(read(&mut points, within.clone()), (0, ids([49, 48, 47], 4)));
    assert_eq!(read(&mut points, within.values([col("x")])).0, 3);
    // In two directions, it does not.
    let both = page.order_by(col("y"), Direction::Descending).order_by(col("id"), Direction::Ascending);
    assert_eq!(read(&mut points, both), (100, ids([90, 91, 92], 9)));
}

/// Of what is sorted, the first rows come out, however many there are.
#[test]
fn the_first_rows_of_many_are_those_of_all() {
    let mut points = points();
    let many = Select::from("points").cross_join("points").values([of(0, "s"), of(1, "s")]);
    let many = many.order_by(of(1, "s"), Direction::Descending).order_by(output(0), Direction::Ascending);
    let all = lines(&mut points, many.clone());
    assert_eq!(all.len(), 10_000);
    for (limit, offset) in [(1, 0), (10, 0), (10, 3_000), (300, 5)] {
        let page = lines(&mut points, many.clone().limit(limit).offset(offset));
        assert_eq!(page, all[offset as usize..][..limit as usize]);
    }
}

/// A condition that reads no row is judged before any row is looked at.
#[test]
fn q1_nothing_is_read_where_nothing_can_come() {
    let mut points = points();
    let none = Select::from("points").values([col("s")]).filter(Expr::from(1).eq(2)).filter(col("y").gt(3));
    assert_eq!(read(&mut points, none.clone()), (0, vec![]));
    let total = none.clone().values([count(), aggregate(Aggregate::Sum, col("y"))]);
    assert_eq!(read(&mut points, total), (0, vec![vec![Value::Int(0), Value::Null]]));
    let grouped = none.values([col("y"), count()]).group_by([col("y")]);
    assert_eq!(read(&mut points, grouped), (0, vec![]));
}

/// An offset backwards into a range that begins before everything.
#[test]
fn q1_an_offset_into_nothing_finds_nothing() {
    let mut points = points();
    for column in ["id", "x", "y"] {
        for direction in [Direction::Ascending, Direction::Descending] {
            let none =
                Select::from("points").values([col("id")]).filter(col(column).lt(-5)).order_by(col(column), direction);
            assert_eq!(read(&mut points, none.limit(3).offset(1)), (0, Vec::new()), "{column} {direction:?}");
        }
    }
}

/// Of two indexes that begin with the same column, the one that tells more apart is used, although most of its rows hold
/// NULL in the second column.
#[test]
fn q1_the_index_that_brings_fewer_rows_is_counted_out() {
    let table =
        Table::new("messages").column(Column::int("log")).column(Column::int("line")).primary_key(["log", "line"]);
    let table = table.column(Column::int("reply").nullable()).index(["log", "reply"]);
    let mut connection = Database::new(Schema::builder().table(table).build().unwrap()).connect();
    let mut insert = Insert::into("messages", ["log", "line", "reply"]);
    for line in 0..1000 {
        let reply = if line % 20 == 4 { Value::from(line - 4) } else { Value::Null };
        insert = insert.row([Value::from(line / 10), line.into(), reply]);
    }
    connection.execute(insert).unwrap();
    let asked = (0..10).map(|it| vec![(it * 10).into(), (it * 100).into()]).collect();
    let same = of(1, "log").eq(of(0, "log")).and(of(1, "reply").eq(of(0, "line")));
    let select = Select::from(Source::Values(asked, vec!["log".into(), "line".into()]));
    let (looked_at, rows) = read(&mut connection, select.join("messages", same).values([of(1, "line")]));
    assert_eq!((looked_at, rows.len()), (10, 10));
}

/// Rows that are asked something of their own are picked out once, not once for each row before them.
#[test]
fn q1_rows_of_a_cross_join_are_picked_out_once() {
    let mut points = points();
    let few = |source| of(source, "s").lt("s02");
    let cross = Select::from("points").cross_join("points").cross_join("points").values([count()]);
    let cross = cross.filter(few(0)).filter(few(1)).filter(few(2));
    let (looked_at, rows) = read(&mut points, cross);
    assert_eq!(rows, [[Value::Int(8)]]);
    assert!(looked_at < 500, "{looked_at} rows were looked at");
}

/// Sources of a long chain are read in the order of the chain, whatever the order in which they are written.
#[test]
fn q1_a_chain_of_64_tables_is_followed() {
    const TABLES: usize = 64;
    let name = |at: usize| format!("t{at}");
    let mut schema = Schema::builder();
    for at in 0..TABLES {
        let table = Table::new(name(at)).column(Column::int("a")).primary_key(["a"]);
        schema = schema.table(table.column(Column::int("b")));
    }
    let mut connection = Database::new(schema.build().unwrap()).connect();
    for at in 0..TABLES {
        let insert = Insert::into(name(at), ["a", "b"]);
        connection.execute((0..10).fold(insert, |all, it| all.row([it, (it + 3) % 10]))).unwrap();
    }
    // Written far from the order of the chain: 0, 37, 74 - 64, …
    let place = |at: usize| (at * 37 % TABLES) as u8;
    let mut select = Select::from(name(0));
    let mut written: Vec<(u8, usize)> = (0..TABLES).map(|at| (place(at), at)).collect();
    written.sort_unstable();
    for (_, at) in &written[1..] {
        select = select.cross_join(name(*at));
    }
    for at in 1..TABLES {
        select = select.filter(of(place(at - 1), "b").eq(of(place(at), "a")));
    }
    let select = select.filter(of(place(TABLES - 1), "a").eq(4)).values([of(place(0), "a")]);
    let start = std::time::Instant::now();
    let (looked_at, rows) = read(&mut connection, select);
    let time = start.elapsed();
    assert_eq!(rows, [[Value::Int((4 + 10 * 30 - 3 * 63) % 10)]]);
    assert!(looked_at <= 11 * TABLES as u64, "{looked_at} rows were looked at");
    assert!(time.as_secs() < 5, "{time:?}");
}

#[test]
fn a_plan_prints_with_what_happened() {
    let mut points = points();
    let dear = Select::from("points").values([col("id"), count()]).filter(col("y").ge(5)).group_by([col("id")]);
    let dear = Source::select(dear, ["i", "n"]);
    let same = Select::from("points").filter(col("id").eq(super::outer(1, 0, "id"))).filter(col("x").gt(4));
    let select =
        Select::from("points").join(dear, of(0, "id").eq(of(1, "i"))).filter(Leaf::Exists(Box::new(same)).expr());
    let select = select.values([of(0, "s")]).order_by(of(1, "n"), Direction::Ascending).limit(7);
    let explained = points.explain_analyze(select.clone(), &[]).unwrap();
    let text = explained.to_string();
    for part in [
        "query",
        "points by",
        "a query",
        "exists subquery, for each row",
        "sort by 1 keys",
        "limit 7",
        "rows 7 in 1 runs",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    assert_eq!(explained.root().actual.unwrap().rows, 7);
    let json: serde_json::Value = serde_json::from_str(&explained.to_json()).unwrap();
    assert_eq!(json["rows"], 7);
    assert_eq!(json["children"].as_array().unwrap().len(), explained.root().children.len());
    let drawing = explained.to_mermaid();
    assert!(drawing.starts_with("flowchart TD\n  n0[\"query"), "{drawing}");
    assert!(drawing.contains("n0 --> n1"), "{drawing}");
    // Without running it, what is expected.
    let plan = points.explain(select.clone()).unwrap();
    assert!(plan.contains("(about ") && !plan.contains("runs"), "{plan}");
    assert_eq!(any_order(&mut points, select).len(), 7);
}
