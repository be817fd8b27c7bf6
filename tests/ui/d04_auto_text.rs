// mistakes: D04
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
struct User {
    #[key(auto)]
    name: String,
}

fn main() {}
