//! What tells the class of an object is the object's class, or refused: a row that says otherwise would be another object,
//! or none.

use diptych::Value;
use diptych::error::Misuse;
use diptych::object::{FieldAssignment, Manner, Synchronize};
use diptych::prelude::*;

use super::models::single::{Bike, Vehicle, car, database, vehicle};

#[test]
fn a_kind_that_no_class_has_is_refused() -> Result<()> {
    let mut session = database().session();
    let new = session.add(vehicle("a"));
    session.edit(new)?.kind = "nonsense".into();
    let refused = session.commit().expect_err("there is no such class");
    assert_eq!(
        refused.to_string(),
        "Vehicle (pending) says by `kind` = 'nonsense' that it is of a class which there is not; \
         there are 'vehicle', 'car', 'bike'"
    );
    session.edit(new)?.kind = "vehicle".into();
    session.commit()?;
    session.edit(new)?.kind = "nonsense".into();
    let refused = session.commit().expect_err("there is no such class");
    let Some(Misuse::WrongKind { object, attribute, value, of, kinds }) = refused.misuse() else { panic!("{refused}") };
    assert_eq!((object.as_str(), attribute.as_str(), of), ("Vehicle[1]", "kind", &None));
    assert_eq!((value, kinds), (&Value::from("nonsense"), &["vehicle", "car", "bike"].map(Value::from).to_vec()));
    let many = session.update_where(Vehicle::select(), [Vehicle::kind.becomes("nonsense")], Synchronize::Auto);
    assert!(many.is_err_and(|it| matches!(it.misuse(), Some(Misuse::WrongKind { .. }))));
    session.rollback()?;
    assert_eq!(session.all(Vehicle::select())?.len(), 1);
    Ok(())
}

#[test]
fn an_object_stays_of_its_class() -> Result<()> {
    let mut session = database().session();
    let car = session.add(car("a"));
    session.commit()?;
    session.assign(car, Vehicle::kind, "bike".to_owned())?;
    let refused = session.flush().expect_err("it is a car");
    assert_eq!(
        refused.to_string(),
        "Car[1] says by `kind` = 'bike' that it is a Bike; an object stays of its class: \
         add one of the other, or change rows by `update_where`"
    );
    session.expire(car)?;
    session.update_where(Vehicle::select(), [Vehicle::kind.becomes("bike")], Synchronize::Auto)?;
    assert_eq!(session.one(Bike::select())?.plate, "a");
    Ok(())
}

/// SQLAlchemy warns, and goes on.
#[test]
fn in_the_manner_of_sqlalchemy_any_kind_is_written() -> Result<()> {
    let mut session = database().session();
    session.set_manner(Manner::SqlAlchemy);
    let it = session.add(vehicle("a"));
    session.commit()?;
    session.edit(it)?.kind = "nonsense".into();
    session.commit()
}
