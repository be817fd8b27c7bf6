//! How many statements a piece of work runs is asserted, and a failure says which, and for which lines.

use diptych::assert_statements;
use diptych::prelude::*;

use super::forum::*;

fn message(work: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let panic = std::panic::catch_unwind(work).expect_err("the assertion fails");
    panic.downcast_ref::<String>().expect("it has a message").clone()
}

/// Checklist 76, 77: a load for each object of a result is seen, with the line that does it.
#[test]
fn a_budget_of_statements_that_is_exceeded_names_the_statements_and_their_lines() -> Result<()> {
    let database = forum();
    let mut session = database.session();
    for name in ["alice", "bob", "carol"] {
        let user = session.add(user(name));
        posted(&mut session, user, "hello");
    }
    session.commit()?;
    let session = database.session();
    let names = assert_statements!(session, 2, {
        let users = session.all(User::select().with(User::posts.selectin()))?;
        for user in &users {
            assert_eq!(user.load(User::posts)?.len(), 1);
        }
        users.len()
    });
    assert_eq!(names, 3);

    let read = move || {
        let session = database.session();
        assert_statements!(session, at most 2, {
            let users = session.all(User::select()).unwrap();
            users.iter().for_each(|it| assert_eq!(it.load(User::posts).unwrap().len(), 1));
        });
    };
    let line = line!() - 3;
    let said = message(std::panic::AssertUnwindSafe(read));
    assert!(said.starts_with("4 statements ran, at most 2 expected:"), "{said}");
    assert!(said.contains(&format!("SELECT posts, 3 times  rows 3  at {}:{line}", file!())), "{said}");
    Ok(())
}

/// Checklist 136: a statement of the log names the line that it was run for, and only while somebody watches.
#[test]
fn the_log_names_the_caller_of_a_statement() -> Result<()> {
    let mut session = forum().session();
    session.record();
    let alice = session.add(user("alice"));
    session.flush()?;
    let line = line!() - 1;
    let log = session.take_log();
    let caller = log.last().and_then(|it| it.caller).expect("the session knows it");
    assert_eq!((caller.file(), caller.line()), (file!(), line));
    assert!(log.last().expect("it ran").to_string().ends_with(&format!("at {}:{line}", file!())));
    assert_eq!(session.get(alice)?.name, "alice");
    Ok(())
}
