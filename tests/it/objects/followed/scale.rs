//! What must not grow with the square of the rows that actions change, or of the steps of a flush.

use std::time::Instant;

use diptych::prelude::*;

use crate::objects::scale::grows_with_the_size;

#[derive(Entity, Clone, Debug)]
struct Shelf {
    #[key]
    number: i64,
}

#[derive(Entity, Clone, Debug)]
#[belongs_to(shelf: Shelf)]
#[belongs_to(before: Book, via(before_id))]
#[foreign_key(via(before_id), references = Book, on_update = cascade)]
struct Book {
    #[key]
    id: i64,
    #[references(Shelf, on_update = cascade)]
    shelf_number: Option<i64>,
    before_id: Option<i64>,
}

/// One statement gives each row of a chain another key, and its action another reference.
#[test]
fn many_rows_that_a_statement_names_are_moved_by_its_actions_too() -> Result<()> {
    grows_with_the_size(8_000, |size| {
        let size = size as i64;
        let database = Database::of::<(Shelf, Book)>()?;
        let mut session = database.session();
        let chain = |id: i64| Book { id, shelf_number: None, before_id: (id > 0).then(|| id - 1) };
        session.insert_many((0..size).map(chain))?;
        session.commit()?;
        let books = session.all(Book::select())?.references();
        for &book in &books {
            session.edit(book)?.id += 1_000_000;
        }
        let start = Instant::now();
        session.flush()?;
        let time = start.elapsed();
        for book in session.all(Book::select())?.iter() {
            assert_eq!(book.before_id.unwrap_or(999_999), book.id - 1);
        }
        Ok(time)
    })
}

/// Each shelf takes the number of the next one, so that a flush has as many steps as there are shelves; a book follows each
/// of them, and a new one comes to it.
#[test]
fn many_steps_of_one_flush_are_followed() -> Result<()> {
    grows_with_the_size(1_000, |size| {
        let size = size as i64;
        let database = Database::of::<(Shelf, Book)>()?;
        let mut session = database.session();
        session.insert_many((0..size).map(|number| Shelf { number }))?;
        session.insert_many((0..size).map(|id| Book { id, shelf_number: Some(id), before_id: None }))?;
        session.commit()?;
        let shelves = session.all(Shelf::select().order_by(Shelf::number))?.references();
        let books = session.all(Book::select().order_by(Book::id))?.references();
        for (id, &shelf) in (size..).zip(&shelves) {
            session.edit(shelf)?.number += 1;
            let new = session.add(Book { id, shelf_number: None, before_id: None });
            session.set(new, Book::shelf, shelf)?;
        }
        let start = Instant::now();
        session.flush()?;
        let time = start.elapsed();
        for (&shelf, &book) in shelves.iter().zip(&books) {
            assert_eq!(session.get(book)?.shelf_number, Some(session.get(shelf)?.number));
        }
        Ok(time)
    })
}
