// mistakes: E0308
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
}

fn main() {
    let mut session = Database::of::<(Employee, Engineer)>().unwrap().session();
    let employee = session.add(Employee::draft());
    let _: Ref<Engineer> = employee.upcast();
}
