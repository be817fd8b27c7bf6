//! Owners that have left the session, and what they remember of members when they come back.

use diptych::prelude::*;

/// What a session may do while some of its objects are away.
type Meanwhile = (&'static str, fn(&mut Session) -> Result<()>);

const MEANWHILE: [Meanwhile; 5] = [
    ("nothing", |_| Ok(())),
    ("flush", |session| session.flush()),
    ("commit", |session| session.commit()),
    ("rollback", |session| session.rollback()),
    ("expire", |session| {
        session.expire_all();
        Ok(())
    }),
];

#[derive(Entity, Clone, Debug)]
#[has_many(books: Book, inverse = shelf, cascade(all, delete_orphan))]
struct Shelf {
    #[key]
    id: i64,
}

#[derive(Entity, Clone, Debug)]
#[belongs_to(shelf: Shelf, inverse = books)]
struct Book {
    #[key]
    id: i64,
    #[references(Shelf)]
    shelf_id: Option<i64>,
}

/// Moves a book from one shelf to another; what had been read by then, and which side was told, is chosen.
fn moved(database: &Database, is_loaded: bool, by_collection: bool) -> Result<(Session, [Ref<Shelf>; 2], Ref<Book>)> {
    let mut session = database.session();
    let [old, new] = [1, 2].map(|id| session.add(Shelf { id }));
    let book = session.push(old, Shelf::books, Book { id: 1, shelf_id: None })?;
    session.commit()?;
    session.get(book)?;
    for shelf in [old, new] {
        session.get(shelf)?;
        if is_loaded {
            session.get(shelf)?.load(Shelf::books)?;
            session.get(book)?.load(Book::shelf)?;
        }
    }
    match by_collection {
        true => drop(session.push(new, Shelf::books, book)?),
        false => session.set(book, Book::shelf, new)?,
    }
    Ok((session, [old, new], book))
}

fn stored(database: &Database) -> Result<Vec<Option<i64>>> {
    Ok(database.session().all(Book::select())?.iter().map(|it| it.shelf_id).collect())
}

/// Who was moved and left together with the old and the new owner has the new one when they come back, whatever the session
/// has done meanwhile: the row is written, and not deleted as an orphan of the old one.
#[test]
fn who_was_moved_before_all_left_is_no_orphan_when_they_come_back() -> Result<()> {
    for (told, meanwhile) in MEANWHILE {
        for at in 0..12 {
            let database = Database::of::<(Shelf, Book)>()?;
            let (mut session, [old, new], book) = moved(&database, at % 2 == 0, at / 2 % 2 == 0)?;
            session.expunge_all();
            meanwhile(&mut session)?;
            if let Some(first) = [None, Some(new), Some(old)][at / 4] {
                session.save(first)?;
            }
            session.save(book)?;
            session.commit()?;
            assert_eq!(stored(&database)?, [Some(2)], "{told}, {at}");
        }
    }
    Ok(())
}

/// The old owner alone was away, or the new one: what has moved is no orphan of the one that remembers that it has lost it.
#[test]
fn who_was_moved_is_no_orphan_of_an_owner_that_comes_back() -> Result<()> {
    for (told, meanwhile) in MEANWHILE {
        for at in 0..8 {
            let database = Database::of::<(Shelf, Book)>()?;
            let (mut session, shelves, _) = moved(&database, at % 2 == 0, at / 2 % 2 == 0)?;
            let away = shelves[at / 4];
            session.expunge(away)?;
            meanwhile(&mut session)?;
            session.save(away)?;
            session.commit()?;
            let is_taken_back = at / 4 == 0 && matches!(told, "rollback" | "expire");
            assert_eq!(stored(&database)?, [Some(if is_taken_back { 1 } else { 2 })], "{told}, {at}");
        }
    }
    Ok(())
}

/// What was taken out of a collection, and got another owner while that one was away, is the other one's.
#[test]
fn what_has_got_another_owner_meanwhile_is_no_orphan_of_the_old_one() -> Result<()> {
    for is_loaded in [false, true] {
        let database = Database::of::<(Shelf, Book)>()?;
        let (mut session, [old, new], book) = moved(&database, is_loaded, false)?;
        session.commit()?;
        session.remove(new, Shelf::books, book)?;
        session.expunge(new)?;
        session.rollback()?;
        session.set(book, Book::shelf, old)?;
        session.commit()?;
        session.save(new)?;
        session.commit()?;
        assert_eq!(stored(&database)?, [Some(1)], "{is_loaded}");
    }
    Ok(())
}

/// The same where what loses its owner only loses its reference: that to the other owner is not taken away.
#[test]
fn what_has_got_another_owner_meanwhile_keeps_it() -> Result<()> {
    #[derive(Entity, Clone, Debug)]
    #[has_many(pens: Pen, via(cup_set, cup_id))]
    struct Cup {
        #[key]
        set: i64,
        #[key]
        id: i64,
    }
    #[derive(Entity, Clone, Debug)]
    #[foreign_key(via(cup_set, cup_id), references = Cup)]
    struct Pen {
        #[key]
        id: i64,
        cup_set: Option<i64>,
        cup_id: Option<i64>,
    }
    for (is_loaded, is_read) in [(false, false), (false, true), (true, false), (true, true)] {
        for other in [Some(2), None, Some(1)] {
            let database = Database::of::<(Cup, Pen)>()?;
            let mut session = database.session();
            let cup = session.add(Cup { set: 1, id: 1 });
            session.add(Cup { set: 1, id: 2 });
            let pen = session.push(cup, Cup::pens, Pen { id: 1, cup_set: None, cup_id: None })?;
            session.commit()?;
            session.get(cup)?;
            if is_loaded {
                session.get(cup)?.load(Cup::pens)?;
            }
            session.remove(cup, Cup::pens, pen)?;
            session.expunge(cup)?;
            session.commit()?;
            let mut edited = session.edit(pen)?;
            (edited.cup_set, edited.cup_id) = (other.map(|_| 1), other);
            session.commit()?;
            session.save(cup)?;
            if is_read {
                session.get(pen)?;
            }
            session.commit()?;
            // What the cup has lost is written, once it may be; of another one it says nothing.
            let expected = other.filter(|it| *it != 1);
            assert_eq!(
                database.session().one(Pen::select())?.cup_id,
                expected,
                "loaded: {is_loaded}, read: {is_read}, {other:?}"
            );
        }
    }
    Ok(())
}

/// A tree of parts that are known by two columns: the row is asked by both, and an owner is of its members' own class.
#[test]
fn a_part_of_a_tree_that_has_moved_is_no_orphan_either() -> Result<()> {
    #[derive(Entity, Clone, Debug)]
    #[has_many(parts: Part, inverse = whole, via(whole_a, whole_b), cascade(all, delete_orphan))]
    #[belongs_to(whole: Part, inverse = parts, via(whole_a, whole_b))]
    #[foreign_key(via(whole_a, whole_b), references = Part)]
    struct Part {
        #[key]
        a: i64,
        #[key]
        b: i64,
        whole_a: Option<i64>,
        whole_b: Option<i64>,
    }
    for (told, meanwhile) in MEANWHILE {
        for is_moved_again in [false, true] {
            let database = Database::of::<(Part,)>()?;
            let mut session = database.session();
            let part = |b| Part { a: 1, b, whole_a: None, whole_b: None };
            let [old, new, third] = [1, 2, 3].map(|b| session.add(part(b)));
            let leaf = session.push(old, Part::parts, part(4))?;
            session.commit()?;
            for it in [old, new, third, leaf] {
                session.get(it)?.load(Part::parts)?;
            }
            session.push(new, Part::parts, leaf)?;
            session.expunge(old)?;
            meanwhile(&mut session)?;
            if is_moved_again {
                session.set(leaf, Part::whole, third)?;
                session.commit()?;
            }
            session.save(old)?;
            session.commit()?;
            let is_taken_back = matches!(told, "rollback" | "expire");
            let expected = if is_moved_again { 3 } else { 2 - i64::from(is_taken_back) };
            let leaf = database.session().one(Part::select().filter(Part::b.eq(4)))?.whole_b;
            assert_eq!(leaf, Some(expected), "{told}, moved again: {is_moved_again}");
        }
    }
    Ok(())
}
