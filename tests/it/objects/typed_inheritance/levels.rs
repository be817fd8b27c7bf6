//! A base that extends another itself, and mappings that differ from one level to the next.

use diptych::error::{Misuse, Rule};
use diptych::listen::{load, rows_acted_on};
use diptych::prelude::*;
use diptych::query::{Connection, Input, InsertRows};
use diptych::{Class, Expression, Tuple, Value, column};
use std::sync::{Arc, Mutex};

#[derive(Entity, Clone, Debug)]
#[entity(table = "places", discriminator = kind)]
#[has_many(inside: Place, inverse = within, passive_deletes)]
#[belongs_to(within: Place, inverse = inside)]
struct Place {
    #[key(auto)]
    id: Id<Place>,
    kind: String,
    name: String,
    #[references(Place, on_delete = cascade)]
    within_id: Option<Id<Place>>,
}

/// Beside the others in the table of its base.
#[derive(Entity, Clone, Debug)]
#[entity(identity = "building")]
#[check(floors_are_there = column("floors").is_not_null().and(column("floors").ge(0)))]
#[has_many(lifts: Lift, inverse = building)]
struct Building {
    #[base]
    place: Place,
    floors: i64,
}

/// In a table of its own, though its base has none.
#[derive(Entity, Clone, Debug)]
#[entity(identity = "museum", table = "museums", load = selectin)]
#[belongs_to(partner: Museum)]
struct Museum {
    #[base]
    building: Building,
    art: String,
    #[references(Museum)]
    partner_id: Option<Id<Museum>>,
}

#[derive(Entity, Clone, Debug)]
#[belongs_to(building: Building, inverse = lifts)]
struct Lift {
    #[key(auto)]
    id: Id<Lift>,
    #[references(Building, on_delete = cascade)]
    building_id: Id<Building>,
}

fn database() -> Result<Database> {
    Database::of::<(Museum, Building, Place, Lift)>()
}

fn museum(name: &str, floors: i64, art: &str) -> Museum {
    let place = Place { name: name.into(), ..Place::draft() };
    Museum { building: Building { place, floors }, art: art.into(), ..Museum::draft() }
}

#[test]
fn a_base_may_extend_another() -> Result<()> {
    let database = database()?;
    let mut session = database.session();
    let (louvre, prado) = (session.add(museum("Louvre", 4, "all")), session.add(museum("Prado", 2, "old")));
    let tower = Building { place: Place { name: "Tower".into(), ..Place::draft() }, floors: 9 };
    let tower = session.add(tower);
    session.push(tower, Place::inside, louvre)?;
    session.push(louvre, Building::lifts, Lift::draft())?;
    session.set(louvre, Museum::partner, prado)?;
    session.commit()?;

    let session = database.session();
    let before = session.totals().statements;
    let all = session.all(Place::select().order_by(Place::name))?;
    assert_eq!(session.totals().statements, before + 2, "and one more for what museums add");
    let kinds: Vec<&str> = all.iter().map(|it| it.entity().kind.as_str()).collect();
    assert_eq!(kinds, ["museum", "museum", "building"]);
    let louvre = all.first().expect("there is one").downcast::<Building>()?.expect("a museum is one");
    assert_eq!((louvre.floors, louvre.name.as_str()), (4, "Louvre"));
    let louvre = louvre.downcast::<Museum>()?.expect("it is one");
    assert_eq!((louvre.art.as_str(), louvre.floors, louvre.name.as_str()), ("all", 4, "Louvre"));
    assert_eq!(louvre.load(Museum::partner)?.expect("there is one").name, "Prado");
    assert_eq!(louvre.load(Building::lifts)?.len(), 1);
    assert_eq!(louvre.load(Place::within)?.expect("there is one").name, "Tower");
    let (building, place): (Ref<Building>, Ref<Place>) = (louvre.reference().upcast(), louvre.reference().upcast());
    assert_eq!(building.upcast::<Place>(), place);
    assert_eq!(session.all(Building::select().filter(Building::floors.ge(4)))?.len(), 2);
    assert_eq!(session.all(Museum::select().filter(Building::floors.ge(4)).filter(Museum::art.eq("all")))?.len(), 1);
    assert_eq!(session.count(Museum::select().filter(Place::within.has(Place::name.eq("Tower"))))?, 1);
    Ok(())
}

