// mistakes: D25
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[many_to_many(friends: User, inverse = friends)]
struct User {
    #[key(auto)]
    id: Id<User>,
}

fn main() {}
