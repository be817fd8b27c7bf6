//! Rings of rows that take each other's values over, each of which waits for another one: a flush of many takes about as
//! much longer as they are more.

use std::time::Instant;

use diptych::prelude::*;

use super::super::forum::statements;
use super::optional::{Book, Shelf, book, session, shelf};

#[derive(Entity, Clone, Debug)]
#[entity(table = "boxes")]
struct Box {
    #[key(auto)]
    id: Id<Box>,
    #[unique]
    name: String,
    #[unique]
    tag: String,
}

/// So many pairs exchange names, and the first of each takes the tag of the first of the pair before.
/// Returns how many statements the flush runs.
fn exchange(pairs: usize) -> Result<u64> {
    let database = Database::of::<(Box,)>()?;
    let mut session = database.session();
    session.set_expire_on_commit(false);
    let add = |session: &mut Session, at: usize| {
        session.add(Box { name: format!("name {at}"), tag: format!("tag {at}"), ..Box::draft() })
    };
    let boxes: Vec<Ref<Box>> = (0..2 * pairs).map(|at| add(&mut session, at)).collect();
    session.commit()?;
    for (at, pair) in boxes.chunks(2).enumerate() {
        session.edit(pair[0])?.name = format!("name {}", 2 * at + 1);
        session.edit(pair[1])?.name = format!("name {}", 2 * at);
        session.edit(pair[0])?.tag = if at == 0 { "new".to_owned() } else { format!("tag {}", 2 * at - 2) };
    }
    let start = Instant::now();
    let (ran, done) = statements(&mut session, Session::flush);
    done?;
    println!("{pairs} pairs exchange names: {:?}", start.elapsed());
    session.commit()?;
    session.refresh(boxes[2 * pairs - 2])?;
    assert_eq!(session[boxes[2 * pairs - 2]].name, format!("name {}", 2 * pairs - 1));
    Ok(ran)
}

/// So many shelves are replaced by new ones of their names, and each book takes the name of the one before: the first
/// one that of the last, where the chain is closed. Returns how many statements the flush runs.
fn replace(shelves: usize, closed: bool) -> Result<u64> {
    let mut session = session();
    session.set_expire_on_commit(false);
    session.set_autoflush(false);
    let mut all: Vec<(Ref<Shelf>, Ref<Book>)> = Vec::new();
    for at in 0..shelves {
        let shelf = session.add(shelf(&format!("shelf {at}")));
        all.push((shelf, session.push(shelf, Shelf::books, book(&format!("book {at}")))?));
    }
    session.commit()?;
    for (at, &(old, book)) in all.iter().enumerate() {
        let new = session.add(shelf(&format!("shelf {at}")));
        session.set(book, Book::shelf, new)?;
        session.edit(book)?.name = match at {
            0 if closed => format!("book {}", shelves - 1),
            0 => "new".to_owned(),
            _ => format!("book {}", at - 1),
        };
        session.delete(old)?;
    }
    let start = Instant::now();
    let (ran, done) = statements(&mut session, Session::flush);
    done?;
    println!("{shelves} shelves are replaced, closed: {closed}: {:?}", start.elapsed());
    session.commit()?;
    for &(_, book) in &all {
        session.refresh(book)?;
    }
    let last = all[shelves - 1].1;
    assert_eq!(session[last].name, format!("book {}", shelves - 2));
    Ok(ran)
}

/// What is planned and run grows as the chain does; how often its rows are looked at is counted beside the mechanism.
/// `--nocapture` shows the times.
#[test]
fn a_chain_of_rings_takes_as_many_statements_as_it_is_long() -> Result<()> {
    for many in [1_000, 2_000] {
        let rings = many as u64;
        assert_eq!(exchange(many)?, 2 * rings, "the rows of a pair are read, and written together");
        assert_eq!(replace(many, false)?, 4 * rings + 1, "a shelf goes, one comes, and a book is written twice");
        assert_eq!(replace(many, true)?, 6, "all go, come and exchange together");
    }
    Ok(())
}
