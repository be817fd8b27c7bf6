//! Indexes that hold a part of the rows, or what an expression gives, and what an index answers without a look at rows.

use diptych::query::{JoinKind, Leaf, parameter};
use diptych::schema::{Index, Timing, column};
use diptych::{Aggregate, Column, Connection, Database, Delete, Direction, Expr, Expression, ForeignKey, Insert};
use diptych::{NativeConnection, Schema, Select, Table, Update, Value, ValueRef, aggregate, col, count};

use super::{found, hidden, lines, of};

/// A thousand jobs of ten workers; every twentieth is open, and every seventh has nobody.
pub(super) fn jobs() -> NativeConnection {
    let workers = Table::new("workers").column(Column::int("id")).primary_key(["id"]).column(Column::text("name"));
    let jobs = Table::new("jobs").column(Column::int("id")).primary_key(["id"]);
    let jobs = jobs.column(Column::int("worker").nullable()).column(Column::bool("done"));
    let jobs = jobs.column(Column::text("title")).column(Column::int("cost"));
    let open = Index::on(["worker"]).filter(column("done").negated()).named("open_jobs");
    let dear = Index::on(["cost"]).filter(column("cost").ge(90)).named("dear_jobs");
    let title = Index::over(column("title").lower()).named("by_title");
    let twice = Index::on(["done"]).and(column("cost").times(2)).named("by_twice");
    let jobs = jobs.add_index(open).add_index(dear).add_index(title).add_index(twice).index(["worker", "cost"]);
    let schema = Schema::builder().table(workers).table(jobs).build().unwrap();
    let mut connection = Database::new(schema).connect();
    let insert = Insert::into("workers", ["id", "name"]);
    let insert = (0..10).fold(insert, |all, id| all.row([Value::from(id), format!("Title{id}").into()]));
    connection.execute(insert).unwrap();
    let insert = Insert::into("jobs", ["id", "worker", "done", "title", "cost"]);
    let row = |id: i64| {
        let worker = if id % 7 == 0 { Value::Null } else { Value::from(id % 10) };
        [Value::from(id), worker, (id % 20 != 3).into(), format!("Title{id}").into(), (id % 100).into()]
    };
    connection.execute((0..1_000).fold(insert, |all, id| all.row(row(id)))).unwrap();
    connection
}

/// How many rows a query looks at, and what it brings.
pub(super) fn read(jobs: &mut NativeConnection, select: Select) -> (u64, Vec<Vec<Value>>) {
    let before = jobs.log().totals();
    let mut rows = found(jobs, select);
    rows.sort();
    ((jobs.log().totals() - before).rows_read, rows)
}

/// What a query brings is what it brings where its conditions are said so that no index knows them.
fn by_index(jobs: &mut NativeConnection, index: &str, condition: Expr<Leaf>, rows_read: u64) {
    // The title is in no index as it is, so rows are looked at.
    let by = |condition| Select::from("jobs").values([col("id"), col("title")]).filter(condition);
    let plan = jobs.explain(by(condition.clone())).unwrap();
    assert!(plan.contains(index), "{index} is not in\n{plan}");
    let (looked_at, rows) = read(jobs, by(condition.clone()));
    let (all, same) = read(jobs, by(hidden(condition)));
    assert_eq!((all, rows), (1_000, same), "{plan}");
    assert_eq!(looked_at, rows_read, "{plan}");
}

/// A partial index serves where the conditions say at least what its predicate says.
#[test]
fn q3_a_partial_index_serves_what_implies_its_predicate() {
    let mut jobs = jobs();
    let open = col("done").negated();
    by_index(&mut jobs, "jobs by partial index open_jobs, 1 equal", open.clone().and(col("worker").eq(3)), 43);
    // Nothing is said of its column: all that it holds.
    by_index(&mut jobs, "jobs by partial index open_jobs, 1 filters", open.clone().and(col("title").ne("x")), 50);
    by_index(&mut jobs, "jobs by partial index dear_jobs, a range", col("cost").gt(97), 20);
    by_index(&mut jobs, "jobs by partial index dear_jobs, 1 equal", col("cost").eq(95), 10);
    by_index(&mut jobs, "jobs by partial index dear_jobs, any of 2", col("cost").in_list([95, 91]), 20);
    // Those do not say enough.
    for condition in [col("cost").gt(80), col("cost").in_list([95, 11]), col("done").eq(false).or(col("id").lt(3))] {
        let plan = jobs.explain(Select::from("jobs").filter(condition)).unwrap();
        assert!(!plan.contains("partial"), "{plan}");
    }
    // Rows that changes find by it may leave it at once.
    let done = jobs.execute(Update::table("jobs").set("done", true).filter(open.clone().and(col("worker").eq(3))));
    assert_eq!(done.unwrap().count, 43);
    assert_eq!(jobs.execute(Delete::from("jobs").filter(open)).unwrap().count, 7);
}

