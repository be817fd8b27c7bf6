//! What each loader costs, exactly, and that all of them give the same graph.

use diptych::error::{ErrorKind, Misuse};
use diptych::object::BATCH;
use diptych::prelude::*;
use diptych::query::Totals;
use proptest::prelude::*;

use super::forum::*;

/// Users with some posts each, committed.
pub(super) fn filled(users: usize, posts: usize) -> Database {
    let database = forum();
    let mut session = database.session();
    for at in 0..users {
        let author = session.add(user(&format!("u{at}")));
        for number in 0..posts {
            posted(&mut session, author, &format!("{at}.{number}"));
        }
    }
    session.commit().expect("it can be filled");
    database
}

pub(super) fn cost<'s, T>(session: &'s Session, work: impl FnOnce(&'s Session) -> T) -> (Totals, T) {
    let before = session.totals();
    let outcome = work(session);
    (session.totals() - before, outcome)
}

fn walk(session: &Session, query: impl Into<Query<User>>) -> Result<usize> {
    let mut seen = 0;
    for user in &session.all(query.into())? {
        seen += user.load(User::posts)?.len();
    }
    Ok(seen)
}

#[test]
fn lazy_is_one_and_n_and_then_nothing() -> Result<()> {
    let session = filled(5, 3).session();
    let (first, seen) = cost(&session, |it| walk(it, User::select()));
    assert_eq!((first.statements, first.rows, seen?), (1 + 5, 5 + 15, 15));
    let (again, _) = cost(&session, |it| walk(it, User::select()));
    assert_eq!((again.statements, again.rows), (1, 5), "the query runs again, the collections are there");
    Ok(())
}

#[test]
fn selectin_is_one_statement_for_each_batch() -> Result<()> {
    for users in [1, BATCH, BATCH + 1] {
        let session = filled(users, 2).session();
        let query = User::select().with(User::posts.selectin());
        let (first, seen) = cost(&session, |it| walk(it, query));
        assert_eq!(seen?, users * 2);
        assert_eq!(first.statements as usize, 1 + users.div_ceil(BATCH));
        assert_eq!(first.rows as usize, users + users * 2);
    }
    Ok(())
}

#[test]
fn joined_is_one_statement_that_repeats_the_owner() -> Result<()> {
    let session = filled(4, 3).session();
    let (first, seen) = cost(&session, |it| walk(it, User::select().with(User::posts.joined())));
    assert_eq!((first.statements, first.rows, seen?), (1, 12, 12));
    let none = filled(2, 0).session();
    let (first, seen) = cost(&none, |it| walk(it, User::select().with(User::posts.joined())));
    assert_eq!(
        (first.statements, first.rows, seen?),
        (1, 2, 0),
        "an owner without members comes once, loaded and empty"
    );
    Ok(())
}

#[test]
fn a_reference_to_what_is_known_costs_nothing() -> Result<()> {
    let session = filled(2, 3).session();
    let users = session.all(User::select())?;
    let (cost, authors) = cost(&session, |it| -> Result<usize> {
        let posts = it.all(Post::select())?;
        posts.iter().try_for_each(|it| it.load(Post::author).map(drop))?;
        Ok(posts.len())
    });
    assert_eq!((cost.statements, authors?, users.len()), (1, 6, 2));
    Ok(())
}

/// O7: not loaded is an error that says what would load it; `raise` refuses even to read.
#[test]
fn o7_raise_refuses_and_says_what_would_load_it() -> Result<()> {
    let session = filled(1, 1).session();
    let user = session.one(User::select().with(User::posts.raise()))?;
    let error = user.load(User::posts).expect_err("it is forbidden");
    let ErrorKind::Misuse(Misuse::NotLoaded { relation, object, .. }) = error.kind() else { panic!("{error}") };
    assert_eq!((relation.as_str(), object.as_str()), ("User.posts", "User[1]"));
    assert!(error.to_string().contains("selectin"));
    let user = session.one(User::select().with(User::posts.selectin()))?;
    assert_eq!(user.load(User::posts)?.len(), 1, "a query that asks for it lifts the ban");
    Ok(())
}

