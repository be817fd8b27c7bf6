//! What is loaded along of objects that are of several classes.

use diptych::object::SubclassLoad;
use diptych::prelude::*;

use super::models::joined;

/// SQLAlchemy: `select(with_polymorphic(Pet, "*")).options(joinedload(poly.Dog.chases))`.
#[test]
fn a_reference_of_a_subclass_that_is_read_along_is_joined() -> Result<()> {
    use joined::{Dog, Pet};
    let session = joined::seeded()?.session();
    let query = Pet::select().with_subclass::<Dog>(SubclassLoad::Inline).filter(Pet::name.eq("rex"));
    let rex = session.one(query.with_of(Dog::chases.joined()))?;
    let rex = rex.downcast::<Dog>()?.expect("he is one");
    assert_eq!(rex.loaded(Dog::chases)?.expect("he does").name, "tom");
    assert_eq!(session.totals().statements, 1);
    Ok(())
}

#[test]
fn a_subclass_that_is_read_inline_joins_its_references_itself() -> Result<()> {
    #[derive(Entity, Clone, Debug)]
    #[entity(table = "bs", identity = "b", discriminator = kind)]
    struct B {
        #[key(auto)]
        id: Id<B>,
        kind: String,
    }
    #[derive(Entity, Clone, Debug)]
    #[entity(identity = "s", load = inline)]
    #[belongs_to(other: O, via = o_id, lazy = joined)]
    struct S {
        #[base]
        b: B,
        #[references(O)]
        o_id: Option<Id<O>>,
    }
    #[derive(Entity, Clone, Debug)]
    #[entity(table = "os")]
    struct O {
        #[key(auto)]
        id: Id<O>,
    }
    let database = Database::of::<(B, S, O)>()?;
    let mut session = database.session();
    let (s, o) = (session.add(S::draft()), session.add(O::draft()));
    session.set(s, S::other, o)?;
    session.commit()?;
    let session = database.session();
    let s = session.one(B::select())?.downcast::<S>()?.expect("it is one");
    assert!(s.loaded(S::other)?.is_some());
    assert_eq!(session.totals().statements, 1);
    Ok(())
}

/// The second relation of a cat and the second of a dog stand at the same position.
#[test]
fn a_joined_relation_of_one_subclass_is_not_that_of_another() -> Result<()> {
    #[derive(Entity, Clone, Debug)]
    #[entity(table = "owners")]
    struct Owner {
        #[key(auto)]
        id: Id<Owner>,
        name: String,
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
    #[belongs_to(walker: Owner, via = walker_id)]
    struct Dog {
        #[base]
        pet: Pet,
        #[references(Owner)]
        walker_id: Option<Id<Owner>>,
    }
    #[derive(Entity, Clone, Debug)]
    #[entity(identity = "cat")]
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
    let database = Database::of::<(Owner, Pet, Dog, Cat, Toy)>()?;
    let mut session = database.session();
    let ann = session.add(Owner { name: "ann".into(), ..Owner::draft() });
    let rex = session.add(Dog::draft());
    session.set(rex, Dog::walker, ann)?;
    let tom = session.add(Cat::draft());
    session.push(tom, Cat::toys, Toy::draft())?;
    session.commit()?;
    let session = database.session();
    let pets = session.all(Pet::select().order_by(Pet::id).with_subclasses().with_of(Cat::toys.joined()))?;
    let rex = pets.iter().filter_map(|it| it.downcast::<Dog>().transpose()).next().expect("there is one")?;
    assert_eq!(rex.load(Dog::walker)?.map(|it| it.name.clone()).as_deref(), Some("ann"));
    Ok(())
}
