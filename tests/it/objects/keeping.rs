//! A session that is told how many objects to keep.

use diptych::object::{FieldAssignment, Synchronize, UnitStep};
use diptych::prelude::*;
use diptych::{State, assert_statements};

use super::forum::*;

/// Ann has written `a` and `b`, Eve `c`.
pub(super) fn filled() -> Result<(Database, Session)> {
    let database = forum();
    let mut session = database.session();
    let [ann, eve] = ["Ann", "Eve"].map(|it| session.add(user(it)));
    for (author, body) in [(ann, "a"), (ann, "b"), (eve, "c")] {
        posted(&mut session, author, body);
    }
    session.commit()?;
    Ok((database, session))
}

#[test]
fn a_walk_holds_no_more_than_it_was_told_to() -> Result<()> {
    let database = forum();
    let mut session = database.session();
    session.insert_many((0..300).map(|it| user(&format!("user {it}"))))?;
    for page in 0..30 {
        let query = User::select().order_by(User::id).limit(10).offset(10 * page);
        for user in session.all(query)?.references() {
            session.edit(user)?.name.push('!');
        }
        let met = session.len();
        let gone = session.keep_at_most(20)?;
        assert_eq!((session.len(), gone), (met.min(20), met - met.min(20)));
    }
    session.commit()?;
    assert_eq!(database.session().count(User::select().filter(User::name.like("user %!")))?, 300);
    Ok(())
}

/// What has gone is refused by its reference, found by its key, and read where a relation leads to it.
#[test]
fn what_has_gone_is_read_again() -> Result<()> {
    let (_, mut session) = filled()?;
    let posts = session.all(Post::select().with(Post::author.selectin()).order_by(Post::id))?.references();
    let ann = session.get(posts[0])?.loaded(Post::author)?.reference();
    session.get(ann)?.load(User::posts)?;
    assert_eq!(session.keep_at_most(10)?, 0, "there are five");
    assert_eq!((session.keep_at_most(0)?, session.len()), (5, 0));
    for error in [session.get(ann).err(), session.edit(ann).err()] {
        assert!(error.and_then(|it| it.misuse().map(|it| it.is_gone())).is_some(), "the reference is refused");
    }
    let again = session.find::<User>(1)?.expect("the row is there").reference();
    assert_ne!(again, ann);
    assert_statements!(session, 1, { assert_eq!(session.get(again)?.load(User::posts)?.len(), 2) });
    assert_eq!(session.len(), 3);
    let kept = session.get(again)?.load(User::posts)?.references();
    assert_eq!((session.keep_at_most(2)?, session.len()), (1, 2));
    let alive: Vec<_> = kept.iter().filter(|it| session.state(**it).is_ok()).collect();
    match session.state(again) {
        Ok(_) => assert_eq!(session.get(again)?.load(User::posts)?.len(), 2),
        Err(_) => assert_eq!(session.get(*alive[0])?.load(Post::author)?.name, "Ann"),
    }
    Ok(())
}

/// What is pending is flushed first. If that is refused, nothing has gone.
#[test]
fn what_is_pending_is_flushed_first() -> Result<()> {
    let (database, mut session) = filled()?;
    let ann = session.one(User::select().filter(User::name.eq("Ann")))?.reference();
    session.edit(ann)?.name = "Anna".into();
    let new = posted(&mut session, ann, "d");
    let twin = session.add(User { email: "Eve@example.org".into(), ..user("Eve's twin") });
    let before = session.len();
    assert!(session.keep_at_most(0).is_err(), "two have one address");
    assert_eq!((session.len(), session.state(new)?), (before, State::Pending));
    session.delete(twin).or_else(|_| session.expunge(twin))?;
    session.keep_at_most(0)?;
    assert!(session.state(new).is_err() && session.state(ann).is_err());
    session.commit()?;
    assert_eq!(database.session().count(Post::select().filter(Post::author.has(User::name.eq("Anna"))))?, 3);
    Ok(())
}

/// What went in a transaction or savepoint that is rolled back is as the tables then say.
#[test]
fn a_rollback_after_it_finds_what_was_there_before() -> Result<()> {
    let (_, mut session) = filled()?;
    let ann = session.one(User::select().filter(User::name.eq("Ann")))?.reference();
    posted(&mut session, ann, "d");
    session.keep_at_most(0)?;
    session.savepoint()?;
    let again = session.find::<User>(1)?.expect("it is there").reference();
    session.edit(again)?.name = "Anna".into();
    let post = session.find::<Post>(2)?.expect("it is there").reference();
    session.delete(post)?;
    session.keep_at_most(0)?;
    assert_eq!(session.find::<User>(1)?.map(|it| it.name.clone()).as_deref(), Some("Anna"));
    session.keep_at_most(0)?;
    session.rollback_to()?;
    assert_eq!(session.find::<User>(1)?.map(|it| it.name.clone()).as_deref(), Some("Ann"));
    assert_eq!(session.count(Post::select())?, 4);
    session.rollback()?;
    assert_eq!((session.count(Post::select())?, session.find::<Post>(4)?.is_none()), (3, true));
    session.commit()
}

