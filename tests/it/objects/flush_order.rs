//! The unit of work: what is written, in how many statements, and in which order.

use diptych::error::{ErrorKind, Misuse};
use diptych::prelude::*;
use diptych::{State, Value};

use super::forum::*;

/// Verb, table and columns of each step.
fn plan(session: &mut Session) -> Result<Vec<String>> {
    Ok(session.plan_flush()?.to_string().lines().map(str::to_owned).collect())
}

/// O4: only what differs is written, and nothing where nothing does.
#[test]
fn o4_only_changed_columns_are_written() -> Result<()> {
    let mut session = forum().session();
    let alice = session.add(user("alice"));
    let first = posted(&mut session, alice, "first");
    session.commit()?;
    session.edit(first)?.score = 5;
    assert_eq!(plan(&mut session)?, ["update posts (score)  1 rows"]);
    session.edit(first)?.score = 0;
    session.set(first, Post::author, alice)?;
    assert!(plan(&mut session)?.is_empty(), "back to what it was");
    let (ran, flushed) = statements(&mut session, Session::flush);
    flushed?;
    assert_eq!(ran, 0);
    Ok(())
}

#[test]
fn rows_of_the_same_shape_go_together() -> Result<()> {
    let mut session = forum().session();
    let alice = session.add(user("alice"));
    let posts: Vec<Ref<Post>> = (0..50).map(|at| posted(&mut session, alice, &format!("{at}"))).collect();
    assert_eq!(plan(&mut session)?, ["insert users  1 rows", "insert posts  50 rows"]);
    session.commit()?;
    for (at, post) in posts.iter().enumerate() {
        session.edit(*post)?.score = 1;
        if at % 2 == 0 {
            session.edit(*post)?.body.push('!');
        }
    }
    assert_eq!(plan(&mut session)?, ["update posts (body, score)  25 rows", "update posts (score)  25 rows"]);
    session.commit()?;
    posts.iter().try_for_each(|it| session.delete(*it))?;
    session.set_autoflush(false);
    let (ran, flushed) = statements(&mut session, Session::flush);
    flushed?;
    assert_eq!(ran, 1, "one DELETE");
    Ok(())
}

/// Parents and children may be added in any order, a tree of replies as well; generated keys flow.
#[test]
fn generated_keys_flow_whatever_the_order_of_adding() -> Result<()> {
    let mut session = forum().session();
    let leaf = session.add(post("leaf"));
    let middle = session.add(post("middle"));
    let root = session.add(post("root"));
    let alice = session.add(user("alice"));
    session.set(leaf, Post::parent, middle)?;
    session.push(root, Post::replies, middle)?;
    for post in [leaf, middle, root] {
        session.set(post, Post::author, alice)?;
    }
    session.commit()?;
    assert_eq!(session[leaf].parent_id, Some(session[middle].id));
    assert_eq!(session[middle].parent_id, Some(session[root].id));
    assert_eq!(session[root].parent_id, None);
    assert_eq!(session[root].author_id, session[alice].id);
    Ok(())
}

/// A reference from a persistent object to a new one, where it was NULL before.
#[test]
fn a_reference_to_a_new_object_is_written() -> Result<()> {
    let mut session = forum().session();
    let alice = session.add(user("alice"));
    let first = posted(&mut session, alice, "first");
    session.commit()?;
    let thread = posted(&mut session, alice, "thread");
    session.set(first, Post::parent, thread)?;
    session.commit()?;
    assert_eq!(session[first].parent_id, Some(session[thread].id));
    Ok(())
}

mod rings {
    use super::*;

    #[derive(Entity, Clone, Debug)]
    #[belongs_to(owner: Owner, via = owner_id)]
    pub(super) struct House {
        #[key(auto)]
        pub(super) id: Id<House>,
        #[references(Owner)]
        pub(super) owner_id: Id<Owner>,
    }

    #[derive(Entity, Clone, Debug)]
    #[belongs_to(home: House, via = home_id)]
    pub(super) struct Owner {
        #[key(auto)]
        pub(super) id: Id<Owner>,
        #[references(House)]
        pub(super) home_id: Option<Id<House>>,
    }

    #[derive(Entity, Clone, Debug)]
    #[belongs_to(egg: Egg, via = egg_id)]
    pub(super) struct Hen {
        #[key]
        pub(super) id: i64,
        #[references(Egg, deferred)]
        pub(super) egg_id: i64,
    }

    #[derive(Entity, Clone, Debug)]
    #[belongs_to(hen: Hen, via = hen_id)]
    pub(super) struct Egg {
        #[key]
        pub(super) id: i64,
        #[references(Hen)]
        pub(super) hen_id: i64,
    }