/// An index serves an expression that is the one it is made of, in whatever place of its key.
#[test]
fn q3_an_expression_index_serves_the_same_expression() {
    let mut jobs = jobs();
    by_index(&mut jobs, "jobs by index by_title, 1 equal", col("title").lower().eq("title77"), 1);
    by_index(&mut jobs, "jobs by index by_title, any of 2", col("title").lower().in_list(["title77", "title3"]), 2);
    by_index(&mut jobs, "jobs by index by_title, a range", col("title").lower().ge("title99"), 11);
    let twice = |it: i64| col("done").eq(false).and(col("cost").times(2).eq(it));
    by_index(&mut jobs, "jobs by index by_twice, 2 equal", twice(46), 10);
    // A number of another kind makes another expression.
    let plan = jobs.explain(Select::from("jobs").filter(col("cost").times(2.0).eq(46.0))).unwrap();
    assert!(plan.contains("jobs by scan"), "{plan}");
    // In a join, for the rows of the other side, whichever kind of join it is.
    for kind in [JoinKind::Inner, JoinKind::Left, JoinKind::Semi] {
        let on = of(1, "title").lower().eq(of(0, "name").lower());
        let joined = Select::from("workers").join_as(kind, "jobs", on).values([of(0, "id")]);
        let plan = jobs.explain(joined.clone()).unwrap();
        assert!(plan.contains("jobs by index by_title, 1 equal"), "{plan}");
        assert_eq!(read(&mut jobs, joined).0, 20);
    }
}

/// What has no value is found by an index, too, and what has one where few do.
#[test]
fn q3_nulls_are_found_by_an_index() {
    let mut jobs = jobs();
    by_index(&mut jobs, "jobs by index jobs_worker_cost_idx, NULLs", col("worker").is_null(), 143);
    by_index(&mut jobs, "jobs_worker_cost_idx, NULLs, 1 filters", col("worker").is_null().and(col("cost").eq(7)), 143);
    let plan = jobs.explain(Select::from("jobs").filter(col("worker").is_not_null())).unwrap();
    assert!(plan.contains("jobs by scan"), "most have one: {plan}");
    // A tree of posts, of which few answer another one.
    let posts = Table::new("posts").column(Column::int("id")).primary_key(["id"]);
    let posts = posts.column(Column::int("answers").nullable()).column(Column::text("by").nullable());
    let posts = posts.column(Column::int("likes").default(0)).index(["answers"]).index(["by"]);
    let mut connection = Database::new(Schema::builder().table(posts).build().unwrap()).connect();
    let row = |id: i64| {
        let (answers, by) = if id % 50 == 3 { (Value::from(id / 2), Value::Null) } else { (Value::Null, "Ann".into()) };
        [Value::from(id), answers, by]
    };
    let insert = Insert::into("posts", ["id", "answers", "by"]);
    connection.execute((0..1_000).fold(insert, |all, id| all.row(row(id)))).unwrap();
    let ask = |condition| Select::from("posts").values([col("id"), col("likes")]).filter(condition);
    for condition in [col("answers").is_not_null(), col("by").is_null()] {
        let (looked_at, rows) = read(&mut connection, ask(condition.clone()));
        let (all, same) = read(&mut connection, ask(hidden(condition.clone())));
        assert_eq!((looked_at, all, rows), (20, 1_000, same));
        let counted = Select::from("posts").values([count()]).filter(condition);
        assert_eq!(read(&mut connection, counted), (0, vec![vec![20.into()]]));
    }
    // A key is never NULL; and what is NULL is not within bounds.
    assert_eq!(read(&mut connection, ask(col("id").is_null())), (0, vec![]));
    let both = ask(col("answers").is_not_null().and(col("answers").lt(30)));
    assert_eq!(read(&mut connection, both).1, [[3, 0], [53, 0]].map(|it| it.map(Value::Int)));
    assert_eq!(
        read(&mut connection, ask(col("answers").is_null().and(col("answers").lt(30)))).1,
        Vec::<Vec<Value>>::new()
    );
}

