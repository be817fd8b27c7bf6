//! Unique values that pass from one row to another in one flush, wherever the rows stand: a flush is never refused for an
//! order that it has chosen itself.

use diptych::error::Misuse;
use diptych::object::{FieldAssignment, Synchronize};
use diptych::prelude::*;

mod any;
mod chains;
mod kept;
mod keys;
mod memberships;
mod nodes;

/// One hierarchy over one table, and over joined ones.
macro_rules! hierarchy {
    ($name:ident: ($($dog:tt)*), ($($cat:tt)*)) => {
        mod $name {
            use diptych::prelude::*;

            #[derive(Entity, Clone, Debug)]
            #[entity(table = "pets", identity = "pet", discriminator = kind)]
            pub struct Pet {
                #[key]
                pub id: i64,
                pub kind: String,
                #[unique]
                pub name: String,
                #[version]
                pub version: i64,
            }

            #[derive(Entity, Clone, Debug)]
            #[entity(identity = "dog", $($dog)*)]
            pub struct Dog {
                #[base]
                pub pet: Pet,
                #[unique]
                pub tag: Option<String>,
            }

            #[derive(Entity, Clone, Debug)]
            #[entity(identity = "cat", $($cat)*)]
            pub struct Cat {
                #[base]
                pub pet: Pet,
                pub lives: Option<i64>,
            }

            pub fn pet(id: i64, name: &str) -> Pet {
                Pet { id, name: name.into(), ..Pet::draft() }
            }

            pub fn dog(id: i64, name: &str, tag: &str) -> Dog {
                Dog { pet: pet(id, name), tag: Some(tag.into()) }
            }

            pub fn cat(id: i64, name: &str) -> Cat {
                Cat { pet: pet(id, name), lives: Some(9) }
            }

            pub fn database() -> Database {
                Database::of::<(Pet, Dog, Cat)>().unwrap_or_else(|error| panic!("{error}"))
            }
        }
    };
}

hierarchy!(single: (), ());
hierarchy!(joined: (table = "dogs"), (table = "cats"));