/// O7: not loaded, none and empty are three answers.
#[test]
fn o7_not_loaded_none_and_empty_are_three_answers() -> Result<()> {
    let session = filled(1, 0).session();
    let user = session.one(User::select())?;
    assert!(user.loaded(User::posts).is_err(), "not loaded");
    assert!(user.loaded(User::profile).is_err(), "not loaded");
    assert!(user.load(User::posts)?.is_empty(), "empty");
    assert!(user.load(User::profile)?.is_none(), "none");
    assert!(user.loaded(User::posts)?.is_empty());
    assert!(user.loaded(User::profile)?.is_none());
    Ok(())
}

#[test]
fn paths_nest() -> Result<()> {
    let database = filled(1, 2);
    let mut session = database.session();
    let author = session.one(User::select())?.reference();
    let first = session.get(author)?.load(User::posts)?.references()[0];
    for at in 0..3 {
        let reply = posted(&mut session, author, &format!("reply {at}"));
        session.set(reply, Post::parent, first)?;
        session.push(reply, Post::tags, tag(&format!("t{at}")))?;
    }
    session.commit()?;

    let session = database.session();
    let nested = Post::replies.selectin().then(Post::tags.selectin()).then(Post::author.joined());
    let (cost, found) = cost(&session, |it| it.all(Post::select().filter(Post::body.eq("0.0")).with(nested)));
    let found = found?;
    // The post, its replies, their tags, and the author that all of them share.
    assert!(cost.statements <= 4, "{} statements", cost.statements);
    let before = session.totals().statements;
    for reply in found.first().expect("it is there").loaded(Post::replies)? {
        assert_eq!(reply.loaded(Post::tags)?.len(), 1);
    }
    assert_eq!(session.totals().statements, before);
    Ok(())
}

#[test]
fn a_limit_counts_objects_though_collections_are_joined() -> Result<()> {
    let session = filled(6, 4).session();
    let query = User::select().order_by(User::id.desc()).limit(2).offset(1).with(User::posts.joined());
    let found = session.all(query)?;
    assert_eq!(found.iter().map(|it| it.name.clone()).collect::<Vec<_>>(), ["u4", "u3"]);
    for user in &found {
        assert_eq!(user.loaded(User::posts)?.len(), 4);
    }
    Ok(())
}

#[test]
fn sibling_collections_in_one_join_are_not_multiplied() -> Result<()> {
    let database = filled(2, 3);
    let mut session = database.session();
    for owner in session.all(User::select())?.references() {
        session.push(owner, User::badges, Badge::draft())?;
        session.push(owner, User::badges, Badge::draft())?;
    }
    session.commit()?;
    let session = database.session();
    let query = User::select().with(User::posts.joined()).with(User::badges.joined());
    let (cost, found) = cost(&session, |it| it.all(query));
    assert_eq!((cost.statements, cost.rows), (1, 2 * 3 * 2), "the product is what the statement returns");
    for user in &found? {
        assert_eq!((user.loaded(User::posts)?.len(), user.loaded(User::badges)?.len()), (3, 2));
    }
    Ok(())
}

/// A declared loader holds unless the query says otherwise.
#[test]
fn a_query_overrides_what_is_declared() -> Result<()> {
    #[derive(Entity, Clone, Debug)]
    #[has_many(pages: Page, inverse = book, lazy = selectin)]
    struct Book {
        #[key(auto)]
        id: Id<Book>,
        title: String,
    }
    #[derive(Entity, Clone, Debug)]
    #[belongs_to(book: Book, via = book_id, inverse = pages, lazy = raise)]
    struct Page {
        #[key(auto)]
        id: Id<Page>,
        #[references(Book)]
        book_id: Id<Book>,
    }
    let database = Database::of::<(Book, Page)>()?;
    let mut session = database.session();
    let book = session.add(Book { title: "one".into(), ..Book::draft() });
    session.push(book, Book::pages, Page::draft())?;
    session.commit()?;
    let reads = |query: Query<Book>| -> Result<u64> {
        let session = database.session();
        session.all(query)?;
        Ok(session.totals().statements)
    };
    assert_eq!(reads(Book::select())?, 2);
    assert_eq!(reads(Book::select().with(Book::pages.lazily()))?, 1);
    assert_eq!(reads(Book::select().with(Book::pages.joined()).into())?, 1);
    let session = database.session();
    let page = session.one(Page::select())?;
    assert!(page.load(Page::book).is_err(), "declared so");
    let page = database.session();
    let page = page.one(Page::select().with(Page::book.selectin()))?;
    assert_eq!(page.load(Page::book)?.title, "one");
    Ok(())
}

