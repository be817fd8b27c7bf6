//! Events: who listens is told what happens to objects, whichever side or cascade it comes from (checklist: listeners,
//! a cache that is invalidated, a parent whose `last_updated` is set).

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use diptych::AnyRef;
use diptych::error::Misuse;
use diptych::listen::{Append, Cause, Changed, Reaction, Remove, Replace, Set, load, rows_acted_on};
use diptych::object::{RowStep, UnitStep};
use diptych::prelude::*;

use super::forum::*;

/// What was told, in words.
type Told = Arc<Mutex<Vec<String>>>;

/// A listener that says something.
macro_rules! note {
    ($told:expr, $it:pat => $say:expr) => {{
        let told: Told = $told.clone();
        move |$it, _: &mut Reaction<'_>| {
            told.lock().expect("nobody panics").push($say);
            Ok(())
        }
    }};
}

fn taken(told: &Told) -> Vec<String> {
    std::mem::take(&mut *told.lock().expect("nobody panics"))
}

/// 109: append, remove, replace and set are told in order, from whichever side they come; a guard that is dropped ends
/// it.
#[test]
fn listeners_are_told_of_both_sides_in_order_until_their_guard_is_dropped() -> Result<()> {
    let mut session = forum().session();
    let told = Told::default();
    let append = session.on(Append(User::posts), note!(told, _ => "append".to_owned()))?;
    let _remove = session.on(Remove(User::posts), note!(told, it => format!("remove: {:?}", it.cause)))?;
    let _replace = session.on(Replace(User::posts), note!(told, it => format!("replace by {}", it.members.len())))?;
    let _set = session.on(Set(Post::author), note!(told, it => format!("set {}", it.before.is_some())))?;
    let (alice, bob) = (session.add(user("alice")), session.add(user("bob")));
    let hello = session.push(alice, User::posts, post("hello"))?;
    assert_eq!(taken(&told), ["append", "set false"]);
    session.set(hello, Post::author, bob)?;
    assert_eq!(taken(&told), ["set true", "remove: Taken", "append"], "one link moves three ends");
    session.replace(bob, User::posts, [])?;
    assert_eq!(taken(&told), ["replace by 0", "remove: Taken", "set true"]);
    drop(append);
    session.push(bob, User::posts, hello)?;
    assert_eq!(taken(&told), ["set false"], "nobody listens to appends any more");
    Ok(())
}

/// 109: the steps of flush, commit and rollback, and those of rows within a flush.
#[test]
fn listeners_are_told_of_the_steps_of_a_unit_of_work() -> Result<()> {
    let mut session = forum().session();
    let told = Told::default();
    let mut all = Vec::new();
    for step in [UnitStep::BeforeCommit, UnitStep::BeforeFlush, UnitStep::AfterFlush, UnitStep::AfterCommit] {
        all.push(session.on(step, note!(told, it => format!("{it:?}")))?);
    }
    all.push(session.on(UnitStep::AfterRollback, note!(told, it => format!("{it:?}")))?);
    let rows = [RowStep::BeforeInsert, RowStep::AfterInsert, RowStep::BeforeUpdate, RowStep::AfterUpdate];
    for step in rows.into_iter().chain([RowStep::BeforeDelete, RowStep::AfterDelete]) {
        all.push(session.on(step.of::<User>(), note!(told, _ => format!("{step:?}")))?);
    }
    let alice = session.add(user("alice"));
    session.commit()?;
    let flush = ["BeforeFlush", "BeforeInsert", "AfterInsert", "AfterFlush"];
    assert_eq!(taken(&told), [&["BeforeCommit"], &flush[..], &["AfterCommit"]].concat());
    session.edit(alice)?.name = "Alice".into();
    session.flush()?;
    assert_eq!(taken(&told), ["BeforeFlush", "BeforeUpdate", "AfterUpdate", "AfterFlush"]);
    session.rollback()?;
    session.delete(alice)?;
    session.flush()?;
    assert_eq!(taken(&told), ["AfterRollback", "BeforeFlush", "BeforeDelete", "AfterDelete", "AfterFlush"]);
    session.flush()?;
    assert!(taken(&told).is_empty(), "nothing was pending");
    Ok(())
}

