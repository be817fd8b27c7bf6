//! What a query reads along, at the end of every path, and what earlier work has left behind.

use diptych::prelude::*;
use diptych::{Class, Column, Connection, Control, ForeignKey, Table};
use diptych::{Delete, Expression, PassiveDeletes, Relationship, Select, State, col};

#[derive(Entity, Clone, Debug)]
#[has_many(books: Book, inverse = author)]
struct Author {
    #[key(auto)]
    id: Id<Author>,
    name: String,
}

#[derive(Entity, Clone, Debug)]
#[belongs_to(author: Author, inverse = books)]
#[has_many(editions: Edition, inverse = book)]
struct Book {
    #[key(auto)]
    id: Id<Book>,
    #[references(Author)]
    author_id: Option<Id<Author>>,
    title: String,
}

#[derive(Entity, Clone, Debug)]
#[foreign_key(via(book_id), references = Book, on_delete = cascade)]
#[belongs_to(book: Book, inverse = editions)]
#[has_many(copies: Printed, inverse = edition)]
struct Edition {
    #[key]
    book_id: Id<Book>,
    #[key]
    number: i64,
}

#[derive(Entity, Clone, Debug)]
#[foreign_key(via(book_id, number), references = Edition, on_delete = cascade)]
#[belongs_to(edition: Edition, via(book_id, number), inverse = copies)]
struct Printed {
    #[key(auto)]
    id: Id<Printed>,
    book_id: Id<Book>,
    number: i64,
}

/// Two authors with two books each, two editions of each book and two copies of each edition.
fn library() -> Result<Database> {
    let database = Database::of::<(Author, Book, Edition, Printed)>()?;
    let mut session = database.session();
    for name in ["Ann", "Ben"] {
        let author = session.add(Author { name: name.to_owned(), ..Author::draft() });
        for title in ["First", "Second"] {
            session.push(author, Author::books, Book { title: title.to_owned(), ..Book::draft() })?;
        }
    }
    session.flush()?;
    for book in session.all(Book::select())?.references() {
        let book_id = session[book].id;
        for number in 1..=2 {
            session.add(Edition { book_id, number });
            session.add(Printed { book_id, number, ..Printed::draft() });
            session.add(Printed { book_id, number, ..Printed::draft() });
        }
    }
    session.commit()?;
    Ok(database)
}

#[test]
fn what_is_joined_behind_a_batch_is_loaded() -> Result<()> {
    let session = library()?.session();
    let authors = session.all(Author::select().with(Author::books.selectin().then(Book::editions.joined())))?;
    let before = session.totals();
    for author in &authors {
        for book in author.loaded(Author::books)? {
            assert_eq!(book.loaded(Book::editions)?.len(), 2);
        }
    }
    assert_eq!((session.totals() - before).statements, 0);
    Ok(())
}

#[test]
fn a_limit_over_a_composite_key_still_loads_what_is_joined() -> Result<()> {
    let session = library()?.session();
    let editions = session.all(
        Edition::select()
            .order_by(Edition::book_id)
            .order_by(Edition::number)
            .limit(3)
            .with(Edition::copies.joined())
            .with(Edition::book.joined()),
    )?;
    assert_eq!(editions.len(), 3);
    let before = session.totals();
    for edition in &editions {
        assert_eq!(edition.loaded(Edition::copies)?.len(), 2);
        assert_eq!(edition.loaded(Edition::book)?.id, edition.book_id);
    }
    assert_eq!((session.totals() - before).statements, 0);
    Ok(())
}

#[test]
fn what_one_query_forbids_another_may_read() -> Result<()> {
    let session = library()?.session();
    let books = session.all(Book::select().with(Book::author.raise()))?;
    assert!(books.iter().all(|book| book.load(Book::author).is_err()));
    for path in [Book::author.selectin(), Book::author.joined()] {
        session.all(Book::select().with(Book::author.raise()))?;
        let books = session.all(Book::select().with(path))?;
        for book in &books {
            assert!(book.loaded(Book::author)?.is_some());
        }
    }
    Ok(())
}

#[test]
fn an_object_whose_row_has_gone_is_not_found() -> Result<()> {
    let database = library()?;
    let mut session = database.session();
    let known = session.find::<Printed>(Id::new(1))?.expect("the copy is there").reference();
    session.commit()?;
    let mut connection = database.connect();
    connection.execute(Delete::from("printeds").filter(col("id").eq(1)))?;
    connection.control(Control::Commit)?;
    assert!(session.find::<Printed>(Id::new(1))?.is_none());
    assert!(session.get(known).is_err(), "the reference says that the row is gone");
    Ok(())
}

