// mistakes: D06
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
struct User {
    #[key]
    id: Option<i64>,
}

fn main() {}
