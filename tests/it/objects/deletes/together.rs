//! What a delete has to read of many objects it reads for all of them together: a statement for each level and relation.

use diptych::State;
use diptych::object::{BATCH, Event, Manner};
use diptych::prelude::*;

use super::super::forum::*;

/// So many users, each with two posts that have a reply, a vote and a tag, and with a badge and a locker.
fn filled(users: usize) -> Result<Database> {
    let database = forum();
    let mut session = database.session();
    let news = session.add(tag("news"));
    let voter = session.add(user("voter"));
    for at in 0..users {
        let author = session.add(user(&format!("user {at}")));
        session.push(author, User::badges, Badge::draft())?;
        let locker = session.add(Locker::draft());
        session.set(author, User::locker, locker)?;
        for _ in 0..2 {
            let post = posted(&mut session, voter, "post");
            let reply = session.push(post, Post::replies, post_of("reply"))?;
            session.set(reply, Post::author, voter)?;
            let vote = session.push(reply, Post::votes, Vote { value: 1, ..Vote::draft() })?;
            session.set(vote, Vote::user, author)?;
            session.push(post, Post::tags, news)?;
        }
    }
    session.commit()?;
    Ok(database)
}

fn post_of(body: &str) -> Post {
    super::super::forum::post(body)
}

fn roots(session: &mut Session) -> Result<Vec<Ref<Post>>> {
    let roots = Post::select().filter(Post::parent_id.is_null()).order_by(Post::id);
    Ok(session.all(roots)?.references())
}

fn left(session: &mut Session) -> [usize; 4] {
    ["posts", "votes", "badges", "lockers"].map(|it| count(session, it))
}

/// Posts, their replies and the votes of both: however many there are, each level and relation is one statement.
#[test]
fn a_delete_of_many_reads_each_level_together() -> Result<()> {
    for users in [2, 20] {
        let database = filled(users)?;
        let mut session = database.session();
        let roots = roots(&mut session)?;
        assert_eq!(roots.len(), 2 * users);
        // Replies and votes of the posts, then those of the replies, then replies of none.
        let (read, done) = statements(&mut session, |it| it.delete_all(roots));
        done?;
        assert_eq!(read, 4, "of {users} users");
        // The tags of posts are left to the foreign key: votes go, then posts.
        let (ran, done) = statements(&mut session, Session::flush);
        done?;
        assert_eq!(ran, 2, "of {users} users");
        assert_eq!(left(&mut session), [0, 0, users, users]);
    }
    Ok(())
}

/// What one object leads to is read so, too.
#[test]
fn a_delete_of_one_reads_what_is_behind_it_together() -> Result<()> {
    for replies in [3, 30] {
        let mut session = forum().session();
        let alice = session.add(user("alice"));
        let root = posted(&mut session, alice, "root");
        for at in 0..replies {
            let reply = session.push(root, Post::replies, post_of(&format!("{at}")))?;
            session.set(reply, Post::author, alice)?;
            let vote = session.push(reply, Post::votes, Vote { value: 1, ..Vote::draft() })?;
            let voter = session.add(user(&format!("user {at}")));
            session.set(vote, Vote::user, voter)?;
        }
        session.commit()?;
        // The row of the root, its replies and votes, and those of the replies.
        let (read, done) = statements(&mut session, |it| it.delete(root));
        done?;
        assert_eq!(read, 5, "of {replies} replies");
        session.commit()?;
        assert_eq!(left(&mut session), [0; 4]);
    }
    Ok(())
}

/// What the flush has to know of owners that go: who stays behind.
#[test]
fn a_flush_reads_what_is_left_behind_together() -> Result<()> {
    for users in [2, 20] {
        let database = filled(users)?;
        let mut session = database.session();
        let users = session.all(User::select().filter(User::name.ne("voter")))?.references();
        let many = users.len();
        for user in users {
            session.delete(user)?;
        }
        let (ran, done) = statements(&mut session, Session::flush);
        done?;
        // Posts, lockers, avatars and badges are read; badges, lockers, votes and users are written.
        assert_eq!(ran, 8, "of {many} users");
        assert_eq!(left(&mut session), [4 * many, 0, many, many]);
    }
    Ok(())
}

/// Shelves own their books, and these their pages.
mod shelves {
    use diptych::prelude::*;

    #[derive(Entity, Clone, Debug)]
    #[entity(table = "shelves")]
    #[has_many(books: Book, via = shelf_id, cascade(all, delete_orphan))]
    pub struct Shelf {
        #[key(auto)]
        pub id: Id<Shelf>,
    }

