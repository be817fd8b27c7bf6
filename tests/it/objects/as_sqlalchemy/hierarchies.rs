//! Classes that inherit.

use diptych::object::{Inheritance, Manner, Polymorphic, Selection, Synchronize, Term};
use diptych::prelude::*;
use diptych::query::StatementKind;
use diptych::{AnyRef, Class, Column, Expr, Expression, ForeignKey, Lazy, Relationship, Session, Table, Value};

use super::session;

/// Animals and cats in one table, each in a house and with toys, which are loaded as a test wants it.
fn zoo(base: impl Fn(Class) -> Class, cat: impl Fn(Class) -> Class) -> Result<Database> {
    let houses = Table::new("houses").auto_key("id");
    let animals = Table::new("animals")
        .auto_key("id")
        .column(Column::text("kind").nullable())
        .column(Column::text("name").nullable())
        .column(Column::int("house_id").nullable())
        .foreign_key(ForeignKey::new(["house_id"], "houses"));
    let toys = Table::new("toys")
        .auto_key("id")
        .column(Column::int("animal_id").nullable())
        .foreign_key(ForeignKey::new(["animal_id"], "animals"));
    let animal = Class::new("Animal", animals).polymorphic(Polymorphic::on("kind").identity("animal"));
    let cats = Class::inheriting("Cat", "Animal").polymorphic(Polymorphic::of(Inheritance::Single).identity("cat"));
    let classes = [base(animal), cat(cats), Class::new("House", houses), Class::new("Toy", toys)];
    Database::with_classes(classes, [])
}

fn toys(lazy: Lazy) -> Relationship {
    Relationship::has_many("toys", "Toy").lazy(lazy)
}

/// An animal and two cats, each in a house of its own, and nothing known of them.
fn inhabited(database: &Database) -> Result<Session> {
    let mut session = session(database);
    let mut by_name = session.untyped();
    for (id, class) in [(1, "Animal"), (2, "Cat"), (3, "Cat")] {
        by_name.add("House", &[("id", Value::Int(id))])?;
        session.flush()?;
        by_name = session.untyped();
        by_name.add(class, &[("id", Value::Int(id)), ("house_id", Value::Int(id))])?;
    }
    session.commit()?;
    let mut session = database.session();
    session.set_manner(Manner::SqlAlchemy);
    session.record();
    Ok(session)
}

/// The animals, and how many statements it took to find them.
fn animals(session: &mut Session) -> Result<(Vec<AnyRef>, usize)> {
    session.take_log();
    let found = session.untyped().select("Animal", &Selection::new())?;
    let ran = session.take_log();
    Ok((found, ran.iter().filter(|it| it.kind == StatementKind::Select).count()))
}

fn same(class: Class) -> Class {
    class
}

/// One table holds the rows of several classes: a statement about one of them is not about the others.
#[test]
fn a_statement_about_cats_leaves_other_animals_alone() -> Result<()> {
    let database = zoo(same, same)?;
    let of = |name: &str| Expr::Leaf(Term::Column { of: Some("Cat".into()), name: name.to_owned().into() });
    let filter = of("id").ge(1);
    for synchronize in [Synchronize::Not, Synchronize::Auto, Synchronize::Evaluate, Synchronize::Fetch] {
        let mut session = inhabited(&database.fork())?;
        let mut by_name = session.untyped();
        let values = [("name", Expr::Value(Value::from("Tom")))];
        assert_eq!(by_name.update_where("Cat", &values, Some(&filter), synchronize)?, 2, "{synchronize:?}");
        assert_eq!(by_name.delete_where("Cat", Some(&filter), synchronize)?, 2, "{synchronize:?}");
        assert_eq!(by_name.count("Animal", &Selection::new())?, 1, "{synchronize:?}");
    }
    Ok(())
}

/// What all animals have is read for all of them by one statement, whatever they are.
#[test]
fn a_relation_of_the_base_is_loaded_once_for_all_classes() -> Result<()> {
    for lazy in [Lazy::Selectin, Lazy::Subquery] {
        let database = zoo(|it| it.relation(toys(lazy)), same)?;
        let mut session = inhabited(&database)?;
        let (found, statements) = animals(&mut session)?;
        assert_eq!(statements, 2, "{lazy:?}");
        assert!(session.untyped().is_loaded(found[2], "toys")?, "{lazy:?}");
    }
    Ok(())
}

