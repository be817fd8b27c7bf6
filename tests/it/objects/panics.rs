//! Work that panics within a session leaves the session as it was told to be: who catches the panic may go on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use diptych::listen::Changed;
use diptych::prelude::*;

use super::forum::{User, forum, user};

#[test]
fn a_session_flushes_by_itself_again_after_a_panic_in_work_without() -> Result<()> {
    let mut session = forum().session();
    session.add(user("a"));
    let caught = catch_unwind(AssertUnwindSafe(|| {
        session.no_autoflush(|session| {
            assert_eq!(session.count(User::select()).expect("it is counted"), 0);
            panic!("of the work");
        })
    }));
    assert!(caught.is_err());
    assert_eq!(session.count(User::select())?, 1);

    // It was off before.
    session.set_autoflush(false);
    session.add(user("b"));
    assert!(catch_unwind(AssertUnwindSafe(|| session.no_autoflush(|_| panic!("of the work")))).is_err());
    assert_eq!(session.count(User::select())?, 1);
    Ok(())
}

#[test]
fn listeners_are_told_again_after_one_has_panicked() -> Result<()> {
    let mut session = forum().session();
    let ann = session.add(user("a"));
    session.commit()?;
    let told = Arc::new(AtomicUsize::new(0));
    let count = told.clone();
    let panics = session.on(Changed(User::name), |_, _| panic!("of the listener"))?;
    session
        .on(Changed(User::name), move |_, _| {
            count.fetch_add(1, Ordering::Relaxed);
            Ok(())
        })?
        .forever();
    let set = |session: &mut Session, name: &str| {
        catch_unwind(AssertUnwindSafe(|| session.assign(ann, User::name, name.to_owned()))).is_err()
    };
    assert!(set(&mut session, "b"));
    assert!(set(&mut session, "c"), "it is a listener still");
    drop(panics);
    assert!(!set(&mut session, "d"));
    assert_eq!(told.load(Ordering::Relaxed), 1, "what nobody could be told is not told later");
    session.add(user("new"));
    assert_eq!(session.count(User::select())?, 2, "it flushes by itself");
    session.commit()
}
