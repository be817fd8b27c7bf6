//! A plan names the listeners that the delete will call, and those that nobody calls because the tables do the work.

use diptych::listen::rows_acted_on;
use diptych::object::{PlannedListener, RowStep};
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[has_many(books: Book, inverse = shelf, cascade(all))]
#[has_many(loans: Loan, inverse = shelf)]
struct Shelf {
    #[key]
    id: i64,
}

#[derive(Entity, Clone, Debug)]
#[entity(identity = "book", discriminator = kind)]
#[belongs_to(shelf: Shelf, inverse = books)]
struct Book {
    #[key]
    id: i64,
    kind: String,
    #[references(Shelf)]
    shelf_id: i64,
}

#[derive(Entity, Clone, Debug)]
#[entity(identity = "atlas")]
struct Atlas {
    #[base]
    book: Book,
    scale: Option<i64>,
}

/// No relation leads here: foreign keys remove and change it.
#[derive(Entity, Clone, Debug)]
struct Page {
    #[key]
    id: i64,
    #[references(Book, on_delete = cascade)]
    book_id: i64,
    #[references(Page, on_delete = set_null)]
    after_id: Option<i64>,
}

#[derive(Entity, Clone, Debug)]
#[belongs_to(shelf: Shelf, inverse = loans)]
struct Loan {
    #[key]
    id: i64,
    #[references(Shelf)]
    shelf_id: Option<i64>,
}

/// A shelf with two books, an atlas and a loan. The atlas has two pages, a page of the first book follows one of them, and
/// the page of the second book follows that.
fn library() -> Result<(Database, Session, Ref<Shelf>)> {
    let database = Database::of::<(Shelf, Book, Atlas, Page, Loan)>()?;
    let mut session = database.session();
    let book = |id| Book { id, shelf_id: 1, ..Book::draft() };
    session.add(Shelf { id: 1 });
    session.flush()?;
    session.add(book(1));
    session.add(book(3));
    session.add(Atlas { book: book(2), scale: Some(100) });
    session.add(Loan { id: 1, shelf_id: Some(1) });
    session.flush()?;
    session.insert_many(
        [(1, 2, None), (2, 2, None), (3, 1, Some(1)), (4, 3, Some(3))].map(|(id, book_id, after_id)| Page {
            id,
            book_id,
            after_id,
        }),
    )?;
    session.commit()?;
    let shelf = session.one(Shelf::select())?.reference();
    Ok((database, session, shelf))
}

/// The tables and keys of the rows of which a listener is told, and of those of which it is not.
type Rows = (Vec<String>, Vec<String>);

fn about(session: &Session, shelf: Ref<Shelf>) -> Result<Vec<Rows>> {
    let plan = session.plan_delete(shelf)?;
    let rows = |steps: &[usize]| {
        let mut rows: Vec<String> = steps.iter().map(|it| plan.steps[*it].row.to_string()).collect();
        rows.sort();
        rows
    };
    Ok(plan.listeners.iter().map(|it: &PlannedListener| (rows(&it.told), rows(&it.bypassed))).collect())
}

fn rows<const N: usize>(rows: [&str; N]) -> Vec<String> {
    rows.map(str::to_owned).to_vec()
}

/// Each listener by itself: to objects of a class and of a subclass, to rows that the session clears, and to actions. One
/// that is about something else is not named.
#[test]
fn a_plan_says_of_which_rows_each_listener_is_told() -> Result<()> {
    let (_, mut session, shelf) = library()?;
    let _kept = [
        session.on(RowStep::BeforeDelete.of::<Book>(), |_, _| Ok(()))?,
        session.on(RowStep::AfterDelete.of::<Atlas>(), |_, _| Ok(()))?,
        session.on(RowStep::AfterUpdate.of::<Loan>(), |_, _| Ok(()))?,
        session.on(RowStep::AfterInsert.of::<Book>(), |_, _| Ok(()))?,
        session.on(RowStep::BeforeDelete.of::<Page>(), |_, _| Ok(()))?,
        session.on(rows_acted_on::<Page>(), |_, _| Ok(()))?,
    ];
    let pages = rows(["pages[1]", "pages[2]", "pages[3]", "pages[4]"]);
    assert_eq!(
        about(&session, shelf)?,
        [
            (rows(["books[1]", "books[2]", "books[3]"]), vec![]),
            (rows(["books[2]"]), vec![]),
            (rows(["loans[1]"]), vec![]),
            (vec![], pages.clone()),
            (pages, vec![]),
        ]
    );
    Ok(())
}

/// What the plan says is what the delete does.
#[test]
fn listeners_are_told_what_a_plan_has_foreseen() -> Result<()> {
    use std::sync::{Arc, Mutex};
    let (_, mut session, shelf) = library()?;
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let (books, pages, acted) = (told.clone(), told.clone(), told.clone());
    let _kept = [
        session.on(RowStep::BeforeDelete.of::<Book>(), move |it, reaction| {
            books.lock().unwrap().push(format!("books[{}]", reaction.get(it)?.id));
            Ok(())
        })?,
        session.on(RowStep::BeforeDelete.of::<Page>(), move |_, _| {
            pages.lock().unwrap().push("nobody tells this".into());
            Ok(())
        })?,
        session.on(rows_acted_on::<Page>(), move |it, _| {
            acted.lock().unwrap().push(format!("pages[{}]", it.row.id));
            Ok(())
        })?,
    ];
    let mut foreseen: Vec<String> = about(&session, shelf)?.into_iter().flat_map(|it| it.0).collect();
    session.delete(shelf)?;
    session.commit()?;
    let mut told = told.lock().unwrap().clone();
    let times = |row: &str| told.iter().filter(|it| *it == row).count();
    assert_eq!(
        (times("pages[3]"), times("pages[4]")),
        (2, 1),
        "cleared by one statement, and removed by the next; by one"
    );
    told.sort();
    told.dedup();
    foreseen.sort();
    assert_eq!(told, foreseen);
    Ok(())
}

/// Listeners that stand for every session are among them; those that are kept no more are not. Printed, they say where
/// they were registered.
#[test]
fn a_plan_prints_its_listeners() -> Result<()> {
    let (database, mut session, shelf) = library()?;
    drop(session.on(RowStep::BeforeDelete.of::<Book>(), |_, _| Ok(()))?);
    assert_eq!(session.plan_delete(shelf)?.listeners, []);
    let _standing = database.on(RowStep::BeforeDelete.of::<Page>(), |_, _| Ok(()))?;
    let session = database.session();
    let shelf = session.one(Shelf::select())?.reference();
    let plan = session.plan_delete(shelf)?;
    let text = plan.to_string();
    let line = text.lines().last().unwrap_or_default();
    assert!(line.starts_with("the listener to BeforeDelete of Page at "), "{line}");
    assert!(line.ends_with(": not told of 4 rows, which foreign keys reach"), "{line}");
    let json: serde_json::Value = serde_json::from_str(&plan.to_json()).expect("it is JSON");
    assert_eq!(json["listeners"][0]["bypassed"].as_array().map(Vec::len), Some(4));
    assert_eq!(json["listeners"][0]["told"], serde_json::json!([]));
    Ok(())
}
