//! Classes that are made at run time do the main things through the same machinery.

use diptych::error::Misuse;
use diptych::prelude::*;
use diptych::{Cascade, Class, Column, ForeignKey, Relationship, State, Table, Value};

fn library() -> Result<Database> {
    let authors = Table::new("authors").auto_key("id").column(Column::text("name")).unique(["name"]);
    let books = Table::new("books")
        .auto_key("id")
        .column(Column::text("title").default("untitled"))
        .column(Column::int("author_id"))
        .foreign_key(ForeignKey::new(["author_id"], "authors"));
    let author = Class::new("Author", authors).relation(
        Relationship::has_many("books", "Book").inverse("author").cascade(Cascade::ALL | Cascade::DELETE_ORPHAN),
    );
    let book = Class::new("Book", books)
        .relation(Relationship::belongs_to("author", "Author").inverse("books"))
        .relation(Relationship::many_to_many("topics", "Topic", "book_topics"));
    let topic = Class::new("Topic", Table::new("topics").column(Column::text("name")).primary_key(["name"]));
    Database::with_classes([author, book, topic], [])
}

#[test]
fn run_time_classes_do_the_main_things() -> Result<()> {
    let database = library()?;
    let mut session = database.session();
    let mut by_name = session.untyped();
    let author = by_name.add("Author", &[("name", "Le Guin".into())])?;
    let book = by_name.add("Book", &[])?;
    let topic = by_name.add("Topic", &[("name", "anarchy".into())])?;
    by_name.push(author, "books", book)?;
    by_name.push(book, "topics", topic)?;
    assert_eq!(by_name.related(book, "author")?, [author], "O2: before any flush");
    assert_eq!(by_name.value(book, "title")?, Value::from("untitled"), "the column's default");
    by_name.assign(book, "title", "The Dispossessed")?;
    session.commit()?;

    let mut session = database.session();
    let mut by_name = session.untyped();
    let found = by_name.find("Author", &[1.into()])?.expect("she is there");
    assert_eq!(by_name.loaded(found, "books")?, None, "O7: not loaded");
    let books = by_name.related(found, "books")?;
    assert_eq!((books.len(), by_name.all("Book")?), (1, books.clone()), "O1");
    assert_eq!(by_name.related(books[0], "topics")?.len(), 1);
    let second = by_name.add("Book", &[("title", "Rocannon's World".into())])?;
    by_name.replace(found, "books", &[second])?;
    session.commit()?;
    assert_eq!(session.state(books[0])?, State::Detached, "an orphan");
    let mut by_name = session.untyped();
    assert_eq!(by_name.related(found, "books")?, [second]);
    by_name.remove(found, "books", second)?;
    by_name.set(second, "author", Some(found))?;
    session.commit()?;
    session.delete(found)?;
    session.commit()?;
    assert!(session.untyped().all("Book")?.is_empty());
    Ok(())
}

/// Whatever is asked wrongly is answered with an error that says so.
#[test]
fn wrong_input_is_an_error() -> Result<()> {
    let mut session = library()?.session();
    let mut by_name = session.untyped();
    let author = by_name.add("Author", &[("name", "Le Guin".into())])?;
    let book = by_name.add("Book", &[])?;
    let errors = [
        by_name.add("Autor", &[]).expect_err("no such class"),
        by_name.add("Author", &[("nam", 1.into())]).expect_err("no such column"),
        by_name.find("Autor", &[1.into()]).expect_err("no such class"),
        by_name.value(author, "nam").expect_err("no such column"),
        by_name.assign(author, "nam", 1).expect_err("no such column"),
        by_name.related(author, "book").expect_err("no such relation"),
        by_name.loaded(author, "book").expect_err("no such relation"),
        by_name.set(author, "books", Some(book)).expect_err("a collection"),
        by_name.push(book, "author", author).expect_err("no collection"),
        by_name.remove(book, "author", author).expect_err("no collection"),
        by_name.replace(book, "author", &[author]).expect_err("no collection"),
        by_name.push(author, "books", author).expect_err("another class"),
        by_name.set(book, "author", Some(book)).expect_err("another class"),
        by_name.remove(author, "books", book).expect_err("no member"),
    ];
    assert!(errors[0].to_string().contains("Author"), "it says what was probably meant: {}", errors[0]);
    assert!(matches!(errors[11].misuse(), Some(Misuse::WrongClass { .. })), "{}", errors[11]);
    for key in [vec![], vec![Value::Null], vec!["x".into()], vec![1.into(), 2.into()], vec![1.5.into()]] {
        assert!(!matches!(by_name.find("Author", &key), Ok(Some(_))), "{key:?} is no author's key");
    }
    by_name.assign(author, "name", 7)?;
    assert!(session.flush().is_err(), "a number is no name");
    session.untyped().assign(author, "name", "Le Guin")?;
    session.untyped().set(book, "author", Some(author))?;
    session.commit()
}

/// A database that was made without a class says so; `add` and indexing panic as they say they do.
#[test]
fn a_class_that_is_not_there_is_an_error() {
    #[derive(Entity, Clone, Debug)]
    struct Stranger {
        #[key(auto)]
        id: Id<Stranger>,
    }
    let mut session = library().expect("it is sound").session();
    assert!(session.try_add(Stranger::draft()).is_err());
    assert!(session.transient(Stranger::draft()).is_err());
    assert!(session.find::<Stranger>(Id::new(1)).is_err());
    assert!(session.all(Stranger::select()).is_err());
    assert!(session.one(Stranger::select()).is_err());
    assert!(session.count(Stranger::select()).is_err());
}
