//! Typed loadedness: the type of a view says what its query has loaded, and reading that runs no statement and cannot
//! fail (O8). What does not compile is shown in `tests/ui/typed_*.rs`.

use diptych::error::{ErrorKind, Misuse};
use diptych::listen::load;
use diptych::prelude::*;

use super::forum::*;

/// Two users; a post of alice with a reply of bob, two tags, a vote, and a profile of bob.
fn filled() -> Result<Database> {
    let database = forum();
    let mut session = database.session();
    let (alice, bob) = (session.add(user("alice")), session.add(user("bob")));
    let profile = session.add(Profile { text: "of bob".into(), ..Profile::draft() });
    session.set(bob, User::profile, profile)?;
    let first = posted(&mut session, alice, "first");
    let reply = posted(&mut session, bob, "reply");
    session.set(reply, Post::parent, first)?;
    for name in ["a", "b"] {
        session.push(first, Post::tags, tag(name))?;
    }
    let vote = session.add(Vote { value: 1, ..Vote::draft() });
    session.set(vote, Vote::user, bob)?;
    session.set(vote, Vote::post, first)?;
    session.commit()?;
    Ok(database)
}

/// A required reference gives a view, an optional one an optional view, a collection views, each without a `Result`.
#[test]
fn typed_loadedness_reads_each_arity_without_a_statement_or_a_result() -> Result<()> {
    let session = filled()?.session();
    let query = Post::select()
        .order_by(Post::id)
        .with(Post::author.joined())
        .with(Post::parent.selectin())
        .with(Post::tags.subquery())
        .with(Post::votes.immediate());
    let posts = session.all(query)?;
    let before = session.totals().statements;
    let mut lines = Vec::new();
    for post in &posts {
        let author: View<'_, User> = post.get(Post::author);
        let parent: Option<View<'_, Post>> = post.get(Post::parent);
        let tags: Views<'_, Tag> = post.get(Post::tags);
        let votes: i64 = post.get(Post::votes).iter().map(|it| it.value).sum();
        lines.push((author.name.clone(), parent.map(|it| it.body.clone()), tags.len(), votes));
    }
    let first = Some("first".to_owned());
    assert_eq!(lines, [("alice".to_owned(), None, 2, 1), ("bob".to_owned(), first, 0, 0)]);
    assert_eq!(session.totals().statements, before);
    Ok(())
}

/// Paths nest: what is behind a relation is known to the views that it leads to.
#[test]
fn typed_loadedness_follows_nested_paths() -> Result<()> {
    let session = filled()?.session();
    let query = Post::select()
        .filter(Post::body.eq("reply"))
        .with(Post::author.joined().then(User::profile.selectin().then(Profile::user.joined())))
        .with(
            Post::parent.joined().then(Post::tags.selectin()).then(Post::votes.selectin().then(Vote::user.selectin())),
        );
    let reply = session.one(query)?;
    let before = session.totals().statements;
    let profile = reply.get(Post::author).get(User::profile).expect("bob has one");
    assert_eq!((profile.text.as_str(), profile.get(Profile::user).name.as_str()), ("of bob", "bob"));
    let first = reply.get(Post::parent).expect("it is a reply");
    assert_eq!(first.get(Post::tags).iter().map(|it| it.name.clone()).collect::<Vec<_>>(), ["a", "b"]);
    let voters: Vec<String> = first.get(Post::votes).iter().map(|it| it.get(Vote::user).name.clone()).collect();
    assert_eq!(voters, ["bob"]);
    assert_eq!(session.totals().statements, before);
    Ok(())
}

