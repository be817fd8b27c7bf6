//! What a view costs, and why: the ledger of a session, what a diagnosis finds in it, and whether that helps.

use diptych::diagnosis::{Budget, Finding};
use diptych::error::Misuse;
use diptych::prelude::*;
use diptych::{assert_no_n_plus_one, assert_well_loaded};

use crate::model::{Post, Thread, Vote};
use crate::print::{Grid, heading, quote};
use crate::{page, views};

/// Reads a view as somebody would who does not know better, asks what is wrong, and does what the answer says.
pub fn diagnoses(database: &Database) -> Result<()> {
    heading(13, "What a view costs, and why");
    one_by_one(database)?;
    idle(database)?;
    product(database)?;
    budget(database)?;
    well_loaded(database)
}

/// The moderation queue, without a word about what to load along.
fn queue() -> Query<Post> {
    Post::select().filter(Post::votes.any(Vote::value.lt(0))).order_by(Post::id).limit(20)
}

/// Looks at what the queue shows, and says how much that is. Whatever the query has not loaded is read on the way.
fn look(queue: &Views<'_, Post>) -> Result<usize> {
    let mut shown = 0;
    for post in queue {
        let thread = post.load(Post::thread)?;
        let author = post.load(Post::author)?;
        shown += post.load(Post::votes)?.len() + usize::from(!thread.title.is_empty()) + usize::from(author.is_some());
    }
    Ok(shown)
}

/// What it takes to ask for a queue and to look at it, in a session of its own.
fn cost(database: &Database, query: Query<Post>) -> Result<(u64, usize)> {
    let session = database.session();
    let shown = look(&session.all(query)?)?;
    Ok((session.totals().statements, shown))
}

/// Relations that are read one by one are found by their cause. Each finding says which option of the query would mend
/// it, and what that would change, tried on a fork; then the option is applied, and it does.
fn one_by_one(database: &Database) -> Result<()> {
    let mut session = database.session();
    session.set_ledger(true);
    let shown = look(&session.all(queue())?)?;
    let before = session.totals().statements;
    let diagnosis = session.diagnose()?;
    assert_eq!(session.totals().statements, before, "what is tried on a fork costs the session nothing");
    quote(&diagnosis);

    let proposed: [(&str, Query<Post>); 3] = [
        (".with(Post::thread.joined())", queue().with(Post::thread.joined()).into()),
        (".with(Post::author.joined())", queue().with(Post::author.joined()).into()),
        (".with(Post::votes.selectin())", queue().with(Post::votes.selectin()).into()),
    ];
    assert_eq!(diagnosis.findings.len(), proposed.len(), "{diagnosis}");
    let mut grid = Grid::new(["the queue", "statements"]);
    grid.line(["as it was".to_owned(), before.to_string()]);
    for (option, query) in proposed {
        let found = diagnosis.one_by_one().find(|it| it.option == option).expect("it is proposed");
        assert!(found.line.is_some_and(|it| it.file() == file!()) && found.query.is_some(), "both lines are known");
        let proof = found.proof.expect("it was tried");
        let (after, again) = cost(database, query)?;
        assert_eq!((proof.statements_before, proof.statements_after), (before, after), "{option} does what was proved");
        assert!(after < before && again == shown, "it costs less and shows the same");
        grid.line([option.to_owned(), after.to_string()]);
    }

    let all = queue().with(Post::thread.joined()).with(Post::author.joined()).with(Post::votes.selectin());
    let (after, again) = cost(database, all.clone().into())?;
    assert_eq!((after, again), (2, shown), "with all three it is one statement for the posts, and one for their votes");
    grid.line(["all three".to_owned(), after.to_string()]);
    println!();
    quote(&grid);
    let mut session = database.session();
    assert_well_loaded!(session, {
        let posts = session.all(all)?;
        assert_eq!(look(&session.all(queue())?)?, shown, "a second look at the same objects finds all that was loaded");
        posts.iter().for_each(|it| assert!(!it.get(Post::thread).title.is_empty()));
    });
    Ok(())
}

