//! What a session holds and what its tables hold, as text.

use diptych::error::Result;
use diptych::object::DumpedRelation;
use diptych::prelude::*;
use diptych::{Class, Column, ForeignKey, Relationship, State, Table};

use super::forum::{Post, Tag, User, forum, posted, statements, tag, user};

/// Alice has written a post and answered it herself; it has a tag.
fn answered() -> Result<Database> {
    let database = forum();
    let mut session = database.session();
    let alice = session.add(user("alice"));
    let first = posted(&mut session, alice, "First!");
    let answer = posted(&mut session, alice, "And?");
    session.push(first, Post::replies, answer)?;
    session.push(first, Post::tags, tag("greeting"))?;
    session.commit()?;
    Ok(database)
}

#[test]
fn one_fixture_is_printed_as_objects_and_as_rows() -> Result<()> {
    let database = answered()?;
    let mut session = database.session();
    let alice = session.one(User::select().with(User::posts.selectin()).with(User::profile.selectin()))?.reference();
    session.all(Tag::select().with(Tag::posts.selectin()))?;
    let (spent, dump) = statements(&mut session, |it| it.dump_graph());
    assert_eq!(spent, 0);
    let expected = "\
User[1]
   id = 1, email = 'alice@example.org', name = 'alice'
   profile: none
   locker: not loaded
   avatar: not loaded
   posts: Post[1], Post[2]
   badges: not loaded
   votes: not loaded
Post[1]
   id = 1, author_id = 1, parent_id = NULL, body = 'First!', score = 0
   author: User[1]
   parent: none
   replies: not loaded
   votes: not loaded
   tags: not loaded
Post[2]
   id = 2, author_id = 1, parent_id = 1, body = 'And?', score = 0
   author: User[1]
   parent: Post[1]
   replies: not loaded
   votes: not loaded
   tags: not loaded
Tag['greeting']
   name = 'greeting'
   posts: Post[1]
";
    assert_eq!(sorted_relations(&dump.to_string()), sorted_relations(expected), "{dump}");
    let rows = database.dump_rows();
    let of = |name: &str| rows.table(name).expect("it is there").to_string();
    assert_eq!(
        of("posts"),
        "\
posts
   id | author_id | parent_id | body     | score
   1  | 1         | NULL      | 'First!' | 0
   2  | 1         | 1         | 'And?'   | 0
"
    );
    assert_eq!(of("post_tags"), "post_tags\n   post_id | tag_name\n   1       | 'greeting'\n");
    assert_eq!(of("votes"), "votes\n   no rows\n");
    assert_eq!(session.get(alice)?.name, "alice");
    Ok(())
}

/// Which of two relations a class names first is not what is shown here.
fn sorted_relations(text: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for line in text.lines() {
        let name = parts.iter().rev().find(|it| !it.contains("   ")).cloned().unwrap_or_default();
        parts.push(if line.starts_with(' ') { format!("{name}{line}") } else { line.to_owned() });
    }
    parts.sort();
    parts
}

/// What is pending, queued, deleted or has to be read again is said to be so.
#[test]
fn what_is_not_yet_a_row_and_what_is_none_any_more_is_told_apart() -> Result<()> {
    let database = answered()?;
    let mut session = database.session();
    let first = session.find::<Post>(1)?.expect("it is there").reference();
    let second = session.find::<Post>(2)?.expect("it is there").reference();
    session.push(first, Post::tags, tag("new"))?;
    session.remove(first, Post::replies, second)?;
    let dump = session.dump_graph();
    let post = dump.object("Post[1]").expect("it is held");
    let queued = |added: &[&str], removed: &[&str]| DumpedRelation::NotLoaded {
        added: added.iter().map(ToString::to_string).collect(),
        removed: removed.iter().map(ToString::to_string).collect(),
    };
    assert_eq!(post.relation("tags"), Some(&queued(&["Tag(new 1)"], &[])));
    assert_eq!(post.relation("replies"), Some(&queued(&[], &["Post[2]"])));
    let new = dump.object("Tag(new 1)").expect("it is pending");
    assert_eq!((new.state, &new.key), (State::Pending, &None));
    assert_eq!(new.to_string(), "Tag(new 1), pending\n   name = 'new'\n   posts: Post[1]\n");
    session.rollback()?;
    let dump = session.dump_graph();
    assert!(dump.object("Tag(new 1)").is_none(), "{dump}");
    let post = dump.object("Post[1]").expect("it is held");
    assert!(post.columns.iter().all(|it| it.1.is_none()), "a rollback has made it forget: {dump}");
    assert_eq!(post.relation("tags"), Some(&queued(&[], &[])));
    session.get(second)?;
    session.delete(second)?;
    session.flush()?;
    assert_eq!(session.dump_graph().object("Post[2]").map(|it| it.state), Some(State::Deleted));
    session.commit()?;
    assert!(session.dump_graph().object("Post[2]").is_none(), "it is no part of the session any more");
    Ok(())
}

/// A ring of references, and one to itself, are names and no descent.
#[test]
fn a_ring_ends_where_it_begins() -> Result<()> {
    let table = Table::new("people").auto_key("id").column(Column::int("friend_id").nullable());
    let table = table.foreign_key(ForeignKey::new(["friend_id"], "people"));
    let person = Class::new("Person", table).relation(Relationship::belongs_to("friend", "Person").via(["friend_id"]));
    let database = Database::with_classes([person], [])?;
    let mut session = database.session();
    let mut by_name = session.untyped();
    let (one, two, three) = (by_name.add("Person", &[])?, by_name.add("Person", &[])?, by_name.add("Person", &[])?);
    by_name.set(one, "friend", Some(two))?;
    by_name.set(two, "friend", Some(one))?;
    by_name.set(three, "friend", Some(three))?;
    let to = |name: &str| DumpedRelation::One(Some(name.to_owned()));
    let dump = session.dump_graph();
    assert_eq!(dump.objects[1].relation("friend"), Some(&to("Person(new 1)")));
    assert_eq!(dump.objects[2].relation("friend"), Some(&to("Person(new 3)")));
    session.flush()?;
    let dump = session.dump_graph();
    assert_eq!(dump.object("Person[1]").and_then(|it| it.relation("friend")), Some(&to("Person[2]")));
    assert_eq!(dump.object("Person[3]").and_then(|it| it.relation("friend")), Some(&to("Person[3]")));
    Ok(())
}
