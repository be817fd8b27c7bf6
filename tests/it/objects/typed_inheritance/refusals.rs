//! Hierarchies of structs that cannot be, and what is said of them when the model is built.

use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[entity(discriminator = kind, identity = "animal")]
#[has_many(toys: Toy, inverse = animal)]
struct Animal {
    #[key(auto)]
    id: Id<Animal>,
    kind: String,
    name: String,
}

#[derive(Entity, Clone, Debug)]
#[belongs_to(animal: Animal, inverse = toys)]
struct Toy {
    #[key(auto)]
    id: Id<Toy>,
    #[references(Animal)]
    animal_id: Id<Animal>,
}

/// The discriminator holds one thing for one class.
#[derive(Entity, Clone, Debug)]
#[entity(identity = "animal")]
struct Twice {
    #[base]
    animal: Animal,
}

#[derive(Entity, Clone, Debug)]
#[entity(identity = "cat", table = "cats")]
#[has_many(toys: Toy)]
struct Cat {
    #[base]
    animal: Animal,
    name: String,
}

#[derive(Entity, Clone, Debug)]
#[entity(identity = "dog", concrete = "dogs")]
struct Dog {
    #[base]
    animal: Animal,
}

#[derive(Entity, Clone, Debug)]
#[entity(union, identity = "shape")]
struct Shape {
    #[key(auto)]
    id: Id<Shape>,
}

#[derive(Entity, Clone, Debug)]
#[entity(concrete = "circles")]
struct Circle {
    #[base]
    shape: Shape,
}

/// A union reads whole tables.
#[derive(Entity, Clone, Debug)]
#[entity(identity = "disc")]
struct Disc {
    #[base]
    circle: Circle,
}

/// Queries on animals do not find fish.
#[derive(Entity, Clone, Debug)]
#[entity(discriminator = kind, identity = "being")]
struct Being {
    #[key(auto)]
    id: Id<Being>,
    kind: String,
}

#[derive(Entity, Clone, Debug)]
#[entity(identity = "fish", concrete = "fish")]
struct Fish {
    #[base]
    being: Being,
}

#[track_caller]
fn refused(database: Result<Database>, words: &[&str]) {
    let told = database.map(drop).expect_err("the model is wrong").to_string();
    assert!(words.iter().all(|it| told.contains(it)), "{told}");
}

#[test]
fn what_a_hierarchy_of_structs_cannot_be_is_a_mistake_of_the_model() {
    refused(Database::of::<(Animal, Toy, Twice)>(), &["Twice: its identity", "is that of `Animal`"]);
    refused(Database::of::<(Toy, Animal, Cat)>(), &["Cat.name: its base has a column of this name", "\"cat_name\""]);
    refused(Database::of::<(Toy, Animal, Cat)>(), &["Cat.toys: its base has a relation of this name"]);
    refused(Database::of::<(Toy, Animal, Dog)>(), &["Dog.toys: its base has the relation by a foreign key"]);
    refused(Database::of::<Twice>(), &["Twice: inherits from `Animal`, which is not part of the model"]);
    refused(Database::of::<(Shape, Circle, Disc)>(), &["Disc: queries on `Shape` read whole tables", "`concrete`"]);
}

#[test]
fn a_whole_table_that_the_base_does_not_read_is_pointed_at() -> Result<()> {
    let told = |database: Database| -> Result<Vec<String>> {
        Ok(database.lint()?.iter().map(ToString::to_string).filter(|it| it.contains("do not find")).collect())
    };
    let lints = told(Database::of::<(Being, Fish)>()?)?;
    assert_eq!(lints.len(), 1);
    assert!(lints[0].contains("Fish: queries on `Being` do not find its objects, which stand in `fish`"), "{lints:?}");
    assert!(told(Database::of::<(Shape, Circle)>()?)?.is_empty());
    Ok(())
}
