//! Finding by key: the shortest way, which is one walk of a tree, does and counts what the long way does.
//!
//! A door without short ways leaves only the long way to a session, so the same work is done by two sessions over equal
//! databases, one with each door.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use diptych::diagnosis::{Budget, Finding};
use diptych::listen::{Changed, Listening, Reaction, load};
use diptych::object::Manner;
use diptych::prelude::*;
use diptych::query::{Control, Totals};
use diptych::{Connection, Delete, Expression, Insert, Update, Value, assert_statements, col};
use proptest::collection::vec;
use proptest::prelude::{any, proptest};
use proptest::test_runner::Config;

use super::doors::{Door, over};
use super::forum::*;
use super::loaders::cost;
use super::property::cases;

/// Keys of users that are there, near zero and far from it, and some that are not.
const KEYS: [i64; 13] = [-7, -1, 0, 1, 2, 3, 4, 99, (1 << 26) - 1, i64::MAX, 1 << 40, 1 << 26, i64::MIN + 1];

/// Users at every second of the keys, two posts of each, a vote of each on the first post, and a tag.
fn filled() -> Database {
    let database = forum();
    let mut session = database.session();
    let mut first = None;
    for key in KEYS.into_iter().step_by(2) {
        let id = Id::new(key);
        let author = session.add(User { id, email: format!("{key}@example.org"), name: format!("user {key}") });
        let post = posted(&mut session, author, &format!("{key}.1"));
        posted(&mut session, author, &format!("{key}.2"));
        let vote = session.add(Vote { value: key % 5, ..Vote::draft() });
        session.set(vote, Vote::user, author).expect("a vote can be moved");
        session.set(vote, Vote::post, *first.get_or_insert(post)).expect("a vote can be moved");
    }
    session.add(tag("news"));
    session.commit().expect("it can be filled");
    database
}

/// Found or not, known or not: each costs exactly what a statement by key costs, and the second look nothing.
#[test]
fn a_look_up_counts_as_the_statement_that_it_is() -> Result<()> {
    let database = filled();
    let (session, counted) = over(&database, Door::Open);
    let count = |statements, rows_read, rows| Totals { statements, rows_read, rows };
    let warm = session.find::<User>(KEYS[2])?.expect("it is there").id;
    assert_eq!((warm, counted.short.get()), (Id::new(KEYS[2]), 0), "the first prepares the statement");
    for (at, key) in KEYS.into_iter().enumerate().filter(|it| it.0 != 2) {
        let is_there = at % 2 == 0;
        let (first, found) = cost(&session, |it| it.find::<User>(key).map(|it| it.map(|it| it.name.clone())));
        assert_eq!(found?, is_there.then(|| format!("user {key}")));
        assert_eq!(first, count(1, u64::from(is_there), u64::from(is_there)), "{key}");
        let (again, found) = cost(&session, |it| it.find::<User>(key).map(|it| it.is_some()));
        assert_eq!((again, found?), (count(u64::from(!is_there), 0, 0), is_there), "{key}, once more");
    }
    let (none, found) = cost(&session, |it| it.find::<User>(Id::auto()).map(|it| it.is_none()));
    assert_eq!((none, found?), (count(0, 0, 0), true), "what has no key is not looked for");
    // Each of the other keys was asked for by the shortest way, those that are not there twice.
    assert_eq!(counted.short.get(), 6 + 2 * 6);
    assert_eq!(session.len(), 7, "O1: one object a row");
    Ok(())
}

/// O1: the object that the shortest way makes is the one that queries, references and collections lead to.
#[test]
fn o1_the_shortest_way_makes_the_object_that_all_others_find() -> Result<()> {
    let database = filled();
    let (session, counted) = over(&database, Door::Open);
    session.find::<User>(KEYS[2])?.expect("it is there");
    let far = session.find::<User>(KEYS[12])?.expect("it is there").reference();
    let near = session.find::<User>(KEYS[4])?.expect("it is there").reference();
    assert_eq!(counted.short.get(), 2);
    let all = session.all(User::select().order_by(User::id))?.references();
    assert_eq!((all[0], all[3], all.len()), (far, near, 7));
    for post in &session.all(Post::select().filter(Post::author_id.eq(Id::new(KEYS[12]))))? {
        assert_eq!(post.load(Post::author)?.reference(), far);
    }
    Ok(())
}