/// A link with an object that has no row is known to the session alone, so both of its ends stay.
#[test]
fn what_is_linked_with_an_object_without_a_row_stays() -> Result<()> {
    let (database, mut session) = filled()?;
    let users = session.all(User::select().order_by(User::id))?.references();
    let draft = session.transient(post("draft"))?;
    session.set(draft, Post::author, users[1])?;
    session.untyped().make_transient(draft.untyped())?;
    session.keep_at_most(0)?;
    assert!(session.state(users[0]).is_err());
    session.save(draft)?;
    session.commit()?;
    assert_eq!(database.session().count(Post::select().filter(Post::author.has(User::name.eq("Eve"))))?, 2);
    Ok(())
}

/// Ann, her post, and that both were looked at.
fn post_of_ann() -> Result<(Database, Session, Ref<User>, Ref<Post>)> {
    let database = forum();
    let mut session = database.session();
    let ann = session.add(user("Ann"));
    posted(&mut session, ann, "a");
    session.commit()?;
    let session = database.session();
    let ann = session.find::<User>(1)?.expect("she is there").reference();
    let post = session.find::<Post>(1)?.expect("it is there");
    assert_eq!(post.load(Post::author)?.name, "Ann");
    let post = post.reference();
    Ok((database, session, ann, post))
}

/// A reference that was read by its foreign key is read again when its target has gone, however that went.
#[test]
fn a_reference_that_was_read_is_read_again() -> Result<()> {
    let (_, mut session, _, post) = post_of_ann()?;
    session.keep_at_most(1)?;
    assert_eq!(session.get(post)?.load(Post::author)?.name, "Ann");
    for goes in [Session::let_go, Session::expunge] {
        let (_, mut session, ann, post) = post_of_ann()?;
        goes(&mut session, ann)?;
        assert!(session.get(post)?.loaded(Post::author).is_err(), "nobody knows where it leads");
        assert_eq!(session.get(post)?.load(Post::author)?.name, "Ann");
    }
    let (_, mut session, _, _) = post_of_ann()?;
    session.keep_at_most(1)?;
    let posts = session.all(Post::select().with(Post::author.selectin()))?;
    assert_eq!(posts.first().expect("there is one").get(Post::author).name, "Ann");
    Ok(())
}

/// A parent that was let go of and is found again is the parent still.
#[test]
fn an_orphan_is_one_although_its_parent_was_let_go_of() -> Result<()> {
    for keeps in [false, true] {
        let database = forum();
        let mut session = database.session();
        let ann = session.add(user("Ann"));
        let profile = session.add(Profile { text: "x".into(), ..Profile::draft() });
        session.set(ann, User::profile, profile)?;
        session.flush()?;
        if keeps {
            assert_eq!(session.keep_at_most(1)?, 1);
        } else {
            session.let_go(ann)?;
        }
        let ann = session.find::<User>(1)?.expect("she is there").reference();
        session.get(ann)?.load(User::profile)?;
        session.set(ann, User::profile, None)?;
        session.commit()?;
        assert_eq!(database.session().count(Profile::select())?, 0, "{keeps}");
    }
    Ok(())
}

/// A member that waits for its collection to be read is a link as any other.
#[test]
fn what_waits_for_a_collection_stays() -> Result<()> {
    for by_listener in [false, true] {
        let database = forum();
        let mut session = database.session();
        let (ann, badge) = (session.add(user("Ann")), session.add(Badge::draft()));
        session.commit()?;
        session.expire_all();
        session.get(badge)?;
        if by_listener {
            let mut done = false;
            let told = session.on(UnitStep::AfterFlush, move |_, it| {
                if !std::mem::replace(&mut done, true) {
                    it.push(ann, User::badges, badge)?;
                }
                Ok(())
            })?;
            session.add(user("Joe"));
            session.keep_at_most(0)?;
            drop(told);
        } else {
            session.expunge(ann)?;
            session.push(ann, User::badges, badge)?;
            session.keep_at_most(0)?;
            session.save(ann)?;
        }
        session.commit()?;
        let found = database.session();
        assert_eq!(found.find::<User>(1)?.expect("she is there").load(User::badges)?.len(), 1, "{by_listener}");
    }
    Ok(())
}

/// What was written in a savepoint and let go of is read again after it is rolled back, and what was inserted is gone.
#[test]
fn a_savepoint_takes_back_what_was_found_again() -> Result<()> {
    let (_, mut session, ann, _) = post_of_ann()?;
    session.savepoint()?;
    session.edit(ann)?.name = "Anna".into();
    session.add(user("Eve"));
    session.keep_at_most(0)?;
    let again = session.find::<User>(1)?.expect("she is there").reference();
    let eve = session.one(User::select().filter(User::name.eq("Eve")))?.reference();
    assert_eq!(session.get(again)?.name, "Anna");
    session.rollback_to()?;
    assert_eq!(session.get(again)?.name, "Ann");
    assert!(session.find::<User>(2)?.is_none() && session.get(eve).is_err());
    Ok(())
}

