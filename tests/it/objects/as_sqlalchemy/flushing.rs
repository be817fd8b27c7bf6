//! What a flush does, and what it is asked for.

use diptych::error::Misuse;
use diptych::object::Synchronize;
use diptych::prelude::*;
use diptych::query::StatementKind;
use diptych::{Cascade, Class, Column, ForeignKey, Lazy, PassiveDeletes, Relationship, State, Table, Value};

use super::{ada, add, blog, new, plain, session};

/// A cascade along a reference that leads nowhere needs no statement, and so no flush.
#[test]
fn a_cascade_along_an_empty_reference_flushes_nothing() -> Result<()> {
    let database = blog(plain, |it| it.cascade(Cascade::SAVE_UPDATE | Cascade::DELETE))?;
    let mut session = session(&database);
    let (_, post, _) = ada(&mut session)?;
    let mut by_name = session.untyped();
    by_name.set(post, "author", None)?;
    session.commit()?;
    let mut by_name = session.untyped();
    by_name.value(post, "title")?;
    let new = add(&mut by_name, "Post", 3)?;
    by_name.delete(post)?;
    assert_eq!(by_name.status(new)?.state, State::Pending);
    Ok(())
}

/// Who deletes an object once more sends its DELETE once more, which finds no row. The object is called deleted all the
/// while.
#[test]
fn what_is_deleted_again_is_deleted_again() -> Result<()> {
    let database = blog(plain, plain)?;
    let mut session = session(&database);
    let (_, post, _) = ada(&mut session)?;
    let mut deletes = Vec::new();
    for _ in 0..2 {
        session.delete(post)?;
        let watch = session.watch_statements();
        session.flush()?;
        let entries = session.watched_statements(watch);
        deletes.extend(entries.iter().filter(|it| it.kind == StatementKind::Delete).map(|it| it.rows));
        assert_eq!(session.state(post)?, State::Deleted);
    }
    assert_eq!(deletes, [1, 0]);
    Ok(())
}

/// What the identity map says a reference leads to is kept when its owner goes: it can be asked for afterwards.
#[test]
fn a_deleted_object_knows_where_its_reference_led() -> Result<()> {
    let database = blog(plain, plain)?;
    let mut session = session(&database);
    let (user, post, _) = ada(&mut session)?;
    let mut by_name = session.untyped();
    by_name.value(user, "name")?;
    by_name.value(post, "title")?;
    by_name.delete(post)?;
    session.flush()?;
    assert!(session.untyped().is_loaded(post, "author")?);
    assert_eq!(session.untyped().related(post, "author")?, [user]);
    Ok(())
}

/// What a relation holds is asked before the row of its owner is read again for the DELETE: what comes along with that row
/// comes too late to be written.
#[test]
fn what_is_read_for_a_delete_comes_too_late() -> Result<()> {
    let late = |it: Relationship| it.lazy(Lazy::Selectin).passive_deletes(PassiveDeletes::On);
    for (expired, refused) in [(false, false), (true, true)] {
        let database = blog(late, plain)?;
        let mut session = session(&database);
        let (user, ..) = ada(&mut session)?;
        if !expired {
            session.untyped().value(user, "name")?;
        }
        session.delete(user)?;
        assert_eq!(session.flush().is_err(), refused, "expired: {expired}");
        assert!(refused || session.untyped().is_loaded(user, "posts")?);
    }
    Ok(())
}

/// A member that no session knows is told its foreign key by the flush of its owner.
#[test]
fn a_member_outside_learns_its_foreign_key() -> Result<()> {
    let database = blog(|it| it.cascade(Cascade::NONE), |it| it.cascade(Cascade::NONE))?;
    let mut session = session(&database);
    let (user, ..) = ada(&mut session)?;
    let mut by_name = session.untyped();
    let post = new(&mut by_name, "Post", 3)?;
    by_name.push(user, "posts", post)?;
    session.flush()?;
    let mut by_name = session.untyped();
    assert_eq!(by_name.status(post)?.state, State::Transient);
    assert_eq!(by_name.value(post, "author_id")?, 1.into());
    Ok(())
}

/// A value that was taken away is nothing that could be written.
#[test]
fn a_value_that_was_taken_away_is_not_written() -> Result<()> {
    let database = blog(plain, plain)?;
    let mut session = session(&database);
    let (user, ..) = ada(&mut session)?;
    session.untyped().unset(user, "name")?;
    let refused = session.flush().expect_err("there is nothing to write");
    assert!(matches!(refused.misuse(), Some(Misuse::Statement { .. })), "{refused}");
    Ok(())
}

/// An object that was expired has no part in the next flush, whatever was to be written of it.
#[test]
fn what_was_expired_is_not_flushed() -> Result<()> {
    let database = blog(plain, plain)?;
    let mut session = session(&database);
    let (_, post, _) = ada(&mut session)?;
    session.set_autoflush(false);
    let mut by_name = session.untyped();
    by_name.assign(post, "title", "Notes")?;
    by_name.delete_where("Post", None, Synchronize::Not)?;
    by_name.expire(post, &[])?;
    session.commit()
}

