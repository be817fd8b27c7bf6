//! One to one in two layers: objects lead to one of each other where a relation says so, rows only where a key is unique.

use diptych::error::{Misuse, Rule};
use diptych::object::{LoadOption, Selection};
use diptych::prelude::*;
use diptych::{Class, Column, ForeignKey, Lazy, Relationship, Table};

use super::forum::*;

/// The checklist's 33: a unique foreign key keeps a second row out, whoever writes it and whatever the session knows. The
/// relation alone keeps nothing out.
#[test]
fn a_true_one_to_one_is_kept_by_the_tables() -> Result<()> {
    let database = forum();
    let mut session = database.session();
    let alice = session.add(user("alice"));
    session.commit()?;
    let key = session[alice].id;

    // Both refer to alice by their columns: no relation is set that could move anything.
    database.transaction(|session| {
        session.add(Profile { user_id: key, text: "first".into(), ..Profile::draft() });
        session.add(Locker { owner_id: Some(key), ..Locker::draft() });
        Ok(())
    })?;
    let mut session = database.session();
    session.add(Profile { user_id: key, text: "second".into(), ..Profile::draft() });
    let refused = session.commit().expect_err("a user has one profile");
    let violation = refused.violation().expect("the tables refuse it");
    assert_eq!((violation.rule, &*violation.columns), (Rule::Unique, &["user_id".to_owned()][..]));
    assert_eq!(violation.blocking.len(), 1, "the row in the way is named");
    session.rollback()?;

    session.add(Locker { owner_id: Some(key), ..Locker::draft() });
    session.commit()?;
    assert_eq!((count(&mut session, "profiles"), count(&mut session, "lockers")), (1, 2));

    let lints: Vec<String> = database.lint()?.iter().map(ToString::to_string).collect();
    let about = |place: &str| lints.iter().filter(|it| it.starts_with(&format!("{place}: "))).count();
    assert_eq!((about("User.profile"), about("User.locker")), (0, 1), "what one layer says alone is noted: {lints:#?}");
    Ok(())
}

/// The checklist's 32b: where the tables have let a second row in, none of the two is chosen, by whatever strategy the
/// relation is read.
#[test]
fn of_two_rows_where_one_is_expected_none_is_chosen() -> Result<()> {
    let users =
        Class::new("User", Table::new("users").auto_key("id")).relation(Relationship::has_one("locker", "Locker"));
    let table = Table::new("lockers").auto_key("id").column(Column::int("user_id").nullable());
    let lockers = Class::new("Locker", table.foreign_key(ForeignKey::new(["user_id"], "users")));
    let database = Database::with_classes([users, lockers], [])?;
    let mut session = database.session();
    session.untyped().add("User", &[("id", 1.into())])?;
    session.flush()?;
    for _ in 0..2 {
        session.untyped().add("Locker", &[("user_id", 1.into())])?;
    }
    session.commit()?;
    for lazy in [Lazy::Select, Lazy::Selectin, Lazy::Joined, Lazy::Subquery, Lazy::Immediate] {
        let mut session = database.session();
        let mut by_name = session.untyped();
        let found = by_name.select("User", &Selection::new().load(LoadOption::by("locker", lazy)));
        let read = found.and_then(|users| by_name.related(users[0], "locker"));
        let refused = read.expect_err("there are two");
        assert!(matches!(refused.misuse(), Some(Misuse::NotOne { found: 2, .. })), "{lazy:?}: {refused}");

        let mut session = database.session();
        session.set_surplus_noted(true);
        let mut by_name = session.untyped();
        let users = by_name.select("User", &Selection::new().load(LoadOption::by("locker", lazy)))?;
        let locker = by_name.related(users[0], "locker")?;
        assert_eq!(by_name.value(locker[0], "id")?, 1.into(), "{lazy:?}");
        let noted = session.take_surplus();
        assert_eq!(noted.len(), 1, "{lazy:?}: {noted:?}");
        assert_eq!((&*noted[0].taken, &*noted[0].others), ("Locker[1]", &["Locker[2]".to_owned()][..]), "{lazy:?}");
        assert!(session.take_surplus().is_empty());
    }
    Ok(())
}
