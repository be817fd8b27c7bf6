// mistakes: D38
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[entity(concrete = "engineers")]
struct Engineer {
    #[key(auto)]
    id: Id<Engineer>,
}

fn main() {}
