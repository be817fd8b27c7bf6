// mistakes: D17
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[belongs_to(author: User, via = author)]
struct Post {
    #[key(auto)]
    id: Id<Post>,
    #[references(User)]
    author: Id<User>,
}

#[derive(Entity, Clone, Debug)]
struct User {
    #[key(auto)]
    id: Id<User>,
}

fn main() {
    let _ = Post::author;
}
