//! A delete, planned over both layers: each row once, why, and what a plain delete of the row would do instead.

use std::collections::BTreeMap;

use diptych::error::Misuse;
use diptych::object::{DeletePlan, Mechanism};
use diptych::prelude::*;
use diptych::{Action, Select, Session, Value, record};
use proptest::prelude::*;
use proptest::test_runner::Config;

use super::forum::*;

mod listeners;
mod models;

/// Checklist 14a, 65: deleting by rows and deleting by objects differ where the model says so, and the plan says where.
#[test]
fn a_plan_of_a_delete_names_each_row_once_with_the_way_and_what_a_plain_delete_would_do() -> Result<()> {
    let database = forum();
    let mut session = database.session();
    let alice = session.add(user("alice"));
    let root = posted(&mut session, alice, "root");
    let reply = posted(&mut session, alice, "reply");
    session.push(root, Post::replies, reply)?;
    let vote = session.push(reply, Post::votes, Vote { value: 1, ..Vote::draft() })?;
    session.set(vote, Vote::user, alice)?;
    session.push(reply, Post::tags, tag("news"))?;
    session.commit()?;

    let mut session = database.session();
    let root = session.find::<Post>(1)?.expect("it is there").reference();
    let (ran, plan) = statements(&mut session, |it| it.plan_delete(root));
    let plan = plan?;
    assert_eq!(ran, 0, "the session runs nothing, a copy of it does");
    assert!(session.get(root)?.loaded(Post::replies).is_err(), "and loads nothing");
    assert_eq!(
        plan.to_string(),
        "posts[1]  delete
   └ posts[2]  delete by Post.replies (object cascade)
      └ votes[1, 2]  delete by Post.votes (object cascade)
      └ post_tags[2, 'news']  delete by post_tags_post_id_fkey
posts: 2 deleted
votes: 1 deleted
post_tags: 1 deleted
a plain delete of the row:
   posts[2]  set parent_id = NULL by posts_parent_id_fkey
   votes[1, 2]  stays as it is
   post_tags[2, 'news']  stays as it is
"
    );
    let tagged = plan.step_of("post_tags", &[2.into(), "news".into()]).expect("it goes");
    assert_eq!(plan.path(tagged), [0, 1, tagged]);
    assert_eq!(plan.steps[tagged].cause.as_ref().map(|it| it.mechanism), Some(Mechanism::Action(Action::Cascade)));
    assert_eq!((plan.deleted("posts"), plan.updated("posts"), plan.is_possible()), (2, 0, true));
    assert!(plan.to_mermaid().contains("Post.votes: object cascade"));
    assert!(plan.to_dot().contains("post_tags[2"));
    assert!(plan.to_json().ends_with("\"differences\":[[1,1],[2,null],[3,null]]}"), "{}", plan.to_json());

    assert_eq!(count(&mut session, "posts"), 2, "nothing has changed");
    session.delete(root)?;
    session.flush()?;
    assert_eq!((count(&mut session, "posts"), count(&mut session, "votes"), count(&mut session, "tags")), (0, 0, 1));
    Ok(())
}

/// Checklist 66a: what was taken out and not flushed yet goes as an orphan.
#[test]
fn a_plan_of_a_delete_tells_orphans_and_what_is_set_to_null() -> Result<()> {
    let database = forum();
    let mut session = database.session();
    let alice = session.add(user("alice"));
    let locker = session.add(Locker::draft());
    session.set(alice, User::locker, locker)?;
    let profile = session.add(Profile::draft());
    session.set(alice, User::profile, profile)?;
    let badge = session.push(alice, User::badges, Badge::draft())?;
    session.commit()?;
    session.set_autoflush(false);
    session.set(alice, User::profile, None)?;
    session.remove(alice, User::badges, badge)?;
    let plan = session.plan_delete(alice)?;
    let told: Vec<(String, Option<Mechanism>)> =
        plan.steps.iter().map(|it| (it.row.to_string(), it.cause.as_ref().map(|it| it.mechanism))).collect();
    let expected = [
        ("users[1]", None),
        ("profiles[1]", Some(Mechanism::Orphan)),
        ("lockers[1]", Some(Mechanism::SetNull)),
        ("badges[1]", Some(Mechanism::SetNull)),
    ];
    assert_eq!(told, expected.map(|(row, why)| (row.to_owned(), why)));
    assert!(plan.plain.refusals.iter().any(|it| it.violation.table == "profiles" || it.violation.table == "users"));
    assert!(plan.to_string().contains("a plain delete of the row is refused"));
    Ok(())
}

