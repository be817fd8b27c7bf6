//! Relations of which a query has brought a part: what is not shown is there nevertheless, for all that a unit of work
//! does with the whole.

use diptych::error::Result;
use diptych::object::DumpedRelation;
use diptych::prelude::*;

use super::forum::{Badge, Locker, Post, User, Vote, count, forum, posted, rows, statements, tag, user};

/// Alice and one post with three answers, three tags and a vote; she wears three badges and has a locker.
fn fixture() -> Result<Database> {
    let database = forum();
    let mut session = database.session();
    let alice = session.add(user("alice"));
    let first = posted(&mut session, alice, "First!");
    for number in 0..3 {
        let answer = posted(&mut session, alice, &format!("answer {number}"));
        session.push(first, Post::replies, answer)?;
        session.push(first, Post::tags, tag(&format!("tag {number}")))?;
        session.push(alice, User::badges, Badge::draft())?;
    }
    session
        .push(first, Post::votes, Vote { value: 1, ..Vote::draft() })
        .and_then(|it| session.set(it, Vote::user, alice))?;
    let locker = session.add(Locker::draft());
    session.set(locker, Locker::owner, alice)?;
    session.commit()?;
    Ok(database)
}

/// Everything that loads a part of the answers of the first post.
fn in_part() -> Vec<(&'static str, Query<Post>)> {
    let only = || Post::body.eq("answer 1");
    let first = || Post::select().filter(Post::body.eq("First!"));
    vec![
        ("selectin", first().with(Post::replies.selectin().filter(only()))),
        ("joined", first().with(Post::replies.joined().filter(only()))),
        ("immediate", first().with(Post::replies.immediate().filter(only()))),
        ("subquery", first().with(Post::replies.subquery().filter(only()))),
        (
            "the first ones",
            first().with(Post::replies.selectin().first(1, [(Post::id, diptych::Direction::Ascending)])),
        ),
        ("from the query", first().join(Post::replies.join().filter(only()).eager())),
        ("nothing", first().with(Post::replies.noload())),
    ]
}

#[test]
fn a_delete_takes_along_what_was_not_shown() -> Result<()> {
    let database = fixture()?;
    for (way, query) in in_part() {
        let fork = database.fork();
        let mut session = fork.session();
        let first = session.one(query)?;
        assert!(first.load(Post::replies)?.len() < 2, "{way}");
        assert!(first.is_partial(Post::replies), "{way}");
        let first = first.reference();
        let plan = session.plan_delete(first)?;
        assert_eq!((plan.deleted("posts"), plan.is_possible()), (4, true), "{way}: {plan}");
        session.delete(first)?;
        session.commit()?;
        assert_eq!(count(&mut session, "posts"), 0, "{way}");
    }
    Ok(())
}

/// What is read of several owners together is the rest of each, too.
#[test]
fn several_deletes_take_along_what_was_not_shown() -> Result<()> {
    let database = fixture()?;
    let mut session = database.session();
    let alice = session.one(User::select())?.reference();
    let second = posted(&mut session, alice, "First!");
    for number in 0..3 {
        let answer = posted(&mut session, alice, &format!("answer {number}"));
        session.push(second, Post::replies, answer)?;
    }
    session.commit()?;
    let unread = ("not at all", Post::select().filter(Post::body.eq("First!")));
    let mut costs = Vec::new();
    for (way, query) in std::iter::once(unread).chain(in_part()) {
        let fork = database.fork();
        let mut session = fork.session();
        let firsts = session.all(query)?;
        assert!(way == "not at all" || firsts.iter().all(|it| it.is_partial(Post::replies)), "{way}");
        let firsts = firsts.references();
        let (cost, marked) = statements(&mut session, |it| it.delete_all(firsts));
        marked?;
        costs.push(cost);
        session.commit()?;
        assert_eq!(count(&mut session, "posts"), 0, "{way}");
    }
    assert!(costs.iter().all(|it| *it == costs[0]), "{costs:?}");
    Ok(())
}

#[test]
fn what_stays_behind_is_let_go_of_though_it_was_not_shown() -> Result<()> {
    let database = fixture()?;
    let ways: [Query<User>; 3] = [
        User::select()
            .with(User::badges.selectin().filter(Badge::id.eq(Id::new(2))))
            .with(User::locker.selectin().filter(Locker::id.eq(Id::new(9)))),
        User::select()
            .with(User::badges.joined().filter(Badge::id.eq(Id::new(2))))
            .with(User::locker.joined().filter(Locker::id.eq(Id::new(9)))),
        User::select().with(User::badges.noload()).with(User::locker.noload()),
    ];
    for query in ways {
        let fork = database.fork();
        let mut session = fork.session();
        let posts = session.all(Post::select())?.references();
        posts.into_iter().try_for_each(|it| session.delete(it))?;
        let alice = session.one(query)?.reference();
        session.delete(alice)?;
        session.commit()?;
        assert_eq!((count(&mut session, "users"), count(&mut session, "badges")), (0, 3));
        assert!(rows(&mut session, "badges").iter().all(|it| it[1].is_null()));
        assert!(rows(&mut session, "lockers").iter().all(|it| it[1].is_null()));
    }
    Ok(())
}