/// What a reader of the graph sees, by keys.
pub(super) fn drawing(session: &Session, query: Query<User>) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for user in &session.all(query.order_by(User::id))? {
        let profile = user.load(User::profile)?.map(|it| it.text.clone());
        lines.push(format!("{} {profile:?}", user.name));
        let mut posts = Vec::new();
        for post in user.load(User::posts)? {
            let parent = post.load(Post::parent)?.map(|it| it.body.clone());
            let replies: Vec<String> = post.load(Post::replies)?.iter().map(|it| it.body.clone()).collect();
            let mut tags: Vec<String> = post.load(Post::tags)?.iter().map(|it| it.name.clone()).collect();
            tags.sort();
            posts.push(format!("{} {parent:?} {replies:?} {tags:?} {}", post.body, post.load(Post::author)?.name));
        }
        posts.sort();
        lines.extend(posts);
    }
    Ok(lines)
}

pub(super) type Graph = (Vec<bool>, Vec<(usize, Option<usize>, Vec<usize>)>);

pub(super) fn build((users, posts): &Graph) -> Result<Database> {
    let database = forum();
    let mut session = database.session();
    let mut authors = Vec::new();
    for (at, profile) in users.iter().enumerate() {
        let author = session.add(user(&format!("u{at}")));
        if *profile {
            let profile = session.add(Profile { text: format!("of {at}"), ..Profile::draft() });
            session.set(author, User::profile, profile)?;
        }
        authors.push(author);
    }
    let tags: Vec<Ref<Tag>> = (0..4).map(|at| session.add(tag(&format!("t{at}")))).collect();
    let mut made: Vec<Ref<Post>> = Vec::new();
    for (at, (author, parent, tagged)) in posts.iter().enumerate() {
        let post = posted(&mut session, authors[author % authors.len()], &format!("p{at}"));
        if let Some(parent) = parent.filter(|_| !made.is_empty()) {
            session.set(post, Post::parent, made[parent % made.len()])?;
        }
        for tag in tagged {
            session.push(post, Post::tags, tags[tag % 4])?;
        }
        made.push(post);
    }
    session.commit()?;
    Ok(database)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    /// Lazy, selectin, joined, and mixtures of them read the same graph.
    #[test]
    fn all_strategies_give_the_same_graph(
        users in prop::collection::vec(any::<bool>(), 1..5),
        posts in prop::collection::vec((0..9usize, prop::option::of(0..9usize), prop::collection::vec(0..4usize, 0..4)), 0..14),
    ) {
        let database = build(&(users, posts)).expect("it can be built");
        let expected = drawing(&database.session(), User::select()).expect("it can be read");
        let inner = || Post::replies.selectin().then(Post::tags.joined());
        let ways: Vec<Query<User>> = vec![
            User::select().with(User::posts.selectin().then(inner())).with(User::profile.selectin()).into(),
            User::select().with(User::posts.joined().then(Post::tags.joined()).then(Post::replies.joined())).into(),
            User::select().with(User::posts.joined().then(Post::tags.selectin())).with(User::profile.joined()).into(),
            User::select().with(User::posts.selectin().then(Post::tags.joined()).then(Post::parent.selectin())).into(),
            User::select().with(User::posts.selectin().then(Post::replies.joined().then(Post::author.joined()))).into(),
            User::select().limit(99).with(User::posts.joined().then(Post::parent.joined())).into(),
        ];
        for way in ways {
            prop_assert_eq!(&drawing(&database.session(), way).expect("it can be read"), &expected);
        }
    }
}
