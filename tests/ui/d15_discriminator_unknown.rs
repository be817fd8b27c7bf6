// mistakes: D15
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[entity(discriminator = kin, identity = "employee")]
struct Employee {
    #[key(auto)]
    id: Id<Employee>,
    kind: String,
}

fn main() {}
