// mistakes: D11
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
struct User {
    #[key(atuo)]
    id: Id<User>,
}

fn main() {}
