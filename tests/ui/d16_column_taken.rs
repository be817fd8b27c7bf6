// mistakes: D16
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
struct User {
    #[key(auto)]
    id: Id<User>,
    name: String,
    #[column("name")]
    full_name: String,
}

fn main() {}
