//! The row of a key that the session knows is one of another class by now: it is another object, and nothing is written
//! to it that was meant for the one before.

use diptych::error::Misuse;
use diptych::object::{FieldAssignment, Polymorphic, Selection, Synchronize};
use diptych::prelude::*;
use diptych::{AnyRef, Class, Column, ForeignKey, State, Table};

use super::models::{single, tree};

/// The row of a car is deleted elsewhere, and a bike gets its key.
fn a_bike_for_a_car(database: &Database) -> Result<()> {
    use single::{Bike, Car, Vehicle, vehicle};
    let mut other = database.session();
    let car = other.one(Car::select())?.reference();
    let (id, owner_id) = (other[car].id, other[car].owner_id);
    other.delete(car)?;
    other.commit()?;
    other.add(Bike { vehicle: Vehicle { id, owner_id, ..vehicle("a") }, gears: Some(7) });
    other.commit()
}

fn becomes(database: &Database, kind: &str) -> Result<()> {
    let mut other = database.session();
    other.update_where(single::Vehicle::select(), [single::Vehicle::kind.becomes(kind)], Synchronize::Not)?;
    other.commit()
}

#[test]
fn an_edit_goes_to_the_class_that_the_row_has_now() -> Result<()> {
    use single::{Bike, car};
    let database = single::database();
    let mut session = database.session();
    let car = session.add(car("a"));
    session.commit()?;
    a_bike_for_a_car(&database)?;

    let bike = session.one(Bike::select())?.reference();
    let refused = session.get(car).expect_err("it is a bike");
    assert_eq!(refused.to_string(), "the row of Car[1] is one of Bike by now; find it as what it is");
    assert!(
        session.get(car.upcast::<single::Vehicle>()).is_err(),
        "a reference means an object, whatever it is seen as"
    );
    assert_eq!(session.untyped().identity(car.untyped())?, Some(vec![1.into()]), "and says how the row is found");
    session.edit(bike)?.gears = Some(21);
    session.commit()?;
    assert_eq!(database.session().one(Bike::select())?.gears, Some(21));
    assert_eq!(session.state(car)?, State::Detached);
    Ok(())
}

#[test]
fn an_object_that_was_promoted_is_found_as_what_it_is() -> Result<()> {
    use single::{Bike, Car, Vehicle, vehicle};
    let database = single::database();
    let mut session = database.session();
    let vehicle = session.add(vehicle("a"));
    session.commit()?;
    becomes(&database, "bike")?;
    let id = 1;
    assert!(session.find::<Vehicle>(id)?.expect("it is one").downcast::<Bike>()?.is_some());
    assert!(session.get(vehicle).is_err_and(|it| it.misuse().is_some_and(Misuse::is_gone)));
    let bike = session.one(Bike::select())?.reference();
    session.edit(bike)?.gears = Some(3);
    session.commit()?;
    assert_eq!(database.session().one(Bike::select())?.gears, Some(3));

    // Expired, it is looked for by its key as any class of the hierarchy.
    becomes(&database, "car")?;
    assert_eq!(session.find::<Car>(id)?.expect("it is one").wheels, None);
    assert!(session.find::<Bike>(id)?.is_none());
    session.commit()?;
    becomes(&database, "vehicle")?;
    assert!(session.find::<Vehicle>(id)?.expect("it is one").downcast::<Car>()?.is_none());
    Ok(())
}

#[test]
fn an_object_that_was_demoted_has_not_what_its_class_added() -> Result<()> {
    use tree::{File, Node};
    let database = tree::database();
    let mut session = database.session();
    session.add(tree::file("a", 3));
    session.commit()?;
    let mut session = database.session();
    let file = session.one(File::select())?.reference();
    session.update_where(Node::select(), [Node::kind.becomes("node")], Synchronize::Auto)?;
    let node = session.one(Node::select())?;
    assert_eq!((node.kind.as_str(), node.name.as_str()), ("node", "a"));
    assert!(node.downcast::<File>()?.is_none());
    assert!(session.get(file).is_err() || session[file].size == 3);
    Ok(())
}

