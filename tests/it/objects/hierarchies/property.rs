//! Any history in which rows of one table become those of other classes, here and elsewhere: what a session finds is what
//! the rows say, one object a key, and nothing is written to the columns of another class.

use diptych::object::{FieldAssignment, Synchronize};
use diptych::prelude::*;
use diptych::query::{Delete, Select, Update, col};
use diptych::{Expression, State, Value};
use proptest::collection::vec;
use proptest::prelude::*;

use super::super::property::cases;
use super::models::single::{Bike, Car, Owner, Vehicle, bike, car, database, vehicle};

const KINDS: [&str; 3] = ["vehicle", "car", "bike"];
const KEYS: i64 = 4;

/// What to do, to which key, and as what.
type Step = (u8, i64, usize);

struct Story {
    database: Database,
    session: Session,
    owner: Ref<Owner>,
    seen: Vec<Ref<Vehicle>>,
    bikes: Vec<Ref<Bike>>,
    cars: Vec<Ref<Car>>,
}

fn add(session: &mut Session, kind: usize, base: Vehicle) -> Ref<Vehicle> {
    match KINDS[kind] {
        "car" => session.add(Car { vehicle: base, ..car("") }).upcast(),
        "bike" => session.add(Bike { vehicle: base, ..bike("", 1) }).upcast(),
        _ => session.add(base),
    }
}

impl Story {
    fn new() -> Result<Self> {
        let database = database();
        let mut session = database.session();
        let owner = session.add(Owner { name: "ann".into(), ..Owner::draft() });
        session.flush()?;
        let id = session[owner].id;
        for key in 1..=KEYS {
            add(&mut session, 0, Vehicle { id: Id::new(key), owner_id: Some(id), ..vehicle("") });
        }
        session.commit()?;
        Ok(Story { database, session, owner, seen: Vec::new(), bikes: Vec::new(), cars: Vec::new() })
    }

    /// Another session, or this one, lets the row of a key be of another class: the row changes, or another one comes.
    fn turn(session: &mut Session, key: i64, kind: usize, anew: bool) -> Result<()> {
        let of_key = || col("id").eq(key);
        if anew {
            session.execute(Delete::from("vehicles").filter(of_key()))?;
            session.expire_all();
            let owner = session.one(Owner::select())?.id;
            add(session, kind, Vehicle { id: Id::new(key), owner_id: Some(owner), ..vehicle("") });
            return session.flush().map(drop);
        }
        let update = Update::table("vehicles").set("kind", KINDS[kind]).filter(of_key());
        session.execute(update.set("wheels", Value::Null).set("gears", Value::Null).set("tows_id", Value::Null))?;
        Ok(())
    }

    fn step(&mut self, (what, key, kind): Step) -> Result<()> {
        let session = &mut self.session;
        match what {
            0 | 1 => {
                let mut other = self.database.session();
                Story::turn(&mut other, key, kind, what == 0)?;
                other.commit()?;
            }
            2 => Story::turn(session, key, kind, false)?,
            3 => {
                let becomes = [Vehicle::kind.becomes(KINDS[kind])];
                let of_key = Vehicle::select().filter(Vehicle::id.eq(Id::new(key)));
                let how = [Synchronize::Auto, Synchronize::Fetch, Synchronize::Not][kind];
                Story::turn(session, key, kind, false)?;
                session.update_where(of_key, becomes, how)?;
            }
            4 => session.commit()?,
            5 => session.rollback()?,
            6 => session.expire_all(),
            7 => self.seen.extend(session.find::<Vehicle>(key)?.map(|it| it.reference())),
            8 => self.bikes.extend(session.find::<Bike>(key)?.map(|it| it.reference())),
            9 => self.cars.extend(session.find::<Car>(key)?.map(|it| it.reference())),
            10 => {
                let Some(&car) = self.cars.get(key as usize) else { return Ok(()) };
                if session.state(car)? == State::Persistent {
                    session.edit(car)?.wheels = Some(4);
                }
            }
            11 => {
                let Some(&bike) = self.bikes.get(key as usize) else { return Ok(()) };
                if session.state(bike)? == State::Persistent {
                    session.edit(bike)?.gears = Some(21);
                }
            }
            12 => {
                let (Some(&car), Some(&bike)) = (self.cars.last(), self.bikes.last()) else { return Ok(()) };
                if session.state(car)? == State::Persistent && session.state(bike)? == State::Persistent {
                    session.set(car, Car::tows, bike)?;
                }
            }
            13 => {
                for car in session.all(Car::select().with(Car::tows.selectin()))?.iter() {
                    assert!(car.get(Car::tows).is_none_or(|it| KINDS.contains(&&*it.kind)));
                }
            }
            14 => {
                for it in session.get(self.owner)?.load(Owner::vehicles)?.iter() {
                    it.downcast::<Car>()?.map(|it| it.load(Car::tows).map(drop)).transpose()?;
                }
            }
            _ => {
                let Some(&seen) = self.seen.get(key as usize) else { return Ok(()) };
                session.get(seen).map(drop)?;
            }
        }
        Ok(())
    }

    /// What the session finds is what the rows say.
    fn check(&mut self) -> Result<()> {
        let session = &mut self.session;
        session.flush()?;
        let columns = ["id", "kind", "wheels", "gears"].map(col);
        let rows = session.execute(Select::from("vehicles").values(columns))?.rows.to_values();
        for row in &rows {
            let other_is_empty = match &row[1] {
                Value::Text(it) if &**it == "car" => row[3].is_null(),
                Value::Text(it) if &**it == "bike" => row[2].is_null(),
                _ => row[2].is_null() && row[3].is_null(),
            };
            assert!(other_is_empty, "{row:?}");
        }
        let found = session.all(Vehicle::select())?;
        assert_eq!(found.len(), rows.len());
        for it in found.iter() {
            let (is_car, is_bike) = (it.downcast::<Car>()?.is_some(), it.downcast::<Bike>()?.is_some());
            assert_eq!((is_car, is_bike), (it.kind == "car", it.kind == "bike"));
            assert_eq!(session.find::<Vehicle>(it.id)?.map(|it| it.reference()), Some(it.reference()), "O1");
        }
        for &car in &self.cars {
            assert!(session.state(car)? != State::Persistent || session[car].kind == "car", "O5");
        }
        for &bike in &self.bikes {
            assert!(session.state(bike)? != State::Persistent || session[bike].kind == "bike", "O5");
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(128), failure_persistence: None, ..ProptestConfig::default() })]

    /// O1, O5: whatever becomes of the rows.
    #[test]
    fn any_history_of_classes_is_what_the_rows_say(
        steps in vec((0..16_u8, 1..=KEYS, 0..KINDS.len()), 1..30),
    ) {
        let mut story = Story::new().expect("the model is right");
        for step in steps {
            // What a race or a row that has gone refuses is taken back.
            if story.step(step).and_then(|()| story.check()).is_err() {
                story.session.rollback().expect("it can be taken back");
                story.check().expect("after that, the rows are read");
            }
        }
    }
}
