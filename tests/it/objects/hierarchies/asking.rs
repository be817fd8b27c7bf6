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
