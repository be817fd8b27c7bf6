// mistakes: D19
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[belongs_to(tag: Tag, via(space, name))]
struct Use {
    #[key(auto)]
    id: Id<Use>,
    space: i64,
    name: String,
}

#[derive(Entity, Clone, Debug)]
struct Tag {
    #[key]
    space: i64,
    #[key]
    name: String,
}

fn main() {}
