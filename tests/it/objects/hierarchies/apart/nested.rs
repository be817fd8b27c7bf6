//! Whole tables below whole tables, and attributes that tables compute.

use diptych::error::Misuse;
use diptych::object::{Cascade, ComputedKind, Inheritance, Lazy, LoadOption, Polymorphic, Selection, Term};
use diptych::prelude::*;
use diptych::{AnyRef, Class, Column, Direction, Expr, Expression, ForeignKey, Relationship, Table, column};

/// Boxes of shapes; circles are shapes, wheels are circles, and both bases read what is below. A shape has a size that
/// its table computes, a lone shape has no box.
fn wheels() -> Database {
    let table = |name: &'static str, more: &'static str| {
        let table = Table::new(name).auto_key("id").column(Column::int(more).nullable());
        let table = table.column(Column::int("box_id").nullable()).column(Column::text("name"));
        table.foreign_key(ForeignKey::new(["box_id"], "boxes"))
    };
    let union = |identity: &'static str| Polymorphic::default().union("kind").identity(identity);
    let apart = |identity: &'static str| Polymorphic::of(Inheritance::Concrete).identity(identity);
    let back = || Relationship::belongs_to("box", "Box").inverse("shapes");
    let size = || column("name").length();
    let shape = Table::new("shapes").auto_key("id").column(Column::text("name"));
    let shape = shape.column(Column::int("box_id").nullable()).foreign_key(ForeignKey::new(["box_id"], "boxes"));
    let shapes = Relationship::has_many("shapes", "Shape").inverse("box").order_by("name", Direction::Descending);
    let classes = [
        Class::new("Box", Table::new("boxes").auto_key("id")).relation(shapes),
        Class::new("Shape", shape)
            .polymorphic(union("Shape"))
            .computed("size", ComputedKind::Loaded, size())
            .relation(back()),
        Class::new("Circle", table("circles", "radius"))
            .inherits("Shape")
            .polymorphic(union("Circle"))
            .computed("size", ComputedKind::Loaded, size())
            .relation(back()),
        Class::new("Wheel", table("wheels", "spokes")).inherits("Circle").polymorphic(apart("Wheel")).relation(back()),
        Class::new("Lone", Table::new("lone").auto_key("id")).inherits("Shape").polymorphic(apart("Lone")),
    ];
    Database::with_classes(classes, []).unwrap_or_else(|error| panic!("{error}"))
}

fn add(session: &mut Session, class: &str, name: &str) -> AnyRef {
    session.untyped().add(class, &[("name", name.into())]).expect("a shape")
}

#[test]
fn members_stand_at_any_depth() -> Result<()> {
    let database = wheels();
    let mut session = database.session();
    let owner = session.untyped().add("Box", &[])?;
    let lone = session.untyped().add("Lone", &[])?;
    let all = [add(&mut session, "Shape", "a"), add(&mut session, "Circle", "bbb"), add(&mut session, "Wheel", "cc")];
    all.iter().try_for_each(|it| session.untyped().push(owner, "shapes", *it))?;
    let refused = session.untyped().push(owner, "shapes", lone).expect_err("it has no box");
    assert!(matches!(refused.misuse(), Some(Misuse::StandsApart(it)) if it.table == "lone"), "{refused}");
    session.commit()?;

    let mut session = database.session();
    let names = |session: &mut Session, found: Vec<AnyRef>| -> Result<Vec<String>> {
        found.into_iter().map(|it| Ok(session.untyped().value(it, "name")?.to_string())).collect()
    };
    let owner = session.untyped().all("Box")?[0];
    let members = session.untyped().related(owner, "shapes")?;
    assert_eq!(session.untyped().value(members[0], "name")?, "cc".into());
    assert_eq!(session.untyped().value(members[1], "size")?, 3.into());
    assert_eq!(names(&mut session, members)?, ["'cc'", "'bbb'", "'a'"]);
    // Only circles, which stand in two tables.
    let mut session = database.session();
    let of = LoadOption { of: Some("Circle".into()), ..LoadOption::by("shapes", Lazy::Selectin) };
    let owner = session.untyped().select("Box", &Selection::new().load(of))?[0];
    let members = session.untyped().loaded(owner, "shapes")?.expect("they were loaded");
    assert_eq!(names(&mut session, members)?, ["'cc'", "'bbb'"]);
    // A box that holds none is left out where only those with some are asked for.
    let plain = session.untyped().add("Box", &[])?;
    let shape = add(&mut session, "Shape", "p");
    session.untyped().push(plain, "shapes", shape)?;
    session.flush()?;
    let inner = LoadOption { of: Some("Circle".into()), inner: true, ..LoadOption::by("shapes", Lazy::Joined) };
    assert_eq!(session.untyped().select("Box", &Selection::new().load(inner))?, [owner]);
    let long = Expr::Leaf(Term::Related {
        of: None,
        relation: "shapes".into(),
        condition: Some(Box::new(Term::column("size").gt(2))),
    });
    assert_eq!(session.untyped().count("Box", &Selection::new().filter(long))?, 1);
    Ok(())
}