/// Checklist 65: where foreign keys do the work behind the session, the plan says which did what.
#[test]
fn a_plan_of_a_delete_goes_on_behind_the_session_by_the_actions_of_foreign_keys() -> Result<()> {
    let database = models::by_the_tables();
    let mut session = database.session();
    for (class, values) in [
        ("Team", vec![]),
        ("Team", vec![]),
        ("Player", vec![("team_id", Value::from(1))]),
        ("Score", vec![("player_id", 1.into())]),
        ("Coach", vec![("team_id", 1.into())]),
        ("Guest", vec![("team_id", 1.into())]),
        ("Badge", vec![]),
    ] {
        session.untyped().add(class, &values)?;
        session.flush()?;
    }
    let team = session.untyped().find("Team", &[1.into()])?.expect("it is there");
    let badge_of = session.untyped().find("Badge", &[1.into()])?.expect("it is there");
    session.untyped().push(team, "badges", badge_of)?;
    session.commit()?;
    let plan = session.plan_delete(team)?;
    let why = |table: &str| {
        let step = plan.step_of(table, &[1.into()]).expect("it is in the plan");
        (plan.path(step).len(), plan.steps[step].cause.as_ref().map(|it| it.mechanism), plan.steps[step].set.clone())
    };
    assert_eq!(why("player"), (2, Some(Mechanism::Action(Action::Cascade)), None));
    assert_eq!(why("score"), (3, Some(Mechanism::Action(Action::Cascade)), None));
    let null = Some(vec![("team_id".to_owned(), Value::Null)]);
    assert_eq!(why("coach"), (2, Some(Mechanism::Action(Action::SetNull)), null));
    let default = Some(vec![("team_id".to_owned(), Value::from(2))]);
    assert_eq!(why("guest"), (2, Some(Mechanism::Action(Action::SetDefault)), default));
    let badge = plan.step_of("team_badge", &[1.into(), 1.into()]).expect("the link goes");
    assert_eq!(plan.steps[badge].cause.as_ref().map(|it| it.mechanism), Some(Mechanism::AssociationRow));
    assert_eq!(plan.step_of("badge", &[1.into()]), None);
    assert!(plan.to_string().contains("a plain delete of the row is refused"), "the link is in the way: {plan}");
    session.untyped().remove(team, "badges", badge_of)?;
    let plan = session.plan_delete(team)?;
    assert!(plan.to_string().ends_with("a plain delete of the row does the same\n"), "{plan}");
    Ok(())
}

/// What refuses a delete is part of its plan, with the rows that the session would have come to.
#[test]
fn a_plan_of_a_delete_tells_what_refuses_it() -> Result<()> {
    let database = forum();
    let mut session = database.session();
    let alice = session.add(user("alice"));
    posted(&mut session, alice, "her post needs an author");
    session.commit()?;
    let plan = session.plan_delete(alice)?;
    assert!(!plan.is_possible());
    assert_eq!(
        (plan.refusals[0].table.as_str(), plan.refusals[0].columns.as_slice()),
        ("posts", &["author_id".to_owned()][..])
    );
    assert_eq!(plan.steps.iter().map(|it| it.row.to_string()).collect::<Vec<_>>(), ["users[1]", "posts[1]"]);
    let draft = session.transient(user("bob"))?;
    assert!(session.plan_delete(draft).unwrap_err().to_string().contains("only an object that has a row"));
    Ok(())
}

type Rows = BTreeMap<String, Vec<Value>>;

/// Every row, by its table and key.
fn all_rows(session: &mut Session) -> Rows {
    let mut all = Rows::new();
    for (table, width) in models::tables() {
        let found = session.execute(Select::from(table)).expect("a table can be read").rows;
        for row in found.into_rows() {
            let values = record::values(&*row);
            let named: Vec<String> = values[..width].iter().map(ToString::to_string).collect();
            all.insert(format!("{table}[{}]", named.join(", ")), values);
        }
    }
    all
}

/// The plan as what it says of each row: gone, or the columns that change.
fn planned(plan: &DeletePlan) -> BTreeMap<String, Option<usize>> {
    let told = plan.steps.iter().map(|it| (it.row.to_string(), it.set.as_ref().map(Vec::len)));
    let all: BTreeMap<String, Option<usize>> = told.collect();
    assert_eq!(all.len(), plan.steps.len(), "each row once");
    all
}

fn happened(before: &Rows, after: &Rows) -> BTreeMap<String, Option<usize>> {
    let changed = |(row, was): (&String, &Vec<Value>)| match after.get(row) {
        None => Some((row.clone(), None)),
        Some(is) if is == was => None,
        Some(is) => Some((row.clone(), Some(is.iter().zip(was).filter(|(a, b)| a != b).count()))),
    };
    before.iter().filter_map(changed).collect()
}