/// A query for one object by a unique key costs the same once it has been asked before, and is a look as well: by a text,
/// by a number, by two columns in any order, and whether or not there is such a row.
#[test]
fn a_query_by_a_unique_key_is_a_look_up_when_it_comes_again() -> Result<()> {
    let (session, counted) = over(&filled(), Door::Open);
    let count = |statements, rows_read, rows| Totals { statements, rows_read, rows };
    let by_email = |key: i64| User::select().filter(User::email.eq(format!("{key}@example.org")));
    assert_eq!(session.one(by_email(KEYS[2]))?.id, Id::new(KEYS[2]));
    assert_eq!(counted.short.take(), 0, "the first is planned");
    for (at, key) in KEYS.into_iter().enumerate().filter(|it| it.0 != 2) {
        let there = at % 2 == 0;
        for _ in 0..2 {
            let (spent, found) = cost(&session, |it| it.one(by_email(key)).map(|it| it.name.clone()));
            assert_eq!(spent, count(1, u64::from(there), u64::from(there)), "{key}");
            match found {
                Ok(name) => assert_eq!((there, name), (true, format!("user {key}"))),
                Err(error) => assert!(!there && error.to_string().contains("one"), "{error}"),
            }
        }
    }
    assert_eq!((counted.short.take(), session.len()), (24, 7), "O1: one object a row");

    let first = |key: i64| session.first(by_email(key)).map(|it| it.map(|it| it.id));
    assert_eq!(
        (first(KEYS[4])?, first(KEYS[5])?, first(KEYS[6])?),
        (Some(Id::new(KEYS[4])), None, Some(Id::new(KEYS[6])))
    );
    assert_eq!(counted.short.take(), 2);
    let number = |key: i64| session.one(User::select().filter(User::id.eq(Id::new(key)))).map(|it| it.id);
    assert_eq!((number(KEYS[4])?, number(KEYS[6])?), (Id::new(KEYS[4]), Id::new(KEYS[6])));
    assert_eq!(counted.short.take(), 1);
    // Neither is a query for one row by a whole unique key, so it is planned as any other.
    let name = |name: &str| session.first(User::select().filter(User::name.eq(name))).map(|it| it.is_some());
    assert_eq!((name("user 0")?, name("user 2")?, name("nobody")?), (true, true, false));
    let both = |key: i64, name: &str| session.first(by_email(key).filter(User::name.eq(name))).map(|it| it.is_some());
    assert_eq!((both(KEYS[4], "user 2")?, both(KEYS[4], "user 4")?), (true, false));
    // A budget is about what comes, so it is watched.
    let dear = session.one(by_email(KEYS[8]).budget(Budget::rows(0))).map(|it| it.id);
    assert!(dear.is_err_and(|it| it.to_string().contains("budget")));
    assert_eq!(counted.short.take(), 0);
    Ok(())
}

