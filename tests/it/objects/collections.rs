//! What a collection can be (checklist: list, ordered list with a position column, set, keyed map).

use diptych::State;
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[has_many(tracks: Track, inverse = album, order_by(position), ordered)]
#[many_to_many(moods: Mood, through = "album_moods", collection = set)]
struct Album {
    #[key(auto)]
    id: Id<Album>,
}

#[derive(Entity, Clone, Debug)]
#[belongs_to(album: Album, inverse = tracks)]
struct Track {
    #[key(auto)]
    id: Id<Track>,
    #[references(Album)]
    album_id: Option<Id<Album>>,
    name: String,
    position: i64,
}

#[derive(Entity, Clone, Debug)]
struct Mood {
    #[key(auto)]
    id: Id<Mood>,
    name: String,
}

fn track(name: &str) -> Track {
    Track { name: name.to_owned(), ..Track::draft() }
}

/// The tracks of an album in the order of its rows, with their positions.
fn stored(session: &mut Session, album: Ref<Album>) -> Result<String> {
    session.commit()?;
    let tracks = session.get(album)?.load(Album::tracks)?;
    Ok(tracks.iter().map(|it| format!("{}{}", it.name, it.position)).collect::<Vec<_>>().join(" "))
}

/// An ordered list: positions are kept at push, insert, move, replace and remove, and from the other side.
#[test]
fn an_ordered_list_keeps_the_positions_of_its_members() -> Result<()> {
    let mut session = Database::of::<(Album, Track, Mood)>()?.session();
    let album = session.add(Album::draft());
    let a = session.push(album, Album::tracks, track("a"))?;
    let b = session.push(album, Album::tracks, track("b"))?;
    assert_eq!(stored(&mut session, album)?, "a0 b1");
    let c = session.insert(album, Album::tracks, 1, track("c"))?;
    assert_eq!(stored(&mut session, album)?, "a0 c1 b2");
    session.move_to(album, Album::tracks, b, 0)?;
    assert_eq!(stored(&mut session, album)?, "b0 a1 c2");
    session.remove(album, Album::tracks, b)?;
    assert_eq!(stored(&mut session, album)?, "a0 c1");
    session.set(b, Track::album, album)?;
    assert_eq!(stored(&mut session, album)?, "a0 c1 b2", "from the other side");
    session.set(a, Track::album, None)?;
    assert_eq!(stored(&mut session, album)?, "c0 b1");
    session.replace(album, Album::tracks, [b, c])?;
    assert_eq!(stored(&mut session, album)?, "b0 c1");
    assert!(session.move_to(album, Album::tracks, a, 0).is_err(), "it is no member");
    Ok(())
}

/// A list of which a query has shown a part is numbered as a whole.
#[test]
fn members_that_a_query_has_left_out_have_positions_too() -> Result<()> {
    let database = Database::of::<(Album, Track, Mood)>()?;
    let mut session = database.session();
    let album = session.add(Album::draft());
    for name in ["a", "b", "c"] {
        session.push(album, Album::tracks, track(name))?;
    }
    session.commit()?;
    type Change = fn(&mut Session, Ref<Album>) -> Result<()>;
    let changes: [(Change, &str); 4] = [
        (|it, album| it.push(album, Album::tracks, track("d")).map(drop), "a0 b1 c2 d3"),
        (|it, album| it.insert(album, Album::tracks, 0, track("d")).map(drop), "d0 a1 b2 c3"),
        (
            |it, album| {
                let shown = it.get(album)?.loaded(Album::tracks)?.references()[0];
                it.remove(album, Album::tracks, shown)
            },
            "a0 c1",
        ),
        (
            |it, album| {
                let shown = it.get(album)?.loaded(Album::tracks)?.references()[0];
                it.set(shown, Track::album, None)
            },
            "a0 c1",
        ),
    ];
    for (change, expected) in changes {
        let fork = database.fork();
        let mut session = fork.session();
        let only = Track::name.eq("b");
        let album = session.one(Album::select().with(Album::tracks.selectin().filter(only)))?.reference();
        change(&mut session, album)?;
        session.commit()?;
        session.let_go_of_all();
        let album = session.one(Album::select())?.reference();
        assert_eq!(stored(&mut session, album)?, expected);
    }
    Ok(())
}

/// As SQLAlchemy's ordered lists do, one renumbers all behind the place where a member comes; that is one statement,
/// however many there are.
#[test]
fn what_an_ordered_list_moves_is_written_together() -> Result<()> {
    let mut session = Database::of::<(Album, Track, Mood)>()?.session();
    let album = session.add(Album::draft());
    for at in 0..200 {
        session.push(album, Album::tracks, track(&format!("{at}")))?;
    }
    session.commit()?;
    session.get(album)?.load(Album::tracks)?;
    session.insert(album, Album::tracks, 0, track("first"))?;
    let plan = session.plan_flush()?.to_string();
    assert_eq!(plan, "update tracks (position)  200 rows\ninsert tracks  1 rows\n");
    diptych::assert_statements!(session, 2, { session.flush()? });
    let last = *session.get(album)?.loaded(Album::tracks)?.references().last().expect("there are some");
    session.move_to(album, Album::tracks, last, 0)?;
    diptych::assert_statements!(session, 1, { session.flush()? });
    let stored = stored(&mut session, album)?;
    assert!(stored.starts_with("1990 first1 02 13 ") && stored.ends_with(" 198200"), "{stored}");
    Ok(())
}