#[test]
fn a_partner_who_was_not_shown_is_released_by_the_next_one() -> Result<()> {
    let database = fixture()?;
    let mut session = database.session();
    let alice = session.one(User::select().with(User::locker.selectin().filter(Locker::id.eq(Id::new(9)))))?;
    assert!(alice.loaded(User::locker)?.is_none());
    let alice = alice.reference();
    let other = session.add(Locker::draft());
    session.set(alice, User::locker, other)?;
    session.commit()?;
    let owners: Vec<bool> = rows(&mut session, "lockers").iter().map(|it| it[1].is_null()).collect();
    assert_eq!(owners, [true, false]);
    Ok(())
}

#[test]
fn to_replace_all_is_to_replace_what_was_not_shown() -> Result<()> {
    let database = fixture()?;
    for (way, query) in in_part() {
        let fork = database.fork();
        let mut session = fork.session();
        let first = session.one(query)?.reference();
        let second = session.one(Post::select().filter(Post::body.eq("answer 2")))?.reference();
        session.replace(first, Post::replies, [second])?;
        assert_eq!(session.get(first)?.loaded(Post::replies)?.references(), [second], "{way}");
        session.commit()?;
        let answers = |session: &mut Session| rows(session, "posts").iter().filter(|it| !it[2].is_null()).count();
        assert_eq!(answers(&mut session), 1, "{way}");
        session.clear(first, Post::replies)?;
        session.commit()?;
        assert_eq!(answers(&mut session), 0, "{way}");
    }
    Ok(())
}

/// What was changed in the part that is shown counts, when the rest comes in.
#[test]
fn changes_of_the_part_hold_when_the_rest_is_read() -> Result<()> {
    let database = fixture()?;
    let mut session = database.session();
    let only = Post::body.eq("answer 1");
    let query = Post::select().filter(Post::body.eq("First!")).with(Post::replies.selectin().filter(only));
    let first = session.one(query)?.reference();
    let shown = session.get(first)?.loaded(Post::replies)?.references()[0];
    session.remove(first, Post::replies, shown)?;
    let alice = session.get(first)?.load(Post::author)?.reference();
    let added = posted(&mut session, alice, "new");
    session.push(first, Post::replies, added)?;
    session.delete(first)?;
    session.commit()?;
    assert_eq!(count(&mut session, "posts"), 1, "what was taken out stays, the new one was dropped with the others");
    assert_eq!(session.get(shown)?.parent_id, None);
    Ok(())
}

#[test]
fn a_copy_of_a_part_takes_nothing_away_where_it_is_merged() -> Result<()> {
    let database = fixture()?;
    for (way, query) in in_part() {
        let fork = database.fork();
        let mut copy = fork.session().one(query)?.detach();
        copy.edit().score = 7;
        let mut session = fork.session();
        let first = session.merge(copy)?;
        session.commit()?;
        assert_eq!((session.get(first)?.score, session.get(first)?.load(Post::replies)?.len()), (7, 3), "{way}");
    }
    let only = Locker::id.eq(Id::new(9));
    let copy = database.session().one(User::select().with(User::locker.selectin().filter(only)))?.detach();
    let mut session = database.session();
    let alice = session.merge(copy)?;
    session.commit()?;
    assert!(session.get(alice)?.load(User::locker)?.is_some());
    Ok(())
}

#[test]
fn a_part_is_marked_as_one_until_the_whole_is_read() -> Result<()> {
    let database = fixture()?;
    for (way, query) in in_part() {
        let mut session = database.session();
        let first = session.one(query)?.reference();
        let (spent, dump) = statements(&mut session, |it| it.dump_graph());
        let to = dump.object("Post[1]").and_then(|it| it.relation("replies")).cloned();
        assert!(spent == 0 && matches!(to, Some(DumpedRelation::Part(_))), "{way}: {dump}");
        assert!(!session.get(first)?.is_partial(Post::tags), "{way}: what was not loaded is no part");
        session.expire(first)?;
        session.refresh_relation(first, Post::author)?;
        assert!(!session.get(first)?.is_partial(Post::author), "{way}");
    }
    let mut session = database.session();
    let only = Post::body.eq("answer 1");
    let query = Post::select().filter(Post::body.eq("First!")).with(Post::replies.selectin().filter(only));
    let first = session.one(query)?.reference();
    session.expire(first)?;
    session.let_go_of_all();
    let first = session.one(Post::select().filter(Post::body.eq("First!")).with(Post::replies.selectin()))?;
    assert!(!first.is_partial(Post::replies));
    Ok(())
}
