//! Classes whose rows are structs of the program, and what has no place in such a row.

use diptych::object::{ComputedKind, Inheritance, Polymorphic};
use diptych::prelude::*;
use diptych::{Class, Column, Expression, ForeignKey, Table, column};

#[derive(Entity, Clone, Debug)]
#[entity(table = "people")]
struct Person {
    #[key(auto)]
    id: Id<Person>,
    name: String,
    kind: String,
    bonus: Option<i64>,
}

fn person() -> Class {
    Person::declare().polymorphic(Polymorphic::on("kind").identity("person"))
}

fn single(name: &'static str) -> Class {
    Class::inheriting(name, "Person").polymorphic(Polymorphic::of(Inheritance::Single).identity("manager"))
}

fn refused(classes: impl IntoIterator<Item = Class>) -> String {
    Database::with_classes(classes, []).expect_err("a row has no place for it").to_string()
}

/// 104: a subclass in the same table that adds no attribute is shown by the struct of its base, wherever it is declared.
#[test]
fn a_struct_shows_a_subclass_that_adds_nothing() -> Result<()> {
    for classes in [[person(), single("Manager")], [single("Manager"), person()]] {
        let database = Database::with_classes(classes, [])?;
        let mut session = database.session();
        let manager = session.untyped().add("Manager", &[("name", "Ada".into())])?;
        let plain = session.add(Person { name: "Bob".into(), kind: "person".into(), ..Person::draft() });
        session.commit()?;
        assert_eq!(session.get(plain)?.name, "Bob", "read again after the commit");
        assert_eq!(session.untyped().class_of(manager)?, "Manager");
        let session = database.session();
        let all = session.all(Person::select().order_by(Person::id.asc()))?;
        let shown: Vec<_> = all.iter().map(|it| (it.name.clone(), it.kind.clone())).collect();
        assert_eq!(shown, [("Ada".into(), "manager".into()), ("Bob".into(), "person".into())]);
    }
    Ok(())
}

/// A subclass with columns or a table of its own cannot be shown by the struct; that is said when the model is built, and
/// not by a panic when it is met.
#[test]
fn what_has_no_place_in_a_struct_is_a_mistake_of_the_model() {
    let tuples = "of the program; declare `Person` by `Class::new`, so that rows are tuples";
    let base = person().own_columns(["id", "name", "kind"]);
    let told = refused([base, single("Manager").own_columns(["bonus"])]);
    assert!(told.contains("Person: has other attributes than the rows of `people`") && told.contains(tuples), "{told}");
    let table = Table::new("engineers").column(Column::int("id")).primary_key(["id"]).column(Column::text("language"));
    let table = table.foreign_key(ForeignKey::new(["id"], "people"));
    let joined = Polymorphic::of(Inheritance::Joined).identity("engineer");
    let told = refused([person(), Class::new("Engineer", table).inherits("Person").polymorphic(joined)]);
    assert!(told.contains("Engineer: has other attributes") && told.contains(tuples), "{told}");
    let told = refused([Person::declare().computed("length", ComputedKind::Loaded, column("name").length())]);
    assert!(told.contains("Person: has other attributes") && told.contains("make `length` a"), "{told}");
}

/// What an attribute computes from others needs no place in the row.
#[test]
fn a_struct_has_hybrids() -> Result<()> {
    let class = Person::declare().computed("length", ComputedKind::Hybrid, column("name").length());
    let mut session = Database::with_classes([class], [])?.session();
    let ada = session.add(Person { name: "Ada".into(), kind: "person".into(), ..Person::draft() });
    session.commit()?;
    assert_eq!(session.get(ada)?.name, "Ada");
    assert_eq!(session.untyped().value(ada.untyped(), "length")?, 3.into());
    Ok(())
}
