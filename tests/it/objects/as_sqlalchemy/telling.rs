//! What listeners are told, and what they are not.

use diptych::object::{Event, RowStep, StateChange, Synchronize, Untyped};
use diptych::prelude::*;
use diptych::{AnyRef, PassiveDeletes, Session, State};

use super::{ada, add, blog, plain, session};

/// What has happened since somebody asked.
fn happened(session: &mut Session) -> Vec<Event> {
    session.untyped().take_events()
}

fn listening(database: &Database) -> Session {
    let mut session = session(database);
    session.untyped().listen();
    session
}

/// How the states of objects have changed.
fn changes(session: &mut Session) -> Vec<(AnyRef, StateChange)> {
    let change = |it: Event| match it {
        Event::State { object, change } => Some((object, change)),
        _ => None,
    };
    happened(session).into_iter().filter_map(change).collect()
}

fn steps(events: &[Event], wanted: RowStep) -> Vec<AnyRef> {
    let step = |it: &Event| match *it {
        Event::Row { object, step } if step == wanted => Some(object),
        _ => None,
    };
    events.iter().filter_map(step).collect()
}

/// A reference whose value is taken away is not told of as one that is set; its other side is.
#[test]
fn to_take_a_reference_away_is_not_to_set_it() -> Result<()> {
    let database = blog(plain, plain)?;
    let mut session = listening(&database);
    let (user, post, _) = ada(&mut session)?;
    session.untyped().related(post, "author")?;
    happened(&mut session);
    session.untyped().unset(post, "author")?;
    let events = happened(&mut session);
    assert!(!events.iter().any(|it| matches!(it, Event::Set { .. })), "{events:?}");
    let left = |it: &Event| matches!(it, Event::Removed { owner, member, .. } if (*owner, *member) == (user, post));
    assert!(events.iter().any(left), "{events:?}");
    Ok(())
}

/// That an object leaves a list is told, and moves its other side, before anybody looks whether it is there.
#[test]
fn a_stranger_leaves_a_list_before_it_is_refused() -> Result<()> {
    let database = blog(plain, plain)?;
    let mut session = listening(&database);
    let (_, post, _) = ada(&mut session)?;
    let bob = add(&mut session.untyped(), "User", 2)?;
    happened(&mut session);
    session.untyped().remove(bob, "posts", post).expect_err("it is no post of his");
    let events = happened(&mut session);
    let left = |it: &Event| matches!(it, Event::Removed { owner, member, .. } if (*owner, *member) == (bob, post));
    assert!(events.iter().any(left), "{events:?}");
    Ok(())
}

/// A deleted object cannot come into the session, which is found out before it is told that it has joined a list.
#[test]
fn what_cannot_come_along_has_joined_nothing() -> Result<()> {
    let database = blog(plain, plain)?;
    let mut session = listening(&database);
    let (_, post, _) = ada(&mut session)?;
    session.untyped().delete(post)?;
    session.flush()?;
    let bob = add(&mut session.untyped(), "User", 2)?;
    happened(&mut session);
    session.untyped().push(bob, "posts", post).expect_err("it was deleted");
    let events = happened(&mut session);
    assert!(!events.iter().any(|it| matches!(it, Event::Appended { .. })), "{events:?}");
    Ok(())
}

/// Who takes part in a flush is told of, whether its row is written or not.
#[test]
fn an_object_that_is_saved_is_told_of_though_nothing_is_written() -> Result<()> {
    let database = blog(plain, plain)?;
    let mut session = listening(&database);
    let (user, post, _) = ada(&mut session)?;
    let mut by_name = session.untyped();
    by_name.related(post, "author")?;
    by_name.set(post, "author", Some(user))?;
    happened(&mut session);
    session.flush()?;
    let events = happened(&mut session);
    assert_eq!(steps(&events, RowStep::BeforeUpdate), [post]);
    assert_eq!(steps(&events, RowStep::AfterUpdate), [post]);
    Ok(())
}

/// What was about to be deleted has come back by a rollback as what was deleted has.
#[test]
fn what_was_about_to_be_deleted_comes_back() -> Result<()> {
    let database = blog(plain, plain)?;
    let mut session = listening(&database);
    let (_, post, _) = ada(&mut session)?;
    let told = |session: &mut Session| {
        let back = StateChange::DeletedToPersistent;
        happened(session)
            .iter()
            .any(|it| matches!(it, Event::State { object, change } if *object == post && *change == back))
    };
    let delete = |by_name: &mut Untyped<'_>| by_name.delete(post);
    delete(&mut session.untyped())?;
    session.rollback()?;
    assert!(told(&mut session), "by a rollback");
    session.savepoint()?;
    delete(&mut session.untyped())?;
    session.rollback_to()?;
    assert!(told(&mut session), "by a rollback to a savepoint");
    Ok(())
}

