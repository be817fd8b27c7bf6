// mistakes: D09
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
struct Post {
    #[key(auto)]
    id: Id<Post>,
    #[default = 5]
    score: i64,
}

fn main() {}
