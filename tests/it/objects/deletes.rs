//! What follows a delete: object cascades, orphans, and references that are left behind.

use diptych::State;
use diptych::error::Rule;
use diptych::prelude::*;

use super::forum::*;

mod away;
mod together;

#[test]
fn replacing_a_one_to_one_partner_releases_the_old_one() -> Result<()> {
    for loaded in [true, false] {
        let database = forum();
        let mut session = database.session();
        let alice = session.add(user("alice"));
        let (old, old_locker, old_avatar) =
            (session.add(Profile::draft()), session.add(Locker::draft()), session.add(Avatar::draft()));
        session.set(alice, User::profile, old)?;
        session.set(alice, User::locker, old_locker)?;
        session.set(alice, User::avatar, old_avatar)?;
        session.commit()?;
        let alice_key = session[alice].id;

        let mut session = database.session();
        let alice = session.find::<User>(alice_key)?.expect("she is there").reference();
        if loaded {
            session.get(alice)?.load(User::profile)?;
            session.get(alice)?.load(User::locker)?;
            session.get(alice)?.load(User::avatar)?;
        }
        let (new, locker, avatar) =
            (session.add(Profile::draft()), session.add(Locker::draft()), session.add(Avatar::draft()));
        let (ran, done) = statements(&mut session, |it| {
            it.set(alice, User::profile, new)
                .and_then(|()| it.set(alice, User::locker, locker))
                .and_then(|()| it.set(alice, User::avatar, avatar))
        });
        done?;
        assert_eq!(ran, 0, "O2: linking runs no statement");
        session.commit()?;
        let owner = diptych::Value::from(alice_key);
        assert_eq!(count(&mut session, "profiles"), 1, "the old one was an orphan (loaded: {loaded})");
        let held = |rows: Vec<Vec<diptych::Value>>| rows.iter().filter(|it| it[1] == owner).count();
        assert_eq!((count(&mut session, "lockers"), held(rows(&mut session, "lockers"))), (2, 1), "loaded: {loaded}");
        assert_eq!((count(&mut session, "avatars"), held(rows(&mut session, "avatars"))), (2, 1), "loaded: {loaded}");
    }
    Ok(())
}

#[test]
fn a_delete_takes_along_what_its_cascades_reach_loaded_or_not() -> Result<()> {
    for loaded in [true, false] {
        let database = forum();
        let mut session = database.session();
        let alice = session.add(user("alice"));
        let root = posted(&mut session, alice, "root");
        let reply = posted(&mut session, alice, "reply");
        session.push(root, Post::replies, reply)?;
        let vote = session.push(reply, Post::votes, Vote { value: 1, ..Vote::draft() })?;
        session.set(vote, Vote::user, alice)?;
        session.push(reply, Post::tags, tag("news"))?;
        session.commit()?;
        let key = session[root].id;
        let mut session = database.session();
        if loaded {
            session.all(Post::select().with(Post::replies.selectin().then(Post::votes.selectin())))?;
        }
        let root = session.find::<Post>(key)?.expect("it is there").reference();
        session.delete(root)?;
        session.commit()?;
        let left = ["users", "posts", "votes", "tags", "post_tags"].map(|it| count(&mut session, it));
        assert_eq!(left, [1, 0, 0, 1, 0], "loaded: {loaded}");
    }
    Ok(())
}

/// O2: after the flush nobody shows what was deleted, and nobody reads to know it.
#[test]
fn o2_collections_pass_over_what_was_deleted() -> Result<()> {
    let mut session = forum().session();
    let alice = session.add(user("alice"));
    let (kept, gone) = (posted(&mut session, alice, "kept"), posted(&mut session, alice, "gone"));
    let news = session.push(gone, Post::tags, tag("news"))?;
    let (badge, lost) =
        (session.push(alice, User::badges, Badge::draft())?, session.push(alice, User::badges, Badge::draft())?);
    session.flush()?;
    session.delete(gone)?;
    session.delete(lost)?;
    session.flush()?;
    let before = session.totals().statements;
    assert_eq!(session.get(alice)?.load(User::posts)?.references(), [kept]);
    assert_eq!(session.get(alice)?.load(User::badges)?.references(), [badge]);
    assert!(session.get(news)?.load(Tag::posts)?.is_empty());
    assert_eq!(session.totals().statements, before);
    session.replace(alice, User::badges, [])?;
    session.commit()?;
    assert_eq!(count(&mut session, "badges"), 1);
    Ok(())
}

