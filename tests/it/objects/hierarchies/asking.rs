//! Conditions on a base about what subclasses add, and walks along a tree whose nodes are of several classes.

use diptych::prelude::*;

use super::models::{joined, tree};

/// Is, has, is none: of a base that is read with its subclasses.
#[test]
fn upcast_conditions_on_a_reference_of_a_subclass() -> Result<()> {
    use joined::{Cat, Dog, Pet};
    let session = joined::seeded()?.session();
    let query = || Pet::select().with_subclasses();
    let tom = session.one(Cat::select())?.reference();
    assert_eq!(session.count(query().filter(Dog::chases.is(tom).upcast()))?, 1);
    assert_eq!(session.count(query().filter(Dog::chases.has(Cat::lives.eq(9)).upcast()))?, 1);
    assert_eq!(session.count(query().filter(Dog::chases.has(Cat::lives.eq(8)).upcast()))?, 0);
    assert_eq!(session.count(query().filter(Dog::chases.is_present().upcast()))?, 1);
    assert_eq!(session.count(query().filter(Dog::chases.is_none().upcast()))?, 1, "NULL in those that are no dogs");
    assert_eq!(session.count(query().filter(Cat::toys.is_not_empty().upcast()))?, 1);
    Ok(())
}

/// Whatever an object is a case of, those around it are nodes.
#[test]
fn the_descendants_of_an_object_are_of_any_class() -> Result<()> {
    use tree::{File, Node, file};
    let mut session = tree::seeded()?.session();
    let a = session.one(Node::select().filter(Node::name.eq("a")))?.reference();
    let below = session.descendants(a, Node::children, None)?;
    let below: Vec<String> = below.iter().map(|it| session[it.object].name.clone()).collect();
    assert_eq!(below, ["b", "c", "d"]);
    let d = session.one(File::select())?.reference().upcast::<Node>();
    let above: Vec<String> = session.ancestors(d, Node::parent)?.iter().map(|it| session[*it].name.clone()).collect();
    assert_eq!(above, ["b", "a"]);
    assert!(session.descendants(d, Node::children, None)?.is_empty());
    session.push(d, Node::children, file("e", 1))?;
    assert_eq!(session.descendants(d, Node::children, None)?.len(), 1);
    Ok(())
}

fn names(nodes: &Views<'_, tree::Node>) -> Vec<String> {
    nodes.iter().map(|it| it.name.clone()).collect()
}

/// SQLAlchemy: `Dir.children.of_type(Dir).any(Dir.mode == 7)` is true of a, whose child b is a directory of mode 7.
#[test]
fn an_upcast_condition_is_about_the_related_objects() -> Result<()> {
    use tree::{Dir, File, Node};
    let session = tree::seeded()?.session();
    let mode = |it: i64| Dir::mode.eq(it).upcast::<Node>();
    let size = |it: i64| File::size.eq(it).upcast::<Node>();
    let all = |query: Query<Node>| session.all(query.order_by(Node::name)).map(|it| names(&it));
    assert_eq!(all(Node::select().filter(Node::children.any(mode(7))))?, ["a"]);
    assert_eq!(all(Node::select().filter(Node::children.any(size(5))))?, ["b"], "of a table beside that of the base");
    assert_eq!(all(Node::select().filter(Node::parent.has(mode(1))))?, ["b"]);
    assert_eq!(all(Node::select().filter(!Node::children.any(mode(7).or(size(5)))))?, ["c", "d"]);
    let above_a_file = Node::children.any(Node::children.any(size(5)).and(mode(7)));
    assert_eq!(all(Node::select().filter(above_a_file))?, ["a"]);

    let found = session.all(Dir::select().filter(Node::children.any(mode(7))))?;
    assert_eq!(found.iter().map(|it| it.name.clone()).collect::<Vec<_>>(), ["a"], "the directory asked is another one");
    let found = session.all(Dir::select().filter(Node::parent.has(mode(1))).filter(Dir::mode.eq(7)))?;
    assert_eq!(found.len(), 1);
    Ok(())
}

