//! What follows an object along its cascades: out of the session, into a refresh, and out of a flush that leaves it out.

use diptych::prelude::*;
use diptych::{AnyRef, Cascade, Class, Column, ForeignKey, Relationship, State, Table, Update};

/// Shelves of books of pages, each with a cascade to the next.
fn library(cascade: Cascade) -> Result<Database> {
    let part = |name: &'static str, of: &'static str, to: &'static str| {
        let table = Table::new(name).auto_key("id").column(Column::text("text").default("as it was"));
        table.column(Column::int(of).nullable()).foreign_key(ForeignKey::new([of], to))
    };
    let shelves = Class::new("Shelf", Table::new("shelves").auto_key("id"));
    let shelves = shelves.relation(Relationship::has_many("books", "Book").inverse("shelf").cascade(cascade));
    let books = Class::new("Book", part("books", "shelf_id", "shelves"));
    let books = books.relation(Relationship::belongs_to("shelf", "Shelf").inverse("books"));
    let books = books.relation(Relationship::has_many("pages", "Page").inverse("book").cascade(cascade));
    let pages = Class::new("Page", part("pages", "book_id", "books"));
    let pages = pages.relation(Relationship::belongs_to("book", "Book").inverse("pages"));
    Database::with_classes([shelves, books, pages], [])
}

/// A shelf with a book with a page, each pushed to the one before.
fn filled(session: &mut Session) -> Result<[AnyRef; 3]> {
    let mut by_name = session.untyped();
    let (shelf, book, page) = (by_name.add("Shelf", &[])?, by_name.add("Book", &[])?, by_name.add("Page", &[])?);
    by_name.push(shelf, "books", book)?;
    by_name.push(book, "pages", page)?;
    Ok([shelf, book, page])
}

fn states(session: &Session, objects: [AnyRef; 3]) -> Result<[State; 3]> {
    let [shelf, book, page] = objects.map(|it| session.state(it));
    Ok([shelf?, book?, page?])
}

/// The checklist's 64: what is expunged takes along what its cascade reaches, over as many steps as there are, be it
/// stored or not; and nothing without the cascade.
#[test]
fn expunge_follows_its_cascade() -> Result<()> {
    for cascade in [Cascade::ALL, Cascade::default()] {
        for stored in [true, false] {
            let database = library(cascade)?;
            let mut session = database.session();
            let objects = filled(&mut session)?;
            if stored {
                session.flush()?;
            }
            let (inside, outside) =
                if stored { (State::Persistent, State::Detached) } else { (State::Pending, State::Transient) };
            assert_eq!(states(&session, objects)?, [inside; 3]);
            session.untyped().expunge(objects[0])?;
            let follows = if cascade == Cascade::ALL { outside } else { inside };
            assert_eq!(states(&session, objects)?, [outside, follows, follows], "{cascade}, stored: {stored}");
            session.commit()?;
            let rows = database.session().untyped().rows("books")?.len();
            assert_eq!(rows, usize::from(stored || cascade != Cascade::ALL), "{cascade}, stored: {stored}");
        }
    }
    Ok(())
}

/// The checklist's 67: a refresh reads again what its cascade reaches, when that is looked at, and nothing without it.
#[test]
fn refresh_follows_its_cascade() -> Result<()> {
    for (cascade, expected) in [(Cascade::ALL, "new"), (Cascade::default(), "as it was")] {
        let database = library(cascade)?;
        let mut session = database.session();
        let [shelf, book, page] = filled(&mut session)?;
        session.commit()?;
        let mut by_name = session.untyped();
        for part in [by_name.related(shelf, "books")?, by_name.related(book, "pages")?].concat() {
            assert_eq!(by_name.value(part, "text")?, "as it was".into());
        }
        for table in ["books", "pages"] {
            session.execute(Update::table(table).set("text", "new"))?;
        }
        let mut by_name = session.untyped();
        by_name.refresh(shelf, &[])?;
        let texts = [by_name.value(book, "text")?, by_name.value(page, "text")?];
        assert_eq!(texts, [expected.into(), expected.into()], "{cascade}");
    }
    Ok(())
}

/// The checklist's 66b: a new object that is taken out of what owns it is left out of the flush, and so is what it owns
/// itself; what has rows goes with them, and what has moved to another owner in the same flush stays with all it owns.
#[test]
fn an_orphan_takes_along_what_it_owns() -> Result<()> {
    let owning = Cascade::ALL | Cascade::DELETE_ORPHAN;
    for stored in [true, false] {
        for moves in [true, false] {
            let database = library(owning)?;
            let mut session = database.session();
            session.set_autoflush(false);
            let objects = filled(&mut session)?;
            let [shelf, book, _] = objects;
            if stored {
                session.commit()?;
            }
            let mut by_name = session.untyped();
            by_name.remove(shelf, "books", book)?;
            if moves {
                let other = by_name.add("Shelf", &[])?;
                by_name.push(other, "books", book)?;
            }
            session.commit()?;
            let mut by_name = session.untyped();
            let left = [by_name.rows("books")?.len(), by_name.rows("pages")?.len()];
            assert_eq!(left, [usize::from(moves); 2], "stored: {stored}, moves: {moves}");
            let gone = if stored { State::Detached } else { State::Transient };
            let expected = if moves { State::Persistent } else { gone };
            assert_eq!(states(&session, objects)?[1..], [expected; 2], "stored: {stored}, moves: {moves}");
        }
    }
    Ok(())
}
