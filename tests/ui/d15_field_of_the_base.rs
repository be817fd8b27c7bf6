// mistakes: D15
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[entity(discriminator = kind, identity = "pet")]
struct Pet {
    #[key(auto)]
    id: Id<Pet>,
    kind: String,
    name: String,
}

#[derive(Entity, Clone, Debug)]
#[entity(identity = "dog", unique(name, trick))]
struct Dog {
    #[base]
    pet: Pet,
    trick: String,
}

fn main() {}
