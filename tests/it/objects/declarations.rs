//! What is said where a relation is declared, and what that alone does and does not change: tables, cascades, order,
//! and who may write.

use diptych::object::{Lazy, LoadOption, Selection, Untyped, join_column};
use diptych::prelude::*;
use diptych::{AnyRef, Cascade, Class, Column, Direction, Expression, ForeignKey, Relationship, Table, Value};

fn shelf(relations: impl IntoIterator<Item = Relationship>) -> Database {
    let shelves = Class::new("Shelf", Table::new("shelves").auto_key("id"));
    let shelves = relations.into_iter().fold(shelves, Class::relation);
    let table = Table::new("books").auto_key("id").column(Column::int("shelf_id").nullable());
    let table = table.column(Column::text("title")).column(Column::int("year"));
    let books = Class::new("Book", table.foreign_key(ForeignKey::new(["shelf_id"], "shelves")));
    Database::with_classes([shelves, books], []).unwrap_or_else(|error| panic!("{error}"))
}

fn books() -> Relationship {
    Relationship::has_many("books", "Book")
}

/// Puts three books on a shelf.
fn fill(database: &Database) -> Result<()> {
    let mut session = database.session();
    let mut by_name = session.untyped();
    let shelf = by_name.add("Shelf", &[])?;
    for (title, year) in [("beta", 1), ("Alpha", 2), ("Gamma", 1)] {
        let book = by_name.add("Book", &[("title", title.into()), ("year", Value::from(year))])?;
        by_name.push(shelf, "books", book)?;
    }
    session.commit()
}

fn titles(by_name: &mut Untyped<'_>, shelf: AnyRef) -> Result<String> {
    let books = by_name.related(shelf, "books")?;
    let titles = books.into_iter().map(|it| by_name.value(it, "title"));
    Ok(titles.map(|it| it.map(|it| it.to_string().replace('\'', ""))).collect::<Result<Vec<_>>>()?.join(" "))
}

/// The checklist's 24 and 32a: the side without the foreign key, be it one or many, leaves no trace in the tables.
#[test]
fn the_side_without_the_foreign_key_adds_nothing_to_the_tables() {
    let drawn = |it: &Database| format!("{:?}", it.schema().tables());
    let plain = drawn(&shelf([]));
    assert_eq!(drawn(&shelf([books()])), plain);
    assert_eq!(drawn(&shelf([Relationship::has_one("book", "Book")])), plain, "one of objects is many of rows");
}

/// The checklist's 61 and 67.
#[test]
fn cascades_are_sets_that_are_printed() {
    let words = |it: Cascade| it.to_string();
    assert_eq!(words(Cascade::default()), "save_update, merge");
    assert_eq!(words(Cascade::NONE), "none");
    assert_eq!(words(Cascade::ALL | Cascade::DELETE_ORPHAN), "all, delete_orphan");
    let each = [Cascade::SAVE_UPDATE, Cascade::MERGE, Cascade::REFRESH_EXPIRE, Cascade::EXPUNGE, Cascade::DELETE];
    assert_eq!(each.into_iter().fold(Cascade::NONE, |all, it| all | it), Cascade::ALL);
    assert!(!Cascade::ALL.contains(Cascade::DELETE_ORPHAN));
    let database = shelf([books().cascade(Cascade::DELETE | Cascade::SAVE_UPDATE)]);
    let model = database.model().expect("there is one").to_string();
    assert!(model.contains("save_update, delete"), "{model}");
}

/// The checklist's 67: expiring an owner expires what the cascade reaches, and nothing without it.
#[test]
fn expire_follows_its_cascade() -> Result<()> {
    for (cascade, expected) in [(Cascade::ALL, false), (Cascade::default(), true)] {
        let database = shelf([books().cascade(cascade)]);
        fill(&database)?;
        let mut session = database.session();
        let mut by_name = session.untyped();
        let shelf = by_name.all("Shelf")?[0];
        let book = by_name.related(shelf, "books")?[0];
        assert!(by_name.is_loaded(book, "title")?);
        by_name.expire(shelf, &[])?;
        assert_eq!(by_name.is_loaded(book, "title")?, expected, "{cascade}");
    }
    Ok(())
}

