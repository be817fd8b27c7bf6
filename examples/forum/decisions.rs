//! What moderators decide, as a hierarchy of classes, and what stands for every session: a rule that refuses, and a record
//! that is kept whoever removes a post.

use std::collections::BTreeMap;

use diptych::Error;
use diptych::error::Misuse;
use diptych::listen::{Listening, rows_acted_on};
use diptych::object::{RowStep, UnitStep};
use diptych::prelude::*;

use crate::budget;
use crate::model::{Decision, Forum, Post, Removal, Thread, User, Vote, Warning};
use crate::print::heading;

/// Registers what stands, moderates on a fork, and reads what has been decided.
pub fn decided(database: &Database) -> Result<()> {
    heading(14, "Decisions, and rules that stand for every session");
    // Listeners belong to the classes, which a fork has in common with the forum; rows are its own.
    let fork = database.fork();
    let standing = [no_vote_for_oneself(&fork)?, keep_what_is_removed(&fork)?, keep_what_keys_remove(&fork)?];
    refuse(&fork)?;
    let removed = moderate(&fork)?;
    log(&fork, removed)?;
    of_one_moderator(&fork)?;
    drop(standing);
    nobody_listens(&fork)
}

/// A rule of the forum. It is said once, and each session keeps it.
fn no_vote_for_oneself(database: &Database) -> Result<Listening> {
    database.on(RowStep::BeforeInsert.of::<Vote>(), |vote, reaction| {
        let user = reaction.one(vote, Vote::user)?;
        let Some(post) = reaction.one(vote, Vote::post)? else { return Ok(()) };
        let author = reaction.one(post, Post::author)?;
        if user.is_some() && user == author {
            let name = user.map(|it| reaction.get(it).map(|it| it.name.clone())).transpose()?.unwrap_or_default();
            return Err(Error::from(Misuse::Statement { reason: format!("{name} votes for a post of their own") }));
        }
        Ok(())
    })
}

/// Before a session deletes posts, what they said is added to what the same flush writes.
fn keep_what_is_removed(database: &Database) -> Result<Listening> {
    database.on(UnitStep::BeforeFlush, |_, reaction| {
        for post in reaction.deleted::<Post>()? {
            let author = reaction.one(post, Post::author)?;
            let author = author.map(|it| reaction.get(it).map(|it| it.name.clone())).transpose()?;
            let body = reaction.get(post)?.body.clone();
            reaction.add(removal(author, body, "removed by hand"))?;
        }
        Ok(())
    })
}

/// Posts that foreign keys take along are no objects; whoever listens to their rows hears of them all the same.
fn keep_what_keys_remove(database: &Database) -> Result<Listening> {
    database.on(rows_acted_on::<Post>(), |acted, reaction| {
        if acted.set.is_none() {
            reaction.add(removal(None, acted.row.body, &format!("removed by {}", acted.path.join(", "))))?;
        }
        Ok(())
    })
}

fn removal(author: Option<String>, body: String, reason: &str) -> Removal {
    Removal { decision: Decision { reason: reason.into(), ..Decision::draft() }, author, body }
}

/// The rule holds in two sessions that know nothing of it. What breaks it is refused before anything is written.
fn refuse(database: &Database) -> Result<()> {
    for _ in 0..2 {
        let mut session = database.session();
        let post = session.first(Post::select().filter(Post::author.is_present()).with(Post::author.joined()))?;
        let post = post.expect("somebody has written something");
        let (post, author) = (post.reference(), post.get(Post::author).expect("it has an author").reference());
        let vote = session.push(post, Post::votes, Vote { value: 1, ..Vote::draft() })?;
        session.set(vote, Vote::user, author)?;
        let refused = session.flush().expect_err("nobody votes for a post of their own");
        assert!(refused.to_string().ends_with("votes for a post of their own"), "{refused}");
        session.rollback()?;
    }
    println!("   vote for oneself            refused in each session, before anything is written");
    Ok(())
}

/// A moderator warns, removes a post with its replies, and removes a forum full of spam. How many posts went either way.
fn moderate(database: &Database) -> Result<[usize; 2]> {
    spam(database)?;
    let full = database.snapshot().len("posts")?;
    let mut session = database.session();
    let moderator = session.add(User { name: "moderator".into(), ..User::draft() });
    let asked = Post::select().filter(Post::replies.is_not_empty()).filter(Post::author.is_present());
    let post = session.first(asked.order_by(Post::id).with(Post::author.joined()))?.expect("a question with replies");
    let (post, author) = (post.reference(), post.get(Post::author).expect("it has an author").reference());
    let note = Decision { reason: "spring cleaning".into(), ..Decision::draft() };
    session.push(moderator, User::decisions, note)?;
    let decision = Decision { reason: "off topic".into(), ..Decision::draft() };
    let warning = session.push(author, User::warnings, Warning { decision, points: 1, ..Warning::draft() })?;
    // The relation is one of the base, and a warning is one.
    session.set(warning, Decision::moderator, moderator)?;
    session.delete(post)?;
    session.commit()?;
    let by_hand = full - database.snapshot().len("posts")?;

    // Another session, another way: the forum goes as an object, its threads and posts by their foreign keys.
    let mut session = database.session();
    let forum = session.one(Forum::select().filter(Forum::slug.eq("spam")))?.reference();
    session.delete(forum)?;
    session.commit()?;
    Ok([by_hand, full - by_hand - database.snapshot().len("posts")?])
}

