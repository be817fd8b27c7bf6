//! INSERT … SELECT, upserts, changes over joins, and what changes return.

use diptych::expr::Arithmetic;
use diptych::query::{ConflictAction, InsertValues, Leaf, OnConflict, Output};
use diptych::schema::Index;
use diptych::{
    Action, Aggregate, Column, Connection, Delete, Direction, Expr, Expression, ForeignKey, Insert, Schema, Select,
    Statement, Table, Update, Value, aggregate, col,
};

use super::Both;

fn shop() -> Both {
    let item = Table::new("item").auto_key("id").column(Column::text("name")).column(Column::int("stock").default(0));
    let item = item.column(Column::text("place").nullable()).unique(["name"]);
    let item = item.add_index(Index::on(["place"]).unique().filter(diptych::column("stock").gt(0)).named("one_place"));
    let order = Table::new("line").auto_key("id").column(Column::int("item_id")).column(Column::int("amount"));
    let order = order.foreign_key(ForeignKey::new(["item_id"], "item").on_delete(Action::Cascade));
    let note = Table::new("note").auto_key("id").column(Column::int("item_id").nullable());
    let note = note.foreign_key(ForeignKey::new(["item_id"], "item").on_delete(Action::NoAction));
    let mut both = Both::of(Schema::builder().table(item).table(order).table(note).build().unwrap());
    let items = [("tea", 5, Some("a")), ("jam", 0, Some("a")), ("rye", 7, Some("b"))];
    let mut insert = Insert::into("item", ["name", "stock", "place"]);
    for (name, stock, place) in items {
        insert = insert.row([Value::from(name), stock.into(), place.into()]);
    }
    let lines = Insert::into("line", ["item_id", "amount"]).row([1, 2]).row([1, 3]).row([3, 1]);
    for insert in [insert, lines] {
        both.run(insert.clone()).unwrap();
        both.sqlite.execute_batch(&Statement::from(insert).to_sql()).unwrap();
    }
    both
}

fn of(source: u8, name: &'static str) -> Expr<Leaf> {
    Expr::Leaf(Leaf::Column { up: 0, source, name: name.into() })
}

fn upsert(target: &[&'static str], set: Vec<(&'static str, Expr<Leaf>)>, filter: Option<Expr<Leaf>>) -> OnConflict {
    let set = set.into_iter().map(|(name, value)| (name.into(), value)).collect();
    let target = target.iter().map(|it| (*it).into()).collect();
    OnConflict { target, target_filter: None, action: ConflictAction::Update { set, filter } }
}

