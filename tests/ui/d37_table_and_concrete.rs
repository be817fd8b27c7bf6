// mistakes: D37
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[entity(discriminator = kind, identity = "employee")]
struct Employee {
    #[key(auto)]
    id: Id<Employee>,
    kind: String,
}

#[derive(Entity, Clone, Debug)]
#[entity(identity = "engineer", table = "engineers", concrete = "engineers")]
struct Engineer {
    #[base]
    employee: Employee,
}

fn main() {}
