//! Columns that nobody gives: defaults, sequences, and columns that the table computes.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use diptych::error::{Misuse, Rule};
use diptych::query::{Input, InsertRows, RowChange, UpdateRows};
use diptych::schema::{Index, Sequence};
use diptych::{
    Action, Column, Connection, Control, Database, Delete, Expression, ForeignKey, Insert, Row, Schema, Table,
};
use diptych::{Tuple, Update, Value, col, column};

use super::{connect, done, id, ints, keyed, refused, rows, sound};

/// A sequence goes on, whatever becomes of the transaction that took a number, and each fork has its own.
#[test]
fn a_sequence_gives_each_number_once() {
    let table = keyed("bills").column(Column::int("number").default_sequence("bill_numbers"));
    let schema = Schema::builder().table(table).sequence(Sequence::new("bill_numbers").from(100).by(10));
    let database = Database::new(schema.build().unwrap());
    let mut connection = database.connect();
    done(&mut connection, Insert::into("bills", ["id"]).row([1]).row([2]));
    done(&mut connection, Insert::into("bills", ["id", "number"]).row([3, 7]));
    assert_eq!(rows(&mut connection, "bills"), ints([[1, 100], [2, 110], [3, 7]]));
    connection.control(Control::Rollback).unwrap();
    done(&mut connection, Insert::into("bills", ["id"]).row([1]));
    assert_eq!(rows(&mut connection, "bills"), ints([[1, 120]]));
    let fork = database.fork();
    assert_eq!((database.next_value("bill_numbers"), fork.next_value("bill_numbers")), (Ok(130), Ok(130)), "D3");
    assert_eq!(database.next_value("bill_numbers"), Ok(140));
    let error = database.next_value("bill_number").unwrap_err();
    assert_eq!(error.to_string(), "there is no sequence `bill_number`; did you mean `bill_numbers`?");
}

#[test]
fn a_sequence_ends_without_wrapping() {
    let builder = Schema::builder().table(keyed("a")).sequence(Sequence::new("last").from(i64::MAX));
    let database = Database::new(builder.build().unwrap());
    assert_eq!(database.next_value("last"), Ok(i64::MAX));
    assert_eq!(database.next_value("last").unwrap_err().to_string(), "the sequence last has given its last number");
}

/// A function is asked once for each row that leaves its column out; what it refuses refuses the statement.
#[test]
fn a_function_gives_what_a_statement_leaves_out() {
    let calls = Arc::new(AtomicI64::new(0));
    let counted = calls.clone();
    let function = move || match counted.fetch_add(1, Ordering::Relaxed) {
        3 => Err(Misuse::Statement { reason: "out of tokens".into() }.into()),
        call => Ok(Value::Text(format!("token {call}").into())),
    };
    let mut connection = connect([keyed("users").column(Column::text("token").default_with(function))]);
    done(&mut connection, Insert::into("users", ["id"]).row([1]).row([2]));
    done(&mut connection, Insert::into("users", ["id", "token"]).row([Value::Int(3), "own".into()]));
    assert_eq!(calls.load(Ordering::Relaxed), 2);
    let error = connection.execute(Insert::into("users", ["id"]).row([4]).row([5])).unwrap_err();
    assert_eq!(error.to_string(), "out of tokens");
    let tokens: Vec<Value> = rows(&mut connection, "users").into_iter().map(|mut it| it.remove(1)).collect();
    assert_eq!(tokens, ["token 0", "token 1", "own"].map(Value::from));
}

fn lines() -> Table {
    let lines = keyed("lines").column(Column::int("price")).column(Column::int("count"));
    let total = Column::int("total").generated(column("price").times(column("count")));
    lines.column(total).index(["total"]).check("not_too_much", column("total").le(1000))
}

/// T1: what is computed is kept, indexed and judged like any other value, on insert and on update.
#[test]
fn t1_a_generated_column_follows_what_it_is_computed_from() {
    let mut connection = connect([lines()]);
    done(&mut connection, Insert::into("lines", ["id", "price", "count"]).row([1, 5, 3]).row([2, 7, 2]));
    assert_eq!(rows(&mut connection, "lines"), ints([[1, 5, 3, 15], [2, 7, 2, 14]]));
    done(&mut connection, Update::table("lines").set("count", col("count").plus(1)).filter(id(2)));
    assert_eq!(rows(&mut connection, "lines")[1][3], Value::Int(21));
    sound(&connection);
    let found = done(&mut connection, diptych::Select::from("lines").values([col("id")]).filter(col("total").eq(21)));
    assert_eq!(found.rows.typed::<i64>().unwrap(), [2]);
    let violation = refused(&mut connection, Update::table("lines").set("price", 1000));
    assert_eq!((violation.rule, violation.values), (Rule::Check, vec![Value::Int(3000)]));
    let error = connection.execute(Update::table("lines").set("price", i64::MAX)).unwrap_err();
    assert!(error.to_string().contains("does not fit into an integer"), "{error}");
}

#[test]
fn nobody_gives_a_generated_column_a_value() {
    let mut connection = connect([lines()]);
    for error in [
        connection.execute(Insert::into("lines", ["id", "price", "count", "total"]).row([1, 1, 1, 1])).unwrap_err(),
        connection.execute(Update::table("lines").set("total", 1)).unwrap_err(),
    ] {
        assert_eq!(error.misuse(), Some(&Misuse::Generated { column: "lines.total".into() }));
    }
}