/// What cats add is left to be read when it is touched, unless cats are read along; by `immediate` it is read for each.
#[test]
fn a_relation_of_a_subclass_is_not_loaded_by_batches_from_its_base() -> Result<()> {
    for (lazy, loaded) in [(Lazy::Selectin, false), (Lazy::Subquery, false), (Lazy::Immediate, true)] {
        let database = zoo(same, |it| it.relation(toys(lazy)))?;
        let mut session = inhabited(&database.fork())?;
        let (found, _) = animals(&mut session)?;
        assert_eq!(session.untyped().is_loaded(found[1], "toys")?, loaded, "{lazy:?}");
        let mut session = inhabited(&database)?;
        let cats = session.untyped().select("Cat", &Selection::new())?;
        assert!(session.untyped().is_loaded(cats[0], "toys")?, "{lazy:?}");
    }
    Ok(())
}

/// A reference that is to be read for each object at once is not, where a query is for a class that others extend.
#[test]
fn a_reference_of_the_base_is_not_read_immediately() -> Result<()> {
    let house = Relationship::belongs_to("house", "House").lazy(Lazy::Immediate);
    let database = zoo(|it| it.relation(house.clone()), same)?;
    let mut session = inhabited(&database)?;
    let (found, statements) = animals(&mut session)?;
    assert_eq!(statements, 1);
    assert!(!session.untyped().is_loaded(found[1], "house")?);
    Ok(())
}

/// It is where only objects of the base come, and what the identity map holds is taken in any case.
#[test]
fn a_reference_of_the_base_is_read_immediately_where_no_subclass_comes() -> Result<()> {
    let house = Relationship::belongs_to("house", "House").lazy(Lazy::Immediate);
    let database = zoo(|it| it.relation(house.clone()), same)?;
    let mut session = inhabited(&database)?;
    let first = Selection::new().filter(Term::column("id").eq(1));
    let animal = session.untyped().select("Animal", &first)?[0];
    assert!(session.untyped().is_loaded(animal, "house")?);
    session.let_go_of_all();
    let house = session.untyped().find("House", &[Value::Int(2)])?;
    let (found, statements) = animals(&mut session)?;
    assert_eq!(statements, 1);
    let mut by_name = session.untyped();
    assert_eq!(by_name.loaded(found[1], "house")?, house.map(|it| vec![it]));
    assert!(by_name.is_loaded(found[1], "house")? && !by_name.is_loaded(found[2], "house")?);
    Ok(())
}

/// A class with a table of its own has the relations that it declares, and a flush asks it for no others.
#[test]
fn a_concrete_class_has_no_part_in_the_relations_of_its_base() -> Result<()> {
    let shapes = || Table::new("shapes").auto_key("id").column(Column::text("name").nullable());
    let circles = Table::new("circles").auto_key("id").column(Column::text("name").nullable());
    let parts = Table::new("parts")
        .auto_key("id")
        .column(Column::int("shape_id").nullable())
        .foreign_key(ForeignKey::new(["shape_id"], "shapes"));
    let shape = Class::new("Shape", shapes()).relation(Relationship::has_many("parts", "Part"));
    let circle = Class::new("Circle", circles).inherits("Shape").polymorphic(Polymorphic::of(Inheritance::Concrete));
    let database = Database::with_classes([shape, circle, Class::new("Part", parts)], [])?;
    let mut session = session(&database);
    let mut by_name = session.untyped();
    let both = [by_name.add("Shape", &[])?, by_name.add("Circle", &[])?];
    session.commit()?;
    let mut by_name = session.untyped();
    for it in both {
        by_name.assign(it, "name", Value::from("round"))?;
    }
    session.commit()?;
    let mut by_name = session.untyped();
    both.iter().try_for_each(|it| by_name.delete(*it))?;
    session.commit()
}
