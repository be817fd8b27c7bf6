// mistakes: D41
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
    employee: Employee,
    language: Option<String>,
}

fn main() {
    let _ = Engineer::select().filter(Engineer::language.is_null());
}