#[test]
fn an_orphan_is_deleted_and_one_that_moves_is_kept() -> Result<()> {
    let mut session = forum().session();
    let alice = session.add(user("alice"));
    let (here, there) = (posted(&mut session, alice, "here"), posted(&mut session, alice, "there"));
    let vote = session.push(here, Post::votes, Vote { value: 1, ..Vote::draft() })?;
    session.set(vote, Vote::user, alice)?;
    session.flush()?;
    session.remove(here, Post::votes, vote)?;
    session.push(there, Post::votes, vote)?;
    session.flush()?;
    assert_eq!((session.state(vote)?, session[vote].post_id), (State::Persistent, session[there].id), "moved");
    session.remove(there, Post::votes, vote)?;
    assert_eq!(session.state(vote)?, State::Persistent, "until the flush");
    session.commit()?;
    assert_eq!(session.state(vote)?, State::Detached);
    assert_eq!(count(&mut session, "votes"), 0);
    Ok(())
}

/// A new orphan is left out of the flush, with what it brought along.
#[test]
fn a_new_orphan_is_never_inserted() -> Result<()> {
    let mut session = forum().session();
    session.set_autoflush(false);
    let alice = session.add(user("alice"));
    let here = posted(&mut session, alice, "here");
    let vote = session.push(here, Post::votes, Vote { value: 1, ..Vote::draft() })?;
    session.set(vote, Vote::user, alice)?;
    session.remove(here, Post::votes, vote)?;
    session.commit()?;
    assert_eq!((session.state(vote)?, count(&mut session, "votes")), (State::Transient, 0));
    assert!(session.get(alice)?.load(User::votes)?.is_empty(), "O2: the other side has let it go, too");
    Ok(())
}

/// O3: what a flush cannot leave behind is a fact about a column, and the session goes on unharmed.
#[test]
fn o3_a_required_child_that_is_left_behind_is_a_not_null_fact() -> Result<()> {
    let mut session = forum().session();
    let (alice, bob) = (session.add(user("alice")), session.add(user("bob")));
    let first = posted(&mut session, alice, "first");
    session.commit()?;
    session.delete(alice)?;
    let error = session.flush().expect_err("the post needs an author");
    let fact = error.violation().expect("it is a fact");
    assert_eq!(
        (fact.rule, fact.table.as_str(), fact.columns.as_slice()),
        (Rule::NotNull, "posts", &["author_id".to_owned()][..])
    );
    assert!(session.is_marked_deleted(alice)?, "still to be deleted");
    assert_eq!(session.get(first)?.load(Post::author)?.reference(), alice);
    session.set(first, Post::author, bob)?;
    session.commit()?;
    assert_eq!((count(&mut session, "users"), session[first].author_id), (1, session[bob].id));
    Ok(())
}

/// O3: an orphan of a failed flush is no orphan any more once it has found an owner.
#[test]
fn o3_a_failed_flush_takes_its_orphans_back() -> Result<()> {
    let mut session = forum().session();
    let alice = session.add(user("alice"));
    let (here, there) = (posted(&mut session, alice, "here"), posted(&mut session, alice, "there"));
    let vote = session.push(here, Post::votes, Vote { value: 1, ..Vote::draft() })?;
    session.set(vote, Vote::user, alice)?;
    session.commit()?;
    session.remove(here, Post::votes, vote)?;
    session.set_autoflush(false);
    let twin = session.add(user("alice"));
    session.flush().expect_err("the email is taken");
    assert!(!session.is_marked_deleted(vote)?);
    println!("{}", session.plan_flush()?);
    assert!(!session.is_marked_deleted(vote)?, "a plan changes nothing");
    session.edit(twin)?.email = "twin@example.org".into();
    session.push(there, Post::votes, vote)?;
    session.commit()?;
    assert_eq!(session[vote].post_id, session[there].id);
    Ok(())
}

mod passive {
    use super::*;

