// mistakes: D12
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[has_many(posts: User, lazy = joined, lazy = raise)]
struct User {
    #[key(auto)]
    id: Id<User>,
}

fn main() {}
