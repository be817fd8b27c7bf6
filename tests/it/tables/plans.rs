//! Plans: what a delete would set in motion, before anything happens.

use diptych::error::Rule;
use diptych::{Action, Connection, Delete, Expression, ForeignKey, Insert, NativeConnection, ValueRef, column};

use super::{connect, done, everything, keyed, referring, refused};

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

/// A plan that would be refused is shown all the same: each reason under the row that meets it, with its path.
#[test]
fn i2_a_preview_shows_what_would_refuse_a_plan() {
    let mut connection = guarded();
    let image = connection.transaction().unwrap().image().clone();
    let preview = connection.preview_delete("users", &[1.into()]).unwrap();
    assert!(image.same(connection.transaction().unwrap().image()), "I2");
    let expected = "users[1]  delete
   ✗ users[1] is still referred to by 1 row of notes through notes_about_fkey: notes[7]
   └ posts[1]  delete by posts_author_fkey
      ✗ posts[1] may not change: votes_post_fkey restricts it (2 rows of votes): votes[1], votes[2]
   └ posts[2]  delete by posts_author_fkey
   └ seats[3]  set holder = NULL by seats_holder_fkey
      ✗ seats[3]: CHECK taken is false for (holder) = (NULL)
users: 1 deleted
posts: 2 deleted
seats: 1 updated
refused for 3 reasons
";
    assert_eq!(preview.explain(connection.schema()).to_string(), expected);
    let reason = preview.refusals.iter().find(|it| it.violation.rule == Rule::Restrict).unwrap();
    assert_eq!(reason.violation.path[0].from.to_string(), "users[1]");
    assert_eq!(preview.plan.steps[reason.step.unwrap()].before.get(diptych::id::ColumnId::new(0)), ValueRef::Int(1));
    // The statement itself stops at the first of them.
    assert_eq!(refused(&mut connection, Delete::from("users").filter(super::id(1))).rule, Rule::Restrict);
}

fn guarded() -> NativeConnection {
    let cascade = |key: ForeignKey| key.on_delete(Action::Cascade).on_update(Action::Cascade);
    let restrict = |key: ForeignKey| key.on_delete(Action::Restrict);
    let set_null = |key: ForeignKey| key.on_delete(Action::SetNull).on_update(Action::Cascade);
    let posts = referring(keyed("posts"), "author", cascade, "users");
    let votes = referring(keyed("votes"), "post", restrict, "posts");
    let seats = referring(keyed("seats"), "holder", set_null, "users").check("taken", column("holder").is_not_null());
    let notes = referring(keyed("notes"), "about", |it| it, "users");
    let mut connection = connect([keyed("users"), posts, votes, seats, notes]);
    done(&mut connection, Insert::into("users", ["id"]).row([1]).row([2]));
    done(&mut connection, Insert::into("posts", ["id", "author"]).row([1, 1]).row([2, 1]));
    done(&mut connection, Insert::into("votes", ["id", "post"]).row([1, 1]).row([2, 1]));
    done(&mut connection, Insert::into("seats", ["id", "holder"]).row([3, 1]));
    done(&mut connection, Insert::into("notes", ["id", "about"]).row([7, 1]));
    connection
}

/// I1: a key change is planned like a delete, row by row; what refuses it is shown, too.
#[test]
fn i1_an_update_is_planned_and_previewed() {
    let mut connection = guarded();
    done(&mut connection, Delete::from("notes"));
    let plan = connection.plan_update("users", &[1.into()], &[("id", 5.into())]).unwrap();
    let expected = "users[1]  set id = 5
   └ posts[1]  set author = 5 by posts_author_fkey
   └ posts[2]  set author = 5 by posts_author_fkey
   └ seats[3]  set holder = 5 by seats_holder_fkey
users: 1 updated
posts: 2 updated
seats: 1 updated
";
    assert_eq!(plan.explain(connection.schema()).to_string(), expected);
    let preview = connection.preview_update("users", &[1.into()], &[("id", 2.into())]).unwrap();
    assert_eq!(preview.refusals.len(), 1);
    assert_eq!(preview.refusals[0].violation.rule, Rule::PrimaryKey);
    assert!(connection.preview_update("users", &[1.into()], &[("id", 5.into())]).unwrap().is_possible());
}

#[test]
fn a_preview_is_json_and_two_drawings() {
    let mut connection = guarded();
    let preview = connection.preview_delete("users", &[1.into()]).unwrap();
    let outline = preview.outline(connection.schema());
    let json: serde_json::Value = serde_json::from_str(&outline.to_json()).unwrap();
    assert_eq!(json["steps"][1]["row"], serde_json::json!({"table": "posts", "key": [1]}));
    assert_eq!(
        json["steps"][1]["cause"],
        serde_json::json!({"step": 0, "by": "posts_author_fkey", "action": "cascade"})
    );
    let set = json["steps"].as_array().unwrap().iter().find(|it| it["row"]["table"] == "seats").unwrap();
    assert_eq!(set["set"], serde_json::json!([["holder", null]]));
    assert_eq!(json["refusals"].as_array().unwrap().len(), 3);
    #[cfg(feature = "serde")]
    {
        assert_eq!(serde_json::to_value(&outline).unwrap(), json, "the writer of our own and serde agree");
        assert_eq!(serde_json::from_value::<diptych::integrity::Outline>(json).unwrap(), outline);
    }
    let mermaid = outline.to_mermaid();
    for line in [
        "flowchart TD\n    s0[\"users[1]<br/>delete\"]:::goes\n",
        "    s0 -->|\"posts_author_fkey: cascade\"| s1\n",
        ":::blocks\n",
        "votes_post_fkey (restrict)<br/>votes[1]<br/>votes[2]",
    ] {
        assert!(mermaid.contains(line), "{line}\n{mermaid}");
    }
    let dot = outline.to_dot();
    for line in ["digraph plan {\n", "    s0 [label=\"users[1]\\ndelete\", fillcolor=\"#ffdddd\"];\n", "    s0 -> s1 "]
    {
        assert!(dot.contains(line), "{line}\n{dot}");
    }
}
