//! Such relations over sessions and transactions, with keys of several columns, and to the class itself.

use diptych::object::{Inheritance, Manner, PassiveDeletes, Polymorphic};
use diptych::prelude::*;
use diptych::schema::Action;
use diptych::{Class, Column, ForeignKey, Relationship, Table, Value};

use super::{apart, filled, find, find_shape, named, read, shape};

/// A rollback brings back what boxes held, to the beginning or to a savepoint, read or not.
#[test]
fn a_rollback_brings_members_back() -> Result<()> {
    for reads in [true, false] {
        let database = apart();
        filled(&database)?;
        let mut session = database.session();
        let (a, c1, c2) = (find(&mut session, "a")?, find_shape(&mut session, "c1")?, find_shape(&mut session, "c2")?);
        if reads {
            session.untyped().related(a, "shapes")?;
        }
        session.untyped().push(a, "shapes", c2)?;
        session.savepoint()?;
        let new = shape(&mut session, "Square", "new");
        session.untyped().push(a, "shapes", new)?;
        session.untyped().remove(a, "shapes", c1)?;
        session.flush()?;
        // What is read here is read again afterwards.
        assert_eq!(session.untyped().related(a, "shapes")?.len(), 3, "{reads}");
        session.rollback_to()?;
        let members = session.untyped().related(a, "shapes")?;
        let mut members = named(&mut session, &members)?;
        members.sort();
        assert_eq!(members, ["Circle c1", "Circle c2", "Shape s1"], "{reads}");
        session.rollback()?;
        let members = session.untyped().related(a, "shapes")?;
        assert_eq!(named(&mut session, &members)?, ["Shape s1", "Circle c1"], "{reads}");
        session.commit()?;
        assert_eq!(read(&database)?, ["a: Circle c1, Shape s1", "b: Circle c2, Square q1", "c: "]);
    }
    Ok(())
}

/// A collection that was read in a savepoint, when a circle had gone, is read again.
#[test]
fn what_was_read_in_a_savepoint_is_read_again() -> Result<()> {
    let database = apart();
    filled(&database)?;
    let mut session = database.session();
    let (a, c1) = (find(&mut session, "a")?, find_shape(&mut session, "c1")?);
    session.savepoint()?;
    session.untyped().assign(c1, "box_id", 3)?;
    session.flush()?;
    assert_eq!(session.untyped().related(a, "shapes")?.len(), 1);
    session.rollback_to()?;
    assert_eq!(session.untyped().related(a, "shapes")?.len(), 2);
    Ok(())
}

/// What another session has written is seen after an expiry.
#[test]
fn two_sessions_see_each_others_members() -> Result<()> {
    let database = apart();
    filled(&database)?;
    let (mut one, mut other) = (database.session(), database.session());
    let a = find(&mut one, "a")?;
    assert_eq!(one.untyped().related(a, "shapes")?.len(), 2);
    one.commit()?;
    let (there, loose) = (find(&mut other, "a")?, find_shape(&mut other, "loose")?);
    other.untyped().push(there, "shapes", loose)?;
    other.commit()?;
    one.untyped().expire(a, &[])?;
    assert_eq!(one.untyped().related(a, "shapes")?.len(), 3);
    one.untyped().refresh(a, &["shapes"])?;
    assert_eq!(one.untyped().related(a, "shapes")?.len(), 3);
    // What is taken back of a change shows on both sides.
    let (c1, loose) = (find_shape(&mut one, "c1")?, find_shape(&mut one, "loose")?);
    one.untyped().remove(a, "shapes", c1)?;
    one.untyped().set(loose, "box", None)?;
    for it in [c1, loose, a] {
        one.untyped().expire(it, &[])?;
    }
    one.commit()?;
    assert_eq!(one.untyped().related(a, "shapes")?.len(), 3);
    assert_eq!(one.untyped().related(c1, "box")?, [a]);
    Ok(())
}

