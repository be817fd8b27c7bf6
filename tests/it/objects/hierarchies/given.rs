//! What a class in the table of its base always has: the table lets other rows have NULL there, and its own have none.

use diptych::object::Fate;
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[entity(table = "owners")]
#[has_many(dogs: Dog, inverse = owner)]
#[belongs_to(best: Pet, via = best_id)]
struct Owner {
    #[key(auto)]
    id: Id<Owner>,
    #[references(Pet, on_delete = set_null)]
    best_id: Option<Id<Pet>>,
}

#[derive(Entity, Clone, Debug)]
#[entity(table = "pets", identity = "pet", discriminator = kind)]
struct Pet {
    #[key(auto)]
    id: Id<Pet>,
    kind: String,
}

#[derive(Entity, Clone, Debug)]
#[entity(identity = "dog")]
#[belongs_to(owner: Owner, via = owner_id, inverse = dogs)]
struct Dog {
    #[base]
    pet: Pet,
    #[references(Owner, on_delete = cascade)]
    owner_id: Id<Owner>,
}

#[derive(Entity, Clone, Debug)]
#[entity(identity = "puppy")]
struct Puppy {
    #[base]
    dog: Dog,
    weeks: Option<i64>,
}

fn database() -> Database {
    Database::of::<(Owner, Pet, Dog, Puppy)>().unwrap_or_else(|error| panic!("{error}"))
}

/// The session could only fail to set the reference to NULL, so the foreign key takes the dogs along, as it does where
/// they have a table of their own.
#[test]
fn dogs_that_always_have_an_owner_go_with_it() -> Result<()> {
    for puppy in [false, true] {
        let database = database();
        let mut session = database.session();
        let owner = session.add(Owner::draft());
        let dog = match puppy {
            true => session.add(Puppy::draft()).upcast(),
            false => session.add(Dog::draft()),
        };
        session.push(owner, Owner::dogs, dog)?;
        session.add(Pet::draft());
        session.commit()?;
        let key = session[owner].id;
        let mut session = database.session();
        let owner = session.find::<Owner>(key)?.expect("it is there").reference();
        session.delete(owner)?;
        diptych::assert_statements!(session, 1, { session.flush()? });
        session.commit()?;
        assert_eq!(session.count(Pet::select())?, 1, "another pet has no owner");
    }
    Ok(())
}

/// What is said of the relation is what is said where the dogs have a table of their own.
#[test]
fn what_is_said_of_the_relation_is_what_happens() -> Result<()> {
    let database = database();
    let all = database.model()?.harmony(database.schema());
    let dogs = all.iter().find(|it| it.relation == "Owner.dogs").expect("it is one to many");
    assert_eq!([dogs.unloaded, dogs.loaded, dogs.row], [Fate::Deleted, Fate::Refused, Fate::Deleted], "{dogs}");
    Ok(())
}

/// A ring of new rows is broken at the reference that may be NULL, whichever object came first.
#[test]
fn a_ring_is_broken_where_a_reference_may_be_null() -> Result<()> {
    for dog_first in [true, false] {
        let mut session = database().session();
        let (dog, owner) = match dog_first {
            true => {
                let dog = session.add(Dog::draft());
                (dog, session.add(Owner::draft()))
            }
            false => {
                let owner = session.add(Owner::draft());
                (session.add(Dog::draft()), owner)
            }
        };
        session.set(dog, Dog::owner, owner)?;
        session.set(owner, Owner::best, dog)?;
        session.commit()?;
        assert_eq!(session.get(dog)?.owner_id, session.get(owner)?.id, "the dog came first: {dog_first}");
    }
    Ok(())
}

/// A ring of rows that go is, too.
#[test]
fn a_ring_goes_that_is_broken_where_a_reference_may_be_null() -> Result<()> {
    for dog_first in [true, false] {
        let mut session = database().session();
        let owner = session.add(Owner::draft());
        let dog = session.push(owner, Owner::dogs, Dog::draft())?;
        session.set(owner, Owner::best, dog)?;
        session.commit()?;
        match dog_first {
            true => session.delete(dog).and_then(|()| session.delete(owner))?,
            false => session.delete(owner).and_then(|()| session.delete(dog))?,
        }
        session.commit()?;
        assert_eq!((session.count(Pet::select())?, session.count(Owner::select())?), (0, 0));
    }
    Ok(())
}
