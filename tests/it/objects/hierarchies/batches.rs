//! Rows of hierarchies, and of classes that count versions, are written many at a time: one statement for each table.

use diptych::error::Misuse;
use diptych::object::{FieldAssignment, Polymorphic, Synchronize, Term};
use diptych::prelude::*;
use diptych::{AnyRef, Class, Column, Expression, ForeignKey, Table, assert_statements, column};

#[derive(Entity, Clone, Debug)]
#[entity(discriminator = kind, identity = "part")]
struct Part {
    #[key]
    shelf: i64,
    #[key]
    place: i64,
    kind: String,
    name: String,
    #[version]
    version: i64,
}

/// In the table of its base.
#[derive(Entity, Clone, Debug)]
#[entity(identity = "screw")]
struct Screw {
    #[base]
    part: Part,
    size: Option<i64>,
}

/// In a table of its own.
#[derive(Entity, Clone, Debug)]
#[entity(identity = "motor", table = "motors")]
struct Motor {
    #[base]
    part: Part,
    volts: i64,
}

#[derive(Entity, Clone, Debug)]
struct Page {
    #[key(auto)]
    id: Id<Page>,
    text: String,
    score: i64,
    #[version]
    version: i64,
}

fn database() -> Database {
    Database::of::<(Part, Screw, Motor, Page)>().unwrap_or_else(|error| panic!("{error}"))
}

fn part(shelf: i64, place: i64) -> Part {
    Part { shelf, place, name: "new".into(), ..Part::draft() }
}

fn screw(place: i64) -> Screw {
    Screw { part: part(1, place), size: Some(place) }
}

fn motor(place: i64) -> Motor {
    Motor { part: part(2, place), volts: place }
}

const MANY: i64 = 50;

#[test]
fn versions_of_many_rows_are_counted_by_one_statement() -> Result<()> {
    let database = database();
    let mut session = database.session();
    let all: Vec<Ref<Page>> = (0..MANY).map(|_| session.add(Page::draft())).collect();
    assert_statements!(session, 1, { session.flush()? });
    for round in 2..4 {
        for (at, &it) in all.iter().enumerate() {
            session.edit(it)?.score = 100 * round + at as i64;
        }
        assert_statements!(session, 1, { session.flush()? });
        assert!(all.iter().all(|it| session[*it].version == round));
    }
    session.commit()?;
    // Written by hand, a version is what was written.
    session.all(Page::select())?;
    session.edit(all[0])?.version = 40;
    session.edit(all[1])?.version = 50;
    assert_statements!(session, 1, { session.commit()? });
    let fresh = database.session();
    let versions = fresh.all(Page::select().order_by(Page::id).limit(3))?;
    assert_eq!(versions.iter().map(|it| it.version).collect::<Vec<_>>(), [40, 50, 3]);
    assert_eq!(fresh.all(Page::select())?.iter().map(|it| it.score).max(), Some(300 + MANY - 1));
    Ok(())
}

#[test]
fn objects_of_a_hierarchy_are_written_table_by_table() -> Result<()> {
    let database = database();
    let mut session = database.session();
    let screws: Vec<Ref<Screw>> = (0..MANY).map(|it| session.add(screw(it))).collect();
    let motors: Vec<Ref<Motor>> = (0..MANY).map(|it| session.add(motor(it))).collect();
    assert_statements!(session, 2, { session.flush()? });
    assert_eq!((session[motors[4]].volts, session[motors[4]].part.version), (4, 1));
    for &it in &screws {
        session.edit(it)?.size = Some(700);
    }
    assert_statements!(session, 1, { session.flush()? });
    for &it in &motors {
        session.edit(it)?.volts += 100;
    }
    // The version stands in the table of the base.
    assert_statements!(session, 2, { session.flush()? });
    assert_eq!((session[motors[4]].volts, session[motors[4]].part.version), (104, 2));
    for &it in &motors {
        session.edit(it)?.part.name = "old".into();
    }
    assert_statements!(session, 1, { session.flush()? });
    for (at, &it) in motors.iter().enumerate() {
        session.edit(it)?.part.name = format!("motor {at}");
        session.edit(it)?.volts = at as i64;
    }
    assert_statements!(session, 2, { session.commit()? });
    let fresh = database.session();
    for it in &fresh.all(Motor::select())? {
        let place = it.part.place;
        assert_eq!((&*it.name, it.volts, it.version), (&*format!("motor {place}"), place, 4));
    }
    assert!(fresh.all(Screw::select())?.iter().all(|it| it.size == Some(700) && it.version == 2));
    Ok(())
}

/// What nobody has read of an object stays as it is, and is not asked for.
#[test]
fn objects_that_are_not_known_whole_are_written_with_the_others() -> Result<()> {
    let database = database();
    let mut session = database.session();
    for it in 0..4 {
        session.add(motor(it));
    }
    session.commit()?;
    let mut session = database.session();
    let all = session.all(Part::select().order_by(Part::place))?.references();
    for &it in &all {
        session.edit(it)?.name = "other".into();
    }
    assert_statements!(session, 1, { session.commit()? });
    let fresh = database.session();
    let volts: Vec<i64> = fresh.all(Motor::select().order_by(Motor::volts))?.iter().map(|it| it.volts).collect();
    assert_eq!(volts, [0, 1, 2, 3]);
    assert!(fresh.all(Part::select())?.iter().all(|it| it.name == "other" && it.version == 2));
    Ok(())
}