/// Shapes within shapes, by a key of two columns: the parts of a shape are of any class, and stand in any table.
#[test]
fn parts_of_several_tables_by_keys_of_two_columns() -> Result<()> {
    let table = |name: &'static str| {
        let table = Table::new(name).column(Column::text("sheet")).column(Column::int("number"));
        let table = table.primary_key(["sheet", "number"]);
        let table = table.column(Column::text("of_sheet").nullable()).column(Column::int("of_number").nullable());
        table.foreign_key(ForeignKey::new(["of_sheet", "of_number"], "shapes"))
    };
    let circles = Table::new("circles").column(Column::int("of_number").nullable());
    let circles = circles.column(Column::text("of_sheet").nullable());
    let circles = circles.column(Column::int("number")).column(Column::text("sheet")).primary_key(["sheet", "number"]);
    let circles = circles.foreign_key(ForeignKey::new(["of_sheet", "of_number"], "shapes"));
    let whole = |remote: bool| {
        let it = Relationship::belongs_to("whole", "Shape").inverse("parts");
        if remote { it.remote_side(["sheet", "number"]) } else { it }
    };
    let classes = [
        Class::new("Shape", table("shapes"))
            .polymorphic(Polymorphic::default().union("kind").identity("Shape"))
            .relation(Relationship::has_many("parts", "Shape").inverse("whole"))
            .relation(whole(false)),
        Class::new("Circle", circles)
            .inherits("Shape")
            .polymorphic(Polymorphic::of(Inheritance::Concrete).identity("Circle"))
            .relation(whole(false)),
    ];
    let database = Database::with_classes(classes, [])?;
    let mut session = database.session();
    let key = |number: i64| [("sheet", "x".into()), ("number", number.into())];
    let root = session.untyped().add("Shape", &key(1))?;
    let (part, circle) = (session.untyped().add("Shape", &key(2))?, session.untyped().add("Circle", &key(1))?);
    session.untyped().push(root, "parts", part)?;
    session.untyped().push(root, "parts", circle)?;
    session.untyped().set(circle, "whole", Some(part))?;
    session.commit()?;
    assert_eq!(session.untyped().rows("circles")?, [vec![2.into(), "x".into(), 1.into(), "x".into()]]);
    assert_eq!(session.untyped().related(root, "parts")?, [part]);
    assert_eq!(session.untyped().related(part, "parts")?, [circle]);
    session.untyped().delete(part)?;
    session.commit()?;
    assert_eq!(session.untyped().value(circle, "of_number")?, Value::Null);
    assert_eq!(session.untyped().related(root, "parts")?, []);
    Ok(())
}

/// Members follow the key of their owner, by the foreign keys or by the session, and are at hand as their rows are.
#[test]
fn members_follow_a_key_that_changes() -> Result<()> {
    let table = |name: &'static str| {
        let table = Table::new(name).auto_key("id").column(Column::text("box_label").nullable());
        let by = ForeignKey::new(["box_label"], "boxes").on_update(Action::Cascade).on_delete(Action::SetNull);
        table.foreign_key(by)
    };
    for (passive, manner) in [(true, Manner::Sound), (false, Manner::Sound), (true, Manner::SqlAlchemy)] {
        let owner = Class::new("Box", Table::new("boxes").column(Column::text("label")).primary_key(["label"]));
        let back = || Relationship::belongs_to("box", "Box").inverse("shapes").passive_updates(passive);
        let shapes = Relationship::has_many("shapes", "Shape").inverse("box").passive_updates(passive);
        let classes = [
            owner.relation(shapes.passive_deletes(PassiveDeletes::All)),
            Class::new("Shape", table("shapes"))
                .polymorphic(Polymorphic::default().union("kind").identity("Shape"))
                .relation(back()),
            Class::new("Circle", table("circles").column(Column::int("radius").nullable()))
                .inherits("Shape")
                .polymorphic(Polymorphic::of(Inheritance::Concrete).identity("Circle"))
                .relation(back()),
        ];
        let mut session = Database::with_classes(classes, [])?.session();
        session.set_manner(manner);
        let owner = session.untyped().add("Box", &[("label", "a".into())])?;
        let (circle, other) = (session.untyped().add("Circle", &[])?, session.untyped().add("Shape", &[])?);
        session.untyped().replace(owner, "shapes", &[circle, other])?;
        session.commit()?;
        assert_eq!(session.untyped().related(owner, "shapes")?.len(), 2);
        session.untyped().assign(owner, "label", "b")?;
        session.flush()?;
        for it in [circle, other] {
            assert_eq!(session.untyped().value(it, "box_label")?, "b".into(), "{passive} {manner:?}");
        }
        session.commit()?;
        assert_eq!(session.untyped().related(owner, "shapes")?.len(), 2);
        session.untyped().delete(owner)?;
        session.commit()?;
        assert_eq!(session.untyped().value(circle, "box_label")?, Value::Null, "the foreign key does it");
    }
    Ok(())
}

