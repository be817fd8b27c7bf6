// mistakes: E0277
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[entity(discriminator = kind, identity = "pet")]
struct Pet {
    #[key(auto)]
    id: Id<Pet>,
    kind: String,
}

#[derive(Entity, Clone, Debug)]
#[entity(identity = "dog")]
#[belongs_to(chases: Pet, via = chases_id)]
struct Dog {
    #[base]
    pet: Pet,
    trick: String,
    #[references(Pet)]
    chases_id: Option<Id<Pet>>,
}

fn main() {
    let mut session = Database::of::<(Pet, Dog)>().unwrap().session();
    let found: Option<Ref<Dog>> = None;
    let dog = session.add(Dog::draft());
    session.set(dog, Dog::chases, found).unwrap();
}
