//! Owners whose collections were read show what foreign key actions have done to their members.

use diptych::assert_statements;
use diptych::object::Synchronize;
use diptych::prelude::*;

/// The reserve is the room to which things go whose room goes. Neither collection knows of a reference of its members.
#[derive(Entity, Clone, Debug)]
#[has_many(things: Thing, via(room_number), passive_deletes = all)]
#[has_many(maps: Map, via(room_number), passive_deletes = all)]
struct Room {
    #[key]
    number: i64,
}

#[derive(Entity, Clone, Debug)]
struct Thing {
    #[key]
    id: i64,
    #[column(default = 0)]
    #[references(Room, on_delete = set_default, on_update = cascade)]
    room_number: i64,
}

#[derive(Entity, Clone, Debug)]
struct Map {
    #[key]
    id: i64,
    #[references(Room, on_delete = set_null, on_update = set_null)]
    room_number: Option<i64>,
}

#[derive(Entity, Clone, Debug)]
#[has_one(lamp: Lamp, via(street_name), passive_deletes = all)]
struct Street {
    #[key]
    id: i64,
    #[unique]
    name: String,
}

#[derive(Entity, Clone, Debug)]
struct Lamp {
    #[key]
    id: i64,
    #[unique]
    #[default("spare")]
    #[references(Street, column = name, on_update = set_default)]
    street_name: Option<String>,
}

/// The reserve, and a room with two things and a map.
fn rooms() -> Result<(Session, Ref<Room>, Ref<Room>)> {
    let database = Database::of::<(Room, Thing, Map)>()?;
    let mut session = database.session();
    session.insert_many([Room { number: 0 }, Room { number: 1 }])?;
    session.insert_many([Thing { id: 1, room_number: 1 }, Thing { id: 2, room_number: 1 }])?;
    session.insert_many([Map { id: 1, room_number: Some(1) }])?;
    session.commit()?;
    let rooms = session.all(Room::select().order_by(Room::number))?.references();
    Ok((session, rooms[0], rooms[1]))
}

fn things(session: &Session, room: Ref<Room>) -> Result<Vec<i64>> {
    let mut things: Vec<i64> = session.get(room)?.load(Room::things)?.iter().map(|it| it.id).collect();
    things.sort_unstable();
    Ok(things)
}

/// Whatever is at hand of the things and maps: all, one, or none.
fn for_each_at_hand(check: impl Fn(Session, Ref<Room>, Ref<Room>) -> Result<()>) -> Result<()> {
    for at_hand in 0..3 {
        let (session, reserve, room) = rooms()?;
        session.all(Thing::select().filter(Thing::id.le(at_hand)))?;
        if at_hand > 0 {
            session.all(Map::select())?;
        }
        assert!(things(&session, reserve)?.is_empty());
        check(session, reserve, room)?;
    }
    Ok(())
}

/// The collections are read in the transaction or the savepoint, too, and what came goes again when that is rolled back.
#[test]
fn what_an_action_sets_to_a_default_comes_to_the_owner_that_this_names() -> Result<()> {
    for in_savepoint in [false, true] {
        for_each_at_hand(|mut session, reserve, room| {
            if in_savepoint {
                session.savepoint()?;
            }
            session.delete(room)?;
            session.flush()?;
            assert_eq!(things(&session, reserve)?, [1, 2]);
            if in_savepoint {
                session.rollback_to()?
            } else {
                session.rollback()?
            }
            assert_eq!((things(&session, reserve)?, things(&session, room)?), (vec![], vec![1, 2]));
            Ok(())
        })?;
    }
    Ok(())
}

#[test]
fn a_statement_on_many_rows_brings_them_there_too() -> Result<()> {
    for_each_at_hand(|mut session, reserve, _| {
        session.delete_where(Room::select().filter(Room::number.eq(1)), Synchronize::Auto)?;
        assert_eq!(things(&session, reserve)?, [1, 2]);
        assert!(session.find::<Room>(1)?.is_none());
        Ok(())
    })
}

/// The members of the owner whose key changes are set to nothing; those that follow it stay.
#[test]
fn what_an_action_clears_leaves_its_owner_whose_key_has_changed() -> Result<()> {
    for_each_at_hand(|mut session, _, room| {
        assert_eq!(session.get(room)?.load(Room::maps)?.len(), 1);
        assert_eq!(things(&session, room)?, [1, 2]);
        session.edit(room)?.number = 7;
        assert_statements!(session, 1, {
            session.flush()?;
            assert_eq!(things(&session, room)?, [1, 2]);
        });
        assert_eq!(session.get(room)?.load(Room::maps)?.len(), 0);
        Ok(())
    })
}

/// By a key that is not that of its row, and where it has one member.
#[test]
fn an_owner_that_is_referred_to_by_another_key_shows_it_too() -> Result<()> {
    let database = Database::of::<(Street, Lamp)>()?;
    let mut session = database.session();
    session.insert_many([Street { id: 1, name: "a".into() }, Street { id: 2, name: "spare".into() }])?;
    session.insert_many([Lamp { id: 1, street_name: Some("a".into()) }])?;
    session.commit()?;
    let streets = session.all(Street::select().order_by(Street::id))?.references();
    let lamps = |session: &Session| -> Result<Vec<Option<i64>>> {
        streets.iter().map(|it| Ok(session.get(*it)?.load(Street::lamp)?.map(|it| it.id))).collect()
    };
    assert_eq!(lamps(&session)?, [Some(1), None]);
    session.edit(streets[0])?.name = "b".into();
    session.flush()?;
    assert_eq!(lamps(&session)?, [None, Some(1)]);
    Ok(())
}

/// A crate or a box stands in a store; each class has a whole table.
#[derive(Entity, Clone, Debug)]
#[has_many(crates: Crate, via(store_number), passive_deletes = all)]
struct Store {
    #[key]
    number: i64,
}

#[derive(Entity, Clone, Debug)]
#[entity(table = "crates", identity = "crate", discriminator = kind, union)]
struct Crate {
    #[key]
    id: i64,
    kind: String,
    #[references(Store, on_update = set_null)]
    store_number: Option<i64>,
}

#[derive(Entity, Clone, Debug)]
#[entity(identity = "box", concrete = "boxes")]
struct Carton {
    #[base]
    of: Crate,
    size: i64,
}

/// Members that stand in the table of a class below the one that the collection leads to leave it, too.
#[test]
fn what_an_action_clears_in_a_whole_table_leaves_its_owner() -> Result<()> {
    let mut session = Database::of::<(Store, Crate, Carton)>()?.session();
    let of = |id, store_number| Crate { id, store_number, ..Crate::draft() };
    session.add(Store { number: 1 });
    session.flush()?;
    session.add(Carton { of: of(1, Some(1)), size: 3 });
    session.commit()?;
    let store = session.one(Store::select())?.reference();
    assert_eq!(session.get(store)?.load(Store::crates)?.len(), 1);
    session.edit(store)?.number = 2;
    session.flush()?;
    assert_eq!(session.get(store)?.load(Store::crates)?.len(), 0);
    Ok(())
}
