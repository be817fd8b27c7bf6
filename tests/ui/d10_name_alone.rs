// mistakes: D10
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[has_many(posts, inverse = author)]
struct User {
    #[key(auto)]
    id: Id<User>,
}

fn main() {
    let _ = User::posts;
}