/// 109: loads and columns; what an edit has changed is told with the next call.
#[test]
fn listeners_are_told_of_loads_and_of_columns() -> Result<()> {
    let database = forum();
    database.transaction(|session| {
        let alice = session.add(user("alice"));
        posted(session, alice, "hello");
        Ok(())
    })?;
    let mut session = database.session();
    let told = Told::default();
    let _load = session.on(load::<User>(), note!(told, _ => "load".to_owned()))?;
    let _changed = session.on(Changed(Post::score), note!(told, it => format!("{} to {}", it.before, it.now)))?;
    let hello = session.one(Post::select())?.reference();
    assert!(taken(&told).is_empty());
    session.get(hello)?.load(Post::author)?;
    assert_eq!(taken(&told), ["load"]);
    session.all(User::select())?;
    assert!(taken(&told).is_empty(), "she is known already");
    session.assign(hello, Post::score, 3)?;
    session.edit(hello)?.score += 4;
    assert_eq!(taken(&told), ["0 to 3"]);
    session.edit(hello)?.body = "Hello".into();
    session.flush()?;
    assert_eq!(taken(&told), ["3 to 7"]);
    Ok(())
}

/// 110: a cache of how many posts a user has follows both sides, cascades of relations, and foreign key actions.
#[test]
fn a_cache_is_invalidated_when_a_collection_changes_from_any_side() -> Result<()> {
    let mut session = forum().session();
    type Stale = Vec<(Ref<User>, Option<Cause>)>;
    let stale: Arc<Mutex<Stale>> = Arc::default();
    let (on_append, on_remove) = (stale.clone(), stale.clone());
    let _append = session.on(Append(User::posts), move |it, _| {
        on_append.lock().expect("nobody panics").push((it.owner, None));
        Ok(())
    })?;
    let _remove = session.on(Remove(User::posts), move |it, _| {
        on_remove.lock().expect("nobody panics").push((it.owner, Some(it.cause)));
        Ok(())
    })?;
    let taken = || std::mem::take(&mut *stale.lock().expect("nobody panics"));
    let (alice, bob) = (session.add(user("alice")), session.add(user("bob")));
    let thread = posted(&mut session, alice, "a thread");
    assert_eq!(taken(), [(alice, None)]);
    let reply = session.push(thread, Post::replies, post("a reply"))?;
    session.set(reply, Post::author, bob)?;
    assert_eq!(taken(), [(bob, None)], "from the other side");
    session.commit()?;
    session.get(reply)?;
    session.delete(thread)?;
    session.flush()?;
    let mut gone = taken();
    gone.sort_by_key(|it| it.0 == bob);
    assert_eq!(gone, [(alice, Some(Cause::Deleted)), (bob, Some(Cause::Deleted))], "by the cascade to replies");
    Ok(())
}

#[derive(Entity, Clone, Debug)]
#[has_many(items: Item, inverse = owner, passive_deletes = all)]
struct Order {
    #[key(auto)]
    id: Id<Order>,
    last_updated: i64,
}

#[derive(Entity, Clone, Debug)]
#[belongs_to(owner: Order, inverse = items)]
struct Item {
    #[key(auto)]
    id: Id<Item>,
    #[references(Order, on_delete = cascade)]
    owner_id: Option<Id<Order>>,
    amount: i64,
}

