// mistakes: E0277
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
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
    language: Option<String>,
}

fn main() {
    let _ = Engineer::select().filter(Engineer::language.is_null());
}
