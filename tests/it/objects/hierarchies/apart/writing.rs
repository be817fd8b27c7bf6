//! What is written along such a relation stands in the member's own attributes, whether the collection was read or not, and
//! in both manners.

use diptych::object::{Cascade, Inheritance, Lazy, Manner, Polymorphic, Synchronize};
use diptych::prelude::*;
use diptych::{AnyRef, Class, Column, Direction, Expr, ForeignKey, Relationship, Table, Value};

use super::{a_box, apart, boxes, filled, find, find_shape, named, read, shape};

const MANNERS: [Manner; 2] = [Manner::Sound, Manner::SqlAlchemy];

fn session(database: &Database, manner: Manner) -> Session {
    let mut session = database.session();
    session.set_manner(manner);
    session
}

/// Does something in sessions of both manners, with the collections of all boxes read before and not, in both mappings, and
/// shows what the boxes hold then: always the same.
fn written(work: impl Fn(&mut Session) -> Result<()>) -> Vec<String> {
    let mut outcomes: Vec<Vec<String>> = Vec::new();
    for how in [Inheritance::Joined, Inheritance::Concrete] {
        for (manner, reads) in MANNERS.into_iter().flat_map(|it| [(it, true), (it, false)]) {
            let database = boxes(how, |it| it);
            let outcome = filled(&database).and_then(|()| {
                let mut session = session(&database, manner);
                if reads {
                    for it in session.untyped().all("Box")? {
                        session.untyped().related(it, "shapes")?;
                    }
                }
                work(&mut session)?;
                session.commit()?;
                // What is read from now on agrees with what the session holds.
                let held = session.untyped().all("Box")?;
                for it in held {
                    let members = session.untyped().related(it, "shapes")?;
                    for member in members {
                        assert_eq!(session.untyped().related(member, "box")?, [it]);
                    }
                }
                read(&database)
            });
            outcomes.push(outcome.unwrap_or_else(|error| panic!("{how:?} {manner:?} {reads}: {error}")));
        }
    }
    outcomes.dedup();
    assert_eq!(outcomes.len(), 1, "{outcomes:#?}");
    outcomes.remove(0)
}

#[test]
fn members_come_and_go() {
    let outcome = written(|session| {
        let (a, c) = (find(session, "a")?, find(session, "c")?);
        let (loose, c2) = (find_shape(session, "loose")?, find_shape(session, "c2")?);
        let new = shape(session, "Square", "new");
        session.untyped().push(a, "shapes", loose)?;
        session.untyped().push(c, "shapes", new)?;
        session.untyped().push(c, "shapes", c2)?;
        session.flush()?;
        let c1 = find_shape(session, "c1")?;
        session.untyped().remove(a, "shapes", c1)
    });
    assert_eq!(outcome, ["a: Circle loose, Shape s1", "b: Square q1", "c: Circle c2, Square new"]);
}

#[test]
fn a_collection_is_replaced_and_cleared() {
    let outcome = written(|session| {
        let (a, b) = (find(session, "a")?, find(session, "b")?);
        let (c2, loose) = (find_shape(session, "c2")?, find_shape(session, "loose")?);
        session.untyped().replace(a, "shapes", &[c2, loose])?;
        session.flush()?;
        session.untyped().clear(b, "shapes")
    });
    assert_eq!(outcome, ["a: Circle c2, Circle loose", "b: ", "c: "]);
}

/// The reference of a circle is the circle's own, and moves the collections of boxes.
#[test]
fn a_reference_moves_the_collections() {
    let outcome = written(|session| {
        let (b, c) = (find(session, "b")?, find(session, "c")?);
        let (c1, c2, q1) = (find_shape(session, "c1")?, find_shape(session, "c2")?, find_shape(session, "q1")?);
        session.untyped().set(c1, "box", Some(c))?;
        session.untyped().set(c2, "box", None)?;
        session.untyped().set(q1, "box", Some(c))?;
        let of_c = session.no_autoflush(|it| it.untyped().related(c, "shapes"))?;
        assert_eq!(of_c, [c1, q1]);
        let of_b = session.no_autoflush(|it| it.untyped().related(b, "shapes"))?;
        assert_eq!(of_b, []);
        session.flush()
    });
    assert_eq!(outcome, ["a: Shape s1", "b: ", "c: Circle c1, Square q1"]);
}

/// A row that has not been written yet is not believed where the object's own reference knows better, and what was never to
/// be is forgotten on both sides.
#[test]
fn a_member_knows_better_than_its_row() -> Result<()> {
    let database = apart();
    filled(&database)?;
    let mut session = database.session();
    let (c, c1) = (find(&mut session, "c")?, find_shape(&mut session, "c1")?);
    session.untyped().set(c1, "box", Some(c))?;
    let a = session.no_autoflush(|session| find(session, "a"))?;
    let of_a = session.no_autoflush(|session| session.untyped().related(a, "shapes"))?;
    assert_eq!(named(&mut session, &of_a)?, ["Shape s1"]);
    session.rollback()?;

    let new = a_box(&mut session, "new");
    session.untyped().push(new, "shapes", c1)?;
    session.untyped().delete(new)?;
    session.commit()?;
    assert_eq!(session.untyped().related(c1, "box")?, []);
    assert_eq!(read(&database)?, ["a: Shape s1", "b: Circle c2, Square q1", "c: "]);
    Ok(())
}

