// mistakes: D39
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[entity(discriminator = kind, identity = "employee")]
struct Employee {
    #[key(auto)]
    id: Id<Employee>,
    kind: String,
}

#[derive(Entity, Clone, Debug)]
#[entity(identity = "engineer", discriminator = rank)]
struct Engineer {
    #[base]
    employee: Employee,
    rank: Option<String>,
}

fn main() {}
