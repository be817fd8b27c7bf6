//! The manner of SQLAlchemy: what it does that a sound session would not, each rule by the smallest script that shows it.
//! What the recorded cases of `examples/conformance` show by the hundred can be read here one by one.

mod asking;
mod flushing;
mod hierarchies;
mod linking;
mod loading;
mod merging;
mod telling;
mod undoing;

use diptych::object::{Manner, Untyped};
use diptych::prelude::*;
use diptych::{AnyRef, Class, Column, ForeignKey, Relationship, Session, Table, Value};

/// Users and their posts, each side as a test wants it.
fn blog(
    posts: impl Fn(Relationship) -> Relationship,
    author: impl Fn(Relationship) -> Relationship,
) -> Result<Database> {
    let users = Table::new("users").auto_key("id").column(Column::text("name").nullable());
    let rows = Table::new("posts")
        .auto_key("id")
        .column(Column::text("title").nullable())
        .column(Column::int("author_id").nullable())
        .foreign_key(ForeignKey::new(["author_id"], "users"));
    let user = Class::new("User", users).relation(posts(Relationship::has_many("posts", "Post").inverse("author")));
    let post = Class::new("Post", rows).relation(author(Relationship::belongs_to("author", "User").inverse("posts")));
    Database::with_classes([user, post], [])
}

/// The relation as it is when nothing more is said.
fn plain(it: Relationship) -> Relationship {
    it
}

fn session(database: &Database) -> Session {
    let mut session = database.session();
    session.set_manner(Manner::SqlAlchemy);
    session
}

/// Ada has written two posts. All is stored, and nothing is known of it but the references.
fn ada(session: &mut Session) -> Result<(AnyRef, AnyRef, AnyRef)> {
    let mut by_name = session.untyped();
    let ada = add(&mut by_name, "User", 1)?;
    let (first, second) = (add(&mut by_name, "Post", 1)?, add(&mut by_name, "Post", 2)?);
    by_name.set(first, "author", Some(ada))?;
    by_name.set(second, "author", Some(ada))?;
    session.commit()?;
    Ok((ada, first, second))
}

fn add(by_name: &mut Untyped<'_>, class: &str, id: i64) -> Result<AnyRef> {
    by_name.add(class, &[("id", Value::Int(id))])
}

fn new(by_name: &mut Untyped<'_>, class: &str, id: i64) -> Result<AnyRef> {
    by_name.construct(class, &[("id", Value::Int(id))])
}