in_both! {
    fn objects_of_one_class_exchange_a_value_of_their_base() {
        let mut session = database().session();
        let (a, b) = (session.add(dog(1, "a", "x")), session.add(dog(2, "b", "y")));
        session.commit()?;
        session.edit(a)?.pet.name = "b".into();
        session.edit(b)?.pet.name = "a".into();
        session.commit()?;
        assert_eq!((&*session[a].pet.name, &*session[b].pet.name), ("b", "a"));
        assert_eq!((session[a].pet.version, session[b].pet.version), (2, 2), "a change is counted once");
        Ok(())
    }

    fn objects_of_one_class_exchange_a_value_of_their_own() {
        let mut session = database().session();
        let (a, b) = (session.add(dog(1, "a", "x")), session.add(dog(2, "b", "y")));
        session.commit()?;
        session.edit(a)?.tag = Some("y".into());
        session.edit(b)?.tag = Some("x".into());
        session.commit()?;
        assert_eq!((session[a].tag.as_deref(), session[b].tag.as_deref()), (Some("y"), Some("x")));
        Ok(())
    }

    fn siblings_exchange_a_value_and_each_keeps_what_is_its_own() {
        let database = database();
        let mut session = database.session();
        let (a, b, c) = (session.add(dog(1, "a", "x")), session.add(cat(2, "b")), session.add(pet(3, "c")));
        session.commit()?;
        session.edit(a)?.pet.name = "b".into();
        session.edit(b)?.pet.name = "c".into();
        session.edit(b)?.lives = Some(8);
        session.edit(c)?.name = "a".into();
        session.commit()?;
        let session = database.session();
        let all = session.all(Pet::select().order_by(Pet::id))?;
        assert_eq!(all.iter().map(|it| it.name.clone()).collect::<Vec<_>>(), ["b", "c", "a"]);
        assert_eq!(session.one(Dog::select())?.tag.as_deref(), Some("x"));
        assert_eq!(session.one(Cat::select())?.lives, Some(8));
        Ok(())
    }

    fn values_of_several_tables_are_exchanged_crosswise() {
        let mut session = database().session();
        let (a, b) = (session.add(dog(1, "a", "x")), session.add(dog(2, "b", "y")));
        session.commit()?;
        *session.edit(a)? = dog(1, "b", "y");
        session.edit(a)?.pet.kind = "dog".into();
        session.edit(a)?.pet.version = 1;
        session.edit(b)?.pet.name = "a".into();
        session.edit(b)?.tag = Some("x".into());
        session.commit()?;
        assert_eq!((&*session[a].pet.name, session[a].tag.as_deref()), ("b", Some("y")));
        assert_eq!((&*session[b].pet.name, session[b].tag.as_deref()), ("a", Some("x")));
        Ok(())
    }

    fn an_exchange_waits_for_the_row_that_leaves_a_third_value() {
        let mut session = database().session();
        let rows = [dog(1, "a", "x"), dog(2, "b", "y"), dog(3, "c", "z")].map(|it| session.add(it));
        session.commit()?;
        session.edit(rows[0])?.pet.name = "b".into();
        session.edit(rows[1])?.pet.name = "a".into();
        session.edit(rows[1])?.tag = Some("z".into());
        session.edit(rows[2])?.tag = Some("w".into());
        session.commit()?;
        assert_eq!(rows.map(|it| session[it].tag.clone().unwrap_or_default()), ["x", "z", "w"]);
        Ok(())
    }

    fn keys_are_exchanged() {
        let database = database();
        let mut session = database.session();
        let (a, b) = (session.add(dog(1, "a", "x")), session.add(dog(2, "b", "y")));
        session.commit()?;
        session.edit(a)?.pet.id = 2;
        session.edit(b)?.pet.id = 1;
        session.commit()?;
        let session = database.session();
        let all = session.all(Dog::select().order_by(Pet::id))?;
        assert_eq!(all.iter().map(|it| it.tag.clone().unwrap_or_default()).collect::<Vec<_>>(), ["y", "x"]);
        Ok(())
    }

    fn the_key_of_a_deleted_object_is_free_for_one_of_another_class() {
        let database = database();
        let mut session = database.session();
        let a = session.add(dog(1, "a", "x"));
        session.commit()?;
        session.delete(a)?;
        let b = session.add(cat(1, "a"));
        session.commit()?;
        assert_eq!(session[b].pet.name, "a");
        assert!(database.session().all(Dog::select())?.is_empty());
        Ok(())
    }

    fn the_value_of_a_deleted_object_is_free_though_it_was_not_read() {
        let database = database();
        let mut session = database.session();
        let a = session.add(dog(1, "a", "x"));
        session.commit()?;
        session.expire(a)?;
        session.delete(a)?;
        let b = session.add(dog(2, "a", "x"));
        session.commit()?;
        assert_eq!(session[b].pet.name, "a");
        Ok(())
    }

    fn a_new_object_takes_over_a_row_and_exchanges_a_value() {
        let mut session = database().session();
        let (a, b) = (session.add(dog(1, "a", "x")), session.add(dog(2, "b", "y")));
        session.commit()?;
        session.delete(a)?;
        let c = session.add(dog(1, "b", "x"));
        session.edit(b)?.pet.name = "a".into();
        session.commit()?;
        assert_eq!((&*session[b].pet.name, &*session[c].pet.name), ("a", "b"));
        Ok(())
    }

    fn a_row_that_was_changed_meanwhile_is_not_exchanged() {
        let database = database();
        let mut session = database.session();
        let (a, b) = (session.add(dog(1, "a", "x")), session.add(dog(2, "b", "y")));
        session.commit()?;
        assert_eq!((session.get(a)?.pet.version, session.get(b)?.pet.version), (1, 1));
        session.update_where(Pet::select().filter(Pet::id.eq(2)), [Pet::version.becomes(7)], Synchronize::Not)?;
        session.edit(a)?.pet.name = "b".into();
        session.edit(b)?.pet.name = "a".into();
        let error = session.flush().expect_err("the version is another one");
        assert!(matches!(error.misuse(), Some(Misuse::Stale { .. })), "{error}");
        assert_eq!((&*session[a].pet.name, session[a].pet.version), ("b", 1), "what was pending is pending");
        Ok(())
    }
}

/// Rows that refer to each other, and have unique names.
mod pairs {
    use diptych::prelude::*;

    #[derive(Entity, Clone, Debug)]
    #[entity(table = "lefts")]
    #[belongs_to(right: Right, via = right_id)]
    pub struct Left {
        #[key(auto)]
        pub id: Id<Left>,
        #[unique]
        pub name: String,
        #[references(Right)]
        pub right_id: Option<Id<Right>>,
    }

