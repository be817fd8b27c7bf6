//! What a refused flush says beside the constraint: its statement, the object, what has carried it along, and the line.

use diptych::Error;
use diptych::error::{FlushFact, Rule};
use diptych::object::Manner;
use diptych::prelude::*;

use super::forum::*;

fn where_it_was(error: &Error) -> &FlushFact {
    error.in_flush().unwrap_or_else(|| panic!("nothing is said of a flush: {error:#}"))
}

/// The path and the object, as one line.
fn way(fact: &FlushFact) -> String {
    let hops = fact.path.iter().map(|hop| format!("{} -{}-> ", hop.from, hop.by));
    hops.collect::<String>() + fact.object.as_deref().unwrap_or("?")
}

fn line(fact: &FlushFact) -> u32 {
    let line = fact.line.expect("a line has changed it");
    assert!(line.file().ends_with("refusals.rs"), "{line}");
    line.line()
}

#[test]
fn of_many_new_objects_the_one_that_is_refused_is_named_with_its_line() -> Result<()> {
    let mut session = forum().session();
    for name in ["alice", "bob", "carol"] {
        session.add(user(name));
    }
    let twin = session.add(user("bob"));
    let added = line!() - 1;
    posted(&mut session, twin, "first");
    let error = session.flush().expect_err("the email is taken");
    assert_eq!(error.violation().map(|it| it.rule), Some(Rule::Unique));
    let fact = where_it_was(&error);
    assert_eq!((fact.step, fact.steps, fact.statement.as_str(), fact.rows), (1, 2, "insert users", 4));
    assert_eq!((way(fact).as_str(), line(fact)), ("a new User", added));
    let story = format!("{error:#}");
    assert!(
        story.contains("\nin a flush   statement 1 of 2: insert users, 4 rows\nobject       a new User\nchanged at   ")
    );
    assert!(!error.to_string().contains('\n'), "the headline stays one line");
    Ok(())
}

#[test]
fn an_edit_is_refused_at_the_line_that_has_edited() -> Result<()> {
    for manner in [Manner::Sound, Manner::SqlAlchemy] {
        let mut session = forum().session();
        session.set_manner(manner);
        session.add(user("alice"));
        let bob = session.add(user("bob"));
        session.commit()?;
        session.edit(bob)?.name = "Bob".into();
        let first = line!() - 1;
        session.edit(bob)?.email = "alice@example.org".into();
        let error = session.commit().expect_err("the email is taken");
        let fact = where_it_was(&error);
        assert_eq!((fact.step, fact.steps, fact.statement.as_str()), (1, 1, "update users"));
        assert_eq!((way(fact).as_str(), line(fact)), ("User[2]", first));
        session.rollback()?;
        session.edit(bob)?.email = "bob@example.net".into();
        session.commit()?;
    }
    Ok(())
}

#[test]
fn what_a_cascade_carries_along_is_led_back_over_each_step() -> Result<()> {
    let mut session = forum().session();
    session.add(tag("rust"));
    session.commit()?;
    let (alice, first) = (session.transient(user("alice"))?, session.transient(post("first"))?);
    session.push(alice, User::posts, first)?;
    session.push(first, Post::tags, tag("rust"))?;
    session.save(alice)?;
    let saved = line!() - 1;
    let error = session.flush().expect_err("there is such a tag");
    let fact = where_it_was(&error);
    assert_eq!(way(fact), "a new User -User.posts-> a new Post -Post.tags-> a new Tag");
    assert_eq!((fact.statement.as_str(), line(fact)), ("insert tags", saved));
    Ok(())
}

/// A row that the program did not touch: the delete of its owner sets its foreign key to NULL.
#[test]
fn what_only_a_flush_comes_to_is_led_back_to_what_was_deleted() -> Result<()> {
    let mut session = forum().session();
    let alice = session.add(user("alice"));
    let first = posted(&mut session, alice, "first");
    session.commit()?;
    session.delete(alice)?;
    let deleted = line!() - 1;
    let error = session.flush().expect_err("a post has an author");
    assert_eq!(error.violation().map(|it| it.rule), Some(Rule::NotNull));
    let fact = where_it_was(&error);
    assert_eq!((way(fact).as_str(), line(fact)), ("User[1] -User.posts-> Post[1]", deleted));
    session.no_autoflush(|session| session.delete(first))?;
    session.flush()?;
    assert_eq!((count(&mut session, "users"), count(&mut session, "posts")), (0, 0));
    Ok(())
}

/// An autoflush says the same: the line that changed, not the one that reads.
#[test]
fn an_autoflush_is_refused_at_the_line_that_has_changed() -> Result<()> {
    let database = forum();
    let error = database
        .transaction(|session| {
            session.add(user("alice"));
            session.add(user("alice"));
            session.all(User::select()).map(drop)
        })
        .expect_err("the email is taken");
    assert_eq!(line(where_it_was(&error)), line!() - 4);
    Ok(())
}

/// Classes that are known at run time only: the same facts.
#[test]
fn untyped_changes_have_a_line_too() -> Result<()> {
    let mut session = forum().session();
    let mut untyped = session.untyped();
    let alice = untyped.add("User", &[("email", "a@example.org".into()), ("name", "Alice".into())])?;
    let bob = untyped.add("User", &[("email", "b@example.org".into()), ("name", "Bob".into())])?;
    session.commit()?;
    session.untyped().assign(bob, "email", "a@example.org")?;
    let assigned = line!() - 1;
    let error = session.flush().expect_err("the email is taken");
    assert_eq!((way(where_it_was(&error)).as_str(), line(where_it_was(&error))), ("User[2]", assigned));
    session.untyped().assign(bob, "email", "b@example.net")?;
    session.untyped().delete(alice)?;
    session.flush()?;
    Ok(())
}

/// Where a foreign key must not be NULL, the story ends with what the program can do about it, in its own words.
#[test]
fn a_reference_that_leads_nowhere_is_refused_with_the_relation_to_set() -> Result<()> {
    let mut session = forum().session();
    let advice = |session: &mut Session| {
        let error = session.flush().expect_err("somebody is needed");
        let advice = where_it_was(&error).advice.clone().expect("there is something to do");
        assert!(format!("{error:#}").contains(&advice), "{error:#}");
        advice
    };
    session.add(post("nobody's"));
    let said = advice(&mut session);
    assert_eq!(said, "let `Post.author` lead to an object, or push this one to `User.posts`");
    session.rollback()?;

    let alice = session.add(user("alice"));
    let first = posted(&mut session, alice, "first");
    session.commit()?;
    session.remove(alice, User::posts, first)?;
    let said = advice(&mut session);
    assert_eq!(said, "let `Post.author` lead to an object, or delete this one: `User.posts` does by `delete_orphan`");
    session.rollback()?;

    session.delete(alice)?;
    let said = advice(&mut session);
    let expected = "add `delete` to the cascade of `User.posts`, or leave what it leads to to the foreign key by `passive_deletes`";
    assert_eq!(said, expected);
    Ok(())
}
