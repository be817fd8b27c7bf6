//! The two pillars, each without the other: foreign keys that no relation knows, and relations that no foreign key backs.

use diptych::error::Rule;
use diptych::object::{foreign, join_column};
use diptych::prelude::*;
use diptych::{Class, Column, Delete, Expression, ForeignKey, PassiveDeletes, Relationship, Table, Value, col};

use super::forum::rows;

/// Shelves and books, with the one pillar, the other, both or none.
#[derive(Clone, Copy, Debug)]
struct Pillars {
    foreign_key: bool,
    relation: bool,
}

/// Shelf 1 has book 10.
fn library(pillars: Pillars) -> Database {
    let shelves = Class::new("Shelf", Table::new("shelves").auto_key("id"));
    let table = Table::new("books").auto_key("id").column(Column::int("shelf_id").nullable());
    let table = match pillars.foreign_key {
        true => table.foreign_key(ForeignKey::new(["shelf_id"], "shelves").on_delete(diptych::Action::Cascade)),
        false => table,
    };
    let join = join_column("shelves.id").eq(foreign(join_column("books.shelf_id")));
    let books = Relationship::new("books", "Book").primary_join(join).passive_deletes(PassiveDeletes::Off);
    let shelves = if pillars.relation { shelves.relation(books) } else { shelves };
    let database = Database::with_classes([shelves, Class::new("Book", table)], []);
    let database = database.unwrap_or_else(|error| panic!("{pillars:?}: {error}"));
    let mut session = database.session();
    session.untyped().add("Shelf", &[("id", 1.into())]).expect("it is new");
    session.flush().expect("nothing forbids a shelf");
    session.untyped().add("Book", &[("id", 10.into()), ("shelf_id", 1.into())]).expect("it is new");
    session.commit().unwrap_or_else(|error| panic!("{pillars:?}: {error}"));
    database
}

/// The shelf of book 10, if the book is there, as its row says it.
fn shelf_of_the_book(database: &Database) -> Option<Value> {
    rows(&mut database.session(), "books").pop().map(|row| row[1].clone())
}

fn delete_as_row(database: &Database) -> Option<Value> {
    let mut session = database.session();
    session.execute(Delete::from("shelves").filter(col("id").eq(1))).expect("a row can be deleted");
    session.commit().expect("and is");
    shelf_of_the_book(database)
}

fn delete_as_object(database: &Database) -> Option<Value> {
    let mut session = database.session();
    let shelf = session.untyped().find("Shelf", &[1.into()]).expect("it can be read").expect("it is there");
    session.untyped().delete(shelf).expect("an object can be deleted");
    session.commit().expect("and is");
    shelf_of_the_book(database)
}

fn put_on_a_shelf_that_is_not_there(database: &Database) -> Result<()> {
    let mut session = database.session();
    session.untyped().add("Book", &[("shelf_id", 404.into())])?;
    session.commit()
}

/// The checklist's 8: the foreign key decides what rows may hold and what becomes of them; the relation decides what
/// objects lead to and what becomes of those. Each works where the other is not, and does the same where it is.
#[test]
fn foreign_keys_and_relations_work_each_without_the_other() -> Result<()> {
    let (gone, dangling, nothing) = (None, Some(Value::from(1)), Some(Value::Null));
    let expected = [
        (Pillars { foreign_key: false, relation: false }, dangling.clone(), dangling.clone()),
        (Pillars { foreign_key: true, relation: false }, gone.clone(), gone.clone()),
        (Pillars { foreign_key: false, relation: true }, dangling, nothing.clone()),
        (Pillars { foreign_key: true, relation: true }, gone, nothing),
    ];
    for (pillars, after_row, after_object) in expected {
        assert_eq!(delete_as_row(&library(pillars)), after_row, "{pillars:?}: the row of the shelf is deleted");
        assert_eq!(delete_as_object(&library(pillars)), after_object, "{pillars:?}: the shelf is deleted as an object");

        let dangles = put_on_a_shelf_that_is_not_there(&library(pillars));
        let refused = dangles.err().and_then(|it| it.violation().map(|it| it.rule));
        assert_eq!(refused, pillars.foreign_key.then_some(Rule::ForeignKey), "{pillars:?}");

        let database = library(pillars);
        let mut session = database.session();
        let mut by_name = session.untyped();
        let shelf = by_name.find("Shelf", &[1.into()])?.expect("it is there");
        let books = by_name.related(shelf, "books").map(|it| it.len()).ok();
        assert_eq!(books, pillars.relation.then_some(1), "{pillars:?}: a collection is there if it was declared");
        if pillars.relation {
            let book = by_name.add("Book", &[])?;
            by_name.push(shelf, "books", book)?;
            session.commit()?;
            let shelves: Vec<Value> = rows(&mut session, "books").into_iter().map(|row| row[1].clone()).collect();
            assert_eq!(shelves, [Value::from(1), Value::from(1)], "{pillars:?}: the flush writes the column");
        }
    }
    Ok(())
}
