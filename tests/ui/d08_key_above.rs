// mistakes: D08
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[key(auto)]
struct User {
    id: Id<User>,
}

fn main() {}
