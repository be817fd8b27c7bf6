//! The same with structs: what a base says of its owner, a class with a whole table of its own says too.

use std::sync::{Arc, Mutex};

use diptych::State;
use diptych::listen::{Remove, rows_acted_on};
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[entity(table = "boxes")]
#[has_many(shapes: Shape, inverse = holder, order_by = name)]
struct Box {
    #[key(auto)]
    id: Id<Box>,
}

#[derive(Entity, Clone, Debug)]
#[entity(table = "shapes", identity = "shape", discriminator = kind, union)]
#[belongs_to(holder: Box, inverse = shapes)]
struct Shape {
    #[key(auto)]
    id: Id<Shape>,
    kind: String,
    name: String,
    #[references(Box)]
    holder_id: Option<Id<Box>>,
}

#[derive(Entity, Clone, Debug)]
#[entity(identity = "circle", concrete = "circles")]
struct Circle {
    #[base]
    shape: Shape,
    radius: i64,
}

fn circle(name: &str) -> Circle {
    Circle { shape: Shape { name: name.into(), ..Shape::draft() }, radius: 3 }
}

#[test]
fn views_and_verbs_reach_structs_of_all_tables() -> Result<()> {
    let database = Database::of::<(Box, Shape, Circle)>()?;
    let mut session = database.session();
    let (a, b) = (session.add(Box::draft()), session.add(Box::draft()));
    let one = session.push(a, Box::shapes, circle("c"))?;
    session.push(a, Box::shapes, Shape { name: "s".into(), ..Shape::draft() })?;
    let other = session.add(circle("d"));
    session.set(other, Shape::holder, b)?;
    session.commit()?;
    assert_eq!(session.get(one)?.shape.holder_id, Some(Id::new(1)));
    assert_eq!(session.get(a)?.load(Box::shapes)?.len(), 2);

    let mut session = database.session();
    session.record();
    let found = session.all(Box::select().with(Box::shapes.selectin()))?;
    assert_eq!(session.take_log().len(), 2);
    let names: Vec<Vec<String>> =
        found.iter().map(|it| it.get(Box::shapes).iter().map(|it| it.name.clone()).collect()).collect();
    assert_eq!(names, [vec!["c", "s"], vec!["d"]]);
    let second = found.iter().nth(1).expect("two boxes").get(Box::shapes).references()[0];
    let circle = session.downcast::<Circle>(second)?.expect("it is one");
    assert_eq!(session.get(circle)?.radius, 3);

    // The reference of the circle moves what the boxes hold.
    let (a, b) = (found.references()[0], found.references()[1]);
    session.set(circle, Shape::holder, a)?;
    assert_eq!(session.get(b)?.load(Box::shapes)?.len(), 0);
    session.commit()?;
    assert_eq!(session.get(a)?.load(Box::shapes)?.len(), 3);
    assert_eq!(session.count(Box::select().filter(Box::shapes.any(Shape::name.eq("d"))))?, 1);
    assert_eq!(session.count(Box::select().filter(Box::shapes.any(Circle::radius.eq(3).upcast())))?, 1);
    assert_eq!(session.query_of(a, Box::shapes).count()?, 3);
    let found = session.query_of(a, Box::shapes).filter(Shape::name.ge("d")).all()?.references();
    assert_eq!(found.len(), 2);

    // A copy holds them, and brings them into another session.
    let copy = session.one(Box::select().order_by(Box::id).limit(1).with(Box::shapes.selectin()))?.detach();
    let mut other = database.session();
    let merged = other.merge(copy)?;
    assert_eq!(other.get(merged)?.load(Box::shapes)?.len(), 3);

    session.delete(shape_of(&session, a)?)?;
    session.commit()?;
    assert_eq!(session.get(a)?.load(Box::shapes)?.len(), 2);
    Ok(())
}

/// The shape of a box that is no circle.
fn shape_of(session: &Session, of: Ref<Box>) -> Result<Ref<Shape>> {
    let all = session.get(of)?.load(Box::shapes)?.references();
    let mut plain = all.into_iter().filter(|it| session.downcast::<Circle>(*it).is_ok_and(|it| it.is_none()));
    Ok(plain.next().expect("there is one"))
}