/// 109, 110: what foreign key actions do to rows is told with the object that set them in motion.
#[test]
fn listeners_are_told_of_foreign_key_actions_with_their_origin() -> Result<()> {
    let mut session = Database::of::<(Order, Item)>()?.session();
    let order = session.add(Order::draft());
    let known = session.push(order, Order::items, Item { amount: 1, ..Item::draft() })?;
    session.push(order, Order::items, Item { amount: 2, ..Item::draft() })?;
    session.commit()?;
    session.let_go_of_all();
    let order = session.one(Order::select())?.reference();
    let known = session.one(Item::select().filter(Item::amount.eq(1)))?.reference().eq(&known);
    assert!(!known, "the session has let go of the one before");
    type Seen = Vec<(i64, bool, bool, Vec<String>)>;
    let seen: Arc<Mutex<Seen>> = Arc::default();
    let all = seen.clone();
    let _acted = session.on(rows_acted_on::<Item>(), move |it, _| {
        let from = it.origin == order.untyped();
        all.lock().expect("nobody panics").push((it.row.amount, it.object.is_some(), from, it.path));
        assert!(it.set.is_none(), "the row is gone");
        Ok(())
    })?;
    let told = Told::default();
    let _removed = session.on(Remove(Order::items), note!(told, it => format!("{:?}", it.cause)))?;
    session.delete(order)?;
    session.flush()?;
    let path = vec!["items_owner_id_fkey".to_owned()];
    let mut seen = std::mem::take(&mut *seen.lock().expect("nobody panics"));
    seen.sort();
    let by = |it: &(i64, bool, bool, Vec<String>)| (it.0, it.1, it.2, it.3.len());
    assert_eq!(seen.iter().map(by).collect::<Vec<_>>(), [(1, true, true, 1), (2, false, true, 1)], "{seen:?} {path:?}");
    assert_eq!(taken(&told), ["ForeignKeyAction"], "of the member that the session knows");
    Ok(())
}

#[derive(Entity, Clone, Debug)]
#[has_many(inside: Folder, inverse = within, passive_deletes = all)]
#[belongs_to(within: Folder, inverse = inside)]
struct Folder {
    #[key(auto)]
    id: Id<Folder>,
    name: String,
    #[references(Folder, on_delete = cascade)]
    within_id: Option<Id<Folder>>,
}

/// Goes with either of two folders.
#[derive(Entity, Clone, Debug)]
struct Shortcut {
    #[key(auto)]
    id: Id<Shortcut>,
    #[references(Folder, on_delete = cascade)]
    from_id: Id<Folder>,
    #[references(Folder, on_delete = cascade)]
    to_id: Id<Folder>,
}

/// 109: a row that a statement deletes by itself is no action's, and one that several of its rows lead to goes once: told
/// of the nearest object that was deleted.
#[test]
fn what_a_statement_deletes_itself_is_no_action_and_what_it_takes_along_goes_once() -> Result<()> {
    let database = Database::of::<(Folder, Shortcut)>()?;
    let mut session = database.session();
    let folder = |name: &str| Folder { name: name.into(), ..Folder::draft() };
    let outer = session.add(folder("outer"));
    let inner = session.push(outer, Folder::inside, folder("inner"))?;
    session.push(inner, Folder::inside, folder("leaf"))?;
    session.push(outer, Folder::inside, folder("other"))?;
    session.flush()?;
    session.add(Shortcut { from_id: session[outer].id, to_id: session[inner].id, ..Shortcut::draft() });
    session.commit()?;
    let told = Told::default();
    let path = move |origin: AnyRef| if origin == outer.untyped() { "outer" } else { "inner" };
    session
        .on(
            rows_acted_on::<Folder>(),
            note!(told, it => format!("{} by {} over {} keys", it.row.name, path(it.origin), it.path.len())),
        )?
        .forever();
    session.on(rows_acted_on::<Shortcut>(), note!(told, _ => "the shortcut".to_owned()))?.forever();
    session.delete(outer)?;
    session.delete(inner)?;
    session.commit()?;
    let mut told = taken(&told);
    told.sort();
    assert_eq!(told, ["leaf by inner over 1 keys", "other by outer over 1 keys", "the shortcut"]);
    assert_eq!(count(&mut database.session(), "folders"), 0);
    Ok(())
}

