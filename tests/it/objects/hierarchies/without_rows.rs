//! Abstract classes, in the middle of a hierarchy and at its top: no object is of one of them alone.

use diptych::error::Misuse;
use diptych::object::{FieldAssignment, Inheritance, Polymorphic, Selection, Synchronize, Term};
use diptych::prelude::*;
use diptych::{Class, Column, Expression, ForeignKey, Table, assert_statements};

#[derive(Entity, Clone, Debug)]
#[entity(discriminator = kind, identity = "vehicle")]
#[has_many(tickets: Ticket, inverse = vehicle)]
struct Vehicle {
    #[key(auto)]
    id: Id<Vehicle>,
    kind: String,
    plate: String,
}

/// In the table of its base, which holds `axles` of trucks and buses only.
#[derive(Entity, Clone, Debug)]
#[entity(abstract)]
#[has_many(permits: Permit, inverse = heavy)]
struct Heavy {
    #[base]
    vehicle: Vehicle,
    axles: i64,
}

#[derive(Entity, Clone, Debug)]
#[entity(identity = "truck")]
struct Truck {
    #[base]
    heavy: Heavy,
    load: Option<i64>,
}

#[derive(Entity, Clone, Debug)]
#[entity(identity = "bus", table = "buses")]
struct Bus {
    #[base]
    heavy: Heavy,
    seats: i64,
}

/// With a table of its own, that no object has a row in alone.
#[derive(Entity, Clone, Debug)]
#[entity(abstract, table = "boats")]
struct Boat {
    #[base]
    vehicle: Vehicle,
    draught: i64,
}

#[derive(Entity, Clone, Debug)]
#[entity(identity = "ferry", table = "ferries")]
struct Ferry {
    #[base]
    boat: Boat,
    decks: i64,
}

#[derive(Entity, Clone, Debug)]
#[belongs_to(vehicle: Vehicle, inverse = tickets)]
struct Ticket {
    #[key(auto)]
    id: Id<Ticket>,
    #[references(Vehicle)]
    vehicle_id: Id<Vehicle>,
}

/// Refers to a class that has no rows of its own.
#[derive(Entity, Clone, Debug)]
#[belongs_to(heavy: Heavy, inverse = permits)]
struct Permit {
    #[key(auto)]
    id: Id<Permit>,
    #[references(Heavy)]
    heavy_id: Option<Id<Heavy>>,
}

fn database() -> Database {
    let database = Database::of::<(Vehicle, Heavy, Truck, Bus, Boat, Ferry, Ticket, Permit)>();
    database.unwrap_or_else(|error| panic!("{error}"))
}

fn vehicle(plate: &str) -> Vehicle {
    Vehicle { plate: plate.into(), ..Vehicle::draft() }
}

fn heavy(plate: &str, axles: i64) -> Heavy {
    Heavy { vehicle: vehicle(plate), axles }
}

fn truck(plate: &str, axles: i64) -> Truck {
    Truck { heavy: heavy(plate, axles), load: None }
}

fn bus(plate: &str, axles: i64) -> Bus {
    Bus { heavy: heavy(plate, axles), seats: 40 }
}

fn ferry(plate: &str) -> Ferry {
    Ferry { boat: Boat { vehicle: vehicle(plate), draught: 3 }, decks: 2 }
}

fn seeded() -> Result<Database> {
    let database = database();
    let mut session = database.session();
    session.add(vehicle("v"));
    session.add(truck("t", 3));
    session.add(bus("b", 2));
    session.add(ferry("f"));
    session.commit()?;
    Ok(database)
}