    #[derive(Entity, Clone, Debug)]
    #[entity(table = "rights")]
    #[belongs_to(left: Left, via = left_id)]
    pub struct Right {
        #[key(auto)]
        pub id: Id<Right>,
        #[unique]
        pub name: String,
        #[references(Left)]
        pub left_id: Option<Id<Left>>,
    }

    pub fn left(name: &str) -> Left {
        Left { name: name.into(), ..Left::draft() }
    }

    pub fn right(name: &str) -> Right {
        Right { name: name.into(), ..Right::draft() }
    }

    pub fn session() -> Session {
        Database::of::<(Left, Right)>().unwrap_or_else(|error| panic!("{error}")).session()
    }
}

/// What else a flush can do it can do beside an exchange.
#[test]
fn rings_of_references_are_written_and_deleted_beside_an_exchange() -> Result<()> {
    use pairs::*;
    let mut session = session();
    let (a, b) = (session.add(left("a")), session.add(left("b")));
    session.commit()?;
    let turn = |session: &mut Session| {
        let (x, y) = (session[a].name.clone(), session[b].name.clone());
        session.edit(a)?.name = y;
        session.edit(b)?.name = x;
        Ok::<_, diptych::Error>(())
    };
    turn(&mut session)?;
    let (x, y) = (session.add(left("x")), session.add(right("y")));
    session.set(x, Left::right, y)?;
    session.set(y, Right::left, x)?;
    session.commit()?;
    assert_eq!(session[a].name, "b");
    assert_eq!(session[x].right_id, Some(session[y].id));
    turn(&mut session)?;
    session.delete(x)?;
    session.delete(y)?;
    session.commit()?;
    assert_eq!((&*session[a].name, session.all(Right::select())?.len()), ("a", 0));
    Ok(())
}

/// A ring of new rows is broken at a reference, which is written to rows that count versions, too.
#[test]
fn new_rows_that_count_versions_refer_to_each_other() -> Result<()> {
    use counted::*;
    let mut session = session();
    let shelf = session.add(shelf("a"));
    let book = session.push(shelf, Shelf::books, book("b"))?;
    session.set(shelf, Shelf::best, book)?;
    session.commit()?;
    assert_eq!(session[shelf].best_id, Some(session[book].id));
    assert_eq!(session[book].shelf_id, Some(session[shelf].id));
    Ok(())
}

/// Columns that were not read stay as they are.
#[test]
fn objects_that_are_not_known_whole_exchange_a_value() -> Result<()> {
    #[derive(Entity, Clone, Debug)]
    #[entity(table = "notes")]
    struct Note {
        #[key(auto)]
        id: Id<Note>,
        #[unique]
        name: String,
        body: String,
    }
    let database = Database::of::<(Note,)>()?;
    let mut session = database.session();
    let a = session.add(Note { name: "a".into(), body: "of a".into(), ..Note::draft() });
    let b = session.add(Note { name: "b".into(), body: "of b".into(), ..Note::draft() });
    session.commit()?;
    session.edit(a)?.name = "b".into();
    session.edit(b)?.name = "a".into();
    session.expire_field(a, Note::body)?;
    session.commit()?;
    let all = session.all(Note::select().order_by(Note::id))?;
    let all: Vec<(&str, &str)> = all.iter().map(|it| (&*it.entity().name, &*it.entity().body)).collect();
    assert_eq!(all, [("b", "of a"), ("a", "of b")]);
    Ok(())
}

/// A tree of which all names are unique; a node may have to have a parent.
macro_rules! tree {
    ($name:ident: $parent:ty, $($version:tt)*) => {
        mod $name {
            use diptych::prelude::*;

            #[derive(Entity, Clone, Debug)]
            #[entity(table = "shelves")]
            #[has_many(books: Book, inverse = shelf)]
            #[belongs_to(best: Book, via = best_id)]
            pub struct Shelf {
                #[key(auto)]
                pub id: Id<Shelf>,
                #[unique]
                pub name: String,
                #[references(Book)]
                pub best_id: Option<Id<Book>>,
                $($version)*
            }

            #[derive(Entity, Clone, Debug)]
            #[entity(table = "books")]
            #[belongs_to(shelf: Shelf, via = shelf_id, inverse = books)]
            pub struct Book {
                #[key(auto)]
                pub id: Id<Book>,
                #[unique]
                pub name: String,
                #[references(Shelf)]
                pub shelf_id: $parent,
                $($version)*
            }

            pub fn shelf(name: &str) -> Shelf {
                Shelf { name: name.into(), ..Shelf::draft() }
            }

            pub fn book(name: &str) -> Book {
                Book { name: name.into(), ..Book::draft() }
            }

            pub fn session() -> Session {
                Database::of::<(Shelf, Book)>().unwrap_or_else(|error| panic!("{error}")).session()
            }
        }
    };
}

