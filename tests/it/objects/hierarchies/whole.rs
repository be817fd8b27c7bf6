//! O3: what is refused in the middle of one step of a flush, which writes several tables or rows, has written nothing.

use diptych::Expression;
use diptych::error::Misuse;
use diptych::object::{FieldAssignment, Synchronize};
use diptych::prelude::*;
use diptych::{State, column};

#[derive(Entity, Clone, Debug)]
#[entity(discriminator = kind, identity = "staff")]
struct Staff {
    #[key(auto)]
    id: Id<Staff>,
    kind: String,
    name: String,
    #[version]
    version: i64,
}

#[derive(Entity, Clone, Debug)]
#[entity(identity = "waiter", table = "waiters")]
#[check(few = column("tables").lt(100))]
struct Waiter {
    #[base]
    staff: Staff,
    tables: i64,
}

/// Counts versions, and inherits from nothing.
#[derive(Entity, Clone, Debug)]
struct Page {
    #[key(auto)]
    id: Id<Page>,
    text: String,
    #[version]
    version: i64,
}

fn database() -> Database {
    Database::of::<(Staff, Waiter, Page)>().expect("the model is right")
}

fn waiter(name: &str, tables: i64) -> Waiter {
    Waiter { staff: Staff { name: name.into(), ..Staff::draft() }, tables }
}

#[test]
fn an_insert_that_the_second_table_refuses_leaves_none_in_the_first() -> Result<()> {
    let database = database();
    let mut session = database.session();
    let it = session.add(waiter("a", 200));
    assert!(session.flush().is_err());
    session.edit(it)?.tables = 2;
    session.commit()?;
    assert_eq!((session.count(Staff::select())?, session[it].staff.version), (1, 1));
    Ok(())
}

#[test]
fn an_update_that_the_second_table_refuses_leaves_the_first_as_it_was() -> Result<()> {
    let database = database();
    let mut session = database.session();
    let it = session.add(waiter("a", 2));
    session.commit()?;
    session.edit(it)?.staff.name = "b".into();
    session.edit(it)?.tables = 200;
    assert!(session.flush().is_err());
    session.edit(it)?.tables = 3;
    session.commit()?;
    assert_eq!((session.get(it)?.staff.version, session.get(it)?.tables), (2, 3));
    Ok(())
}

/// Somebody else has written one of them.
#[test]
fn one_stale_object_keeps_the_others_from_being_written() -> Result<()> {
    let database = database();
    let mut session = database.session();
    let all: Vec<Ref<Page>> = (0..3).map(|_| session.add(Page::draft())).collect();
    let waiters: Vec<Ref<Waiter>> = (0..3).map(|it| session.add(waiter("a", it))).collect();
    session.commit()?;
    for &it in &all {
        session.edit(it)?.text = "mine".into();
    }
    session.no_autoflush(|session| {
        let last = Page::select().filter(Page::id.eq(Id::new(3)));
        session.update_where(last, [Page::version.becomes(7)], Synchronize::Not)
    })?;
    let refused = session.flush().expect_err("the third is stale");
    assert!(matches!(refused.misuse(), Some(Misuse::Stale { row }) if row.key == [3.into()]), "{refused}");
    session.refresh(all[2])?;
    session.edit(all[2])?.text = "mine".into();
    session.flush()?;
    let versions: Vec<i64> = all.iter().map(|it| session[*it].version).collect();
    assert_eq!(versions, [2, 2, 8]);

    for &it in &waiters {
        session.edit(it)?.tables += 10;
    }
    session.no_autoflush(|session| {
        let last = Staff::select().filter(Staff::id.eq(Id::new(3)));
        session.update_where(last, [Staff::version.becomes(7)], Synchronize::Not)
    })?;
    let refused = session.flush().expect_err("the third is stale");
    assert!(matches!(refused.misuse(), Some(Misuse::Stale { row }) if row.key == [3.into()]), "{refused}");
    session.refresh(waiters[2])?;
    session.edit(waiters[2])?.tables += 10;
    session.commit()?;
    for (at, it) in waiters.iter().enumerate() {
        let it = session.get(*it)?;
        assert_eq!((it.staff.version, it.tables), (if at == 2 { 8 } else { 2 }, at as i64 + 10));
    }
    Ok(())
}

#[test]
fn one_stale_object_keeps_the_others_from_being_deleted() -> Result<()> {
    let database = database();
    let mut session = database.session();
    let all: Vec<Ref<Page>> = (0..3).map(|_| session.add(Page::draft())).collect();
    let waiters: Vec<Ref<Waiter>> = (0..3).map(|it| session.add(waiter("a", it))).collect();
    session.commit()?;
    session.all(Page::select())?;
    session.all(Staff::select())?;
    for &it in &all {
        session.delete(it)?;
    }
    session.no_autoflush(|session| {
        session.update_where(
            Page::select().filter(Page::id.eq(Id::new(3))),
            [Page::version.becomes(7)],
            Synchronize::Not,
        )
    })?;
    let refused = session.flush().expect_err("the third is stale");
    assert!(matches!(refused.misuse(), Some(Misuse::Stale { row }) if row.key == [3.into()]), "{refused}");
    assert_eq!(session.no_autoflush(|it| it.count(Page::select()))?, 3);
    session.refresh(all[2])?;
    session.delete(all[2])?;
    session.commit()?;
    assert_eq!(session.count(Page::select())?, 0);

    session.all(Staff::select())?;
    for &it in &waiters {
        session.delete(it)?;
    }
    session.no_autoflush(|session| {
        let last = Staff::select().filter(Staff::id.eq(Id::new(3)));
        session.update_where(last, [Staff::version.becomes(7)], Synchronize::Not)
    })?;
    assert!(session.flush().is_err_and(|it| matches!(it.misuse(), Some(Misuse::Stale { .. }))));
    let left =
        session.no_autoflush(|it| Ok::<_, diptych::Error>((it.count(Staff::select())?, it.count(Waiter::select())?)));
    assert_eq!(left?, (3, 3));
    session.refresh(waiters[2])?;
    session.delete(waiters[2])?;
    session.commit()?;
    assert_eq!(session.count(Staff::select())?, 0);
    assert!(waiters.iter().all(|it| session.state(*it).is_ok_and(|it| it == State::Detached)));
    Ok(())
}