    #[derive(Entity, Clone, Debug)]
    #[has_many(left: Left, inverse = owner)]
    #[has_many(off: Off, inverse = owner, cascade(all), passive_deletes = off)]
    #[has_many(on: On, inverse = owner, cascade(all), passive_deletes)]
    pub(super) struct Owner {
        #[key(auto)]
        pub(super) id: Id<Owner>,
    }

    macro_rules! owned {
        ($name:ident) => {
            #[derive(Entity, Clone, Debug)]
            #[belongs_to(owner: Owner, via = owner_id)]
            pub(super) struct $name {
                #[key(auto)]
                pub(super) id: Id<$name>,
                #[references(Owner, on_delete = cascade)]
                pub(super) owner_id: Id<Owner>,
            }
        };
    }

    #[derive(Entity, Clone, Debug)]
    #[belongs_to(owner: Owner, via = owner_id, inverse = left)]
    pub(super) struct Left {
        #[key(auto)]
        pub(super) id: Id<Left>,
        #[references(Owner, on_delete = cascade)]
        pub(super) owner_id: Id<Owner>,
    }

    #[derive(Entity, Clone, Debug)]
    #[belongs_to(owner: Owner, via = owner_id, inverse = off)]
    pub(super) struct Off {
        #[key(auto)]
        pub(super) id: Id<Off>,
        #[references(Owner, on_delete = cascade)]
        pub(super) owner_id: Id<Owner>,
    }

    #[derive(Entity, Clone, Debug)]
    #[belongs_to(owner: Owner, via = owner_id, inverse = on)]
    pub(super) struct On {
        #[key(auto)]
        pub(super) id: Id<On>,
        #[references(Owner, on_delete = cascade)]
        pub(super) owner_id: Id<Owner>,
    }

    owned!(Unrelated);
}

/// Who removes the members: the foreign key where the session could only fail, the session where it is told to.
#[test]
fn passive_deletes_leave_the_members_to_the_foreign_key() -> Result<()> {
    use passive::*;
    let database = Database::of::<(Owner, Left, Off, On, Unrelated)>()?;
    let mut session = database.session();
    let owner = session.add(Owner::draft());
    session.push(owner, Owner::left, Left::draft())?;
    session.push(owner, Owner::off, Off::draft())?;
    session.push(owner, Owner::on, On::draft())?;
    session.commit()?;
    let key = session[owner].id;
    let mut session = database.session();
    let owner = session.find::<Owner>(key)?.expect("it is there").reference();
    session.record();
    session.delete(owner)?;
    session.commit()?;
    let log: Vec<String> = session.take_log().iter().map(|it| format!("{} {}", it.kind, it.tables.join(" "))).collect();
    assert!(!log.iter().any(|it| it.contains("lefts")), "neither read nor deleted by the session: {log:?}");
    assert!(log.contains(&"SELECT offs".to_owned()) && log.contains(&"DELETE offs".to_owned()), "{log:?}");
    assert!(!log.iter().any(|it| it.ends_with(" ons")), "{log:?}");
    for table in ["owners", "lefts", "offs", "ons"] {
        assert_eq!(count(&mut session, table), 0, "{table}");
    }
    Ok(())
}

/// O2: deleting a post and its reply marks both; the author shows both until the flush.
#[test]
fn o2_what_is_marked_is_shown_until_the_flush() -> Result<()> {
    let mut session = forum().session();
    let alice = session.add(user("alice"));
    let (reply, root) = (posted(&mut session, alice, "reply"), posted(&mut session, alice, "root"));
    session.flush()?;
    session.replace(root, Post::replies, [reply])?;
    session.flush()?;
    session.delete(root)?;
    assert_eq!(session.get(alice)?.loaded(User::posts)?.references(), [reply, root]);
    session.commit()?;
    assert_eq!(count(&mut session, "posts"), 0);
    Ok(())
}

/// O2: a partner that was expired is let go on both sides.
#[test]
fn o2_an_expired_partner_is_let_go_on_both_sides() -> Result<()> {
    let mut session = forum().session();
    let (alice, locker) = (session.add(user("alice")), session.add(Locker::draft()));
    session.set(alice, User::locker, locker)?;
    session.flush()?;
    session.expire(locker)?;
    session.set(alice, User::locker, None)?;
    assert!(session.get(alice)?.loaded(User::locker)?.is_none());
    assert!(session.get(locker)?.loaded(Locker::owner)?.is_none());
    session.commit()?;
    assert_eq!(session[locker].owner_id, None);
    Ok(())
}