tree!(optional: Option<Id<Shelf>>,);
tree!(required: Id<Shelf>,);
tree!(counted: Option<Id<Shelf>>, #[version] pub version: i64,);

macro_rules! in_trees {
    ($(fn $name:ident in $($tree:ident),* $body:block)*) => {
        $(mod $name {
            $(mod $tree {
                use diptych::prelude::*;
                use super::super::$tree::*;
                #[test]
                fn holds() -> Result<()> $body
            })*
        })*
    };
}

in_trees! {
    // The new one takes the name; what the old one held refers to neither in between.
    fn a_row_is_replaced_by_a_new_one_of_its_name in optional, counted {
        let mut session = session();
        let old = session.add(shelf("poems"));
        let book = session.push(old, Shelf::books, book("a"))?;
        session.commit()?;
        let new = session.add(shelf("poems"));
        session.set(book, Book::shelf, new)?;
        session.edit(book)?.name = "b".into();
        session.delete(old)?;
        session.commit()?;
        assert_eq!((session[book].shelf_id, &*session[book].name), (Some(session[new].id), "b"));
        Ok(())
    }

    // The row that leaves a name waits for nobody, though the new one that takes it is what it will refer to.
    fn a_new_row_takes_a_name_and_the_row_that_leaves_it_refers_to_it in optional, required, counted {
        let mut session = session();
        let (a, b) = (session.add(shelf("a")), session.add(shelf("b")));
        let x = session.push(a, Shelf::books, book("x"))?;
        session.commit()?;
        let y = session.push(b, Shelf::books, book("x"))?;
        session.edit(x)?.name = "y".into();
        session.set(a, Shelf::best, y)?;
        session.set(b, Shelf::best, x)?;
        session.commit()?;
        assert_eq!((&*session[x].name, &*session[y].name), ("y", "x"));
        assert_eq!(session[a].best_id, Some(session[y].id));
        Ok(())
    }
}

/// Where a constraint leaves no order, the message says what waits for what, and what helps.
#[test]
fn rows_that_no_order_allows_are_named() -> Result<()> {
    use required::*;
    let mut session = session();
    let old = session.add(shelf("poems"));
    let book = session.push(old, Shelf::books, book("a"))?;
    session.commit()?;
    let new = session.add(shelf("poems"));
    session.set(book, Book::shelf, new)?;
    session.delete(old)?;
    let error = session.commit().expect_err("the name is free when the book has left, which needs the new shelf");
    let Some(Misuse::Circular { ring, .. }) = error.misuse() else { panic!("{error}") };
    assert_eq!(ring.len(), 3, "{ring:?}");
    assert!(error.to_string().contains("flush between the changes"), "{error}");
    session.rollback()?;
    session.edit(old)?.name = "old poems".into();
    session.flush()?;
    let new = session.add(shelf("poems"));
    session.set(book, Book::shelf, new)?;
    session.delete(old)?;
    session.commit()?;
    assert_eq!(session[book].shelf_id, session[new].id);
    Ok(())
}

/// However many rows exchange values with one other each, those that change the same columns are one statement.
#[test]
fn pairs_that_exchange_values_are_written_together() -> Result<()> {
    use super::forum::{User, forum, user};
    let database = forum();
    let mut session = database.session();
    let users: Vec<Ref<User>> = (0..200).map(|it| session.add(user(&format!("user {it}")))).collect();
    session.commit()?;
    let emails = |session: &Session| -> Result<Vec<String>> {
        users.iter().map(|&it| Ok(session.get(it)?.email.clone())).collect()
    };
    let before = emails(&session)?;
    for (at, pair) in users.chunks(2).enumerate() {
        let [a, b] = [0, 1].map(|it| before[2 * at + it].clone());
        (session.edit(pair[0])?.email, session.edit(pair[1])?.email) = (b, a);
        if at % 3 == 0 {
            session.edit(pair[1])?.name.push('!');
        }
    }
    // Where not all write the same, what their rows hold is read first.
    diptych::assert_statements!(session, 3, { session.flush()? });
    let after = emails(&session)?;
    assert!((0..200).all(|it| after[it] == before[it ^ 1]));
    session.commit()?;
    assert_eq!(database.session().count(User::select().filter(User::name.like("%!")))?, 34);
    Ok(())
}
