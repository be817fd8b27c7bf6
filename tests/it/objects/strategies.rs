//! Every loader strategy: what it costs, what it refuses, and that all of them read the same graph along any path.

use diptych::error::Misuse;
use diptych::object::{Depth, Lazy, LoadOption, Selection};
use diptych::prelude::*;
use diptych::{Direction, Update, col};
use proptest::prelude::*;

use super::forum::*;
use super::loaders::{Graph, build, cost, drawing, filled};

#[test]
fn each_strategy_has_its_number_of_statements() -> Result<()> {
    type Way = fn() -> Query<User>;
    let ways: [(Way, u64); 7] = [
        (|| User::select().with(User::posts.subquery()).into(), 2),
        (|| User::select().with(User::posts.selectin()).into(), 2),
        (|| User::select().with(User::posts.joined()).into(), 1),
        (|| User::select().with(User::posts.immediate()).into(), 1 + 4),
        (|| User::select().with(User::posts.noload()), 1),
        (|| User::select().with(User::posts.raise_on_sql()), 1),
        (|| User::select().with(User::posts.lazily()), 1),
    ];
    for (at, (way, statements)) in ways.into_iter().enumerate() {
        let session = filled(4, 3).session();
        let (first, found) = cost(&session, |it| it.all(way()));
        assert_eq!((first.statements, found?.len()), (statements, 4), "way {at}");
    }
    Ok(())
}

#[test]
fn what_is_not_loaded_is_empty_and_what_needs_a_statement_is_refused() -> Result<()> {
    let session = filled(1, 2).session();
    let user = session.one(User::select().with(User::posts.noload()))?;
    assert!(user.load(User::posts)?.is_empty());
    let session = filled(1, 2).session();
    let post = session.all(Post::select().with(Post::author.raise_on_sql()))?;
    let post = post.first().expect("it is there");
    assert!(matches!(
        post.load(Post::author).map(drop).map_err(|it| it.misuse().cloned()),
        Err(Some(Misuse::NotLoaded { .. }))
    ));
    session.all(User::select())?;
    assert_eq!(post.load(Post::author)?.name, "u0", "the session knows the target now");
    let post = session.all(Post::select().with(Post::author.raise()))?.first().expect("it is there");
    assert_eq!(post.load(Post::author)?.name, "u0", "it was read before");
    Ok(())
}

#[test]
fn otherwise_refuses_what_nobody_planned_in_this_query_only() -> Result<()> {
    let mut session = filled(1, 2).session();
    let query = User::select().with(User::posts.selectin()).otherwise(Lazy::Raise);
    let user = session.one(query)?.reference();
    assert_eq!(session.get(user)?.load(User::posts)?.len(), 2);
    assert!(session.get(user)?.load(User::profile).is_err());
    let post = session.get(user)?.load(User::posts)?.first().expect("it is there").reference();
    assert!(session.get(post)?.load(Post::tags).is_err(), "what came along is meant, too");
    session.expire(user)?;
    assert!(session.get(user)?.load(User::profile)?.is_none(), "what is read again is read as declared");
    Ok(())
}

#[test]
fn the_first_members_of_each_owner() -> Result<()> {
    let session = filled(3, 5).session();
    let (spent, found) = cost(&session, |it| {
        it.all(User::select().with(User::posts.selectin().first(2, [(Post::id, Direction::Descending)])))
    });
    assert_eq!(spent.statements, 2);
    for user in &found? {
        let bodies: Vec<String> = user.loaded(User::posts)?.iter().map(|it| it.body.clone()).collect();
        let at = user.name.trim_start_matches('u');
        assert_eq!(bodies, [format!("{at}.4"), format!("{at}.3")]);
    }
    Ok(())
}

/// Members that a query leaves out are not taken for removed.
#[test]
fn a_filtered_collection_is_flushed_without_loss() -> Result<()> {
    let database = filled(1, 3);
    let mut session = database.session();
    for path in [User::posts.selectin(), User::posts.joined()] {
        let only = path.filter(Post::body.eq("0.1"));
        let user = session.one(User::select().with(only))?.reference();
        let kept = session.get(user)?.loaded(User::posts)?.references();
        assert_eq!(kept.len(), 1);
        session.remove(user, User::posts, kept[0]).and_then(|()| session.push(user, User::posts, kept[0]).map(drop))?;
        session.commit()?;
        assert_eq!(database.session().count(Post::select())?, 3);
        session = database.session();
    }
    Ok(())
}

