//! What foreign key actions make of rows, the objects of these rows hold: at once, whether anybody has read the reference,
//! and without a read.

mod owners;
mod property;
mod scale;

use diptych::object::Synchronize;
use diptych::prelude::*;
use diptych::{State, assert_statements};

#[derive(Entity, Clone, Debug)]
#[has_many(flags: Flag, inverse = country, via(country_code))]
#[has_many(raised: Flag, via(raised_over), passive_deletes = all)]
struct Country {
    #[key]
    code: String,
    #[unique]
    name: String,
}

/// Its key begins with that of its country.
#[derive(Entity, Clone, Debug)]
#[belongs_to(country: Country)]
struct City {
    #[key]
    #[references(Country, on_update = cascade)]
    country_code: String,
    #[key]
    number: i64,
    size: i64,
}

/// Refers to a city, and so to the country's key, too.
#[derive(Entity, Clone, Debug)]
#[belongs_to(city: City, via(city_country, city_number))]
#[foreign_key(via(city_country, city_number), references = City, on_update = cascade, on_delete = set_null)]
struct Street {
    #[key]
    id: i64,
    city_country: Option<String>,
    city_number: Option<i64>,
    /// No relation goes by it.
    #[references(Country, on_update = cascade)]
    lies_in: Option<String>,
}

#[derive(Entity, Clone, Debug)]
#[belongs_to(country: Country, inverse = flags, via(country_code))]
struct Flag {
    #[key]
    id: i64,
    #[references(Country, on_update = set_null)]
    country_code: Option<String>,
    /// Its owner alone knows of it.
    #[default("c0")]
    #[references(Country, on_update = cascade, on_delete = set_default)]
    raised_over: String,
}

#[derive(Entity, Clone, Debug)]
struct Lamp {
    #[key]
    id: i64,
    #[references(Street, on_delete = cascade)]
    street_id: i64,
}

struct Atlas {
    database: Database,
    session: Session,
    country: Ref<Country>,
    city: Ref<City>,
    street: Ref<Street>,
    flag: Ref<Flag>,
}

fn database() -> Result<Database> {
    Database::of::<(Country, City, Street, Flag, Lamp)>()
}

/// Everything is at hand, and no reference was read.
fn atlas() -> Result<Atlas> {
    let database = database()?;
    let mut first = database.session();
    first.add(Country { code: "a".into(), name: "A".into() });
    first.add(Country { code: "b".into(), name: "B".into() });
    first.flush()?;
    first.add(City { country_code: "a".into(), number: 1, size: 10 });
    first.flush()?;
    let (country, lies_in) = (Some("a".to_owned()), Some("a".to_owned()));
    first.add(Street { id: 1, city_country: country.clone(), city_number: Some(1), lies_in });
    first.add(Flag { id: 1, country_code: country, raised_over: "b".into() });
    first.commit()?;
    let session = database.session();
    let country = session.one(Country::select().filter(Country::code.eq("a")))?.reference();
    let city = session.one(City::select())?.reference();
    let street = session.one(Street::select())?.reference();
    let flag = session.one(Flag::select())?.reference();
    Ok(Atlas { database, session, country, city, street, flag })
}

impl Atlas {
    /// What the objects say: the city's country, the street's city and country, and the flag's country.
    fn said(&self) -> Result<[Option<String>; 4]> {
        let (city, street) = (self.session.get(self.city)?, self.session.get(self.street)?);
        let flag = self.session.get(self.flag)?;
        let city = Some(city.country_code.clone());
        Ok([city, street.city_country.clone(), street.lies_in.clone(), flag.country_code.clone()])
    }

    /// The same as the tables have it.
    fn stored(&mut self) -> Result<[Option<String>; 4]> {
        let other = self.database.session();
        let city = Some(other.one(City::select())?.country_code.clone());
        let street = other.one(Street::select())?;
        let flag = other.one(Flag::select())?;
        Ok([city, street.city_country.clone(), street.lies_in.clone(), flag.country_code.clone()])
    }
}

fn all(code: &str, flag: Option<&str>) -> [Option<String>; 4] {
    let code = Some(code.to_owned());
    [code.clone(), code.clone(), code, flag.map(str::to_owned)]
}

