//! Rows of a hierarchy that refer to each other come and go in an order that their foreign keys allow. Where rows go by
//! parts, or one by one, no single statement takes them all.

use diptych::object::{Polymorphic, Selection, Synchronize, Term};
use diptych::prelude::*;
use diptych::{Class, Column, Expression, ForeignKey, State, Table};

use super::super::forum;
use super::models::{joined, single, staff};

#[test]
fn a_boss_goes_with_its_reports_whatever_both_are() -> Result<()> {
    use staff::{Employee, chief, employee, manager};
    type Add = fn(&mut Session) -> Ref<Employee>;
    let bosses: [Add; 3] = [
        |it| it.add(employee("boss")),
        |it| it.add(manager("boss", 1)).upcast(),
        |it| it.add(chief("boss", 1)).upcast(),
    ];
    let reports: [Add; 3] =
        [|it| it.add(employee("it")), |it| it.add(manager("it", 1)).upcast(), |it| it.add(chief("it", 1)).upcast()];
    for boss in bosses {
        for report in reports {
            for read in [false, true] {
                let mut session = staff::database().session();
                let (boss, report) = (boss(&mut session), report(&mut session));
                session.set(report, Employee::boss, boss)?;
                session.commit()?;
                if read {
                    session.all(Employee::select().with_subclasses())?;
                }
                // The cascade reaches the report.
                session.delete(boss)?;
                session.commit()?;
                assert_eq!(session.count(Employee::select())?, 0);
            }
        }
    }
    Ok(())
}

#[test]
fn siblings_that_refer_to_each_other_go() -> Result<()> {
    use single::{Car, bike, car};
    let mut session = single::database().session();
    let bike = session.add(bike("b", 1));
    let car = session.add(car("a"));
    session.set(car, Car::tows, bike)?;
    session.commit()?;
    session.delete(car)?;
    session.delete(bike)?;
    session.commit()
}

/// What refers to what is read where it is not known, for all at once.
#[test]
fn expired_rows_of_tables_that_refer_to_each_other_go() -> Result<()> {
    #[derive(Entity, Clone, Debug)]
    #[entity(table = "xs")]
    #[belongs_to(y: Y, via = y_id)]
    struct X {
        #[key(auto)]
        id: Id<X>,
        #[references(Y)]
        y_id: Option<Id<Y>>,
    }
    #[derive(Entity, Clone, Debug)]
    #[entity(table = "ys")]
    #[belongs_to(x: X, via = x_id)]
    struct Y {
        #[key(auto)]
        id: Id<Y>,
        #[references(X)]
        x_id: Option<Id<X>>,
    }
    for turned in [false, true] {
        let mut session = Database::of::<(X, Y)>()?.session();
        let mut all = Vec::new();
        for _ in 0..20 {
            let (x, y) = (session.add(X::draft()), session.add(Y::draft()));
            match turned {
                false => session.set(x, X::y, y)?,
                true => session.set(y, Y::x, x)?,
            }
            all.push((x, y));
        }
        session.commit()?;
        for (x, y) in all {
            session.delete(x)?;
            session.delete(y)?;
        }
        let before = session.totals().statements;
        session.flush()?;
        assert_eq!(session.totals().statements - before, 4, "a read and a delete for each table");
        assert_eq!(session.count(X::select())? + session.count(Y::select())?, 0);
    }
    Ok(())
}

#[test]
fn a_tree_that_counts_versions_goes() -> Result<()> {
    #[derive(Entity, Clone, Debug)]
    #[entity(table = "ns")]
    #[has_many(children: N, inverse = parent)]
    #[belongs_to(parent: N, via = parent_id, inverse = children)]
    struct N {
        #[key(auto)]
        id: Id<N>,
        #[references(N)]
        parent_id: Option<Id<N>>,
        #[version]
        version: i64,
    }
    let mut session = Database::of::<(N,)>()?.session();
    let a = session.add(N::draft());
    let b = session.push(a, N::children, N::draft())?;
    session.commit()?;
    session.delete(a)?;
    session.delete(b)?;
    session.commit()
}