/// What is expired takes back what it alone has said: a member without a relation of its own has said nothing.
#[test]
fn an_expired_owner_keeps_what_members_say() -> Result<()> {
    let table = |name: &'static str| {
        let table = Table::new(name).auto_key("id").column(Column::int("box_id").nullable());
        table.foreign_key(ForeignKey::new(["box_id"], "boxes"))
    };
    let classes = [
        Class::new("Box", Table::new("boxes").auto_key("id"))
            .relation(Relationship::has_many("shapes", "Shape").inverse("box")),
        Class::new("Shape", table("shapes"))
            .polymorphic(Polymorphic::default().union("kind").identity("Shape"))
            .relation(Relationship::belongs_to("box", "Box").inverse("shapes")),
        Class::new("Circle", table("circles"))
            .inherits("Shape")
            .polymorphic(Polymorphic::of(Inheritance::Concrete).identity("Circle")),
    ];
    let mut session = Database::with_classes(classes, [])?.session();
    let all = ["Box", "Shape", "Circle"].map(|it| session.untyped().add(it, &[]));
    let [owner, shape, circle] = all;
    let (owner, shape, circle) = (owner?, shape?, circle?);
    session.commit()?;
    session.untyped().push(owner, "shapes", shape)?;
    session.untyped().push(owner, "shapes", circle)?;
    session.untyped().expire(owner, &[])?;
    session.commit()?;
    assert_eq!(session.untyped().related(owner, "shapes")?, [shape]);
    assert_eq!(session.untyped().value(circle, "box_id")?, Value::Null);
    Ok(())
}

/// Only the foreign key is written, and that in the member's table: what stands at its place in the base's is not.
#[test]
fn a_push_writes_the_foreign_key_of_the_member() -> Result<()> {
    for manner in MANNERS {
        let database = apart();
        let mut session = session(&database, manner);
        let owner = a_box(&mut session, "a");
        let circle = shape(&mut session, "Circle", "c");
        session.untyped().push(owner, "shapes", circle)?;
        assert_eq!(session.untyped().related(circle, "box")?, [owner], "at once");
        session.commit()?;
        let rows = session.untyped().rows("circles")?;
        assert_eq!(rows, [vec![1.into(), 7.into(), 1.into(), Value::Null, "c".into()]]);
    }
    Ok(())
}

#[test]
fn an_owner_that_goes_leaves_its_members() {
    let outcome = written(|session| {
        let b = find(session, "b")?;
        session.untyped().delete(b)?;
        session.flush()?;
        let c = find(session, "c")?;
        let q1 = find_shape(session, "q1")?;
        assert_eq!(session.untyped().value(q1, "box_id")?, Value::Null);
        session.untyped().push(c, "shapes", q1)
    });
    assert_eq!(outcome, ["a: Circle c1, Shape s1", "c: Square q1"]);
}

/// What is counted of each table when an owner with the cascade is deleted, loses a member, or is planned to be deleted.
#[test]
fn cascades_reach_members_of_all_tables() -> Result<()> {
    for (manner, reads) in MANNERS.into_iter().flat_map(|it| [(it, true), (it, false)]) {
        let all = Cascade::ALL | Cascade::DELETE_ORPHAN;
        let database = boxes(Inheritance::Concrete, |it| it.cascade(all));
        filled_without_loose(&database)?;
        let mut session = session(&database, manner);
        let (a, b) = (find(&mut session, "a")?, find(&mut session, "b")?);
        if reads {
            session.untyped().related(b, "shapes")?;
        }
        session.untyped().delete(b)?;
        let c1 = find_shape(&mut session, "c1")?;
        session.untyped().remove(a, "shapes", c1)?;
        session.commit()?;
        assert_eq!(read(&database)?, ["a: Shape s1", "c: "]);
        assert_eq!(session.untyped().count("Shape", &diptych::object::Selection::new())?, 1, "no orphan is left");
    }
    Ok(())
}

fn filled_without_loose(database: &Database) -> Result<()> {
    filled(database)?;
    let mut session = database.session();
    let loose = find_shape(&mut session, "loose")?;
    session.untyped().delete(loose)?;
    session.commit()
}

