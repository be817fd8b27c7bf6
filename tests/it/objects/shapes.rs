//! What each strategy says to the tables: the shape of its statements, for keys of one column and of several.

use diptych::error::Misuse;
use diptych::object::{LoadOption, Selection, Term};
use diptych::prelude::*;
use diptych::{Cascade, Class, Column, Direction, ForeignKey, Lazy, Relationship, Table};

/// Rooms with chairs: two in the first, three in the second, and so on.
fn house(rooms: i64, composite: bool) -> Result<Database> {
    let key: &[&'static str] = if composite { &["floor", "number"] } else { &["number"] };
    let reference: &[&'static str] = if composite { &["room_floor", "room_number"] } else { &["room_number"] };
    let columns =
        |table: Table, names: &[&'static str]| names.iter().fold(table, |it, name| it.column(Column::int(*name)));
    let room = columns(Table::new("rooms"), key).primary_key(key.iter().copied());
    let chair = columns(Table::new("chairs").auto_key("id"), reference);
    let chair = chair.foreign_key(ForeignKey::new(reference.iter().copied(), "rooms"));
    let rooms_have = Relationship::has_many("chairs", "Chair").order_by("id", Direction::Ascending);
    let database =
        Database::with_classes([Class::new("Room", room).relation(rooms_have), Class::new("Chair", chair)], [])?;
    let mut session = database.session();
    for number in 1..=rooms {
        let both = [("floor", 7.into()), ("number", number.into())];
        let room = session.untyped().add("Room", if composite { &both } else { &both[1..] })?;
        for _ in 0..number + 1 {
            let chair = session.untyped().construct("Chair", &[])?;
            session.untyped().push(room, "chairs", chair)?;
        }
    }
    session.commit()?;
    Ok(database)
}

/// What a query for the last two rooms says, and how many chairs each of the two has then.
fn said(database: &Database, lazy: Lazy) -> Result<(Vec<String>, Vec<usize>)> {
    let mut session = database.session();
    session.record();
    let order_by = vec![(Term::column("number"), Direction::Descending)];
    let query = Selection { order_by, limit: Some(2), ..Selection::new() };
    let mut by_name = session.untyped();
    let rooms = by_name.select("Room", &query.load(LoadOption::by("chairs", lazy)))?;
    let chairs = rooms.iter().map(|it| by_name.loaded(*it, "chairs").map(|it| it.map_or(0, |it| it.len())));
    let chairs = chairs.collect::<Result<Vec<_>>>()?;
    let texts = session.take_log().into_iter().filter_map(|it| Some(it.statement?.to_sql())).collect();
    Ok((texts, chairs))
}

/// The checklist's 55, 56 and 57: joined is a LEFT JOIN, selectin names the keys of the owners; and each brings the members
/// of the owners that the order and the limit of the query leave, whatever their key is made of. So does subquery, which
/// does not say the first query again, as it does in SQLAlchemy, but names the keys of all its owners at once.
#[test]
fn each_strategy_has_its_form_for_keys_of_one_column_and_of_several() -> Result<()> {
    for composite in [false, true] {
        let database = house(5, composite)?;
        for lazy in [Lazy::Joined, Lazy::Subquery, Lazy::Selectin] {
            let (texts, chairs) = said(&database, lazy)?;
            assert_eq!(chairs, [6, 5], "{lazy:?} {texts:#?}");
            match (lazy, &texts[..]) {
                (Lazy::Joined, [all]) => assert!(all.contains("LEFT JOIN") && all.contains("LIMIT 2"), "{all}"),
                (Lazy::Selectin | Lazy::Subquery, [first, second]) => {
                    assert!(first.contains("LIMIT 2") && !second.contains("LIMIT"), "{texts:#?}");
                    assert!(second.contains("IN (") && !second.contains("(SELECT"), "{second}");
                }
                _ => panic!("{lazy:?} has another number of statements: {texts:#?}"),
            }
        }
    }
    Ok(())
}

/// The checklist's 56 and 57: keys of several columns go in batches of the same size as others; subquery is one statement
/// for any number of owners.
#[test]
fn batches_of_composite_keys_have_their_size() -> Result<()> {
    let batch = diptych::object::BATCH as i64;
    let key: [&'static str; 2] = ["floor", "number"];
    let table = Table::new("rooms").column(Column::int("floor")).column(Column::int("number")).primary_key(key);
    let chairs = Table::new("chairs").auto_key("id").column(Column::int("f")).column(Column::int("n"));
    let chairs = chairs.foreign_key(ForeignKey::new(["f", "n"], "rooms"));
    let room = Class::new("Room", table).relation(Relationship::has_many("chairs", "Chair"));
    let database = Database::with_classes([room, Class::new("Chair", chairs)], [])?;
    let mut session = database.session();
    for number in 0..=batch {
        session.untyped().add("Room", &[("floor", 1.into()), ("number", number.into())])?;
    }
    session.commit()?;
    for (lazy, statements) in [(Lazy::Selectin, 1 + 2), (Lazy::Subquery, 1 + 1)] {
        let mut session = database.session();
        let rooms = session.untyped().select("Room", &Selection::new().load(LoadOption::by("chairs", lazy)))?;
        assert_eq!((rooms.len() as i64, session.totals().statements), (batch + 1, statements), "{lazy:?}");
    }
    Ok(())
}

/// The checklist's 66c: a target of `single_parent` has one owner at a time, as far as the session has seen who got it
/// (what keeps the tables so is a unique key), and is an orphan when that lets it go.
#[test]
fn a_single_parent_is_the_only_one() -> Result<()> {
    let passports = Class::new("Passport", Table::new("passports").auto_key("id"));
    let table = Table::new("people").auto_key("id").column(Column::int("passport_id").nullable());
    let owning = Relationship::belongs_to("passport", "Passport").single_parent(true);
    let owning = owning.cascade(Cascade::ALL | Cascade::DELETE_ORPHAN);
    let person =
        Class::new("Person", table.foreign_key(ForeignKey::new(["passport_id"], "passports"))).relation(owning);
    let database = Database::with_classes([passports, person], [])?;
    let mut session = database.session();
    let mut by_name = session.untyped();
    let (ann, bob) = (by_name.add("Person", &[])?, by_name.add("Person", &[])?);
    let passport = by_name.add("Passport", &[])?;
    by_name.set(ann, "passport", Some(passport))?;
    let refused = by_name.set(bob, "passport", Some(passport)).expect_err("it is Ann's");
    assert!(matches!(refused.misuse(), Some(Misuse::SingleParent { .. })), "{refused}");
    session.flush()?;
    let mut by_name = session.untyped();
    assert!(by_name.set(bob, "passport", Some(passport)).is_err(), "it is Ann's still");
    by_name.set(ann, "passport", None)?;
    by_name.set(bob, "passport", Some(passport))?;
    session.commit()?;
    let mut by_name = session.untyped();
    assert_eq!((by_name.related(bob, "passport")?, by_name.rows("passports")?.len()), (vec![passport], 1), "it moved");
    by_name.set(bob, "passport", None)?;
    session.commit()?;
    assert_eq!(session.untyped().rows("passports")?.len(), 0, "it is nobody's");
    Ok(())
}
