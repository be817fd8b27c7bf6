// mistakes: E0599
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[has_many(posts: Post, inverse = autor)]
struct User {
    #[key(auto)]
    id: Id<User>,
}

#[derive(Entity, Clone, Debug)]
#[belongs_to(author: User, inverse = posts)]
struct Post {
    #[key(auto)]
    id: Id<Post>,
    #[references(User)]
    author_id: Id<User>,
}

fn main() {}
