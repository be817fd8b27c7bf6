//! What happens when objects are linked.

use diptych::error::Misuse;
use diptych::object::{Change, Synchronize};
use diptych::prelude::*;
use diptych::{AnyRef, Cascade, Lazy, Relationship, Session, State, Value};

use super::{ada, add, blog, new, plain, session};

/// The author is the post's alone, and goes when the post does not lead to it any more.
fn sole(it: Relationship) -> Relationship {
    it.cascade(Cascade::ALL | Cascade::DELETE_ORPHAN).single_parent(true)
}

/// Ada and Bob have written a post each.
fn two_authors(session: &mut Session) -> Result<[(AnyRef, AnyRef); 2]> {
    let mut by_name = session.untyped();
    let mut both = Vec::new();
    for id in [1, 2] {
        let (user, post) = (add(&mut by_name, "User", id)?, add(&mut by_name, "Post", id)?);
        by_name.set(post, "author", Some(user))?;
        both.push((user, post));
    }
    session.commit()?;
    Ok([both[0], both[1]])
}

/// The identity map holds one object for a key: one whose row has gone unseen is not let in beside a new one.
#[test]
fn an_object_that_lost_its_place_cannot_be_linked() -> Result<()> {
    let database = blog(plain, plain)?;
    let mut session = session(&database);
    let (user, post, _) = ada(&mut session)?;
    let mut by_name = session.untyped();
    by_name.value(post, "title")?;
    by_name.delete_where("Post", None, Synchronize::Not)?;
    let other = add(&mut by_name, "Post", 1)?;
    session.flush()?;
    let mut by_name = session.untyped();
    let refused = by_name.push(user, "posts", post).expect_err("another object stands for the row");
    assert!(matches!(refused.misuse(), Some(Misuse::IdentityConflict { .. })), "{refused}");
    by_name.push(user, "posts", other)
}

/// A relation that may give its target one owner wants to know who that was, whichever side is moved.
#[test]
fn what_a_reference_led_to_is_read_when_the_other_side_moves_it() -> Result<()> {
    let database = blog(plain, sole)?;
    let mut session = session(&database);
    let [(user, post), (_, other)] = two_authors(&mut session)?;
    let mut by_name = session.untyped();
    let eve = new(&mut by_name, "User", 3)?;
    by_name.push(eve, "posts", post)?;
    assert_eq!(by_name.history(post, "author")?.deleted, [Change::Object(Some(user))]);
    by_name.expire(other, &[])?;
    by_name.expunge(other)?;
    let refused = by_name.push(eve, "posts", other).expect_err("it cannot be read");
    assert!(matches!(refused.misuse(), Some(Misuse::Detached { .. })), "{refused}");
    Ok(())
}

/// What a new object has been linked to is nobody's business but its own: a rollback does not change it.
#[test]
fn a_new_object_keeps_its_owner_through_a_rollback() -> Result<()> {
    let database = blog(plain, sole)?;
    let mut session = session(&database);
    let [(_, post), (_, other)] = two_authors(&mut session)?;
    let mut by_name = session.untyped();
    let eve = new(&mut by_name, "User", 3)?;
    by_name.set(post, "author", Some(eve))?;
    session.rollback()?;
    let mut by_name = session.untyped();
    assert_eq!(by_name.status(eve)?.state, State::Transient);
    let refused = by_name.set(other, "author", Some(eve)).expect_err("she has a post");
    assert!(matches!(refused.misuse(), Some(Misuse::SingleParent { .. })), "{refused}");
    Ok(())
}

/// A deleted object belongs to the session until the transaction ends, so what is linked to it comes along.
#[test]
fn what_is_linked_to_a_deleted_object_is_brought_along() -> Result<()> {
    let database = blog(plain, plain)?;
    let mut session = session(&database);
    let (user, ..) = ada(&mut session)?;
    session.delete(user)?;
    session.flush()?;
    let mut by_name = session.untyped();
    let post = new(&mut by_name, "Post", 3)?;
    by_name.push(user, "posts", post)?;
    assert_eq!(by_name.contents().new, [post]);
    Ok(())
}

