//! Statements on many rows at once, typed: what they write, what the session's objects see of it, and what they refuse.

use diptych::object::{FieldAssignment, Hybrid, Inheritance, Synchronize, own};
use diptych::prelude::*;
use diptych::{Expr, Expression, State, assert_statements, column};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, proptest};
use proptest::test_runner::Config;

use super::forum::rows;
use super::mappings::mapped;
use super::property::cases;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(discriminator = kind, identity = "staff")]
#[has_many(badges: Badge, inverse = holder)]
struct Staff {
    #[key(auto)]
    id: Id<Staff>,
    kind: String,
    #[unique]
    name: String,
    #[version]
    version: i64,
}

/// In the table of its base.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(identity = "cook")]
struct Cook {
    #[base]
    staff: Staff,
    dish: Option<String>,
}

/// In a table of its own, beside that of its base.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(identity = "waiter", table = "waiters")]
#[check(few = column("tables").lt(100))]
struct Waiter {
    #[base]
    staff: Staff,
    tables: i64,
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[belongs_to(holder: Staff, via = holder_id, inverse = badges)]
struct Badge {
    #[key(auto)]
    id: Id<Badge>,
    #[references(Staff, on_delete = cascade)]
    holder_id: Id<Staff>,
    worth: i64,
}

fn database() -> Database {
    Database::of::<(Staff, Cook, Waiter, Badge)>().expect("the model is right")
}

fn staff(name: &str) -> Staff {
    Staff { name: name.to_owned(), ..Staff::draft() }
}

fn cook(name: &str) -> Cook {
    Cook { staff: staff(name), dish: Some(format!("{name}'s")) }
}

fn waiter(name: &str, tables: i64) -> Waiter {
    Waiter { staff: staff(name), tables }
}

#[test]
fn rows_are_inserted_without_objects_and_come_back_with_their_keys() -> Result<()> {
    let database = database();
    let mut session = database.session();
    let ann = session.add(staff("Ann"));
    let made = assert_statements!(session, 2, { session.insert_many([staff("Eve"), staff("Joe")])? });
    let shown: Vec<_> = made.iter().map(|it| (it.id, it.kind.as_str(), it.version)).collect();
    assert_eq!(shown, [(Id::new(2), "staff", 1), (Id::new(3), "staff", 1)], "what was pending went first");
    assert_eq!((session.len(), session.get(ann)?.id), (1, Id::new(1)));
    let more = session.insert_many([cook("Pia")])?;
    assert_eq!((more[0].staff.id, more[0].staff.kind.as_str()), (Id::new(4), "cook"));
    let more = assert_statements!(session, 2, { session.insert_many([waiter("Tom", 4), waiter("Kim", 6)])? });
    assert_eq!((more[1].staff.id, more[1].staff.kind.as_str(), more[1].tables), (Id::new(6), "waiter", 6));
    session.commit()?;
    let session = database.session();
    let found = session.all(Waiter::select().order_by(Waiter::tables))?;
    assert_eq!(found.iter().map(|it| it.entity().clone()).collect::<Vec<_>>(), more);
    assert_eq!(session.count(Staff::select())?, 6);
    assert!(database.session().insert_many(Vec::<Cook>::new())?.is_empty());
    Ok(())
}

/// A row that is refused takes all others of the call along, in every table, and nothing else.
#[test]
fn all_rows_are_inserted_or_none() -> Result<()> {
    let mut session = database().session();
    session.insert_many([staff("Ann")])?;
    for _ in 0..2 {
        assert!(session.insert_many([staff("Eve"), staff("Ann")]).is_err());
        assert!(session.insert_many([waiter("Joe", 1), waiter("Joe", 2)]).is_err());
        assert!(session.insert_many([waiter("Joe", 1), waiter("Kim", 200)]).is_err(), "the second table refuses");
        assert_eq!((rows(&mut session, "staffs").len(), rows(&mut session, "waiters").len()), (1, 0));
    }
    session.insert_many([waiter("Joe", 1)])?;
    session.commit()?;
    assert_eq!(session.count(Waiter::select())?, 1);
    Ok(())
}

#[test]
fn objects_follow_an_update_of_many_rows_as_asked() -> Result<()> {
    for synchronize in [Synchronize::Auto, Synchronize::Evaluate, Synchronize::Fetch, Synchronize::Not] {
        let mut session = database().session();
        let holder = session.add(staff("Ann"));
        let badges = [1, 2, 3].map(|worth| Badge { worth, ..Badge::draft() });
        let badges = badges.map(|it| session.push(holder, Staff::badges, it).expect("it can be pushed"));
        session.commit()?;
        let worth = |session: &Session| badges.map(|it| session.get(it).expect("it is there").worth);
        assert_eq!(worth(&session), [1, 2, 3]);
        let tenfold = || Hybrid::<Badge, i64>::new(own(Badge::worth).times(10));
        let of_many = Badge::select().filter(Badge::worth.ge(2));
        let changed = session.update_where(of_many, [Badge::worth.becomes_computed(tenfold())], synchronize)?;
        let followed = if synchronize == Synchronize::Not { [1, 2, 3] } else { [1, 20, 30] };
        assert_eq!((changed, worth(&session)), (2, followed), "{synchronize:?}");
        session.commit()?;
        assert_eq!(worth(&session), [1, 20, 30], "{synchronize:?}");
        let gone = session.delete_where(Badge::select().filter(Badge::worth.eq(20)), synchronize)?;
        let state = if synchronize == Synchronize::Not { State::Persistent } else { State::Deleted };
        assert_eq!((gone, session.state(badges[1])?), (1, state), "{synchronize:?}");
    }
    Ok(())
}

/// Of a class that extends another, both its own columns and those of its base, and only its rows.
#[test]
fn rows_of_a_subclass_are_changed_alone() -> Result<()> {
    let mut session = database().session();
    session.insert_many([staff("Ann")])?;
    session.insert_many([cook("Eve"), cook("Joe")])?;
    session.insert_many([waiter("Tom", 4), waiter("Kim", 6)])?;
    let none = Cook::select().filter(Cook::dish.eq("Eve's"));
    assert_eq!(session.update_where(none, [Cook::dish.becomes(None)], Synchronize::Auto)?, 1);
    let busy = Waiter::select().filter(Waiter::tables.gt(4));
    assert_eq!(session.update_where(busy, [Waiter::tables.becomes(5)], Synchronize::Auto)?, 1);
    let kim = Waiter::select().filter(Waiter::tables.eq(5));
    let other = [Staff::name.becomes("Kit").of_subclass::<Waiter>()];
    assert_eq!(session.update_where(kim, other, Synchronize::Auto)?, 1);
    let names: Vec<String> =
        session.all(Staff::select().order_by(Staff::name))?.iter().map(|it| it.name.clone()).collect();
    assert_eq!(names, ["Ann", "Eve", "Joe", "Kit", "Tom"]);
    assert_eq!(session.delete_where(Cook::select(), Synchronize::Auto)?, 2);
    assert_eq!((session.count(Staff::select())?, session.count(Cook::select())?), (3, 0));
    Ok(())
}

/// What an object has not read decides nothing: the tables are asked.
#[test]
fn a_condition_on_what_was_not_read_is_asked_of_the_tables() -> Result<()> {
    let database = database();
    database.session().insert_many([cook("Eve")]).map(drop)?;
    let mut session = database.session();
    session.insert_many([waiter("Tom", 4)])?;
    let tom = session.one(Staff::select().filter(Staff::name.eq("Tom")))?.reference();
    let busy = || Waiter::select().filter(Waiter::tables.eq(4));
    let other = || [Staff::name.becomes("Tim").of_subclass::<Waiter>()];
    assert!(session.update_where(busy(), other(), Synchronize::Evaluate).is_err(), "nobody knows his tables");
    assert_eq!(session.update_where(busy(), other(), Synchronize::Auto)?, 1);
    assert_eq!(session.get(tom)?.name, "Tim");
    Ok(())
}

#[test]
fn a_savepoint_takes_back_what_objects_have_followed() -> Result<()> {
    let mut session = database().session();
    let ann = session.add(staff("Ann"));
    session.commit()?;
    session.get(ann)?;
    session.savepoint()?;
    session.update_where(Staff::select(), [Staff::name.becomes("Anna")], Synchronize::Auto)?;
    assert_eq!(session.get(ann)?.name, "Anna");
    session.rollback_to()?;
    assert_eq!(session.get(ann)?.name, "Ann");
    Ok(())
}

/// A statement on a base changes its table, not the whole tables of its subclasses.
#[test]
fn objects_of_other_tables_do_not_follow() -> Result<()> {
    let mut session = mapped(Inheritance::Concrete).session();
    session.untyped().add("Shape", &[("id", 1.into()), ("name", "a".into())])?;
    let circle = session.untyped().add("Circle", &[("id", 2.into()), ("name", "a".into()), ("radius", 1.into())])?;
    session.commit()?;
    let mut untyped = session.untyped();
    untyped.value(circle, "name")?;
    assert_eq!(untyped.update_where("Shape", &[("name", Expr::Value("z".into()))], None, Synchronize::Auto)?, 1);
    assert_eq!(untyped.value(circle, "name")?, "a".into());
    assert_eq!(untyped.delete_where("Shape", None, Synchronize::Auto)?, 1);
    assert_eq!(session.state(circle)?, State::Persistent);
    Ok(())
}

#[test]
fn what_a_statement_on_many_rows_cannot_say_is_refused() -> Result<()> {
    let mut session = database().session();
    session.insert_many([staff("Ann"), staff("Eve")])?;
    let queries = [
        Staff::select().limit(1),
        Staff::select().order_by(Staff::name),
        Staff::select().join(Staff::badges.join()),
        Staff::select().loading(Staff::badges.selectin()),
    ];
    for query in queries {
        let refusal = session.delete_where(query.clone(), Synchronize::Auto).expect_err("it asks for more");
        assert!(refusal.to_string().contains("takes the condition of a query"), "{refusal}");
        assert!(session.update_where(query, [Staff::name.becomes("x")], Synchronize::Auto).is_err());
    }
    assert_eq!(session.count(Staff::select())?, 2);
    let keys = session.update_where(Staff::select(), [Staff::id.becomes(Id::new(9))], Synchronize::Auto);
    assert!(keys.expect_err("objects would not follow").to_string().contains("would not follow another key"));
    let both = session.update_where(Staff::select(), [Staff::name.becomes("same")], Synchronize::Auto);
    assert!(both.is_err(), "names are unique");
    assert_eq!(session.count(Staff::select().filter(Staff::name.eq("same")))?, 0);
    Ok(())
}

#[test]
fn a_column_that_was_expired_is_not_computed_with() -> Result<()> {
    #[derive(Entity, Clone, Debug)]
    #[entity(table = "users")]
    struct User {
        #[key(auto)]
        id: Id<User>,
        name: String,
        email: String,
    }
    let mut session = Database::of::<(User,)>()?.session();
    let it = session.add(User { name: "Ada".into(), ..User::draft() });
    session.commit()?;
    session.get(it)?;
    session.execute(diptych::query::Update::table("users").set("name", "Zoe"))?;
    session.expire_field(it, User::name)?;
    let lower = Hybrid::<_, String>::new(own(User::name).lower());
    session.update_where(User::select(), [User::email.becomes_computed(lower)], Synchronize::Auto)?;
    assert_eq!(session[it].email, "zoe");
    Ok(())
}

fn many() -> impl Strategy<Value = Vec<(u8, u8, bool)>> {
    vec((0..3_u8, 0..40_u8, any::<bool>()), 0..12)
}

/// A statement that writes foreign keys leads rows from one owner to another: of what was read, references lead where they
/// say now, and collections show who has come, whether their object was at hand, and nobody who has left.
#[test]
fn references_and_collections_follow_what_is_written_into_foreign_keys() -> Result<()> {
    let database = database();
    let mut session = database.session();
    let [ann, bob] = ["ann", "bob"].map(|name| session.add(staff(name)));
    session.flush()?;
    let (one, other) = (session.get(ann)?.id, session.get(bob)?.id);
    for worth in 0..4 {
        session.add(Badge { holder_id: one, worth, ..Badge::draft() });
    }
    session.commit()?;

    let mut session = database.session();
    let found = |session: &Session, id| session.find::<Staff>(id).map(|it| it.expect("it is there").reference());
    let (ann, bob) = (found(&session, one)?, found(&session, other)?);
    let held = session.first(Badge::select().filter(Badge::worth.eq(1)))?.expect("it is there").reference();
    assert_eq!(session.get(held)?.load(Badge::holder)?.id, one);
    let worths = |session: &Session, staff: Ref<Staff>| -> Result<Vec<i64>> {
        let mut all: Vec<i64> = session.get(staff)?.load(Staff::badges)?.iter().map(|it| it.worth).collect();
        all.sort_unstable();
        Ok(all)
    };
    assert!(worths(&session, bob)?.is_empty());
    let low = Badge::select().filter(Badge::worth.lt(2));
    assert_eq!(session.update_where(low, [Badge::holder_id.becomes(other)], Synchronize::Auto)?, 2);
    assert_eq!(session.get(held)?.load(Badge::holder)?.id, other);
    assert_eq!((worths(&session, ann)?, worths(&session, bob)?), (vec![2, 3], vec![0, 1]));
    let least = Badge::select().filter(Badge::worth.eq(0));
    session.update_where(least, [Badge::holder_id.becomes(one)], Synchronize::Auto)?;
    assert_eq!((worths(&session, ann)?, worths(&session, bob)?), (vec![0, 2, 3], vec![1]));
    session.rollback()?;
    assert_eq!(session.get(held)?.load(Badge::holder)?.id, one);
    assert_eq!((worths(&session, ann)?, worths(&session, bob)?), (vec![0, 1, 2, 3], vec![]));
    Ok(())
}

proptest! {
    #![proptest_config(Config { cases: cases(64), failure_persistence: None, ..Config::default() })]

    /// What is inserted at once is what objects would have become.
    #[test]
    fn rows_at_once_are_the_rows_of_objects(calls in vec(many(), 0..4)) {
        let (mut at_once, mut one_by_one) = (database().session(), database().session());
        for call in calls {
            for kind in 0..3_u8 {
                let of_kind = || call.iter().filter(move |it| it.0 == kind);
                let (done, flushed) = match kind {
                    0 => {
                        let all: Vec<Staff> = of_kind().map(|it| staff(&it.1.to_string())).collect();
                        for it in &all {
                            one_by_one.add(it.clone());
                        }
                        (at_once.insert_many(all).is_ok(), one_by_one.flush().is_ok())
                    }
                    1 => {
                        let dish = |it: bool| it.then(|| "soup".to_owned());
                        let all: Vec<Cook> =
                            of_kind().map(|it| Cook { dish: dish(it.2), ..cook(&it.1.to_string()) }).collect();
                        for it in &all {
                            one_by_one.add(it.clone());
                        }
                        (at_once.insert_many(all).is_ok(), one_by_one.flush().is_ok())
                    }
                    _ => {
                        let all: Vec<Waiter> = of_kind().map(|it| waiter(&it.1.to_string(), i64::from(it.2))).collect();
                        for it in &all {
                            one_by_one.add(it.clone());
                        }
                        (at_once.insert_many(all).is_ok(), one_by_one.flush().is_ok())
                    }
                };
                assert_eq!(done, flushed);
                if done {
                    at_once.commit().expect("it can be committed");
                    one_by_one.commit().expect("it can be committed");
                } else {
                    at_once.rollback().expect("it can be taken back");
                    one_by_one.rollback().expect("it can be taken back");
                }
                for table in ["staffs", "waiters"] {
                    assert_eq!(rows(&mut at_once, table), rows(&mut one_by_one, table));
                }
            }
        }
    }
}