/// ON UPDATE CASCADE over two steps and without a relation, and ON UPDATE SET NULL: after the flush the objects say what
/// the tables say, are found by their keys, and nothing is read for that.
#[test]
fn objects_say_what_the_tables_made_of_their_rows() -> Result<()> {
    for read in [false, true] {
        let mut atlas = atlas()?;
        if read {
            atlas.session.get(atlas.city)?.load(City::country)?;
            atlas.session.get(atlas.street)?.load(Street::city)?;
            atlas.session.get(atlas.flag)?.load(Flag::country)?;
        }
        assert_eq!(atlas.session.get(atlas.country)?.load(Country::flags)?.len(), 1);
        atlas.session.edit(atlas.country)?.code = "z".to_owned();
        assert_statements!(atlas.session, 1, {
            atlas.session.flush()?;
            assert_eq!(atlas.said()?, all("z", None), "read: {read}");
            let city = atlas.session.find::<City>(("z".to_owned(), 1))?.expect("it is there").reference();
            assert_eq!(city, atlas.city);
            assert_eq!(atlas.session.get(atlas.street)?.load(Street::city)?.map(|it| it.reference()), Some(atlas.city));
            assert_eq!(atlas.session.get(atlas.flag)?.load(Flag::country)?.map(|it| it.reference()), None);
        });
        assert_eq!(atlas.session.get(atlas.country)?.load(Country::flags)?.len(), 0, "read: {read}");
        atlas.session.commit()?;
        assert_eq!(atlas.stored()?, all("z", None));
        assert_eq!(atlas.said()?, all("z", None));
    }
    Ok(())
}

/// What an object is still to write is not lost on the way, and its own row is found by the key that it has got.
#[test]
fn what_is_changed_meanwhile_is_written_where_the_row_has_gone() -> Result<()> {
    let mut atlas = atlas()?;
    atlas.session.edit(atlas.country)?.code = "z".to_owned();
    atlas.session.edit(atlas.city)?.size = 11;
    atlas.session.edit(atlas.street)?.lies_in = Some("b".to_owned());
    atlas.session.commit()?;
    let expected = [Some("z".to_owned()), Some("z".to_owned()), Some("b".to_owned()), None];
    assert_eq!((atlas.stored()?, atlas.said()?), (expected.clone(), expected));
    assert_eq!(atlas.database.session().one(City::select())?.size, 11);
    Ok(())
}

/// A row that goes in the flush in which its key is moved is found by the key that it has by then.
#[test]
fn a_row_that_goes_is_found_by_the_key_to_which_it_was_moved() -> Result<()> {
    let mut atlas = atlas()?;
    atlas.session.edit(atlas.country)?.code = "z".to_owned();
    atlas.session.delete(atlas.city)?;
    atlas.session.flush()?;
    let street = atlas.session.get(atlas.street)?;
    assert_eq!((&street.city_country, street.city_number, &street.lies_in), (&None, None, &Some("z".to_owned())));
    atlas.session.commit()?;
    assert_eq!(atlas.database.session().count(City::select())?, 0);
    Ok(())
}

/// An object of which nothing but the key is known is known by the one that it gets.
#[test]
fn an_expired_object_is_known_by_the_key_that_it_gets() -> Result<()> {
    let mut atlas = atlas()?;
    atlas.session.expire(atlas.city)?;
    atlas.session.expire(atlas.street)?;
    atlas.session.edit(atlas.country)?.code = "z".to_owned();
    atlas.session.flush()?;
    assert_eq!(atlas.said()?, all("z", None));
    Ok(())
}