/// The least and the greatest are the ends of an index, and stand in it; however many NULLs come before them, none is looked
/// at.
#[test]
fn q3_extremes_are_read_off_an_index() {
    let mut jobs = jobs();
    let extreme = |which| Select::from("jobs").values([aggregate(which, col("worker"))]);
    let plan = jobs.explain(extreme(Aggregate::Max)).unwrap();
    assert!(plan.contains("known by the first row"), "{plan}");
    assert_eq!(read(&mut jobs, extreme(Aggregate::Max)), (0, vec![vec![9.into()]]));
    assert_eq!(read(&mut jobs, extreme(Aggregate::Min)), (0, vec![vec![0.into()]]));
    assert_eq!(read(&mut jobs, extreme(Aggregate::Min).filter(col("id").lt(-1))), (0, vec![vec![Value::Null]]));
    let by_worker =
        |which, id: i64| Select::from("jobs").values([aggregate(which, col("cost"))]).filter(col("worker").eq(id));
    let of_worker = |which| by_worker(which, 4);
    assert_eq!(read(&mut jobs, of_worker(Aggregate::Min)), (0, vec![vec![4.into()]]));
    assert_eq!(read(&mut jobs, of_worker(Aggregate::Max)), (0, vec![vec![94.into()]]));
    assert_eq!(read(&mut jobs, by_worker(Aggregate::Max, 77)), (0, vec![vec![Value::Null]]));
    // A further condition may refuse the first rows, and a second aggregate asks for others.
    let filtered = extreme(Aggregate::Max).filter(col("title").lt("Title2"));
    assert!(!jobs.explain(filtered).unwrap().contains("first row"));
    let both = [aggregate(Aggregate::Min, col("worker")), aggregate(Aggregate::Max, col("worker"))];
    assert_eq!(read(&mut jobs, Select::from("jobs").values(both)), (1_000, vec![vec![0.into(), 9.into()]]));
}

/// The first groups in the order of an index are made of its first rows.
#[test]
fn q3_groups_in_the_order_of_an_index_end_where_there_are_enough() {
    let mut jobs = jobs();
    let by_cost = |direction| {
        let cost = [col("worker"), col("cost"), count()];
        let groups = Select::from("jobs").group_by([col("cost"), col("worker")]).values(cost);
        groups.order_by(col("worker"), direction).order_by(col("cost"), direction)
    };
    for direction in [Direction::Ascending, Direction::Descending] {
        let all = lines(&mut jobs, by_cost(direction));
        let some = by_cost(direction).limit(5).offset(2);
        let plan = jobs.explain(some.clone()).unwrap();
        assert!(plan.contains("one group after the other") && !plan.contains("sort by"), "{plan}");
        let before = jobs.log().totals();
        assert_eq!(lines(&mut jobs, some), all[2..7]);
        let looked_at = (jobs.log().totals() - before).rows_read;
        assert!(looked_at < 100, "{looked_at}");
        // HAVING refuses groups, which count for nothing.
        let having = by_cost(direction).having(count().ge(8)).limit(3);
        let expected: Vec<String> = all.iter().filter(|it| it.ends_with(" 8") || it.ends_with(" 9")).cloned().collect();
        assert_eq!(lines(&mut jobs, having), expected[..3.min(expected.len())]);
    }
    let none = by_cost(Direction::Ascending).filter(col("id").lt(0)).limit(5);
    assert_eq!(lines(&mut jobs, none), Vec::<String>::new());
}

