//! The same data, read as objects and as rows: where the two readings differ (checklist: 4b). Each test asserts both.

use diptych::error::Result;
use diptych::prelude::*;
use diptych::{Expression, Update, Value, col};

use super::forum::*;

/// Two rows with equal values are two rows, two objects with equal values are two objects; and one row is one object, from
/// however many places it is reached, while two copies of a row are two values.
#[test]
fn identity_is_not_equality() -> Result<()> {
    let database = forum();
    let mut session = database.session();
    let alice = session.add(user("alice"));
    let (one, other) = (posted(&mut session, alice, "same"), posted(&mut session, alice, "same"));
    session.commit()?;
    let (first, second) = (session.get(one)?, session.get(other)?);
    assert_ne!(one, other, "as objects they are two");
    assert_eq!(
        Post { id: first.id, ..second.entity().clone() },
        *first.entity(),
        "as values they are equal but for the key"
    );
    let found = session.one(Post::select().filter(Post::id.eq(first.id)))?;
    let led_to = session.get(alice)?.load(User::posts)?.first().expect("it is there");
    assert!(found.reference() == one && led_to.reference() == one, "one row is one object");
    let copies: Vec<Vec<Value>> = (0..2).map(|_| rows(&mut session, "posts")[0].clone()).collect();
    assert_eq!(copies[0], copies[1], "read twice as a row, it is two values that are equal");
    Ok(())
}

/// A reference has a direction in the row, and none between objects: there either side knows the other, and the column
/// stands on one side only.
#[test]
fn a_reference_has_one_direction_as_a_row_and_two_between_objects() -> Result<()> {
    let database = forum();
    let mut session = database.session();
    let alice = session.add(user("alice"));
    let post = posted(&mut session, alice, "hello");
    assert_eq!(session.get(post)?.loaded(Post::author)?.reference(), alice);
    assert_eq!(session.get(alice)?.loaded(User::posts)?.references(), [post], "and back, before there is a row");
    session.commit()?;
    let columns = |table: &str| -> Vec<String> { database.dump_rows().table(table).expect("there").columns.clone() };
    assert!(columns("posts").iter().any(|it| it == "author_id"));
    assert!(columns("users").iter().all(|it| !it.contains("post")), "the row of a user knows of no post");
    Ok(())
}

/// A collection is a list with an order of its own until it is read again; a table is a set, which has the order that one
/// asks for.
#[test]
fn a_list_has_an_order_and_a_table_has_none() -> Result<()> {
    let mut session = forum().session();
    let alice = session.add(user("alice"));
    let root = posted(&mut session, alice, "root");
    let (first, second) = (posted(&mut session, alice, "1"), posted(&mut session, alice, "2"));
    session.flush()?;
    session.get(root)?.load(Post::replies)?;
    session.push(root, Post::replies, second)?;
    session.push(root, Post::replies, first)?;
    assert_eq!(session.get(root)?.load(Post::replies)?.references(), [second, first], "as they were added");
    session.commit()?;
    assert_eq!(session.get(root)?.load(Post::replies)?.references(), [first, second], "as it is declared");
    let newest = session.all(Post::select().order_by(Post::id.desc()))?.references();
    assert_eq!(newest, [second, first, root], "rows have the order of the question");
    Ok(())
}

/// A reference that leads nowhere is NULL in a row and none between objects; a collection without members is empty, and
/// no row says so: it is that no row refers here.
#[test]
fn null_is_none_and_nothing_is_empty() -> Result<()> {
    let mut session = forum().session();
    let alice = session.add(user("alice"));
    let post = posted(&mut session, alice, "alone");
    session.commit()?;
    assert!(session.get(post)?.load(Post::parent)?.is_none());
    assert!(rows(&mut session, "posts")[0][2].is_null(), "none is a NULL");
    assert!(session.get(post)?.load(Post::replies)?.is_empty());
    assert!(session.get(post)?.load(Post::tags)?.is_empty());
    assert_eq!((count(&mut session, "posts"), count(&mut session, "post_tags")), (1, 0), "empty is no row at all");
    let unknown = session.count(Post::select().filter(Post::parent_id.ne(Some(Id::new(7)))))?;
    assert_eq!(unknown, 0, "and NULL is neither equal nor unequal, where a row is asked");
    assert!(session[post].parent_id != Some(Id::new(7)), "but an object says that it is not that one");
    Ok(())
}

/// A row is there as a whole; an object is as much of the graph as was loaded, and as old as its reading.
#[test]
fn a_graph_is_known_in_part_and_rows_are_whole() -> Result<()> {
    let database = forum();
    database.transaction(|session| {
        let alice = session.add(user("alice"));
        posted(session, alice, "hello");
        Ok(())
    })?;
    let mut session = database.session();
    let alice = session.one(User::select())?.reference();
    assert!(session.get(alice)?.loaded(User::posts).is_err(), "it was not loaded, which is not empty");
    assert_eq!(count(&mut session, "posts"), 1, "and the row is there");
    session.execute(Update::table("users").set("name", "Alicia"))?;
    assert_eq!(session[alice].name, "alice", "the object is what was read");
    assert_eq!(rows(&mut session, "users")[0][2], "Alicia".into(), "the row is what was written");
    session.refresh(alice)?;
    assert_eq!(session[alice].name, "Alicia");
    session.execute(Update::table("users").set("name", "Eve").filter(col("id").eq(1)))?;
    session.rollback()?;
    assert_eq!(session[alice].name, "alice");
    Ok(())
}