fn items(rows: impl IntoIterator<Item = (&'static str, i64)>) -> Insert {
    let insert = Insert::into("item", ["name", "stock"]);
    rows.into_iter().fold(insert, |all, (name, stock)| all.row([Value::from(name), stock.into()]))
}

#[test]
fn a_query_brings_rows() {
    let mut both = shop();
    let select = Select::from("line").values([col("item_id"), col("amount").plus(10)]).filter(col("amount").lt(3));
    both.same(
        Insert::into("line", ["item_id", "amount"]).select(select),
        "INSERT INTO line (item_id, amount) SELECT item_id, amount + 10 FROM line WHERE amount < 3",
    );
    both.same_rows();
    // It reads its own table as it was, so it ends.
    let itself = Select::from("line").values([col("item_id"), 0.into()]).order_by(col("id"), Direction::Ascending);
    both.same(
        Insert::into("line", ["item_id", "amount"]).select(itself),
        "INSERT INTO line (item_id, amount) SELECT item_id, 0 FROM line ORDER BY id",
    );
    both.same_rows();
    let wrong = Insert::into("line", ["item_id"]).select(Select::from("line").values([col("id"), col("id")]));
    assert!(both.run(wrong).is_err(), "two values for one column");
}

#[test]
fn queries_of_a_with_bring_rows() {
    let mut both = shop();
    let most = Select::from("line").values([col("item_id"), aggregate(Aggregate::Sum, col("amount"))]);
    let most = most.group_by([col("item_id")]);
    let with = Select::from("line").with("most", ["item", "total"], most).with;
    let select = Select::from(diptych::query::Source::Common("most".into())).values([col("item"), col("total")]);
    both.same(
        Insert { with: with.clone(), ..Insert::into("line", ["item_id", "amount"]).select(select.clone()) },
        "WITH most (item, total) AS (SELECT item_id, sum(amount) FROM line GROUP BY item_id)
         INSERT INTO line (item_id, amount) SELECT item, total FROM most",
    );
    both.same_rows();
    let total = Leaf::Scalar(Box::new(select.values([aggregate(Aggregate::Max, col("total"))]))).expr();
    both.same(
        Insert { with: with.clone(), ..Insert::into("line", ["item_id", "amount"]).row([1.into(), total.clone()]) },
        "WITH most (item, total) AS (SELECT item_id, sum(amount) FROM line GROUP BY item_id)
         INSERT INTO line (item_id, amount) VALUES (1, (SELECT max(total) FROM most))",
    );
    both.same(
        Update { with: with.clone(), ..Update::table("item").set("stock", total.clone()).filter(col("id").eq(2)) },
        "WITH most (item, total) AS (SELECT item_id, sum(amount) FROM line GROUP BY item_id)
         UPDATE item SET stock = (SELECT max(total) FROM most) WHERE id = 2",
    );
    both.same(
        Delete { with, ..Delete::from("item").filter(col("stock").eq(total)) },
        "WITH most (item, total) AS (SELECT item_id, sum(amount) FROM line GROUP BY item_id)
         DELETE FROM item WHERE stock = (SELECT max(total) FROM most)",
    );
    both.same_rows();
}

#[test]
fn a_default_is_a_value() {
    let mut both = shop();
    let default = || Expr::Leaf(Leaf::Default);
    let rows = [["oat".into(), default()], ["fig".into(), 3.into()]];
    let insert = rows.into_iter().fold(Insert::into("item", ["name", "stock"]), |all, it| all.row(it));
    assert_eq!(both.run(insert).unwrap().count, 2);
    both.run(Update::table("item").set("stock", default()).filter(col("name").eq("rye"))).unwrap();
    // SQLite knows DEFAULT only as no value at all.
    both.sqlite.execute_batch("INSERT INTO item (name) VALUES ('oat')").unwrap();
    both.sqlite.execute_batch("INSERT INTO item (name, stock) VALUES ('fig', 3)").unwrap();
    both.sqlite.execute_batch("UPDATE item SET stock = 0 WHERE name = 'rye'").unwrap();
    both.same_rows();
    let error = both.run(Update::table("item").set("stock", default().plus(1))).unwrap_err();
    assert!(error.to_string().contains("DEFAULT"), "{error}");
}

#[test]
fn rows_in_the_way_stay() {
    let mut both = shop();
    both.same(
        items([("tea", 1), ("oat", 2), ("oat", 3)]).or_nothing().returning([col("id"), col("stock")]),
        "INSERT INTO item (name, stock) VALUES ('tea', 1), ('oat', 2), ('oat', 3) ON CONFLICT DO NOTHING
         RETURNING id, stock",
    );
    both.same_rows();
    // Only the key that is named is looked at.
    let on_id = OnConflict { target: vec!["id".into()], target_filter: None, action: ConflictAction::Nothing };
    both.same(
        items([("tea", 1)]).on_conflict(on_id),
        "INSERT INTO item (name, stock) VALUES ('tea', 1) ON CONFLICT (id) DO NOTHING",
    );
    both.same_rows();
    let nowhere = OnConflict { target: vec!["stock".into()], target_filter: None, action: ConflictAction::Nothing };
    let error = both.run(items([("tea", 1)]).on_conflict(nowhere)).unwrap_err();
    assert_eq!(error.to_string(), "item has no unique key over stock");
}

#[test]
fn rows_in_the_way_change() {
    let mut both = shop();
    let add = || vec![("stock", of(0, "stock").plus(of(1, "stock")))];
    both.same(
        items([("tea", 1), ("oat", 2), ("oat", 3)]).on_conflict(upsert(&["name"], add(), None)).returning([
            col("id"),
            col("name"),
            col("stock"),
        ]),
        "INSERT INTO item (name, stock) VALUES ('tea', 1), ('oat', 2) ON CONFLICT (name)
         DO UPDATE SET stock = stock + excluded.stock RETURNING id, name, CASE name WHEN 'oat' THEN 5 ELSE stock END",
    );
    both.ask("UPDATE item SET stock = 5 WHERE name = 'oat'").unwrap();
    both.same_rows();
    // The condition is about both; where it does not hold, nothing happens.
    let more = Some(of(1, "stock").gt(of(0, "stock")));
    both.same(
        items([("tea", 2), ("rye", 9)])
            .on_conflict(upsert(&["name"], vec![("stock", of(1, "stock"))], more))
            .returning([col("name")]),
        "INSERT INTO item (name, stock) VALUES ('tea', 2), ('rye', 9) ON CONFLICT (name)
         DO UPDATE SET stock = excluded.stock WHERE excluded.stock > item.stock RETURNING name",
    );
    both.same_rows();
    // The change itself may be refused; then nothing has happened.
    both.same(
        items([("new", 1), ("rye", 1)]).on_conflict(upsert(&["name"], vec![("name", "tea".into())], None)),
        "INSERT INTO item (name, stock) VALUES ('new', 1), ('rye', 1) ON CONFLICT (name) DO UPDATE SET name = 'tea'",
    );
    both.same_rows();
}

#[test]
fn a_partial_key_is_named_with_its_condition() {
    let mut both = shop();
    let insert = || Insert::into("item", ["name", "stock", "place"]).row(["oat".into(), 4.into(), Expr::from("b")]);
    let target = |filter| OnConflict {
        target: vec!["place".into()],
        target_filter: filter,
        action: ConflictAction::Update { set: vec![("stock".into(), of(1, "stock"))], filter: None },
    };
    both.same(
        insert().on_conflict(target(Some(col("stock").gt(0)))),
        "INSERT INTO item (name, stock, place) VALUES ('oat', 4, 'b') ON CONFLICT (place) WHERE stock > 0
         DO UPDATE SET stock = excluded.stock",
    );
    both.same_rows();
    both.same(
        insert().on_conflict(target(None)),
        "INSERT INTO item (name, stock, place) VALUES ('oat', 4, 'b') ON CONFLICT (place)
         DO UPDATE SET stock = excluded.stock",
    );
}

#[test]
fn rows_in_the_way_are_replaced_with_what_refers_to_them() {
    let mut both = shop();
    let replace = || OnConflict { target: vec![], target_filter: None, action: ConflictAction::Replace };
    // A row may be in the way by each of its keys; lines go with their item.
    let row = |id: i64, name: &'static str| {
        let insert = Insert::into("item", ["id", "name", "stock", "place"]).on_conflict(replace());
        insert.row([id.into(), name.into(), 1.into(), Expr::from("b")])
    };
    both.same(
        row(1, "jam").returning([col("id"), col("name")]),
        "INSERT OR REPLACE INTO item (id, name, stock, place) VALUES (1, 'jam', 1, 'b') RETURNING id, name",
    );
    both.same_rows();
    both.same(
        items([("oat", 1), ("oat", 2), ("oat", 3)]).on_conflict(replace()),
        "INSERT OR REPLACE INTO item (name, stock) VALUES ('oat', 1), ('oat', 2), ('oat', 3)",
    );
    let left = Select::from("item").values([col("stock")]).filter(col("name").eq("oat"));
    both.same(left, "SELECT stock FROM item WHERE name = 'oat'");
    // What refers without an action is judged in the end: the row that took the place may be what it refers to.
    both.same(Insert::into("note", ["item_id"]).row([1]), "INSERT INTO note (item_id) VALUES (1)");
    both.same(row(1, "kale"), "INSERT OR REPLACE INTO item (id, name, stock, place) VALUES (1, 'kale', 1, 'b')");
    both.same(row(77, "kale"), "INSERT OR REPLACE INTO item (id, name, stock, place) VALUES (77, 'kale', 1, 'b')");
    let left = || Select::from("item").values([col("id"), col("name")]).filter(col("name").eq("kale"));
    both.same(left(), "SELECT id, name FROM item WHERE name = 'kale'");
    both.same(Select::from("note").values([col("item_id")]), "SELECT item_id FROM note");
}

