//! Moderation: each measure is planned, carried out on a fork, compared with the forum, told by the change feed, and taken
//! back. The forum itself never notices.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use diptych::prelude::*;
use diptych::txn::{Cause, ChangeSet, Event, Retention, Subscription};

use crate::model::{Post, Thread, User};
use crate::print::{Grid, grouped, heading, quote};
use crate::trail::{self, Line};

/// Plans a measure, marks what it removes, and says in words what was planned.
type Measure = fn(&mut Session) -> Result<String>;

const MEASURES: [(&str, Measure); 4] = [
    ("remove a post with its replies", remove_post),
    ("remove a thread", remove_thread),
    ("ban a user, keep the posts without a name", ban_and_keep),
    ("ban a user, remove the posts", ban_and_remove),
];

/// Tables whose rows a flush removes one by one when a user is banned with the posts.
const BY_FLUSH: [&str; 3] = ["posts", "profiles", "users"];

/// Tries all measures.
pub fn measures(database: &Database) -> Result<()> {
    heading(9, "Moderation: planned, done on a fork, told, taken back");
    let mut grid = Grid::new(["measure", "rows gone", "rows changed", "by foreign keys", "of which links"]);
    for (position, (name, measure)) in MEASURES.iter().enumerate() {
        let (plan, told) = carry_out(database, *measure)?;
        if position == 0 {
            quote(&plan);
        }
        let gone = told.iter().filter(|it| it.new.is_none()).count();
        let further = told.iter().filter(|it| it.cascades > 0).count();
        let links = told.iter().filter(|it| it.table == "post_tags").count();
        let figures = [gone, told.len() - gone, further, links].map(|it| grouped(it as u64));
        grid.line([(*name).to_owned()].into_iter().chain(figures));
        judge(database, position, &told)?;
    }
    println!();
    quote(&grid);
    println!("\nEach was taken back by one commit; what is left is the forum as it was.");
    Ok(())
}

/// What is true of every measure: plan, rows and trail agree, and an undo leaves nothing behind.
fn carry_out(database: &Database, measure: Measure) -> Result<(String, Vec<Line>)> {
    let fork = database.fork();
    let seconds = AtomicU64::new(1_000);
    fork.set_clock(move || SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.fetch_add(1, Ordering::Relaxed)));
    fork.retain(Retention::Last(4));
    let (before, feed) = fork.subscribe(Subscription::bounded(8));

    let mut session = fork.by("moderator").session();
    let plan = measure(&mut session)?;
    session.commit()?;
    let told = next(&feed);
    let trail = trail::lines(&told);
    assert!(
        trail.iter().all(|it| it.who == "moderator" && it.when >= SystemTime::UNIX_EPOCH + Duration::from_secs(1_000))
    );

    let mut differences: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for row in &database.snapshot().diff(&fork.snapshot())?.rows {
        let count = differences.entry(database.schema().table(row.table).name.clone()).or_default();
        if row.after.is_none() { count.0 += 1 } else { count.1 += 1 }
    }
    assert_eq!(trail::counts(&trail), differences, "the trail tells what the fork has less than the forum, row by row");
    for (table, (gone, _)) in differences.iter().filter(|it| it.1.0 > 0) {
        // The plan of a delete counts every row; that of a flush leaves to foreign keys what they do.
        let said = match plan.contains(" deleted") {
            true => plan.contains(&format!("{table}: {gone} deleted")),
            false => !BY_FLUSH.contains(&&**table) || plan.contains(&format!("delete {table}  {gone} rows")),
        };
        assert!(said, "{table}: {gone} rows went, and the plan was\n{plan}");
    }
    let again = database.fork();
    again.replay(&told)?;
    assert_eq!(again.snapshot().diff(&fork.snapshot())?.rows.len(), 0, "the trail is enough to do it again elsewhere");

    fork.by("somebody with second thoughts").undo()?;
    let undone = next(&feed);
    assert_eq!(undone.author.as_deref(), Some("somebody with second thoughts"));
    assert!(undone.changes.len() == told.changes.len() && undone.changes.iter().all(|it| it.cause == Cause::Undo));
    assert_eq!(before.diff(&fork.snapshot())?.rows.len(), 0, "an undo puts back every row, links and votes included");
    assert!(fork.audit().is_ok(), "and every constraint holds");
    Ok((plan, trail))
}

fn next(feed: &diptych::txn::Feed) -> ChangeSet {
    match feed.try_next() {
        Some(Event::Commit(set)) => (*set).clone(),
        other => panic!("a commit is told at once, not {other:?}"),
    }
}

/// What is true of one of them.
fn judge(database: &Database, position: usize, told: &[Line]) -> Result<()> {
    let gone = |table: &str| told.iter().filter(|it| it.table == table && it.new.is_none()).count();
    let nameless = told.iter().filter(|it| it.table == "posts" && it.new.is_some()).count();
    assert!(
        told.iter().all(|it| it.old.is_some() && it.row.starts_with(&it.table)),
        "nothing comes, every row is named"
    );
    match position {
        0 => assert!(gone("posts") > 1 && gone("post_tags") > 0 && gone("threads") == 0),
        1 => assert!(gone("threads") == 1 && gone("posts") > 0 && gone("users") == 0),
        2 => assert!(gone("users") == 1 && gone("posts") == 0 && nameless > 0),
        _ => assert!(gone("users") == 1 && gone("posts") > 0 && gone("profiles") == 1),
    }
    assert_eq!(database.session().count(User::select())? as usize, database.snapshot().len("users")?);
    Ok(())
}

/// The replies go with the post, and theirs with them; so do votes, and the links to tags.
fn remove_post(session: &mut Session) -> Result<String> {
    let asked = Post::select().filter(Post::tags.is_not_empty()).filter(Post::replies.is_not_empty());
    let post = session.first(asked.order_by(Post::id))?.expect("a question has tags and replies").reference();
    planned(session, post)
}

/// A thread owns its posts.
fn remove_thread(session: &mut Session) -> Result<String> {
    let thread = session.first(Thread::select().order_by(Thread::created_at.desc()))?.expect("there are threads");
    let thread = thread.reference();
    planned(session, thread)
}

/// Posts refer to their author by a key that may be NULL: they stay, and nobody has written them.
fn ban_and_keep(session: &mut Session) -> Result<String> {
    let user = suspect(session)?;
    planned(session, user)
}

/// What a measure removes may be more than one object; then the plan is that of the whole flush.
fn ban_and_remove(session: &mut Session) -> Result<String> {
    // Nothing is written before all is marked.
    session.set_autoflush(false);
    let user = suspect(session)?;
    let written = session.get(user)?.load(User::posts)?.references();
    for post in written {
        session.delete(post)?;
    }
    session.delete(user)?;
    Ok(session.plan_flush()?.to_string())
}

fn planned<T>(session: &mut Session, object: Ref<T>) -> Result<String> {
    let plan = session.plan_delete(object)?.to_string();
    session.delete(object)?;
    Ok(plan)
}

fn suspect(session: &Session) -> Result<Ref<User>> {
    let query = User::select().filter(User::profile.is_present()).filter(User::posts.is_not_empty());
    Ok(session.first(query.order_by(User::id.desc()))?.expect("there are users who write").reference())
}
