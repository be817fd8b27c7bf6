//! Relations that lead to a base: what they are set to, and what is read along with what they lead to.

use diptych::Expression;
use diptych::object::{LoadPath, Promise, Selection, SubclassLoad, Term};
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[entity(table = "kennels")]
#[has_many(pets: Pet, inverse = kennel)]
#[belongs_to(star: Pet, via = star_id)]
struct Kennel {
    #[key(auto)]
    id: Id<Kennel>,
    #[references(Pet)]
    star_id: Option<Id<Pet>>,
}

#[derive(Entity, Clone, Debug)]
#[entity(table = "pets", discriminator = kind, identity = "pet")]
#[belongs_to(kennel: Kennel, via = kennel_id, inverse = pets)]
struct Pet {
    #[key(auto)]
    id: Id<Pet>,
    kind: String,
    #[references(Kennel)]
    kennel_id: Option<Id<Kennel>>,
}

#[derive(Entity, Clone, Debug)]
#[entity(identity = "dog", table = "dogs")]
struct Dog {
    #[base]
    pet: Pet,
    trick: String,
}

#[derive(Entity, Clone, Debug)]
#[entity(identity = "cat", table = "cats")]
#[has_many(toys: Toy, inverse = cat)]
struct Cat {
    #[base]
    pet: Pet,
    lives: i64,
}

#[derive(Entity, Clone, Debug)]
#[entity(table = "toys")]
#[belongs_to(cat: Cat, via = cat_id, inverse = toys)]
struct Toy {
    #[key(auto)]
    id: Id<Toy>,
    #[references(Cat)]
    cat_id: Id<Cat>,
}

fn dog(trick: &str) -> Dog {
    Dog { trick: trick.into(), ..Dog::draft() }
}

fn seeded() -> Result<Database> {
    let database = Database::of::<(Kennel, Pet, Dog, Cat, Toy)>()?;
    let mut session = database.session();
    for _ in 0..3 {
        let kennel = session.add(Kennel::draft());
        let star = session.push(kennel, Kennel::pets, dog("sit"))?;
        session.push(kennel, Kennel::pets, dog("roll"))?;
        let cat = session.push(kennel, Kennel::pets, Cat { lives: 9, ..Cat::draft() })?;
        session.push(cat, Cat::toys, Toy::draft())?;
        session.set(kennel, Kennel::star, star)?;
    }
    session.commit()?;
    Ok(database)
}

/// The tricks and lives of all pets, and how many statements looking at them took.
fn looked_at<'v>(session: &Session, pets: impl IntoIterator<Item = View<'v, Pet>>) -> Result<(String, u64)> {
    let before = session.totals().statements;
    let mut seen = String::new();
    for pet in pets {
        if let Some(dog) = pet.downcast::<Dog>()? {
            seen += &dog.trick;
        }
        if let Some(cat) = pet.downcast::<Cat>()? {
            seen += &cat.lives.to_string();
        }
    }
    Ok((seen, session.totals().statements - before))
}

#[test]
fn a_relation_to_a_base_is_set_to_what_extends_it() -> Result<()> {
    let mut session = Database::of::<(Kennel, Pet, Dog, Cat, Toy)>()?.session();
    let kennel = session.add(Kennel::draft());
    let (rex, tom) = (session.add(dog("sit")), session.add(Cat::draft()));
    session.set(kennel, Kennel::star, rex)?;
    session.commit()?;
    assert_eq!(session.get(kennel)?.load(Kennel::star)?.map(|it| it.reference()), Some(rex.upcast()));
    let found = session.all(Cat::select())?.references().first().copied();
    session.set(kennel, Kennel::star, found.map(Ref::upcast))?;
    session.commit()?;
    assert_eq!(session.get(kennel)?.load(Kennel::star)?.map(|it| it.reference()), Some(tom.upcast()));
    session.set(kennel, Kennel::star, None)?;
    session.replace(kennel, Kennel::pets, [rex.upcast()])?;
    session.replace(kennel, Kennel::pets, vec![tom.upcast(), rex.upcast::<Pet>()])?;
    session.commit()?;
    assert_eq!(session.get(kennel)?.load(Kennel::pets)?.references(), [rex.upcast(), tom.upcast()]);
    Ok(())
}

#[test]
fn members_bring_what_is_added_to_them() -> Result<()> {
    let database = seeded()?;
    let session = database.session();
    let query = session.query_of(kennel_of(&session), Kennel::pets);
    let before = session.totals().statements;
    let pets = query.with_subclasses().all()?;
    assert_eq!(session.totals().statements - before, 1);
    assert_eq!(looked_at(&session, pets.iter())?, ("sitroll9".to_owned(), 0));

    let session = database.session();
    let query = session.query_of(kennel_of(&session), Kennel::pets);
    let pets = query.with_subclass::<Dog>(SubclassLoad::Inline).all()?;
    assert_eq!(looked_at(&session, pets.iter())?, ("sitroll9".to_owned(), 1), "the cat is looked at apart");

    let session = database.session();
    let query = session.query_of(kennel_of(&session), Kennel::pets);
    let both = query.with_subclass::<Dog>(SubclassLoad::Selectin).with_subclass::<Cat>(SubclassLoad::Selectin);
    let before = session.totals().statements;
    let pets = both.with_of(Cat::toys.selectin()).all()?;
    assert_eq!(session.totals().statements - before, 4, "its pets, dogs, cats and toys");
    assert_eq!(looked_at(&session, pets.iter())?, ("sitroll9".to_owned(), 0));
    let cat = pets.iter().find_map(|it| it.downcast::<Cat>().transpose()).expect("there is one")?;
    assert_eq!(cat.loaded(Cat::toys)?.len(), 1);
    Ok(())
}