/// Who takes a member out by its place has changed the owner, whether there is such a place or not.
#[test]
fn to_pop_nothing_is_a_change_of_the_owner() -> Result<()> {
    let database = blog(plain, plain)?;
    let mut session = listening(&database);
    let bob = add(&mut session.untyped(), "User", 2)?;
    session.commit()?;
    happened(&mut session);
    session.untyped().pop(bob, "posts", 0).expect_err("he has written nothing");
    session.flush()?;
    assert_eq!(steps(&happened(&mut session), RowStep::BeforeUpdate), [bob]);
    Ok(())
}

/// An object that was deleted is called deleted when it is to be deleted once more, and leaves the session as what was
/// deleted.
#[test]
fn to_delete_again_brings_nothing_back() -> Result<()> {
    let database = blog(plain, plain)?;
    let mut session = listening(&database);
    let (_, post, _) = ada(&mut session)?;
    session.delete(post)?;
    session.flush()?;
    happened(&mut session);
    session.delete(post)?;
    assert_eq!(changes(&mut session), []);
    session.flush()?;
    assert_eq!(changes(&mut session), [(post, StateChange::PersistentToDeleted)]);
    session.delete(post)?;
    session.expunge(post)?;
    assert_eq!(changes(&mut session), [(post, StateChange::DeletedToDetached)]);
    Ok(())
}

/// An owner without a statement is told of in its turn, before a row of a member is refused.
#[test]
fn an_owner_is_told_of_before_its_members_are_refused() -> Result<()> {
    let database = blog(plain, plain)?;
    let mut session = listening(&database);
    let (user, post, _) = ada(&mut session)?;
    let mut by_name = session.untyped();
    by_name.related(user, "posts")?;
    by_name.delete_where("Post", None, Synchronize::Not)?;
    by_name.remove(user, "posts", post)?;
    happened(&mut session);
    session.flush().expect_err("the row of the post has gone");
    let events = happened(&mut session);
    assert_eq!(steps(&events, RowStep::BeforeUpdate), [user, post]);
    assert_eq!(steps(&events, RowStep::AfterUpdate), [user]);
    Ok(())
}

/// Who is saved without a statement is told of before rows are deleted, which may be refused.
#[test]
fn the_saved_are_told_of_before_a_delete_is_refused() -> Result<()> {
    let database = blog(|it| it.passive_deletes(PassiveDeletes::All), plain)?;
    let mut session = listening(&database);
    let (user, post, _) = ada(&mut session)?;
    let mut by_name = session.untyped();
    by_name.related(post, "author")?;
    by_name.set(post, "author", Some(user))?;
    by_name.delete(user)?;
    happened(&mut session);
    session.flush().expect_err("the posts still refer to the user");
    let events = happened(&mut session);
    assert_eq!(steps(&events, RowStep::AfterUpdate), [post]);
    Ok(())
}

/// A rollback tells of a new object that it is transient again, whether it was to be read again or has left the session,
/// and that it is detached if it was deleted.
#[test]
fn new_objects_are_told_of_as_new_again() -> Result<()> {
    type Do = fn(&mut Session, AnyRef) -> Result<()>;
    let stays: Do = |_, _| Ok(());
    let is_expired: Do = |session, user| session.expire(user);
    let leaves: Do = |session, user| session.expunge(user);
    let goes: Do = |session, user| session.delete(user).and_then(|()| session.flush());
    let back = StateChange::PersistentToTransient;
    let ways = [(stays, back), (is_expired, back), (leaves, back), (goes, StateChange::DeletedToDetached)];
    for (at, (happens, change)) in ways.into_iter().enumerate() {
        let database = blog(plain, plain)?;
        let mut session = listening(&database);
        let user = add(&mut session.untyped(), "User", 1)?;
        session.flush()?;
        happens(&mut session, user)?;
        happened(&mut session);
        session.rollback()?;
        assert_eq!(changes(&mut session), [(user, change)], "{at}");
        assert_eq!(session.state(user)?, State::Transient);
    }
    Ok(())
}