/// A statement that was prepared while its tables were empty is carried out by the index when they are not.
#[test]
fn a_plan_made_for_an_empty_table_suits_a_full_one() -> Result<()> {
    let database = Database::of::<(Author, Book, Edition, Printed)>()?;
    let empty = database.session();
    assert_eq!(empty.all(Author::select().with(Author::books.selectin()))?.len(), 0);
    let mut session = database.session();
    let first = session.add(Author { name: "Ann".to_owned(), ..Author::draft() });
    session.flush()?;
    session.expire(first)?;
    assert_eq!(session.get(first)?.load(Author::books)?.len(), 0, "prepared while there is no book");
    for at in 0..1000 {
        let author = session.add(Author { name: format!("{at}"), ..Author::draft() });
        session.push(author, Author::books, Book { title: "Only".to_owned(), ..Book::draft() })?;
    }
    session.commit()?;
    let reader = database.session();
    let author = reader.find::<Author>(Id::new(500))?.expect("the author is there");
    let before = reader.totals();
    assert_eq!(author.load(Author::books)?.len(), 1);
    assert_eq!((reader.totals() - before).rows_read, 1);
    Ok(())
}

/// Save-update goes with the relation that was set: a transient book stays outside when its author is set, and comes in
/// when it is pushed to the author's books.
#[test]
fn save_update_follows_the_relation_that_was_set() -> Result<()> {
    let mut session = library()?.session();
    let author = session.find::<Author>(Id::new(1))?.expect("the author is there").reference();
    let book = session.transient(Book { title: "Draft".to_owned(), ..Book::draft() })?;
    session.set(book, Book::author, author)?;
    assert_eq!(session.state(book)?, State::Transient);
    let other = session.transient(Book { title: "Other".to_owned(), ..Book::draft() })?;
    session.push(author, Author::books, other)?;
    assert_eq!(session.state(other)?, State::Pending);
    Ok(())
}

/// Passive deletes leave to the foreign key what is not loaded; what is loaded is the session's.
#[test]
fn passive_deletes_release_what_is_loaded() -> Result<()> {
    let team = Table::new("teams").auto_key("id");
    let player = Table::new("players").auto_key("id").column(Column::int("team_id").nullable());
    let player = player.foreign_key(ForeignKey::new(["team_id"], "teams"));
    let players = Relationship::has_many("players", "Player").passive_deletes(PassiveDeletes::On);
    let classes = [Class::new("Team", team).relation(players), Class::new("Player", player)];
    let database = Database::with_classes(classes, [])?;
    let mut session = database.session();
    let team = session.untyped().add("Team", &[])?;
    let player = session.untyped().add("Player", &[])?;
    session.untyped().push(team, "players", player)?;
    session.flush()?;
    session.delete(team)?;
    session.flush()?;
    let rows = session.execute(Select::from("players").values([col("team_id")]))?.rows;
    assert_eq!(rows.typed::<Option<i64>>()?, [None]);
    Ok(())
}

/// A required reference that leads nowhere yet says which one, and of what.
#[test]
fn a_required_reference_that_is_unset_is_named() -> Result<()> {
    let mut session = library()?.session();
    session.set_autoflush(false);
    let copy = session.add(Printed { number: 1, ..Printed::draft() });
    let error = session.get(copy)?.load(Printed::edition).unwrap_err().to_string();
    assert!(error.contains("edition of Printed") && error.contains("unset"), "{error}");
    Ok(())
}

/// The closure form does its work again, in a new session, when another transaction was first.
#[test]
fn a_lost_race_is_run_again() -> Result<()> {
    let database = library()?;
    let mut runs = 0;
    database.transaction(|session| {
        runs += 1;
        let author = session.find::<Author>(Id::new(1))?.expect("the author is there").reference();
        if runs == 1 {
            let mut other = database.session();
            let same = other.find::<Author>(Id::new(1))?.expect("the author is there").reference();
            other.edit(same)?.name = "first".to_owned();
            other.commit()?;
        }
        session.edit(author)?.name.push_str(" and second");
        Ok(())
    })?;
    assert_eq!(runs, 2);
    let reader = database.session();
    assert_eq!(reader.find::<Author>(Id::new(1))?.expect("the author is there").name, "first and second");
    Ok(())
}