/// An ordered list numbers members of all tables, each in its own column.
#[test]
fn an_ordered_list_numbers_members_of_all_tables() -> Result<()> {
    for how in [Inheritance::Joined, Inheritance::Concrete] {
        for manner in MANNERS {
            let database = boxes(how, |it| it.order_by("at", Direction::Ascending).ordered(true));
            let mut session = session(&database, manner);
            let owner = a_box(&mut session, "a");
            let members: Vec<AnyRef> =
                ["Shape", "Circle", "Square"].iter().map(|it| shape(&mut session, it, "x")).collect();
            members.iter().try_for_each(|it| session.untyped().push(owner, "shapes", *it))?;
            session.commit()?;
            let new = shape(&mut session, "Circle", "y");
            session.untyped().insert(owner, "shapes", 1, new)?;
            session.untyped().remove(owner, "shapes", members[0])?;
            session.commit()?;
            let expected = ["Circle y", "Circle x", "Square x"];
            let mut other = database.session();
            let owner = find(&mut other, "a")?;
            let found = other.untyped().related(owner, "shapes")?;
            assert_eq!(named(&mut other, &found)?, expected, "{how:?} {manner:?}");
            let at: Result<Vec<Value>> = found.iter().map(|it| other.untyped().value(*it, "at")).collect();
            assert_eq!(at?, [0.into(), 1.into(), 2.into()], "{how:?} {manner:?}");
        }
    }
    Ok(())
}

/// Save-update brings in what is linked, merge brings copies of all classes, expunge and expire reach them.
#[test]
fn other_cascades_reach_members_of_all_tables() -> Result<()> {
    let database = boxes(Inheritance::Concrete, |it| it.cascade(Cascade::ALL).lazy(Lazy::Selectin));
    let mut session = database.session();
    let owner = session.untyped().construct("Box", &[("label", "a".into())])?;
    let circle = session.untyped().construct("Circle", &[("name", "c".into()), ("radius", 7.into())])?;
    session.untyped().push(owner, "shapes", circle)?;
    session.untyped().save(owner)?;
    session.commit()?;
    assert_eq!(read(&database)?, ["a: Circle c"]);

    let mut other = database.session();
    let held = find(&mut other, "a")?;
    let members = other.untyped().related(held, "shapes")?;
    other.untyped().assign(members[0], "name", "changed")?;
    other.untyped().expunge(held)?;
    other.commit()?;
    assert_eq!(read(&database)?, ["a: Circle c"], "the circle left with its box");
    let new = other.untyped().construct("Square", &[("name", "q".into()), ("side", 7.into())])?;
    other.untyped().push(held, "shapes", new)?;
    let merged = other.untyped().merge(held, true)?;
    other.commit()?;
    assert_eq!(read(&database)?, ["a: Circle changed, Square q"]);
    let members = other.untyped().related(merged, "shapes")?;
    assert_eq!(members.len(), 2);
    other.untyped().assign(members[0], "name", "lost")?;
    other.untyped().refresh(merged, &[])?;
    assert_eq!(other.untyped().value(members[0], "name")?, "changed".into());
    Ok(())
}

/// Where only the owner tells of the relation, and the foreign key stands at another place in each table, a statement on
/// many rows of one of them leads these to where it says.
#[test]
fn collections_follow_what_is_written_into_the_keys_of_one_table() -> Result<()> {
    let shapes = Relationship::has_many("shapes", "Shape");
    let owner = Class::new("Box", Table::new("boxes").auto_key("id").column(Column::text("label"))).relation(shapes);
    let (name, key) = (|| Column::text("name"), || Column::int("box_id").nullable());
    let refers = |it: Table| it.foreign_key(ForeignKey::new(["box_id"], "boxes"));
    let base = refers(Table::new("shapes").auto_key("id").column(name()).column(key()));
    let circle =
        refers(Table::new("circles").auto_key("id").column(key()).column(Column::int("radius")).column(name()));
    let base = Class::new("Shape", base).polymorphic(Polymorphic::default().union("kind").identity("Shape"));
    let circle = Class::new("Circle", circle).inherits("Shape");
    let circle = circle.polymorphic(Polymorphic::of(Inheritance::Concrete).identity("Circle"));
    let database = Database::with_classes([owner, base, circle], [])?;
    let mut session = database.session();
    let (a, b) = (a_box(&mut session, "a"), a_box(&mut session, "b"));
    for (class, name) in [("Shape", "s"), ("Circle", "c")] {
        let member = shape(&mut session, class, name);
        session.untyped().push(a, "shapes", member)?;
    }
    session.commit()?;

    let members = |session: &mut Session, owner| -> Result<Vec<String>> {
        let all = session.untyped().related(owner, "shapes")?;
        let mut all = named(session, &all)?;
        all.sort();
        Ok(all)
    };
    assert_eq!(members(&mut session, a)?, ["Circle c", "Shape s"]);
    assert!(members(&mut session, b)?.is_empty());
    let to = session.untyped().value(b, "id")?;
    session.untyped().update_where("Circle", &[("box_id", Expr::Value(to))], None, Synchronize::Auto)?;
    assert_eq!(
        (members(&mut session, a)?, members(&mut session, b)?),
        (vec!["Shape s".into()], vec!["Circle c".into()])
    );
    Ok(())
}
