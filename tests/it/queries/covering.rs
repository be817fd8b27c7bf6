//! What an index tells of its rows without a look at them: values, extremes, and all that a query needs.

use diptych::query::{Leaf, count_distinct};
use diptych::{Aggregate, Column, Connection, Database, Direction, Expr, Expression, Insert, Schema, Select, Table};
use diptych::{Update, Value, aggregate, col, count};

use super::indexes::{jobs, read};
use super::{found, hidden, outer};

/// Different values are groups, and the extremes of the next column of an index stand at the ends of each.
#[test]
fn q3_values_and_extremes_of_groups_are_told_by_an_index() {
    let mut jobs = jobs();
    let distinct = || Select::from("jobs").values([col("worker")]).distinct();
    let extremes = |by: &'static str| {
        let ends = [aggregate(Aggregate::Max, col("cost")), aggregate(Aggregate::Min, col("cost"))];
        Select::from("jobs").group_by([col(by)]).values([col(by), ends[0].clone(), count(), ends[1].clone()])
    };
    let whole = || {
        let ends = [aggregate(Aggregate::Min, col("worker")), aggregate(Aggregate::Max, col("worker"))];
        let [least, greatest] = ends;
        let counts = [count_distinct([col("worker")]), aggregate(Aggregate::Count, col("worker")), count()];
        Select::from("jobs").values(counts.into_iter().chain([least, greatest]))
    };
    let plan = jobs.explain(distinct()).unwrap();
    assert!(plan.contains("rewritten by distinct") && plan.contains("counted in index jobs_worker_cost_idx"), "{plan}");
    for select in [
        distinct(),
        distinct().order_by(col("worker"), Direction::Descending),
        distinct().order_by(col("worker"), Direction::Ascending).limit(3).offset(1),
        Select::from("jobs").values([col("cost")]).distinct().filter(col("worker").eq(4)),
        extremes("worker"),
        extremes("worker").having(aggregate(Aggregate::Min, col("cost")).gt(2)),
        whole(),
        whole().having(count_distinct([col("worker")]).gt(99)),
        whole().filter(Expr::from(1).eq(2)),
    ] {
        let (all, same) = read(&mut jobs, select.clone().filter(hidden(col("title").ne("x"))));
        let (looked_at, rows) = read(&mut jobs, select.clone());
        assert_eq!((looked_at, rows), (0, same), "{all}: {select:?}");
    }
    assert_eq!(read(&mut jobs, whole()).1, [[10, 857, 1_000, 0, 9].map(Value::Int)]);
    // What the index does not tell is asked of rows.
    let titles = Select::from("jobs").values([col("worker"), col("title")]).distinct();
    let sums = extremes("worker").values([col("worker"), aggregate(Aggregate::Sum, col("cost"))]);
    for select in [titles, sums, extremes("done")] {
        assert!(!jobs.explain(select.clone()).unwrap().contains("counted in"), "{select:?}");
        let (_, same) = read(&mut jobs, select.clone().filter(hidden(col("title").ne("x"))));
        assert_eq!(read(&mut jobs, select), (1_000, same));
    }
}

/// NULLs come first in an index, and are no extremes; a group of nothing else has none.
#[test]
fn q3_extremes_of_groups_pass_over_nulls() {
    let marks = Table::new("marks").column(Column::int("id")).primary_key(["id"]).column(Column::int("of").nullable());
    let marks = marks.column(Column::int("mark").nullable()).index(["of", "mark"]);
    let mut marks = Database::new(Schema::builder().table(marks).build().unwrap()).connect();
    let row = |id: i64| {
        let of = if id % 5 == 4 { Value::Null } else { Value::from(id % 5) };
        let mark = if id % 5 == 2 || id % 3 == 0 { Value::Null } else { Value::from(id % 41) };
        [Value::from(id), of, mark]
    };
    let insert = Insert::into("marks", ["id", "of", "mark"]);
    marks.execute((0..400).fold(insert, |all, id| all.row(row(id)))).unwrap();
    let ends = [aggregate(Aggregate::Min, col("mark")), aggregate(Aggregate::Max, col("mark"))];
    let select = Select::from("marks").group_by([col("of")]).values([col("of")].into_iter().chain(ends));
    let (all, same) = read(&mut marks, select.clone().filter(hidden(col("id").ge(0))));
    assert_eq!((all, read(&mut marks, select)), (400, (0, same.clone())));
    assert_eq!(same[3], [2.into(), Value::Null, Value::Null]);
}

