//! A session that is told how many objects to keep.

use diptych::prelude::*;
use diptych::{State, assert_statements};

use super::forum::*;

/// Ann has written `a` and `b`, Eve `c`.
fn filled() -> Result<(Database, Session)> {
    let database = forum();
    let mut session = database.session();
    let [ann, eve] = ["Ann", "Eve"].map(|it| session.add(user(it)));
    for (author, body) in [(ann, "a"), (ann, "b"), (eve, "c")] {
        posted(&mut session, author, body);
    }
    session.commit()?;
    Ok((database, session))
}

#[test]
fn a_walk_holds_no_more_than_it_was_told_to() -> Result<()> {
    let database = forum();
    let mut session = database.session();
    session.insert_many((0..300).map(|it| user(&format!("user {it}"))))?;
    for page in 0..30 {
        let query = User::select().order_by(User::id).limit(10).offset(10 * page);
        for user in session.all(query)?.references() {
            session.edit(user)?.name.push('!');
        }
        let met = session.len();
        let gone = session.keep_at_most(20)?;
        assert_eq!((session.len(), gone), (met.min(20), met - met.min(20)));
    }
    session.commit()?;
    assert_eq!(database.session().count(User::select().filter(User::name.like("user %!")))?, 300);
    Ok(())
}

/// What has gone is refused by its reference, found by its key, and read where a relation leads to it.
#[test]
fn what_has_gone_is_read_again() -> Result<()> {
    let (_, mut session) = filled()?;
    let posts = session.all(Post::select().with(Post::author.selectin()).order_by(Post::id))?.references();
    let ann = session.get(posts[0])?.loaded(Post::author)?.reference();
    session.get(ann)?.load(User::posts)?;
    assert_eq!(session.keep_at_most(10)?, 0, "there are five");
    assert_eq!((session.keep_at_most(0)?, session.len()), (5, 0));
    for error in [session.get(ann).err(), session.edit(ann).err()] {
        assert!(error.and_then(|it| it.misuse().map(|it| it.is_gone())).is_some(), "the reference is refused");
    }
    let again = session.find::<User>(1)?.expect("the row is there").reference();
    assert_ne!(again, ann);
    assert_statements!(session, 1, { assert_eq!(session.get(again)?.load(User::posts)?.len(), 2) });
    assert_eq!(session.len(), 3);
    let kept = session.get(again)?.load(User::posts)?.references();
    assert_eq!((session.keep_at_most(2)?, session.len()), (1, 2));
    let alive: Vec<_> = kept.iter().filter(|it| session.state(**it).is_ok()).collect();
    match session.state(again) {
        Ok(_) => assert_eq!(session.get(again)?.load(User::posts)?.len(), 2),
        Err(_) => assert_eq!(session.get(*alive[0])?.load(Post::author)?.name, "Ann"),
    }
    Ok(())
}

/// What is pending is flushed first. If that is refused, nothing has gone.
#[test]
fn what_is_pending_is_flushed_first() -> Result<()> {
    let (database, mut session) = filled()?;
    let ann = session.one(User::select().filter(User::name.eq("Ann")))?.reference();
    session.edit(ann)?.name = "Anna".into();
    let new = posted(&mut session, ann, "d");
    let twin = session.add(User { email: "Eve@example.org".into(), ..user("Eve's twin") });
    let before = session.len();
    assert!(session.keep_at_most(0).is_err(), "two have one address");
    assert_eq!((session.len(), session.state(new)?), (before, State::Pending));
    session.delete(twin).or_else(|_| session.expunge(twin))?;
    session.keep_at_most(0)?;
    assert!(session.state(new).is_err() && session.state(ann).is_err());
    session.commit()?;
    assert_eq!(database.session().count(Post::select().filter(Post::author.has(User::name.eq("Anna"))))?, 3);
    Ok(())
}

/// What went in a transaction or savepoint that is rolled back is as the tables then say.
#[test]
fn a_rollback_after_it_finds_what_was_there_before() -> Result<()> {
    let (_, mut session) = filled()?;
    let ann = session.one(User::select().filter(User::name.eq("Ann")))?.reference();
    posted(&mut session, ann, "d");
    session.keep_at_most(0)?;
    session.savepoint()?;
    let again = session.find::<User>(1)?.expect("it is there").reference();
    session.edit(again)?.name = "Anna".into();
    let post = session.find::<Post>(2)?.expect("it is there").reference();
    session.delete(post)?;
    session.keep_at_most(0)?;
    assert_eq!(session.find::<User>(1)?.map(|it| it.name.clone()).as_deref(), Some("Anna"));
    session.keep_at_most(0)?;
    session.rollback_to()?;
    assert_eq!(session.find::<User>(1)?.map(|it| it.name.clone()).as_deref(), Some("Ann"));
    assert_eq!(session.count(Post::select())?, 4);
    session.rollback()?;
    assert_eq!((session.count(Post::select())?, session.find::<Post>(4)?.is_none()), (3, true));
    session.commit()
}

/// A link with an object that has no row is known to the session alone, so both of its ends stay.
#[test]
fn what_is_linked_with_an_object_without_a_row_stays() -> Result<()> {
    let (database, mut session) = filled()?;
    let users = session.all(User::select().order_by(User::id))?.references();
    let draft = session.transient(post("draft"))?;
    session.set(draft, Post::author, users[1])?;
    session.untyped().make_transient(draft.untyped())?;
    session.keep_at_most(0)?;
    assert!(session.state(users[0]).is_err());
    session.save(draft)?;
    session.commit()?;
    assert_eq!(database.session().count(Post::select().filter(Post::author.has(User::name.eq("Eve"))))?, 2);
    Ok(())
}
