//! Rows of hierarchies that come, go and change keys within one flush, and others that are there at the same time.

use diptych::error::Misuse;
use diptych::object::{FieldAssignment, Polymorphic, Selection, Synchronize, Term};
use diptych::prelude::*;
use diptych::{AnyRef, Class, Column, Expression, State, Table, Value};

macro_rules! hierarchy {
    ($name:ident: ($($key:tt)*), ($($dog:tt)*), ($($cat:tt)*)) => {
        pub(super) mod $name {
            use diptych::prelude::*;

            #[derive(Entity, Clone, Debug)]
            #[entity(table = "pets", identity = "pet", discriminator = kind)]
            #[belongs_to(friend: Pet, via(friend_a, friend_b))]
            #[foreign_key(via(friend_a, friend_b), references = Pet, on_update = cascade)]
            pub struct Pet {
                #[key]
                pub a: i64,
                #[key]
                pub b: i64,
                pub kind: String,
                #[unique]
                pub name: Option<String>,
                pub friend_a: Option<i64>,
                pub friend_b: Option<i64>,
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
            #[entity(identity = "puppy")]
            pub struct Puppy {
                #[base]
                pub dog: Dog,
                pub weeks: Option<i64>,
            }

            #[derive(Entity, Clone, Debug)]
            #[entity(identity = "cat", $($cat)*)]
            pub struct Cat {
                #[base]
                pub pet: Pet,
                pub lives: Option<i64>,
            }

            pub fn database() -> Database {
                Database::of::<(Pet, Dog, Puppy, Cat)>().unwrap_or_else(|error| panic!("{error}"))
            }

            pub fn pet(a: i64, name: &str) -> Pet {
                Pet { a, b: 1, name: Some(name.into()), ..Pet::draft() }
            }

            pub fn dog(a: i64, name: &str, tag: &str) -> Dog {
                Dog { pet: pet(a, name), tag: Some(tag.into()) }
            }

            pub fn puppy(a: i64, name: &str, tag: &str) -> Puppy {
                Puppy { dog: dog(a, name, tag), weeks: Some(1) }
            }

            pub fn cat(a: i64, name: &str) -> Cat {
                Cat { pet: pet(a, name), lives: Some(9) }
            }
        }
    };
}

hierarchy!(single: (), (), ());
hierarchy!(joined: (), (table = "dogs"), (table = "cats"));

in_both! {
    fn a_sibling_takes_the_key_of_a_row_that_goes() {
        let database = database();
        let mut session = database.session();
        let rex = session.add(dog(1, "rex", "x"));
        session.commit()?;
        session.delete(rex)?;
        let tom = session.add(cat(1, "tom"));
        session.commit()?;
        assert_eq!(session.get(tom)?.lives, Some(9));
        let fresh = database.session();
        assert_eq!((fresh.count(Dog::select())?, fresh.count(Pet::select())?), (0, 1));
        assert_eq!(fresh.one(Cat::select())?.name.as_deref(), Some("tom"));
        Ok(())
    }

    fn a_new_object_takes_key_and_values_of_one_that_goes() {
        let database = database();
        let mut session = database.session();
        let rex = session.add(dog(1, "rex", "x"));
        let pup = session.add(puppy(2, "pup", "y"));
        session.commit()?;
        session.delete(rex)?;
        session.delete(pup)?;
        let (new, other) = (session.add(dog(1, "pup", "y")), session.add(puppy(2, "rex", "x")));
        session.commit()?;
        assert_eq!((session.get(new)?.tag.as_deref(), session.get(other)?.name.as_deref()), (Some("y"), Some("rex")));
        assert_eq!(database.session().count(Dog::select())?, 2);
        Ok(())
    }

    /// The foreign key says the same before and afterwards; in between its row is not there.
    fn a_friend_is_another_with_the_same_key() {
        let database = database();
        let mut session = database.session();
        let rex = session.add(dog(1, "rex", "x"));
        let pal = session.add(pet(3, "pal"));
        session.set(pal, Pet::friend, rex.upcast::<Pet>())?;
        session.commit()?;
        session.delete(rex)?;
        let tom = session.add(cat(1, "tom"));
        session.set(pal, Pet::friend, tom.upcast::<Pet>())?;
        session.commit()?;
        let fresh = database.session();
        let pal = fresh.find::<Pet>((3, 1))?.expect("it is there");
        assert_eq!(pal.load(Pet::friend)?.map(|it| it.kind.clone()).as_deref(), Some("cat"));
        Ok(())
    }

    fn keys_are_exchanged_and_friends_follow() {
        let database = database();
        let mut session = database.session();
        let (rex, tom) = (session.add(dog(1, "rex", "x")), session.add(cat(2, "tom")));
        let pal = session.add(Pet { friend_a: Some(1), friend_b: Some(1), ..pet(3, "pal") });
        session.commit()?;
        session.edit(rex)?.pet.a = 5;
        session.edit(tom)?.pet.a = 6;
        session.commit()?;
        assert_eq!((session.get(rex)?.a, session.get(rex)?.tag.as_deref()), (5, Some("x")));
        assert_eq!(session.get(pal)?.friend_a, Some(5), "the foreign key follows");
        let fresh = database.session();
        assert_eq!(fresh.find::<Dog>((5, 1))?.and_then(|it| it.tag.clone()).as_deref(), Some("x"));
        assert_eq!(fresh.find::<Cat>((6, 1))?.and_then(|it| it.lives), Some(9));
        Ok(())
    }

    fn many_keys_are_moved_up_by_one() {
        let database = database();
        let mut session = database.session();
        let dogs: Vec<Ref<Dog>> =
            (0..6).map(|it| session.add(dog(it, &format!("n{it}"), &format!("t{it}")))).collect();
        session.commit()?;
        for &it in &dogs {
            session.edit(it)?.pet.a += 1;
        }
        session.commit()?;
        let fresh = database.session();
        for at in 0..6 {
            let it = fresh.find::<Dog>((at + 1, 1))?.expect("it is there");
            assert_eq!((it.name.clone(), it.tag.clone()), (Some(format!("n{at}")), Some(format!("t{at}"))));
        }
        Ok(())
    }

    fn a_class_and_one_below_it_exchange_values_of_both_tables() {
        let database = database();
        let mut session = database.session();
        let (rex, pup) = (session.add(dog(1, "rex", "x")), session.add(puppy(2, "pup", "y")));
        let none = session.add(Dog { tag: None, ..dog(3, "none", "") });
        session.commit()?;
        (session.edit(rex)?.tag, session.edit(pup)?.dog.tag, session.edit(none)?.tag) =
            (Some("y".into()), None, Some("x".into()));
        (session.edit(rex)?.pet.name, session.edit(pup)?.dog.pet.name) = (Some("pup".into()), Some("rex".into()));
        session.edit(pup)?.weeks = None;
        session.commit()?;
        let fresh = database.session();
        let tags: Vec<_> = fresh.all(Dog::select().order_by(Pet::a))?.iter().map(|it| it.tag.clone()).collect();
        assert_eq!(tags, [Some("y".to_owned()), None, Some("x".to_owned())]);
        let versions: Vec<_> = fresh.all(Dog::select())?.iter().map(|it| it.version).collect();
        assert_eq!(versions, [2, 2, 2]);
        Ok(())
    }

    /// What another session has changed since is stale, and a savepoint brings everything back.
    fn a_stale_object_in_the_middle_leaves_all_as_it_was() {
        let database = database();
        let mut session = database.session();
        let dogs: Vec<Ref<Dog>> =
            (0..5).map(|it| session.add(dog(it, &format!("n{it}"), &format!("t{it}")))).collect();
        session.commit()?;
        session.set_expire_on_commit(false);
        session.all(Dog::select())?;
        session.commit()?;
        let mut other = database.session();
        other.update_where(Pet::select().filter(Pet::a.eq(2)), [Pet::version.becomes(9)], Synchronize::Not)?;
        other.commit()?;
        session.savepoint()?;
        for &it in &dogs {
            session.edit(it)?.tag = Some(format!("other {}", session[it].a));
        }
        let gone = session.add(cat(77, "new"));
        let refused = session.flush().expect_err("one is stale");
        assert!(matches!(refused.misuse(), Some(Misuse::Stale { row }) if row.key == [2.into(), 1.into()]), "{refused}");
        assert_eq!(session[dogs[0]].version, 1);
        session.rollback_to()?;
        assert_eq!(session.state(gone)?, State::Transient);
        for (at, &it) in dogs.iter().enumerate() {
            assert_eq!(session.get(it)?.tag, Some(format!("t{at}")));
            session.edit(it)?.tag = Some(format!("third {at}"));
        }
        session.refresh(dogs[2])?;
        session.edit(dogs[2])?.tag = Some("third 2".into());
        session.commit()?;
        let found = database.session();
        let found = found.all(Dog::select().order_by(Pet::a))?;
        let versions: Vec<_> = found.iter().map(|it| (it.version, it.tag.clone())).collect();
        let wanted: Vec<_> = (0..5).map(|it| (if it == 2 { 10 } else { 2 }, Some(format!("third {it}")))).collect();
        assert_eq!(versions, wanted);
        Ok(())
    }

    /// An object that refers to another of its class, in either direction of their keys, and to itself.
    fn friends_come_and_go_together() {
        let database = database();
        let mut session = database.session();
        let (rex, pup, tom) =
            (session.add(dog(1, "rex", "x")), session.add(puppy(2, "pup", "y")), session.add(cat(3, "tom")));
        session.set(rex, Pet::friend, pup.upcast::<Pet>())?;
        session.set(tom, Pet::friend, rex.upcast::<Pet>())?;
        session.commit()?;
        session.set(pup, Pet::friend, tom.upcast::<Pet>())?;
        session.commit()?;
        session.set(tom, Pet::friend, tom.upcast::<Pet>())?;
        session.commit()?;
        for it in [rex.upcast::<Pet>(), tom.upcast(), pup.upcast()] {
            session.delete(it)?;
        }
        session.commit()?;
        assert_eq!(database.session().count(Pet::select())?, 0);
        Ok(())
    }
}

/// Two siblings may have a column of their table in common. What one adds reads as NULL in objects of the other.
#[test]
fn a_column_that_siblings_share_is_read_as_that_of_each() -> Result<()> {
    let table = Table::new("pets").auto_key("id").column(Column::text("kind")).column(Column::int("size").nullable());
    let of = |identity: &'static str| Polymorphic::default().identity(identity);
    let sub =
        |name: &'static str, identity| Class::inheriting(name, "Pet").own_columns(["size"]).polymorphic(of(identity));
    let base = Class::new("Pet", table).polymorphic(Polymorphic::on("kind").identity("pet"));
    let database = Database::with_classes([base, sub("Dog", "dog"), sub("Cat", "cat")], [])?;
    let mut session = database.session();
    let dog = session.untyped().add("Dog", &[("size", 3.into())])?;
    let cat = session.untyped().add("Cat", &[("size", 3.into())])?;
    session.commit()?;
    let cast = |class: &'static str| Term::Cast {
        class: class.into(),
        term: Box::new(Term::Column { of: None, name: "size".into() }),
    };
    let large_dogs = cast("Dog").expr().eq(3);
    let found = session.untyped().select("Pet", &Selection::new().filter(large_dogs.clone()))?;
    assert_eq!(found, [dog]);
    let values = [("size", diptych::Expr::Value(Value::Int(4)))];
    assert_eq!(session.untyped().update_where("Dog", &values, None, Synchronize::Auto)?, 1);
    let large_cats = cast("Cat").expr().ge(3);
    for synchronize in [Synchronize::Evaluate, Synchronize::Fetch] {
        let kind = [("kind", diptych::Expr::Value("cat".into()))];
        assert_eq!(session.untyped().update_where("Pet", &kind, Some(&large_cats), synchronize)?, 1);
    }
    assert_eq!(session.untyped().delete_where("Pet", Some(&large_cats), Synchronize::Auto)?, 1);
    assert!(session.untyped().value(cat, "size").is_err());
    assert_eq!(session.untyped().value(dog, "size")?, 4.into());
    Ok(())
}