/// O8: what was lent stays what it was, whatever is read meanwhile.
#[test]
fn views_of_the_object_before_go_on() -> Result<()> {
    use single::{Bike, Car, Vehicle, bike, car};
    let database = single::database();
    let mut session = database.session();
    let (tows, towed) = (session.add(car("a")), session.add(bike("b", 1)));
    session.set(tows, Car::tows, towed)?;
    session.commit()?;
    session.all(Car::select().with(Car::tows.selectin()))?;
    let of_a = Vehicle::select().filter(Vehicle::plate.eq("a"));
    session.update_where(of_a, [Vehicle::kind.becomes("bike")], Synchronize::Not)?;
    let car = session.get(tows)?;
    assert_eq!(session.all(Bike::select())?.len(), 2);
    assert_eq!(car.load(Car::tows)?.expect("it tows").plate, "b");
    Ok(())
}

#[test]
fn what_leads_to_the_object_leads_to_the_one_in_its_place() -> Result<()> {
    use single::{Bike, Car, Owner, Vehicle, bike, car};
    let database = single::database();
    let mut session = database.session();
    let ann = session.add(Owner { name: "ann".into(), ..Owner::draft() });
    let owned = session.push(ann, Owner::vehicles, bike("b", 1))?;
    let towing = session.add(car("a"));
    session.set(towing, Car::tows, owned)?;
    session.commit()?;
    assert_eq!(session.get(ann)?.load(Owner::vehicles)?.len(), 1);
    assert!(session.get(towing)?.load(Car::tows)?.is_some());

    let becomes = |kind: &'static str| [Vehicle::kind.becomes(kind)];
    let of_b = || Vehicle::select().filter(Vehicle::plate.eq("b"));
    session.update_where(of_b(), becomes("car"), Synchronize::Not)?;
    let second = session.one(Car::select().filter(Vehicle::plate.eq("b")))?.reference();
    let vehicles = session.get(ann)?.load(Owner::vehicles)?.references();
    assert_eq!(vehicles, [second.upcast::<Vehicle>()], "a car is a vehicle");
    assert!(session.get(towing)?.load(Car::tows)?.is_none(), "and no bike");
    session.update_where(of_b(), becomes("bike"), Synchronize::Not)?;
    let third = session.one(Bike::select())?.reference();
    assert_eq!(session.get(ann)?.load(Owner::vehicles)?.references(), [third.upcast::<Vehicle>()]);
    session.expire_all();
    assert_eq!(session.get(towing)?.load(Car::tows)?.map(|it| it.reference()), Some(third));
    session.delete(third)?;
    session.set(towing, Car::tows, None)?;
    session.commit()?;
    assert!(session.get(ann)?.load(Owner::vehicles)?.is_empty());
    Ok(())
}

#[test]
fn changes_that_wait_are_not_lost_unseen() -> Result<()> {
    use single::{Bike, Vehicle, car};
    let database = single::database();
    let mut session = database.session();
    let car = session.add(car("a"));
    session.commit()?;
    session.no_autoflush(|session| {
        session.edit(car)?.wheels = Some(4);
        session.update_where(Vehicle::select(), [Vehicle::kind.becomes("bike")], Synchronize::Not)?;
        let refused = session.all(Bike::select()).expect_err("the car was changed").to_string();
        assert_eq!(refused, "the row of Car[1] is one of Bike by now, and Car[1] has changes; expire it first");
        assert_eq!(session.populate_existing(Bike::select())?.len(), 1, "which says that they may be lost");
        assert_eq!(session.state(car)?, State::Deleted);
        session.commit()
    })?;
    let bike = database.session().one(Vehicle::select())?.downcast::<Bike>()?.map(|it| it.gears);
    assert_eq!(bike, Some(None));
    Ok(())
}

