//! Statements on many rows of a base whose condition asks for what subclasses add.

use diptych::object::{FieldAssignment, Polymorphic, Synchronize, Term};
use diptych::prelude::*;
use diptych::{AnyRef, Class, Column, Expression, ForeignKey, State, Table, assert_statements};

use super::models::joined::{Cat, Dog, Pet, Toy, pet, seeded};
use super::models::staff::{Chief, Employee, Manager, chief, employee, manager};

const WAYS: [Synchronize; 4] = [Synchronize::Auto, Synchronize::Evaluate, Synchronize::Fetch, Synchronize::Not];

fn dog(name: &str, trick: &str) -> Dog {
    Dog { pet: pet(name), trick: trick.into(), ..Dog::draft() }
}

#[test]
fn an_update_of_a_base_asks_for_what_a_joined_subclass_adds() -> Result<()> {
    for synchronize in WAYS {
        let database = Database::of::<(Pet, Dog, Cat, Toy)>()?;
        let mut session = database.session();
        let none = session.add(pet("none"));
        let cat = session.add(Cat { pet: pet("cat"), lives: 9 });
        let (rex, max) = (session.add(dog("rex", "sit")), session.add(dog("max", "roll")));
        session.commit()?;
        let names = |session: &Session| -> Result<[String; 4]> {
            Ok([
                session.get(none)?.name.clone(),
                session.get(cat)?.name.clone(),
                session.get(rex)?.name.clone(),
                session.get(max)?.name.clone(),
            ])
        };
        assert_eq!(names(&session)?, ["none", "cat", "rex", "max"]);
        let sits = || Pet::select().filter(Dog::trick.eq("sit").upcast());
        let changed = assert_statements!(session, 1, {
            session.update_where(sits(), [Pet::name.becomes("sitting")], synchronize)?
        });
        let followed = if synchronize == Synchronize::Not { "rex" } else { "sitting" };
        assert_eq!((changed, names(&session)?), (1, ["none", "cat", followed, "max"].map(String::from)));
        session.commit()?;
        assert_eq!(names(&session)?, ["none", "cat", "sitting", "max"]);

        // In rows of other classes it is NULL.
        let trickless = Pet::select().filter(Dog::trick.is_null().upcast().and(Pet::name.ne("none")));
        assert_eq!(session.update_where(trickless, [Pet::name.becomes("no dog")], synchronize)?, 1);
        session.commit()?;
        assert_eq!(names(&session)?, ["none", "no dog", "sitting", "max"], "{synchronize:?}");
        let either = Dog::trick.eq("roll").upcast().or(Cat::lives.gt(8).upcast());
        assert_eq!(session.delete_where(Pet::select().filter(either), synchronize)?, 2);
        let state = if synchronize == Synchronize::Not { State::Persistent } else { State::Deleted };
        assert_eq!((session.state(max)?, session.state(cat)?), (state, state), "{synchronize:?}");
        assert_eq!((session.state(rex)?, session.state(none)?), (State::Persistent, State::Persistent));
        session.commit()?;
        assert_eq!((session.count(Pet::select())?, session.count(Dog::select())?), (2, 1));
    }
    Ok(())
}

#[test]
fn a_class_in_the_middle_asks_for_what_is_below_it() -> Result<()> {
    for synchronize in WAYS {
        let mut session = super::models::staff::database().session();
        let (ann, eve) = (session.add(manager("ann", 1)), session.add(chief("eve", 2)));
        let joe = session.add(Chief { car: "none".into(), ..chief("joe", 3) });
        session.add(employee("pia"));
        session.commit()?;
        let bmw = || Manager::select().filter(Chief::car.eq("bmw").upcast::<Manager>());
        let changes = [Manager::bonus.becomes(20)];
        assert_eq!(session.update_where(bmw(), changes, synchronize)?, 1);
        let changes = [Employee::name.becomes("Eve").of_subclass::<Manager>()];
        assert_eq!(session.update_where(bmw(), changes, synchronize)?, 1);
        session.commit()?;
        assert_eq!((session.get(ann)?.bonus, session.get(eve)?.bonus, session.get(joe)?.bonus), (1, 20, 3));
        assert_eq!(session.get(eve)?.name, "Eve");
        assert_eq!(session.delete_where(bmw(), synchronize)?, 1);
        session.commit()?;
        assert_eq!((session.count(Employee::select())?, session.count(Chief::select())?), (3, 1));
    }
    Ok(())
}