fn kennel_of(session: &Session) -> Ref<Kennel> {
    session.all(Kennel::select().limit(1)).expect("there is one").references()[0]
}

/// Reads all kennels with their pets, and looks at these; returns the statements of both.
fn read_with(path: impl FnOnce() -> LoadPath<Kennel, Pet>) -> Result<(u64, u64)> {
    let session = seeded()?.session();
    let kennels = session.all(Kennel::select().loading(path()))?;
    let read = session.totals().statements;
    let pets: Vec<_> = kennels.iter().map(|it| it.loaded(Kennel::pets)).collect::<Result<_>>()?;
    let (seen, looked) = looked_at(&session, pets.iter().flat_map(|it| it.iter()))?;
    assert_eq!(seen, "sitroll9".repeat(3));
    Ok((read, looked))
}

#[test]
fn members_that_are_loaded_along_bring_what_is_added_to_them() -> Result<()> {
    let bare = || Kennel::pets.selectin();
    assert_eq!(read_with(|| perhaps(bare()))?, (2, 9));
    assert_eq!(read_with(|| perhaps(bare().with_subclasses()))?, (2, 0));
    assert_eq!(read_with(|| perhaps(bare().with_subclass::<Dog>(SubclassLoad::Inline)))?, (2, 3));
    let both = bare().with_subclass::<Dog>(SubclassLoad::Inline).with_subclass::<Cat>(SubclassLoad::Inline);
    assert_eq!(read_with(|| perhaps(both))?, (2, 0));
    let both = bare().with_subclass::<Dog>(SubclassLoad::Selectin).with_subclass::<Cat>(SubclassLoad::Selectin);
    assert_eq!(read_with(|| perhaps(both))?, (4, 0));
    assert_eq!(read_with(|| perhaps(Kennel::pets.joined().with_subclasses()))?, (1, 0));
    assert_eq!(read_with(|| perhaps(Kennel::pets.subquery().with_subclasses()))?, (2, 0));
    let on_access = bare().with_subclass::<Dog>(SubclassLoad::OnAccess);
    assert_eq!(read_with(|| perhaps(on_access))?, (2, 9));
    Ok(())
}

#[test]
fn what_a_reference_leads_to_brings_what_is_added_to_it() -> Result<()> {
    let session = seeded()?.session();
    let star = Kennel::star.joined().with_subclass::<Dog>(SubclassLoad::Inline);
    let kennels = session.all(Kennel::select().with(star))?;
    assert_eq!(session.totals().statements, 1);
    let stars = kennels.iter().filter_map(|it| it.get(Kennel::star));
    assert_eq!(looked_at(&session, stars)?, ("sit".repeat(3), 0));
    Ok(())
}

/// A path that promises nothing.
fn perhaps<P: Promise>(path: LoadPath<Kennel, Pet, P>) -> LoadPath<Kennel, Pet> {
    path.filter(Pet::kind.ne("nothing"))
}

/// The line that is proposed compiles in the query that it is for.
#[test]
fn a_relation_of_a_subclass_that_is_read_one_by_one_is_named_with_it() -> Result<()> {
    let mut session = seeded()?.session();
    session.set_ledger(true);
    for kennel in &session.all(Kennel::select().with(Kennel::pets.selectin()))? {
        for pet in kennel.get(Kennel::pets).iter() {
            if let Some(cat) = pet.downcast::<Cat>()? {
                cat.load(Cat::toys)?;
            }
        }
    }
    let found = session.diagnose()?;
    let found: Vec<_> = found.one_by_one().map(|it| (&*it.path, &*it.option)).collect();
    let behind = ".with(Kennel::pets.selectin().then_of(Cat::toys.selectin()))";
    assert_eq!(found, [("Kennel.pets.Cat.toys", behind)]);

    let mut session = seeded()?.session();
    session.set_ledger(true);
    let mut seen = 0;
    for pet in &session.all(Pet::select().with_subclasses())? {
        if let Some(cat) = pet.downcast::<Cat>()? {
            seen += cat.load(Cat::toys)?.len();
        }
    }
    let found = session.diagnose()?;
    let option = ".with_of(Cat::toys.selectin())";
    assert_eq!(found.one_by_one().map(|it| (&*it.path, &*it.option)).collect::<Vec<_>>(), [("Cat.toys", option)]);
    assert_eq!(seen, 3);

    let mut session = seeded()?.session();
    session.set_ledger(true);
    for dog in &session.all(Dog::select())? {
        dog.load(Pet::kennel)?;
    }
    let found = session.diagnose()?;
    let option = ".with(Pet::kennel.joined())";
    assert_eq!(found.one_by_one().map(|it| (&*it.path, &*it.option)).collect::<Vec<_>>(), [("Dog.kennel", option)]);
    Ok(())
}

/// A condition that is cast to the base brings what it reads; one by names says how it would be read.
#[test]
fn a_condition_on_what_a_subclass_adds_is_read_along_or_says_how() -> Result<()> {
    let mut session = seeded()?.session();
    let sits = || Pet::select().filter(Dog::trick.eq("sit").upcast());
    assert_eq!(session.all(sits())?.len(), 3);
    assert_eq!(session.all(sits().with_subclass::<Dog>(SubclassLoad::Inline))?.len(), 3);
    let by_names = Selection::new().filter(Term::column_of("Dog", "trick").eq("sit"));
    let told = session.untyped().select("Pet", &by_names).expect_err("the table of dogs is not read").to_string();
    assert!(told.contains("it does `.with_subclass::<Dog>(SubclassLoad::Inline)`"), "{told}");
    Ok(())
}
