// mistakes: D36
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[entity(discriminator = kind, identity = "employee")]
struct Employee {
    #[key(auto)]
    id: Id<Employee>,
    kind: String,
}

#[derive(Entity, Clone, Debug)]
#[entity(table = "engineers")]
struct Engineer {
    #[base]
    employee: Employee,
}

fn main() {}