/// A walk in parts goes on with what the work on the parts before has left: the last word of a part is heard by the next.
#[test]
fn parts_are_of_the_present() -> Result<()> {
    type Ends = fn(&mut Session) -> Result<()>;
    let ends: [Ends; 2] = [Session::commit, |it| it.keep_at_most(0).map(drop)];
    for end in ends {
        let (database, mut session, ann, _) = post_of_ann()?;
        for body in ["b", "c"] {
            posted(&mut session, ann, body);
        }
        session.commit()?;
        session.each_chunk(Post::select().with(Post::author.joined()), 1, |session, posts| {
            for post in posts {
                let author = session.get(post)?.load(Post::author)?.reference();
                session.edit(author)?.name.push('!');
            }
            end(session)
        })?;
        session.commit()?;
        assert_eq!(database.session().find::<User>(1)?.expect("she is there").name, "Ann!!!");
        // What has gone meanwhile does not come.
        let mut seen = Vec::new();
        session.each_chunk(Post::select().order_by(Post::id), 2, |session, posts| {
            seen.extend(posts.iter().map(|it| session.get(*it).map(|it| it.body.clone())).collect::<Result<Vec<_>>>()?);
            if seen.len() == 2 {
                let last = session.find::<Post>(3)?.expect("it is there").reference();
                session.delete(last)?;
                session.commit()?;
            }
            Ok(())
        })?;
        assert_eq!(seen, ["a", "b"]);
    }
    Ok(())
}

/// An object comes in one part, so a query that joins has none; without a join, equal rows are no matter.
#[test]
fn parts_of_a_join_are_refused() -> Result<()> {
    let (_, mut session) = filled()?;
    let joined = User::select().join(User::posts.join());
    let told = session.each_chunk(joined, 2, |_, _| Ok(())).expect_err("it would be torn").to_string();
    assert!(told.contains("by `has` and `any`"), "{told}");
    let mut seen = Vec::new();
    let some = User::select().distinct().limit(1).offset(1).order_by(User::id);
    session.each_chunk(some, 1, |session, users| {
        seen.extend(users.iter().map(|it| session.get(*it).map(|it| it.name.clone())).collect::<Result<Vec<_>>>()?);
        Ok(())
    })?;
    assert_eq!(seen, ["Eve"]);
    Ok(())
}

/// The same for keys of several columns, and for a class whose rows stand in two tables.
#[test]
fn parts_are_found_again_by_any_key() -> Result<()> {
    let (database, mut session, ann, _) = post_of_ann()?;
    let eve = session.add(user("Eve"));
    for (author, body) in [(ann, "b"), (eve, "c")] {
        let post = posted(&mut session, author, body);
        for user in [ann, eve] {
            let vote = session.add(Vote::draft());
            session.set(vote, Vote::user, user)?;
            session.set(vote, Vote::post, post)?;
        }
    }
    session.commit()?;
    let mut seen = Vec::new();
    session.each_chunk(Vote::select().order_by(Vote::post_id).order_by(Vote::user_id), 1, |session, votes| {
        for vote in votes {
            session.edit(vote)?.value += 1;
            let shown = session.get(vote)?;
            seen.push((shown.post_id.get(), shown.user_id.get()));
            if seen.len() == 2 {
                let next = session.find::<Vote>((Id::new(1), Id::new(3)))?.expect("it is there").reference();
                session.delete(next)?;
            }
        }
        session.commit()
    })?;
    let keys = |all: &[(i64, i64)]| all.iter().map(|it| (Some(it.0), Some(it.1))).collect::<Vec<_>>();
    assert_eq!(seen, keys(&[(2, 1), (2, 2), (3, 2)]));
    assert_eq!(database.session().count(Vote::select().filter(Vote::value.eq(1)))?, 3);

    #[derive(Entity, Clone, Debug)]
    #[entity(discriminator = kind, identity = "room")]
    struct Room {
        #[key]
        floor: i64,
        #[key]
        number: i64,
        kind: String,
    }
    #[derive(Entity, Clone, Debug)]
    #[entity(identity = "lab", table = "labs")]
    struct Lab {
        #[base]
        room: Room,
        benches: i64,
    }
    let database = Database::of::<(Room, Lab)>()?;
    let mut session = database.session();
    let room = |at: i64| Room { floor: at / 2, number: at % 2, ..Room::draft() };
    session.insert_many((0..4).map(|it| Lab { room: room(it), benches: 0 }))?;
    session.commit()?;
    let mut at = 0;
    session.each_chunk(Lab::select().order_by(Room::floor).order_by(Room::number), 1, |session, labs| {
        for lab in labs {
            at += 1;
            let shown = session.get(lab)?;
            assert_eq!(
                (2 * shown.floor + shown.number, shown.benches),
                (at - 1, at - 1),
                "as the part before has left it"
            );
        }
        session.update_where(Lab::select(), [Lab::benches.becomes(at)], Synchronize::Not)?;
        session.commit()
    })?;
    assert_eq!(at, 4);
    Ok(())
}