/// The version stands in a row of the base, which goes last: it is read before the first one goes.
#[test]
fn an_expired_object_of_joined_tables_that_counts_versions_goes() -> Result<()> {
    #[derive(Entity, Clone, Debug)]
    #[entity(table = "bs", identity = "b", discriminator = kind)]
    struct B {
        #[key(auto)]
        id: Id<B>,
        kind: String,
        #[version]
        version: i64,
    }
    #[derive(Entity, Clone, Debug)]
    #[entity(identity = "d", table = "ds")]
    struct D {
        #[base]
        b: B,
        d: i64,
    }
    let mut session = Database::of::<(B, D)>()?.session();
    let d = session.add(D::draft());
    session.commit()?;
    session.delete(d)?;
    session.commit()
}

/// A deputy, and the manager of an employee: foreign keys between the tables of a hierarchy that do not join their rows.
mod crossed {
    use diptych::prelude::*;

    #[derive(Entity, Clone, Debug)]
    #[entity(table = "employees", identity = "employee", discriminator = kind)]
    #[belongs_to(manager: Manager, via = manager_id)]
    pub struct Employee {
        #[key(auto)]
        pub id: Id<Employee>,
        pub kind: String,
        #[references(Manager)]
        pub manager_id: Option<Id<Manager>>,
    }

    #[derive(Entity, Clone, Debug)]
    #[entity(identity = "manager", table = "managers")]
    #[belongs_to(deputy: Employee, via = deputy_id)]
    pub struct Manager {
        #[base]
        pub employee: Employee,
        #[references(Employee)]
        pub deputy_id: Option<Id<Employee>>,
    }
}

#[test]
fn references_from_the_part_of_a_row_to_the_part_of_another_decide() -> Result<()> {
    use crossed::{Employee, Manager};
    let database = Database::of::<(Employee, Manager)>()?;
    for by_deputy in [false, true] {
        for turned in [false, true] {
            let mut session = database.session();
            let (a, b) = (session.add(Manager::draft()), session.add(Manager::draft()));
            let (from, to) = if turned { (b, a) } else { (a, b) };
            match by_deputy {
                true => session.set(from, Manager::deputy, to.upcast::<Employee>())?,
                false => session.set(from, Employee::manager, to)?,
            }
            session.commit()?;
            session.delete(a)?;
            session.delete(b)?;
            session.commit()?;
            assert_eq!(session.count(Employee::select())?, 0);
        }
    }
    Ok(())
}

/// Keys that are given leave no order to the keys that flow.
#[test]
fn rows_with_given_keys_come_in_the_order_of_their_references() -> Result<()> {
    use crossed::{Employee, Manager};
    let database = Database::of::<(Employee, Manager)>()?;
    let with = |id: i64| Employee { id: Id::new(id), ..Employee::draft() };
    for (first, second) in [(1, 2), (4, 3)] {
        let mut session = database.session();
        session.add(Employee { manager_id: Some(Id::new(second)), ..with(first) });
        session.add(Manager { employee: with(second), deputy_id: None });
        session.commit()?;
    }
    for (first, second) in [(5, 6), (8, 7)] {
        let mut session = database.session();
        session.add(Manager { employee: with(first), deputy_id: Some(Id::new(second)) });
        session.add(Manager { employee: with(second), deputy_id: None });
        session.commit()?;
        let mut session = database.session();
        session.add(Manager {
            employee: Employee { manager_id: Some(Id::new(second + 10)), ..with(first + 10) },
            deputy_id: None,
        });
        session.add(Manager { employee: with(second + 10), deputy_id: None });
        session.commit()?;
    }
    Ok(())
}