/// The checklist's 69: several columns, either direction, what is computed; the same order by every strategy.
#[test]
fn the_order_of_a_collection_holds_for_every_strategy() -> Result<()> {
    let title = || join_column("title");
    let orders = [
        (books().order_by("title", Direction::Ascending), "Alpha Gamma beta"),
        (books().order_by("year", Direction::Descending).order_by("title", Direction::Descending), "Alpha beta Gamma"),
        (books().order_by_expression(title().lower(), Direction::Ascending), "Alpha beta Gamma"),
        (books().order_by_expression(title().lower(), Direction::Descending), "Gamma beta Alpha"),
    ];
    for (books, expected) in orders {
        let database = shelf([books]);
        fill(&database)?;
        for lazy in [Lazy::Select, Lazy::Joined, Lazy::Selectin, Lazy::Subquery, Lazy::Immediate] {
            let mut session = database.session();
            let mut by_name = session.untyped();
            let shelf = by_name.select("Shelf", &Selection::new().load(LoadOption::by("books", lazy)))?[0];
            assert_eq!(titles(&mut by_name, shelf)?, expected, "{lazy:?}");
        }
    }
    Ok(())
}

/// The checklist's 69: what is added stands at the end until the collection is read again.
#[test]
fn the_order_of_a_collection_is_that_of_its_reading() -> Result<()> {
    let database = shelf([books().order_by("title", Direction::Ascending)]);
    fill(&database)?;
    let mut session = database.session();
    let mut by_name = session.untyped();
    let shelf = by_name.all("Shelf")?[0];
    assert_eq!(titles(&mut by_name, shelf)?, "Alpha Gamma beta");
    let book = by_name.add("Book", &[("title", "Aaa".into()), ("year", Value::from(3))])?;
    by_name.push(shelf, "books", book)?;
    assert_eq!(titles(&mut by_name, shelf)?, "Alpha Gamma beta Aaa");
    session.flush()?;
    let mut by_name = session.untyped();
    assert_eq!(titles(&mut by_name, shelf)?, "Alpha Gamma beta Aaa", "a flush reads nothing");
    by_name.expire(shelf, &["books"])?;
    assert_eq!(titles(&mut by_name, shelf)?, "Aaa Alpha Gamma beta");
    Ok(())
}

/// The checklist's 69: positions are kept in a column, not in what is computed.
#[test]
fn positions_need_a_column() {
    let computed = books().order_by_expression(join_column("year").plus(1), Direction::Ascending).ordered(true);
    let shelves = Class::new("Shelf", Table::new("shelves").auto_key("id")).relation(computed);
    let table = Table::new("books").auto_key("id").column(Column::int("shelf_id")).column(Column::int("year"));
    let table = table.foreign_key(ForeignKey::new(["shelf_id"], "shelves"));
    let refused = Database::with_classes([shelves, Class::new("Book", table)], []).map(drop);
    let said = refused.expect_err("there is no column for them").to_string();
    assert!(said.contains("Shelf.books") && said.contains("`order_by(position)`"), "{said}");
}

/// The checklist's 73: what is put into a view-only relation by its name stays in memory; no flush looks at it. Typed
/// relations have no verb for it.
#[test]
fn what_is_only_viewed_is_never_written() -> Result<()> {
    let early = Relationship::has_many("early", "Book")
        .view_only()
        .primary_join(join_column("shelves.id").eq(join_column("books.shelf_id")).and(join_column("books.year").lt(2)));
    let database = shelf([books().cascade(Cascade::ALL), early]);
    fill(&database)?;
    let mut session = database.session();
    let mut by_name = session.untyped();
    let shelf = by_name.all("Shelf")?[0];
    let early = by_name.related(shelf, "early")?;
    assert_eq!(early.len(), 2);
    let late = by_name.related(shelf, "books")?.into_iter().find(|it| !early.contains(it)).expect("one is late");
    by_name.push(shelf, "early", late)?;
    by_name.remove(shelf, "early", early[0])?;
    assert!(session.plan_flush()?.steps.is_empty(), "nothing is written");
    session.commit()?;
    assert_eq!(session.untyped().related(shelf, "early")?, early, "as the rows say");
    Ok(())
}
