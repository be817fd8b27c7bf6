//! Queries by names, for classes that are made at run time: joins, aliases, related objects, values, and changes of many
//! rows at once.

use diptych::error::Misuse;
use diptych::object::{
    Along, Columns, Inheritance, Lazy, LoadOption, Polymorphic, Selection, Step, Strategy, Subclasses, Synchronize,
    Term, Untyped,
};
use diptych::prelude::*;
use diptych::{AnyRef, Class, Column, Direction, Expr, Expression, ForeignKey, Relationship, State, Table, Value};

/// Lines of orders, known by both: composite keys, an adjacency list, a collection that is queried when it is read.
fn shop() -> Result<Database> {
    let customers = Table::new("customers").auto_key("id").column(Column::text("name"));
    let orders = Table::new("orders")
        .column(Column::int("year"))
        .column(Column::int("number"))
        .column(Column::int("customer_id").nullable())
        .primary_key(["year", "number"])
        .foreign_key(ForeignKey::new(["customer_id"], "customers"));
    let lines = Table::new("lines")
        .auto_key("id")
        .column(Column::int("year"))
        .column(Column::int("number"))
        .column(Column::text("what"))
        .column(Column::int("pieces"))
        .foreign_key(ForeignKey::new(["year", "number"], "orders"));
    let customer = Class::new("Customer", customers)
        .relation(Relationship::has_many("orders", "Order").inverse("customer"))
        .relation(Relationship::has_many("asked", "Order").lazy(Lazy::WriteOnly).view_only());
    let order = Class::new("Order", orders)
        .relation(Relationship::belongs_to("customer", "Customer").inverse("orders"))
        .relation(Relationship::has_many("lines", "Line").inverse("order").order_by("id", Direction::Ascending));
    let line = Class::new("Line", lines).relation(Relationship::belongs_to("order", "Order").inverse("lines"));
    let database = Database::with_classes([customer, order, line], [])?;
    let mut session = database.session();
    let mut by_name = session.untyped();
    for name in ["ann", "bob", "cyd"] {
        by_name.add("Customer", &[("name", name.into())])?;
    }
    for (year, number, customer) in [(1, 1, Some(1)), (1, 2, Some(1)), (2, 1, Some(2)), (2, 2, None)] {
        let customer = customer.map_or(Value::Null, Value::Int);
        by_name.add("Order", &[("year", year.into()), ("number", number.into()), ("customer_id", customer)])?;
    }
    for (year, number, what, pieces) in [(1, 1, "tea", 1), (1, 1, "cup", 2), (1, 2, "tea", 3), (2, 1, "pot", 4)] {
        let of = [("year", Value::Int(year)), ("number", Value::Int(number))];
        by_name.add("Line", &[of[0].clone(), of[1].clone(), ("what", what.into()), ("pieces", pieces.into())])?;
    }
    session.commit()?;
    Ok(database)
}

fn keys(by_name: &mut Untyped<'_>, found: &[AnyRef]) -> Result<Vec<Vec<Value>>> {
    found.iter().map(|it| Ok(by_name.identity(*it)?.unwrap_or_default())).collect()
}

fn ints(keys: &[&[i64]]) -> Vec<Vec<Value>> {
    keys.iter().map(|key| key.iter().map(|it| Value::Int(*it)).collect()).collect()
}

fn by(name: &'static str) -> (Expr<Term>, Direction) {
    (Term::column(name), Direction::Ascending)
}

fn related(of: &'static str, relation: &'static str, condition: Option<Expr<Term>>) -> Expr<Term> {
    Expr::Leaf(Term::Related { of: Some(of.into()), relation: relation.into(), condition: condition.map(Box::new) })
}

