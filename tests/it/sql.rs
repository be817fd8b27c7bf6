//! The text that statements and schemas render to, run by SQLite: it does what the statement does here.

#[cfg(feature = "sql")]
mod catalogue;
mod expressions;
mod functions;
#[cfg(feature = "sql")]
mod habits;
#[cfg(feature = "sql")]
mod postgres;
#[cfg(feature = "sql")]
mod random;
#[cfg(feature = "sql")]
mod roundtrip;
#[cfg(feature = "sql")]
mod text;
#[cfg(feature = "sql")]
mod times;

use diptych::expr::Function;
use diptych::query::{
    DeleteRows, Input, InsertRows, Leaf, Output, RowChange, UpdateRows, aggregate, aggregate_distinct,
};
use diptych::record::{edit, values};
use diptych::sql::Dialect;
use diptych::{
    Action, Aggregate, Column, Connection, Database, Delete, Direction, Expr, Expression, ForeignKey, Insert,
    NativeConnection, Row, Schema, Select, Statement, Table, Tuple, Update, Value, col, column, count, parameter,
};
use rusqlite::types::Value as Cell;

/// The same database twice: here, and in SQLite from the rendered text.
struct Twins {
    native: NativeConnection,
    sqlite: rusqlite::Connection,
}

impl Twins {
    fn of(schema: Schema) -> Twins {
        let sqlite = rusqlite::Connection::open_in_memory().unwrap();
        sqlite.execute_batch("PRAGMA foreign_keys = ON").unwrap();
        let text = schema.to_sql();
        sqlite.execute_batch(&text).unwrap_or_else(|problem| panic!("{problem}\n{text}"));
        Twins { native: Database::new(schema).connect(), sqlite }
    }

    fn text(&self, statement: &Statement, keys: usize) -> String {
        statement.to_sql_for(self.native.schema(), keys, Dialect::Sqlite)
    }

    /// Runs a query on both sides and compares what comes out; as sets, unless it says an order.
    fn query(&mut self, select: Select, parameters: &[Value]) -> Vec<Vec<Cell>> {
        let (outputs, ordered) = (select.outputs.clone(), !select.order_by.is_empty());
        let by_keys = !select.keys.is_empty();
        let keys = if by_keys { parameters.len() / select.keys.len() } else { 0 };
        let statement = Statement::from(select);
        let text = self.text(&statement, keys);
        let prepared = self.native.prepare(statement).unwrap();
        let input = if by_keys { Input::Keys(parameters) } else { Input::Values(parameters) };
        let rows = self.native.run(&prepared, input).unwrap_or_else(|problem| panic!("{problem:#}\n{text}")).rows;
        let mut here: Vec<Vec<Cell>> = Vec::new();
        for position in 0..rows.len() {
            let (mut whole, mut scalars) = (rows.rows_at(position).iter(), rows.values_at(position).iter());
            here.push(Vec::new());
            for output in &outputs {
                match output {
                    Output::Value(_) => here[position].extend(scalars.next().map(cell)),
                    Output::Row(_) => {
                        here[position].extend(values(&**whole.next().unwrap().as_ref().unwrap()).iter().map(cell));
                    }
                }
            }
        }
        let mut there = self.ask(&text, parameters);
        if !ordered {
            here.sort_by_key(|it| format!("{it:?}"));
            there.sort_by_key(|it| format!("{it:?}"));
        }
        assert_eq!(here, there, "{text}");
        here
    }

    fn ask(&self, text: &str, parameters: &[Value]) -> Vec<Vec<Cell>> {
        let mut prepared = self.sqlite.prepare(text).unwrap_or_else(|problem| panic!("{problem}\n{text}"));
        let width = prepared.column_count();
        let parameters = rusqlite::params_from_iter(parameters.iter().map(cell));
        let rows = prepared.query_map(parameters, |row| (0..width).map(|at| row.get(at)).collect()).unwrap();
        rows.collect::<Result<_, _>>().unwrap_or_else(|problem| panic!("{problem}\n{text}"))
    }

