//! The same data as objects and as rows: what a session holds becomes rows and comes back, and tells enough to make the
//! rows again.

use std::collections::HashMap;

use diptych::error::Result;
use diptych::object::{DumpedObject, DumpedRelation, GraphDump};
use diptych::{AnyRef, Database, Session, Value};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError};

use super::schema::{
    self, AVATAR, BADGE, CLASSES, LOCKER, NOTE, PAIRS, POST, PROFILE, REFERENCES, ROOM, TAG, TEAM, USER, VOTE,
};

/// A random number for each choice; choices beyond the last take the first again.
struct Choices {
    numbers: Vec<usize>,
    at: usize,
}

impl Choices {
    fn next(&mut self) -> usize {
        self.at += 1;
        self.numbers[(self.at - 1) % self.numbers.len()]
    }

    /// One of these, or sometimes none.
    fn maybe(&mut self, among: &[AnyRef]) -> Option<AnyRef> {
        let choice = self.next();
        if choice.is_multiple_of(4) { None } else { self.one(among) }
    }

    fn one(&mut self, among: &[AnyRef]) -> Option<AnyRef> {
        let choice = self.next();
        (!among.is_empty()).then(|| among[choice % among.len()])
    }
}

/// Some objects of each class, linked at random: what has to lead somewhere does, and what may have one partner has at
/// most one.
fn fill(session: &mut Session, choices: &mut Choices) -> Result<()> {
    let mut by_name = session.untyped();
    let mut made: Vec<Vec<AnyRef>> = Vec::new();
    for (class, facts) in CLASSES.iter().enumerate() {
        let owners = made.get(USER).map_or(0, Vec::len);
        let many = match class {
            VOTE => owners.min(made[POST].len()),
            PROFILE | LOCKER | AVATAR => choices.next() % (owners + 1),
            POST if owners == 0 => 0,
            TEAM | ROOM | USER | POST | TAG | NOTE | BADGE => choices.next() % 5,
            _ => unreachable!("there are no other classes"),
        };
        let mut all = Vec::new();
        for number in 0..many {
            let text = |word: &str| Value::from(format!("{word} {number}"));
            let mut values = vec![("val", Value::Int(choices.next() as i64 % 9))];
            values.extend((class == ROOM).then(|| ("building", text("house"))));
            values.extend((class == ROOM).then_some(("number", Value::Int(7))));
            values.extend((class == USER).then(|| ("email", text("user"))));
            values.extend((class == TAG).then(|| ("name", text("tag"))));
            all.push(by_name.add(facts.name, &values)?);
        }
        made.push(all);
    }
    for it in &REFERENCES {
        for (number, child) in made[it.child].clone().into_iter().enumerate() {
            let parents = &made[it.parent];
            let parent = match it.one || it.child == VOTE {
                true => Some(parents[number]),
                false if it.required => choices.one(parents),
                false => choices.maybe(parents),
            };
            match (it.belongs, it.has, parent) {
                (_, _, None) => {}
                (Some(name), _, parent) => by_name.set(child, name, parent)?,
                (None, Some(name), Some(parent)) if it.one => by_name.set(parent, name, Some(child))?,
                (None, Some(name), Some(parent)) => by_name.push(parent, name, child)?,
                (None, None, _) => unreachable!("each foreign key has a relation above it"),
            }
        }
    }
    for it in &PAIRS {
        for &owner in &made[it.owner] {
            let mut chosen: Vec<AnyRef> = Vec::new();
            chosen.extend(choices.maybe(&made[it.target]));
            chosen.extend(choices.maybe(&made[it.target]).filter(|it| !chosen.contains(it)));
            chosen.into_iter().try_for_each(|member| by_name.push(owner, it.name, member))?;
        }
    }
    session.commit()
}

/// Everything that a database holds, as one session shows it.
fn graph(database: &Database) -> Result<GraphDump> {
    let mut session = database.session();
    let model = session.model().clone();
    for class in model.classes() {
        for object in session.untyped().all(&class.name)? {
            for relation in &class.relations {
                session.untyped().related(object, &relation.name)?;
            }
        }
    }
    let before = session.totals().statements;
    let mut dump = session.dump_graph();
    assert_eq!(session.totals().statements, before, "to look at the session is no statement");
    // Collections without an order are compared as sets.
    for relation in dump.objects.iter_mut().flat_map(|it| &mut it.relations) {
        if let DumpedRelation::Many(members) = &mut relation.1 {
            members.sort();
        }
    }
    Ok(dump)
}

/// Makes a database that holds a graph, from what the dump says of objects and relations alone.
fn rows_of(dump: &GraphDump, database: Database) -> Result<Database> {
    let mut session = database.session();
    let mut by_name = session.untyped();
    let mut made: HashMap<&str, AnyRef> = HashMap::new();
    for object in &dump.objects {
        let at = CLASSES.iter().position(|it| it.name == object.class).expect("it is a class of the model");
        let refers = |name: &str| {
            let position = CLASSES[at].columns.iter().position(|it| *it == name).expect("it is a column");
            REFERENCES.iter().any(|it| it.child == at && it.columns.contains(&position))
        };
        let own = object.columns.iter().filter(|it| !refers(&it.0));
        let values: Vec<(&str, Value)> =
            own.map(|(name, value)| (name.as_str(), value.clone().expect("it was read"))).collect();
        made.insert(&object.name, by_name.add(&object.class, &values)?);
    }
    for object in &dump.objects {
        let from = made[object.name.as_str()];
        for (name, to) in &object.relations {
            match to {
                DumpedRelation::One(to) => by_name.set(from, name, to.as_ref().map(|it| made[it.as_str()]))?,
                DumpedRelation::Many(members) => {
                    let members: Vec<AnyRef> = members.iter().map(|it| made[it.as_str()]).collect();
                    by_name.replace(from, name, &members)?;
                }
                DumpedRelation::Part(_) | DumpedRelation::NotLoaded { .. } => unreachable!("all was loaded"),
            }
        }
    }
    session.commit()?;
    Ok(database)
}

fn check(empty: fn() -> Database, numbers: Vec<usize>) -> std::result::Result<(), TestCaseError> {
    let fail = |error: diptych::Error| TestCaseError::fail(format!("{error:#}"));
    let database = empty();
    fill(&mut database.session(), &mut Choices { numbers, at: 0 }).map_err(fail)?;
    let (seen, rows) = (graph(&database).map_err(fail)?, database.dump_rows());
    let names: Vec<&DumpedObject> = seen.objects.iter().filter(|it| it.key.is_none()).collect();
    prop_assert!(names.is_empty(), "all have rows: {:?}", names);
    let made = rows_of(&seen, empty()).map_err(fail)?;
    prop_assert_eq!(made.dump_rows().to_string(), rows.to_string());
    prop_assert_eq!(&graph(&made).map_err(fail)?, &seen, "{}", seen);
    Ok(())
}

proptest! {
    #![proptest_config(Config { cases: super::cases(64), failure_persistence: None, ..Config::default() })]

    /// What objects say makes the rows, and the rows say it again: composite keys, NULLs, rings and all arities.
    #[test]
    fn graph_to_rows_to_graph_is_the_identity(numbers in vec(0_usize..1000, 1..80)) {
        check(schema::derived, numbers.clone())?;
        check(schema::at_run_time, numbers)?;
    }
}
