//! Typed queries that join along relations: conditions and orders at the other end, rows without a partner, and relations
//! that are filled from what the query finds.

use diptych::object::JoinPath;
use diptych::prelude::*;
use diptych::{Lazy, assert_statements};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, proptest};
use proptest::test_runner::Config;

use super::forum::*;
use super::property::cases;

/// Ann has written `a` and its reply `b`, Eve `c`, Joe nothing. `a` and `c` are tagged `news`, `a` is tagged `old` as well.
fn filled() -> Result<Database> {
    let database = forum();
    let mut session = database.session();
    let [ann, eve, _] = ["Ann", "Eve", "Joe"].map(|it| session.add(user(it)));
    let [a, b, c] = [(ann, "a"), (ann, "b"), (eve, "c")].map(|(author, body)| posted(&mut session, author, body));
    session.set(b, Post::parent, a)?;
    let [news, old] = ["news", "old"].map(|it| session.add(tag(it)));
    for (post, tag) in [(a, news), (c, news), (a, old)] {
        session.push(post, Post::tags, tag)?;
    }
    session.commit()?;
    Ok(database)
}

fn bodies(posts: &Views<'_, Post>) -> Vec<String> {
    posts.iter().map(|it| it.body.clone()).collect()
}

#[test]
fn objects_come_in_the_order_of_what_is_joined() -> Result<()> {
    let session = filled()?.session();
    let by_author = |path: JoinPath<Post, User>| session.all(Post::select().join(path).order_by(Post::body.desc()));
    assert_eq!(bodies(&by_author(Post::author.join().order_by(User::name.desc()))?), ["c", "b", "a"]);
    assert_eq!(bodies(&by_author(Post::author.join().order_by(User::name))?), ["b", "a", "c"]);
    let not_ann = Post::author.join().filter(User::name.ne("Ann")).filter(User::email.like("%@example.org"));
    assert_eq!(bodies(&by_author(not_ann)?), ["c"]);
    Ok(())
}

/// A reference is filled from the row that was joined: no statement follows, and none was needed.
#[test]
fn a_reference_is_filled_from_the_join() -> Result<()> {
    let session = filled()?.session();
    let parents = Post::parent.join().then(Post::author.join().filter(User::name.eq("Ann")).eager());
    let posts = session.all(Post::select().join(parents).otherwise(Lazy::Raise))?;
    assert_eq!((bodies(&posts), session.totals().statements), (vec!["b".to_owned()], 1));
    assert_statements!(session, 0, {
        let reply = posts.first().expect("there is one");
        let parent = reply.loaded(Post::parent)?.expect("it has a parent");
        assert_eq!((parent.body.as_str(), parent.loaded(Post::author)?.name.as_str()), ("a", "Ann"));
    });
    Ok(())
}

/// A collection that is filled from a join holds what the query has found, and a flush takes nothing for removed.
#[test]
fn a_collection_is_filled_with_what_the_query_finds() -> Result<()> {
    let database = filled()?;
    let mut session = database.session();
    let path = User::posts.join().filter(Post::body.eq("b")).eager();
    let users = session.all(User::select().join(path))?;
    let [ann] = users.references()[..] else { panic!("Ann alone has written b") };
    assert_eq!(users.first().map(|it| it.loaded(User::posts).map(|it| it.len())).transpose()?, Some(1));
    drop(users);
    session.edit(ann)?.name.push('!');
    posted(&mut session, ann, "d");
    session.commit()?;
    let session = database.session();
    let ann = session.one(User::select().filter(User::name.eq("Ann!")))?;
    assert_eq!(bodies(&ann.load(User::posts)?).len(), 3);
    Ok(())
}

/// With an outer join an owner without a partner comes out; a condition of the join decides who is one, a condition of the
/// query who comes out.
#[test]
fn owners_without_a_partner_come_out_of_an_outer_join() -> Result<()> {
    let session = filled()?.session();
    let names = |path: JoinPath<User, Post>| -> Result<Vec<String>> {
        let users = session.all(User::select().join(path).order_by(User::name))?;
        Ok(users.iter().map(|it| it.name.clone()).collect())
    };
    assert_eq!(names(User::posts.join())?, ["Ann", "Eve"]);
    assert_eq!(names(User::posts.join().outer())?, ["Ann", "Eve", "Joe"]);
    assert_eq!(names(User::posts.join().outer().filter(Post::id.is_null()))?, ["Joe"]);
    assert_eq!(names(User::posts.join().outer().on(Post::body.eq("c")).filter(Post::id.is_null()))?, ["Ann", "Joe"]);
    assert_eq!(names(User::posts.join().on(Post::body.eq("c")))?, ["Eve"]);
    Ok(())
}

