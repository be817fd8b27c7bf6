// mistakes: D33
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[entity(discriminator = kind, identity = "employee")]
struct Employee {
    #[key(auto)]
    id: Id<Employee>,
    kind: String,
}

#[derive(Entity, Clone, Debug)]
#[entity(identity = "engineer")]
struct Engineer {
    #[base]
    employee: Employee,
    #[base]
    person: Employee,
}

fn main() {
    let _ = Engineer::select();
}
