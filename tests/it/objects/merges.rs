//! Merging: the state of a graph that no session has is copied onto the objects of one, along the relations that say so.

use diptych::error::Misuse;
use diptych::prelude::*;
use diptych::{AnyRef, Cascade, Class, Column, ForeignKey, Relationship, Table, Value};
use proptest::prelude::*;

use super::forum::*;

/// Shelves whose books cascade this.
fn library(cascade: Cascade) -> Result<Database> {
    let books = Relationship::has_many("books", "Book").inverse("shelf").cascade(cascade);
    let shelf = Relationship::belongs_to("shelf", "Shelf").inverse("books");
    let table = Table::new("books").auto_key("id").column(Column::int("shelf_id").nullable());
    let table = table.column(Column::text("title")).foreign_key(ForeignKey::new(["shelf_id"], "shelves"));
    let shelves = Class::new("Shelf", Table::new("shelves").auto_key("id").column(Column::text("label")));
    Database::with_classes([shelves.relation(books), Class::new("Book", table).relation(shelf)], [])
}

fn titles(session: &mut Session, shelf: AnyRef) -> Result<Vec<String>> {
    let mut by_name = session.untyped();
    let books = by_name.related(shelf, "books")?;
    let titles = books.into_iter().map(|it| Ok(by_name.value(it, "title")?.to_string()));
    titles.collect()
}

/// The checklist's 63: a graph is merged as far as its relations cascade. Known keys become the objects of the session,
/// the others new ones; what the given collection lacks leaves the session's.
#[test]
fn a_graph_is_merged_along_the_relations_that_cascade() -> Result<()> {
    for (cascade, expected) in
        [(Cascade::default(), ["'Changed'", "'New'"]), (Cascade::SAVE_UPDATE, ["'First'", "'Second'"])]
    {
        let database = library(cascade)?;
        let mut session = database.session();
        let mut by_name = session.untyped();
        let shelf = by_name.add("Shelf", &[("label", "poetry".into())])?;
        let book = |title: &'static str| [("title", Value::from(title))];
        let first = by_name.add("Book", &book("First"))?;
        let second = by_name.add("Book", &book("Second"))?;
        by_name.push(shelf, "books", first)?;
        by_name.push(shelf, "books", second)?;
        session.commit()?;

        let mut by_name = session.untyped();
        let given = by_name.construct("Shelf", &[("id", 1.into()), ("label", "verse".into())])?;
        let known = by_name.construct("Book", &[("id", 1.into()), ("title", "Changed".into())])?;
        let new = by_name.construct("Book", &book("New"))?;
        by_name.push(given, "books", known)?;
        by_name.push(given, "books", new)?;
        assert_eq!(by_name.merge(given, true)?, shelf, "the key says which it is");
        assert_eq!(by_name.value(shelf, "label")?, "verse".into(), "columns come along in any case");
        session.commit()?;
        assert_eq!(titles(&mut session, shelf)?, expected, "{cascade}");
        let mut by_name = session.untyped();
        assert_eq!(by_name.related(shelf, "books")?[0], first, "no second object of one key");
        let left = by_name.related(second, "shelf")?.is_empty();
        assert_eq!(left, cascade.contains(Cascade::MERGE), "{cascade}: what was not given has left the shelf");
    }
    Ok(())
}

/// Counts its versions.
#[derive(Entity, Clone, Debug)]
struct Page {
    #[key(auto)]
    id: Id<Page>,
    #[version]
    version: i64,
    title: String,
    text: String,
}

/// The checklist's 63, conflicts: all of a copy is taken, so that the last one wins, also in columns that it has not
/// changed; unless the class counts versions, which refuses a copy that is older than the row.
#[test]
fn of_two_copies_the_last_one_wins_unless_versions_are_counted() -> Result<()> {
    let database = forum();
    let mut session = database.session();
    let alice = session.add(user("alice"));
    session.commit()?;
    let (mut one, mut other) = (session.get(alice)?.detach(), session.get(alice)?.detach());
    one.edit().name = "Alice".into();
    other.edit().email = "new@example.org".into();
    for copy in [one, other] {
        let mut session = database.session();
        session.merge(copy)?;
        session.commit()?;
    }
    let session = database.session();
    let alice = session.one(User::select())?;
    assert_eq!((&*alice.name, &*alice.email), ("alice", "new@example.org"), "the name is as the last copy has it");

    let database = Database::of::<(Page,)>()?;
    let mut session = database.session();
    let page = session.add(Page { title: "A".into(), text: "B".into(), ..Page::draft() });
    session.commit()?;
    let (mut one, mut other) = (session.get(page)?.detach(), session.get(page)?.detach());
    one.edit().title = "new".into();
    other.edit().text = "new".into();
    let mut session = database.session();
    session.merge(one)?;
    session.commit()?;
    let mut session = database.session();
    let refused = session.merge(other).expect_err("the row is a newer one");
    assert!(matches!(refused.misuse(), Some(Misuse::Stale { .. })), "{refused}");
    let session = database.session();
    let page = session.one(Page::select())?;
    assert_eq!((&*page.title, &*page.text, page.version), ("new", "B", 2));
    Ok(())
}

