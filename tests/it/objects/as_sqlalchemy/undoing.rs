//! What a rollback makes of objects, and what is left when a commit is refused.

use diptych::error::Misuse;
use diptych::object::Synchronize;
use diptych::prelude::*;
use diptych::{AnyRef, Class, Column, ForeignKey, Session, State, Table, Value};

use super::{ada, add, blog, plain, session};

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

/// A commit that the database refuses leaves the transaction as it is, and nothing to do but to roll it back.
#[test]
fn a_refused_commit_waits_for_a_rollback() -> Result<()> {
    let users = Table::new("users").auto_key("id");
    let posts = Table::new("posts")
        .auto_key("id")
        .column(Column::int("author_id").nullable())
        .foreign_key(ForeignKey::new(["author_id"], "users").deferred());
    let database = Database::with_classes([Class::new("User", users), Class::new("Post", posts)], [])?;
    let mut session = session(&database);
    let post = session.untyped().add("Post", &[("author_id", 7.into())])?;
    session.commit().expect_err("there is no such user");
    assert_eq!(session.state(post)?, State::Persistent);
    let refused = session.untyped().all("Post").expect_err("that takes a statement");
    assert!(matches!(refused.misuse(), Some(Misuse::CommitRefused)), "{refused}");
    let refused = session.commit().expect_err("it was refused before");
    assert!(matches!(refused.misuse(), Some(Misuse::Inactive)), "{refused}");
    session.rollback()?;
    assert!(session.untyped().all("Post")?.is_empty());
    Ok(())
}

/// Without a transaction there is nothing to roll back: objects that have kept what they know keep it.
#[test]
fn a_rollback_of_nothing_changes_nothing() -> Result<()> {
    let database = blog(plain, plain)?;
    let mut session = session(&database);
    session.set_expire_on_commit(false);
    let user = add(&mut session.untyped(), "User", 1)?;
    session.commit()?;
    session.rollback()?;
    assert!(session.untyped().is_loaded(user, "name")?);
    session.untyped().assign(user, "name", "Ada")?;
    session.rollback()?;
    assert!(!session.untyped().is_loaded(user, "name")?);
    Ok(())
}

/// Nothing is read for an object outside, whatever has become of the transaction.
#[test]
fn what_is_outside_has_no_part_in_what_failed() -> Result<()> {
    let database = blog(plain, plain)?;
    let mut session = session(&database);
    let user = add(&mut session.untyped(), "User", 1)?;
    session.commit()?;
    add(&mut session.untyped(), "User", 1)?;
    session.flush().expect_err("the key is taken");
    let mut by_name = session.untyped();
    by_name.expunge(user)?;
    let refused = by_name.value(user, "name").expect_err("it was not read");
    assert!(matches!(refused.misuse(), Some(Misuse::Detached { .. })), "{refused}");
    Ok(())
}

/// A row that was begun by a value is expired all the same: to find the object reads it, and nothing is read after a
/// failure.
#[test]
fn an_object_with_a_row_that_was_begun_is_read_when_it_is_found() -> Result<()> {
    let database = blog(plain, plain)?;
    let mut session = session(&database);
    let user = add(&mut session.untyped(), "User", 1)?;
    session.commit()?;
    add(&mut session.untyped(), "User", 1)?;
    session.flush().expect_err("the key is taken");
    let mut by_name = session.untyped();
    by_name.assign(user, "name", Value::from("Ada"))?;
    let refused = by_name.find("User", &[Value::Int(1)]).expect_err("a flush has failed");
    assert!(matches!(refused.misuse(), Some(Misuse::Inactive)), "{refused}");
    Ok(())
}

/// What was deleted is in no identity map, where a session that is closed looks for what it lets go.
#[test]
fn what_was_deleted_stays_deleted_when_the_session_is_closed() -> Result<()> {
    let database = blog(plain, plain)?;
    let mut session = session(&database);
    let (user, post, _) = super::ada(&mut session)?;
    session.untyped().delete(post)?;
    session.flush()?;
    session.untyped().close()?;
    let mut by_name = session.untyped();
    assert_eq!(by_name.status(post)?.state, State::Deleted);
    assert_eq!(by_name.status(user)?.state, State::Detached);
    Ok(())
}

/// After a flush that was refused there is nothing to flush where all that was to be done has been let go.
#[test]
fn nothing_is_left_of_what_was_let_go() -> Result<()> {
    let database = blog(plain, plain)?;
    let mut session = session(&database);
    let (user, post, _) = ada(&mut session)?;
    let mut by_name = session.untyped();
    by_name.delete_where("Post", None, Synchronize::Not)?;
    by_name.assign(post, "title", "Notes")?;
    session.flush().expect_err("the row of the post has gone");
    session.delete(user)?;
    let refused = session.flush().expect_err("the transaction waits for a rollback");
    assert!(matches!(refused.misuse(), Some(Misuse::Inactive)), "{refused}");
    session.expunge(user)?;
    session.flush()
}