#[test]
fn conditions_reach_related_objects() -> Result<()> {
    let mut session = shop()?.session();
    let mut by_name = session.untyped();
    let tea = || Term::column_of("Line", "what").eq("tea");
    let bought_tea = related("Customer", "orders", Some(related("Order", "lines", Some(tea()))));
    let bought = related("Customer", "orders", None);
    for (filter, expected) in [
        (bought_tea.clone(), ints(&[&[1]])),
        (bought_tea.negated(), ints(&[&[2], &[3]])),
        (bought.clone().negated(), ints(&[&[3]])),
        (bought.and(Term::column("name").like("b%")), ints(&[&[2]])),
    ] {
        let found =
            by_name.select("Customer", &Selection { order_by: vec![by("id")], ..Selection::new().filter(filter) })?;
        assert_eq!(keys(&mut by_name, &found)?, expected);
    }
    let ann = by_name.find("Customer", &[1.into()])?;
    let of = || Some("Order".into());
    let refers = |to| Expr::Leaf(Term::Refers { of: of(), relation: "customer".into(), to });
    let elsewhere = |than| Expr::Leaf(Term::RefersElsewhere { of: of(), relation: "customer".into(), than });
    for (filter, expected) in [
        (refers(ann), ints(&[&[1, 1], &[1, 2]])),
        (refers(None), ints(&[&[2, 2]])),
        (elsewhere(ann), ints(&[&[2, 1], &[2, 2]])),
        (elsewhere(None), ints(&[&[1, 1], &[1, 2], &[2, 1]])),
    ] {
        let query = Selection { order_by: vec![by("year"), by("number")], ..Selection::new().filter(filter) };
        let found = by_name.select("Order", &query)?;
        assert_eq!(keys(&mut by_name, &found)?, expected);
    }
    let first = by_name.find("Order", &[1.into(), 2.into()])?.expect("it is there");
    let contains = Expr::Leaf(Term::Contains { of: None, relation: "orders".into(), object: first });
    let found = by_name.select("Customer", &Selection::new().filter(contains))?;
    assert_eq!(keys(&mut by_name, &found)?, ints(&[&[1]]));
    Ok(())
}

#[test]
fn joins_follow_relations_and_aliases_name_them() -> Result<()> {
    let mut session = shop()?.session();
    let mut by_name = session.untyped();
    let along = |relation: &'static str| Along::new(relation);
    let two = Selection {
        aliases: vec![("a".into(), "Order".into()), ("b".into(), "Order".into())],
        joins: vec![
            Along { alias: Some("a".into()), ..along("orders") },
            Along { alias: Some("b".into()), ..along("orders") },
        ],
        ..Selection::new()
    };
    let both = Term::column_of("a", "number").lt(Term::column_of("b", "number"));
    let found = by_name.select("Customer", &two.filter(both))?;
    assert_eq!(keys(&mut by_name, &found)?, ints(&[&[1]]));

    let outer = Selection {
        joins: vec![Along { outer: true, filter: Some(Term::column_of("Order", "year").eq(2)), ..along("orders") }],
        order_by: vec![by("id")],
        ..Selection::new()
    };
    let values = [Term::column("id"), Term::column_of("Order", "number")];
    let rows = by_name.select_values("Customer", &outer, &values)?;
    let null = Value::Null;
    assert_eq!(rows, [vec![1.into(), null.clone()], vec![2.into(), 1.into()], vec![3.into(), null]]);
    assert_eq!(by_name.count("Customer", &outer)?, 3);

    let lines = Along { from: Some("Order".into()), ..along("lines") };
    let deep = Selection { joins: vec![along("orders"), lines], order_by: vec![by("id")], ..Selection::new() };
    assert_eq!(by_name.count("Customer", &deep)?, 4, "rows of the join");
    assert_eq!(by_name.count("Customer", &Selection { distinct: true, ..deep.clone() })?, 2);
    let found = by_name.select("Customer", &Selection { distinct: true, limit: Some(1), offset: 1, ..deep.clone() })?;
    assert_eq!(keys(&mut by_name, &found)?, ints(&[&[2]]), "the limit counts what is left");
    let repeats = Selection { repeats: diptych::object::Repeats::Kept, ..deep };
    assert_eq!(by_name.select("Customer", &repeats)?.len(), 4);
    let none = Selection::new().filter(Term::column("name").eq("nobody"));
    assert!(!by_name.exists("Customer", &none)? && by_name.exists("Customer", &Selection::new())?);
    assert!(by_name.select_one("Customer", &none)?.is_none());
    let error = by_name.select_one("Customer", &Selection::new()).expect_err("there are three");
    assert!(matches!(error.misuse(), Some(Misuse::NotOne { found: 2, .. })));
    let error = by_name.select("Customer", &Selection::new().filter(Term::column_of("Lines", "id").eq(1)));
    assert!(error.expect_err("no such name").to_string().contains("Lines"));
    Ok(())
}

/// A limit counts objects where a collection of objects with composite keys is joined.
#[test]
fn a_limit_counts_objects_with_composite_keys() -> Result<()> {
    let mut session = shop()?.session();
    let query = Selection { limit: Some(2), order_by: vec![by("year"), by("number")], ..Selection::new() };
    let found = session.untyped().select("Order", &query.load(LoadOption::by("lines", Lazy::Joined)))?;
    assert_eq!(session.totals().statements, 1);
    let mut by_name = session.untyped();
    assert_eq!(keys(&mut by_name, &found)?, ints(&[&[1, 1], &[1, 2]]));
    assert_eq!(by_name.loaded(found[0], "lines")?.map(|it| it.len()), Some(2));
    Ok(())
}

