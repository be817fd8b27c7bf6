//! What is read along such a relation, by which statements, and how many rows they look at.

use diptych::object::{Along, Inheritance, Lazy, LoadOption, PerOwner, Selection, Term};
use diptych::prelude::*;
use diptych::{AnyRef, Connection, Direction, Expr, Expression};

use super::{apart, boxes, filled, find, find_shape, named, read};

fn any(condition: Option<Expr<Term>>) -> Expr<Term> {
    Expr::Leaf(Term::Related { of: None, relation: "shapes".into(), condition: condition.map(Box::new) })
}

fn labels(session: &mut Session, selection: Selection) -> Result<Vec<String>> {
    let found = session.untyped().select("Box", &selection.order_by(Term::column("label"), Direction::Ascending))?;
    found.into_iter().map(|it| super::label(session, it)).collect()
}

#[test]
fn members_of_all_tables_are_read() -> Result<()> {
    let database = apart();
    filled(&database)?;
    assert_eq!(read(&database)?, ["a: Circle c1, Shape s1", "b: Circle c2, Square q1", "c: "]);
    Ok(())
}

/// Every strategy, declared or asked for, brings the same members as with joined tables, by one statement for the boxes and
/// one for the members of all of them; `select` and `immediate` by one for each box.
#[test]
fn every_strategy_reads_the_union_in_one_statement() -> Result<()> {
    let strategies = [Lazy::Select, Lazy::Selectin, Lazy::Subquery, Lazy::Joined, Lazy::Immediate];
    for (lazy, declared) in strategies.into_iter().flat_map(|it| [(it, true), (it, false)]) {
        let mut seen = Vec::new();
        for how in [Inheritance::Joined, Inheritance::Concrete] {
            let database = boxes(how, |it| if declared { it.lazy(lazy) } else { it });
            filled(&database)?;
            let mut session = database.session();
            session.record();
            let mut selection = Selection::new().order_by(Term::column("label"), Direction::Ascending);
            if !declared {
                selection = selection.load(LoadOption::by("shapes", lazy));
            }
            let mut members = Vec::new();
            for it in session.untyped().select("Box", &selection)? {
                let all = session.untyped().related(it, "shapes")?;
                let mut all = named(&mut session, &all)?;
                all.sort();
                members.push(all);
            }
            if how == Inheritance::Concrete {
                let expected = if matches!(lazy, Lazy::Select | Lazy::Immediate) { 4 } else { 2 };
                assert_eq!(session.take_log().len(), expected, "{lazy:?}");
            }
            seen.push(members);
        }
        assert_eq!(seen[0], seen[1], "{lazy:?}");
        assert_eq!(seen[0][1], ["Circle c2", "Square q1"], "{lazy:?}");
    }
    Ok(())
}

/// The keys go into each table, where an index answers for them: nothing is read but the members.
#[test]
fn a_batch_of_keys_reads_the_members_and_no_other_rows() -> Result<()> {
    let database = apart();
    filled(&database)?;
    let mut session = database.session();
    for number in 0..100 {
        super::shape(&mut session, ["Shape", "Circle", "Square"][number % 3], "far");
    }
    session.commit()?;
    let mut session = database.session();
    session.record();
    let boxes = session.untyped().select("Box", &Selection::new().load(LoadOption::by("shapes", Lazy::Selectin)))?;
    let log = session.take_log();
    assert_eq!((log.len(), log[1].rows, log[1].rows_read), (2, 4, 4));
    assert_eq!(session.untyped().loaded(boxes[1], "shapes")?.map(|it| it.len()), Some(2));
    let statement = log[1].statement.clone().expect("it is known");
    let mut connection = database.connect();
    let plan = connection.prepare((*statement).clone())?.explain(connection.schema()).to_string();
    for table in ["shapes", "circles", "squares"] {
        assert!(plan.contains(&format!("{table} by index {table}_box_id_fkey_idx, given keys")), "{plan}");
    }
    let mut session = database.session();
    session.record();
    let a = find(&mut session, "a")?;
    session.take_log();
    session.untyped().related(a, "shapes")?;
    assert_eq!(session.take_log().iter().map(|it| it.rows_read).collect::<Vec<_>>(), [2]);
    Ok(())
}

