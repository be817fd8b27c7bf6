// mistakes: D05
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
struct Vote {
    #[key(auto)]
    number: i64,
    #[key]
    voter: i64,
}

fn main() {}
