//! What must not grow with the square of the objects of a hierarchy: coming, changing, becoming others, and going.

use std::time::Instant;

use diptych::object::{FieldAssignment, Synchronize};
use diptych::prelude::*;

use super::models::single::{Bike, Car, Owner, Vehicle, bike, car, database};
use super::models::staff::{self, Chief, Employee, chief};
use crate::objects::scale::grows_with_the_size;

/// All cars of an owner become bikes, and are read as what they are.
#[test]
fn many_objects_become_others() -> Result<()> {
    grows_with_the_size(250, |size| {
        let mut session = database().session();
        let ann = session.add(Owner::draft());
        for _ in 0..size {
            session.push(ann, Owner::vehicles, car("a"))?;
        }
        let towing = session.add(car("b"));
        let towed = session.add(bike("c", 1));
        session.set(towing, Car::tows, towed)?;
        session.commit()?;
        assert_eq!(session.get(ann)?.load(Owner::vehicles)?.len(), size);
        let cars = Vehicle::select().filter(Vehicle::plate.eq("a"));
        session.update_where(cars, [Vehicle::kind.becomes("bike")], Synchronize::Not)?;
        let start = Instant::now();
        assert_eq!(session.all(Bike::select())?.len(), size + 1);
        let time = start.elapsed();
        let bikes = session.get(ann)?.load(Owner::vehicles)?.references();
        assert_eq!(bikes.len(), size);
        assert!(bikes.iter().all(|it| session.downcast::<Bike>(*it).is_ok_and(|it| it.is_some())));
        Ok(time)
    })
}

/// In three tables, in a chain of bosses.
#[test]
fn many_objects_of_joined_tables_come_change_and_go() -> Result<()> {
    grows_with_the_size(250, |size| {
        let mut session = staff::database().session();
        let start = Instant::now();
        let all: Vec<Ref<Chief>> = (0..size).map(|it| session.add(chief("a", it as i64))).collect();
        for pair in all.chunks(2) {
            session.set(pair[1], Employee::boss, pair[0].upcast::<Employee>())?;
        }
        session.commit()?;
        session.all(Employee::select().with_subclasses())?;
        for &it in &all {
            session.edit(it)?.manager.bonus += 1;
            session.edit(it)?.car = "vw".into();
        }
        session.commit()?;
        for &it in &all {
            session.delete(it)?;
        }
        session.commit()?;
        let time = start.elapsed();
        assert_eq!(session.count(Employee::select())?, 0);
        Ok(time)
    })
}
