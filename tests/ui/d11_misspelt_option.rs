// mistakes: D11
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[belongs_to(author: User, invers = posts)]
struct Post {
    #[key(auto)]
    id: Id<Post>,
    #[references(User)]
    author_id: Id<User>,
}

#[derive(Entity, Clone, Debug)]
struct User {
    #[key(auto)]
    id: Id<User>,
}

fn main() {}