    #[derive(Entity, Clone, Debug)]
    #[belongs_to(right: Right, via = right_id)]
    pub(super) struct Left {
        #[key(auto)]
        pub(super) id: Id<Left>,
        #[references(Right)]
        pub(super) right_id: Id<Right>,
    }

    #[derive(Entity, Clone, Debug)]
    #[belongs_to(left: Left, via = left_id)]
    pub(super) struct Right {
        #[key(auto)]
        pub(super) id: Id<Right>,
        #[references(Left)]
        pub(super) left_id: Id<Left>,
    }
}

#[test]
fn a_ring_is_broken_where_a_key_may_be_null() -> Result<()> {
    use rings::*;
    let mut session = Database::of::<(House, Owner)>()?.session();
    let (house, owner) = (session.add(House::draft()), session.add(Owner::draft()));
    session.set(house, House::owner, owner)?;
    session.set(owner, Owner::home, house)?;
    assert_eq!(
        plan(&mut session)?,
        ["insert owners  1 rows", "insert houses  1 rows", "update owners (home_id)  1 rows"]
    );
    session.commit()?;
    assert_eq!(session[owner].home_id, Some(session[house].id));
    assert_eq!(session[house].owner_id, session[owner].id);
    session.set(owner, Owner::home, None)?;
    session.delete(house)?;
    session.delete(owner)?;
    session.commit()
}

#[test]
fn a_ring_is_broken_where_a_key_is_deferred() -> Result<()> {
    use rings::*;
    let mut session = Database::of::<(Hen, Egg)>()?.session();
    let hen = session.add(Hen { id: 1, egg_id: 0 });
    let egg = session.add(Egg { id: 2, hen_id: 0 });
    session.set(hen, Hen::egg, egg)?;
    session.set(egg, Egg::hen, hen)?;
    session.commit()?;
    assert_eq!((session[hen].egg_id, session[egg].hen_id), (2, 1));
    Ok(())
}

/// O3: a ring that nothing breaks is refused with the rows in it, and nothing has changed.
#[test]
fn o3_a_ring_that_nothing_breaks_is_refused() -> Result<()> {
    use rings::*;
    let mut session = Database::of::<(Left, Right)>()?.session();
    let (left, right) = (session.add(Left::draft()), session.add(Right::draft()));
    session.set(left, Left::right, right)?;
    session.set(right, Right::left, left)?;
    let error = session.flush().expect_err("neither can be first");
    assert!(matches!(error.kind(), ErrorKind::Misuse(Misuse::Circular { ring, .. }) if ring.len() == 2), "{error}");
    assert_eq!(session.state(left)?, State::Pending);
    Ok(())
}

#[test]
fn association_rows_are_linked_once_and_unlinked() -> Result<()> {
    let database = forum();
    let mut session = database.session();
    let alice = session.add(user("alice"));
    let first = posted(&mut session, alice, "first");
    let news = session.push(first, Post::tags, tag("news"))?;
    session.push(first, Post::tags, news)?;
    session.push(news, Tag::posts, first)?;
    assert_eq!(session.get(news)?.loaded(Tag::posts)?.references(), [first]);
    session.commit()?;
    assert_eq!(count(&mut session, "post_tags"), 1);
    session.remove(news, Tag::posts, first)?;
    assert!(session.get(first)?.load(Post::tags)?.is_empty(), "O2");
    session.push(first, Post::tags, news)?;
    let (ran, flushed) = statements(&mut session, Session::flush);
    flushed?;
    assert!(ran <= 1, "taken out and put back is no change of rows; it ran {ran}");
    session.clear(first, Post::tags)?;
    session.commit()?;
    assert_eq!((count(&mut session, "post_tags"), count(&mut session, "tags")), (0, 1));
    session.get(first)?.load(Post::tags)?;
    assert!(session.remove(first, Post::tags, news).is_err(), "it is no member");
    Ok(())
}

/// A pair that is in the tables, linked again without having been read, is no second row.
#[test]
fn a_pair_that_is_there_already_is_not_inserted_again() -> Result<()> {
    let database = forum();
    let mut session = database.session();
    let alice = session.add(user("alice"));
    let first = posted(&mut session, alice, "first");
    session.push(first, Post::tags, tag("news"))?;
    session.commit()?;
    let key = session[first].id;
    let mut session = database.session();
    let first = session.find::<Post>(key)?.expect("there").reference();
    let news = session.find::<Tag>("news".to_owned())?.expect("there").reference();
    session.push(first, Post::tags, news)?;
    session.commit()?;
    assert_eq!(count(&mut session, "post_tags"), 1);
    Ok(())
}

