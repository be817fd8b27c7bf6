// mistakes: D22
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[belongs_to(author: User)]
struct Post {
    #[key(auto)]
    id: Id<Post>,
    #[references(Post)]
    author_id: Id<User>,
}

#[derive(Entity, Clone, Debug)]
struct User {
    #[key(auto)]
    id: Id<User>,
}

fn main() {}
