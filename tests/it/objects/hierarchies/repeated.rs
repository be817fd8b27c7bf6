//! A column of a further table may repeat the key of the base under a name of its own: it follows the key.

use diptych::object::{Inheritance, Polymorphic};
use diptych::prelude::*;
use diptych::{Action, Class, Column, ForeignKey, Table};

/// People, bosses among them, and chiefs among these, each with a name of its own for the key.
fn database() -> Result<Database> {
    let people = Table::new("people").column(Column::int("id")).column(Column::text("kind")).primary_key(["id"]);
    let people = Class::new("Person", people).polymorphic(Polymorphic::on("kind").identity("person"));
    let part = |name: &'static str, base: &'static str, table: &'static str, own: &'static str, to: &'static str| {
        let key = ForeignKey::new([own], to).on_update(Action::Cascade);
        let class = Class::new(name, Table::new(table).column(Column::int(own)).primary_key([own]).foreign_key(key));
        class.inherits(base).polymorphic(Polymorphic::of(Inheritance::Joined).identity(table))
    };
    let bosses = part("Boss", "Person", "bosses", "person_id", "people");
    let chiefs = part("Chief", "Boss", "chiefs", "boss_id", "bosses");
    Database::with_classes([people, bosses, chiefs], [])
}

#[test]
fn what_repeats_a_key_follows_it() -> Result<()> {
    let database = database()?;
    let mut session = database.session();
    session.set_expire_on_commit(false);
    let mut by_name = session.untyped();
    let chiefs = [by_name.add("Chief", &[("id", 1.into())])?, by_name.add("Chief", &[("id", 2.into())])?];
    session.commit()?;
    let mut by_name = session.untyped();
    by_name.assign(chiefs[0], "id", 7)?;
    session.flush()?;
    let mut by_name = session.untyped();
    for attribute in ["id", "person_id", "boss_id"] {
        assert_eq!(by_name.value(chiefs[0], attribute)?, 7.into(), "{attribute}");
    }
    assert_eq!(by_name.history(chiefs[0], "boss_id")?.added, [], "nothing is pending");
    // Keys that are exchanged go another way.
    by_name.assign(chiefs[0], "id", 2)?;
    by_name.assign(chiefs[1], "id", 7)?;
    session.flush()?;
    let mut by_name = session.untyped();
    for attribute in ["id", "person_id", "boss_id"] {
        assert_eq!([by_name.value(chiefs[0], attribute)?, by_name.value(chiefs[1], attribute)?], [2.into(), 7.into()]);
    }
    by_name.refresh(chiefs[0], &[])?;
    assert_eq!(by_name.value(chiefs[0], "boss_id")?, 2.into(), "as the tables say");
    session.commit()
}

/// A flush that fails puts it back with the key.
#[test]
fn what_repeats_a_key_is_put_back_with_it() -> Result<()> {
    let database = database()?;
    let mut session = database.session();
    session.set_expire_on_commit(false);
    let mut by_name = session.untyped();
    let boss = by_name.add("Boss", &[("id", 1.into())])?;
    let other = by_name.add("Person", &[("id", 5.into())])?;
    session.commit()?;
    let mut by_name = session.untyped();
    by_name.expunge(other)?;
    by_name.assign(boss, "id", 7)?;
    by_name.add("Person", &[("id", 5.into())])?;
    session.flush().expect_err("the key is taken");
    assert_eq!(session.untyped().value(boss, "person_id")?, 1.into());
    Ok(())
}
