//! What a declaration or a query says of such a relation beyond its foreign key: conditions, orders, what may be read, and
//! how much.

use diptych::diagnosis::Budget;
use diptych::error::Misuse;
use diptych::object::{
    Existing, Inheritance, Lazy, LoadOption, Selection, Step, Strategy, Term, foreign, join_column, remote,
};
use diptych::prelude::*;
use diptych::{AnyRef, Direction, Expr, Expression};

use super::{a_box, apart, boxes, filled, find, find_shape, label, named, shape};

/// The condition of a declared join may read both sides; of a class that lacks what it reads, that is NULL.
#[test]
fn a_declared_condition_is_asked_of_all_tables() -> Result<()> {
    let both = || join_column("boxes.id").eq(remote(foreign(join_column("shapes.box_id"))));
    let of_owner = || both().and(join_column("boxes.label").eq(join_column("shapes.name")));
    let of_member = || both().and(join_column("shapes.name").lt("c2"));
    for (condition, expected) in [(of_owner(), ["", "Circle b", ""]), (of_member(), ["Circle c1", "Circle b", ""])] {
        let mut seen = Vec::new();
        for how in [Inheritance::Joined, Inheritance::Concrete] {
            let database = boxes(how, |it| it.primary_join(condition.clone()));
            let mut session = database.session();
            for (of, members) in [("a", &[("Circle", "c1"), ("Shape", "s")][..]), ("b", &[("Circle", "b")]), ("c", &[])]
            {
                let owner = a_box(&mut session, of);
                for (class, name) in members {
                    let member = shape(&mut session, class, name);
                    session.untyped().set(member, "box", Some(owner))?;
                }
            }
            session.commit()?;
            for lazy in [Lazy::Select, Lazy::Selectin, Lazy::Joined] {
                let mut session = database.session();
                let mut found = Vec::new();
                for it in session.untyped().select("Box", &Selection::new().load(LoadOption::by("shapes", lazy)))? {
                    let members = session.untyped().related(it, "shapes")?;
                    found.push(named(&mut session, &members)?.join(", "));
                }
                assert_eq!(found, expected, "{how:?} {lazy:?}");
            }
            let mut session = database.session();
            let owner = find(&mut session, "a")?;
            let member = shape(&mut session, "Circle", "other");
            let refused = session.untyped().push(owner, "shapes", member).expect_err("it would not be found");
            assert!(matches!(refused.misuse(), Some(Misuse::NotInFilter { .. })), "{refused}");
            let any = Expr::Leaf(Term::Related { of: None, relation: "shapes".into(), condition: None });
            let found = session.no_autoflush(|it| it.untyped().select("Box", &Selection::new().filter(any)))?;
            seen.push(found.len());
        }
        assert_eq!(seen[0], seen[1]);
    }
    Ok(())
}

/// The members that a query filters, only those of one class, and owners that have none.
#[test]
fn a_query_restricts_what_it_loads() -> Result<()> {
    for how in [Inheritance::Joined, Inheritance::Concrete] {
        let database = boxes(how, |it| it);
        filled(&database)?;
        let members = |option: LoadOption| -> Result<Vec<String>> {
            let mut session = database.session();
            let by = Selection::new().order_by(Term::column("label"), Direction::Ascending);
            let mut all = Vec::new();
            for it in session.untyped().select("Box", &by.load(option))? {
                let loaded = session.untyped().loaded(it, "shapes")?.expect("it was loaded");
                let mut loaded = named(&mut session, &loaded)?;
                loaded.sort();
                all.push(format!("{}: {}", label(&mut session, it)?, loaded.join(", ")));
            }
            Ok(all)
        };
        for lazy in [Lazy::Selectin, Lazy::Joined] {
            let by = || LoadOption::by("shapes", lazy);
            let filter = Some(Term::column("name").ge("c2"));
            let expected = ["a: Shape s1", "b: Circle c2, Square q1", "c: "];
            assert_eq!(members(LoadOption { filter: filter.clone(), ..by() })?, expected, "{how:?} {lazy:?}");
            let circles = LoadOption { of: Some("Circle".into()), ..by() };
            assert_eq!(members(circles)?, ["a: Circle c1", "b: Circle c2", "c: "], "{how:?} {lazy:?}");
        }
        let inner = LoadOption { inner: true, ..LoadOption::by("shapes", Lazy::Joined) };
        assert_eq!(members(inner)?, ["a: Circle c1, Shape s1", "b: Circle c2, Square q1"], "{how:?}");
    }
    Ok(())
}

