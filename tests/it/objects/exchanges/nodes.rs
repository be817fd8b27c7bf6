//! Rows of one table that refer to each other, and pass unique values on.

use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[entity(table = "nodes")]
#[has_many(children: Node, inverse = parent)]
#[belongs_to(parent: Node, via = parent_id, inverse = children)]
struct Node {
    #[key(auto)]
    id: Id<Node>,
    #[unique]
    name: String,
    size: i64,
    #[references(Node)]
    parent_id: Option<Id<Node>>,
}

fn node(name: &str) -> Node {
    Node { name: name.into(), ..Node::draft() }
}

fn session() -> Session {
    Database::of::<(Node,)>().unwrap_or_else(|error| panic!("{error}")).session()
}

#[test]
fn a_child_takes_the_name_of_the_parent_that_goes() -> Result<()> {
    let mut session = session();
    let (old, new) = (session.add(node("old")), session.add(node("new")));
    let child = session.push(old, Node::children, node("child"))?;
    session.commit()?;
    session.set(child, Node::parent, new)?;
    session.edit(child)?.name = "old".into();
    session.edit(child)?.size = 7;
    session.delete(old)?;
    session.commit()?;
    assert_eq!((&*session[child].name, session[child].size), ("old", 7));
    assert_eq!(session[child].parent_id, Some(session[new].id));
    let (again, other) = (session[child].clone(), session[new].clone());
    session.expire(child)?;
    assert_eq!((session[child].name.clone(), session[child].size), (again.name, again.size));
    assert_eq!(session[child].parent_id, Some(other.id));
    Ok(())
}

#[test]
fn a_row_leaves_its_name_to_the_new_one_that_it_refers_to() -> Result<()> {
    let mut session = session();
    let child = session.add(node("a"));
    session.commit()?;
    let parent = session.add(node("a"));
    session.set(child, Node::parent, parent)?;
    session.edit(child)?.name = "b".into();
    session.commit()?;
    session.expire(child)?;
    assert_eq!((&*session[child].name, &*session[parent].name), ("b", "a"));
    assert_eq!(session[child].parent_id, Some(session[parent].id));
    Ok(())
}