#[test]
fn changes_over_joins() {
    let mut both = shop();
    let amount = Update::table("item").join("line", of(1, "item_id").eq(of(0, "id")));
    both.same(
        amount.set("stock", of(0, "stock").minus(of(1, "amount"))).filter(of(1, "amount").ne(3)),
        "UPDATE item SET stock = item.stock - line.amount FROM line WHERE line.item_id = item.id AND line.amount <> 3",
    );
    both.same_rows();
    // Of several partners the first counts: each row is changed once.
    let once = Update::table("item").join("line", of(1, "item_id").eq(of(0, "id")));
    assert_eq!(both.run(once.set("stock", of(0, "stock").plus(1))).unwrap().count, 2);
    both.sqlite.execute_batch("UPDATE item SET stock = stock + 1 WHERE id IN (SELECT item_id FROM line)").unwrap();
    both.same_rows();
    both.run(Delete::from("line").join("item", of(1, "id").eq(of(0, "item_id"))).filter(of(1, "name").eq("tea")))
        .unwrap();
    both.sqlite.execute_batch("DELETE FROM line WHERE item_id = (SELECT id FROM item WHERE name = 'tea')").unwrap();
    both.same_rows();
}

#[test]
fn changes_return_rows() {
    let mut both = shop();
    both.same(
        items([("oat", 2), ("fig", 1)]).returning([col("id"), col("stock").times(2), col("place")]),
        "INSERT INTO item (name, stock) VALUES ('oat', 2), ('fig', 1) RETURNING id, stock * 2, place",
    );
    both.same(
        Update::table("item")
            .set("stock", col("stock").plus(1))
            .filter(col("stock").gt(1))
            .returning([col("name"), col("stock")]),
        "UPDATE item SET stock = stock + 1 WHERE stock > 1 RETURNING name, stock",
    );
    both.same(
        Delete::from("item").filter(col("stock").gt(5)).returning([col("name"), col("stock")]),
        "DELETE FROM item WHERE stock > 5 RETURNING name, stock",
    );
    both.same_rows();
    // What stands beside the row comes out too, and whole rows.
    let joined = Update::table("item").join("line", of(1, "item_id").eq(of(0, "id"))).set("stock", 9);
    let joined = Update { returning: vec![Output::Value(of(1, "amount")), Output::Row(0)], ..joined };
    let given = both.run(Insert::into("line", ["item_id", "amount"]).row([2, 8])).unwrap();
    assert_eq!(given.count, 1);
    let outcome = both.run(joined).unwrap();
    assert_eq!(outcome.rows.to_values(), [[Value::from(8)]]);
    let row = outcome.rows.rows_at(0)[0].clone().unwrap();
    assert_eq!(diptych::record::values(&*row)[2], Value::from(9), "as it has become");
}

