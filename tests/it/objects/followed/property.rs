//! Any work on rows whose keys move, references that are cleared and rows that go by actions: whenever a flush has gone
//! through, each object at hand says what its row says and leads where its foreign key leads, and what has gone has no row.

use std::collections::BTreeMap;

use diptych::object::Synchronize;
use diptych::prelude::*;
use diptych::{Select, State, Value, col};
use proptest::collection::vec;
use proptest::prelude::*;

use super::super::property::cases;
use super::{City, Country, Flag, Lamp, Street};

/// What is done, to whom, and to whom else.
type Step = (u8, usize, usize);

type Outcome<T = ()> = std::result::Result<T, TestCaseError>;

fn failed(error: diptych::Error) -> TestCaseError {
    TestCaseError::fail(format!("{error:#}"))
}

/// Rows of a table by what their key holds, as the transaction of the session has them.
type Rows = BTreeMap<String, Vec<Value>>;

struct Story {
    session: Session,
    countries: Vec<Ref<Country>>,
    cities: Vec<Ref<City>>,
    streets: Vec<Ref<Street>>,
    flags: Vec<Ref<Flag>>,
    lamps: Vec<Ref<Lamp>>,
    savepoints: usize,
    made: i64,
}

impl Story {
    fn new(expires: bool) -> diptych::Result<Self> {
        let database = super::database()?;
        let mut session = database.session();
        let code = |it: usize| format!("c{it}");
        for it in 0..4 {
            session.add(Country { code: code(it), name: format!("n{it}") });
        }
        session.flush()?;
        for it in 0..3 {
            session.add(City { country_code: code(it), number: it as i64, size: 1 });
            session.add(Flag { id: it as i64, country_code: Some(code(it)), raised_over: code(3) });
        }
        session.flush()?;
        for it in 0..3 {
            let (city_country, lies_in) = (Some(code(it)), Some(code((it + 1) % 3)));
            session.add(Street { id: it as i64, city_country, city_number: Some(it as i64), lies_in });
        }
        session.flush()?;
        for it in 0..3 {
            session.add(Lamp { id: it, street_id: it });
        }
        session.commit()?;
        let mut session = database.session();
        session.set_expire_on_commit(expires);
        let countries = session.all(Country::select().order_by(Country::code))?.references();
        let cities = session.all(City::select().order_by(City::country_code))?.references();
        let streets = session.all(Street::select().order_by(Street::id))?.references();
        let flags = session.all(Flag::select().order_by(Flag::id))?.references();
        let lamps = session.all(Lamp::select().order_by(Lamp::id))?.references();
        Ok(Story { session, countries, cities, streets, flags, lamps, savepoints: 0, made: 10 })
    }

    fn lives<T>(&self, object: Ref<T>) -> bool {
        self.session.state(object).is_ok_and(|it| it == State::Persistent)
            && !self.session.is_marked_deleted(object).unwrap_or(true)
    }

    /// One of the objects goes, if it is there.
    fn go(&mut self, a: usize, b: usize) -> diptych::Result<()> {
        let (country, city, street) = (self.countries[a % 4], self.cities[a % 3], self.streets[a % 3]);
        let (flag, lamp) = (self.flags[a % 3], self.lamps[a % 3]);
        match b % 5 {
            0 if self.lives(country) => self.session.delete(country),
            1 if self.lives(city) => self.session.delete(city),
            2 if self.lives(flag) => self.session.delete(flag),
            3 if self.lives(lamp) => self.session.delete(lamp),
            _ if self.lives(street) => self.session.delete(street),
            _ => Ok(()),
        }
    }

    /// A statement writes foreign keys of many rows, whether they lead somewhere then or nowhere.
    fn write_references(&mut self, a: usize, b: usize) -> diptych::Result<()> {
        let (country, city) = (self.countries[b % 4], self.cities[b % 3]);
        let from = (a % 3) as i64;
        if a.is_multiple_of(2) {
            let code = if self.lives(country) { Some(self.session.get(country)?.code.clone()) } else { None };
            let flags = Flag::select().filter(Flag::id.ge(from));
            self.session.update_where(flags, [Flag::country_code.becomes(code)], Synchronize::Auto)?;
            return Ok(());
        }
        let key = match self.lives(city) && b % 4 != 3 {
            true => self.session.get(city).map(|it| (Some(it.country_code.clone()), Some(it.number)))?,
            false => (None, None),
        };
        let changes = [Street::city_country.becomes(key.0), Street::city_number.becomes(key.1)];
        self.session.update_where(Street::select().filter(Street::id.ge(from)), changes, Synchronize::Auto)?;
        Ok(())
    }

