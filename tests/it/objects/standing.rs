//! Listeners that stand for every session of a database's classes.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use diptych::listen::{Append, Changed, Remove, Set, rows_acted_on};
use diptych::object::{RowStep, UnitStep};
use diptych::prelude::*;
use diptych::{Column, Schema, Table};

use super::forum::*;

type Told = Arc<Mutex<Vec<String>>>;

fn tell(told: &Told, what: impl Into<String>) -> Result<()> {
    told.lock().expect("nobody panics").push(what.into());
    Ok(())
}

fn taken(told: &Told) -> Vec<String> {
    std::mem::take(&mut *told.lock().expect("nobody panics"))
}

/// 109: what is registered once is heard by each session that begins later, before the session's own listeners, from both
/// sides of a relation, until its guard is dropped.
#[test]
fn a_standing_listener_is_heard_by_every_session_that_begins_later() -> Result<()> {
    let database = forum();
    let mut before = database.session();
    let told = Told::default();
    let (on_append, on_remove, own) = (told.clone(), told.clone(), told.clone());
    let append = database.on(Append(User::posts), move |_, _| tell(&on_append, "append"))?;
    let _remove = database.on(Remove(User::posts), move |_, _| tell(&on_remove, "remove"))?;
    let alice = before.add(user("alice"));
    posted(&mut before, alice, "unheard");
    assert!(taken(&told).is_empty(), "the session had begun before");
    let mut second = database.session();
    let _own = second.on(Append(User::posts), move |_, _| tell(&own, "own"))?;
    let (alice, bob) = (second.add(user("alice")), second.add(user("bob")));
    let hello = posted(&mut second, alice, "hello");
    assert_eq!(taken(&told), ["append", "own"]);
    second.set(hello, Post::author, bob)?;
    assert_eq!(taken(&told), ["remove", "append", "own"], "from the other side");
    let mut third = database.session();
    let carol = third.add(user("carol"));
    posted(&mut third, carol, "hello");
    assert_eq!(taken(&told), ["append"], "not the other session's own");
    drop(append);
    posted(&mut third, carol, "again");
    posted(&mut second, alice, "again");
    assert_eq!(taken(&told), ["own"], "nobody wants it any more, in no session");
    Ok(())
}

/// 109, 111: a rule of the classes refuses what breaks it in each session: the flush is given up with the listener's
/// error, nothing is written, and the session goes on when the rule is kept.
#[test]
fn a_rule_that_stands_refuses_a_flush_in_each_session() -> Result<()> {
    let database = forum();
    for step in [RowStep::BeforeInsert, RowStep::BeforeUpdate] {
        let rule = database.on(step.of::<User>(), |it, reaction| match reaction.get(it)?.email.contains('@') {
            true => Ok(()),
            false => Err(diptych::Error::from(diptych::error::Misuse::Statement { reason: "no address".into() })),
        })?;
        rule.forever();
    }
    for name in ["alice", "bob"] {
        let mut session = database.session();
        let person = session.add(User { email: "nowhere".into(), ..user(name) });
        let refused = session.flush().expect_err("the rule stands");
        assert_eq!(refused.to_string(), "no address");
        assert_eq!(count(&mut database.session(), "users"), usize::from(name == "bob"));
        session.edit(person)?.email = format!("{name}@example.org");
        session.commit()?;
        session.edit(person)?.email = "nowhere".into();
        session.flush().expect_err("the rule stands for changes, too");
        session.rollback()?;
        assert_eq!(session.get(person)?.email, format!("{name}@example.org"));
    }
    Ok(())
}

/// 109: columns, references, and the steps of a unit of work; `Database::transaction` has sessions as any other.
#[test]
fn columns_references_and_steps_are_heard_in_transactions() -> Result<()> {
    let database = forum();
    let told = Told::default();
    for step in [UnitStep::BeforeFlush, UnitStep::AfterCommit, UnitStep::AfterRollback] {
        let told = told.clone();
        database.on(step, move |it, _| tell(&told, format!("{it:?}")))?.forever();
    }
    let (column, reference) = (told.clone(), told.clone());
    database.on(Changed(Post::score), move |it, _| tell(&column, format!("to {}", it.now)))?.forever();
    database.on(Set(Post::author), move |_, _| tell(&reference, "set"))?.forever();
    database.transaction(|session| {
        let alice = session.add(user("alice"));
        let hello = posted(session, alice, "hello");
        session.assign(hello, Post::score, 3)
    })?;
    assert_eq!(taken(&told), ["set", "to 3", "BeforeFlush", "AfterCommit"]);
    Ok(())
}

#[derive(Entity, Clone, Debug)]
#[has_many(parts: Part, inverse = whole, passive_deletes = all)]
struct Whole {
    #[key(auto)]
    id: Id<Whole>,
}