/// O6: with the row, the object comes back.
#[test]
fn a_rollback_brings_the_object_before_back() -> Result<()> {
    use single::{Bike, Vehicle, car};
    let database = single::database();
    let mut session = database.session();
    let car = session.add(car("a"));
    session.commit()?;
    session.get(car)?;
    session.update_where(Vehicle::select(), [Vehicle::kind.becomes("bike")], Synchronize::Not)?;
    let bike = session.one(Bike::select())?.reference();
    assert_eq!(session.state(car)?, State::Deleted);
    session.rollback()?;
    assert_eq!(session.get(car)?.plate, "a");
    assert_eq!(session.state(bike)?, State::Detached);
    assert_eq!(session.one(Vehicle::select())?.reference(), car.upcast::<Vehicle>());
    Ok(())
}

/// Where no column tells the class, an object that was read as one of a subclass stays one.
#[test]
fn without_a_discriminator_an_object_stays_what_it_was_read_as() -> Result<()> {
    let bases = Table::new("bs").auto_key("id").column(Column::text("name"));
    let more = Table::new("ds").column(Column::int("id")).primary_key(["id"]).column(Column::int("more"));
    let more = Class::new("D", more.foreign_key(ForeignKey::new(["id"], "bs"))).inherits("B");
    let more = more.polymorphic(Polymorphic::default().identity("d"));
    let database = Database::with_classes([Class::new("B", bases), more], [])?;
    let mut session = database.session();
    session.untyped().add("D", &[("name", "d".into()), ("more", 3.into())])?;
    session.commit()?;
    let one = |session: &mut Session, class: &str| -> Result<AnyRef> {
        Ok(session.untyped().select(class, &Selection::new())?[0])
    };
    let mut session = database.session();
    let d = one(&mut session, "D")?;
    assert_eq!(one(&mut session, "B")?, d);
    session.expire_all();
    assert_eq!(one(&mut session, "B")?, d);
    assert_eq!(session.untyped().value(d, "name")?, "d".into());
    assert_eq!(session.untyped().value(d, "more")?, 3.into());
    session.untyped().assign(d, "more", 4)?;
    session.commit()?;

    // Read as a base first, it is found as what it is.
    let mut session = database.session();
    let b = one(&mut session, "B")?;
    let d = one(&mut session, "D")?;
    assert_ne!(b, d);
    assert_eq!(session.untyped().value(d, "more")?, 4.into());
    assert_eq!(one(&mut session, "B")?, d);
    Ok(())
}

/// In one table a foreign key to a class may hold the key of a sibling.
#[test]
fn a_reference_to_a_sibling_leads_nowhere() -> Result<()> {
    use single::{Car, Vehicle, car};
    let database = single::database();
    let mut session = database.session();
    let (a, b) = (session.add(car("a")), session.add(car("b")));
    session.commit()?;
    let key = session[b].id.get();
    session.edit(a)?.tows_id = key.map(Id::new);
    session.commit()?;
    let of_a = || Car::select().filter(Vehicle::plate.eq("a"));
    for known in [false, true] {
        let ways = [
            |it: Query<Car>| it,
            |it: Query<Car>| it.loading(Car::tows.selectin()),
            |it: Query<Car>| it.loading(Car::tows.joined()),
        ];
        for way in ways {
            let mut session = database.session();
            if known {
                session.all(Vehicle::select())?;
            }
            for _ in 0..2 {
                assert!(session.one(way(of_a()))?.load(Car::tows)?.is_none());
            }
            session.expire_all();
            assert!(session.one(way(of_a()))?.load(Car::tows)?.is_none());
        }
    }
    let session = database.session();
    session.all(Vehicle::select())?;
    assert!(session.one(of_a().with(Car::tows.selectin()))?.get(Car::tows).is_none());
    assert!(session.one(of_a().with(Car::tows.joined()))?.get(Car::tows).is_none());
    Ok(())
}