/// `first` and `one` say what is loaded as `all` does, and so do iterators and copies of a view.
#[test]
fn typed_loadedness_stays_with_first_one_and_iterators() -> Result<()> {
    let session = filled()?.session();
    let query = || Post::select().order_by(Post::id).with(Post::tags.selectin());
    assert_eq!(session.first(query())?.expect("there are posts").get(Post::tags).len(), 2);
    assert_eq!(session.one(query().filter(Post::body.eq("reply")))?.get(Post::tags).len(), 0);
    let views = session.all(query())?;
    let counts: Vec<usize> = views.clone().into_iter().map(|it| it.get(Post::tags).len()).collect();
    assert_eq!(counts, [2, 0]);
    assert_eq!(views.first().expect("there are posts").get(Post::tags).len(), 2);
    Ok(())
}

/// Code that does not care what is loaded names `Query<Post>`, `View<'_, Post>` and `Views<'_, Post>` as ever.
#[test]
fn typed_loadedness_can_be_left_out() -> Result<()> {
    fn bodies(posts: &Views<'_, Post>) -> Vec<String> {
        posts.iter().map(|it| body(it)).collect()
    }
    fn body(post: View<'_, Post>) -> String {
        post.body.clone()
    }
    let session = filled()?.session();
    let mut query: Query<Post> = Post::select().order_by(Post::id).with(Post::tags.selectin()).into();
    for path in [Post::votes.selectin(), Post::votes.joined()] {
        query = query.loading(path);
    }
    let posts: Views<'_, Post> = session.all(query)?;
    assert_eq!(bodies(&posts), ["first", "reply"]);
    let before = session.totals().statements;
    assert_eq!(posts.first().expect("there are posts").loaded(Post::tags)?.len(), 2);
    assert_eq!(posts.first().expect("there are posts").loaded(Post::votes)?.len(), 1);
    assert_eq!(session.totals().statements, before);
    let typed = session.all(Post::select().order_by(Post::id).with(Post::tags.selectin()))?;
    assert_eq!(body(typed.first().expect("there are posts").into()), "first");
    assert_eq!(bodies(&typed.into()), ["first", "reply"]);
    Ok(())
}

/// O8: an expired target is read with the query, not when it is looked at; one whose row is gone fails the query.
#[test]
fn o8_what_the_type_promises_is_at_hand_when_the_query_returns() -> Result<()> {
    let database = filled()?;
    let mut session = database.session();
    let users = session.all(User::select())?.references();
    session.commit()?;
    for &it in &users {
        session.expire(it)?;
    }
    let posts = session.all(Post::select().order_by(Post::id).with(Post::author.selectin()))?;
    let before = session.totals().statements;
    assert_eq!(posts.iter().map(|it| it.get(Post::author).name.clone()).collect::<Vec<_>>(), ["alice", "bob"]);
    assert_eq!(session.totals().statements, before);
    Ok(())
}

/// O8: queries, loads and lookups under the same borrow do not unload what a view promises, whatever they ask for.
#[test]
fn o8_nothing_is_unloaded_under_a_view() -> Result<()> {
    let session = filled()?.session();
    let posts =
        session.all(Post::select().order_by(Post::id).with(Post::tags.selectin()).with(Post::author.joined()))?;
    let tags = |views: &[usize]| assert_eq!(views, [2, 0]);
    let seen = || posts.iter().map(|it| it.get(Post::tags).len()).collect::<Vec<_>>();
    tags(&seen());
    session.all(Post::select().with(Post::tags.raise()).with(Post::author.raise()))?;
    tags(&seen());
    session.all(Post::select().with(Post::tags.noload()).with(Post::author.lazily()))?;
    tags(&seen());
    session.all(Post::select().filter(Post::tags.any(Tag::name.eq("a"))))?;
    assert_eq!(session.count(Post::select())?, 2);
    for post in &posts {
        session.find::<Post>(post.id)?;
        post.load(Post::replies)?;
        assert_eq!(post.get(Post::author).id, post.author_id);
    }
    tags(&seen());
    Ok(())
}

