// mistakes: E0277 E0277
use diptych::prelude::*;

#[derive(Clone, Debug)]
struct Employee {
    name: String,
}

#[derive(Entity, Clone, Debug)]
#[entity(identity = "engineer")]
struct Engineer {
    #[base]
    employee: Employee,
    language: Option<String>,
}

fn main() {}
