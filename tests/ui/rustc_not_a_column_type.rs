// mistakes: E0277
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
struct Post {
    #[key(auto)]
    id: Id<Post>,
    tags: Vec<String>,
}

fn main() {
    let _ = (Post::draft(), Post::tags);
}
