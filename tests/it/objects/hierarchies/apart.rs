//! Relations to a class whose subclasses have whole tables of their own: each table has the foreign key, and all rows are
//! members, whichever table they stand in.

use diptych::object::{Inheritance, Polymorphic, Selection, Term};
use diptych::prelude::*;
use diptych::{AnyRef, Class, Column, Direction, Expression, ForeignKey, Relationship, Table, Value};

mod asking;
mod comparing;
mod nested;
mod reading;
mod refusing;
mod typed;
mod undoing;
mod writing;

/// Boxes and their shapes, some of which are circles or squares: in joined tables, or each in a whole table of its own, in
/// which the same attributes stand at other places. `by` is what the boxes say of their shapes.
fn boxes(how: Inheritance, by: impl Fn(Relationship) -> Relationship) -> Database {
    let shapes = by(Relationship::has_many("shapes", "Shape").inverse("box"));
    let owner = Class::new("Box", Table::new("boxes").auto_key("id").column(Column::text("label"))).relation(shapes);
    let leads_back = || Relationship::belongs_to("box", "Box").inverse("shapes");
    let identity = |it: &'static str| Polymorphic::of(how).identity(it);
    let (name, at) = (|| Column::text("name"), || Column::int("at").nullable());
    let into = |it: Table| {
        let it = it.column(Column::int("box_id").nullable());
        it.foreign_key(ForeignKey::new(["box_id"], "boxes"))
    };
    let shape = into(Table::new("shapes").auto_key("id").column(name()).column(at()));
    let mark = Table::new("marks").auto_key("id").column(Column::int("circle_id").nullable());
    let mark = Class::new("Mark", mark.foreign_key(ForeignKey::new(["circle_id"], "circles")));
    // Of circles, the relation that leads back stands behind another one.
    let marks = Relationship::has_many("marks", "Mark");
    let classes = match how {
        Inheritance::Joined => {
            let part = |table: &'static str, column: &'static str| {
                let table = Table::new(table).column(Column::int("id")).primary_key(["id"]);
                table.column(Column::int(column)).foreign_key(ForeignKey::new(["id"], "shapes"))
            };
            let below = |class: &'static str, table: Table| {
                Class::new(class, table).inherits("Shape").polymorphic(identity(class))
            };
            let base = Class::new("Shape", shape.column(Column::text("kind")));
            // As in a union, what subclasses add comes with the rows of the base.
            let base = base.polymorphic(Polymorphic::on("kind").identity("Shape").with_subclasses());
            let (circle, square) = (part("circles", "radius"), part("squares", "side"));
            [owner, base.relation(leads_back()), below("Circle", circle).relation(marks), below("Square", square), mark]
        }
        _ => {
            let circle = into(Table::new("circles").auto_key("id").column(Column::int("radius")));
            let square = Table::new("squares").auto_key("id").column(at()).column(name());
            let below = |class: &'static str, table: Table| {
                Class::new(class, table).inherits("Shape").polymorphic(identity(class))
            };
            let base = Class::new("Shape", shape).polymorphic(Polymorphic::default().union("kind").identity("Shape"));
            let (circle, square) = (circle.column(at()).column(name()), into(square.column(Column::int("side"))));
            let (circle, square) = (below("Circle", circle).relation(marks), below("Square", square));
            let (circle, square) = (circle.relation(leads_back()), square.relation(leads_back()));
            [owner, base.relation(leads_back()), circle, square, mark]
        }
    };
    Database::with_classes(classes, []).unwrap_or_else(|error| panic!("{how:?}: {error}"))
}

/// The same in whole tables, as they are declared by default.
fn apart() -> Database {
    boxes(Inheritance::Concrete, |it| it)
}

fn a_box(session: &mut Session, label: &str) -> AnyRef {
    session.untyped().add("Box", &[("label", label.into())]).expect("a box")
}

/// A new shape; what a class adds is always 7.
fn shape(session: &mut Session, class: &str, name: &str) -> AnyRef {
    let mut values = vec![("name", name.into())];
    match class {
        "Circle" => values.push(("radius", 7.into())),
        "Square" => values.push(("side", 7.into())),
        _ => {}
    }
    session.untyped().add(class, &values).expect("a shape")
}

/// Boxes a with a shape and a circle, b with a circle and a square, and c with nothing; a circle lies beside them.
fn filled(database: &Database) -> Result<()> {
    let mut session = database.session();
    for (label, members) in
        [("a", &[("Shape", "s1"), ("Circle", "c1")][..]), ("b", &[("Circle", "c2"), ("Square", "q1")])]
    {
        let owner = a_box(&mut session, label);
        for (class, name) in members {
            let member = shape(&mut session, class, name);
            session.untyped().push(owner, "shapes", member)?;
        }
    }
    a_box(&mut session, "c");
    shape(&mut session, "Circle", "loose");
    session.commit()
}

/// Objects by class and name, and by what a class adds, in order.
fn named(session: &mut Session, objects: &[AnyRef]) -> Result<Vec<String>> {
    let mut all = Vec::new();
    for &it in objects {
        let mut by_name = session.untyped();
        let class = by_name.class_of(it)?;
        match class.as_str() {
            "Circle" => assert_eq!(by_name.value(it, "radius")?, 7.into()),
            "Square" => assert_eq!(by_name.value(it, "side")?, 7.into()),
            _ => {}
        }
        let Value::Text(name) = by_name.value(it, "name")? else { panic!("it has a name") };
        all.push(format!("{class} {name}"));
    }
    Ok(all)
}

/// The members of each box, box by box, as a session reads them that knows nothing.
fn read(database: &Database) -> Result<Vec<String>> {
    let mut session = database.session();
    let by_label = Selection::new().order_by(Term::column("label"), Direction::Ascending);
    let boxes = session.untyped().select("Box", &by_label)?;
    let mut all = Vec::new();
    for it in boxes {
        let members = session.untyped().related(it, "shapes")?;
        let mut members = named(&mut session, &members)?;
        members.sort();
        all.push(format!("{}: {}", label(&mut session, it)?, members.join(", ")));
    }
    Ok(all)
}

fn label(session: &mut Session, of: AnyRef) -> Result<String> {
    match session.untyped().value(of, "label")? {
        Value::Text(it) => Ok(it.to_string()),
        other => panic!("{other} is no label"),
    }
}

/// The box of this label.
fn find(session: &mut Session, label: &str) -> Result<AnyRef> {
    let selection = Selection::new().filter(Term::column("label").eq(label));
    Ok(session.untyped().select_one("Box", &selection)?.expect("it is there"))
}

/// A shape of this name.
fn find_shape(session: &mut Session, name: &str) -> Result<AnyRef> {
    let selection = Selection::new().filter(Term::column("name").eq(name));
    Ok(session.untyped().select_one("Shape", &selection)?.expect("it is there"))
}