/// What a query asked holds when the row is read again, for the relation that is touched later, too.
#[test]
fn what_a_query_asked_stays_with_its_objects() -> Result<()> {
    let database = filled(2, 2);
    let mut session = database.session();
    let query = User::select().order_by(User::id).with(User::posts.lazily().then(Post::tags.selectin()));
    let user = session.all(query)?.references()[0];
    let (spent, posts) = cost(&session, |it| it.get(user)?.load(User::posts).map(|it| it.references()));
    assert_eq!(spent.statements, 2, "the posts, and their tags");
    let post = posts?[0];
    let (spent, tags) = cost(&session, |it| it.get(post)?.loaded(Post::tags).map(|it| it.len()));
    assert_eq!((spent.statements, tags?), (0, 0));
    session.let_go_of_all();
    let user = session.all(User::select().with(User::posts.joined()))?.references()[0];
    session.expire(user)?;
    let (spent, posts) = cost(&session, |it| {
        it.get(user)?;
        it.get(user)?.loaded(User::posts).map(|it| it.len())
    });
    assert_eq!((spent.statements, posts?), (1, 2), "the row comes with its posts again");
    Ok(())
}

#[test]
fn populate_existing_takes_what_the_rows_say() -> Result<()> {
    let mut session = filled(1, 1).session();
    let user = session.one(User::select().with(User::posts.selectin()))?.reference();
    session.set_autoflush(false);
    session.edit(user)?.name = "changed".to_owned();
    session.execute(Update::table("users").set("email", "other").filter(diptych::Expression::eq(col("id"), 1)))?;
    assert_eq!(session.one(User::select())?.name, "changed", "what is loaded stays");
    let read = session.populate_existing(User::select())?.first().expect("it is there");
    assert_eq!((read.name.as_str(), read.email.as_str()), ("u0", "other"));
    assert!(read.loaded(User::posts).is_err(), "relations are read again");
    Ok(())
}

#[test]
fn peers_are_read_together() -> Result<()> {
    let mut session = filled(6, 2).session();
    session.set_peer_loading(true);
    let (spent, seen) = cost(&session, |it| -> Result<usize> {
        let mut seen = 0;
        for user in &it.all(User::select())? {
            for post in user.load(User::posts)? {
                seen += 1 + post.load(Post::tags)?.len();
            }
        }
        Ok(seen)
    });
    assert_eq!((spent.statements, seen?), (3, 12), "users, their posts, and the tags of those");
    Ok(())
}

#[test]
fn a_result_is_walked_in_chunks_and_let_go_of() -> Result<()> {
    let mut session = filled(7, 2).session();
    let before = session.totals();
    let (mut sizes, mut most) = (Vec::new(), 0);
    session.each_chunk(User::select().order_by(User::id).with(User::posts.selectin()), 3, |session, users| {
        sizes.push(users.len());
        for user in &users {
            assert_eq!(session.get(*user)?.loaded(User::posts)?.len(), 2);
        }
        most = most.max(session.len());
        session.let_go_of_all();
        Ok(())
    })?;
    assert_eq!((sizes, most), (vec![3, 3, 1], 3 + 6));
    assert_eq!((session.totals() - before).statements, 1 + 3, "the query once, and the posts of each part");
    let joined = session.each_chunk(User::select().with(User::posts.joined()), 3, |_, _| Ok(()));
    assert!(joined.is_err(), "a joined collection comes all together");
    Ok(())
}

