// mistakes: D22
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
struct Post {
    #[key(auto)]
    id: Id<User>,
}

#[derive(Entity, Clone, Debug)]
struct User {
    #[key(auto)]
    id: Id<User>,
}

fn main() {}