/// What may not be read is not, what is none is none; rows of several tables are not those of a query's own join.
#[test]
fn what_may_not_be_read_is_refused() -> Result<()> {
    let database = apart();
    filled(&database)?;
    let mut session = database.session();
    for (lazy, refused) in [(Lazy::Raise, true), (Lazy::RaiseOnSql, true), (Lazy::Noload, false)] {
        let owner = session.untyped().select("Box", &Selection::new().load(LoadOption::by("shapes", lazy)))?[0];
        let outcome = session.untyped().related(owner, "shapes");
        assert_eq!(outcome.is_err(), refused, "{lazy:?}");
        assert_eq!(outcome.unwrap_or_default(), [], "{lazy:?}");
        session.untyped().expire(owner, &[])?;
        session.untyped().expunge_all()?;
    }
    let joined = Selection::new().join(diptych::object::Along::new("shapes"));
    let option = LoadOption::new(Step::Relation("shapes".into()), Strategy::FromQuery(None));
    let refused = session.untyped().select("Box", &joined.load(option)).expect_err("the rows are values");
    assert!(refused.to_string().contains("load it by selectin"), "{refused}");
    Ok(())
}

/// A query that writes over what is held reads the members again; one with a budget counts them.
#[test]
fn members_are_written_over_and_counted() -> Result<()> {
    let database = apart();
    filled(&database)?;
    let mut session = database.session();
    let c1 = find_shape(&mut session, "c1")?;
    session.untyped().assign(c1, "name", "mine")?;
    let by = || Selection::new().load(LoadOption::by("shapes", Lazy::Selectin));
    let over = Selection { existing: Existing::Overwritten, ..by() };
    session.no_autoflush(|it| it.untyped().select("Box", &over))?;
    assert_eq!(session.untyped().value(c1, "name")?, "c1".into());

    let mut session = database.session();
    let refused = session.untyped().select("Box", &by().budget(Budget::rows(6))).expect_err("there are 7 rows");
    assert!(matches!(refused.misuse(), Some(Misuse::OverBudget { reached: 7, .. })), "{refused}");
    assert_eq!(session.untyped().select("Box", &by().budget(Budget::rows(7)))?.len(), 3);
    let refused =
        session.untyped().select("Shape", &Selection::new().budget(Budget::rows(4))).expect_err("five shapes");
    assert!(matches!(refused.misuse(), Some(Misuse::OverBudget { reached: 5, .. })), "{refused}");
    Ok(())
}

/// What is loaded behind the members, by relations of all their classes; objects that came together are read together.
#[test]
fn what_is_behind_members_is_loaded() -> Result<()> {
    let database = apart();
    filled(&database)?;
    let mut session = database.session();
    session.record();
    let option = LoadOption::by("shapes", Lazy::Selectin).then(LoadOption::by("box", Lazy::Selectin));
    let found: Vec<AnyRef> = session.untyped().select("Box", &Selection::new().load(option))?;
    assert_eq!(session.take_log().len(), 2, "the identity map knows the boxes");
    for it in found {
        for member in session.untyped().related(it, "shapes")? {
            assert_eq!(session.untyped().loaded(member, "box")?, Some(vec![it]));
        }
    }
    let mut session = database.session();
    session.set_peer_loading(true);
    let all = session.untyped().all("Box")?;
    session.record();
    for it in all {
        session.untyped().related(it, "shapes")?;
    }
    assert_eq!(session.take_log().len(), 1);
    Ok(())
}