#[test]
fn a_query_on_an_abstract_class_gives_its_subclasses() -> Result<()> {
    let session = seeded()?.session();
    let all = assert_statements!(session, 1, { session.all(Heavy::select().order_by(Heavy::axles))? });
    let plates: Vec<(String, i64)> = all.iter().map(|it| (it.plate.clone(), it.axles)).collect();
    assert_eq!(plates, [("b".to_owned(), 2), ("t".to_owned(), 3)]);
    assert!(all.first().expect("it is there").downcast::<Bus>()?.is_some_and(|it| it.seats == 40));
    let boat = session.one(Boat::select())?;
    assert_eq!((boat.draught, boat.downcast::<Ferry>()?.map(|it| it.decks)), (3, Some(2)));
    assert_eq!(session.count(Heavy::select().filter(Heavy::axles.gt(2)))?, 1);
    assert_eq!(session.find::<Heavy>(2)?.map(|it| it.plate.clone()).as_deref(), Some("t"));
    assert!(session.find::<Heavy>(1)?.is_none(), "a vehicle is not heavy");
    assert!(session.find::<Boat>(3)?.is_none(), "a bus is no boat");
    let bus = session.find::<Bus>(3)?.expect("it is one").reference();
    assert_eq!(session.find::<Heavy>(3)?.map(|it| it.reference()), Some(bus.upcast()), "one key is one object");
    let joined = Heavy::select().filter(Bus::seats.eq(40).upcast::<Heavy>());
    assert_eq!(session.one(joined)?.plate, "b");
    Ok(())
}

#[test]
fn no_object_is_made_of_an_abstract_class() -> Result<()> {
    let mut session = database().session();
    let refused = session.try_add(heavy("h", 2)).expect_err("it is abstract");
    assert_eq!(refused.to_string(), "no object is a Heavy and nothing more: make a Truck or a Bus");
    let Some(Misuse::Abstract { class, subclasses }) = refused.misuse() else { panic!("{refused}") };
    assert_eq!((class.as_str(), &subclasses[..]), ("Heavy", &["Truck".to_owned(), "Bus".to_owned()][..]));
    let is_abstract = |it: &diptych::Error| matches!(it.misuse(), Some(Misuse::Abstract { .. }));
    assert!(session.transient(heavy("h", 2)).is_err_and(|it| is_abstract(&it)));
    assert!(session.insert_many([Boat::draft()]).is_err_and(|it| is_abstract(&it)));
    assert!(session.untyped().add("Boat", &[]).is_err_and(|it| is_abstract(&it)));
    assert!(session.untyped().construct("Boat", &[]).is_err_and(|it| is_abstract(&it)));
    let it = session.add(truck("t", 2));
    assert!(session.push(it, Heavy::permits, Permit::draft()).is_ok());
    session.commit()?;
    assert_eq!(session.count(Vehicle::select())?, 1);
    Ok(())
}

/// What it adds is given in the rows of those that extend it, and absent in others.
#[test]
fn what_an_abstract_class_adds_is_checked_in_rows_of_its_subclasses() -> Result<()> {
    let mut session = seeded()?.session();
    let none = [("axles", diptych::Expr::Value(diptych::Value::Null))];
    for plate in ["t", "b"] {
        let only = Term::column("plate").eq(plate);
        let refused = session.untyped().update_where("Heavy", &none, Some(&only), Synchronize::Not);
        let refused = refused.expect_err("each of them has axles");
        assert!(refused.to_string().contains("axles_given"), "{refused}");
    }
    let axles = |session: &mut Session| session.count(Heavy::select().filter(Heavy::axles.is_null()));
    assert_eq!((axles(&mut session)?, session.count(Vehicle::select())?), (0, 4), "a vehicle has none");
    Ok(())
}

