//! Plans: what a delete would set in motion, before anything happens.

use diptych::{Action, Connection, Delete, ForeignKey, Insert, NativeConnection};

use super::{connect, done, everything, keyed, referring};

fn forum() -> NativeConnection {
    let cascade = |key: ForeignKey| key.on_delete(Action::Cascade);
    let set_null = |key: ForeignKey| key.on_delete(Action::SetNull);
    let posts = referring(referring(keyed("posts"), "author", cascade, "users"), "parent", cascade, "posts");
    let votes = referring(referring(keyed("votes"), "voter", set_null, "users"), "post", cascade, "posts");
    let mut connection = connect([keyed("users"), posts, votes]);
    done(&mut connection, Insert::into("users", ["id"]).row([1]).row([2]));
    done(
        &mut connection,
        Insert::into("posts", ["id", "author", "parent"]).row([1, 1, 1]).row([2, 2, 1]).row([3, 1, 2]),
    );
    done(&mut connection, Insert::into("votes", ["id", "voter", "post"]).row([1, 1, 3]).row([2, 2, 1]));
    done(&mut connection, Insert::into("votes", ["id", "voter"]).row([3, 1]));
    connection
}

/// I1: a plan names each row once, in diamonds, rings and self-references, and prints as a tree.
#[test]
fn i1_a_plan_names_each_row_once_and_prints_as_a_tree() {
    let mut connection = forum();
    let plan = connection.plan_delete("users", &[1.into(), 1.into()]).unwrap();
    let mut named: Vec<_> = plan.steps.iter().map(|it| (it.table, it.row)).collect();
    named.sort();
    named.dedup();
    assert_eq!(named.len(), plan.steps.len());
    let schema = connection.schema().clone();
    let expected = "users[1]  delete
   └ posts[1]  delete by posts_author_fkey
      └ posts[2]  delete by posts_parent_fkey
      └ votes[2]  delete by votes_post_fkey
   └ posts[3]  delete by posts_author_fkey
      └ votes[1]  delete by votes_post_fkey
   └ votes[3]  set voter = NULL by votes_voter_fkey
users: 1 deleted
posts: 3 deleted
votes: 2 deleted, 1 updated
";
    assert_eq!(plan.explain(&schema).to_string(), expected);
}

#[test]
fn i2_planning_leaves_the_image_as_it_was() {
    let mut connection = forum();
    let before = everything(&mut connection);
    let image = connection.transaction().unwrap().image().clone();
    connection.plan_delete("users", &[1.into()]).unwrap();
    assert!(image.same(connection.transaction().unwrap().image()));
    assert_eq!(everything(&mut connection), before);
}

/// What a plan says is what a delete does.
#[test]
fn a_delete_does_what_its_plan_said() {
    let mut connection = forum();
    let planned = connection.plan_delete("users", &[1.into()]).unwrap().steps.len() as u64;
    let outcome = done(&mut connection, Delete::from("users").filter(super::id(1)));
    assert_eq!(outcome.count + outcome.by_actions, planned);
}
