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
    let _ = Pet::select().with(Dog::chases.joined());
}