/// How many rows have each value is known to an index; where nearly each row has one of its own, rows are put into groups.
#[test]
fn q3_groups_are_counted_without_a_look_at_their_rows() {
    let mut jobs = jobs();
    let by_worker = || Select::from("jobs").group_by([col("worker")]).values([col("worker"), count()]);
    let plan = jobs.explain(by_worker()).unwrap();
    assert!(plan.contains("counted in index jobs_worker_cost_idx if groups are large"), "{plan}");
    let uncounted = |select: Select| select.filter(col("title").ne("x"));
    for select in [
        by_worker(),
        Select::from("jobs").group_by([col("worker")]).values([col("worker")]),
        by_worker().having(count().gt(90)).order_by(count(), Direction::Descending).limit(3).offset(1),
        by_worker().having(col("worker").plus(1).lt(4)),
    ] {
        let (all, same) = read(&mut jobs, uncounted(select.clone()));
        assert_eq!((all, read(&mut jobs, select)), (1_000, (0, same)));
    }
    // Behind a column that equals something, and of a part of the rows.
    let costs = || Select::from("jobs").group_by([col("cost")]).values([col("cost"), count()]);
    let (_, same) = read(&mut jobs, uncounted(costs().filter(col("worker").eq(4))));
    assert_eq!(read(&mut jobs, costs().filter(col("worker").eq(4))), (0, same));
    let open = by_worker().filter(col("done").negated());
    let (_, same) = read(&mut jobs, uncounted(open.clone()));
    assert_eq!(read(&mut jobs, open), (0, same));
    // There are too many groups for so few rows; what comes out is the same.
    let titles =
        Table::new("titles").column(Column::int("id")).primary_key(["id"]).column(Column::int("of").nullable());
    let mut titles = Database::new(Schema::builder().table(titles.index(["of"])).build().unwrap()).connect();
    let insert = Insert::into("titles", ["id", "of"]);
    let of = |id: i64| if id % 9 == 0 { Value::Null } else { Value::from(id / 3) };
    titles.execute((0..1_000).fold(insert, |all, id| all.row([Value::from(id), of(id)]))).unwrap();
    let counts = Select::from("titles").group_by([col("of")]).values([col("of"), count()]);
    assert!(titles.explain(counts.clone()).unwrap().contains("counted in index titles_of_idx"));
    let (looked_at, rows) = read(&mut titles, counts.clone());
    let (_, same) = read(&mut titles, counts.filter(hidden(col("id").ge(0))));
    assert_eq!((looked_at, rows), (1_000, same));
}

/// How many rows lie in a range is known without a look at them.
#[test]
fn q3_a_range_is_counted_without_a_look_at_its_rows() {
    let mut jobs = jobs();
    let within = |column: &'static str, low: i64, high: i64| {
        Select::from("jobs").values([count()]).filter(col(column).ge(low)).filter(col(column).lt(high))
    };
    for (column, low, high) in [("worker", 3, 6), ("id", 3, 600), ("worker", -5, 99), ("id", 900, 5_000), ("id", 5, 1)]
    {
        let hidden = within(column, low, high).filter(col("title").ne("x"));
        let (_, expected) = read(&mut jobs, hidden);
        assert_eq!(read(&mut jobs, within(column, low, high)), (0, expected), "{column} from {low} to {high}");
    }
    let below = |column: &'static str| Select::from("jobs").values([count()]).filter(col(column).lt(2));
    assert_eq!(read(&mut jobs, below("worker")), (0, vec![vec![171.into()]]));
    assert_eq!(read(&mut jobs, below("id")), (0, vec![vec![2.into()]]));
    let part = Select::from("jobs").values([count()]).filter(col("done").negated());
    assert_eq!(read(&mut jobs, part), (0, vec![vec![50.into()]]));
}

