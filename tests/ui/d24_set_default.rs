// mistakes: D24
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
struct Post {
    #[key(auto)]
    id: Id<Post>,
    #[references(User, on_delete = set_default)]
    author_id: Id<User>,
}

#[derive(Entity, Clone, Debug)]
struct User {
    #[key(auto)]
    id: Id<User>,
}

fn main() {}