/// Both sides of a pair in one flush: one is deleted, the other linked anew.
#[test]
fn a_pair_whose_other_side_goes_is_dropped() -> Result<()> {
    let mut session = forum().session();
    let alice = session.add(user("alice"));
    let first = posted(&mut session, alice, "first");
    let (old, new) = (session.push(first, Post::tags, tag("old"))?, session.add(tag("new")));
    session.commit()?;
    session.delete(old)?;
    session.push(first, Post::tags, new)?;
    session.commit()?;
    assert_eq!(session.get(first)?.load(Post::tags)?.references(), [new]);
    assert_eq!(count(&mut session, "post_tags"), 1);
    Ok(())
}

/// The key of an association object is two references; it moves with them.
#[test]
fn an_association_object_has_the_key_of_both_ends() -> Result<()> {
    let mut session = forum().session();
    let alice = session.add(user("alice"));
    let (here, there) = (posted(&mut session, alice, "here"), posted(&mut session, alice, "there"));
    let vote = session.push(here, Post::votes, Vote { value: 1, ..Vote::draft() })?;
    session.set(vote, Vote::user, alice)?;
    session.commit()?;
    let key = (session[alice].id, session[here].id);
    assert_eq!(session.find::<Vote>(key)?.map(|it| it.reference()), Some(vote));
    session.set(vote, Vote::post, there)?;
    session.flush()?;
    assert!(session.find::<Vote>(key)?.is_none(), "O1: the old key is no one's");
    let key = (session[alice].id, session[there].id);
    assert_eq!(session.find::<Vote>(key)?.map(|it| it.reference()), Some(vote));
    session.rollback()?;
    let key = (session[alice].id, session[here].id);
    assert_eq!(session.find::<Vote>(key)?.map(|it| it.reference()), Some(vote), "O6: back with the rows");
    Ok(())
}

mod renamed {
    use super::*;

    #[derive(Entity, Clone, Debug)]
    #[has_many(cities: City, inverse = country)]
    pub(super) struct Country {
        #[key]
        pub(super) code: String,
    }

    #[derive(Entity, Clone, Debug)]
    #[belongs_to(country: Country, via = country_code, inverse = cities)]
    pub(super) struct City {
        #[key(auto)]
        pub(super) id: Id<City>,
        #[references(Country, on_update = cascade)]
        pub(super) country_code: Option<String>,
    }
}

/// O1: an edited key moves the object in the identity map; the rows that refer follow by ON UPDATE.
#[test]
fn o1_an_edited_key_moves_the_object() -> Result<()> {
    use renamed::*;
    let mut session = Database::of::<(Country, City)>()?.session();
    let country = session.add(Country { code: "BRD".into() });
    let city = session.push(country, Country::cities, City::draft())?;
    session.commit()?;
    session.get(country)?.load(Country::cities)?;
    session.edit(country)?.code = "DE".into();
    session.flush()?;
    assert_eq!(session.find::<Country>("DE".to_owned())?.map(|it| it.reference()), Some(country));
    assert!(session.find::<Country>("BRD".to_owned())?.is_none());
    assert_eq!(rows(&mut session, "cities")[0][1], Value::from("DE"));
    session.commit()?;
    assert_eq!(session[city].country_code.as_deref(), Some("DE"));
    assert_eq!(session.get(city)?.load(City::country)?.map(|it| it.reference()), Some(country));
    Ok(())
}

/// A member moves between owners that it does not know, in either order of the calls.
#[test]
fn without_an_inverse_the_taker_wins() -> Result<()> {
    for taker_first in [true, false] {
        let mut session = forum().session();
        let (alice, bob) = (session.add(user("alice")), session.add(user("bob")));
        let badge = session.push(alice, User::badges, Badge::draft())?;
        session.commit()?;
        if taker_first {
            session.push(bob, User::badges, badge)?;
            session.remove(alice, User::badges, badge)?;
        } else {
            session.remove(alice, User::badges, badge)?;
            session.push(bob, User::badges, badge)?;
        }
        session.commit()?;
        assert_eq!(session[badge].user_id, Some(session[bob].id), "taker first: {taker_first}");
    }
    Ok(())
}

/// Without an inverse, replacing the members of a new owner and of one that has rows.
#[test]
fn replace_works_for_new_owners_and_without_an_inverse() -> Result<()> {
    let mut session = forum().session();
    session.set_autoflush(false);
    let alice = session.add(user("alice"));
    let all: Vec<Ref<Badge>> = (0..4).map(|_| session.add(Badge::draft())).collect();
    session.replace(alice, User::badges, all[..2].iter().copied())?;
    session.replace(alice, User::badges, all[1..].iter().copied())?;
    session.commit()?;
    let held = |session: &mut Session| rows(session, "badges").iter().filter(|it| !it[1].is_null()).count();
    assert_eq!(held(&mut session), 3);
    session.replace(alice, User::badges, [all[0]])?;
    session.commit()?;
    assert_eq!(held(&mut session), 1);
    assert_eq!(session.get(alice)?.load(User::badges)?.references(), [all[0]]);
    Ok(())
}

