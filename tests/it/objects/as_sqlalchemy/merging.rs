//! What is merged, and what that needs.

use diptych::error::Misuse;
use diptych::object::{Inheritance, Polymorphic};
use diptych::prelude::*;
use diptych::{Class, Column, ForeignKey, Lazy, Table, Value};

use super::{ada, blog, new, plain, session};

/// An object of a subclass cannot be merged into one of its base that has the same key. What both have was copied by
/// then.
#[test]
fn the_attributes_of_a_subclass_have_no_place_in_its_base() -> Result<()> {
    let animals = Table::new("animals").auto_key("id").column(Column::text("name")).column(Column::text("type"));
    let dogs = Table::new("dogs")
        .column(Column::int("id"))
        .primary_key(["id"])
        .column(Column::text("trick").nullable())
        .foreign_key(ForeignKey::new(["id"], "animals"));
    let animal = Class::new("Animal", animals).polymorphic(Polymorphic::on("type").identity("animal"));
    let dog =
        Class::new("Dog", dogs).inherits("Animal").polymorphic(Polymorphic::of(Inheritance::Joined).identity("dog"));
    let database = Database::with_classes([animal, dog], [])?;
    let mut session = session(&database);
    let animal = session.untyped().add("Animal", &[("name", "Rex".into())])?;
    session.flush()?;
    let mut by_name = session.untyped();
    let dog = by_name.construct("Dog", &[("id", 1.into()), ("name", "Fido".into())])?;
    let refused = by_name.merge(dog, true).expect_err("an animal knows no trick");
    assert!(matches!(refused.misuse(), Some(Misuse::WrongClass { .. })), "{refused}");
    assert_eq!(by_name.value(animal, "name")?, Value::from("Fido"));
    Ok(())
}

/// After a flush has failed, what needs no statement goes on: to merge an object of the session is to do nothing, and a
/// relation that is not to be read is refused as ever.
#[test]
fn what_needs_no_statement_goes_on_when_a_flush_has_failed() -> Result<()> {
    let database = blog(|it| it.lazy(Lazy::Raise), plain)?;
    let mut session = session(&database);
    let (user, ..) = ada(&mut session)?;
    session.untyped().add("Post", &[("author_id", 7.into())])?;
    session.flush().expect_err("there is no such author");
    let mut by_name = session.untyped();
    assert_eq!(by_name.merge(user, true)?, user);
    let refused = by_name.related(user, "posts").expect_err("it is not to be read");
    assert!(matches!(refused.misuse(), Some(Misuse::NotLoaded { .. })), "{refused}");
    let refused = by_name.value(user, "name").expect_err("that takes a statement");
    assert!(matches!(refused.misuse(), Some(Misuse::Inactive)), "{refused}");
    Ok(())
}

/// What was added to a dynamic collection before it is merged becomes what the collection holds.
#[test]
fn a_dynamic_collection_is_merged_as_what_was_added_to_it() -> Result<()> {
    let database = blog(|it| it.lazy(Lazy::Dynamic), plain)?;
    let mut session = session(&database);
    let (user, first, second) = ada(&mut session)?;
    let mut by_name = session.untyped();
    let given = new(&mut by_name, "User", 1)?;
    by_name.replace(given, "posts", &[])?;
    assert_eq!(by_name.merge(given, true)?, user);
    session.flush()?;
    for post in [first, second] {
        assert_eq!(session.untyped().value(post, "author_id")?, Value::Null);
    }
    Ok(())
}

/// A collection that is only written cannot be compared with what is merged into it.
#[test]
fn a_collection_that_is_only_written_is_not_merged() -> Result<()> {
    let database = blog(|it| it.lazy(Lazy::WriteOnly), plain)?;
    let mut session = session(&database);
    let (user, ..) = ada(&mut session)?;
    let mut by_name = session.untyped();
    let (given, post) = (new(&mut by_name, "User", 1)?, new(&mut by_name, "Post", 9)?);
    assert_eq!(by_name.merge(given, true)?, user, "nothing has happened to it");
    by_name.push(given, "posts", post)?;
    let refused = by_name.merge(given, true).expect_err("the rows would have to be read");
    assert!(matches!(refused.misuse(), Some(Misuse::WriteOnly { .. })), "{refused}");
    assert_eq!(by_name.contents().new.len(), 1, "what was added to it was merged by then");
    Ok(())
}