/// What is loaded along and never looked at is found, with the option that would leave it out.
fn idle(database: &Database) -> Result<()> {
    let mut session = database.session();
    session.set_ledger(true);
    let threads = session.all(page::newest().with(Thread::posts.selectin()).with(Thread::author.joined()))?;
    assert!(threads.iter().all(|it| it.get(Thread::author).is_some_and(|it| !it.name.is_empty())));
    let diagnosis = session.diagnose()?;
    let [Finding::Unused(found)] = &*diagnosis.findings else {
        panic!("the posts were loaded for nobody: {diagnosis}")
    };
    assert_eq!((&*found.path, &*found.option), ("Thread.posts", ".with(Thread::posts.lazily())"));
    let proof = found.proof.expect("it was tried");
    assert_eq!((proof.statements_before, proof.statements_after), (2, 1));
    assert_eq!(proof.rows_before - proof.rows_after, found.rows, "the rows that nobody looked at");
    println!();
    quote(&diagnosis);
    assert!(diagnosis.without("Thread.posts").is_clean(), "who wants it so, says so");
    Ok(())
}

/// Collections beside each other multiply in one join, each by itself does not; the rows say by how much.
fn product(database: &Database) -> Result<()> {
    let asked = || Post::select().filter(Post::tags.is_not_empty()).filter(Post::votes.is_not_empty()).limit(50);
    let mut session = database.session();
    session.set_ledger(true);
    let posts = session.all(asked().with(Post::tags.joined()).with(Post::votes.joined()))?;
    let (mut members, mut multiplied) = (0, 0);
    for post in &posts {
        let (tags, votes) = (post.get(Post::tags).len(), post.get(Post::votes).len());
        (members, multiplied) = (members + tags + votes, multiplied + tags * votes);
    }
    let side_by_side = (posts.len() + members) as u64;
    let diagnosis = session.diagnose()?;
    let [Finding::Product(found)] = &*diagnosis.findings else { panic!("tags and votes multiply: {diagnosis}") };
    assert_eq!(found.rows, multiplied, "each tag of a post with each of its votes");
    let proof = found.proof.expect("it was tried");
    assert_eq!((proof.statements_before, proof.statements_after), (1, 2));
    assert!(proof.rows_after <= side_by_side, "side by side, each member comes once");
    quote(&diagnosis);
    Ok(())
}

/// A load that would bring more rows than its budget is refused, and the refusal names the relation that has grown.
fn budget(database: &Database) -> Result<()> {
    let whole = || page::newest().with(Thread::posts.selectin().then(Post::votes.selectin()));
    let session = database.session();
    let count = session.all(whole())?.len() as u64;
    let rows = session.totals().rows;
    assert_eq!(database.session().all(whole().budget(Budget::rows(rows)))?.len() as u64, count, "it is just enough");

    let session = database.session();
    let refused = session.all(whole().budget(Budget::rows(rows - 1))).expect_err("one row too many");
    let Some(Misuse::OverBudget { path, limit, reached, .. }) = refused.misuse() else { panic!("{refused}") };
    assert_eq!((&**path, *limit, *reached), ("Thread.posts.votes", rows - 1, rows));
    let posts =
        session.all(Post::select().filter(Post::votes.is_not_empty()).order_by(Post::created_at.desc()).limit(1))?;
    assert!(posts.iter().all(|it| it.loaded(Post::votes).is_err()), "no relation is loaded by half");
    println!("\nA budget refuses what grows: {refused}.");
    Ok(())
}

/// The four views, each held to its plan: nothing is read one by one, nothing is loaded that nobody looks at.
fn well_loaded(database: &Database) -> Result<()> {
    for (name, _, view) in views::VIEWS {
        let mut session = database.session();
        let shown = assert_no_n_plus_one!(session, { view(&session)? });
        let mut session = database.session();
        let again = assert_well_loaded!(session, { view(&session)? });
        assert!(shown == again && shown > 0, "{name} shows the same, watched or not");
    }
    println!("Of the four views, nothing is read one by one, and nothing is loaded that nobody looks at.");
    Ok(())
}