/// Q2: what fails in RETURNING has not happened, and the log has counted nothing.
#[test]
fn q2_what_cannot_be_returned_has_not_happened() {
    let mut both = shop();
    let refused = || [col("name").arithmetic(Arithmetic::Add, 1)];
    let before = both.native.log().totals().statements;
    assert!(both.run(items([("oat", 1)]).returning(refused())).is_err());
    assert!(both.run(items([("tea", 1)]).or_nothing().returning(refused())).is_ok(), "nothing is returned");
    assert!(both.run(Update::table("item").set("stock", 1).returning(refused())).is_err());
    assert!(both.run(Delete::from("line").returning([col("amount").plus(i64::MAX)])).is_err());
    let grouped = Delete::from("line").returning([diptych::count()]);
    assert!(both.run(grouped).is_err(), "an aggregate is no part of a row");
    assert_eq!(both.native.log().totals().statements, before + 1);
    both.same_rows();
}

/// A statement is one in the log, with the rows that it names and those that actions reach.
#[test]
fn an_upsert_is_one_statement() {
    let mut both = shop();
    let before = both.native.log().totals().statements;
    let replace = OnConflict { target: vec![], target_filter: None, action: ConflictAction::Replace };
    let insert = Insert::into("item", ["id", "name", "stock"]).row([1.into(), "tea".into(), Expr::from(1)]);
    let outcome = both.run(insert.on_conflict(replace)).unwrap();
    assert_eq!((outcome.count, outcome.by_actions), (1, 3), "one inserted; one replaced, with two lines");
    assert_eq!(both.native.log().totals().statements, before + 1);
    let nothing = Insert { values: InsertValues::Rows(vec![]), ..items([]) };
    assert_eq!(both.run(nothing).unwrap().count, 0);
}