    /// Changes rows on both sides and compares how many. `each` are the parameters of the text, once for each time that
    /// it is to be run.
    fn change(&mut self, statement: impl Into<Statement>, input: Input<'_>, keys: usize, each: &[Vec<Value>]) {
        let statement = statement.into();
        let text = self.text(&statement, keys);
        let prepared = self.native.prepare(statement).unwrap();
        let here = self.native.run(&prepared, input).unwrap_or_else(|problem| panic!("{problem:#}\n{text}")).count;
        let mut there = 0;
        for parameters in each {
            let parameters = rusqlite::params_from_iter(parameters.iter().map(cell));
            there += self.sqlite.execute(&text, parameters).unwrap_or_else(|problem| panic!("{problem}\n{text}"));
        }
        assert_eq!(here, there as u64, "{text}");
    }

    /// A change that is complete in itself.
    fn execute(&mut self, statement: impl Into<Statement>) {
        self.change(statement, Input::Values(&[]), 0, &[vec![]]);
    }

    /// Compares all rows of all tables.
    fn compare(&mut self) {
        let tables: Vec<String> = self.native.schema().tables().iter().map(|it| it.name.clone()).collect();
        for table in tables {
            self.query(Select::from(table), &[]);
        }
    }
}

/// A scalar as SQLite has it: booleans are numbers there, and NaN is NULL.
fn cell(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Bool(it) => Cell::Integer(i64::from(*it)),
        Value::Int(it) => Cell::Integer(*it),
        Value::Float(it) if it.is_nan() => Cell::Null,
        Value::Float(it) => Cell::Real(*it),
        Value::Text(it) => Cell::Text(it.to_string()),
        Value::Bytes(it) => Cell::Blob(it.to_vec()),
        #[cfg(any(feature = "decimal", feature = "jiff", feature = "uuid"))]
        other => Cell::Text(other.to_string()),
    }
}

/// A column of some source of some select around the expression.
fn of(up: u8, source: u8, name: &'static str) -> Expr<Leaf> {
    Expr::Leaf(Leaf::Column { up, source, name: name.into() })
}

/// A small forum: words of SQL among its names, a tree of posts, a table with a composite key.
fn forum() -> Twins {
    let users = Table::new("users").auto_key("id").column(Column::text("name")).unique(["name"]);
    let posts = Table::new("posts")
        .auto_key("id")
        .column(Column::int("author_id"))
        .column(Column::int("parent_id").nullable())
        .column(Column::text("group").nullable().default("it's"))
        .column(Column::float("score").default(-0.5))
        .column(Column::bool("draft").default(false))
        .check("score_is_small", column("score").lt(100.0).or(column("draft")))
        .foreign_key(ForeignKey::new(["author_id"], "users").on_delete(Action::Cascade).on_update(Action::Cascade))
        .foreign_key(ForeignKey::new(["parent_id"], "posts").on_delete(Action::SetNull).deferred())
        .index(["group", "score"]);
    let votes = Table::new("votes")
        .column(Column::int("post"))
        .column(Column::int("user"))
        .column(Column::int("value"))
        .primary_key(["post", "user"])
        .foreign_key(ForeignKey::new(["post"], "posts").on_delete(Action::Cascade))
        .foreign_key(ForeignKey::new(["user"], "users").on_delete(Action::Restrict));
    let codes = Table::new("codes").column(Column::int("id")).column(Column::text("code")).primary_key(["id"]);
    let schema = Schema::builder().table(users).table(posts).table(votes).table(codes).build().unwrap();
    let mut twins = Twins::of(schema);
    twins.execute(Insert::into("users", ["name"]).row(["Alice"]).row(["Bob"]).row(["Carol"]));
    let mut posts = Insert::into("posts", ["author_id", "parent_id", "group", "score", "draft"]);
    let groups = [Value::Null, "a".into(), "A'b".into(), "".into()];
    for at in 0..12_i64 {
        let parent = if at % 3 == 0 { Value::Null } else { Value::Int(at / 3 + 1) };
        let group = groups[at as usize % 4].clone();
        posts = posts.row([Value::Int(at % 2 + 1), parent, group, Value::Float(at as f64 / 4.0), (at % 5 == 0).into()]);
    }
    twins.execute(posts);
    twins.execute(Insert::into("posts", ["author_id"]).row([3]));
    let mut votes = Insert::into("votes", ["post", "user", "value"]);
    for at in 0..10 {
        votes = votes.row([at % 5 + 1, at / 5 + 1, at - 4]);
    }
    twins.execute(votes);
    twins.execute(Insert::into("codes", ["id", "code"]).row([Expr::from(7), "x".into()]));
    twins.compare();
    twins
}