/// A forum of a thread with three posts, of which the second answers the first.
fn spam(database: &Database) -> Result<()> {
    database.transaction(|session| {
        let forum = session.add(Forum { slug: "spam".into(), ..Forum::draft() });
        let thread = session.push(forum, Forum::threads, Thread { title: "Buy!".into(), ..Thread::draft() })?;
        let post = |body: &str| Post { body: body.into(), ..Post::draft() };
        let first = session.push(thread, Thread::posts, post("Buy now!"))?;
        let answer = session.push(thread, Thread::posts, post("Buy now, too!"))?;
        session.push(first, Post::replies, answer)?;
        session.push(thread, Thread::posts, post("Do not delay!"))?;
        Ok(())
    })
}

/// The log of moderation: a query on the base brings every kind of decision, as what it is. What subclasses have in tables
/// of their own comes with the same statement.
fn log(database: &Database, [by_hand, by_keys]: [usize; 2]) -> Result<()> {
    let removed = by_hand + by_keys;
    let query = || Decision::select().order_by(Decision::id).with(Decision::moderator.joined());
    let kinds = budget::of(database, "the log of moderation", 1, |session| {
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        for decision in &session.all(query().with_subclasses())? {
            *kinds.entry(decision.kind.clone()).or_default() += 1;
            if let Some(warning) = decision.downcast::<Warning>()? {
                assert_eq!((warning.points, &*warning.reason), (1, "off topic"), "a warning has what a decision has");
            }
            if let Some(removal) = decision.downcast::<Removal>()? {
                assert!(!removal.body.is_empty() && decision.get(Decision::moderator).is_none());
            }
        }
        Ok(kinds)
    })?;
    assert_eq!(
        (kinds["note"], kinds["warning"], kinds["removal"]),
        (1, 1, removed),
        "a removal for each post that went"
    );
    assert_eq!(database.snapshot().len("removals")?, removed, "joined: the rest of a row is in a table of its own");
    assert!(
        database.schema().table_named("warnings").is_err(),
        "single: what a warning adds is in the table of its base"
    );

    // Who does not ask for subclasses reads the base alone, and the removals that are looked at, one by one.
    let (_, totals) = budget::measured(database, |session| {
        session.all(query())?.iter().try_for_each(|it| it.downcast::<Removal>().map(drop))
    })?;
    assert_eq!(totals.statements, 1 + removed as u64, "one for the decisions, and one for the rest of each removal");
    let kept = budget::of(database, "removals", 2, |session| {
        let because = |reason: &str| {
            session.count(Removal::select().filter(Decision::reason.like(reason)).filter(Removal::body.ne("")))
        };
        Ok([because("removed by hand")?, because("removed by threads_forum_id_fkey, posts_thread_id_fkey")?])
    })?;
    assert_eq!(
        (kept.map(|it| it as usize), by_keys),
        ([by_hand, by_keys], 3),
        "each post is kept once, with the way it went"
    );
    println!("   decisions                   1 note, 1 warning, {removed} removals in 1 statement");
    println!("   removals                    {by_hand} by hand, {by_keys} by foreign keys");
    Ok(())
}

/// A relation to the base leads to all kinds; when the user goes, decisions stay without a name and warnings go.
fn of_one_moderator(database: &Database) -> Result<()> {
    let mut session = database.session();
    let moderator = session.one(User::select().filter(User::name.eq("moderator")).with(User::decisions.selectin()))?;
    let kinds: Vec<String> = moderator.get(User::decisions).iter().map(|it| it.kind.clone()).collect();
    assert_eq!(kinds, ["note", "warning"], "one collection, two classes");
    let moderator = moderator.reference();
    let warned = session.one(User::select().filter(User::warnings.is_not_empty()))?.reference();
    session.delete(moderator)?;
    session.delete(warned)?;
    session.commit()?;
    assert_eq!(session.count(Warning::select())?, 0, "a warning goes with the user");
    let nameless = Decision::select().filter(Decision::kind.eq("note")).filter(Decision::moderator_id.is_null());
    assert_eq!(session.count(nameless)?, 1, "a decision stays");
    println!("   user.decisions              notes and warnings in one collection");
    Ok(())
}

/// When their guards are dropped, nothing is refused and nothing is kept.
fn nobody_listens(database: &Database) -> Result<()> {
    let before = database.snapshot().len("removals")?;
    let mut session = database.session();
    let post = session.first(Post::select().filter(Post::author.is_present()))?.expect("there are posts").reference();
    session.delete(post)?;
    session.commit()?;
    assert_eq!(database.snapshot().len("removals")?, before);
    Ok(())
}
