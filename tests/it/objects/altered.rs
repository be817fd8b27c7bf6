//! A model whose entities have changed takes over the rows of the one before.

use diptych::error::{Misuse, Result};
use diptych::prelude::*;
use diptych::schema::SchemaBuilder;
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

/// Ada and a post, whose tables are edited so.
fn edited(edit: impl FnOnce(SchemaBuilder) -> SchemaBuilder) -> Result<Database> {
    let database = Database::of::<(User, Post, Tag)>()?;
    database.transaction(|session| {
        let ada = session.add(User { name: "Ada".into(), ..User::draft() });
        session.push(ada, User::posts, Post::draft()).map(drop)
    })?;
    database.altered(edit(database.schema().edit()).build()?)
}

#[test]
fn an_edited_schema_keeps_the_entities_that_fit_it() -> Result<()> {
    let log = Table::new("log").auto_key("id").column(Column::text("line"));
    let altered = edited(|it| it.edit_table("users", |it| it.index(["name"])).table(log))?;
    let again = altered.altered(altered.schema().edit().without_table("log").build()?)?;
    for database in [altered, again] {
        let mut session = database.session();
        let ada = session.one(User::select())?.reference();
        assert_eq!(session.get(ada)?.load(User::posts)?.len(), 1);
        session.push(ada, User::posts, Post::draft())?;
        session.commit()?;
        assert_eq!(session.count(Post::select())?, 2);
    }
    Ok(())
}

/// Positions of relations are those of the entities, so a model of the tables must not be taken for one of them.
#[test]
fn where_entities_do_not_fit_any_more_sessions_know_tables_by_name() -> Result<()> {
    let altered = edited(|it| it.without_table("posts"))?;
    let mut session = altered.session();
    let refused = session.all(User::select()).map(drop).expect_err("users have posts");
    assert!(matches!(refused.misuse(), Some(Misuse::UnknownName { hint, .. }) if hint.contains("altered_to")));
    assert!(session.try_add(User::draft()).is_err());
    assert_eq!(session.untyped().all("users")?.len(), 1);
    assert_eq!(altered.altered_to::<(User, Post, Tag)>()?.session().one(User::select())?.name, "Ada");
    Ok(())
}