#[test]
fn relations_lead_to_an_abstract_class() -> Result<()> {
    let database = seeded()?;
    let mut session = database.session();
    let (truck, bus) = (session.one(Truck::select())?.reference(), session.one(Bus::select())?.reference());
    let permit = session.add(Permit::draft());
    session.set(permit, Permit::heavy, truck)?;
    session.push(bus, Heavy::permits, Permit::draft())?;
    session.push(bus, Vehicle::tickets, Ticket::draft())?;
    session.commit()?;
    let session = database.session();
    for way in [Permit::select().with(Permit::heavy.joined()), Permit::select().with(Permit::heavy.joined())] {
        let permits = session.all(way.order_by(Permit::id))?;
        let plates: Vec<String> =
            permits.iter().filter_map(|it| it.get(Permit::heavy).map(|it| it.plate.clone())).collect();
        assert_eq!(plates, ["t", "b"]);
    }
    let many = Permit::select().filter(Permit::heavy.has(Heavy::axles.eq(2)));
    assert_eq!(session.count(many)?, 1);
    let heavies = session.all(Heavy::select().with(Heavy::permits.selectin()).order_by(Heavy::axles))?;
    assert!(heavies.iter().all(|it| it.get(Heavy::permits).len() == 1));
    Ok(())
}

#[test]
fn many_rows_of_an_abstract_class_are_changed_and_deleted() -> Result<()> {
    for synchronize in [Synchronize::Auto, Synchronize::Fetch] {
        let mut session = seeded()?.session();
        let it = session.one(Truck::select())?.reference();
        session.all(Vehicle::select())?;
        assert_eq!(session.update_where(Heavy::select(), [Heavy::axles.becomes(9)], synchronize)?, 2);
        assert_eq!(session.get(it)?.axles, 9);
        let plates = [Vehicle::plate.becomes("boat").of_subclass::<Boat>()];
        assert_eq!(session.update_where(Boat::select(), plates, synchronize)?, 1);
        assert_eq!(session.one(Ferry::select())?.plate, "boat");
        assert_eq!(session.delete_where(Heavy::select(), synchronize)?, 2);
        assert_eq!(session.delete_where(Boat::select(), synchronize)?, 1);
        assert_eq!(session.all(Vehicle::select())?.len(), 1);
    }
    Ok(())
}

#[test]
fn at_run_time_a_class_is_abstract_at_the_top_too() -> Result<()> {
    let table = Table::new("shapes").auto_key("id").column(Column::text("kind")).column(Column::int("area"));
    let round = Table::new("rounds").column(Column::int("id")).primary_key(["id"]).column(Column::int("radius"));
    let round = round.foreign_key(ForeignKey::new(["id"], "shapes"));
    let of = |identity: &'static str| Polymorphic::default().identity(identity);
    let classes = || {
        [
            Class::new("Shape", table.clone()).polymorphic(Polymorphic::on("kind").without_rows()),
            Class::new("Round", round.clone()).inherits("Shape").polymorphic(Polymorphic::default().without_rows()),
            Class::inheriting("Circle", "Round").polymorphic(of("circle")),
            Class::inheriting("Ring", "Round").polymorphic(of("ring")),
            Class::inheriting("Square", "Shape").polymorphic(of("square")),
        ]
    };
    let mut session = Database::with_classes(classes(), [])?.session();
    let circle = session.untyped().add("Circle", &[("area", 3.into()), ("radius", 1.into())])?;
    let square = session.untyped().add("Square", &[("area", 4.into())])?;
    let refused = session.untyped().add("Shape", &[("area", 1.into())]).expect_err("it is abstract").to_string();
    assert_eq!(refused, "no object is a Shape and nothing more: make a Square or a Circle or a Ring");
    session.commit()?;
    assert_eq!(session.untyped().all("Round")?, [circle]);
    assert_eq!(session.untyped().all("Shape")?, [circle, square]);
    let wide = Selection::new().filter(Term::column("radius").eq(1));
    assert_eq!(session.untyped().select("Round", &wide)?, [circle]);

    let wrong = |it: Polymorphic| {
        let mut classes = classes();
        classes[4] = classes[4].clone().polymorphic(it);
        Database::with_classes(classes, []).map(drop).expect_err("it is abstract").to_string()
    };
    let said = wrong(Polymorphic::of(Inheritance::Single).identity("x").without_rows());
    assert!(said.contains("it is abstract, so no row holds its identity"), "{said}");
    Ok(())
}