#[test]
fn many_objects_of_joined_tables_go_whole() -> Result<()> {
    use joined::{Cat, Dog, Pet};
    let database = joined::seeded()?;
    for (synchronize, read) in [(Synchronize::Auto, true), (Synchronize::Fetch, false), (Synchronize::Not, true)] {
        let mut session = database.session();
        let rex = session.one(Dog::select())?.reference();
        if !read {
            session.expire_all();
        }
        let sitting = || Dog::select().filter(Dog::trick.eq("sit")).filter(Pet::name.eq("rex"));
        assert_eq!(session.delete_where(sitting().filter(Dog::trick.eq("beg")), synchronize)?, 0);
        assert_eq!(session.delete_where(sitting(), synchronize)?, 1);
        assert_eq!(session.state(rex)? == State::Deleted, synchronize != Synchronize::Not);
        let left: Vec<String> = session.all(Pet::select())?.iter().map(|it| it.kind.clone()).collect();
        assert_eq!(left, ["cat"]);
        assert_eq!(forum::rows(&mut session, "dogs").len(), 0);
        session.rollback()?;
    }
    let mut session = database.session();
    session.delete_where(Dog::select(), Synchronize::Auto)?;
    assert!(session.delete_where(Cat::select(), Synchronize::Auto).is_err(), "toys are still of it");
    assert_eq!(session.one(Cat::select())?.lives, 9, "and nothing has gone");
    Ok(())
}

/// Where the key that joins the rows does not cascade, they go table by table, or not at all.
#[test]
fn objects_whose_rows_do_not_follow_each_other_go_table_by_table() -> Result<()> {
    let bases = Table::new("bs").auto_key("id").column(Column::text("kind")).column(Column::text("name"));
    let part = |table: &'static str, of: &'static str| {
        let table = Table::new(table).column(Column::int("id")).primary_key(["id"]).column(Column::int(of));
        table.foreign_key(ForeignKey::new(["id"], "bs"))
    };
    let kind = |it: &'static str| Polymorphic::default().identity(it);
    let references = Table::new("rs").auto_key("id").column(Column::int("d_id"));
    let database = Database::with_classes(
        [
            Class::new("B", bases).polymorphic(Polymorphic::on("kind").identity("b")),
            Class::new("D", part("ds", "d")).inherits("B").polymorphic(kind("d")),
            Class::new("E", part("es", "e")).inherits("B").polymorphic(kind("e")),
            Class::new("R", references.foreign_key(ForeignKey::new(["d_id"], "ds"))),
        ],
        [],
    )?;
    let mut session = database.session();
    let of = |kind: &'static str, name: &'static str| [("kind", kind.into()), ("name", name.into())];
    let mut names = session.untyped();
    names.add("B", &of("b", "x"))?;
    let d = names.add("D", &[&of("d", "x")[..], &[("d", 1.into())]].concat())?;
    names.add("D", &[&of("d", "y")[..], &[("d", 2.into())]].concat())?;
    names.add("E", &[&of("e", "x")[..], &[("e", 3.into())]].concat())?;
    session.commit()?;
    let x = Term::column("name").eq("x");
    let mut names = session.untyped();
    assert_eq!(names.delete_where("D", Some(&x), Synchronize::Auto)?, 1);
    assert_eq!(session.state(d)?, State::Deleted);
    let counts = |session: &mut Session| ["bs", "ds", "es"].map(|it| forum::rows(session, it).len());
    assert_eq!(counts(&mut session), [3, 1, 1]);
    let y = session.untyped().select("D", &Selection::new())?[0];
    let key = session.untyped().value(y, "id")?;
    session.untyped().add("R", &[("d_id", key)])?;
    assert!(session.untyped().delete_where("B", None, Synchronize::Auto).is_err());
    assert_eq!(counts(&mut session), [3, 1, 1], "all of it or nothing");
    assert_eq!(session.untyped().delete_where("B", Some(&x), Synchronize::Auto)?, 2, "objects of any class below");
    assert_eq!(counts(&mut session), [1, 1, 0]);
    session.commit()
}