/// What stands in a whole table of its own is not joined by a key of another: it is no row of the base.
#[test]
fn a_concrete_class_is_not_read_along_by_keys_of_its_base() -> Result<()> {
    use diptych::object::Inheritance;
    let bases = Table::new("bases").auto_key("id").column(Column::text("name"));
    let wholes = Table::new("wholes").auto_key("id").column(Column::text("name")).column(Column::int("more"));
    let whole = Class::new("Whole", wholes).inherits("Base").polymorphic(Polymorphic::of(Inheritance::Concrete));
    let mut session = Database::with_classes([Class::new("Base", bases), whole], [])?.session();
    let _: AnyRef = session.untyped().add("Base", &[("name", "a".into())])?;
    let _: AnyRef = session.untyped().add("Whole", &[("name", "b".into()), ("more", 1.into())])?;
    session.commit()?;
    let cast = Term::Cast { class: "Whole".into(), term: Box::new(Term::Column { of: None, name: "more".into() }) };
    let refused = session.untyped().select("Base", &Selection::new().filter(cast.expr().eq(1)));
    assert!(refused.is_err(), "{refused:?}");
    Ok(())
}

/// The same in whole tables of their own, and of relations.
#[test]
fn what_siblings_call_alike_is_told_apart_in_a_union() -> Result<()> {
    #[derive(Entity, Clone, Debug)]
    #[entity(table = "staff", identity = "staff", discriminator = kind, union)]
    struct Staff {
        #[key(auto)]
        id: Id<Staff>,
        kind: String,
    }
    #[derive(Entity, Clone, Debug)]
    #[entity(identity = "cook", concrete = "cooks")]
    struct Cook {
        #[base]
        staff: Staff,
        rank: i64,
    }
    #[derive(Entity, Clone, Debug)]
    #[entity(identity = "waiter", concrete = "waiters")]
    struct Waiter {
        #[base]
        staff: Staff,
        rank: i64,
    }
    let mut session = Database::of::<(Staff, Cook, Waiter)>()?.session();
    session.add(Cook { rank: 1, ..Cook::draft() });
    session.add(Waiter { rank: 1, ..Waiter::draft() });
    session.add(Staff::draft());
    session.commit()?;
    let found = session.all(Staff::select().filter(Cook::rank.eq(1).upcast()))?;
    assert_eq!(found.iter().filter_map(|it| it.downcast::<Cook>().ok().flatten()).count(), 1);
    assert_eq!(found.len(), 1);
    assert_eq!(session.count(Staff::select().filter(Waiter::rank.is_null().upcast()))?, 2);
    assert_eq!(session.all(Staff::select().order_by(Cook::rank.desc().upcast()))?.len(), 3);
    Ok(())
}