/// What a subclass adds to the table of its base may be NULL there, and is not in its own rows where its struct has no
/// place for NULL: the tables see to that.
#[test]
fn rows_of_a_class_have_what_its_struct_has() -> Result<()> {
    let database = database()?;
    let mut connection = database.connect();
    let insert = connection.prepare(InsertRows { table: "places".into() }.into())?;
    let mut add = |kind: &str, floors: Value| {
        let row = Tuple::new([Value::Null, kind.into(), "x".into(), Value::Null, floors]).into_row();
        connection.run(&insert, Input::Rows(&mut [row])).map(drop)
    };
    add("place", Value::Null)?;
    add("building", 1.into())?;
    for (kind, floors) in [("building", Value::Null), ("museum", Value::Null), ("building", (-1).into())] {
        let refused = add(kind, floors).expect_err("a building has floors");
        assert_eq!(refused.violation().map(|it| it.rule), Some(Rule::Check));
    }
    Ok(())
}

/// A struct is merged into the object of its key, whatever class that is of.
#[test]
fn an_object_stays_of_its_class_when_its_base_is_merged() -> Result<()> {
    let database = database()?;
    let mut session = database.session();
    let louvre = session.add(museum("Louvre", 4, "all"));
    session.commit()?;
    let place = Place { name: "Le Louvre".into(), ..session.get(louvre)?.place.clone() };
    let merged = session.merge(Place { kind: String::new(), ..place })?;
    assert_eq!(merged, louvre.upcast());
    session.commit()?;
    let copy = session.one(Museum::select())?.detach();
    assert_eq!((copy.kind.as_str(), copy.name.as_str(), copy.art.as_str()), ("museum", "Le Louvre", "all"));
    let mut copy = session.one(Place::select())?.detach();
    copy.edit().name = "Louvre".into();
    let mut other = database.session();
    let merged = other.merge(copy)?;
    let museum = other.downcast::<Museum>(merged)?.expect("it is one still");
    assert_eq!((other[museum].art.as_str(), other[museum].name.as_str()), ("all", "Louvre"));
    Ok(())
}

/// Listeners to a base hear of its subclasses, and those to a subclass of its objects alone.
#[test]
fn listeners_to_a_base_hear_of_subclasses() -> Result<()> {
    let database = database()?;
    let mut session = database.session();
    let tower = session.add(Building { floors: 9, ..Building::draft() });
    session.push(tower, Place::inside, museum("Louvre", 4, "all"))?;
    session.push(tower, Place::inside, Building { floors: 2, ..Building::draft() })?;
    session.commit()?;

    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let note = |what: &'static str| {
        let heard = heard.clone();
        move |it: String| -> Result<()> {
            heard.lock().expect("nobody has panicked").push(format!("{what} {it}"));
            Ok(())
        }
    };
    let mut session = database.session();
    let (place, museums) = (note("place"), note("museum"));
    session.on(load::<Place>(), move |it, all| place(all.get(it)?.name.clone()))?.forever();
    session.on(load::<Museum>(), move |it, all| museums(all.get(it)?.art.clone()))?.forever();
    let (place, building) = (note("acted on place"), note("acted on building"));
    session.on(rows_acted_on::<Place>(), move |it, _| place(it.row.kind))?.forever();
    session.on(rows_acted_on::<Building>(), move |it, _| building(it.row.floors.to_string()))?.forever();
    let tower = session.one(Building::select().filter(Building::floors.eq(9)))?.reference();
    session.all(Place::select().order_by(Place::id))?;
    session.delete(tower)?;
    session.flush()?;
    let heard = heard.lock().expect("nobody has panicked").clone();
    let acted = ["acted on place museum", "acted on building 4", "acted on place building", "acted on building 2"];
    assert_eq!(heard, [&["place ", "place Louvre", "museum all", "place "], &acted[..]].concat());
    Ok(())
}

/// A class of names under a struct is shown by it as long as it adds nothing.
#[test]
fn a_class_at_run_time_is_shown_by_the_struct_that_it_extends() -> Result<()> {
    use diptych::object::{Inheritance, Polymorphic};
    let classes = [Museum::declare(), Building::declare(), Place::declare(), Lift::declare()];
    let gallery = Class::inheriting("Gallery", "Museum");
    let gallery = gallery.polymorphic(Polymorphic::of(Inheritance::Single).identity("gallery"));
    let database = Database::with_classes(classes.into_iter().chain([gallery]), [])?;
    let mut session = database.session();
    let mut names = session.untyped();
    let of = [("name", "Tate".into()), ("floors", 3.into()), ("art", "new".into())];
    let tate = names.add("Gallery", &of)?;
    session.commit()?;
    let museum = session.downcast::<Museum>(tate)?.expect("it is one");
    assert_eq!((session[museum].art.as_str(), session[museum].kind.as_str()), ("new", "gallery"));
    Ok(())
}

