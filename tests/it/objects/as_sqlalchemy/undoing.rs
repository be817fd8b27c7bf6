//! What a rollback makes of new objects.

use diptych::error::Misuse;
use diptych::prelude::*;
use diptych::{AnyRef, Session, State};

use super::{add, blog, plain, session};

#[track_caller]
fn cannot_be_read(session: &mut Session, user: AnyRef) {
    let mut by_name = session.untyped();
    for refused in [by_name.value(user, "id").map(drop), by_name.merge(user, true).map(drop)] {
        let refused = refused.expect_err("there is no row to read");
        assert!(matches!(refused.misuse(), Some(Misuse::Detached { .. })), "{refused}");
    }
}

/// A new object that was to be read again has nothing left to read: it is new, and what it has forgotten is an error.
#[test]
fn what_a_new_object_has_forgotten_is_lost() -> Result<()> {
    let database = blog(plain, plain)?;
    let mut session = session(&database);
    let user = add(&mut session.untyped(), "User", 1)?;
    session.flush()?;
    session.expire(user)?;
    session.rollback()?;
    assert_eq!(session.state(user)?, State::Transient);
    cannot_be_read(&mut session, user);
    let mut by_name = session.untyped();
    by_name.assign(user, "id", 2)?;
    assert_eq!(by_name.value(user, "id")?, 2.into(), "what is given is there");
    by_name.save(user)?;
    session.commit()
}

/// Savepoints are rolled back one after the other: what was changed and deleted in one is to be read again when the next
/// makes it new.
#[test]
fn savepoints_are_rolled_back_one_by_one() -> Result<()> {
    let database = blog(plain, plain)?;
    let mut session = session(&database);
    let user = add(&mut session.untyped(), "User", 1)?;
    session.savepoint()?;
    session.untyped().assign(user, "name", "Ada")?;
    session.delete(user)?;
    session.flush()?;
    session.rollback()?;
    assert_eq!(session.state(user)?, State::Transient);
    cannot_be_read(&mut session, user);
    Ok(())
}

/// A new object that was let go is new again, too; one whose key was changed is taken for one that has a row somewhere.
#[test]
fn new_objects_are_new_again_but_for_changed_keys() -> Result<()> {
    let database = blog(plain, plain)?;
    let mut session = session(&database);
    let mut by_name = session.untyped();
    let (left, rekeyed) = (add(&mut by_name, "User", 1)?, add(&mut by_name, "User", 2)?);
    session.flush()?;
    session.expunge(left)?;
    session.untyped().assign(rekeyed, "id", 3)?;
    session.flush()?;
    session.rollback()?;
    assert_eq!((session.state(left)?, session.state(rekeyed)?), (State::Transient, State::Detached));
    assert_eq!(session.untyped().identity(rekeyed)?, Some(vec![2.into()]));
    Ok(())
}
