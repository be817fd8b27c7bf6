// mistakes: D35
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[entity(discriminator = kind, identity = "employee")]
struct Employee {
    #[key(auto)]
    id: Id<Employee>,
    kind: String,
}

#[derive(Entity, Clone, Debug)]
#[entity(identity = "engineer", table = "engineers")]
struct Engineer {
    #[base]
    employee: Employee,
    #[key]
    number: i64,
}

fn main() {}
