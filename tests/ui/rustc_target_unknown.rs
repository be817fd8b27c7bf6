// mistakes: E0425
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[has_many(posts: Pots, inverse = author)]
struct User {
    #[key(auto)]
    id: Id<User>,
}

fn main() {}
