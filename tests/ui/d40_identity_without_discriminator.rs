// mistakes: D40
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[entity(identity = "employee")]
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
}

fn main() {
    let _ = Engineer::select();
}