/// Whoever takes part in a flush is asked for its key in the end: one whose row has gone is missed then.
#[test]
fn a_flush_misses_rows_that_it_need_not_write() -> Result<()> {
    let database = blog(plain, |it| it.cascade(Cascade::NONE))?;
    let mut session = session(&database);
    let (user, post, _) = ada(&mut session)?;
    session.set_autoflush(false);
    let mut by_name = session.untyped();
    by_name.delete_where("Post", None, Synchronize::Not)?;
    by_name.delete(user)?;
    session.flush()?;
    session.untyped().set(post, "author", Some(user))?;
    let refused = session.flush().expect_err("the post has no row");
    assert!(matches!(refused.misuse(), Some(Misuse::NotFound { .. })), "{refused}");
    Ok(())
}

/// The rows of a table are told their foreign keys before the first of them is written, and keep them when that fails: a
/// new post whose author never was written leads to him by its column.
#[test]
fn new_objects_keep_what_a_failed_flush_told_them() -> Result<()> {
    let database = blog(plain, plain)?;
    let mut session = session(&database);
    let (user, post, _) = ada(&mut session)?;
    let mut by_name = session.untyped();
    let new = add(&mut by_name, "Post", 3)?;
    by_name.set(new, "author", Some(user))?;
    by_name.assign(post, "author_id", 7)?;
    session.flush().expect_err("there is no such author");
    session.rollback()?;
    let mut by_name = session.untyped();
    assert_eq!(by_name.status(new)?.state, State::Transient);
    assert_eq!(by_name.value(new, "author_id")?, 1.into());
    Ok(())
}

/// The key by which an expired object is known is not one that it has read: to set it reads the row, and flushes first.
#[test]
fn to_set_a_key_reads_the_row_that_was_begun() -> Result<()> {
    let database = blog(plain, plain)?;
    let mut session = session(&database);
    let (user, ..) = ada(&mut session)?;
    let mut by_name = session.untyped();
    by_name.assign(user, "name", "Ada")?;
    let new = add(&mut by_name, "Post", 3)?;
    assert_eq!(by_name.status(new)?.state, State::Pending);
    by_name.assign(user, "id", 1)?;
    assert_eq!(by_name.status(new)?.state, State::Persistent);
    Ok(())
}

/// Where a class refers to itself, objects that go are sorted one by one, by all their references: one that may not be read
/// refuses the flush.
#[test]
fn a_forbidden_reference_refuses_a_flush_that_sorts_by_it() -> Result<()> {
    let houses = Table::new("houses").auto_key("id");
    let nodes = Table::new("nodes")
        .auto_key("id")
        .column(Column::int("parent_id").nullable())
        .column(Column::int("house_id").nullable())
        .foreign_key(ForeignKey::new(["parent_id"], "nodes"))
        .foreign_key(ForeignKey::new(["house_id"], "houses"));
    let node = Class::new("Node", nodes)
        .relation(Relationship::has_many("children", "Node").cascade(Cascade::ALL))
        .relation(Relationship::belongs_to("house", "House").lazy(Lazy::Raise));
    let database = Database::with_classes([node, Class::new("House", houses)], [])?;
    let mut first = session(&database);
    let mut by_name = first.untyped();
    let house = add(&mut by_name, "House", 1)?;
    let (root, leaf) = (add(&mut by_name, "Node", 1)?, add(&mut by_name, "Node", 2)?);
    by_name.push(root, "children", leaf)?;
    by_name.set(leaf, "house", Some(house))?;
    first.commit()?;
    let mut session = session(&database);
    let mut by_name = session.untyped();
    let both = by_name.all("Node")?;
    by_name.delete(both[0])?;
    let refused = session.flush().expect_err("a house may not be read");
    assert!(matches!(refused.misuse(), Some(Misuse::NotLoaded { .. })), "{refused}");
    Ok(())
}

/// A reference that is written by a statement of its own is cleared before its object goes, if anything is known of it.
#[test]
fn an_unknown_reference_is_not_cleared_before_its_object_goes() -> Result<()> {
    for (knows, statements) in [(false, 0), (true, 1)] {
        let database = blog(plain, |it| it.post_update(true))?;
        ada(&mut session(&database))?;
        let mut session = session(&database);
        let mut by_name = session.untyped();
        if knows {
            by_name.all("User")?;
        }
        let post = by_name.find("Post", &[Value::Int(1)])?.expect("a post");
        by_name.delete(post)?;
        session.record();
        session.take_log();
        session.flush()?;
        let ran = session.take_log();
        assert_eq!(ran.iter().filter(|it| it.kind == StatementKind::Update).count(), statements, "known: {knows}");
    }
    Ok(())
}
