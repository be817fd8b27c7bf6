// mistakes: D02
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
struct Page<T> {
    #[key(auto)]
    id: Id<Page<T>>,
    body: T,
}

fn main() {}
