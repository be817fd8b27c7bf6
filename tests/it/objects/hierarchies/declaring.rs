//! Bases that refer to their joined subclasses, and subclasses that refer to their base: the key that the derive has made
//! is the one that makes two rows one object.

use diptych::prelude::*;

#[test]
fn a_base_refers_to_a_joined_subclass() -> Result<()> {
    #[derive(Entity, Clone, Debug)]
    #[entity(table = "employees", identity = "employee", discriminator = kind)]
    #[belongs_to(manager: Manager, via = manager_id, inverse = reports)]
    struct Employee {
        #[key(auto)]
        id: Id<Employee>,
        kind: String,
        #[references(Manager)]
        manager_id: Option<Id<Manager>>,
    }
    #[derive(Entity, Clone, Debug)]
    #[entity(identity = "manager", table = "managers")]
    #[has_many(reports: Employee, via = manager_id, inverse = manager)]
    struct Manager {
        #[base]
        employee: Employee,
        bonus: i64,
    }
    let database = Database::of::<(Employee, Manager)>()?;
    let mut session = database.session();
    let it = session.add(Employee::draft());
    let manager = session.add(Manager::draft());
    session.set(it, Employee::manager, manager)?;
    session.commit()?;
    let mut session = database.session();
    assert_eq!(session.one(Manager::select())?.load(Manager::reports)?.len(), 1);
    for it in session.all(Employee::select())?.references() {
        session.delete(it)?;
    }
    session.commit()
}

#[test]
fn a_joined_subclass_refers_to_its_base() -> Result<()> {
    #[derive(Entity, Clone, Debug)]
    #[entity(table = "employees", identity = "employee", discriminator = kind)]
    struct Employee {
        #[key(auto)]
        id: Id<Employee>,
        kind: String,
    }
    #[derive(Entity, Clone, Debug)]
    #[entity(identity = "manager", table = "managers")]
    #[belongs_to(deputy: Employee, via = deputy_id)]
    struct Manager {
        #[base]
        employee: Employee,
        #[references(Employee)]
        deputy_id: Option<Id<Employee>>,
    }
    let mut session = Database::of::<(Employee, Manager)>()?.session();
    let (it, manager) = (session.add(Employee::draft()), session.add(Manager::draft()));
    session.set(manager, Manager::deputy, it)?;
    session.commit()?;
    assert!(session.one(Manager::select().with(Manager::deputy.joined()))?.get(Manager::deputy).is_some());
    Ok(())
}
