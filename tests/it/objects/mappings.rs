//! One hierarchy in one table, in joined tables and in tables of their own (checklist: single, joined and concrete
//! inheritance, polymorphic queries, the same objects in all three mappings).

use diptych::object::{Inheritance, Polymorphic};
use diptych::prelude::*;
use diptych::{AnyRef, Class, Column, ForeignKey, Table, Value};
use proptest::prelude::*;

const CLASSES: [&str; 3] = ["Shape", "Circle", "Square"];

fn shapes(name: &'static str) -> Table {
    Table::new(name).column(Column::int("id")).primary_key(["id"]).column(Column::text("name"))
}

fn part(name: &'static str, column: &'static str) -> Table {
    let table = Table::new(name).column(Column::int("id")).primary_key(["id"]).column(Column::int(column));
    table.foreign_key(ForeignKey::new(["id"], "shape"))
}

/// Shapes, circles and squares, mapped so.
pub(super) fn mapped(how: Inheritance) -> Database {
    let identity = |class: &str| Polymorphic::of(how).identity(class.to_owned());
    let typed = || shapes("shape").column(Column::text("kind"));
    let classes = match how {
        Inheritance::Single => {
            let table = typed().column(Column::int("radius").nullable()).column(Column::int("side").nullable());
            let base = Class::new("Shape", table);
            let base = base.polymorphic(Polymorphic::on("kind").identity("Shape"));
            let circle = Class::inheriting("Circle", "Shape").own_columns(["radius"]).polymorphic(identity("Circle"));
            [base, circle, Class::inheriting("Square", "Shape").own_columns(["side"]).polymorphic(identity("Square"))]
        }
        Inheritance::Joined => {
            let base = Class::new("Shape", typed()).polymorphic(Polymorphic::on("kind").identity("Shape"));
            let sub = |name: &'static str, table| Class::new(name, table).inherits("Shape").polymorphic(identity(name));
            [base, sub("Circle", part("circle", "radius")), sub("Square", part("square", "side"))]
        }
        _ => {
            let base = Polymorphic::default().union("kind").identity("Shape");
            let sub = |name: &'static str, table| Class::new(name, table).inherits("Shape").polymorphic(identity(name));
            [
                Class::new("Shape", shapes("shape")).polymorphic(base),
                sub("Circle", shapes("circle").column(Column::int("radius"))),
                sub("Square", shapes("square").column(Column::int("side"))),
            ]
        }
    };
    Database::with_classes(classes, []).unwrap_or_else(|error| panic!("{how:?}: {error}"))
}

/// What an object is, in words.
fn shown(session: &mut Session, object: AnyRef) -> Result<String> {
    let mut by_name = session.untyped();
    let class = by_name.class_of(object)?;
    let (id, name) = (by_name.value(object, "id")?, by_name.value(object, "name")?);
    let own = match class.as_str() {
        "Circle" => by_name.value(object, "radius")?,
        "Square" => by_name.value(object, "side")?,
        _ => Value::Null,
    };
    Ok(format!("{class} {id} {name} {own}"))
}

/// What queries for each class find, in a session that knows nothing yet.
fn found(database: &Database) -> Result<Vec<Vec<String>>> {
    let mut all = Vec::new();
    for class in CLASSES {
        let mut session = database.session();
        let objects = session.untyped().all(class)?;
        let mut shown = objects.into_iter().map(|it| shown(&mut session, it)).collect::<Result<Vec<_>>>()?;
        shown.sort();
        all.push(shown);
    }
    Ok(all)
}

/// Makes, changes and deletes shapes; each step is what to do, a key and a number.
fn work(database: &Database, steps: &[(u8, i64, i64)]) -> Result<Vec<Vec<String>>> {
    let mut known: Vec<(i64, &str)> = Vec::new();
    for &(what, id, number) in steps {
        let mut session = database.session();
        let mut by_name = session.untyped();
        match (what, known.iter().position(|it| it.0 == id)) {
            (0..=2, None) => {
                let class = CLASSES[usize::from(what)];
                let own: &[(&str, Value)] = match class {
                    "Circle" => &[("radius", number.into())],
                    "Square" => &[("side", number.into())],
                    _ => &[],
                };
                let shape = [("id", id.into()), ("name", format!("n{number}").into())];
                by_name.add(class, &[&shape[..], own].concat())?;
                known.push((id, class));
            }
            (3, Some(at)) => {
                let object = by_name.find(known[at].1, &[id.into()])?.expect("it was made");
                by_name.assign(object, "name", format!("m{number}"))?;
                if known[at].1 == "Circle" {
                    by_name.assign(object, "radius", number)?;
                }
            }
            (4, Some(at)) => {
                let object = by_name.find(known[at].1, &[id.into()])?.expect("it was made");
                by_name.delete(object)?;
                known.remove(at);
            }
            _ => {}
        }
        session.commit()?;
    }
    found(database)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// 102 to 105: whatever is done to them, the objects of a hierarchy are the same in all three mappings, asked for by
    /// the base or by a subclass.
    #[test]
    fn the_same_hierarchy_in_all_three_mappings_gives_the_same_objects(
        steps in proptest::collection::vec((0..5_u8, 1..6_i64, 0..9_i64), 1..25),
    ) {
        let mappings = [Inheritance::Single, Inheritance::Joined, Inheritance::Concrete];
        let outcomes = mappings.map(|how| work(&mapped(how), &steps).map_err(|error| format!("{how:?}: {error}")));
        let [single, joined, concrete] = outcomes;
        let single = single.expect("work in one table");
        prop_assert_eq!(&single, &joined.expect("work in joined tables"));
        prop_assert_eq!(&single, &concrete.expect("work in tables of their own"));
    }
}
