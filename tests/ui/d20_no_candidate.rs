// mistakes: D20
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[belongs_to(author: User)]
struct Post {
    #[key(auto)]
    id: Id<Post>,
}

#[derive(Entity, Clone, Debug)]
struct User {
    #[key(auto)]
    id: Id<User>,
}

fn main() {}
