// mistakes: D15 D15
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[entity(unique(name, place), index(nam))]
struct User {
    #[key(auto)]
    id: Id<User>,
    name: String,
}

fn main() {}
