//! Queries that are kept with the schema.

use diptych::query::{Leaf, Views};
use diptych::{Column, Database, Expression, Insert, NativeConnection, Schema, Select, Table, col, count};

use super::{any_order, lines, of, outer, refused};

fn tables() -> Schema {
    let notes = Table::new("notes").column(Column::int("id")).primary_key(["id"]).column(Column::int("stars"));
    Schema::builder().table(notes).build().unwrap()
}

fn connect(views: Views) -> NativeConnection {
    let mut connection = Database::new(tables().with_views(views).unwrap()).connect();
    let insert = Insert::into("notes", ["id", "stars"]);
    connection.execute((1..=6).fold(insert, |all, id| all.row([id, id % 3]))).unwrap();
    connection
}

fn good() -> Select {
    Select::from("notes").values([col("id"), col("stars")]).filter(col("stars").ge(1))
}

#[test]
fn a_view_is_read_like_a_table() {
    let best = Select::from("good").values([col("note")]).filter(col("s").eq(2));
    let mut notes = connect(Views::new().view("good", ["note", "s"], good()).view("best", ["note"], best));
    assert_eq!(any_order(&mut notes, Select::from("best").values([col("note")])), ["2", "5"]);
    let joined = Select::from("notes").join("best", of(0, "id").eq(of(1, "note").plus(1))).values([of(0, "id")]);
    assert_eq!(any_order(&mut notes, joined), ["3", "6"]);
    let same = Select::from("best").filter(col("note").eq(outer(1, 0, "id")));
    let among = Select::from("notes").values([count()]).filter(Leaf::Exists(Box::new(same)).expr());
    assert_eq!(lines(&mut notes, among), ["2"]);
    // It has its own names, and follows what is in the tables.
    assert!(refused(&mut notes, Select::from("best").values([col("id")])).to_string().contains("`id`"));
    notes.execute(Insert::into("notes", ["id", "stars"]).row([7, 2])).unwrap();
    assert_eq!(lines(&mut notes, Select::from("best").values([count()])), ["3"]);
    let views = diptych::Connection::schema(&notes).views();
    assert_eq!(views.all().iter().map(|it| &*it.name).collect::<Vec<_>>(), ["good", "best"]);
}

#[test]
fn a_view_is_checked_when_it_is_defined() {
    let mistake = |views: Views| tables().with_views(views).unwrap_err().to_string();
    assert!(mistake(Views::new().view("notes", ["note", "s"], good())).contains("another table or view"));
    let twice = Views::new().view("good", ["note", "s"], good()).view("good", ["note", "s"], good());
    assert!(mistake(twice).contains("another table or view"));
    assert!(mistake(Views::new().view("good", ["note"], good())).contains("2 columns"));
    let outside = Select::from("notes").values([col("id")]).filter(outer(1, 0, "id").eq(1));
    assert!(mistake(Views::new().view("good", ["note"], outside)).contains("there is none"));
    let itself = Select::from("itself").values([col("a")]);
    assert!(mistake(Views::new().view("itself", ["a"], itself)).contains("reads itself"));
}