/// Records come back as the table holds them, and are as before where the statement fails.
#[test]
fn q2_generated_columns_of_records_come_back() {
    let mut connection = connect([lines()]);
    let line = |id: i64, price: i64| Tuple::new([id.into(), price.into(), 2.into(), Value::Int(-1)]).into_row();
    let total = |row: &Row| row.get(diptych::id::ColumnId::new(3)).to_value();
    let insert = connection.prepare(InsertRows { table: "lines".into() }.into()).unwrap();
    let mut given = vec![line(1, 5), line(2, 5000)];
    connection.run(&insert, Input::Rows(&mut given)).unwrap_err();
    assert_eq!(given.iter().map(total).collect::<Vec<_>>(), [Value::Int(-1), Value::Int(-1)]);
    given.pop();
    connection.run(&insert, Input::Rows(&mut given)).unwrap();
    assert_eq!(total(&given[0]), Value::Int(10));
    let mut after = given[0].duplicate();
    diptych::record::edit(&mut after).set(diptych::id::ColumnId::new(1), 6.into()).unwrap();
    let update = connection
        .prepare(UpdateRows { table: "lines".into(), columns: vec!["price".into()], expected: vec![] }.into())
        .unwrap();
    let mut changes = [RowChange { before: given[0].clone(), after }];
    connection.run(&update, Input::Changes(&mut changes)).unwrap();
    assert_eq!(total(&changes[0].after), Value::Int(12));
    assert_eq!(rows(&mut connection, "lines"), ints([[1, 6, 2, 12]]));
}

/// An action that sets a column reaches what is computed from it, and what refers to that.
#[test]
fn an_action_reaches_what_is_computed_from_its_column() {
    let middle = keyed("middles").column(Column::int("top").nullable());
    let middle = middle.column(Column::int("code").nullable().generated(column("top").times(10)));
    let middle = middle.add_index(Index::on(["code"]).unique());
    let middle =
        middle.foreign_key(ForeignKey::new(["top"], "tops").on_update(Action::Cascade).on_delete(Action::SetNull));
    let foot = keyed("feet").column(Column::int("code").nullable());
    let foot = foot.foreign_key(
        ForeignKey::new(["code"], "middles").to(["code"]).on_update(Action::Cascade).on_delete(Action::Cascade),
    );
    let mut connection = connect([keyed("tops"), middle, foot]);
    done(&mut connection, Insert::into("tops", ["id"]).row([1]));
    done(&mut connection, Insert::into("middles", ["id", "top"]).row([1, 1]));
    done(&mut connection, Insert::into("feet", ["id", "code"]).row([1, 10]));
    done(&mut connection, Update::table("tops").set("id", 4));
    assert_eq!(rows(&mut connection, "middles"), ints([[1, 4, 40]]));
    assert_eq!(rows(&mut connection, "feet"), ints([[1, 40]]));
    done(&mut connection, Delete::from("tops"));
    assert_eq!(rows(&mut connection, "feet"), [[Value::Int(1), Value::Null]]);
    sound(&connection);
}

#[test]
fn s3_mistakes_in_columns_are_reported_together() {
    let table = keyed("a")
        .column(Column::text("no").default_sequence("numbers"))
        .column(Column::int("lost").default_sequence("number"))
        .column(Column::int("twice").generated(column("id").times(2)))
        .column(Column::int("again").generated(column("twice").times(2)))
        .column(Column::int("both").default(1).generated(column("id").plus(1)))
        .foreign_key(ForeignKey::new(["twice"], "a").on_update(Action::Cascade))
        .foreign_key(ForeignKey::new(["lost"], "a").on_delete(Action::SetDefault));
    let numbers = Sequence::new("numbers").by(0);
    let error = Schema::builder().table(table).sequence(numbers).build().unwrap_err().to_string();
    for part in [
        "numbers: a sequence that stands still",
        "a.no: a sequence gives integers, the column is text",
        "a.lost: there is no sequence `number`; did you mean `numbers`?",
        "a.again: it is computed from `twice`, which is computed itself",
        "a.both: a generated column is never left out, so it has no default",
        "a(twice): its actions would set twice, which is generated",
    ] {
        assert!(error.contains(part), "{part}\n{error}");
    }
}

/// Under another schema, new columns are filled: from a sequence, and computed; a sequence goes on where it stood.
#[test]
fn another_schema_fills_and_computes_what_is_new() {
    let bills = keyed("bills").column(Column::int("number").default_sequence("numbers"));
    let schema = Schema::builder().table(bills).sequence(Sequence::new("numbers"));
    let database = Database::new(schema.build().unwrap());
    let mut connection = database.connect();
    done(&mut connection, Insert::into("bills", ["id"]).row([1]).row([2]));
    connection.control(Control::Commit).unwrap();
    let next = database.schema().edit().rename_column("bills", "number", "no").edit_table("bills", |bills| {
        let twice = Column::int("twice").generated(column("no").times(2));
        bills.column(twice).column(Column::int("more").default_sequence("numbers")).index(["twice"])
    });
    let altered = database.altered(next.build().unwrap()).unwrap();
    altered.audit().unwrap();
    let mut connection = altered.connect();
    assert_eq!(rows(&mut connection, "bills"), ints([[1, 1, 2, 3], [2, 2, 4, 4]]));
    assert_eq!(database.next_value("numbers"), Ok(3), "D3");
    let again = altered
        .schema()
        .edit()
        .rename_column("bills", "no", "number")
        .edit_table("bills", |bills| bills.edit_column("twice", |it| it.generated(column("number").times(5))));
    let mut connection = altered.altered(again.build().unwrap()).unwrap().connect();
    assert_eq!(rows(&mut connection, "bills"), ints([[1, 1, 5, 3], [2, 2, 10, 4]]));
    sound(&connection);
}
