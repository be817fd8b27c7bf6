// mistakes: D10
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[has_many(Post, inverse = author)]
struct User {
    #[key(auto)]
    id: Id<User>,
}

struct Post;

fn main() {}