/// Where an index holds all that a query needs, and places of rows are their keys, no row is looked at.
#[test]
fn q3_an_index_covers_what_needs_only_its_columns() {
    let mut jobs = jobs();
    let from = || Select::from("jobs");
    let by_worker = || from().filter(col("worker").eq(3));
    let sum = aggregate(Aggregate::Sum, col("cost"));
    for (select, source) in [
        (by_worker().values([col("cost").times(2), col("id")]), "jobs_worker_cost_idx, 1 equal, 1 filters, covering"),
        (by_worker().values([sum.clone()]), "jobs_worker_cost_idx, 1 equal, 1 filters, covering"),
        (
            from().values([col("worker"), sum.clone()]).group_by([col("worker")]).filter(col("worker").gt(6)),
            ", covering",
        ),
        (from().values([col("cost")]).filter(col("worker").in_list([3, 5, 3])), "any of 3, 1 filters, covering"),
        (from().values([col("id"), col("cost")]).filter(col("worker").is_null()), "NULLs, 1 filters, covering"),
        (from().values([col("worker")]).filter(col("cost").ne(97)).filter(col("worker").lt(4)), "covering"),
        (
            from().values([col("id")]).filter(col("done").negated()),
            "jobs by partial index open_jobs, 1 filters, covering",
        ),
        (from().values([col("id")]).filter(col("id").lt(50)), "jobs by index jobs_pkey, a range, 1 filters, covering"),
    ] {
        let select = select.filter(col("id").ne(13));
        let plan = jobs.explain(select.clone()).unwrap();
        assert!(plan.contains(source), "{source} is not in\n{plan}");
        let (_, same) = read(&mut jobs, select.clone().filter(hidden(col("title").ne("x"))));
        assert!(!same.is_empty(), "{plan}");
        assert_eq!(read(&mut jobs, select), (0, same), "{plan}");
    }
    // Pages, in both directions, and what a subquery answers.
    for direction in [Direction::Ascending, Direction::Descending] {
        let page = by_worker().values([col("cost"), col("id")]).order_by(col("cost"), direction).limit(7).offset(40);
        let all = by_worker().values([col("cost"), col("title")]).order_by(col("cost"), direction).limit(7).offset(40);
        let cost = |rows: Vec<Vec<Value>>| rows.into_iter().map(|it| it[0].clone()).collect::<Vec<_>>();
        let before = jobs.log().totals();
        let (covered, looked_at) = (found(&mut jobs, page), found(&mut jobs, all));
        assert_eq!((cost(covered), (jobs.log().totals() - before).rows_read), (cost(looked_at), 7));
    }
    let few = Select::from("workers").values([col("id")]).filter(col("name").gt("Title7"));
    let among = from().values([col("cost")]).filter(Leaf::In(vec![col("worker")], Box::new(few)).expr());
    assert_eq!((read(&mut jobs, among.clone()).0, read(&mut jobs, among).1.len()), (10, 172));
    let open = Select::from("jobs").values([Expr::from(1)]).filter(col("worker").eq(outer(1, 0, "id")));
    let each = Select::from("workers").values([col("id"), Leaf::Scalar(Box::new(open.limit(1))).expr()]);
    assert_eq!(read(&mut jobs, each).0, 10);
    // What it does not hold is looked at, and so is what somebody else may read.
    let title = by_worker().values([col("title")]);
    let around = Select::from("workers").values([Expr::from(1)]).filter(col("name").eq(outer(1, 0, "title")));
    let around = by_worker().values([col("id"), Leaf::Exists(Box::new(around)).expr()]);
    for select in [title, around, by_worker()] {
        assert!(!jobs.explain(select).unwrap().contains("3 filters, covering"));
    }
    let updated = jobs.execute(Update::table("jobs").set("cost", col("cost").plus(1)).filter(col("worker").eq(3)));
    assert_eq!(updated.unwrap().count, 86);
}

/// Of two indexes that begin alike, the longer one serves where it holds what is needed; and a key that is no place of a row
/// is read from the row.
#[test]
fn q3_the_longer_of_two_indexes_covers() {
    let sums = Table::new("sums").column(Column::int("id")).primary_key(["id"]).column(Column::int("of"));
    let sums = sums.column(Column::int("sum")).column(Column::text("by")).index(["of"]).index(["of", "sum"]);
    let mut sums = Database::new(Schema::builder().table(sums).build().unwrap()).connect();
    let row = |id: i64| [Value::from(id), (id % 7).into(), (id % 11).into(), "x".into()];
    let insert = Insert::into("sums", ["id", "of", "sum", "by"]);
    sums.execute((-3..300).fold(insert, |all, id| all.row(row(id)))).unwrap();
    let of = || Select::from("sums").filter(col("of").eq(-2));
    assert!(sums.explain(of().values([col("by")])).unwrap().contains("sums_of_idx"));
    let plan = sums.explain(of().values([col("sum")])).unwrap();
    assert!(plan.contains("sums_of_sum_idx, 1 equal, covering"), "{plan}");
    assert_eq!(read(&mut sums, of().values([col("sum")])), (0, vec![vec![Value::Int(-2)]]));
    assert_eq!(read(&mut sums, of().values([col("sum"), col("id")])), (1, vec![vec![Value::Int(-2); 2]]));
    let ids = Select::from("sums").values([col("id")]).limit(4).order_by(col("id"), Direction::Ascending);
    assert_eq!(read(&mut sums, ids), (3, (-3..1).map(|it| vec![Value::Int(it)]).collect()));
}
