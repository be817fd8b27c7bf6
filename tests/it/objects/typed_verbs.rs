//! Typed fronts: single attributes, work without autoflush, collections as queries, conditions on objects.

use diptych::prelude::*;

use super::forum::*;

#[test]
fn single_attributes_are_expired_and_refreshed() -> Result<()> {
    let database = forum();
    let mut session = database.session();
    let alice = session.add(user("alice"));
    posted(&mut session, alice, "first");
    session.commit()?;
    session.get(alice)?.load(User::posts)?;
    session.edit(alice)?.name = "changed".into();
    session.edit(alice)?.email = "new@example.org".into();
    session.expire_field(alice, User::name)?;
    assert_eq!((session[alice].name.as_str(), session[alice].email.as_str()), ("alice", "new@example.org"));
    assert!(session.get(alice)?.loaded(User::posts).is_ok());
    session.expire_relation(alice, User::posts)?;
    assert!(session.get(alice)?.loaded(User::posts).is_err());
    session.refresh_relation(alice, User::posts)?;
    assert_eq!(session.get(alice)?.loaded(User::posts)?.len(), 1);
    session.refresh_field(alice, User::email)?;
    Ok(())
}

#[test]
fn no_autoflush_holds_for_the_work_and_no_longer() -> Result<()> {
    let mut session = forum().session();
    session.add(user("alice"));
    assert_eq!(session.no_autoflush(|it| it.count(User::select()))?, 0);
    assert_eq!(session.count(User::select())?, 1);
    Ok(())
}

/// A collection as a query: filter, order, limit, count and page; only what is asked for is read.
#[test]
fn a_collection_is_queried_without_being_loaded() -> Result<()> {
    let database = forum();
    let mut session = database.session();
    let (alice, bob) = (session.add(user("alice")), session.add(user("bob")));
    for at in 0..20 {
        let post = posted(&mut session, alice, &format!("{at:02}"));
        session.edit(post)?.score = at;
        session.push(post, Post::tags, tag(&format!("t{at}")))?;
    }
    posted(&mut session, bob, "other");
    session.commit()?;
    let before = session.totals();
    let best = session.query_of(alice, User::posts).filter(Post::score.lt(15)).order_by(Post::score.desc()).limit(3);
    let best = best.with(Post::tags.selectin()).all()?;
    let seen: Vec<(i64, usize)> = best.iter().map(|it| (it.score, it.get(Post::tags).len())).collect();
    assert_eq!(seen, [(14, 1), (13, 1), (12, 1)]);
    let page = session.query_of(alice, User::posts).order_by(Post::score).page(2, 5)?;
    assert_eq!(page.iter().map(|it| it.score).collect::<Vec<_>>(), [10, 11, 12, 13, 14]);
    assert_eq!(session.query_of(alice, User::posts).filter(Post::score.ge(5)).count()?, 15);
    assert_eq!(session.query_of(alice, User::posts).offset(18).limit(5).count()?, 2);
    assert!(session.get(alice)?.loaded(User::posts).is_err(), "the collection itself was not loaded");
    assert!((session.totals() - before).rows < 20, "only what was asked for was read");
    Ok(())
}

#[test]
fn conditions_name_objects() -> Result<()> {
    let mut session = forum().session();
    let (alice, bob) = (session.add(user("alice")), session.add(user("bob")));
    let first = posted(&mut session, alice, "first");
    let reply = posted(&mut session, bob, "reply");
    session.set(reply, Post::parent, first)?;
    let tagged = session.push(first, Post::tags, tag("a"))?;
    session.flush()?;
    let bodies = |condition| -> Result<Vec<String>> {
        let found = session.all(Post::select().filter(condition).order_by(Post::id))?;
        Ok(found.iter().map(|it| it.body.clone()).collect())
    };
    assert_eq!(bodies(Post::author.is(alice))?, ["first"]);
    assert_eq!(bodies(Post::parent.is(first))?, ["reply"]);
    assert_eq!(bodies(Post::parent.is_none())?, ["first"]);
    assert_eq!(bodies(Post::tags.contains(tagged))?, ["first"]);
    assert_eq!(bodies(!Post::author.is(alice))?, ["reply"]);
    Ok(())
}