#[test]
fn l3_queries_on_one_table() {
    let mut twins = forum();
    let by_id = |select: Select| select.order_by(col("id"), Direction::Ascending);
    twins.query(by_id(Select::from("posts").filter(col("score").ge(parameter(0)))), &[Value::Float(1.5)]);
    twins.query(by_id(Select::from("posts").filter(col("group").eq("A'b").or(col("group").is_null())).limit(3)), &[]);
    twins.query(by_id(Select::from("posts").filter(col("draft")).offset(1)), &[]);
    twins.query(by_id(Select::from("posts").filter(col("group").like("a%").negated())), &[]);
    twins.query(by_id(Select::from("posts").filter(col("id").in_list(Vec::<i64>::new()).negated()).offset(20)), &[]);
    twins.query(Select::from("posts").values([col("group"), col("draft")]).distinct(), &[]);
    let text = Expr::Call(Function::Concat, vec![col("group"), "!".into()]);
    let text = Expr::Call(Function::Coalesce, vec![text.lower(), "none".into()]);
    let order = Select::from("posts").values([text]).order_by(col("group"), Direction::Descending);
    let order = order.order_by(0.into(), Direction::Ascending).order_by(col("id"), Direction::Descending);
    assert_eq!(twins.query(order, &[]).len(), 13);
}

#[test]
fn l3_joins_groups_and_subqueries() {
    let mut twins = forum();
    let mut joined = Select::from("posts")
        .join("users", of(0, 0, "author_id").eq(of(0, 1, "id")))
        .left_join("posts", of(0, 2, "id").eq(of(0, 0, "parent_id")).and(of(0, 2, "score").gt(0.0)))
        .filter(of(0, 1, "name").ne("Carol"))
        .order_by(of(0, 0, "id"), Direction::Ascending);
    joined.outputs = vec![Output::Row(0), Output::Value(of(0, 2, "id")), Output::Row(1)];
    assert_eq!(twins.query(joined, &[]).len(), 12);
    let each = [Aggregate::Count, Aggregate::Sum, Aggregate::Min, Aggregate::Max, Aggregate::Average];
    let each = each.map(|it| aggregate(it, col("score")));
    let each = each.into_iter().chain([aggregate_distinct(Aggregate::Count, col("score"))]);
    let grouped = Select::from("posts").values([col("author_id"), count()].into_iter().chain(each));
    twins.query(grouped.clone().group_by([col("author_id")]).having(count().gt(1)), &[]);
    twins.query(grouped.group_by([col("author_id"), 1.into()]).filter(col("id").gt(99)), &[]);
    let voted = Select::from("votes").values([col("post")]).filter(col("value").gt(0));
    twins.query(Select::from("posts").filter(Leaf::In(vec![col("id")], Box::new(voted)).negated()), &[]);
    let replies = Select::from("posts").filter(of(0, 0, "parent_id").eq(of(1, 0, "id")));
    let replied = Leaf::Exists(Box::new(replies.clone()));
    let number = Leaf::Scalar(Box::new(replies.values([count()])));
    let select = Select::from("posts").values([col("id"), number.expr()]).filter(replied.expr());
    assert_eq!(twins.query(select, &[]).len(), 4);
    let votes =
        Select::from("votes").filter(of(0, 0, "user").eq(of(2, 0, "id")).and(of(0, 0, "post").eq(of(1, 0, "id"))));
    let liked = Select::from("posts").values([count()]).filter(Leaf::Exists(Box::new(votes)).expr());
    twins.query(Select::from("users").values([col("name"), Leaf::Scalar(Box::new(liked)).expr()]), &[]);
}

#[test]
fn l3_keys() {
    let mut twins = forum();
    twins.query(Select::from("posts").by_keys(["author_id"]).filter(col("score").gt(1.0)), &[2.into(), 3.into()]);
    let keys: Vec<Value> = [1, 1, 2, 1, 9, 9].map(Value::Int).to_vec();
    assert_eq!(twins.query(Select::from("votes").by_keys(["post", "user"]), &keys).len(), 2);
}

