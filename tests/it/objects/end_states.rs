//! A flush never fails for reasons of order: whatever end state of rows satisfies the constraints, the changes that lead
//! there are written, though unique values change hands, trees are turned over and rings are made on the way.
//!
//! `DIPTYCH_CASES=5000 cargo test --test it objects::end_states` runs a longer campaign.

use std::collections::BTreeMap;

use diptych::error::Rule;
use diptych::prelude::*;
use diptych::schema::{Index, column};
use diptych::{Class, Column, Expression, Table};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError};

use super::forum::*;

fn cases(default: u32) -> u32 {
    std::env::var("DIPTYCH_CASES").ok().and_then(|it| it.parse().ok()).unwrap_or(default)
}

/// What becomes of one of the rows that are there: it goes, or it gets the value of another.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Goes,
    Takes(usize),
}

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    vec(prop_oneof![1 => Just(Fate::Goes), 4 => (0usize..12).prop_map(Fate::Takes)], 1..12)
}

fn failed(error: diptych::Error) -> TestCaseError {
    TestCaseError::fail(format!("{error:#}"))
}

/// Users exchange their unique emails, leave them to new ones, or go.
fn exchange(fates: &[Fate], new: &[usize]) -> Result<BTreeMap<String, String>> {
    let database = forum();
    let mut session = database.session();
    // What lies between is no state to flush.
    session.set_autoflush(false);
    let users: Vec<Ref<User>> = (0..fates.len()).map(|it| session.add(user(&format!("u{it}")))).collect();
    session.commit()?;
    let mut taken: BTreeMap<usize, String> = BTreeMap::new();
    for (at, fate) in fates.iter().enumerate() {
        match fate {
            Fate::Takes(value) if !taken.contains_key(value) => {
                taken.insert(*value, format!("u{at}"));
                session.edit(users[at])?.email = format!("u{value}@example.org");
            }
            _ => session.delete(users[at])?,
        }
    }
    for &value in new {
        if let std::collections::btree_map::Entry::Vacant(free) = taken.entry(value) {
            free.insert("new".to_owned());
            session.add(User { name: "new".to_owned(), ..user(&format!("u{value}")) });
        }
    }
    session.commit()?;
    let found = session.all(User::select())?;
    let found: BTreeMap<String, String> = found.iter().map(|it| (it.email.clone(), it.name.clone())).collect();
    let wanted = taken.into_iter().map(|(value, name)| (format!("u{value}@example.org"), name)).collect();
    assert_eq!(found, wanted, "by {fates:?} and {new:?}");
    Ok(found)
}

/// Posts get other parents, of which some are new and some go; those whose parent goes lose it.
fn turn_over(parents: &[Option<usize>], new: usize, gone: &[usize]) -> Result<()> {
    let database = forum();
    let mut session = database.session();
    session.set_autoflush(false);
    let alice = session.add(user("alice"));
    let old: Vec<Ref<Post>> = (0..parents.len()).map(|it| posted(&mut session, alice, &format!("p{it}"))).collect();
    for pair in old.windows(2) {
        session.set(pair[1], Post::parent, pair[0])?;
    }
    session.commit()?;
    let mut all = old.clone();
    all.extend((0..new).map(|it| posted(&mut session, alice, &format!("n{it}"))));
    for (at, parent) in parents.iter().enumerate() {
        session.set(all[at], Post::parent, parent.map(|it| all[it % all.len()]))?;
    }
    for at in old.len()..all.len() {
        session.set(all[at], Post::parent, all[at * 7 % all.len()])?;
    }
    let mut kept: Vec<Ref<Post>> = all.clone();
    for at in gone.iter().map(|it| it % old.len()) {
        if kept.contains(&old[at]) {
            // Its replies stay behind: they are taken out before it goes.
            session.clear(old[at], Post::replies)?;
            for &reply in &all {
                if session.get(reply)?.load(Post::parent)?.is_some_and(|it| it.reference() == old[at]) {
                    session.set(reply, Post::parent, None)?;
                }
            }
            kept.retain(|it| *it != old[at]);
        }
    }
    let wanted: Vec<Option<Ref<Post>>> = kept
        .iter()
        .map(|it| Ok(session.get(*it)?.load(Post::parent)?.map(|it| it.reference())))
        .collect::<Result<_>>()?;
    for post in all.iter().filter(|it| !kept.contains(it)) {
        session.delete(*post)?;
    }
    session.commit()?;
    let found: Vec<Option<Ref<Post>>> = kept
        .iter()
        .map(|it| Ok(session.get(*it)?.load(Post::parent)?.map(|it| it.reference())))
        .collect::<Result<_>>()?;
    assert_eq!(found, wanted);
    assert_eq!(session.count(Post::select())?, kept.len() as u64);
    Ok(())
}

/// A seat: its name, and whether it is in use. Seats in use differ in their names, whatever the case of the letters.
type Seat = (String, bool);

fn seats() -> impl Strategy<Value = Vec<Option<Seat>>> {
    let seat = ("[a-cA-C]", any::<bool>());
    vec(proptest::option::weighted(0.8, seat), 1..10)
}

/// Those of the seats that may be in use beside those before them stay so.
fn sound(seats: Vec<Option<Seat>>) -> Vec<Option<Seat>> {
    let mut used = std::collections::BTreeSet::new();
    let free = |(name, active): Seat| {
        let active = active && used.insert(name.to_lowercase());
        (name, active)
    };
    let mut free = free;
    seats.into_iter().map(|it| it.map(&mut free)).collect()
}