/// A flush that fails after a key was moved, and rollbacks: to a savepoint, and of everything.
#[test]
fn what_is_taken_back_is_taken_back_of_those_that_followed() -> Result<()> {
    let mut atlas = atlas()?;
    atlas.session.edit(atlas.country)?.code = "z".to_owned();
    let twin = atlas.session.add(Street { id: 2, city_country: None, city_number: None, lies_in: Some("none".into()) });
    assert!(atlas.session.flush().is_err(), "there is no such country");
    assert_eq!(atlas.said()?, all("a", Some("a")));
    atlas.session.expunge(twin)?;
    atlas.session.edit(atlas.country)?.code = "a".to_owned();
    assert_eq!(atlas.session.find::<City>(("a".to_owned(), 1))?.map(|it| it.reference()), Some(atlas.city));

    atlas.session.savepoint()?;
    atlas.session.edit(atlas.country)?.code = "z".to_owned();
    atlas.session.flush()?;
    assert_eq!(atlas.said()?, all("z", None));
    atlas.session.rollback_to()?;
    assert_eq!(atlas.said()?, all("a", Some("a")));
    atlas.session.edit(atlas.country)?.code = "z".to_owned();
    atlas.session.flush()?;
    atlas.session.rollback()?;
    assert_eq!(atlas.said()?, all("a", Some("a")));
    assert_eq!(atlas.session.find::<City>(("a".to_owned(), 1))?.map(|it| it.reference()), Some(atlas.city));
    Ok(())
}

/// A key passes from a row that goes to another one, and then the flush fails: both are known by what they had.
#[test]
fn a_key_that_was_passed_on_is_given_back() -> Result<()> {
    let Atlas { mut session, country, .. } = atlas()?;
    let other = session.one(Country::select().filter(Country::code.eq("b")))?.reference();
    session.delete(other)?;
    session.edit(country)?.code = "b".to_owned();
    // It comes after the country that it lies in.
    let twin = session.add(Street { id: 1, city_country: None, city_number: None, lies_in: Some("b".into()) });
    assert!(session.flush().is_err(), "there is such a street");
    session.expunge(twin)?;
    session.edit(country)?.code = "a".to_owned();
    assert_statements!(session, 0, {
        let known = |code: &str| session.find::<Country>(code.to_owned());
        assert_eq!(known("b")?.map(|it| it.reference()), Some(other));
        assert_eq!(known("a")?.map(|it| it.reference()), Some(country));
    });
    Ok(())
}

/// A row that ON DELETE CASCADE removes takes its object along, and a rollback brings both back.
#[test]
fn an_object_goes_with_the_row_that_an_action_removes() -> Result<()> {
    let Atlas { database, mut session, street, .. } = atlas()?;
    let lamp = session.add(Lamp { id: 1, street_id: 1 });
    session.commit()?;
    session.savepoint()?;
    session.delete(street)?;
    session.flush()?;
    assert_eq!((session.state(street)?, session.state(lamp)?), (State::Deleted, State::Deleted));
    assert!(session.find::<Lamp>(1)?.is_none());
    session.rollback_to()?;
    assert_eq!((session.state(street)?, session.state(lamp)?), (State::Persistent, State::Persistent));
    assert_eq!(session.find::<Lamp>(1)?.map(|it| it.reference()), Some(lamp));
    session.delete(street)?;
    session.commit()?;
    assert_eq!(session.state(lamp)?, State::Detached);
    assert_eq!(database.session().count(Lamp::select())?, 0);
    Ok(())
}

/// So do statements on many rows: what their actions change or remove is seen in the objects at hand.
#[test]
fn objects_follow_statements_on_many_rows() -> Result<()> {
    for read in [false, true] {
        let Atlas { mut session, city, street, flag, .. } = atlas()?;
        let lamp = session.add(Lamp { id: 1, street_id: 1 });
        session.flush()?;
        if read {
            session.get(street)?.load(Street::city)?;
        }
        session.savepoint()?;
        assert_eq!(session.delete_where(City::select().filter(City::number.eq(1)), Synchronize::Auto)?, 1);
        let said = session.get(street)?;
        assert_eq!((said.city_country.as_deref(), said.city_number), (None, None), "read: {read}");
        assert!(said.load(Street::city)?.is_none());
        session.rollback_to()?;
        assert_eq!(session.get(street)?.load(Street::city)?.map(|it| it.reference()), Some(city));
        assert_eq!(session.delete_where(Street::select().filter(Street::id.eq(1)), Synchronize::Auto)?, 1);
        assert_eq!((session.state(street)?, session.state(lamp)?), (State::Deleted, State::Deleted));
        session.rollback()?;
        assert_eq!((session.state(street)?, session.state(flag)?), (State::Persistent, State::Persistent));
    }
    Ok(())
}