#[test]
fn l3_changes_by_condition() {
    let mut twins = forum();
    let outer = of(1, 0, "id");
    let votes = Select::from("votes").filter(col("post").eq(outer));
    let sum = votes.clone().values([aggregate(Aggregate::Sum, col("value"))]);
    let sum = Expr::Call(Function::Coalesce, vec![Leaf::Scalar(Box::new(sum)).expr(), 0.into()]);
    twins.execute(Update::table("posts").set("score", sum.plus(0.25)).set("group", col("group")));
    twins.compare();
    twins.execute(Delete::from("posts").filter(Leaf::Exists(Box::new(votes)).negated()));
    twins.compare();
    twins.execute(Update::table("users").set("id", col("id").plus(10)).filter(col("name").eq("Carol")));
    let first = Select::from("users").values([aggregate(Aggregate::Min, col("id"))]);
    let row = [Leaf::Scalar(Box::new(first)).expr(), parameter(0)];
    let parameters = [Value::Null];
    let insert = Insert::into("posts", ["author_id", "group"]).row(row);
    twins.change(insert, Input::Values(&parameters), 0, &[parameters.to_vec()]);
    twins.execute(Insert::into("codes", ["id"]));
    twins.execute(Delete::from("votes"));
    twins.execute(Delete::from("users").filter(col("id").eq(1)));
    twins.compare();
}

#[test]
fn l3_changes_by_row() {
    let mut twins = forum();
    let given: Vec<Vec<Value>> = vec![vec![4.into(), 2.into(), 7.into()], vec![6.into(), 1.into(), 8.into()]];
    let mut rows: Vec<Row> = given.iter().map(|it| Tuple::new(it.clone()).into_row()).collect();
    twins.execute(Delete::from("votes").filter(col("post").eq(4)));
    twins.change(InsertRows { table: "votes".into() }, Input::Rows(&mut rows), 0, &given);
    let mut changes: Vec<RowChange> =
        rows.into_iter().map(|before| RowChange { after: before.clone(), before }).collect();
    for change in &mut changes {
        edit(&mut change.after).set(diptych::id::ColumnId::new(2), Value::Int(-1)).unwrap();
    }
    let each: Vec<Vec<Value>> = given.iter().map(|it| [&[Value::Int(-1)], &it[..]].concat()).collect();
    let update = UpdateRows { table: "votes".into(), columns: vec!["value".into()], expected: vec!["value".into()] };
    twins.change(update, Input::Changes(&mut changes), 0, &each);
    twins.compare();
    let keys: Vec<Value> = [4, 2, 1, 1, 99, 99].map(Value::Int).to_vec();
    let delete = DeleteRows { table: "votes".into(), columns: vec![] };
    twins.change(delete, Input::Keys(&keys), 3, std::slice::from_ref(&keys));
    let delete = DeleteRows { table: "votes".into(), columns: vec!["user".into()] };
    twins.change(delete, Input::Keys(&[Value::Int(2)]), 1, &[vec![Value::Int(2)]]);
    twins.compare();
}

#[test]
fn a_key_that_does_not_fill_itself_here_does_not_there() {
    let mut twins = forum();
    let insert = Insert::into("codes", ["code"]).row(["y"]);
    let text = Statement::from(insert.clone()).to_sql();
    assert!(twins.native.execute(insert).is_err());
    assert!(twins.sqlite.execute(&text, []).is_err());
}

#[test]
fn an_echo_prints_what_passes() {
    let (reader, writer) = std::io::pipe().unwrap();
    let mut twins = forum();
    twins.native.log().observe(Some(diptych::sql::echo(writer)));
    twins.native.execute(Select::from("codes")).unwrap();
    twins.native.control(diptych::Control::Commit).unwrap();
    twins.native.log().observe(None);
    let text = std::io::read_to_string(reader).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "SELECT * FROM codes");
    assert!(lines[1].starts_with("  -- rows 1  read 1  "), "{text}");
    assert_eq!(lines[2..], ["COMMIT"]);
}
