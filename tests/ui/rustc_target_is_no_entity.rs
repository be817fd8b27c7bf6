// mistakes: E0277
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[belongs_to(author: User)]
struct Post {
    #[key(auto)]
    id: Id<Post>,
    #[references(User)]
    author_id: Id<User>,
}

struct User;

fn main() {}
