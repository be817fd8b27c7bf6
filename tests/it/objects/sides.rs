//! A relation from the one side, from the other or from both; the foreign key that it keeps; and what is not loaded.

use diptych::error::Misuse;
use diptych::prelude::*;
use diptych::{Class, Column, ForeignKey, Relationship, Table, Value};

use super::forum::*;

/// Two entities in modules that refer to each other.
mod people {
    use super::letters::Letter;
    use diptych::prelude::*;

    #[derive(Entity, Clone, Debug)]
    #[has_many(letters: Letter, inverse = sender)]
    pub(super) struct Person {
        #[key(auto)]
        pub(super) id: Id<Person>,
    }
}

mod letters {
    use super::people::Person;
    use diptych::prelude::*;

    #[derive(Entity, Clone, Debug)]
    #[belongs_to(sender: Person, inverse = letters)]
    pub(super) struct Letter {
        #[key(auto)]
        pub(super) id: Id<Letter>,
        #[references(Person)]
        pub(super) sender_id: Id<Person>,
    }
}

/// The checklist's 131: modules may refer to each other, in whichever order their entities are named.
#[test]
fn entities_of_modules_that_refer_to_each_other_are_one_model() -> Result<()> {
    use letters::Letter;
    use people::Person;
    for database in [Database::of::<(Person, Letter)>()?, Database::of::<(Letter, Person)>()?] {
        let mut session = database.session();
        let ann = session.add(Person::draft());
        let letter = session.push(ann, Person::letters, Letter::draft())?;
        session.commit()?;
        assert_eq!(session.get(letter)?.load(Letter::sender)?.reference(), ann);
    }
    Ok(())
}

/// The checklist's 21: either side alone suffices, and so do both: each is read, and each is written.
#[test]
fn a_relation_works_from_either_side_alone_and_from_both() -> Result<()> {
    for (one, many) in [(true, false), (false, true), (true, true)] {
        let inverse = |it: Relationship, name: &'static str| if one && many { it.inverse(name) } else { it };
        let books = inverse(Relationship::has_many("books", "Book"), "shelf");
        let shelf = inverse(Relationship::belongs_to("shelf", "Shelf"), "books");
        let shelves = Class::new("Shelf", Table::new("shelves").auto_key("id"));
        let table = Table::new("books").auto_key("id").column(Column::int("shelf_id").nullable());
        let volumes = Class::new("Book", table.foreign_key(ForeignKey::new(["shelf_id"], "shelves")));
        let shelves = if many { shelves.relation(books) } else { shelves };
        let volumes = if one { volumes.relation(shelf) } else { volumes };
        let database = Database::with_classes([shelves, volumes], [])?;
        let mut session = database.session();
        let mut by_name = session.untyped();
        let (home, book) = (by_name.add("Shelf", &[])?, by_name.add("Book", &[])?);
        match many {
            true => by_name.push(home, "books", book)?,
            false => by_name.set(book, "shelf", Some(home))?,
        }
        session.commit()?;
        let mut by_name = session.untyped();
        assert_eq!(by_name.value(book, "shelf_id")?, 1.into(), "{one} {many}");
        assert_eq!(by_name.related(book, "shelf").ok(), one.then(|| vec![home]), "{one} {many}");
        assert_eq!(by_name.related(home, "books").ok(), many.then(|| vec![book]), "{one} {many}");
    }
    Ok(())
}

/// A row between two objects is written once, whichever of the two sides names the other.
#[test]
fn a_pair_is_written_once_where_one_side_names_the_other() -> Result<()> {
    let names = [("Book", "books", "topics", "Topic"), ("Topic", "topics", "books", "Book")];
    for naming in 0..2 {
        let class = |at: usize| {
            let (name, table, relation, target) = names[at];
            let relation_to = Relationship::many_to_many(relation, target, "book_topics");
            let relation_to = if at == naming { relation_to.back_populates(names[1 - at].2) } else { relation_to };
            Class::new(name, Table::new(table).auto_key("id")).relation(relation_to)
        };
        let database = Database::with_classes([class(0), class(1)], [])?;
        let mut session = database.session();
        let mut by_name = session.untyped();
        let (book, topic) = (by_name.add("Book", &[])?, by_name.add("Topic", &[])?);
        let (owner, member) = if naming == 0 { (book, topic) } else { (topic, book) };
        by_name.push(owner, names[naming].2, member)?;
        session.commit()?;
        let mut by_name = session.untyped();
        assert_eq!(by_name.related(book, "topics")?, [topic], "{naming}");
        assert_eq!(by_name.related(topic, "books")?, [book], "{naming}");
    }
    Ok(())
}