    /// Does something, as far as the objects are there. Whether they are to agree with the rows now.
    fn step(&mut self, (what, a, b): Step) -> diptych::Result<bool> {
        let (country, other) = (self.countries[a % 4], self.countries[b % 4]);
        let (city, street, flag) = (self.cities[a % 3], self.streets[a % 3], self.flags[a % 3]);
        match what {
            0 if self.lives(country) => {
                self.made += 1;
                self.session.edit(country)?.code = format!("m{}", self.made);
            }
            1 if self.lives(country) && self.lives(other) => {
                let (left, right) = (self.session.get(country)?.code.clone(), self.session.get(other)?.code.clone());
                self.session.edit(country)?.code = right;
                self.session.edit(other)?.code = left;
            }
            2 if self.lives(city) && self.lives(other) => self.session.set(city, City::country, other)?,
            3 if self.lives(street) => {
                let to = Some(self.cities[b % 3]).filter(|it| b % 4 != 3 && self.lives(*it));
                self.session.set(street, Street::city, to)?;
            }
            4 if self.lives(street) && self.lives(other) => {
                let code = self.session.get(other)?.code.clone();
                self.session.edit(street)?.lies_in = Some(code);
            }
            5 if self.lives(flag) => {
                let to = Some(other).filter(|it| b % 4 != 3 && self.lives(*it));
                self.session.set(flag, Flag::country, to)?;
            }
            6 => self.go(a, b)?,
            7 => {
                self.session.savepoint()?;
                self.savepoints += 1;
            }
            8 if self.savepoints > 0 => {
                self.session.rollback_to()?;
                self.savepoints -= 1;
            }
            9 => {
                self.session.commit()?;
                self.savepoints = 0;
            }
            10 => match b % 3 {
                0 if self.lives(city) => self.session.expire(city)?,
                1 if self.lives(street) => self.session.expire(street)?,
                2 if self.lives(flag) => self.session.expire(flag)?,
                _ => {}
            },
            11 => match b % 4 {
                3 if self.lives(country) => drop(self.session.get(country)?.load(Country::raised)?.len()),
                0 if self.lives(country) => drop(self.session.get(country)?.load(Country::flags)?.len()),
                1 if self.lives(street) => drop(self.session.get(street)?.load(Street::city)?.is_some()),
                2 if self.lives(flag) => drop(self.session.get(flag)?.load(Flag::country)?.is_some()),
                _ => {}
            },
            12 => {
                let id = (a % 3) as i64;
                self.session.delete_where(Street::select().filter(Street::id.eq(id)), Synchronize::Auto)?;
            }
            13 if self.lives(street) => {
                self.made += 1;
                let street_id = self.session.get(street)?.id;
                self.lamps[b % 3] = self.session.add(Lamp { id: self.made, street_id });
            }
            16 => self.write_references(a, b)?,
            _ => self.session.flush()?,
        }
        Ok(matches!(what, 7..=9 | 12 | 14..))
    }

    /// What the objects say and hold to be pending.
    fn said(&self) -> Vec<String> {
        fn each<T: Entity + std::fmt::Debug>(session: &Session, objects: &[Ref<T>]) -> Vec<String> {
            let said = |it: &Ref<T>| format!("{:?} {:?}", session.state(*it).ok(), session.get(*it).ok());
            objects.iter().map(said).collect()
        }
        let (countries, cities) = (each(&self.session, &self.countries), each(&self.session, &self.cities));
        let (streets, flags) = (each(&self.session, &self.streets), each(&self.session, &self.flags));
        [countries, cities, streets, flags, each(&self.session, &self.lamps)].concat()
    }

