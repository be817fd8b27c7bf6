// mistakes: D12
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
struct User {
    #[key]
    #[key(auto)]
    id: Id<User>,
}

fn main() {}