/// The checklist's 87: when the foreign key follows a reference that is set: at once where the other has a key, with the
/// flush where it gets one then. A key that is written by hand leads where it says from the flush on.
#[test]
fn a_foreign_key_follows_its_reference_and_a_reference_its_key() -> Result<()> {
    let mut session = forum().session();
    session.set_autoflush(false);
    let alice = session.add(user("alice"));
    let (first, second) = (posted(&mut session, alice, "first"), posted(&mut session, alice, "second"));
    session.commit()?;
    let keys = (session[first].id, session[alice].id);

    session.set(second, Post::parent, first)?;
    session.flush()?;
    assert_eq!(session[second].parent_id, Some(keys.0), "of an object that has a key");

    let pending = posted(&mut session, alice, "pending");
    session.set(second, Post::parent, pending)?;
    assert_ne!(session[second].parent_id, Some(session[pending].id), "one that has none yet cannot be named");
    assert_eq!(session.get(second)?.loaded(Post::parent)?.map(|it| it.reference()), Some(pending), "but is led to");
    session.flush()?;
    assert_eq!(session[second].parent_id, Some(session[pending].id), "it got one with the flush");

    session.set(second, Post::parent, None)?;
    session.flush()?;
    assert_eq!(session[second].parent_id, None);

    session.edit(second)?.parent_id = Some(keys.0);
    session.flush()?;
    let parent = |session: &Session| -> Result<Option<Ref<Post>>> {
        Ok(session.get(second)?.load(Post::parent)?.map(|it| it.reference()))
    };
    let replies = session.get(first)?.load(Post::replies)?.references();
    assert_eq!(replies, [second], "written by hand, the key is what counts");
    // Where the reference was read or set before, it leads where it led until it is read again, as in SQLAlchemy: a view
    // may be alive whose type says that it is loaded.
    assert_eq!(parent(&session)?, None);
    session.expire(second)?;
    assert_eq!(parent(&session)?, Some(first));
    let row = rows(&mut session, "posts").into_iter().find(|it| it[0] == session[second].id.into());
    assert_eq!(row.map(|it| it[2].clone()), Some(Value::from(keys.0)));
    Ok(())
}

/// The checklist's 88: a collection from which all has been taken, or whose members were all deleted, is empty: neither
/// not loaded nor none.
#[test]
fn a_collection_that_has_lost_all_is_empty() -> Result<()> {
    let mut session = forum().session();
    let alice = session.add(user("alice"));
    let badges =
        [session.push(alice, User::badges, Badge::draft())?, session.push(alice, User::badges, Badge::draft())?];
    let hello = posted(&mut session, alice, "hello");
    session.commit()?;
    session.get(alice)?.load(User::badges)?;
    session.get(alice)?.load(User::posts)?;
    for badge in badges {
        session.remove(alice, User::badges, badge)?;
    }
    session.delete(hello)?;
    session.flush()?;
    assert!(session.get(alice)?.loaded(User::badges)?.is_empty());
    assert!(session.get(alice)?.loaded(User::posts)?.is_empty());
    Ok(())
}

#[derive(Entity, Clone, Debug)]
#[has_many(entries: Entry, inverse = journal, lazy = write_only)]
#[has_many(notes: Note, inverse = journal, lazy = dynamic)]
struct Journal {
    #[key(auto)]
    id: Id<Journal>,
}

#[derive(Entity, Clone, Debug)]
#[belongs_to(journal: Journal, inverse = entries)]
struct Entry {
    #[key(auto)]
    id: Id<Entry>,
    #[references(Journal)]
    journal_id: Option<Id<Journal>>,
}

#[derive(Entity, Clone, Debug)]
#[belongs_to(journal: Journal, inverse = notes)]
#[entity(index(journal_id, id))]
struct Note {
    #[key(auto)]
    id: Id<Note>,
    #[references(Journal)]
    journal_id: Option<Id<Journal>>,
}

