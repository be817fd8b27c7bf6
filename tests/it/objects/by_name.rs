//! The verbs of the session by names.

use diptych::object::{Change, Event, RowStep, Selection};
use diptych::prelude::*;
use diptych::{Class, Column, ForeignKey, Relationship, State, Table, Value};

fn database() -> Result<Database> {
    let shelves = Table::new("shelves").auto_key("id").column(Column::text("label"));
    let books = Table::new("books")
        .auto_key("id")
        .column(Column::text("title"))
        .column(Column::int("shelf_id").nullable())
        .foreign_key(ForeignKey::new(["shelf_id"], "shelves"));
    let shelf = Class::new("Shelf", shelves).relation(Relationship::has_many("books", "Book").inverse("shelf"));
    let book = Class::new("Book", books).relation(Relationship::belongs_to("shelf", "Shelf").inverse("books"));
    Database::with_classes([shelf, book], [])
}

#[test]
fn an_object_goes_through_all_states() -> Result<()> {
    let mut session = database()?.session();
    let mut by_name = session.untyped();
    let shelf = by_name.construct("Shelf", &[("label", "poetry".into())])?;
    assert_eq!((by_name.status(shelf)?.state, by_name.identity(shelf)?), (State::Transient, None));
    by_name.save(shelf)?;
    assert_eq!(by_name.contents().new, [shelf]);
    session.commit()?;
    let mut by_name = session.untyped();
    assert_eq!(by_name.identity(shelf)?, Some(vec![1.into()]));
    by_name.delete(shelf)?;
    assert!(by_name.status(shelf)?.marked_deleted);
    session.flush()?;
    assert_eq!(session.untyped().status(shelf)?.state, State::Deleted);
    session.rollback()?;
    let mut by_name = session.untyped();
    assert_eq!(by_name.status(shelf)?.state, State::Persistent);
    by_name.expunge(shelf)?;
    assert_eq!(by_name.status(shelf)?.state, State::Detached);
    by_name.make_transient(shelf)?;
    assert_eq!(by_name.status(shelf)?.state, State::Transient);
    Ok(())
}

/// Positions which are not there are errors, and what failed has changed nothing.
#[test]
fn collections_are_edited_by_position() -> Result<()> {
    let mut session = database()?.session();
    let mut by_name = session.untyped();
    let shelf = by_name.add("Shelf", &[("label", "poetry".into())])?;
    let mut books = Vec::new();
    for title in ["a", "b", "c"] {
        books.push(by_name.construct("Book", &[("title", title.into())])?);
    }
    by_name.push(shelf, "books", books[0])?;
    by_name.insert(shelf, "books", 0, books[1])?;
    assert_eq!(by_name.related(shelf, "books")?, [books[1], books[0]]);
    by_name.set_item(shelf, "books", 1, books[2])?;
    assert_eq!((by_name.related(books[0], "shelf")?, by_name.related(books[2], "shelf")?), (vec![], vec![shelf]));
    assert!(by_name.set_item(shelf, "books", 2, books[0]).is_err());
    assert!(by_name.pop(shelf, "books", 2).is_err());
    assert_eq!(by_name.related(shelf, "books")?, [books[1], books[2]]);
    assert_eq!(by_name.pop(shelf, "books", 0)?, books[1]);
    by_name.clear(shelf, "books")?;
    assert!(by_name.related(shelf, "books")?.is_empty());
    Ok(())
}

/// The history of an attribute, and what those who listen are told.
#[test]
fn what_happened_can_be_asked_for() -> Result<()> {
    let mut session = database()?.session();
    let mut by_name = session.untyped();
    let shelf = by_name.add("Shelf", &[("label", "poetry".into())])?;
    session.commit()?;
    let mut by_name = session.untyped();
    by_name.listen();
    by_name.value(shelf, "label")?;
    by_name.assign(shelf, "label", "verse")?;
    let history = by_name.history(shelf, "label")?;
    assert_eq!(history.added, [Change::Value("verse".into())]);
    assert_eq!(history.deleted, [Change::Value("poetry".into())]);
    let book = by_name.construct("Book", &[("title", "a".into())])?;
    by_name.push(shelf, "books", book)?;
    session.flush()?;
    let mut by_name = session.untyped();
    let told = by_name.take_events();
    let appended = Event::Appended { owner: shelf, relation: "books".into(), member: book };
    assert!(told.contains(&appended), "{told:?}");
    assert!(told.contains(&Event::Row { object: book, step: RowStep::AfterInsert }), "{told:?}");
    assert!(by_name.take_events().is_empty(), "they are handed out once");
    assert_eq!(by_name.rows("books")?, [[Value::from(1), "a".into(), 1.into()]]);
    Ok(())
}

#[test]
fn an_object_is_merged_by_its_key() -> Result<()> {
    let database = database()?;
    let mut session = database.session();
    let shelf = session.untyped().add("Shelf", &[("label", "poetry".into())])?;
    session.commit()?;
    let mut by_name = session.untyped();
    let twin = by_name.construct("Shelf", &[("id", 1.into()), ("label", "verse".into())])?;
    assert_eq!(by_name.merge(twin, true)?, shelf, "the key says which it is");
    assert_eq!(by_name.value(shelf, "label")?, Value::from("verse"));
    by_name.refresh(shelf, &["label"])?;
    by_name.expire(shelf, &["label"])?;
    assert!(!by_name.is_loaded(shelf, "label")?);
    Ok(())
}

/// A key says as many values as it has columns: of fewer or more, no object is found, and none is known by them.
#[test]
fn a_key_is_asked_for_as_a_whole() -> Result<()> {
    let seats =
        Table::new("seats").column(Column::int("row")).column(Column::int("place")).primary_key(["row", "place"]);
    let database = Database::with_classes([Class::new("Seat", seats)], [])?;
    let mut session = database.session();
    session.untyped().add("Seat", &[("row", 1.into()), ("place", 2.into())])?;
    session.commit()?;
    let mut session = database.session();
    for key in [&[Value::Int(1)][..], &[1.into(), 2.into(), 3.into()], &[]] {
        let mut by_name = session.untyped();
        let (plain, with) = (by_name.find("Seat", key), by_name.find_with("Seat", key, &Selection::new()));
        for refused in [plain, with] {
            let refused = refused.expect_err("it is no key").to_string();
            assert!(refused.contains("the key of Seat has 2 columns"), "{refused}");
        }
    }
    assert!(session.is_empty());
    assert!(session.untyped().find("Seat", &[1.into(), 2.into()])?.is_some());
    Ok(())
}