/// A collection that is filled from the query's own join may be partial; nothing takes the rest for removed.
#[test]
fn a_collection_is_filled_from_the_join_of_the_query() -> Result<()> {
    let database = shop()?;
    let mut session = database.session();
    let query = Selection { joins: vec![Along::new("lines")], ..Selection::new() }
        .filter(Term::column_of("Line", "what").eq("tea"))
        .load(LoadOption::new(Step::Relation("lines".into()), Strategy::FromQuery(None)));
    let found = session.untyped().select("Order", &query)?;
    assert_eq!((found.len(), session.totals().statements), (2, 1));
    let mut by_name = session.untyped();
    let lines = by_name.loaded(found[0], "lines")?.expect("filled");
    assert_eq!(lines.len(), 1);
    assert!(by_name.is_partial(found[0], "lines")?, "there may be others");
    by_name.assign(lines[0], "pieces", 9)?;
    session.commit()?;
    assert_eq!(database.session().untyped().count("Line", &Selection::new())?, 4);
    Ok(())
}

#[test]
fn what_is_write_only_is_queried() -> Result<()> {
    let mut session = shop()?.session();
    let mut by_name = session.untyped();
    let ann = by_name.find("Customer", &[1.into()])?.expect("she is there");
    let query = Selection { order_by: vec![(Term::column("number"), Direction::Descending)], ..Selection::new() };
    let found = by_name.select_related(ann, "asked", &query)?;
    assert_eq!(keys(&mut by_name, &found)?, ints(&[&[1, 2], &[1, 1]]));
    let found = by_name.select_related(ann, "asked", &Selection { limit: Some(1), ..query })?;
    assert_eq!(found.len(), 1);
    assert!(by_name.select("Customer", &Selection::new().load(LoadOption::by("asked", Lazy::Selectin))).is_err());
    Ok(())
}

#[test]
fn objects_follow_changes_of_many_rows() -> Result<()> {
    let has_lines = || related("Order", "lines", None);
    for synchronize in [Synchronize::Auto, Synchronize::Evaluate, Synchronize::Fetch, Synchronize::Not] {
        let mut session = shop()?.session();
        let mut by_name = session.untyped();
        let lines = by_name.all("Line")?;
        let many = Term::column("pieces").ge(3);
        let more = [("pieces", Term::column("pieces").times(10))];
        assert_eq!(by_name.update_where("Line", &more, Some(&many), synchronize)?, 2, "{synchronize:?}");
        let seen: Vec<Value> = lines.iter().map(|it| by_name.value(*it, "pieces")).collect::<Result<_>>()?;
        let expected: [i64; 4] = if synchronize == Synchronize::Not { [1, 2, 3, 4] } else { [1, 2, 30, 40] };
        assert_eq!(seen, expected.map(Value::Int), "{synchronize:?}");
        assert_eq!(by_name.delete_where("Line", Some(&Term::column("what").eq("cup")), synchronize)?, 1);
        let gone = if synchronize == Synchronize::Not { State::Persistent } else { State::Deleted };
        assert_eq!(session.state(lines[1])?, gone, "{synchronize:?}");
        session.rollback()?;
        assert_eq!(session.state(lines[1])?, State::Persistent);
        let mut by_name = session.untyped();
        assert_eq!(by_name.value(lines[3], "pieces")?, Value::Int(4), "O6");
        let orders = by_name.all("Order")?;
        let other = [("customer_id", Expr::Value(Value::Int(3)))];
        let moved = by_name.update_where("Order", &other, Some(&has_lines()), synchronize);
        if synchronize == Synchronize::Evaluate {
            assert!(matches!(moved.expect_err("other objects").misuse(), Some(Misuse::NotEvaluable { .. })));
        } else {
            assert_eq!(moved?, 3);
            let read = by_name.value(orders[0], "customer_id")?;
            assert_eq!(read == Value::Int(3), synchronize != Synchronize::Not);
        }
    }
    Ok(())
}

#[test]
fn columns_are_read_when_they_are_looked_at() -> Result<()> {
    let mut session = shop()?.session();
    let mut query = Selection { order_by: vec![by("id")], ..Selection::new() };
    query.loading.columns = Columns { defer: vec!["name".into()], ..Columns::default() };
    let found = session.untyped().select("Customer", &query)?;
    let before = session.totals().statements;
    assert_eq!(session.untyped().value(found[0], "id")?, Value::Int(1));
    assert_eq!(session.totals().statements, before);
    for _ in 0..2 {
        assert_eq!(session.untyped().value(found[0], "name")?, Value::from("ann"));
        assert_eq!(session.totals().statements, before + 1);
    }
    Ok(())
}

