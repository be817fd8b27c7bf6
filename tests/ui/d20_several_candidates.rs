// mistakes: D20
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[belongs_to(reviewer: User)]
struct Post {
    #[key(auto)]
    id: Id<Post>,
    #[references(User)]
    written_by: Id<User>,
    #[references(User)]
    read_by: Id<User>,
}

#[derive(Entity, Clone, Debug)]
struct User {
    #[key(auto)]
    id: Id<User>,
}

fn main() {}
