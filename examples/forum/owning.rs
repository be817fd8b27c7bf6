//! What belongs to what: a thread owns its posts, a vote is an object between a user and a post, a user has one profile,
//! and listeners hear of all of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use diptych::State;
use diptych::listen::{Append, Remove};
use diptych::prelude::*;

use crate::model::{Post, Profile, Thread, User, Vote};
use crate::page;
use crate::print::heading;

/// Tries composition, the association object and the one-to-one relation, all in one session that is then given up.
pub fn owners(database: &Database) -> Result<()> {
    heading(10, "What belongs to what");
    let mut session = database.session();
    composition(&mut session)?;
    association(&mut session)?;
    one_to_one(&mut session)?;
    session.rollback()?;
    assert!(session.plan_flush()?.to_string().is_empty(), "nothing is left to write");
    Ok(())
}

/// A post that is taken out of its thread is deleted, and one that moves to another is not.
fn composition(session: &mut Session) -> Result<()> {
    let threads = session.all(page::newest().with(Thread::posts.selectin()))?.references();
    let [from, to] = threads[..2] else { unreachable!("a page has two threads") };
    let heard = Arc::new(AtomicU64::new(0));
    let (appended, removed) = (heard.clone(), heard.clone());
    let _append = session.on(Append(Thread::posts), move |_, _| {
        appended.fetch_add(1, Ordering::Relaxed);
        Ok(())
    })?;
    let _remove = session.on(Remove(Thread::posts), move |_, _| {
        removed.fetch_add(100, Ordering::Relaxed);
        Ok(())
    })?;
    let draft = |body: &str| Post { body: body.into(), ..Post::draft() };
    let (moved, dropped) =
        (session.push(from, Thread::posts, draft("moves"))?, session.push(from, Thread::posts, draft("goes"))?);
    session.flush()?;
    session.push(to, Thread::posts, moved)?;
    session.remove(from, Thread::posts, dropped)?;
    assert_eq!(heard.load(Ordering::Relaxed), 203, "three came and two went, by whichever side");
    session.flush()?;
    assert_eq!(session.get(moved)?.loaded(Post::thread)?.reference(), to);
    assert!(session.state(dropped)? != State::Persistent, "an orphan has no row");
    println!("   thread.posts -= post        the post is deleted");
    println!("   other.posts += post         the post has moved");
    Ok(())
}

/// Votes for a post, or changes the vote: what is appended is the object between the two.
fn vote(session: &mut Session, user: Ref<User>, post: Ref<Post>, value: i64) -> Result<Ref<Vote>> {
    let key = (session[user].id, session[post].id);
    if let Some(before) = session.find::<Vote>(key)?.map(|it| it.reference()) {
        session.edit(before)?.value = value;
        return Ok(before);
    }
    let vote = session.push(post, Post::votes, Vote { value, ..Vote::draft() })?;
    session.set(vote, Vote::user, user)?;
    Ok(vote)
}

/// However often somebody votes, there is one vote, and it is the last one.
fn association(session: &mut Session) -> Result<()> {
    let post = session.first(Post::select().order_by(Post::id.desc()))?.expect("there are posts").reference();
    let user = session.add(User { name: "fickle".into(), ..User::draft() });
    session.flush()?;
    let first = vote(session, user, post, 1)?;
    session.flush()?;
    let second = vote(session, user, post, -1)?;
    session.flush()?;
    assert_eq!((first, session[second].value), (second, -1));
    let id = session[user].id;
    assert_eq!(session.count(Vote::select().filter(Vote::user_id.eq(id)))?, 1);
    assert!(session.get(post)?.load(Post::votes)?.references().contains(&first));
    println!("   post.votes += vote          once for each user; a second time changes it");
    Ok(())
}

/// The profile's key is the user's, so that there cannot be two; a second one takes the place of the first.
fn one_to_one(session: &mut Session) -> Result<()> {
    let user = session.add(User { name: "somebody".into(), ..User::draft() });
    let profile = |about: &str| Profile { about: about.into(), ..Profile::draft() };
    let first = session.add(profile("first"));
    session.set(user, User::profile, first)?;
    session.flush()?;
    let second = session.add(profile("second"));
    session.set(user, User::profile, second)?;
    session.flush()?;
    let id = session[user].id;
    assert_eq!(session.count(Profile::select().filter(Profile::user_id.eq(id)))?, 1);
    assert_eq!(session.get(user)?.load(User::profile)?.map(|it| it.about.clone()).as_deref(), Some("second"));
    println!("   user.profile = another      the first is an orphan, and deleted");
    Ok(())
}