/// The checklist's 60b: what is write-only or dynamic is added to and taken from without a look at what is there.
#[test]
fn a_collection_that_is_never_loaded_is_written() -> Result<()> {
    let database = Database::of::<(Journal, Entry, Note)>()?;
    let mut session = database.session();
    let journal = session.add(Journal::draft());
    for _ in 0..100 {
        session.push(journal, Journal::entries, Entry::draft())?;
        session.push(journal, Journal::notes, Note::draft())?;
    }
    session.commit()?;
    let key = session[journal].id;

    let mut session = database.session();
    let journal = session.find::<Journal>(key)?.expect("it is there").reference();
    let entry = session.query_of(journal, Journal::entries).order_by(Entry::id).limit(1).all()?.references()[0];
    let note = session.query_of(journal, Journal::notes).order_by(Note::id).limit(1).all()?.references()[0];
    let before = session.totals();
    session.push(journal, Journal::entries, Entry::draft())?;
    session.push(journal, Journal::notes, Note::draft())?;
    session.remove(journal, Journal::entries, entry)?;
    session.remove(journal, Journal::notes, note)?;
    assert_eq!(session.totals().statements, before.statements, "nothing is asked before the flush");
    session.flush()?;
    let read = (session.totals() - before).rows;
    assert!(read < 5, "{read} rows were read, of a hundred");
    for count in
        [session.query_of(journal, Journal::entries).count()?, session.query_of(journal, Journal::notes).count()?]
    {
        assert_eq!(count, 100, "one came and one went");
    }
    assert_eq!(session.count(Entry::select().filter(Entry::journal_id.is_null()))?, 1);
    let refused = session.get(journal)?.load(Journal::entries).map(drop).expect_err("it is only written");
    assert!(matches!(refused.misuse(), Some(Misuse::WriteOnly { .. })), "{refused}");
    assert_eq!(
        session.get(journal)?.load(Journal::notes)?.len(),
        100,
        "what is dynamic is read by who asks for all of it"
    );
    Ok(())
}

/// Whoever is moved leaves the collection that it was in, although the session has to read which one that is.
#[test]
fn an_expired_member_leaves_the_collection_that_it_was_in() -> Result<()> {
    type Moves = fn(&mut Session, Ref<User>, Ref<Post>) -> Result<()>;
    let moves: [Moves; 4] = [
        |session, owner, post| session.replace(owner, User::posts, [post]),
        |session, owner, post| session.push(owner, User::posts, post).map(drop),
        |session, owner, post| session.set(post, Post::author, owner),
        |session, owner, post| session.untyped().insert(owner.untyped(), "posts", 0, post.untyped()),
    ];
    for moves in moves {
        let mut session = forum().session();
        let [ann, eve] = ["Ann", "Eve"].map(|it| session.add(user(it)));
        let post = posted(&mut session, ann, "a");
        session.commit()?;
        for owner in [ann, eve] {
            session.get(owner)?.load(User::posts)?;
        }
        session.expire(post)?;
        moves(&mut session, eve, post)?;
        assert!(session.get(ann)?.loaded(User::posts)?.is_empty());
        assert_eq!(session.get(eve)?.loaded(User::posts)?.references(), [post]);
    }
    Ok(())
}

/// The checklist's 60a: a page of a dynamic collection reads the page and not what is before or behind it, and neither
/// does a count. The order is that of an index over the foreign key and what orders.
#[test]
fn a_page_of_a_long_collection_reads_the_page() -> Result<()> {
    let database = Database::of::<(Journal, Entry, Note)>()?;
    let mut session = database.session();
    let (journal, other) = (session.add(Journal::draft()), session.add(Journal::draft()));
    session.commit()?;
    for owner in [session[journal].id, session[other].id] {
        session.insert_many((0..100_000).map(|_| Note { journal_id: Some(owner), ..Note::draft() }))?;
    }
    session.commit()?;
    let notes = || session.query_of(journal, Journal::notes);
    for query in [
        notes().order_by(Note::id).limit(20),
        notes().order_by(Note::id).limit(20).offset(50_000),
        notes().order_by(Note::id.desc()).limit(20),
        notes().filter(Note::id.gt(Id::new(60_000))).order_by(Note::id).limit(20),
    ] {
        let before = session.totals();
        let found = query.all()?.len();
        let read = (session.totals() - before).rows_read;
        assert!(found == 20 && read <= 21, "{read} rows for a page of {found}");
    }
    let before = session.totals();
    assert_eq!(notes().count()?, 100_000);
    assert!((session.totals() - before).rows_read < 2, "counted by the index");
    Ok(())
}
