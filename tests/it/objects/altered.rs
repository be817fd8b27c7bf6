//! A model whose entities have changed takes over the rows of the one before.

use diptych::error::{Misuse, Result};
use diptych::prelude::*;
use diptych::{Column, Schema, Table};

mod before {
    use diptych::prelude::*;

    #[derive(Entity, Clone, Debug)]
    pub(super) struct User {
        #[key(auto)]
        pub(super) id: Id<User>,
        pub(super) name: String,
    }

    #[derive(Entity, Clone, Debug)]
    pub(super) struct Tag {
        #[key]
        pub(super) name: String,
    }
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[has_many(posts: Post, inverse = author)]
struct User {
    #[key(auto)]
    id: Id<User>,
    name: String,
    #[default(3)]
    karma: i64,
    note: Option<String>,
}

#[derive(Entity, Clone, Debug)]
#[belongs_to(author: User, inverse = posts)]
struct Post {
    #[key(auto)]
    id: Id<Post>,
    #[references(User)]
    author_id: Id<User>,
}

/// The same columns as before, in another struct.
#[derive(Entity, Clone, Debug, PartialEq)]
struct Tag {
    #[key]
    name: String,
}

fn old() -> Result<Database> {
    let old = Database::of::<(before::User, before::Tag)>()?;
    old.transaction(|session| {
        session.add(before::User { name: "Ada".into(), ..before::User::draft() });
        session.add(before::Tag { name: "engines".into() });
        Ok(())
    })?;
    Ok(old)
}

#[test]
fn rows_come_along_to_entities_that_have_changed_and_that_have_not() -> Result<()> {
    let old = old()?;
    let new = old.altered_to::<(User, Post, Tag)>()?;
    let mut session = new.session();
    let ada = session.find::<User>(1)?.expect("her row has come along");
    assert_eq!(*ada, User { id: Id::new(1), name: "Ada".into(), karma: 3, note: None });
    let ada = ada.reference();
    let tag = session.one(Tag::select())?;
    assert_eq!(*tag, Tag { name: "engines".into() });
    session.push(ada, User::posts, Post::draft())?;
    session.add(User { name: "Bob".into(), ..User::draft() });
    session.commit()?;
    assert_eq!(session.find::<User>(2)?.map(|it| it.name.clone()).as_deref(), Some("Bob"), "keys go on");
    let before = old.session();
    assert_eq!(before.count(before::User::select())?, 1, "and the other one stays as it was");
    before.one(before::Tag::select())?;
    Ok(())
}

#[test]
fn rows_of_tables_alone_become_objects() -> Result<()> {
    let users = Table::new("users").auto_key("id").column(Column::text("name"));
    let tags = Table::new("tags").column(Column::text("name")).primary_key(["name"]);
    let tables = Database::new(Schema::builder().table(users).table(tags).build()?);
    let mut session = tables.session();
    session.untyped().add("users", &[("name", "Ada".into())])?;
    session.untyped().add("tags", &[("name", "engines".into())])?;
    session.commit()?;
    let refused = session.try_add(Tag { name: "new".into() }).expect_err("there are no entities");
    assert!(refused.to_string().contains("altered_to"), "{refused}");
    let new = tables.altered_to::<(User, Post, Tag)>()?;
    let session = new.session();
    assert_eq!((session.one(User::select())?.karma, session.one(Tag::select())?.name.as_str()), (3, "engines"));
    Ok(())
}

/// A schema that was edited is one of tables; it says which word brings the entities back.
#[test]
fn an_edited_schema_has_no_entities() -> Result<()> {
    let old = old()?;
    let edited = old.schema().edit().edit_table("users", |it| it.index(["name"]));
    let altered = old.altered(edited.build()?)?;
    let refused = altered.session().all(before::User::select()).map(drop).expect_err("there are no entities");
    assert!(matches!(refused.misuse(), Some(Misuse::UnknownName { hint, .. }) if hint.contains("altered_to")));
    assert_eq!(altered.session().untyped().all("users")?.len(), 1, "by name of the table");
    Ok(())
}