/// A key of several columns finds its row, whichever of them is named first.
#[test]
fn wide_keys_are_looked_up() -> Result<()> {
    #[derive(Entity, Clone, Debug)]
    #[entity(unique(shelf, place))]
    struct Book {
        #[key]
        id: Id<Book>,
        shelf: String,
        place: i64,
    }
    let database = Database::of::<Book>()?;
    let mut session = database.session();
    for key in 1..=6 {
        session.add(Book { id: Id::new(key), shelf: format!("shelf {}", key % 2), place: key / 2 });
    }
    session.commit()?;
    let (session, counted) = over(&database, Door::Open);
    let at = |shelf: &str, place: i64| Book::select().filter(Book::shelf.eq(shelf)).filter(Book::place.eq(place));
    let turned = |shelf: &str, place: i64| Book::select().filter(Book::place.eq(place)).filter(Book::shelf.eq(shelf));
    let found = |query| session.one(query).map(|it: View<'_, Book>| it.id.get());
    assert_eq!((found(at("shelf 0", 1))?, found(turned("shelf 1", 1))?), (Some(2), Some(3)));
    assert_eq!(counted.short.take(), 0);
    assert_eq!((found(at("shelf 0", 2))?, found(turned("shelf 1", 2))?), (Some(4), Some(5)));
    assert_eq!(counted.short.take(), 2);
    assert!(found(at("shelf 1", 4)).is_err());
    assert_eq!(counted.short.take(), 1);
    Ok(())
}

/// Views that were handed out stay while others are found, and what is pending is written before anything is looked up.
#[test]
fn what_is_pending_is_flushed_before_a_look_up() -> Result<()> {
    let (mut session, counted) = over(&filled(), Door::Open);
    session.find::<User>(KEYS[2])?.expect("it is there");
    let (first, second) = (session.find::<User>(KEYS[4])?, session.find::<User>(KEYS[6])?);
    assert_eq!([first, second].map(|it| it.expect("it is there").name.clone()), ["user 2", "user 4"]);
    assert_eq!(counted.short.get(), 2);
    let new = session.add(User { id: Id::new(500), ..user("new") });
    assert_eq!(session.find::<User>(500)?.map(|it| it.reference()), Some(new), "the flush gave it its key");
    session.set_autoflush(false);
    let later = session.add(User { id: Id::new(501), ..user("later") });
    let (counted, found) = cost(&session, |it| it.find::<User>(501).map(|it| it.is_some()));
    assert_eq!((counted.statements, found?), (1, false), "nothing is written, so nothing is found");
    session.flush()?;
    assert_eq!(session.find::<User>(501)?.map(|it| it.reference()), Some(later));
    Ok(())
}

/// What a statement of the session's own transaction has done is seen, though an object still stands in the version
/// before it and was looked at last.
#[test]
fn a_look_up_sees_what_its_own_transaction_has_done() -> Result<()> {
    let (mut session, counted) = over(&filled(), Door::Open);
    let held = session.find::<User>(KEYS[2])?.expect("it is there").reference();
    session.execute(Update::table("users").set("name", "changed").filter(col("id").eq(KEYS[4])))?;
    session.execute(Delete::from("votes"))?;
    session.execute(Delete::from("posts").filter(col("author_id").eq(KEYS[6])))?;
    session.execute(Delete::from("users").filter(col("id").eq(KEYS[6])))?;
    assert_eq!(session.get(held)?.name, format!("user {}", KEYS[2]), "it stands where it was read");
    assert!(session.find::<User>(KEYS[6])?.is_none());
    assert_eq!(session.find::<User>(KEYS[4])?.expect("it is there").name, "changed");
    assert_eq!(counted.short.get(), 0);
    session.find::<User>(KEYS[8])?.expect("it is there");
    assert_eq!(counted.short.get(), 1, "the version that was read last is lent now");
    Ok(())
}

/// A class whose relations load by themselves has them loaded, though its row has been read by the same statement before,
/// when one column of an object was to be read again.
#[test]
fn what_loads_by_itself_is_loaded_after_a_look_up() -> Result<()> {
    #[derive(Entity, Clone, Debug)]
    #[has_many(pages: Page, inverse = book, lazy = selectin)]
    struct Book {
        #[key]
        id: Id<Book>,
        title: String,
    }
    #[derive(Entity, Clone, Debug)]
    #[belongs_to(book: Book, via = book_id, inverse = pages)]
    struct Page {
        #[key]
        id: Id<Page>,
        #[references(Book)]
        book_id: Id<Book>,
    }
    let database = Database::of::<(Book, Page)>()?;
    let mut session = database.session();
    for key in 1..4 {
        let book = session.add(Book { id: Id::new(key), title: format!("book {key}") });
        session.push(book, Book::pages, Page { id: Id::new(key), ..Page::draft() })?;
    }
    session.commit()?;
    let (mut session, counted) = over(&database, Door::Open);
    let first = session.find::<Book>(1)?.expect("it is there").reference();
    session.expire_field(first, Book::title)?;
    assert_eq!(session.get(first)?.title, "book 1");
    for key in [2, 3] {
        let book = session.find::<Book>(key)?.expect("it is there");
        assert_eq!((book.loaded(Book::pages)?.len(), counted.short.get()), (1, 0));
    }
    Ok(())
}

/// Whoever listens to loads is told of those by key; whoever watches statements sees them, with their line.
#[test]
fn listeners_and_watches_see_every_look_up() -> Result<()> {
    let (mut session, counted) = over(&filled(), Door::Open);
    session.find::<User>(KEYS[2])?.expect("it is there");
    let loads = Arc::<AtomicU64>::default();
    let counter = loads.clone();
    let listening = session.on(load::<User>(), move |_, _| {
        counter.fetch_add(1, Ordering::Relaxed);
        Ok(())
    })?;
    for key in [KEYS[4], KEYS[5], KEYS[6], KEYS[6]] {
        session.find::<User>(key)?;
    }
    assert_eq!((loads.load(Ordering::Relaxed), counted.short.get()), (2, 0));
    drop(listening);
    session.find::<User>(KEYS[8])?;
    session.find::<User>(KEYS[10])?;
    assert_eq!((loads.load(Ordering::Relaxed), counted.short.get()), (2, 1), "nobody listens any more");
    let line = line!() + 1;
    let seen = assert_statements!(session, 1, { session.find::<User>(KEYS[12])?.map(|it| it.id) });
    assert_eq!(seen, Some(Id::new(KEYS[12])));
    session.record();
    session.find::<User>(KEYS[7])?;
    let log = session.take_log();
    assert_eq!(log.len(), 1);
    assert_eq!(log[0].caller.map(|it| it.line()), Some(line + 3));
    Ok(())
}

/// A ledger of loads has every look-up, also where a watch over statements that began before it has ended since.
#[test]
fn a_ledger_of_loads_has_every_look_up() -> Result<()> {
    let (mut session, counted) = over(&filled(), Door::Open);
    session.find::<User>(KEYS[2])?.expect("it is there");
    let watch = session.watch_statements();
    session.set_ledger(true);
    session.watched_statements(watch);
    session.find::<User>(KEYS[4])?.expect("it is there");
    session.find::<User>(KEYS[5])?;
    assert_eq!((session.loads().len(), counted.short.get()), (2, 0));
    Ok(())
}

/// A reference that is known is looked at without a statement, and a ledger is told of the look: what was loaded along has
/// been of use then.
#[test]
fn a_ledger_has_every_look_along_a_reference() -> Result<()> {
    for looks in [false, true] {
        let mut session = filled().session();
        session.set_ledger(true);
        let posts = session.all(Post::select().loading(Post::author.selectin()))?;
        for post in posts.iter().filter(|_| looks) {
            let (cost, author) = cost(&session, |_| post.load(Post::author).map(|it| it.id));
            assert_eq!((cost.statements, author?), (0, post.author_id));
        }
        drop(posts);
        let unused = session.diagnose()?.findings.iter().filter(|it| matches!(it, Finding::Unused(_))).count();
        assert_eq!(unused, usize::from(!looks));
    }
    Ok(())
}

/// Two sessions that should not be told apart, each over a database of its own.
struct Twin {
    database: Database,
    session: Session,
    users: Vec<Ref<User>>,
    posts: Vec<Ref<Post>>,
    /// How often its listeners were told of something.
    told: Arc<AtomicU64>,
    listening: Option<(Listening, Listening)>,
}

impl Twin {
    fn new(database: Database, door: Door, manner: Manner) -> Self {
        let mut session = over(&database, door).0;
        session.set_manner(manner);
        // A ledger is told of every look, which the short way along a reference would not do.
        session.set_ledger(door == Door::WithoutShortWays);
        Twin { database, session, users: Vec::new(), posts: Vec::new(), told: Arc::default(), listening: None }
    }

    /// Does a step; what can be seen of it, in words.
    fn step(&mut self, (what, a, b): (u8, u8, u8)) -> String {
        let key = KEYS[a as usize % KEYS.len()];
        let outcome = match what % 32 {
            0..=5 => self.find(key, KEYS[b as usize % KEYS.len()]),
            6 => self.find_post(1 + i64::from(a % 16)),
            7 => self.find_others(key, 1 + i64::from(b % 4), ["news", "none"][a as usize % 2]),
            8 => self.with_user(a, |session, it| session.get(it).map(|it| it.name.clone())),
            9 => self.with_user(a, |session, it| session.edit(it).map(|mut it| it.name.push('!'))),
            10 => self.with_user(a, Session::delete),
            11 => self.with_user(a, Session::expire),
            12 => self.with_user(a, if b % 2 == 0 { Session::let_go } else { Session::expunge }),
            13 => self.add(key),
            14 => said(self.session.flush()),
            15 => said(self.session.commit()),
            16 => said(self.session.rollback()),
            17 => said(match b % 3 {
                0 => self.session.savepoint(),
                1 => self.session.release(),
                _ => self.session.rollback_to(),
            }),
            18 => {
                match a % 4 {
                    0 => self.session.let_go_of_all(),
                    1 => return said(self.session.keep_at_most(usize::from(b % 8))),
                    _ => self.session.expire_all(),
                }
                String::new()
            }
            19 => self.elsewhere(key, b),
            20 => self.listen(),
            21 => {
                self.session.set_autoflush(a % 2 == 0);
                self.session.set_expire_on_commit(b % 2 == 0);
                String::new()
            }
            22 => said(self.session.all(User::select().order_by(User::id)).map(|it| it.len())),
            23 => {
                let here = Update::table("users").set("name", format!("set {b}")).filter(col("id").eq(key));
                said(self.session.execute(here).map(|it| it.count))
            }
            24 => self.move_post(a, b),
            25..=27 => self.find_by_email(key, b),
            _ => self.load_author(a),
        };
        let states: Vec<_> = self.users.iter().map(|&it| self.session.state(it).ok()).collect();
        let (told, known) = (self.told.load(Ordering::Relaxed), self.session.len());
        format!("{outcome}; {states:?}, told {told}, {known} objects, {:?}", self.session.totals())
    }

    /// Finds two users and looks at both afterwards.
    fn find(&mut self, one: i64, other: i64) -> String {
        let found = [self.session.find::<User>(one), self.session.find::<User>(other)];
        let mut references = Vec::new();
        let shown = found.map(|it| match it {
            Ok(Some(view)) => {
                references.push(view.reference());
                format!("{:?}", *view)
            }
            Ok(None) => "none".to_owned(),
            Err(error) => format!("{error:?}"),
        });
        self.users.extend(references);
        shown.join(" and ")
    }

    /// By a unique text, once as the only one and once as the first.
    fn find_by_email(&mut self, key: i64, how: u8) -> String {
        let email = if how.is_multiple_of(4) { format!("new {key} 0") } else { format!("{key}@example.org") };
        let query = || User::select().filter(User::email.eq(email.as_str()));
        let only = self.session.one(query()).map(|it| (it.reference(), format!("{:?}", *it)));
        let first = self.session.first(query()).map(|it| it.map(|it| format!("{:?}", *it)));
        self.users.extend(only.as_ref().ok().map(|it| it.0));
        format!("{} and {}", said(only.map(|it| it.1)), said(first))
    }

    fn find_post(&mut self, key: i64) -> String {
        let found = self.session.find::<Post>(key).map(|it| it.map(|it| (it.reference(), format!("{:?}", *it))));
        self.posts.extend(found.as_ref().ok().and_then(Option::as_ref).map(|it| it.0));
        said(found.map(|it| it.map(|it| it.1)))
    }

    /// By keys that are not one integer.
    fn find_others(&mut self, user: i64, post: i64, name: &str) -> String {
        let vote = self.session.find::<Vote>((Id::new(user), Id::new(post))).map(|it| it.map(|it| it.value));
        let tag = self.session.find::<Tag>(name.to_owned()).map(|it| it.map(|it| it.name.clone()));
        format!("{} {}", said(vote), said(tag))
    }

    fn with_user<T: std::fmt::Debug>(
        &mut self,
        at: u8,
        work: impl FnOnce(&mut Session, Ref<User>) -> Result<T>,
    ) -> String {
        let Some(&user) = self.users.get(at as usize % self.users.len().max(1)) else { return String::new() };
        said(work(&mut self.session, user))
    }

    fn add(&mut self, key: i64) -> String {
        let number = self.users.len();
        let added = self.session.try_add(User { id: Id::new(key), ..user(&format!("new {key} {number}")) });
        self.users.extend(added.as_ref().ok());
        said(added.map(drop))
    }

    /// Somebody else changes, deletes or inserts a row and commits.
    fn elsewhere(&mut self, key: i64, how: u8) -> String {
        let mut other = self.database.connect();
        let is_it = || col("id").eq(key);
        let done = match how % 3 {
            0 => other.execute(Update::table("users").set("name", format!("changed {how}")).filter(is_it())),
            1 => other.execute(Delete::from("users").filter(is_it())),
            _ => other.execute(Insert::into("users", ["id", "email", "name"]).row([
                key.into(),
                Value::from(format!("other {key} {how}")),
                "other".into(),
            ])),
        };
        said(done.map(|it| it.count).and_then(|it| other.control(Control::Commit).map(|()| it)))
    }

    fn listen(&mut self) -> String {
        if self.listening.take().is_some() {
            return String::new();
        }
        fn count<T>(told: &Arc<AtomicU64>) -> impl FnMut(T, &mut Reaction<'_>) -> Result<()> + Send + use<T> {
            let told = told.clone();
            move |_, _| {
                told.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
        }
        let loads = self.session.on(load::<User>(), count(&self.told));
        let changes = self.session.on(Changed(User::name), count(&self.told));
        let listening = loads.and_then(|loads| Ok((loads, changes?)));
        said(listening.map(|it| self.listening = Some(it)))
    }

    fn move_post(&mut self, at: u8, to: u8) -> String {
        let Some(&post) = self.posts.get(at as usize % self.posts.len().max(1)) else { return String::new() };
        self.with_user(to, |session, user| session.set(post, Post::author, user))
    }

    fn load_author(&mut self, at: u8) -> String {
        let Some(&post) = self.posts.get(at as usize % self.posts.len().max(1)) else { return String::new() };
        let author = |it: View<'_, Post>| it.load(Post::author).map(|it| it.name.clone());
        said(self.session.get(post).and_then(author))
    }
}

fn said<T: std::fmt::Debug>(outcome: Result<T>) -> String {
    format!("{outcome:?}")
}

proptest! {
    #![proptest_config(Config { cases: cases(192), failure_persistence: None, ..Config::default() })]

    /// O1: whatever a session has done before, it finds the same by either way, in both manners: the same objects and
    /// rows, the same refusals, the same counts, and listeners are told the same.
    #[test]
    fn o1_the_shortest_way_finds_what_the_long_way_finds(
        steps in vec(any::<(u8, u8, u8)>(), 1..60),
        as_sqlalchemy: bool,
    ) {
        let manner = if as_sqlalchemy { Manner::SqlAlchemy } else { Manner::Sound };
        let database = filled();
        let mut short = Twin::new(database.fork(), Door::Open, manner);
        let mut long = Twin::new(database, Door::WithoutShortWays, manner);
        let mut story = String::new();
        for step in steps {
            let (by_short, by_long) = (short.step(step), long.step(step));
            story.push_str(&format!("{step:?}: {by_long}\n"));
            proptest::prop_assert_eq!(by_short, by_long, "{}", story);
        }
    }
}