/// What a query asks of members: whether there are any, whether one is such, joins, whether one is contained, how many there
/// are, and pages of them.
#[test]
fn queries_ask_for_members_of_all_tables() -> Result<()> {
    for how in [Inheritance::Joined, Inheritance::Concrete] {
        let database = boxes(how, |it| it.lazy(Lazy::Dynamic));
        filled(&database)?;
        let mut session = database.session();
        assert_eq!(labels(&mut session, Selection::new().filter(any(None)))?, ["a", "b"], "{how:?}");
        assert_eq!(labels(&mut session, Selection::new().filter(any(None).negated()))?, ["c"], "{how:?}");
        let named_c1 = Term::column("name").eq("c1");
        assert_eq!(labels(&mut session, Selection::new().filter(any(Some(named_c1.clone()))))?, ["a"], "{how:?}");
        let along = Along::new("shapes");
        let joined = Selection::new().join(along).filter(Term::column_of("Shape", "name").eq("q1"));
        assert_eq!(labels(&mut session, joined)?, ["b"], "{how:?}");
        let c2 = find_shape(&mut session, "c2")?;
        let contains = Expr::Leaf(Term::Contains { of: None, relation: "shapes".into(), object: c2 });
        assert_eq!(labels(&mut session, Selection::new().filter(contains))?, ["b"], "{how:?}");
        let b = find(&mut session, "b")?;
        let by_name = || Selection::new().order_by(Term::column("name"), Direction::Descending);
        let found = session.untyped().select_related(b, "shapes", &by_name())?;
        assert_eq!(named(&mut session, &found)?, ["Square q1", "Circle c2"], "{how:?}");
        let page = Selection { limit: Some(1), offset: 1, ..by_name() };
        let found = session.untyped().select_related(b, "shapes", &page)?;
        assert_eq!(named(&mut session, &found)?, ["Circle c2"], "{how:?}");
        let found = session.untyped().select_related(b, "shapes", &Selection::new().filter(named_c1))?;
        assert_eq!(found, [], "{how:?}");
    }
    Ok(())
}

/// The first of each owner, in an order that is asked for and in one that is declared.
#[test]
fn the_first_of_each_owner_come_from_any_table() -> Result<()> {
    for how in [Inheritance::Joined, Inheritance::Concrete] {
        let database = boxes(how, |it| it.order_by("name", Direction::Descending));
        filled(&database)?;
        for (direction, expected) in [
            (None, [vec!["Shape s1"], vec!["Square q1"], vec![]]),
            (Some(Direction::Ascending), [vec!["Circle c1"], vec!["Circle c2"], vec![]]),
        ] {
            let mut session = database.session();
            let mut option = LoadOption::by("shapes", Lazy::Selectin);
            let order_by = direction.map(|it| ("name".into(), it)).into_iter().collect();
            option.per_owner = Some(PerOwner { limit: 1, order_by });
            let found = session.untyped().select("Box", &Selection::new().load(option))?;
            for (it, expected) in found.into_iter().zip(expected) {
                let members: Vec<AnyRef> = session.untyped().loaded(it, "shapes")?.expect("it was loaded");
                assert_eq!(named(&mut session, &members)?, expected, "{how:?}");
            }
        }
    }
    Ok(())
}

/// By a key, all tables are asked as by any query; where several have it, that is said.
#[test]
fn a_key_is_looked_for_in_all_tables() -> Result<()> {
    let database = apart();
    let mut session = database.session();
    for (class, values) in [("Shape", vec![]), ("Circle", vec![("radius", 7)]), ("Square", vec![("side", 7)])] {
        let id = i64::from(class != "Shape") + i64::from(class == "Square");
        let mut all = vec![("id", id.into()), ("name", class.into())];
        all.extend(values.into_iter().map(|it| (it.0, it.1.into())));
        session.untyped().add(class, &all)?;
    }
    session.untyped().add("Circle", &[("id", 2.into()), ("name", "another".into()), ("radius", 7.into())])?;
    session.commit()?;

    let mut session = database.session();
    session.record();
    let found = |session: &mut Session, key: i64| -> Result<Option<AnyRef>> {
        let plain = session.untyped().find("Shape", &[key.into()])?;
        assert_eq!(plain, session.untyped().find_with("Shape", &[key.into()], &Selection::new())?);
        Ok(plain)
    };
    let circle = found(&mut session, 1)?.expect("a circle has it");
    assert_eq!(session.take_log().len(), 2, "one statement each");
    assert_eq!(named(&mut session, &[circle])?, ["Circle Circle"]);
    assert_eq!(Some(circle), session.untyped().find("Circle", &[1.into()])?, "O1: it is the circle's own object");
    let shape = found(&mut session, 0)?.expect("a shape has it");
    assert_eq!(named(&mut session, &[shape])?, ["Shape Shape"]);
    assert_eq!(found(&mut session, 3)?, None);
    let several = found(&mut session, 2).unwrap_err().to_string();
    assert!(several.contains("there are several"), "{several}");
    Ok(())
}