/// O8: a listener that is told of a load under a view cannot move what the view promises; the load is refused, and the
/// view is as before. Where the session is held exclusively it may.
#[test]
fn o8_no_listener_moves_relations_under_a_view() -> Result<()> {
    let mut session = filled()?.session();
    let first = session.one(Post::select().filter(Post::body.eq("first")))?.reference();
    let _takes_over = session.on(load::<User>(), move |user, session| session.set(first, Post::author, user))?;
    let promised = Post::select().filter(Post::body.eq("first")).with(Post::tags.selectin());
    let post = session.one(promised.clone())?;
    let refused = post.load(Post::author).expect_err("the listener would move it");
    assert!(matches!(refused.misuse(), Some(Misuse::ListenerOfRead { what }) if what == "Post.author"), "{refused}");
    assert_eq!(post.get(Post::tags).len(), 2);
    session.expire(first)?;
    session.populate_existing(User::select().filter(User::name.eq("bob")))?;
    assert_eq!(session.get(first)?.loaded(Post::author)?.name, "bob");
    Ok(())
}

/// O8: an autoflush happens before the query that promises, so a member that was deleted is not promised.
#[test]
fn o8_what_is_pending_is_flushed_before_the_promise() -> Result<()> {
    let mut session = filled()?.session();
    let first = session.one(Post::select().filter(Post::body.eq("first")))?.reference();
    let votes = session.get(first)?.load(Post::votes)?.references();
    session.delete(votes[0])?;
    session.push(first, Post::tags, tag("c"))?;
    let post = session.one(
        Post::select().filter(Post::id.eq(session[first].id)).with(Post::votes.selectin()).with(Post::tags.selectin()),
    )?;
    assert_eq!((post.get(Post::votes).len(), post.get(Post::tags).len()), (0, 3));
    session.all(User::select())?;
    assert_eq!((post.get(Post::votes).len(), post.get(Post::tags).len()), (0, 3));
    Ok(())
}

/// O8: a later option that takes a promise back is refused when the query runs.
#[test]
fn o8_a_promise_that_is_taken_back_fails_the_query() -> Result<()> {
    let session = filled()?.session();
    let query = Post::select().with(Post::tags.selectin()).with(Post::tags.raise());
    let error = session.all(query).expect_err("the last word is `raise`");
    let ErrorKind::Misuse(Misuse::NotLoaded { relation, .. }) = error.kind() else { panic!("{error}") };
    assert_eq!(relation, "Post.tags");
    // One that only postpones it is made up for.
    let post = session.first(Post::select().with(Post::replies.selectin()).with(Post::replies.lazily()))?;
    assert_eq!(post.expect("there are posts").get(Post::replies).len(), 1);
    Ok(())
}

/// O8: a required reference that leads nowhere yet fails the query instead of the look.
#[test]
fn o8_a_required_reference_that_was_taken_away_fails_the_query() -> Result<()> {
    let mut session = filled()?.session();
    session.set_autoflush(false);
    let first = session.one(Post::select().filter(Post::body.eq("first")))?.reference();
    session.set(first, Post::author, None)?;
    let error = session.all(Post::select().with(Post::author.selectin())).expect_err("one has no author");
    let ErrorKind::Misuse(Misuse::State { object, .. }) = error.kind() else { panic!("{error}") };
    assert!(object.starts_with("author of Post["), "{object}");
    assert_eq!(session.all(Post::select().with(Post::tags.selectin()))?.len(), 2);
    Ok(())
}

/// A query with thousands of objects is promised by the same number of statements as without a promise.
#[test]
fn typed_loadedness_costs_no_statement() -> Result<()> {
    let database = filled()?;
    let (typed, plain) = (database.session(), database.session());
    let query = || Post::select().with(Post::author.joined()).with(Post::tags.selectin().then(Tag::posts.selectin()));
    typed.all(query())?;
    let untyped: Query<Post> = query().into();
    plain.all(untyped)?;
    assert_eq!(typed.totals().statements, plain.totals().statements);
    Ok(())
}