/// One relation joined twice asks for two members.
#[test]
fn a_relation_is_joined_as_often_as_is_asked() -> Result<()> {
    let session = filled()?.session();
    let tagged = |name: &str| Post::tags.join().filter(Tag::name.eq(name));
    assert_eq!(bodies(&session.all(Post::select().join(tagged("news")).order_by(Post::id))?), ["a", "c"]);
    assert_eq!(bodies(&session.all(Post::select().join(tagged("news")).join(tagged("old")))?), ["a"]);
    // Along a self-reference, and back along the relation by which it came.
    let siblings = Post::parent.join().then(Post::replies.join().filter(Post::body.eq("b")));
    assert_eq!(bodies(&session.all(Post::select().join(siblings))?), ["b"]);
    Ok(())
}

/// Related objects are asked for from where the join leads to, and conditions within are about those.
#[test]
fn conditions_at_the_end_of_a_join_may_go_further() -> Result<()> {
    let session = filled()?.session();
    let by_old = Post::author.join().filter(User::posts.any(Post::tags.any(Tag::name.eq("old"))));
    assert_eq!(bodies(&session.all(Post::select().join(by_old).order_by(Post::id))?), ["a", "b"]);
    let ann = session.one(User::select().filter(User::name.eq("Ann")))?.reference();
    let replies = Post::replies.join().filter(Post::author.is(ann));
    assert_eq!(bodies(&session.all(Post::select().join(replies))?), ["a"]);
    Ok(())
}

/// A limit counts rows, which a collection repeats; of a distinct query it counts objects.
#[test]
fn a_limit_counts_rows_unless_they_are_distinct() -> Result<()> {
    let session = filled()?.session();
    let joined = || User::select().join(User::posts.join()).order_by(User::id).limit(2);
    assert_eq!(session.all(joined())?.len(), 1, "Ann comes twice, for her two posts");
    assert_eq!(session.all(joined().distinct())?.len(), 2);
    assert_eq!(session.count(User::select().join(User::posts.join()).order_by(User::name))?, 2, "each once");
    assert_eq!(session.count(joined())?, 2);
    Ok(())
}

/// Ann has so many posts, Eve so many, with scores and tags.
fn graphs() -> impl Strategy<Value = Vec<(usize, i64, [bool; 2])>> {
    vec((0..3_usize, 0..4_i64, any::<[bool; 2]>()), 0..12)
}

proptest! {
    #![proptest_config(Config { cases: cases(48), failure_persistence: None, ..Config::default() })]

    /// A join that only asks finds what `has` and `any` find, and what it fills is what these leave of each relation.
    #[test]
    fn joins_find_what_related_conditions_find(posts in graphs(), least in 0..4_i64, named: bool) {
        let database = forum();
        let mut session = database.session();
        let users = ["Ann", "Eve", "Joe"].map(|it| session.add(user(it)));
        let tags = ["news", "old"].map(|it| session.add(tag(it)));
        for (at, &(author, score, tagged)) in posts.iter().enumerate() {
            let post = session.push(users[author], User::posts, Post { score, ..post(&format!("{at}")) }).expect("pushed");
            for (tag, _) in tags.iter().zip(tagged).filter(|it| it.1) {
                session.push(post, Post::tags, *tag).expect("it can be tagged");
            }
        }
        session.commit().expect("all is right");
        let name = if named { "news" } else { "old" };
        let fits = || Post::score.ge(least).and(Post::tags.any(Tag::name.eq(name)));
        let by_any = database.session();
        let by_any = by_any.all(User::select().filter(User::posts.any(fits())).order_by(User::id)).expect("found");
        let joined = database.session();
        let path = User::posts.join().filter(Post::score.ge(least)).eager();
        let path = path.then(Post::tags.join().filter(Tag::name.eq(name)).eager());
        let by_join = joined.all(User::select().join(path).order_by(User::id)).expect("found");
        assert_eq!(
            by_join.iter().map(|it| it.id).collect::<Vec<_>>(),
            by_any.iter().map(|it| it.id).collect::<Vec<_>>()
        );
        assert_eq!(joined.totals().statements, 1);
        for user in &by_join {
            let mut members: Vec<String> = Vec::new();
            for post in &user.loaded(User::posts).expect("it was filled") {
                assert!(post.score >= least);
                assert_eq!(post.loaded(Post::tags).expect("it was filled").first().map(|it| it.name.clone()), Some(name.into()));
                members.push(post.body.clone());
            }
            members.sort();
            let of_user = Post::author.has(User::name.eq(user.name.clone())).and(fits());
            let alone = database.session();
            let mut wanted = bodies(&alone.all(Post::select().filter(of_user)).expect("found"));
            wanted.sort();
            assert_eq!(members, wanted);
        }
    }
}