/// Seats come, go, and change names and use, in one flush, though the key that they share is partial and over an
/// expression.
fn change_seats(before: &[Option<Seat>], after: &[Option<Seat>]) -> Result<()> {
    let key = Index::over(column("name").lower()).unique().filter(column("active"));
    let seats = Table::new("seats").auto_key("id").column(Column::text("name")).column(Column::bool("active"));
    let database = Database::with_classes([Class::new("Seat", seats.add_index(key))], [])?;
    let mut session = database.session();
    let mut seats = session.untyped();
    let cells = |(name, active): &Seat| [("name", name.as_str().into()), ("active", (*active).into())];
    let mut held = Vec::new();
    for seat in before {
        held.push(seat.as_ref().map(|it| seats.add("Seat", &cells(it))).transpose()?);
    }
    session.commit()?;
    session.set_autoflush(false);
    let mut seats = session.untyped();
    let nothing = &None;
    for at in 0..before.len().max(after.len()) {
        match (held.get(at).copied().flatten(), after.get(at).unwrap_or(nothing)) {
            (Some(seat), None) => seats.delete(seat)?,
            (None, Some(new)) => {
                seats.add("Seat", &cells(new))?;
            }
            (Some(seat), Some((name, active))) => {
                seats.assign(seat, "name", name.as_str())?;
                seats.assign(seat, "active", *active)?;
            }
            (None, None) => {}
        }
    }
    session.commit()?;
    let mut seats = session.untyped();
    let mut found = Vec::new();
    for seat in seats.all("Seat")? {
        found.push((seats.value(seat, "name")?, seats.value(seat, "active")?));
    }
    let mut wanted: Vec<_> =
        after.iter().flatten().map(|(name, active)| (name.as_str().into(), (*active).into())).collect();
    found.sort();
    wanted.sort();
    assert_eq!(found, wanted);
    Ok(())
}

proptest! {
    #![proptest_config(Config { cases: cases(256), failure_persistence: None, ..Config::default() })]

    #[test]
    fn unique_values_change_hands_in_one_flush(fates in fates(), new in vec(0usize..12, 0..6)) {
        exchange(&fates, &new).map_err(failed)?;
    }

    #[test]
    fn keys_with_conditions_and_expressions_change_hands_in_one_flush(before in seats(), after in seats()) {
        change_seats(&sound(before), &sound(after)).map_err(failed)?;
    }

    #[test]
    fn a_tree_is_turned_over_in_one_flush(
        parents in vec(proptest::option::of(0usize..16), 2..9),
        new in 0usize..4,
        gone in vec(0usize..9, 0..3),
    ) {
        turn_over(&parents, new, &gone).map_err(failed)?;
    }
}

/// A row that goes is taken over by one new object with its key, and no second one overwrites that in silence.
#[test]
fn a_row_that_goes_is_taken_over_once() -> Result<()> {
    let mut session = forum().session();
    let (alice, vote) = (session.add(user("alice")), |value| Vote { value, ..Vote::draft() });
    let first = posted(&mut session, alice, "first");
    let cast = |session: &mut Session, value: i64| -> Result<Ref<Vote>> {
        let new = session.add(vote(value));
        session.set(new, Vote::user, alice)?;
        session.set(new, Vote::post, first)?;
        Ok(new)
    };
    let old = cast(&mut session, 1)?;
    session.commit()?;
    session.delete(old)?;
    let one = session.no_autoflush(|session| cast(session, 2))?;
    let other = session.no_autoflush(|session| cast(session, 3))?;
    let error = session.flush().expect_err("two votes of one user for one post");
    assert_eq!(error.violation().map(|it| it.rule), Some(Rule::PrimaryKey));
    session.delete(other)?;
    session.commit()?;
    assert_eq!((session[one].value, count(&mut session, "votes")), (2, 1));
    Ok(())
}

/// However many rings go at once, one statement opens all of them, and each class goes by one.
#[test]
fn rings_that_go_are_opened_together() -> Result<()> {
    #[derive(Entity, Clone, Debug)]
    #[belongs_to(accepted: Answer, via = accepted_id, post_update)]
    #[has_many(answers: Answer, inverse = question)]
    struct Question {
        #[key(auto)]
        id: Id<Question>,
        #[references(Answer)]
        accepted_id: Option<Id<Answer>>,
    }
    #[derive(Entity, Clone, Debug)]
    #[belongs_to(question: Question, inverse = answers)]
    struct Answer {
        #[key(auto)]
        id: Id<Answer>,
        #[references(Question)]
        question_id: Id<Question>,
    }
    let database = Database::of::<(Question, Answer)>()?;
    let mut session = database.session();
    for _ in 0..50 {
        let question = session.add(Question::draft());
        let answer = session.push(question, Question::answers, Answer::draft())?;
        session.set(question, Question::accepted, answer)?;
    }
    session.commit()?;
    let answers = session.all(Answer::select())?.references();
    let questions = session.all(Question::select().with(Question::answers.selectin()))?.references();
    answers.into_iter().try_for_each(|it| session.delete(it))?;
    questions.into_iter().try_for_each(|it| session.delete(it))?;
    diptych::assert_statements!(session, 3, { session.flush()? });
    session.commit()?;
    assert_eq!((database.session().count(Question::select())?, database.session().count(Answer::select())?), (0, 0));
    Ok(())
}