/// What a delete would do is said of the rows of all tables, and what a session holds is shown with its classes.
#[test]
fn plans_and_dumps_show_members_of_all_tables() -> Result<()> {
    let database = Database::of::<(Box, Shape, Circle)>()?;
    let model = database.model()?.to_string();
    assert!(model.contains("  shapes has many Shape or Circle by id = holder_id; moves holder\n"), "{model}");
    let mut session = database.session();
    let a = session.add(Box::draft());
    let circle = session.push(a, Box::shapes, circle("c"))?;
    session.push(a, Box::shapes, Shape { name: "s".into(), ..Shape::draft() })?;
    session.commit()?;
    let plan = session.plan_delete(a)?.to_string();
    for row in ["circles[1]", "shapes[1]", "boxes[1]"] {
        assert!(plan.contains(row), "{plan}");
    }
    session.get(a)?.load(Box::shapes)?;
    let dump = session.dump_graph().to_string();
    assert!(dump.contains("Circle[1]"), "{dump}");
    session.delete(a)?;
    session.commit()?;
    assert_eq!(session.get(circle)?.shape.holder_id, None);
    Ok(())
}

#[derive(Entity, Clone, Debug)]
#[has_many(parcels: Parcel, inverse = van, passive_deletes = all)]
struct Van {
    #[key(auto)]
    id: Id<Van>,
}

#[derive(Entity, Clone, Debug)]
#[entity(identity = "parcel", discriminator = kind, union)]
#[belongs_to(van: Van, inverse = parcels)]
struct Parcel {
    #[key(auto)]
    id: Id<Parcel>,
    kind: String,
    #[references(Van, on_delete = cascade)]
    van_id: Option<Id<Van>>,
}

#[derive(Entity, Clone, Debug)]
#[entity(identity = "letter", concrete = "letters")]
struct Letter {
    #[base]
    parcel: Parcel,
    words: i64,
}

/// What a foreign key does to a row in a whole table is told with its object, which leaves the collections it was in.
#[test]
fn actions_on_whole_tables_are_told_with_their_objects() -> Result<()> {
    let mut session = Database::of::<(Van, Parcel, Letter)>()?.session();
    let van = session.add(Van::draft());
    let letter = session.push(van, Van::parcels, Letter { words: 3, ..Letter::draft() })?;
    session.commit()?;
    assert_eq!(session.get(van)?.load(Van::parcels)?.len(), 1);
    assert!(session.get(letter)?.load(Parcel::van)?.is_some());
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let (acted, removed) = (told.clone(), told.clone());
    let _acted = session.on(rows_acted_on::<Letter>(), move |it, _| {
        acted.lock().expect("nobody panics").push(format!("{} {}", it.row.words, it.object.is_some()));
        Ok(())
    })?;
    let _removed = session.on(Remove(Van::parcels), move |it, _| {
        removed.lock().expect("nobody panics").push(format!("{:?}", it.cause));
        Ok(())
    })?;
    session.delete(van)?;
    session.flush()?;
    let mut told = std::mem::take(&mut *told.lock().expect("nobody panics"));
    told.sort();
    assert_eq!(told, ["3 true", "ForeignKeyAction"]);
    assert_eq!(session.state(letter)?, State::Deleted);
    session.rollback()?;
    assert_eq!(session.get(van)?.load(Van::parcels)?.len(), 1);
    Ok(())
}

#[test]
fn a_key_finds_structs_of_all_tables() -> Result<()> {
    let database = Database::of::<(Box, Shape, Circle)>()?;
    let mut session = database.session();
    let made = session.add(circle("c"));
    session.commit()?;
    let found = session.find::<Shape>(1)?.expect("it is there");
    assert_eq!((found.name.as_str(), found.reference().untyped()), ("c", made.untyped()));
    Ok(())
}

/// Rows with the same keys in two tables, which stand at the same places of one version, are each the row of its object
/// when views of both are walked in turn.
#[test]
fn views_of_two_tables_are_walked_in_turn() -> Result<()> {
    #[derive(Entity, Clone, Debug)]
    #[entity(identity = "square", concrete = "squares")]
    struct Square {
        #[base]
        shape: Shape,
        side: i64,
    }
    let database = Database::of::<(Box, Shape, Circle, Square)>()?;
    let mut session = database.session();
    for name in ["a", "c", "e"] {
        session.add(circle(name));
    }
    for name in ["b", "d"] {
        session.add(Square { shape: Shape { name: name.into(), ..Shape::draft() }, side: 1 });
    }
    session.commit()?;
    let session = database.session();
    assert_eq!((session.all(Circle::select())?.len(), session.all(Square::select())?.len()), (3, 2));
    let found = session.all(Shape::select().order_by(Shape::name))?;
    let names = |views: Vec<View<Shape>>| views.iter().map(|it| it.name.clone()).collect::<String>();
    assert_eq!(names(found.iter().collect()), "abcde");
    assert_eq!(names(found.into_iter().collect()), "abcde");
    Ok(())
}