/// An index that no statement has read is told of, unless it forbids something or serves a foreign key.
#[test]
fn indexes_that_no_statement_has_read_are_named() {
    let bills = Table::new("bills").column(Column::int("id")).primary_key(["id"]).unique(["number"]);
    let bills = bills.column(Column::int("number")).column(Column::int("sum")).column(Column::int("customer"));
    let bills = bills.column(Column::int("day")).index(["sum"]).index(["day"]);
    let bills = bills.add_index(Index::on(["day"]).filter(column("sum").gt(100)).named("dear_days"));
    let bills = bills.foreign_key(ForeignKey::new(["customer"], "customers"));
    let customers = Table::new("customers").auto_key("id").column(Column::text("name")).index(["name"]);
    let database = Database::new(Schema::builder().table(customers).table(bills).build().unwrap());
    let unused = |database: &Database| -> Vec<String> {
        let found = database.unused_indexes();
        assert!(found.iter().all(|it| it.problem.contains("no statement has read")), "{found:?}");
        found.into_iter().map(|it| it.place).collect()
    };
    let all = ["customers.customers_name_idx", "bills.bills_sum_idx", "bills.bills_day_idx", "bills.dear_days"];
    assert_eq!(unused(&database), all);
    let mut connection = database.connect();
    // To say how a query would be carried out is not to read.
    let by_sum = Select::from("bills").filter(col("sum").eq(3));
    connection.explain(by_sum.clone()).unwrap();
    assert_eq!(unused(&database), all);
    // Within a subquery, and by a change.
    let named = Select::from("customers").values([col("id")]).filter(col("name").eq("Ann"));
    connection.execute(Delete::from("bills").filter(Leaf::In(vec![col("customer")], Box::new(named)).expr())).unwrap();
    assert_eq!(unused(&database), all[1..]);
    connection.execute(Update::table("bills").set("sum", 0).filter(col("day").lt(7))).unwrap();
    assert_eq!(unused(&database), ["bills.bills_sum_idx", "bills.dear_days"]);
    // What a fork reads counts, and what was read before another schema came.
    let edited = database.schema().edit().edit_table("bills", |it| it.column(Column::int("tax").default(0)));
    let altered = database.altered(edited.build().unwrap()).unwrap();
    database.fork().connect().execute(by_sum.clone()).unwrap();
    assert_eq!(unused(&database), ["bills.dear_days"]);
    assert_eq!(unused(&altered), ["bills.bills_sum_idx", "bills.dear_days"]);
    altered.connect().explain_analyze(by_sum, &[]).unwrap();
    assert_eq!(unused(&altered), ["bills.dear_days"]);
}

/// Only a query for one row by the whole of a key that holds at any time is looked up: with a condition more, without a
/// row to give, by a key that waits for the end of the transaction or holds not every row, or in another version, it is
/// not, and nothing has been counted then.
#[test]
fn what_is_looked_up_by_a_unique_key() -> diptych::Result<()> {
    let seats = Table::new("seats")
        .auto_key("id")
        .column(Column::text("label"))
        .column(Column::text("card"))
        .column(Column::text("guest"))
        .unique(["label"])
        .add_index(Index::on(["card"]).unique().timing(Timing::InitiallyDeferred))
        .add_index(Index::on(["guest"]).unique().filter(column("id").gt(0)));
    let mut connection = Database::new(Schema::builder().table(seats).build()?).connect();
    for number in 1..=3 {
        let cells = [format!("label {number}"), format!("card {number}"), format!("guest {number}")];
        connection.execute(Insert::into("seats", ["label", "card", "guest"]).row(cells))?;
    }
    let version = connection.version().expect("it has versions");
    let key = connection.schema().table_named("seats")?.column_named("id")?;
    let by = |name: &'static str| Select::from("seats").filter(col(name).eq(parameter(0)));
    let look =
        |connection: &mut NativeConnection, query: Select, value: &str| -> diptych::Result<Option<Option<i64>>> {
            let prepared = connection.prepare_for(query.into(), &[value.into()])?;
            let before = connection.log().totals().statements;
            let found = connection
                .look_up_unique(&prepared, &[value.into()], &version, &mut |_, row| row.get(key) != ValueRef::Int(3));
            let found = found.map(|it| {
                it.map(|(_, row)| match row.get(key) {
                    ValueRef::Int(id) => id,
                    other => panic!("{other:?} is no key"),
                })
            });
            assert_eq!(connection.log().totals().statements - before, u64::from(found.is_some()));
            Ok(found)
        };
    assert_eq!(look(&mut connection, by("label"), "label 2")?, Some(Some(2)));
    assert_eq!(look(&mut connection, by("label").limit(1), "label 1")?, Some(Some(1)));
    assert_eq!(look(&mut connection, by("label"), "label 9")?, Some(None));
    assert_eq!(look(&mut connection, by("label"), "label 3")?, None, "the row was not wanted");
    assert_eq!(look(&mut connection, by("label").limit(0), "label 2")?, None);
    assert_eq!(look(&mut connection, by("label").offset(1), "label 2")?, None);
    assert_eq!(look(&mut connection, by("label").filter(col("id").gt(1)), "label 2")?, None);
    assert_eq!(look(&mut connection, by("card"), "card 2")?, None);
    assert_eq!(look(&mut connection, by("guest").filter(col("id").gt(0)), "guest 2")?, None);
    connection.execute(Insert::into("seats", ["label", "card", "guest"]).row(["a", "b", "c"]))?;
    assert_eq!(look(&mut connection, by("label"), "label 2")?, None, "rows have come since");
    Ok(())
}