fn animals(kind: Inheritance) -> Result<Database> {
    let base = Table::new("animals")
        .column(Column::int("id"))
        .column(Column::text("kind"))
        .column(Column::text("name"))
        .column(Column::int("zoo_id").nullable())
        .primary_key(["id"])
        .foreign_key(ForeignKey::new(["zoo_id"], "zoos"));
    let zoo = Class::new("Zoo", Table::new("zoos").column(Column::int("id")).primary_key(["id"]))
        .relation(Relationship::has_many("animals", "Animal"));
    let animal = Class::new("Animal", base).polymorphic(Polymorphic::on("kind").identity("animal"));
    let own = |table: &'static str, column: &'static str| {
        let table =
            Table::new(table).column(Column::int("id")).primary_key(["id"]).column(Column::int(column).nullable());
        table.foreign_key(ForeignKey::new(["id"], "animals"))
    };
    let sub = |name: &'static str, table: &'static str, column: &'static str| {
        Class::new(name, own(table, column)).inherits("Animal").polymorphic(Polymorphic::of(kind).identity(name))
    };
    let database = Database::with_classes([zoo, animal, sub("Dog", "dogs", "legs"), sub("Fish", "fish", "fins")], [])?;
    let mut session = database.session();
    let mut by_name = session.untyped();
    by_name.add("Zoo", &[("id", 1.into())])?;
    let zoo = || ("zoo_id", Value::Int(1));
    by_name.add("Animal", &[("id", 1.into()), ("name", "it".into()), zoo()])?;
    by_name.add("Dog", &[("id", 2.into()), ("name", "rex".into()), ("legs", 4.into()), zoo()])?;
    by_name.add("Fish", &[("id", 3.into()), ("name", "wanda".into()), ("fins", 7.into())])?;
    session.commit()?;
    Ok(database)
}

/// What tells the class of an object is read whatever a query leaves out: it costs no statement to look at it.
#[test]
fn the_class_of_an_object_is_read_whatever_is_left_out() -> Result<()> {
    let mut session = animals(Inheritance::Joined)?.session();
    let only = Columns { only: Some(vec!["name".into()]), ..Columns::default() };
    for columns in [only, Columns { defer: vec!["kind".into()], ..Columns::default() }] {
        session.expunge_all();
        let mut query = Selection { order_by: vec![by("id")], ..Selection::new() };
        query.loading.columns = columns;
        let found = session.untyped().select("Animal", &query)?;
        let before = session.totals().statements;
        let mut by_name = session.untyped();
        assert_eq!(by_name.value(found[0], "kind")?, Value::from("animal"));
        assert_eq!(by_name.class_of(found[1])?, "Dog");
        assert_eq!(session.totals().statements, before);
    }
    Ok(())
}

/// A query on a base brings objects of its subclasses; what these add comes when it is touched, or along if it is asked.
#[test]
fn a_query_on_a_base_brings_its_subclasses() -> Result<()> {
    let database = animals(Inheritance::Joined)?;
    let mut asked = Selection { order_by: vec![by("id")], ..Selection::new() };
    asked.loading.subclasses = vec!["Dog".into(), "Fish".into()];
    let along = Selection { subclasses: Subclasses::All, order_by: vec![by("id")], ..Selection::new() };
    let plain = Selection { order_by: vec![by("id")], ..Selection::new() };
    for (query, first, then) in [(plain, 1, 2), (along, 1, 0), (asked, 3, 0)] {
        let mut session = database.session();
        let found = session.untyped().select("Animal", &query)?;
        let statements = session.totals().statements;
        assert_eq!(statements, first);
        let mut by_name = session.untyped();
        let classes: Vec<String> = found.iter().map(|it| by_name.class_of(*it)).collect::<Result<_>>()?;
        assert_eq!(classes, ["Animal", "Dog", "Fish"]);
        assert_eq!((by_name.value(found[1], "legs")?, by_name.value(found[2], "fins")?), (4.into(), 7.into()));
        assert_eq!(session.totals().statements, statements + then);
    }
    let mut session = database.session();
    let swims = Selection { subclasses: Subclasses::All, ..Selection::new() };
    let found = session.untyped().select("Animal", &swims.filter(Term::column_of("Fish", "fins").gt(5)))?;
    assert_eq!(found.len(), 1);
    let mut by_name = session.untyped();
    assert!(by_name.find("Fish", &[2.into()])?.is_none(), "a dog is no fish");
    let dogs = Along { outer: true, of: Some("Dog".into()), ..Along::new("animals") };
    let dogs = Selection { joins: vec![dogs], ..Selection::new() };
    let rows = by_name.select_values("Zoo", &dogs, &[Term::column_of("Dog", "legs")])?;
    assert_eq!(rows, [[Value::Int(4)]], "another animal is no partner");
    assert_eq!(by_name.all("Dog")?.len(), 1);
    Ok(())
}