#[test]
fn a_tree_is_loaded_to_a_depth() -> Result<()> {
    let database = filled(1, 1);
    let mut session = database.session();
    let author = session.one(User::select())?.reference();
    let mut above = session.one(Post::select())?.reference();
    let root = above;
    for level in 0..5 {
        let below = posted(&mut session, author, &format!("level {level}"));
        session.set(below, Post::parent, above)?;
        above = below;
    }
    session.commit()?;
    for (depth, levels) in [(Depth::Levels(0), 1), (Depth::Levels(2), 3), (Depth::Unlimited, 5)] {
        let session = database.session();
        let query = Post::select().filter(Post::parent_id.is_null()).with(Post::replies.selectin().depth(depth));
        let mut at: View<'_, Post> = session.one(query)?.into();
        let mut loaded = 0;
        while let Ok(replies) = at.loaded(Post::replies) {
            let Some(next) = replies.first() else { break };
            (loaded, at) = (loaded + 1, next);
        }
        assert_eq!(loaded, levels, "{depth:?}");
    }
    assert_eq!(session.state(root)?, diptych::State::Persistent);
    Ok(())
}

/// A relation, a strategy, and what is behind it, by numbers.
#[derive(Clone, Debug)]
struct Branch {
    relation: usize,
    strategy: usize,
    then: Vec<Branch>,
}

fn branches() -> impl Strategy<Value = Vec<Branch>> {
    let leaf = (0..6usize, 0..5usize).prop_map(|(relation, strategy)| Branch { relation, strategy, then: Vec::new() });
    let branch = leaf.prop_recursive(3, 10, 3, |inner| {
        (0..6usize, 0..5usize, prop::collection::vec(inner, 0..3)).prop_map(|(relation, strategy, then)| Branch {
            relation,
            strategy,
            then,
        })
    });
    prop::collection::vec(branch, 0..3)
}

fn relations(class: &str) -> &'static [(&'static str, &'static str)] {
    match class {
        "User" => &[("posts", "Post"), ("profile", "Profile"), ("votes", "Vote"), ("badges", "Badge")],
        "Post" => &[("author", "User"), ("parent", "Post"), ("replies", "Post"), ("tags", "Tag"), ("votes", "Vote")],
        "Tag" => &[("posts", "Post")],
        "Profile" | "Vote" => &[("user", "User")],
        _ => &[],
    }
}

/// The option that a branch stands for, and how many relations it loads with the query.
fn option(branch: &Branch, class: &str) -> Option<(LoadOption, u64)> {
    const WAYS: [Lazy; 5] = [Lazy::Select, Lazy::Joined, Lazy::Selectin, Lazy::Subquery, Lazy::Immediate];
    let relations = relations(class);
    let (name, target) = relations.get(branch.relation % relations.len().max(1))?;
    let lazy = WAYS[branch.strategy];
    let mut option = LoadOption::by(*name, lazy);
    let mut loads = u64::from(lazy != Lazy::Select);
    for (next, more) in branch.then.iter().filter_map(|it| self::option(it, target)) {
        option = option.then(next);
        loads += more;
    }
    // Object by object there is no bound but the number of objects.
    Some((option, if lazy == Lazy::Immediate { loads + 1_000 } else { loads }))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is loaded along, by whatever strategy, the graph is the same, and no more statements run than relations
    /// are loaded.
    #[test]
    fn any_path_by_any_strategy_gives_the_same_graph(
        users in prop::collection::vec(any::<bool>(), 1..5),
        posts in prop::collection::vec((0..9usize, prop::option::of(0..9usize), prop::collection::vec(0..4usize, 0..4)), 0..14),
        branches in branches(),
        limit in prop::option::of(1..4u64),
    ) {
        let graph: Graph = (users, posts);
        let database = build(&graph).expect("it can be built");
        let expected = drawing(&database.session(), User::select()).expect("it can be read");
        let (mut selection, mut bound) = (Selection { limit, ..Selection::new() }, 1);
        for (option, loads) in branches.iter().filter_map(|it| option(it, "User")) {
            selection = selection.load(option);
            bound += loads;
        }
        let mut session = database.session();
        let found = session.untyped().select("User", &selection).expect("it can be read");
        let users = graph.0.len();
        prop_assert_eq!(found.len(), limit.map_or(users, |it| users.min(it as usize)));
        let statements = session.totals().statements;
        prop_assert!(statements <= bound, "{} statements, at most {}", statements, bound);
        prop_assert_eq!(&drawing(&session, User::select()).expect("it can be read"), &expected);
    }
}