/// SQLAlchemy: `select(Node).join(Node.children.of_type(Dir)).where(Dir.mode == 7)`.
#[test]
fn an_upcast_condition_of_a_join_is_about_what_is_joined() -> Result<()> {
    use tree::{Dir, File, Node};
    let session = tree::seeded()?.session();
    let mode = |it: i64| Dir::mode.eq(it).upcast::<Node>();
    let size = |it: i64| File::size.eq(it).upcast::<Node>();
    let all = |query: Query<Node>| session.all(query).map(|it| names(&it));
    let join = || Node::children.join();
    assert_eq!(all(Node::select().join(join().filter(mode(7))))?, ["a"]);
    assert_eq!(all(Node::select().join(join().filter(size(5))))?, ["b"]);
    assert_eq!(all(Node::select().join(join().on(mode(7))))?, ["a"]);
    assert_eq!(all(Node::select().join(join().on(size(5))))?, ["b"]);
    assert_eq!(all(Node::select().join(join().outer().on(size(5)).order_by(Node::name)))?.len(), 4);
    assert_eq!(all(Node::select().join(join().then(Node::children.join().filter(size(5)))))?, ["a"]);
    let by_size = join().order_by(File::size.desc().upcast::<Node>()).order_by(Node::name);
    assert_eq!(all(Node::select().join(by_size).filter(Node::name.eq("b")))?, ["b"]);
    let counted = session.count(Node::select().join(join().filter(size(5))))?;
    assert_eq!(counted, 1);

    // Filled from the rows of the query: the members that fulfil the condition, read whole.
    let query = Node::select().join(join().on(size(5)).outer().eager()).order_by(Node::name);
    let found = session.all(query)?;
    let members: Vec<usize> =
        found.iter().map(|it| it.loaded(Node::children).map(|it| it.len())).collect::<Result<_>>()?;
    assert_eq!(members, [0, 1, 0, 0]);
    Ok(())
}

/// What restricts the members that are loaded is about them, too.
#[test]
fn an_upcast_condition_of_a_load_is_about_what_is_loaded() -> Result<()> {
    use tree::{Dir, File, Node};
    let database = tree::seeded()?;
    let size = || File::size.eq(5).upcast::<Node>();
    for path in [Node::children.selectin().filter(size()), Node::children.joined().filter(size())] {
        let session = database.session();
        let b = session.one(Dir::select().filter(Dir::mode.eq(7)).loading(path))?;
        let members = b.loaded(Node::children)?;
        assert_eq!(members.iter().map(|it| it.name.clone()).collect::<Vec<_>>(), ["d"]);
    }
    let session = database.session();
    let b = session.one(Dir::select().filter(Dir::mode.eq(7)))?.reference();
    let members = session.query_of(b, Node::children);
    assert_eq!(members.clone().filter(size()).count()?, 1);
    assert_eq!(members.order_by(File::size.desc().upcast::<Node>()).first()?.expect("two").name, "d");
    Ok(())
}

/// The target of a join may stand in several tables; what it has to fulfil may be in any.
#[test]
fn a_join_asks_for_any_column_of_a_target_in_several_tables() -> Result<()> {
    use joined::{Dog, Pet};
    let session = joined::seeded()?.session();
    let dogs = |name: &str, outer: bool| {
        let join = Dog::chases.join().on(Pet::name.eq(name));
        session.all(Dog::select().join(if outer { join.outer() } else { join })).map(|it| it.len())
    };
    assert_eq!((dogs("tom", false)?, dogs("tim", false)?), (1, 0));
    assert_eq!((dogs("tom", true)?, dogs("tim", true)?), (1, 1));
    for (name, found) in [("tom", true), ("tim", false)] {
        let session = joined::seeded()?.session();
        let rex = session.one(Dog::select().join(Dog::chases.join().outer().on(Pet::name.eq(name)).eager()))?;
        assert_eq!(rex.loaded(Dog::chases)?.is_some(), found);
        let session = joined::seeded()?.session();
        let rex = session.one(Dog::select().loading(Dog::chases.joined().filter(Pet::name.eq(name))))?;
        assert_eq!(rex.loaded(Dog::chases)?.is_some(), found);
    }
    Ok(())
}

/// What a query on a base asks of a subclass, it reads along.
#[test]
fn an_upcast_condition_brings_what_it_asks_of() -> Result<()> {
    use joined::{Cat, Dog, Pet};
    let session = joined::seeded()?.session();
    let sitting = || Pet::select().filter(Dog::trick.eq("sit").upcast::<Pet>());
    assert_eq!(session.count(sitting())?, 1);
    let before = session.totals().statements;
    let rex = session.one(sitting())?.downcast::<Dog>()?.expect("it is one");
    assert_eq!((rex.name.as_str(), rex.trick.as_str()), ("rex", "sit"));
    assert_eq!(session.totals().statements - before, 1);
    let by_lives = session.all(Pet::select().order_by(Cat::lives.desc().upcast::<Pet>()).limit(1))?;
    assert_eq!(by_lives.first().expect("there is one").name, "tom");
    Ok(())
}
