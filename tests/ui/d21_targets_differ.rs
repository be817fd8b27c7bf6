// mistakes: D21
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[belongs_to(author: Post, via = author_id)]
struct Post {
    #[key(auto)]
    id: Id<Post>,
    #[references(User)]
    author_id: i64,
}

#[derive(Entity, Clone, Debug)]
struct User {
    #[key(auto)]
    id: Id<User>,
}

fn main() {}