proptest! {
    #![proptest_config(Config { cases: super::property::cases(256), failure_persistence: None, max_shrink_iters: 5_000, ..Config::default() })]

    /// Checklist 14a, 65: what is planned is what happens, whatever the cascades, actions and loads.
    #[test]
    fn a_plan_of_a_delete_is_what_the_delete_and_its_flush_then_do(
        choices in proptest::collection::vec(any::<u8>(), 64),
        links in proptest::collection::vec((any::<u8>(), any::<u8>(), any::<u8>()), 0..24),
        loads in proptest::collection::vec(any::<u8>(), 0..12),
    ) {
        let Some(database) = models::random(&choices) else { return Ok(()) };
        models::fill(&database, &links);
        let mut session = database.session();
        let root = session.untyped().find("A", &[1.into()]).unwrap().expect("it is there");
        models::load_some(&mut session, &loads);
        let before = all_rows(&mut session);
        let held = session.totals();
        let plan = session.plan_delete(root);
        prop_assert_eq!(session.totals(), held, "the plan runs nothing in the session");
        let outcome = session.delete(root).and_then(|()| session.flush());
        match (plan, outcome) {
            (Ok(plan), Ok(())) => {
                prop_assert!(plan.is_possible(), "{plan}");
                prop_assert_eq!(planned(&plan), happened(&before, &all_rows(&mut session)), "{}", plan);
                for step in 0..plan.steps.len() {
                    prop_assert_eq!(plan.path(step)[0], 0);
                }
            }
            (Ok(plan), Err(error)) => {
                prop_assert_eq!(plan.refusals.first(), error.violation(), "{}", plan);
                planned(&plan);
            }
            (Err(planned), Err(error)) => prop_assert_eq!(planned.to_string(), error.to_string()),
            (planned, outcome) => prop_assert!(false, "{planned:?} {outcome:?}"),
        }
    }

    /// Checklist 65: what was loaded before does not decide what goes, unless a relation leaves it to the tables.
    #[test]
    fn a_delete_leaves_the_same_rows_whether_its_targets_are_loaded_or_not(
        choices in proptest::collection::vec(any::<u8>(), 64),
        links in proptest::collection::vec((any::<u8>(), any::<u8>(), any::<u8>()), 0..24),
        loads in proptest::collection::vec(any::<u8>(), 1..20),
    ) {
        let Some(database) = models::random(&choices) else { return Ok(()) };
        if models::leaves_it_to_the_tables(&database) {
            return Ok(());
        }
        models::fill(&database, &links);
        let outcome = |loads: &[u8]| {
            let mut session = database.fork().session();
            let root = session.untyped().find("A", &[1.into()]).unwrap().expect("it is there");
            models::load_some(&mut session, loads);
            let outcome = session.delete(root).and_then(|()| session.flush());
            if outcome.is_err() {
                session.rollback().expect("it can be rolled back");
            }
            (outcome.is_ok(), all_rows(&mut session))
        };
        prop_assert_eq!(outcome(&loads), outcome(&[]));
    }
}

/// What was seen is what is done, or nothing is: the rows have changed since, in this session or in another one.
#[test]
fn a_plan_is_carried_out_as_it_was_seen_or_not_at_all() -> Result<()> {
    let database = forum();
    let mut session = database.session();
    let alice = session.add(user("alice"));
    let root = posted(&mut session, alice, "root");
    session.commit()?;
    let plan = session.plan_delete(root)?;
    let in_the_way = |outcome: Result<()>| match outcome.expect_err("something else would happen").misuse() {
        Some(Misuse::OtherPlan { rows, .. }) => rows.iter().map(ToString::to_string).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };

    let reply = posted(&mut session, alice, "reply");
    session.push(root, Post::replies, reply)?;
    assert_eq!(in_the_way(session.delete_as_planned(root, &plan)), ["posts[2]"]);
    assert!(!session.is_marked_deleted(root)?, "nothing was done");
    session.rollback()?;
    session.get(root)?;

    database.transaction(|other| {
        let root = other.find::<Post>(1)?.expect("it is there").reference();
        other.push(root, Post::tags, tag("late")).map(drop)
    })?;
    session.rollback()?;
    assert_eq!(in_the_way(session.delete_as_planned(root, &plan)), ["post_tags[1, 'late']"]);

    let plan = session.plan_delete(root)?;
    session.delete_as_planned(root, &plan)?;
    session.commit()?;
    assert_eq!((count(&mut session, "posts"), count(&mut session, "tags")), (0, 1));

    posted(&mut session, alice, "again");
    session.commit()?;
    let plan = session.plan_delete(alice)?;
    assert!(!plan.is_possible());
    let refused = session.delete_as_planned(alice, &plan).expect_err("as the plan has said");
    assert!(refused.violation().is_some(), "{refused}");
    Ok(())
}
