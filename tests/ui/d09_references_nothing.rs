// mistakes: D09
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
struct Post {
    #[key(auto)]
    id: Id<Post>,
    #[references]
    author_id: i64,
}

fn main() {}