/// For each user the posts, and for each post its score, whom it answers, and its tags, all by numbers.
type Drawn = Vec<Vec<(i64, usize, Vec<usize>)>>;

fn drawn() -> impl Strategy<Value = Drawn> {
    let post = (0..9_i64, any::<prop::sample::Index>(), prop::collection::vec(0..4_usize, 0..3));
    let post = post.prop_map(|(score, parent, tags)| (score, parent.index(100), tags));
    prop::collection::vec(prop::collection::vec(post, 0..4), 1..4)
}

/// The drawn graph, committed.
fn made(drawn: &Drawn) -> Result<Database> {
    let database = forum();
    let mut session = database.session();
    let tags: Vec<Ref<Tag>> = (0..4).map(|it| session.add(tag(&format!("tag {it}")))).collect();
    let mut posts = Vec::new();
    for (at, written) in drawn.iter().enumerate() {
        let author = session.add(user(&format!("user {at}")));
        for (score, parent, of) in written {
            let post = posted(&mut session, author, "hello");
            session.edit(post)?.score = *score;
            if !posts.is_empty() {
                session.set(post, Post::parent, posts[parent % posts.len()])?;
            }
            for &tag in of {
                if !session.get(post)?.loaded(Post::tags)?.references().contains(&tags[tag]) {
                    session.push(post, Post::tags, tags[tag])?;
                }
            }
            posts.push(post);
        }
    }
    session.commit()?;
    Ok(database)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// The checklist's 63: to merge a copy of any graph changes nothing, in a session that holds all of it, some of it or
    /// nothing; and a change of the copy is the only change that comes along.
    #[test]
    fn merging_a_copy_of_any_graph_is_the_identity(drawn in drawn(), holds in 0..3_usize) {
        let database = made(&drawn).expect("it can be made");
        let held = || -> Result<Session> {
            let session = database.session();
            match holds {
                0 => {}
                1 => drop(session.all(Post::select().filter(Post::score.gt(4)))?),
                _ => drop(session.all(User::select().with(User::posts.selectin().then(Post::tags.selectin())))?),
            }
            Ok(session)
        };
        let asked = || User::select().with(User::posts.selectin()
            .then(Post::tags.selectin()).then(Post::replies.selectin()).then(Post::parent.selectin()));
        let session = database.session();
        for view in &session.all(asked()).expect("it can be read") {
            let copy = view.detach();
            let mut there = held().expect("it can be read");
            let merged = there.merge(copy.clone()).expect("it can be merged");
            let plan = there.plan_flush().expect("it can be planned");
            prop_assert!(plan.steps.is_empty(), "{plan}");
            let posts = there.get(merged).and_then(|it| Ok(it.loaded(User::posts)?.len())).expect("they came along");
            prop_assert_eq!(posts, copy.get(User::posts).len());

            let mut copy = copy;
            copy.edit().name.push('!');
            let mut there = held().expect("it can be read");
            there.merge(copy).expect("it can be merged");
            let plan = there.plan_flush().expect("it can be planned").to_string();
            prop_assert_eq!(plan.trim_end(), "update users (name)  1 rows");
        }
    }
}

/// A new object that takes a row over counts its version, be it that nothing else is written, and whether the object before
/// was read: so it can be changed afterwards.
#[test]
fn whoever_takes_a_row_over_counts_its_version() -> Result<()> {
    for (text, expires) in [("one", true), ("two", true), ("one", false), ("two", false)] {
        let mut session = Database::of::<(Page,)>()?.session();
        session.set_expire_on_commit(expires);
        let page = |text: &str, version| Page { id: Id::new(1), version, title: "A".into(), text: text.into() };
        let first = session.add(page("one", 1));
        session.commit()?;
        session.delete(first)?;
        let second = session.add(page(text, 1));
        session.flush()?;
        assert_eq!(session.get(second)?.version, 2, "{text} {expires}");
        session.edit(second)?.text.push('!');
        session.commit()?;
        assert_eq!(session.get(second)?.version, 3, "{text} {expires}");
    }
    Ok(())
}