#[test]
fn objects_of_a_hierarchy_go_table_by_table() -> Result<()> {
    let database = database();
    let mut session = database.session();
    for it in 0..MANY {
        session.add(screw(it));
    }
    for it in 0..MANY {
        session.add(motor(it));
    }
    session.commit()?;
    let screws = session.all(Screw::select())?.references();
    let motors = session.all(Motor::select())?.references();
    for &it in &screws {
        session.delete(it)?;
    }
    // The versions are looked at first.
    assert_statements!(session, 2, { session.flush()? });
    for &it in &motors {
        session.delete(it)?;
    }
    assert_statements!(session, 3, { session.commit()? });
    assert_eq!(session.count(Part::select())?, 0);

    // Of those that are not known, the versions are read first, of all at once.
    let pages: Vec<Ref<Page>> = (0..MANY).map(|_| session.add(Page::draft())).collect();
    session.commit()?;
    for &it in &pages {
        session.delete(it)?;
    }
    assert_statements!(session, 3, { session.commit()? });
    Ok(())
}

/// The first of them that is stale is named, whichever it is, and in whichever way.
#[test]
fn each_stale_row_is_named() -> Result<()> {
    for stale in 0..4 {
        for gone in [false, true] {
            let database = database();
            let mut session = database.session();
            let pages: Vec<Ref<Page>> = (0..4).map(|_| session.add(Page::draft())).collect();
            let motors: Vec<Ref<Motor>> = (0..4).map(|it| session.add(motor(it))).collect();
            session.commit()?;
            session.all(Page::select())?;
            session.all(Motor::select())?;
            session.set_autoflush(false);
            let page = || Page::select().filter(Page::id.eq(Id::new(stale + 1)));
            let part = || Part::select().filter(Part::place.eq(stale));
            for &it in &pages {
                session.edit(it)?.score = 1;
            }
            match gone {
                true => session.delete_where(page(), Synchronize::Not)?,
                false => session.update_where(page(), [Page::version.becomes(9)], Synchronize::Not)?,
            };
            let refused = session.flush().expect_err("one is stale");
            let Some(Misuse::Stale { row }) = refused.misuse() else { panic!("{refused}") };
            assert_eq!((&*row.table, &row.key[..]), ("pages", &[(stale + 1).into()][..]));
            let object = refused.in_flush().and_then(|it| it.object.clone());
            assert_eq!(object, Some(format!("Page[{}]", stale + 1)));
            for &it in &pages {
                session.expire(it)?;
            }
            for &it in &motors {
                session.edit(it)?.volts = 100;
            }
            match gone {
                true => session.delete_where(part(), Synchronize::Not)?,
                false => session.update_where(part(), [Part::version.becomes(9)], Synchronize::Not)?,
            };
            let refused = session.flush().expect_err("one is stale");
            let Some(Misuse::Stale { row }) = refused.misuse() else { panic!("{refused}") };
            assert_eq!((&*row.table, &row.key[..]), ("parts", &[2.into(), stale.into()][..]));
        }
    }
    Ok(())
}

/// What an object lets the table compute is written by itself, beside the others.
#[test]
fn what_is_computed_by_the_table_is_written_apart() -> Result<()> {
    let database = database();
    let mut session = database.session();
    for it in 0..5 {
        session.add(motor(it));
    }
    session.commit()?;
    let motors: Vec<AnyRef> =
        session.all(Motor::select().order_by(Motor::volts))?.iter().map(|it| it.reference().untyped()).collect();
    for &it in &motors[1..] {
        session.untyped().assign(it, "volts", 50)?;
    }
    session.untyped().assign_expression(motors[0], "volts", column("volts").plus(1))?;
    assert_statements!(session, 4, { session.flush()? });
    session.commit()?;
    let volts: Vec<i64> = session.all(Motor::select().order_by(Motor::volts))?.iter().map(|it| it.volts).collect();
    assert_eq!(volts, [1, 50, 50, 50, 50]);
    Ok(())
}

/// A row of a part is found by what joins it, whatever that is called.
#[test]
fn a_part_whose_key_is_called_otherwise_is_written() -> Result<()> {
    let bases = Table::new("bases").auto_key("id").column(Column::text("kind")).column(Column::text("name"));
    let more = Table::new("mores").column(Column::int("base_id")).primary_key(["base_id"]).column(Column::int("more"));
    let more = more.column(Column::int("double").generated(column("more").times(2)));
    let more = Class::new("More", more.foreign_key(ForeignKey::new(["base_id"], "bases")));
    let more = more.inherits("Base").polymorphic(Polymorphic::default().identity("more"));
    let base = Class::new("Base", bases).polymorphic(Polymorphic::on("kind").identity("base"));
    let database = Database::with_classes([base, more], [])?;
    let mut session = database.session();
    let all: Vec<AnyRef> = (0..3)
        .map(|it| session.untyped().add("More", &[("name", "a".into()), ("more", it.into())]))
        .collect::<Result<_>>()?;
    session.commit()?;
    for &it in &all {
        session.untyped().assign(it, "name", "b")?;
        session.untyped().assign(it, "more", 5)?;
    }
    session.flush()?;
    assert_eq!(session.untyped().value(all[0], "double")?, 10.into(), "what the table computes is known");
    session.commit()?;
    let is_five = Term::column("more").eq(5);
    let found = session
        .untyped()
        .count("More", &diptych::object::Selection::new().filter(is_five.and(Term::column("name").eq("b"))))?;
    assert_eq!(found, 3);
    for &it in &all {
        session.untyped().delete(it)?;
    }
    session.commit()?;
    assert!(session.untyped().all("Base")?.is_empty());
    Ok(())
}
