// mistakes: D08
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
struct User {
    #[key(auto)]
    id: Id<User>,
    #[has_many(posts: Post, inverse = author)]
    posts: i64,
}

fn main() {}
