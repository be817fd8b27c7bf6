//! Whatever passes on in one flush: a flush goes through.

use diptych::prelude::*;
use proptest::prelude::*;

/// A step of a flush: what is done, to whom, and to whom else.
type Step = (u8, usize, usize);

macro_rules! any_flush {
    ($($name:ident),*) => {$(
        mod $name {
            use super::super::super::$name::*;
            use super::*;

            fn add(session: &mut Session, class: usize, id: i64, name: &str) -> Ref<Pet> {
                match class % 3 {
                    0 => session.add(pet(id, name)),
                    1 => session.add(dog(id, name, &format!("tag {id}"))).upcast(),
                    _ => session.add(cat(id, name)).upcast(),
                }
            }

            /// Does what is asked, and remembers by which names the objects are to be known.
            fn do_step(session: &mut Session, all: &mut [(Ref<Pet>, String)], (what, a, b): Step) -> Result<()> {
                let (a, at) = (a % all.len(), b % all.len());
                let id = session.get(all[a].0)?.id;
                match what {
                    0 | 1 => {
                        let (left, right) = (all[a].1.clone(), all[at].1.clone());
                        (all[a].1, all[at].1) = (right, left);
                    }
                    2 => {
                        let name = all[0].1.clone();
                        for at in 1..all.len() {
                            all[at - 1].1 = all[at].1.clone();
                        }
                        all.last_mut().expect("there are some").1 = name;
                    }
                    3 => all[a].1 += "'",
                    _ => {
                        session.delete(all[a].0)?;
                        all[a].0 = add(session, b, if what == 4 { id } else { id + 100 }, &all[a].1);
                    }
                }
                for (object, name) in all.iter() {
                    if session.get(*object)?.name != *name {
                        session.edit(*object)?.name.clone_from(name);
                    }
                }
                Ok(())
            }

            pub(super) fn goes_through(flushes: &[Vec<Step>]) -> Result<()> {
                let database = database();
                let mut session = database.session();
                let mut all: Vec<(Ref<Pet>, String)> = Vec::new();
                for (at, name) in ["a", "b", "c", "d", "e"].into_iter().enumerate() {
                    all.push((add(&mut session, at, at as i64, name), name.to_owned()));
                }
                session.commit()?;
                for steps in flushes {
                    // A look must not flush what is meant to be one flush.
                    session.no_autoflush(|session| steps.iter().try_for_each(|it| do_step(session, &mut all, *it)))?;
                    session.commit()?;
                    let other = database.session();
                    assert_eq!(other.all(Pet::select())?.len(), all.len());
                    for (object, name) in &all {
                        let row = other.one(Pet::select().filter(Pet::name.eq(name.clone())))?;
                        assert_eq!((row.id, &row.kind), (session.get(*object)?.id, &session.get(*object)?.kind));
                    }
                }
                Ok(())
            }
        }
    )*};
}

mod any_flush {
    use super::*;

    any_flush!(single, joined);

    proptest! {
        #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

        /// Whatever names, keys and classes pass on in one flush: no order stands in its way.
        #[test]
        fn goes_through(
            flushes in prop::collection::vec(prop::collection::vec((0u8..6, 0usize..5, 0usize..5), 1..6), 1..4),
        ) {
            single::goes_through(&flushes)?;
            joined::goes_through(&flushes)?;
        }
    }
}

macro_rules! any_shelves {
    ($($name:ident),*) => {$(
        mod $name {
            use super::super::super::$name::*;
            use super::*;

            struct World {
                session: Session,
                shelves: Vec<(Ref<Shelf>, String, Option<usize>)>,
                books: Vec<(Ref<Book>, String, Option<usize>)>,
            }

            impl World {
                fn do_step(&mut self, (what, a, b): Step) -> Result<()> {
                    let (a, b) = (a % self.shelves.len(), b % self.books.len());
                    let World { session, shelves, books } = self;
                    match what {
                        0 | 1 => {
                            let at = (a + 1) % shelves.len();
                            let (left, right) = (shelves[a].1.clone(), shelves[at].1.clone());
                            (shelves[a].1, shelves[at].1) = (right, left);
                        }
                        2 => {
                            let at = (b + 1) % books.len();
                            let (left, right) = (books[b].1.clone(), books[at].1.clone());
                            (books[b].1, books[at].1) = (right, left);
                        }
                        3 => books[b].2 = if books[b].2 == Some(a) { None } else { Some(a) },
                        4 => shelves[a].2 = if shelves[a].2 == Some(b) { None } else { Some(b) },
                        5 => {
                            session.delete(shelves[a].0)?;
                            shelves[a].0 = session.add(shelf(&shelves[a].1));
                        }
                        _ => {
                            session.delete(books[b].0)?;
                            books[b].0 = session.add(book(&books[b].1));
                        }
                    }
                    Ok(())
                }

                fn say(&mut self) -> Result<()> {
                    let World { session, shelves, books } = self;
                    for (object, name, best) in &*shelves {
                        session.edit(*object)?.name.clone_from(name);
                        session.set(*object, Shelf::best, best.map(|it| books[it].0))?;
                    }
                    for (object, name, on) in &*books {
                        session.edit(*object)?.name.clone_from(name);
                        session.set(*object, Book::shelf, on.map(|it| shelves[it].0))?;
                    }
                    Ok(())
                }

                fn check(&self) -> Result<()> {
                    let session = &self.session;
                    assert_eq!(session.all(Shelf::select())?.len() + session.all(Book::select())?.len(), 7);
                    for (object, name, best) in &self.shelves {
                        let row = session.one(Shelf::select().filter(Shelf::name.eq(name.clone())))?;
                        assert_eq!(row.reference(), *object);
                        assert_eq!(row.best_id, best.map(|it| session[self.books[it].0].id));
                    }
                    for (object, name, on) in &self.books {
                        let row = session.one(Book::select().filter(Book::name.eq(name.clone())))?;
                        assert_eq!(row.reference(), *object);
                        assert_eq!(row.shelf_id, on.map(|it| session[self.shelves[it].0].id));
                    }
                    Ok(())
                }
            }

            pub(super) fn goes_through(flushes: &[Vec<Step>]) -> Result<()> {
                let mut session = session();
                let shelves = ["s", "t", "u"].map(|it| (session.add(shelf(it)), it.to_owned(), None));
                let books = ["a", "b", "c", "d"].map(|it| (session.add(book(it)), it.to_owned(), None));
                session.commit()?;
                let mut world = World { session, shelves: shelves.into(), books: books.into() };
                for steps in flushes {
                    steps.iter().try_for_each(|it| world.do_step(*it))?;
                    world.say()?;
                    world.session.commit()?;
                    world.check()?;
                }
                Ok(())
            }
        }
    )*};
}

mod any_shelves {
    use super::*;

    any_shelves!(optional, counted);

    proptest! {
        #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

        /// Names are exchanged, rows are replaced by others of their names, and references lead from each to each.
        #[test]
        fn goes_through(
            flushes in prop::collection::vec(prop::collection::vec((0u8..7, 0usize..3, 0usize..4), 1..7), 1..4),
        ) {
            optional::goes_through(&flushes)?;
            counted::goes_through(&flushes)?;
        }
    }
}
