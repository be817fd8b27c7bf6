//! Hierarchies whose classes refer to each other.

/// Vehicles in one table. A car tows a bike.
pub(super) mod single {
    use diptych::prelude::*;

    #[derive(Entity, Clone, Debug)]
    #[entity(table = "owners")]
    #[has_many(vehicles: Vehicle, inverse = owner)]
    pub struct Owner {
        #[key(auto)]
        pub id: Id<Owner>,
        pub name: String,
    }

    #[derive(Entity, Clone, Debug)]
    #[entity(table = "vehicles", identity = "vehicle", discriminator = kind)]
    #[belongs_to(owner: Owner, via = owner_id, inverse = vehicles)]
    pub struct Vehicle {
        #[key(auto)]
        pub id: Id<Vehicle>,
        pub kind: String,
        pub plate: String,
        #[references(Owner)]
        pub owner_id: Option<Id<Owner>>,
    }

    #[derive(Entity, Clone, Debug)]
    #[entity(identity = "car")]
    #[belongs_to(tows: Bike, via = tows_id)]
    pub struct Car {
        #[base]
        pub vehicle: Vehicle,
        pub wheels: Option<i64>,
        #[references(Bike)]
        pub tows_id: Option<Id<Bike>>,
    }

    #[derive(Entity, Clone, Debug)]
    #[entity(identity = "bike")]
    pub struct Bike {
        #[base]
        pub vehicle: Vehicle,
        pub gears: Option<i64>,
    }

    pub fn database() -> Database {
        Database::of::<(Owner, Vehicle, Car, Bike)>().unwrap_or_else(|error| panic!("{error}"))
    }

    pub fn vehicle(plate: &str) -> Vehicle {
        Vehicle { plate: plate.into(), ..Vehicle::draft() }
    }

    pub fn car(plate: &str) -> Car {
        Car { vehicle: vehicle(plate), ..Car::draft() }
    }

    pub fn bike(plate: &str, gears: i64) -> Bike {
        Bike { vehicle: vehicle(plate), gears: Some(gears) }
    }
}

/// Pets in joined tables. A dog chases a cat, which has toys.
pub(super) mod joined {
    use diptych::prelude::*;

    #[derive(Entity, Clone, Debug)]
    #[entity(table = "pets", identity = "pet", discriminator = kind)]
    pub struct Pet {
        #[key(auto)]
        pub id: Id<Pet>,
        pub kind: String,
        pub name: String,
    }

    #[derive(Entity, Clone, Debug)]
    #[entity(identity = "dog", table = "dogs")]
    #[belongs_to(chases: Cat, via = cat_id)]
    pub struct Dog {
        #[base]
        pub pet: Pet,
        pub trick: String,
        #[references(Cat)]
        pub cat_id: Option<Id<Cat>>,
    }

    #[derive(Entity, Clone, Debug)]
    #[entity(identity = "cat", table = "cats")]
    #[has_many(toys: Toy, inverse = cat, cascade(all, delete_orphan))]
    pub struct Cat {
        #[base]
        pub pet: Pet,
        pub lives: i64,
    }

    #[derive(Entity, Clone, Debug)]
    #[entity(table = "toys")]
    #[belongs_to(cat: Cat, via = cat_id, inverse = toys)]
    pub struct Toy {
        #[key(auto)]
        pub id: Id<Toy>,
        #[references(Cat)]
        pub cat_id: Id<Cat>,
    }

    pub fn pet(name: &str) -> Pet {
        Pet { name: name.into(), ..Pet::draft() }
    }

    /// A cat with two toys, and a dog that chases it.
    pub fn seeded() -> diptych::Result<Database> {
        let database = Database::of::<(Pet, Dog, Cat, Toy)>()?;
        let mut session = database.session();
        let tom = session.add(Cat { pet: pet("tom"), lives: 9 });
        let rex = session.add(Dog { pet: pet("rex"), trick: "sit".into(), ..Dog::draft() });
        session.set(rex, Dog::chases, tom)?;
        session.push(tom, Cat::toys, Toy::draft())?;
        session.push(tom, Cat::toys, Toy::draft())?;
        session.commit()?;
        Ok(database)
    }
}

/// Employees in joined tables, three levels, each with a boss among them.
pub(super) mod staff {
    use diptych::prelude::*;

    #[derive(Entity, Clone, Debug)]
    #[entity(table = "employees", identity = "employee", discriminator = kind)]
    #[belongs_to(boss: Employee, via = boss_id, inverse = reports)]
    #[has_many(reports: Employee, via = boss_id, inverse = boss, cascade(all))]
    pub struct Employee {
        #[key(auto)]
        pub id: Id<Employee>,
        pub kind: String,
        pub name: String,
        #[references(Employee)]
        pub boss_id: Option<Id<Employee>>,
    }

    #[derive(Entity, Clone, Debug)]
    #[entity(identity = "manager", table = "managers")]
    pub struct Manager {
        #[base]
        pub employee: Employee,
        pub bonus: i64,
    }

    #[derive(Entity, Clone, Debug)]
    #[entity(identity = "chief", table = "chiefs")]
    pub struct Chief {
        #[base]
        pub manager: Manager,
        pub car: String,
    }

    pub fn database() -> Database {
        Database::of::<(Employee, Manager, Chief)>().unwrap_or_else(|error| panic!("{error}"))
    }

    pub fn employee(name: &str) -> Employee {
        Employee { name: name.into(), ..Employee::draft() }
    }

    pub fn manager(name: &str, bonus: i64) -> Manager {
        Manager { employee: employee(name), bonus }
    }

    pub fn chief(name: &str, bonus: i64) -> Chief {
        Chief { manager: manager(name, bonus), car: "bmw".into() }
    }
}

/// A tree of nodes: directories in the table of the base, files in one beside it.
pub(super) mod tree {
    use diptych::prelude::*;

    #[derive(Entity, Clone, Debug)]
    #[entity(table = "nodes", discriminator = kind, identity = "node")]
    #[has_many(children: Node, inverse = parent)]
    #[belongs_to(parent: Node, via = parent_id, inverse = children)]
    pub struct Node {
        #[key(auto)]
        pub id: Id<Node>,
        pub kind: String,
        pub name: String,
        #[references(Node)]
        pub parent_id: Option<Id<Node>>,
    }

    #[derive(Entity, Clone, Debug)]
    #[entity(identity = "dir")]
    pub struct Dir {
        #[base]
        pub node: Node,
        pub mode: Option<i64>,
    }

    #[derive(Entity, Clone, Debug)]
    #[entity(identity = "file", table = "files")]
    pub struct File {
        #[base]
        pub node: Node,
        pub size: i64,
    }

    pub fn node(name: &str) -> Node {
        Node { name: name.into(), ..Node::draft() }
    }

    pub fn dir(name: &str, mode: i64) -> Dir {
        Dir { node: node(name), mode: Some(mode) }
    }

    pub fn file(name: &str, size: i64) -> File {
        File { node: node(name), size }
    }

    pub fn database() -> Database {
        Database::of::<(Node, Dir, File)>().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Directory a of mode 1 holds directory b of mode 7, which holds node c and file d of size 5.
    pub fn seeded() -> diptych::Result<Database> {
        let database = database();
        let mut session = database.session();
        let a = session.add(dir("a", 1));
        let b = session.push(a, Node::children, dir("b", 7))?;
        session.push(b, Node::children, node("c"))?;
        session.push(b, Node::children, file("d", 5))?;
        session.commit()?;
        Ok(database)
    }
}