/// A set holds a member once; a collection is a map by a column of its members.
#[test]
fn a_set_holds_a_member_once_and_a_collection_is_a_map_by_a_column() -> Result<()> {
    let mut session = Database::of::<(Album, Track, Mood)>()?.session();
    let album = session.add(Album::draft());
    let calm = session.push(album, Album::moods, Mood { name: "calm".into(), ..Mood::draft() })?;
    let wild = session.push(album, Album::moods, Mood { name: "wild".into(), ..Mood::draft() })?;
    session.push(album, Album::moods, calm)?;
    assert_eq!(session.get(album)?.loaded(Album::moods)?.len(), 2);
    let by_name = session.keyed(album, Album::moods, Mood::name)?;
    assert_eq!((by_name.get("calm"), by_name.get("wild"), by_name.len()), (Some(&calm), Some(&wild), 2));
    session.commit()?;
    assert_eq!(session.keyed(album, Album::moods, Mood::name)?.len(), 2);
    Ok(())
}

/// A member that may not come in refuses the whole, and what was there stays: in the collection and in its rows.
#[test]
fn what_may_not_come_in_leaves_a_collection_as_it_was() -> Result<()> {
    let mut session = Database::of::<(Album, Track, Mood)>()?.session();
    let album = session.add(Album::draft());
    let tracks = ["a", "b"].map(|name| session.add(track(name)));
    session.replace(album, Album::tracks, tracks)?;
    let gone = session.add(track("gone"));
    session.commit()?;
    session.delete(gone)?;
    session.flush()?;
    let other = session.add(track("c"));
    session.replace(album, Album::tracks, [tracks[1], other, gone]).expect_err("its row is gone");
    session.push(album, Album::tracks, gone).expect_err("its row is gone");
    let mut by_name = session.untyped();
    by_name.set_item(album.untyped(), "tracks", 0, gone.untyped()).expect_err("its row is gone");
    let held = session.get(album)?.load(Album::tracks)?.references();
    assert_eq!(held, tracks);
    assert_eq!(stored(&mut session, album)?, "a0 b1");
    Ok(())
}

/// Its key may be that of another row by then, which is not its own to delete.
#[test]
fn what_has_gone_for_good_does_not_come_back_by_a_collection() -> Result<()> {
    #[derive(Entity, Clone, Debug)]
    #[has_many(pens: Pen, inverse = cup, cascade(all, delete_orphan))]
    struct Cup {
        #[key]
        id: i64,
    }
    #[derive(Entity, Clone, Debug)]
    #[belongs_to(cup: Cup, inverse = pens)]
    struct Pen {
        #[key]
        id: i64,
        #[references(Cup)]
        cup_id: Option<i64>,
    }
    let mut session = Database::of::<(Cup, Pen)>()?.session();
    let cup = session.add(Cup { id: 1 });
    let gone = session.push(cup, Cup::pens, Pen { id: 1, cup_id: None })?;
    session.commit()?;
    session.delete(gone)?;
    session.commit()?;
    session.push(cup, Cup::pens, gone).expect_err("its row is gone");
    let other = session.push(cup, Cup::pens, Pen { id: 1, cup_id: None })?;
    session.flush()?;
    session.remove(cup, Cup::pens, gone)?;
    session.commit()?;
    assert_eq!(session.all(Pen::select())?.references(), [other]);
    Ok(())
}

/// A flush writes nothing for a member that has left the session meanwhile, so the collection does not show it, whether it
/// was read or not.
#[test]
fn a_member_that_has_left_the_session_is_not_shown_once_a_flush_has_passed_over_it() -> Result<()> {
    for is_loaded in [false, true] {
        let database = Database::of::<(Album, Track, Mood)>()?;
        let mut first = database.session();
        first.add(Album::draft());
        first.add(Mood { name: "calm".into(), ..Mood::draft() });
        first.commit()?;
        let mut session = database.session();
        let album = session.one(Album::select())?.reference();
        let mood = session.one(Mood::select())?.reference();
        if is_loaded {
            assert_eq!(session.get(album)?.load(Album::moods)?.len(), 0);
        }
        session.push(album, Album::moods, mood)?;
        session.expunge(mood)?;
        session.flush()?;
        assert_eq!(session.get(album)?.load(Album::moods)?.len(), 0, "loaded: {is_loaded}");
    }
    Ok(())
}

/// Of two objects that were let go of and are of one row, none comes when both are brought.
#[test]
fn two_of_one_row_do_not_come_together() -> Result<()> {
    let database = Database::of::<(Album, Track, Mood)>()?;
    let mut session = database.session();
    session.add(Mood { name: "calm".into(), ..Mood::draft() });
    session.commit()?;
    let mut twins = Vec::new();
    for _ in 0..2 {
        let mood = session.one(Mood::select())?.reference();
        session.expunge(mood)?;
        twins.push(mood);
    }
    let album = session.transient(Album::draft())?;
    for &it in &twins {
        session.push(album, Album::moods, it)?;
    }
    session.save(album).expect_err("they are of one row");
    let states = twins.iter().map(|it| session.state(*it)).collect::<Result<Vec<_>>>()?;
    assert_eq!((session.state(album)?, states), (State::Transient, vec![State::Detached; 2]));
    Ok(())
}