    /// What a table holds.
    fn rows(&mut self, table: &'static str, key: usize, columns: &[&'static str]) -> Outcome<Rows> {
        let select = Select::from(table).values(columns.iter().map(|it| col(*it)));
        let found = self.session.execute(select).map_err(failed)?;
        let rows = found.rows.to_values().into_iter();
        Ok(rows.map(|it| (format!("{:?}", &it[..key]), it)).collect())
    }

    fn check(&mut self) -> Outcome {
        let countries = self.rows("countries", 1, &["code", "name"])?;
        let cities = self.rows("cities", 2, &["country_code", "number", "size"])?;
        let streets = self.rows("streets", 1, &["id", "city_country", "city_number", "lies_in"])?;
        let flags = self.rows("flags", 1, &["id", "country_code", "raised_over"])?;
        let lamps = self.rows("lamps", 1, &["id"])?;
        macro_rules! agree {
            ($objects:expr, $rows:expr, $key:literal, |$it:ident| $values:expr) => {
                let mut seen = 0;
                for &object in &$objects {
                    if self.session.state(object).map_err(failed)? != State::Persistent {
                        continue;
                    }
                    let $it = self.session.get(object).map_err(failed)?;
                    let said: Vec<Value> = $values;
                    prop_assert_eq!($rows.get(&format!("{:?}", &said[..$key])), Some(&said));
                    seen += 1;
                }
                prop_assert_eq!(seen, $rows.len(), "each row has an object");
            };
        }
        let text = |it: &Option<String>| it.clone().map_or(Value::Null, Value::from);
        agree!(self.countries, countries, 1, |it| vec![it.code.clone().into(), it.name.clone().into()]);
        agree!(self.cities, cities, 2, |it| vec![it.country_code.clone().into(), it.number.into(), it.size.into()]);
        agree!(self.streets, streets, 1, |it| vec![
            it.id.into(),
            text(&it.city_country),
            it.city_number.map_or(Value::Null, Value::from),
            text(&it.lies_in)
        ]);
        agree!(self.flags, flags, 1, |it| {
            vec![it.id.into(), text(&it.country_code), it.raised_over.clone().into()]
        });
        for &lamp in &self.lamps {
            if self.session.state(lamp).map_err(failed)? == State::Persistent {
                let it = self.session.get(lamp).map_err(failed)?;
                let is_there = lamps.contains_key(&format!("{:?}", [Value::from(it.id)]));
                prop_assert!(is_there);
            }
        }
        self.check_links()
    }

    /// References lead where foreign keys do, and collections hold who refers.
    fn check_links(&mut self) -> Outcome {
        for &street in &self.streets {
            if self.session.state(street).map_err(failed)? == State::Persistent {
                let it = self.session.get(street).map_err(failed)?;
                let city = it.load(Street::city).map_err(failed)?;
                let led = city.map(|it| (it.country_code.clone(), it.number));
                prop_assert_eq!(led, it.city_country.clone().zip(it.city_number));
            }
        }
        let (mut by_country, mut by_raised): (BTreeMap<String, Vec<i64>>, BTreeMap<String, Vec<i64>>) =
            Default::default();
        for &flag in &self.flags {
            if self.session.state(flag).map_err(failed)? == State::Persistent {
                let it = self.session.get(flag).map_err(failed)?;
                let led = it.load(Flag::country).map_err(failed)?.map(|it| it.code.clone());
                prop_assert_eq!(&led, &it.country_code);
                by_country.entry(led.unwrap_or_default()).or_default().push(it.id);
                by_raised.entry(it.raised_over.clone()).or_default().push(it.id);
            }
        }
        for &country in &self.countries {
            if self.session.state(country).map_err(failed)? == State::Persistent {
                let it = self.session.get(country).map_err(failed)?;
                let mut flags: Vec<i64> = it.load(Country::flags).map_err(failed)?.iter().map(|it| it.id).collect();
                flags.sort_unstable();
                prop_assert_eq!(flags, by_country.remove(&it.code).unwrap_or_default());
                let mut raised: Vec<i64> = it.load(Country::raised).map_err(failed)?.iter().map(|it| it.id).collect();
                raised.sort_unstable();
                prop_assert_eq!(raised, by_raised.remove(&it.code).unwrap_or_default());
            }
        }
        Ok(())
    }
}

fn hold(steps: &[Step], expires: bool) -> Outcome {
    let mut story = Story::new(expires).map_err(failed)?;
    for (at, &step) in steps.iter().enumerate() {
        let before = matches!(step.0, 14 | 15).then(|| story.said());
        let agrees = match story.step(step) {
            Ok(agrees) => agrees,
            Err(_) => {
                if let Some(before) = before {
                    prop_assert_eq!(before, story.said(), "a flush that fails changes nothing");
                }
                // The tables refuse it, or an object has gone meanwhile; all of it is taken back.
                story.session.rollback().map_err(failed)?;
                story.savepoints = 0;
                true
            }
        };
        if agrees {
            story.check().map_err(|it| TestCaseError::fail(format!("after step {at} {step:?}: {it}")))?;
        }
    }
    Ok(())
}

/// Histories that went wrong once, each with what was wrong.
#[test]
fn what_went_wrong_once_goes_right() {
    let told: [(&str, &[Step]); 5] = [
        ("an action removes a row that is new in the same flush", &[(13, 3, 0), (6, 3, 3), (7, 0, 0)]),
        ("a reference is set to what it led to, and cleared by an action", &[(5, 2, 8), (0, 2, 0), (7, 0, 0)]),
        ("a collection gets a member while an action clears another", &[(7, 0, 0), (0, 2, 0), (5, 9, 2), (7, 0, 0)]),
        ("an object of which nothing is known goes by a statement on many rows", &[(10, 0, 4), (12, 0, 0)]),
        (
            "a collection is read when a member has gone that a rollback brings back",
            &[(5, 0, 1), (7, 0, 0), (6, 3, 2), (7, 0, 0), (6, 7, 5), (8, 0, 0), (8, 0, 0)],
        ),
    ];
    for (what, steps) in told {
        for expires in [false, true] {
            hold(steps, expires).unwrap_or_else(|it| panic!("{what}: {it}"));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(64)))]

    #[test]
    fn objects_and_rows_agree_whatever_actions_do(
        steps in vec((0_u8..17, 0_usize..12, 0_usize..12), 1..25),
        expires: bool,
    ) {
        hold(&steps, expires)?;
    }
}
