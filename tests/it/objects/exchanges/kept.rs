//! What is written together is not written where it has not changed.

use diptych::object::{FieldAssignment, Synchronize};
use diptych::prelude::*;

/// O4: one of two rows that are written by one statement keeps what its object has not changed, whatever stands there.
#[test]
fn what_only_one_of_them_writes_stays_as_it_is_in_the_other() -> Result<()> {
    use super::super::forum::{User, forum, user};
    let database = forum();
    let mut session = database.session();
    let (a, b) = (session.add(user("a")), session.add(user("b")));
    session.commit()?;
    session.all(User::select())?;
    let is_b = User::select().filter(User::name.eq("b"));
    session.update_where(is_b, [User::name.becomes("another")], Synchronize::Not)?;
    let [of_a, of_b] = [a, b].map(|it| session[it].email.clone());
    session.edit(a)?.name = "c".into();
    (session.edit(a)?.email, session.edit(b)?.email) = (of_b, of_a.clone());
    session.commit()?;
    let found = database.session();
    let found = found.one(User::select().filter(User::email.eq(of_a.as_str())))?;
    assert_eq!(found.name, "another");
    Ok(())
}
