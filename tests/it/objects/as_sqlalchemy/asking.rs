//! What is asked of an object without changing it.

use diptych::object::Change;
use diptych::prelude::*;
use diptych::{Class, Column, ForeignKey, Relationship, Table};

use super::{add, blog, plain, session};

/// A partner that was set without having been read is looked up when somebody asks whether that is a change.
#[test]
fn who_a_partner_was_is_found_out_when_it_is_asked_for() -> Result<()> {
    let cards = Table::new("cards")
        .auto_key("id")
        .column(Column::int("user_id").nullable())
        .foreign_key(ForeignKey::new(["user_id"], "users"));
    let user = Class::new("User", Table::new("users").auto_key("id"))
        .relation(Relationship::has_one("card", "Card").inverse("user"));
    let card = Class::new("Card", cards).relation(Relationship::belongs_to("user", "User").inverse("card"));
    let database = Database::with_classes([user, card], [])?;
    let mut session = session(&database);
    let mut by_name = session.untyped();
    let (ada, bob, card) =
        (add(&mut by_name, "User", 1)?, add(&mut by_name, "User", 2)?, add(&mut by_name, "Card", 1)?);
    by_name.set(card, "user", Some(ada))?;
    session.commit()?;
    let mut by_name = session.untyped();
    by_name.set(ada, "card", None)?;
    by_name.set(bob, "card", None)?;
    assert_eq!((by_name.status(ada)?.modified, by_name.status(bob)?.modified), (true, false));
    assert_eq!(by_name.history(ada, "card")?.deleted, [Change::Object(Some(card))]);
    by_name.expunge(card)?;
    let contents = by_name.contents();
    assert_eq!((contents.dirty, contents.persistent.len()), (vec![ada], 3), "the card is read again");
    Ok(())
}

/// A reference that is known to lead nowhere is a value like any other.
#[test]
fn nothing_is_in_the_history_of_a_reference() -> Result<()> {
    let database = blog(plain, plain)?;
    let mut session = session(&database);
    let post = add(&mut session.untyped(), "Post", 1)?;
    session.commit()?;
    let mut by_name = session.untyped();
    assert_eq!(by_name.related(post, "author")?, []);
    assert_eq!(by_name.history(post, "author")?.unchanged, [Change::Object(None)]);
    Ok(())
}