/// The order of steps never refuses what the rows in the end would allow: a unique slot that a deleted row of a leaf
/// table held is free for a new one.
#[test]
fn a_unique_slot_of_a_deleted_row_is_free() -> Result<()> {
    let mut session = forum().session();
    let alice = session.add(user("alice"));
    let old = session.add(Profile::draft());
    session.set(alice, User::profile, old)?;
    session.commit()?;
    let new = session.add(Profile::draft());
    session.set(new, Profile::user, alice)?;
    session.commit()?;
    assert_eq!(rows(&mut session, "profiles").len(), 1);
    assert_eq!(session.get(alice)?.load(User::profile)?.map(|it| it.reference()), Some(new));
    Ok(())
}

/// Two rows of one table swap a unique value in one flush.
#[test]
fn unique_values_are_swapped_in_one_flush() -> Result<()> {
    let mut session = forum().session();
    let (alice, bob) = (session.add(user("alice")), session.add(user("bob")));
    session.commit()?;
    session.edit(alice)?.email = "bob@example.org".into();
    session.edit(bob)?.email = "alice@example.org".into();
    session.commit()?;
    assert_eq!(session[alice].email, "bob@example.org");
    Ok(())
}

/// A key that an orphan leaves is free for the member that takes its place.
#[test]
fn a_member_may_take_the_key_of_the_orphan_that_it_replaces() -> Result<()> {
    let mut session = forum().session();
    let alice = session.add(user("alice"));
    let (here, there) = (posted(&mut session, alice, "here"), posted(&mut session, alice, "there"));
    let old = session.push(here, Post::votes, Vote { value: 1, ..Vote::draft() })?;
    session.set(old, Vote::user, alice)?;
    let new = session.push(there, Post::votes, Vote { value: -1, ..Vote::draft() })?;
    session.set(new, Vote::user, alice)?;
    session.commit()?;
    session.replace(here, Post::votes, [new])?;
    println!("{}", session.plan_flush()?);
    session.commit()?;
    assert_eq!(session.state(old)?, State::Detached);
    assert_eq!(rows(&mut session, "votes").len(), 1);
    Ok(())
}

/// A row that is there and comes to refer to a new one of its table is written after it, also where its key is known
/// before: by the relation, and by the column alone.
#[test]
fn an_update_comes_after_the_new_row_of_its_table_that_it_refers_to() -> Result<()> {
    #[derive(Entity, Clone, Debug)]
    #[belongs_to(parent: Place, via = parent_id)]
    struct Place {
        #[key]
        id: i64,
        #[references(Place)]
        parent_id: Option<i64>,
    }
    for by_column in [false, true] {
        let mut session = Database::of::<(Place,)>()?.session();
        let first = session.add(Place { id: 1, parent_id: None });
        session.commit()?;
        let second = session.add(Place { id: 2, parent_id: None });
        let third = session.add(Place { id: 3, parent_id: Some(2) });
        match by_column {
            true => session.edit(first)?.parent_id = Some(2),
            false => session.set(first, Place::parent, second)?,
        }
        let steps = ["insert places  2 rows", "update places (parent_id)  1 rows"];
        assert_eq!(plan(&mut session)?, steps, "new rows of one table may refer to each other");
        session.commit()?;
        assert_eq!((session.get(first)?.parent_id, session.get(third)?.parent_id), (Some(2), Some(2)));

        // In a ring of both.
        let fourth = session.add(Place { id: 4, parent_id: None });
        session.set(fourth, Place::parent, first)?;
        session.set(second, Place::parent, fourth)?;
        session.commit()?;
        assert_eq!(session.get(second)?.parent_id, Some(4));

        // One that gets another key comes first as well.
        let (last, other) =
            (session.add(Place { id: 5, parent_id: None }), session.add(Place { id: 6, parent_id: None }));
        session.commit()?;
        session.edit(other)?.id = 9;
        match by_column {
            true => session.edit(last)?.parent_id = Some(9),
            false => session.set(last, Place::parent, other)?,
        }
        assert_eq!(plan(&mut session)?, ["update places (id)  1 rows", "update places (parent_id)  1 rows"]);
        session.commit()?;
        assert_eq!(session.get(last)?.parent_id, Some(9));
    }
    Ok(())
}
