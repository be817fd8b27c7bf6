//! Owners whose keys change, where the session follows instead of the foreign key: `passive_updates = off`.

use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[has_many(cities: City, inverse = country, passive_updates = off)]
#[many_to_many(languages: Language, through = "spoken", own = "country", other = "language", passive_updates = off)]
struct Country {
    #[key]
    code: String,
    #[unique]
    name: String,
    area: i64,
}

#[derive(Entity, Clone, Debug)]
#[belongs_to(country: Country, inverse = cities)]
struct City {
    #[key]
    name: String,
    #[references(Country, deferred)]
    country_code: Option<String>,
}

#[derive(Entity, Clone, Debug)]
struct Language {
    #[key]
    name: String,
}

#[derive(Entity, Clone, Debug)]
#[entity(table = "spoken")]
struct Spoken {
    #[key]
    #[references(Country, deferred)]
    country: String,
    #[key]
    #[references(Language)]
    language: String,
}

fn atlas() -> Result<Database> {
    let database = Database::of::<(Country, City, Language, Spoken)>()?;
    let mut session = database.session();
    let country = |code: &str| Country { code: code.to_owned(), name: format!("the land {code}"), area: 1 };
    let (a, b) = (session.add(country("a")), session.add(country("b")));
    for (name, of) in [("one", a), ("two", a), ("three", b)] {
        let city = session.add(City { name: name.to_owned(), country_code: None });
        session.set(city, City::country, of)?;
    }
    for name in ["x", "y"] {
        let language = session.add(Language { name: name.to_owned() });
        session.push(a, Country::languages, language)?;
        if name == "x" {
            session.push(b, Country::languages, language)?;
        }
    }
    session.commit()?;
    Ok(database)
}

/// One thing, and another one that goes with it.
type Pairs = Vec<(String, String)>;

/// Which country each city is in, and who speaks what, as the tables say.
fn rows(database: &Database) -> Result<(Pairs, Pairs)> {
    let session = database.session();
    let mut cities = Vec::new();
    for it in &session.all(City::select().order_by(City::name))? {
        cities.push((it.name.clone(), it.country_code.clone().unwrap_or_default()));
    }
    let mut spoken = Vec::new();
    for it in &session.all(Spoken::select().order_by(Spoken::country).order_by(Spoken::language))? {
        spoken.push((it.country.clone(), it.language.clone()));
    }
    Ok((cities, spoken))
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Pairs {
    pairs.map(|(a, b)| (a.to_owned(), b.to_owned())).into()
}

/// Nobody has looked at the collections, or somebody has: the same rows follow.
#[test]
fn members_and_pairs_follow_a_key_that_the_session_passes_on() -> Result<()> {
    for looks in [false, true] {
        let database = atlas()?;
        let mut session = database.session();
        let country = session.one(Country::select().filter(Country::code.eq("a")))?.reference();
        if looks {
            assert_eq!(session.get(country)?.load(Country::cities)?.len(), 2);
            assert_eq!(session.get(country)?.load(Country::languages)?.len(), 2);
        }
        session.edit(country)?.code = "c".to_owned();
        session.commit()?;
        let (cities, spoken) = rows(&database)?;
        assert_eq!(cities, pairs([("one", "c"), ("three", "b"), ("two", "c")]), "{looks}");
        assert_eq!(spoken, pairs([("b", "x"), ("c", "x"), ("c", "y")]), "{looks}");
    }
    Ok(())
}

/// What no relation goes by is written without a look at any.
#[test]
fn another_attribute_reads_no_collection() -> Result<()> {
    let database = atlas()?;
    let mut session = database.session();
    let country = session.one(Country::select().filter(Country::code.eq("a")))?.reference();
    session.edit(country)?.area = 2;
    diptych::assert_statements!(session, 1, { session.flush()? });
    Ok(())
}