    #[derive(Entity, Clone, Debug)]
    #[entity(table = "books")]
    #[has_many(pages: Page, via = book_id, cascade(all, delete_orphan))]
    pub struct Book {
        #[key(auto)]
        pub id: Id<Book>,
        #[references(Shelf)]
        pub shelf_id: Option<Id<Shelf>>,
    }

    #[derive(Entity, Clone, Debug)]
    #[entity(table = "pages")]
    pub struct Page {
        #[key(auto)]
        pub id: Id<Page>,
        #[references(Book)]
        pub book_id: Option<Id<Book>>,
    }
}

/// What orphans take along is read together, whoever has lost them.
#[test]
fn what_orphans_lead_to_is_read_together() -> Result<()> {
    use shelves::*;
    for many in [2, 20] {
        let database = Database::of::<(Shelf, Book, Page)>()?;
        let mut session = database.session();
        for _ in 0..many {
            let shelf = session.add(Shelf::draft());
            let book = session.push(shelf, Shelf::books, Book::draft())?;
            session.push(book, Book::pages, Page::draft())?;
        }
        session.commit()?;
        let mut session = database.session();
        let shelves = session.all(Shelf::select().with(Shelf::books.selectin()))?.references();
        for shelf in shelves {
            session.clear(shelf, Shelf::books)?;
        }
        let (ran, done) = statements(&mut session, Session::flush);
        done?;
        assert_eq!(ran, 3, "the pages of {many} books are read; pages and books go");
        assert_eq!([count(&mut session, "books"), count(&mut session, "pages")], [0, 0]);
    }
    Ok(())
}

/// More owners than one statement takes are read in batches, and those that were expired are read again together.
#[test]
fn many_owners_are_read_in_batches() -> Result<()> {
    let mut session = forum().session();
    let alice = session.add(user("alice"));
    let posts: Vec<Ref<Post>> = (0..=BATCH).map(|it| posted(&mut session, alice, &format!("{it}"))).collect();
    session.commit()?;
    let (read, done) = statements(&mut session, |it| it.delete_all(posts));
    done?;
    assert_eq!(read, 6, "rows, replies and votes, each in two batches");
    Ok(())
}

/// The order in which objects are marked, told of and removed is that of deletes one by one.
#[test]
fn events_come_as_of_deletes_one_by_one() -> Result<()> {
    let told = |together: bool| -> Result<Vec<String>> {
        let database = filled(3)?;
        let mut session = database.session();
        session.set_autoflush(false);
        let roots = roots(&mut session)?;
        session.untyped().listen();
        match together {
            true => session.delete_all(roots)?,
            false => roots.into_iter().try_for_each(|it| session.delete(it))?,
        }
        session.commit()?;
        let mut told = Vec::new();
        for event in session.untyped().take_events() {
            let (object, what) = match event {
                Event::Row { object, step } => (object, format!("{step:?}")),
                Event::State { object, change } => (object, format!("{change:?}")),
                _ => continue,
            };
            let mut by_name = session.untyped();
            told.push(format!("{what} {} {:?}", by_name.class_of(object)?, by_name.identity(object)?));
        }
        told.retain(|it| it.contains("elete"));
        Ok(told)
    };
    let events = told(true)?;
    assert!(!events.is_empty());
    assert_eq!(events, told(false)?);
    Ok(())
}

/// Nothing is marked where one of the objects cannot be deleted.
#[test]
fn a_delete_of_many_is_refused_whole() -> Result<()> {
    let mut session = forum().session();
    let alice = session.add(user("alice"));
    session.flush()?;
    let never = session.transient(user("bob"))?;
    session.delete_all([alice, never]).expect_err("he has no row");
    assert!(!session.is_marked_deleted(alice)?);
    assert_eq!(session.state(alice)?, State::Persistent);
    Ok(())
}

/// SQLAlchemy asks for each object by itself.
#[test]
fn in_the_other_manner_each_is_read_by_itself() -> Result<()> {
    let database = filled(2)?;
    let mut session = database.session();
    session.set_manner(Manner::SqlAlchemy);
    session.set_autoflush(false);
    let roots = roots(&mut session)?;
    let (read, done) = statements(&mut session, |it| it.delete_all(roots));
    done?;
    assert_eq!(read, 16, "replies and votes of four posts, and of four replies");
    Ok(())
}