/// Where the foreign key of one table is never NULL, the session still takes care of the others; what it cannot do is
/// refused.
#[test]
fn tables_may_differ_in_what_they_allow() -> Result<()> {
    let table = |name: &'static str, box_id: Column| {
        let by = ForeignKey::new(["box_id"], "boxes").on_delete(Action::Cascade);
        Table::new(name).auto_key("id").column(box_id).foreign_key(by)
    };
    let classes = [
        Class::new("Box", Table::new("boxes").auto_key("id")).relation(Relationship::has_many("shapes", "Shape")),
        Class::new("Shape", table("shapes", Column::int("box_id")))
            .polymorphic(Polymorphic::default().union("kind").identity("Shape")),
        Class::new("Circle", table("circles", Column::int("box_id").nullable()))
            .inherits("Shape")
            .polymorphic(Polymorphic::of(Inheritance::Concrete).identity("Circle")),
    ];
    let mut session = Database::with_classes(classes, [])?.session();
    let (one, other) = (session.untyped().add("Box", &[])?, session.untyped().add("Box", &[])?);
    let (circle, shape) = (session.untyped().add("Circle", &[])?, session.untyped().add("Shape", &[])?);
    session.untyped().push(one, "shapes", circle)?;
    session.untyped().push(other, "shapes", shape)?;
    session.commit()?;
    session.untyped().delete(one)?;
    session.commit()?;
    assert_eq!(session.untyped().value(circle, "box_id")?, Value::Null);
    session.untyped().delete(other)?;
    assert!(session.commit().is_err(), "nothing is said of it: declare a cascade");
    session.rollback()?;
    assert_eq!(session.untyped().related(other, "shapes")?, [shape]);
    Ok(())
}

/// At most one of several tables: the second is a mistake of the rows, and a new one takes the place of the old.
#[test]
fn one_partner_of_any_table() -> Result<()> {
    let table = |name: &'static str| {
        let table = Table::new(name).auto_key("id").column(Column::int("user_id").nullable()).unique(["user_id"]);
        table.foreign_key(ForeignKey::new(["user_id"], "users"))
    };
    let back = || Relationship::belongs_to("user", "User").inverse("profile");
    let next = table("pages").column(Column::int("next_id").nullable());
    let next = next.foreign_key(ForeignKey::new(["next_id"], "pages"));
    let classes = [
        Class::new("User", Table::new("users").auto_key("id"))
            .relation(Relationship::has_one("profile", "Profile").inverse("user")),
        Class::new("Profile", table("profiles"))
            .polymorphic(Polymorphic::default().union("kind").identity("Profile"))
            .relation(back()),
        Class::new("Page", next)
            .inherits("Profile")
            .polymorphic(Polymorphic::of(Inheritance::Concrete).identity("Page"))
            .relation(Relationship::belongs_to("next", "Page").via(["next_id"]))
            .relation(back()),
    ];
    let database = Database::with_classes(classes, [])?;
    for reads in [true, false] {
        let mut session = database.session();
        let user = session.untyped().add("User", &[])?;
        let (page, profile) = (session.untyped().add("Page", &[])?, session.untyped().add("Profile", &[])?);
        session.untyped().set(user, "profile", Some(page))?;
        session.commit()?;
        assert_eq!(session.untyped().value(page, "user_id")?, session.untyped().value(user, "id")?);
        if reads {
            assert_eq!(session.untyped().related(user, "profile")?, [page]);
        }
        session.untyped().set(user, "profile", Some(profile))?;
        session.commit()?;
        assert_eq!(session.untyped().related(user, "profile")?, [profile]);
        assert_eq!(session.untyped().related(page, "user")?, []);
        session.untyped().set(page, "user", Some(user))?;
        session.commit()?;
        assert_eq!(session.untyped().related(user, "profile")?, [page], "{reads}");
        assert_eq!(session.untyped().value(profile, "user_id")?, Value::Null, "{reads}");
    }
    Ok(())
}