/// What was taken out of a collection that is not loaded is looked for when it is.
#[test]
fn what_was_taken_out_unseen_has_to_be_there() -> Result<()> {
    let database = blog(plain, plain)?;
    let mut session = session(&database);
    let (user, post, _) = ada(&mut session)?;
    session.set_autoflush(false);
    let mut by_name = session.untyped();
    by_name.related(post, "author")?;
    by_name.set(post, "author", None)?;
    by_name.delete_where("Post", None, Synchronize::Not)?;
    let refused = by_name.related(user, "posts").expect_err("it is not among what was read");
    assert!(matches!(refused.misuse(), Some(Misuse::NotInCollection { .. })), "{refused}");
    Ok(())
}

/// A list that holds an object twice lets go of it where it is held no more. To pop is to speak of it when it is out; to
/// clear is to speak of each while all are there, so that the other side of one that stood twice stays.
#[test]
fn what_stands_twice_is_let_go_by_pop_and_not_by_clear() -> Result<()> {
    for clears in [false, true] {
        let database = blog(plain, plain)?;
        let mut session = session(&database);
        let (user, post, other) = ada(&mut session)?;
        let mut by_name = session.untyped();
        by_name.push(user, "posts", post)?;
        assert_eq!(by_name.related(user, "posts")?, [post, other, post]);
        match clears {
            false => assert_eq!(by_name.pop(user, "posts", 2)?, post),
            true => by_name.clear(user, "posts")?,
        }
        let author = if clears { vec![user] } else { vec![] };
        assert_eq!(by_name.related(post, "author")?, author, "clears: {clears}");
    }
    Ok(())
}

/// A reference that is never loaded has no old owner to let go of.
#[test]
fn a_reference_that_is_never_loaded_is_not_moved_by_its_old_owner() -> Result<()> {
    for (lazy, author) in [(Lazy::Noload, Value::Int(1)), (Lazy::Select, Value::Null)] {
        let database = blog(plain, |it| it.lazy(lazy))?;
        let mut session = session(&database);
        let (user, post, _) = ada(&mut session)?;
        let mut by_name = session.untyped();
        by_name.related(user, "posts")?;
        by_name.expire(post, &[])?;
        by_name.expunge(user)?;
        by_name.remove(user, "posts", post)?;
        session.commit()?;
        assert_eq!(session.untyped().value(post, "author_id")?, author, "{lazy:?}");
    }
    Ok(())
}

/// To change its key, an object has to know it.
#[test]
fn a_detached_object_that_has_forgotten_its_key_keeps_it() -> Result<()> {
    let database = blog(plain, plain)?;
    let mut session = session(&database);
    let (user, ..) = ada(&mut session)?;
    let mut by_name = session.untyped();
    by_name.expunge(user)?;
    let refused = by_name.assign(user, "id", 7).expect_err("it cannot be read");
    assert!(matches!(refused.misuse(), Some(Misuse::Detached { .. })), "{refused}");
    Ok(())
}

/// A reference that wants to know what it led to asks as if it were looked at: where that is forbidden, it cannot be set.
#[test]
fn a_reference_that_may_not_be_read_cannot_be_set() -> Result<()> {
    for (lazy, knows) in [(Lazy::Raise, true), (Lazy::RaiseOnSql, false)] {
        let database = blog(plain, |it| it.lazy(lazy).active_history(true))?;
        ada(&mut session(&database))?;
        let mut session = session(&database);
        let mut by_name = session.untyped();
        if knows {
            by_name.all("User")?;
        }
        let post = by_name.all("Post")?[0];
        let refused = by_name.set(post, "author", None).expect_err("it would have to be read");
        assert!(matches!(refused.misuse(), Some(Misuse::NotLoaded { .. })), "{lazy:?}: {refused}");
    }
    Ok(())
}

/// Who is no member of a list leaves it before it is refused, which takes its owner away unless that is known to be another
/// one: a reference that wants to know its old target reads it.
#[test]
fn a_stranger_keeps_an_owner_that_is_read() -> Result<()> {
    for reads in [false, true] {
        let database = blog(plain, |it| it.active_history(reads))?;
        let mut session = session(&database);
        let (user, post, _) = ada(&mut session)?;
        let bob = add(&mut session.untyped(), "User", 2)?;
        session.flush()?;
        let mut by_name = session.untyped();
        by_name.expire(post, &[])?;
        by_name.value(post, "title")?;
        by_name.expunge(user)?;
        by_name.remove(bob, "posts", post).expect_err("it is no post of his");
        session.flush()?;
        let kept = if reads { Value::Int(1) } else { Value::Null };
        assert_eq!(session.untyped().value(post, "author_id")?, kept, "reads: {reads}");
    }
    Ok(())
}