/// What refers from the table of a subclass is asked for there.
#[test]
fn relations_of_a_subclass_are_asked_for() -> Result<()> {
    let mut session = seeded()?.session();
    let chased = session.one(Cat::select())?.reference();
    let chases = || Dog::chases.has(Cat::lives.gt(8)).upcast::<Pet>();
    let changes = || [Pet::name.becomes("hunter")];
    assert_eq!(session.update_where(Pet::select().filter(chases()), changes(), Synchronize::Auto)?, 1);
    assert_eq!(session.one(Dog::select())?.name, "hunter");
    let refused = session.update_where(Pet::select().filter(chases()), changes(), Synchronize::Evaluate);
    assert!(refused.is_err_and(|it| it.to_string().contains("other objects")));
    let it = Pet::select().filter(Dog::chases.is(chased).upcast());
    assert_eq!(session.update_where(it, changes(), Synchronize::Auto)?, 1);
    let owns = Pet::select().filter(Cat::toys.is_not_empty().upcast());
    assert_eq!(session.update_where(owns, [Pet::name.becomes("owner")], Synchronize::Auto)?, 1);
    assert_eq!(session.one(Cat::select())?.name, "owner");
    let chasing = Pet::select().filter(Dog::chases.is_present().upcast());
    assert_eq!(session.delete_where(chasing, Synchronize::Fetch)?, 1);
    assert_eq!(session.count(Dog::select())?, 0);
    Ok(())
}

/// By two key columns, and without a column that tells the class: what an object that was read as one of the base may be is
/// not guessed.
#[test]
fn by_names_a_column_of_a_subclass_is_read_wherever_it_stands() -> Result<()> {
    let keys = |table: Table| table.column(Column::int("a")).column(Column::int("b")).primary_key(["a", "b"]);
    let bases = keys(Table::new("bases")).column(Column::text("name"));
    let more = keys(Table::new("mores")).column(Column::text("more").nullable());
    let more = more.foreign_key(ForeignKey::new(["a", "b"], "bases"));
    let more = Class::new("More", more).inherits("Base").polymorphic(Polymorphic::default().identity("more"));
    let database = Database::with_classes([Class::new("Base", bases), more], [])?;
    let mut session = database.session();
    let mut add = |class: &str, a: i64, more: &[(&str, diptych::Value)]| {
        let own = [("a", a.into()), ("b", 1.into()), ("name", "it".into())];
        session.untyped().add(class, &[&own, more].concat())
    };
    add("Base", 1, &[])?;
    add("More", 2, &[("more", "x".into())])?;
    add("More", 3, &[("more", diptych::Value::Null)])?;
    session.commit()?;
    let name = |session: &mut Session, a: i64| -> Result<diptych::Value> {
        let it: AnyRef = session.untyped().find("Base", &[a.into(), 1.into()])?.expect("it is there");
        session.untyped().value(it, "name")
    };
    let is_x = Term::column_of("More", "more").eq("x");
    let cast = Term::Column { of: None, name: "more".into() };
    let cast = Term::Cast { class: "More".into(), term: Box::new(cast) }.expr();
    for (at, condition) in [is_x, cast.eq("x")].into_iter().enumerate() {
        for synchronize in [Synchronize::Auto, Synchronize::Fetch] {
            for read_as in ["Base", "More"] {
                let mut session = database.session();
                session.untyped().all(read_as)?;
                let to = format!("{at}{synchronize:?}{read_as}");
                let values = [("name", diptych::Expr::Value(to.as_str().into()))];
                let count = session.untyped().update_where("Base", &values, Some(&condition), synchronize)?;
                assert_eq!((count, name(&mut session, 2)?), (1, to.as_str().into()));
                assert_eq!((name(&mut session, 1)?, name(&mut session, 3)?), ("it".into(), "it".into()));
                session.commit()?;
            }
        }
    }
    let mut session = database.session();
    session.untyped().all("Base")?;
    let is_x = Term::column_of("More", "more").eq("x");
    let values = [("name", Term::column_of("More", "more"))];
    let refused = session.untyped().update_where("Base", &values, Some(&is_x), Synchronize::Evaluate);
    assert!(refused.is_err_and(|it| it.to_string().contains("an object may be that was not read as one")));
    assert_eq!(session.untyped().update_where("Base", &values, Some(&is_x), Synchronize::Auto)?, 1);
    assert_eq!(name(&mut session, 2)?, "x".into(), "a value of its own table");
    assert_eq!(session.untyped().delete_where("Base", Some(&is_x), Synchronize::Auto)?, 1);
    assert_eq!(session.untyped().all("More")?.len(), 1);
    Ok(())
}

/// Rows of a class with a whole table of its own have keys of their own: they are no rows of the base.
#[test]
fn a_table_with_keys_of_its_own_is_not_read_beside_those_of_the_base() -> Result<()> {
    use super::super::typed_inheritance::models::concrete::{Employee, Engineer, database, engineer};
    let mut session = database().session();
    session.add(Employee { name: "ann".into(), ..Employee::draft() });
    session.add(engineer("eve", "rust"));
    session.commit()?;
    let rust = || Employee::select().filter(Engineer::language.eq("rust").upcast());
    for synchronize in WAYS {
        let refused = session.update_where(rust(), [Employee::name.becomes("x")], synchronize);
        let refused = refused.expect_err("the base has no such column").to_string();
        assert!(refused.contains("Engineer.language"), "{refused}");
    }
    assert_eq!(session.one(rust())?.name, "eve", "a query reads both tables");
    Ok(())
}