/// 111: before a flush, the parent of each item that is new or changed gets the time of an injected clock. The listener
/// changes what the flush is about to write, and is not called again for it.
#[test]
fn a_parent_is_updated_before_a_flush_when_a_child_is_modified() -> Result<()> {
    let mut session = Database::of::<(Order, Item)>()?.session();
    let clock = Arc::new(AtomicI64::new(100));
    let (now, calls) = (clock.clone(), Arc::new(AtomicI64::new(0)));
    let called = calls.clone();
    session
        .on(UnitStep::BeforeFlush, move |_, work| {
            called.fetch_add(1, Ordering::Relaxed);
            for item in [work.new_objects::<Item>()?, work.changed::<Item>()?, work.deleted::<Item>()?].concat() {
                if let Some(order) = work.one(item, Item::owner)? {
                    work.edit(order)?.last_updated = now.load(Ordering::Relaxed);
                }
            }
            Ok(())
        })?
        .forever();
    let order = session.add(Order::draft());
    let item = session.push(order, Order::items, Item::draft())?;
    session.commit()?;
    assert_eq!(session[order].last_updated, 100);
    clock.store(200, Ordering::Relaxed);
    session.edit(item)?.amount = 5;
    session.commit()?;
    assert_eq!((session[order].last_updated, calls.load(Ordering::Relaxed)), (200, 2), "once a flush");
    clock.store(300, Ordering::Relaxed);
    session.edit(order)?.last_updated = 1;
    session.commit()?;
    assert_eq!(session[order].last_updated, 1, "no item was modified");
    session.delete(item)?;
    session.commit()?;
    assert_eq!(session[order].last_updated, 300);
    Ok(())
}

/// 109: what a listener changes before a row is written is part of the flush.
#[test]
fn a_row_takes_what_a_listener_gives_it_before_it_is_written() -> Result<()> {
    let mut session = forum().session();
    let before = RowStep::BeforeInsert.of::<User>();
    let _insert = session.on(before, |it, work| {
        let name = work.get(it)?.name.to_lowercase();
        work.edit(it)?.email = format!("{name}@example.org");
        if name == "alice" {
            work.add(user("bob"))?;
        }
        Ok(())
    })?;
    session.add(User { email: String::new(), ..user("ALICE") });
    session.flush()?;
    let emails: Vec<String> = session.all(User::select())?.iter().map(|it| it.email.clone()).collect();
    assert_eq!(emails, ["alice@example.org", "bob@example.org"]);
    Ok(())
}

/// 109, 111: a listener that lets happen what it listens to is stopped by an error that names it; one that refuses gives
/// up the flush.
#[test]
fn a_listener_that_loops_is_stopped_with_an_error_that_names_it() -> Result<()> {
    let mut session = forum().session();
    let (alice, bob) = (session.add(user("alice")), session.add(user("bob")));
    let hello = posted(&mut session, alice, "hello");
    let looping = session.on(Set(Post::author), move |it, work| {
        let other = if it.target == Some(alice) { bob } else { alice };
        work.set(it.owner, Post::author, other)
    })?;
    let error = session.set(hello, Post::author, bob).expect_err("it never ends");
    let Some(Misuse::ListenerLoop { listener, .. }) = error.misuse() else { panic!("{error}") };
    assert!(listener.contains("Post.author") && listener.contains("listeners.rs"), "{listener}");
    drop(looping);
    session.flush()?;
    let refuses = session
        .on(UnitStep::BeforeFlush, |_, _| Err(Misuse::Statement { reason: "not on a Sunday".to_owned() }.into()))?;
    session.edit(hello)?.body = "Hello".into();
    let (ran, refused) = statements(&mut session, |session| session.flush());
    assert!(refused.expect_err("it is Sunday").to_string().contains("Sunday"));
    assert_eq!(ran, 0);
    drop(refuses);
    session.flush()
}