#[derive(Entity, Clone, Debug)]
#[belongs_to(whole: Whole, inverse = parts)]
struct Part {
    #[key(auto)]
    id: Id<Part>,
    #[references(Whole, on_delete = cascade)]
    whole_id: Option<Id<Whole>>,
}

/// 109, 110: what foreign key actions remove is heard in each session, with the object that set them in motion.
#[test]
fn rows_that_actions_remove_are_heard_with_their_origin() -> Result<()> {
    let database = Database::of::<(Whole, Part)>()?;
    let origins = Arc::new(Mutex::new(Vec::new()));
    let seen = origins.clone();
    database
        .on(rows_acted_on::<Part>(), move |it, _| {
            seen.lock().expect("nobody panics").push(it.origin);
            Ok(())
        })?
        .forever();
    for _ in 0..2 {
        let mut session = database.session();
        let whole = session.add(Whole::draft());
        session.push(whole, Whole::parts, Part::draft())?;
        session.push(whole, Whole::parts, Part::draft())?;
        session.commit()?;
        session.delete(whole)?;
        session.commit()?;
        assert_eq!(std::mem::take(&mut *origins.lock().expect("nobody panics")), [whole.untyped(); 2]);
    }
    Ok(())
}

/// Listeners belong to the classes, which a fork has in common with its origin, and not to rows, which it has not.
#[test]
fn a_fork_has_the_classes_and_what_listens_to_them() -> Result<()> {
    let database = forum();
    let heard = Arc::new(AtomicI64::new(0));
    let count = heard.clone();
    let guard = database.on(Append(User::posts), move |_, _| {
        count.fetch_add(1, Ordering::Relaxed);
        Ok(())
    })?;
    let fork = database.fork();
    let mut session = fork.session();
    let alice = session.add(user("alice"));
    posted(&mut session, alice, "hello");
    assert_eq!(heard.load(Ordering::Relaxed), 1);
    drop(guard);
    posted(&mut session, alice, "again");
    assert_eq!(heard.load(Ordering::Relaxed), 1);
    let count = heard.clone();
    let _guard = fork.on(Set(Post::author), move |_, _| {
        count.fetch_add(10, Ordering::Relaxed);
        Ok(())
    })?;
    let mut session = database.session();
    let bob = session.add(user("bob"));
    posted(&mut session, bob, "hello");
    assert_eq!(
        heard.load(Ordering::Relaxed),
        11,
        "what is registered with a fork listens in the database it came from"
    );
    Ok(())
}

/// Sessions of several threads call one listener at once, and none of its calls is lost.
#[test]
fn sessions_of_several_threads_are_heard_by_one_listener() -> Result<()> {
    let database = forum();
    let heard = Arc::new(AtomicI64::new(0));
    let count = heard.clone();
    let counted = database.on(Append(User::posts), move |_, _| {
        count.fetch_add(1, Ordering::Relaxed);
        Ok(())
    })?;
    thread::scope(|scope| {
        for name in ["alice", "bob", "carol", "dora"] {
            let mut session = database.session();
            scope.spawn(move || {
                let author = session.add(user(name));
                for _ in 0..100 {
                    posted(&mut session, author, "hello");
                }
            });
        }
    });
    assert_eq!(heard.load(Ordering::Relaxed), 400);
    drop(counted);
    Ok(())
}

/// What a listener changes is heard by the others and by itself; one that never ends is an error that names its line.
#[test]
fn a_standing_listener_that_loops_is_stopped_in_each_session() -> Result<()> {
    let database = forum();
    database
        .on(Append(User::posts), |it, reaction| {
            let more = reaction.add(post("one more"))?;
            reaction.push(it.owner, User::posts, more)?;
            Ok(())
        })?
        .forever();
    for _ in 0..2 {
        let mut session = database.session();
        let alice = session.add(user("alice"));
        let refused = session.push(alice, User::posts, post("the first")).expect_err("it never ends");
        assert!(refused.to_string().contains("standing.rs:"), "{refused}");
    }
    Ok(())
}

/// A database of tables alone makes its model anew for each session, so it says that it keeps no listeners; a class that a
/// database was made without is refused as in sessions.
#[test]
fn a_database_without_the_classes_keeps_no_listener() -> Result<()> {
    let tables = Schema::builder().table(Table::new("notes").auto_key("id").column(Column::text("body"))).build()?;
    let refused =
        Database::new(tables).on(UnitStep::BeforeFlush, |_, _| Ok(())).expect_err("there is no model to keep it");
    assert!(refused.to_string().contains("Database::of"), "{refused}");
    let refused = Database::of::<(Whole, Part)>()?.on(Append(User::posts), |_, _| Ok(())).expect_err("no such class");
    assert!(refused.to_string().contains("User"), "{refused}");
    Ok(())
}