/// A condition on an object that the relation cannot lead to is refused, as linking it is.
#[test]
fn what_cannot_be_a_member_is_not_compared() -> Result<()> {
    let mut session = wheels().session();
    let lone = session.untyped().add("Lone", &[])?;
    session.flush()?;
    let contains = Expr::Leaf(Term::Contains { of: None, relation: "shapes".into(), object: lone });
    let refused = session.untyped().select("Box", &Selection::new().filter(contains)).expect_err("no box holds it");
    assert!(matches!(refused.misuse(), Some(Misuse::StandsApart(_))), "{refused}");
    let of = LoadOption { of: Some("Lone".into()), ..LoadOption::by("shapes", Lazy::Selectin) };
    session.untyped().add("Box", &[])?;
    let refused = session.untyped().select("Box", &Selection::new().load(of)).expect_err("no box holds any");
    assert!(matches!(refused.misuse(), Some(Misuse::StandsApart(_))), "{refused}");
    Ok(())
}

/// Relations of a class with a whole table are its own, wherever they stand among those of its base: each is read by its own
/// foreign key, and what a circle lets go is an orphan.
#[test]
fn relations_of_whole_tables_stand_at_places_of_their_own() -> Result<()> {
    let refers = |it: Table, to: &'static str| {
        let column = format!("{to}_id");
        it.column(Column::int(column.clone()).nullable()).foreign_key(ForeignKey::new([column], to))
    };
    let shape = refers(refers(Table::new("shapes").auto_key("id"), "boxes"), "rooms");
    let circle = refers(refers(Table::new("circles").auto_key("id"), "rooms"), "boxes");
    let plain = |class: &'static str, table: &'static str| Class::new(class, Table::new(table).auto_key("id"));
    let belongs = |name: &'static str, to: &'static str| Relationship::belongs_to(name, to).lazy(Lazy::Selectin);
    let tools = Relationship::has_many("tools", "Tool").lazy(Lazy::Selectin);
    let tools = tools.cascade(Cascade::ALL | Cascade::DELETE_ORPHAN);
    let classes = [
        plain("Box", "boxes"),
        plain("Room", "rooms"),
        Class::new("Shape", shape)
            .polymorphic(Polymorphic::default().union("kind").identity("Shape"))
            .relation(belongs("box", "Box"))
            .relation(belongs("room", "Room")),
        Class::new("Circle", circle)
            .inherits("Shape")
            .polymorphic(Polymorphic::of(Inheritance::Concrete).identity("Circle"))
            .relation(tools)
            .relation(belongs("room", "Room"))
            .relation(belongs("box", "Box")),
        Class::new("Tool", refers(Table::new("tools").auto_key("id"), "circles")),
    ];
    let database = Database::with_classes(classes, [])?;
    let mut session = database.session();
    for class in ["Box", "Box", "Room", "Room", "Room"] {
        session.untyped().add(class, &[])?;
    }
    session.flush()?;
    session.untyped().add("Shape", &[("boxes_id", 1.into()), ("rooms_id", 2.into())])?;
    let circle = session.untyped().add("Circle", &[("boxes_id", 2.into()), ("rooms_id", 3.into())])?;
    let tool = session.untyped().add("Tool", &[])?;
    session.untyped().push(circle, "tools", tool)?;
    session.commit()?;
    let mut other = database.session();
    let mut seen = Vec::new();
    for it in other.untyped().all("Shape")? {
        for relation in ["box", "room"] {
            let found = other.untyped().loaded(it, relation)?.expect("it was loaded along");
            seen.push(other.untyped().value(found[0], "id")?);
        }
    }
    assert_eq!(seen, [1.into(), 2.into(), 2.into(), 3.into()]);
    session.untyped().remove(circle, "tools", tool)?;
    let new = session.untyped().add("Tool", &[])?;
    session.untyped().push(circle, "tools", new)?;
    session.untyped().remove(circle, "tools", new)?;
    session.commit()?;
    assert_eq!(session.untyped().count("Tool", &Selection::new())?, 0);
    Ok(())
}