/// A base without an identity has no objects but those of the classes that extend it.
#[test]
fn an_object_is_of_a_class_that_can_be_told() -> Result<()> {
    let mut session = database()?.session();
    let refused = session.try_add(Place::draft()).expect_err("nothing would tell that it is a place");
    assert!(matches!(refused.misuse(), Some(Misuse::UnknownDiscriminator { .. })), "{refused}");
    session.try_add(Building::draft()).map(drop)
}

/// A base that may be of another crate: the class is what it is, and what that is by one more step.
#[test]
fn a_foreign_base_is_extended() -> Result<()> {
    #[derive(Entity, Clone, Debug)]
    #[entity(identity = "tower")]
    struct Tower {
        #[base(foreign)]
        building: Building,
        bells: i64,
    }

    let mut session = Database::of::<(Museum, Building, Place, Lift, Tower)>()?.session();
    let tower = Building { place: Place { name: "Pisa".into(), ..Place::draft() }, floors: 8 };
    let tower = session.add(Tower { building: tower, bells: 7 });
    session.push(tower, Building::lifts, Lift::draft())?;
    session.commit()?;
    let place: Ref<Place> = tower.upcast::<Building>().upcast();
    assert_eq!(session.get(place)?.name, "Pisa");
    let found = session.one(Tower::select().filter(Building::floors.eq(8)))?;
    assert_eq!((found.bells, found.load(Building::lifts)?.len(), found.name.as_str()), (7, 1, "Pisa"));
    Ok(())
}

/// A key of several fields is that of every class, and what refers to a class refers by it.
#[test]
fn a_key_may_have_several_fields() -> Result<()> {
    #[derive(Entity, Clone, Debug)]
    #[entity(discriminator = kind, identity = "seat", table = "seats")]
    struct Seat {
        #[key]
        row: i64,
        #[key]
        place: String,
        kind: String,
    }

    #[derive(Entity, Clone, Debug)]
    #[entity(identity = "box", table = "boxes")]
    #[has_many(guests: Guest, inverse = at)]
    struct BoxSeat {
        #[base]
        seat: Seat,
        curtain: String,
    }

    #[derive(Entity, Clone, Debug)]
    #[foreign_key(via(row, place), references = BoxSeat)]
    #[belongs_to(at: BoxSeat, via(row, place), inverse = guests)]
    struct Guest {
        #[key(auto)]
        id: Id<Guest>,
        row: Option<i64>,
        place: Option<String>,
    }

    let database = Database::of::<(Seat, BoxSeat, Guest)>()?;
    let mut session = database.session();
    let seat = Seat { row: 1, place: "a".into(), kind: String::new() };
    session.add(Seat { place: "b".into(), ..seat.clone() });
    let velvet = session.add(BoxSeat { seat, curtain: "velvet".into() });
    session.push(velvet, BoxSeat::guests, Guest::draft())?;
    session.commit()?;
    let mut session = database.session();
    assert_eq!(session.all(Seat::select())?.len(), 2);
    let other = session.add(BoxSeat { seat: Seat { row: 5, place: "e".into(), ..Seat::draft() }, ..BoxSeat::draft() });
    session.commit()?;
    session.edit(other)?.row = 6;
    session.flush()?;
    session.edit(other)?.row = 7;
    session.edit(other)?.curtain = "lace".into();
    session.commit()?;
    assert!(session.find::<Seat>((6, "e".to_owned()))?.is_none());
    let found = session.find::<BoxSeat>((7, "e".to_owned()))?.expect("both rows have the other key");
    assert_eq!((found.reference(), found.curtain.as_str()), (other, "lace"));
    let found = session.find::<Seat>((1, "a".to_owned()))?.expect("it is there");
    let velvet = found.downcast::<BoxSeat>()?.expect("it is one");
    assert_eq!((velvet.curtain.as_str(), velvet.row, velvet.load(BoxSeat::guests)?.len()), ("velvet", 1, 1));
    assert!(session.find::<BoxSeat>((1, "b".to_owned()))?.is_none());
    Ok(())
}
