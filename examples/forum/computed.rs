//! What no column holds: attributes that are computed, relations that follow the clock, the voters of a post, and the
//! forums above and below a forum.

use std::sync::atomic::Ordering;

use diptych::object::ProxyRelation;
use diptych::prelude::*;

use crate::budget;
use crate::model::{CLOCK, DAY, Forum, Post, User, Vote};
use crate::print::heading;

/// Reads each of them from objects and in queries, and compares.
pub fn attributes(database: &Database) -> Result<()> {
    heading(12, "What is computed");
    let newest = database.session().first(Post::select().order_by(Post::created_at.desc()))?.expect("posts").created_at;
    CLOCK.store(newest + 1, Ordering::Relaxed);
    hybrids(&database.session(), newest + 1)?;
    recent_posts(database)?;
    voters(&mut database.session())?;
    forums(&mut database.session())
}

/// One definition says the same of a row at hand and in a query.
fn hybrids(session: &Session, now: i64) -> Result<()> {
    let asked = session.count(Post::select().filter(Post::is_reply().is_true()))?;
    assert_eq!(asked, session.count(Post::select().filter(Post::parent.is_present()))?);
    let young = session.all(Post::select().filter(Post::age_at(now).lt(DAY)).order_by(Post::age_at(now).desc()))?;
    let mut oldest = DAY;
    for post in &young {
        let age = Post::age_at(now).of(&post)?;
        assert!(age <= oldest, "the query sorts by what the object says");
        oldest = age;
    }
    println!("   post.is_reply, post.age_at(now)   {asked} replies, {} posts younger than a day", young.len());
    Ok(())
}

/// A relation that holds what was written lately, as the clock says: in loads, eager loads and conditions alike.
fn recent_posts(database: &Database) -> Result<()> {
    let writers = || User::select().filter(User::recent_posts.is_not_empty()).order_by(User::id).limit(20);
    let shown = budget::of(database, "recent posts", 2, |session| {
        let mut shown = 0;
        for user in &session.all(writers().with(User::recent_posts.selectin()))? {
            let posts = user.get(User::recent_posts);
            assert!(posts.iter().all(|it| it.created_at > CLOCK.load(Ordering::Relaxed) - DAY));
            shown += posts.len();
        }
        Ok(shown)
    })?;
    let later = CLOCK.fetch_add(DAY, Ordering::Relaxed);
    assert_eq!(database.session().count(writers())?, 0, "a day later nothing is recent");
    CLOCK.store(later, Ordering::Relaxed);
    println!("   user.recent_posts                 {shown} posts of 20 users; none a day later");
    Ok(())
}

/// The voters of a post, as if there were no votes between.
fn voters(session: &mut Session) -> Result<()> {
    let voters = Post::votes.through(Vote::user).creating(|| Vote { value: 1, ..Vote::draft() });
    let post = session.first(Post::select().filter(Post::votes.is_not_empty()))?.expect("votes").reference();
    let before = voters.of(session, post)?.len();
    let user = session.add(User { name: "voter".into(), ..User::draft() });
    let vote = voters.push(session, post, user)?;
    session.flush()?;
    assert_eq!((session[vote].value, voters.of(session, post)?.len()), (1, before + 1));
    assert_eq!(session.count(Post::select().filter(voters.any(User::name.eq("voter"))))?, 1);
    voters.remove(session, post, user)?;
    session.flush()?;
    assert_eq!(
        session.count(Vote::select().filter(Vote::user_id.eq(session[user].id)))?,
        0,
        "the vote went as an orphan"
    );
    println!("   post.voters                       a user is put there and taken away, by a vote that nobody made");
    session.rollback()
}

/// The tree of forums: all below one by a recursive query, all above, and no ring.
fn forums(session: &mut Session) -> Result<()> {
    let named = |session: &Session, slug: &str| -> Result<Ref<Forum>> {
        Ok(session.one(Forum::select().filter(Forum::slug.eq(slug)))?.reference())
    };
    let (top, leaf) = (named(session, "development")?, named(session, "loaders")?);
    let below = session.descendants(top, Forum::children, None)?;
    let lines: Vec<String> =
        below.iter().map(|it| format!("{}{}", "  ".repeat(it.depth as usize), session[it.object].slug)).collect();
    assert_eq!(lines, ["  beginners", "  internals", "    loaders"]);
    let above = session.ancestors(leaf, Forum::parent)?;
    assert_eq!(above.last(), Some(&top), "the root stands at the end");
    let refused = session.set(top, Forum::parent, leaf).expect_err("a forum is not below itself");
    println!("   forum.descendants, ancestors      {} below development, {} above loaders", below.len(), above.len());
    println!("\nA ring of forums is refused: {refused}.");
    Ok(())
}