/// O2: who sets a partner to none that was not read has the flush find out who that was, and both sides know; also when
/// the partner was set to what it was before.
#[test]
fn o2_a_partner_that_was_not_read_is_let_go_on_both_sides() -> Result<()> {
    for (commits, sets_again) in [(false, false), (true, false), (false, true), (true, true)] {
        let mut session = forum().session();
        let (alice, locker) = (session.add(user("alice")), session.add(Locker::draft()));
        session.set(alice, User::locker, locker)?;
        session.flush()?;
        if commits {
            session.commit()?
        } else {
            session.expire(alice)?
        }
        if sets_again {
            session.set(locker, Locker::owner, alice)?;
        }
        session.set(alice, User::locker, None)?;
        session.flush()?;
        assert!(session.get(locker)?.load(Locker::owner)?.is_none(), "{commits} {sets_again}");
        assert_eq!(session[locker].owner_id, None, "{commits} {sets_again}");
    }
    Ok(())
}

/// No other side knows whether an object is a member of a collection that is not loaded: what was said last counts.
#[test]
fn o2_what_is_said_last_of_an_unread_collection_without_an_inverse_counts() -> Result<()> {
    let database = forum();
    let mut session = database.session();
    let (alice, badge) = (session.add(user("alice")), session.add(Badge { id: Id::auto(), user_id: None }));
    let own = session.push(alice, User::badges, Badge { id: Id::auto(), user_id: None })?;
    session.commit()?;
    let (own, other, alice) = (session[own].id, session[badge].id, session[alice].id);
    let owners = |session: &mut Session| -> Result<Vec<Option<Id<User>>>> {
        Ok(session.all(Badge::select().order_by(Badge::id))?.iter().map(|it| it.user_id).collect())
    };

    let mut session = database.session();
    let (user, own, other) = (
        session.find::<User>(alice)?.expect("is there").reference(),
        session.find::<Badge>(own)?.expect("is there").reference(),
        session.find::<Badge>(other)?.expect("is there").reference(),
    );
    assert_eq!(owners(&mut session)?.iter().flatten().count(), 1);
    session.push(user, User::badges, own)?;
    session.remove(user, User::badges, own)?;
    session.flush()?;
    assert_eq!(owners(&mut session)?, [None, None], "it was a member, and is none any more");
    session.expire_all();
    session.remove(user, User::badges, other)?;
    session.push(user, User::badges, other)?;
    session.flush()?;
    assert_eq!(owners(&mut session)?.iter().flatten().count(), 1, "it was none, and is one now");
    session.expire_all();
    session.remove(user, User::badges, other)?;
    session.push(user, User::badges, other)?;
    assert!(session.plan_flush()?.steps.is_empty(), "what is there already is not written again");
    assert_eq!(session.get(user)?.load(User::badges)?.len(), 1);
    Ok(())
}

/// No other side tells of it: what the first owner has lost for the second, and the second has not got, has none.
#[test]
fn what_a_deleted_owner_had_got_has_no_owner() -> Result<()> {
    #[derive(Entity, Clone, Debug)]
    #[has_many(badges: Badge, via = owner_id)]
    struct Owner {
        #[key(auto)]
        id: Id<Owner>,
    }
    #[derive(Entity, Clone, Debug)]
    struct Badge {
        #[key(auto)]
        id: Id<Badge>,
        #[references(Owner)]
        owner_id: Option<Id<Owner>>,
    }
    let mut session = Database::of::<(Owner, Badge)>()?.session();
    let (first, second) = (session.add(Owner::draft()), session.add(Owner::draft()));
    let badge = session.push(first, Owner::badges, Badge::draft())?;
    session.flush()?;
    session.remove(first, Owner::badges, badge)?;
    session.push(second, Owner::badges, badge)?;
    session.delete(second)?;
    session.commit()?;
    assert_eq!(session[badge].owner_id, None);
    Ok(())
}
