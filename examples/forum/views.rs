//! Four views of the forum. Each loads what it shows in its own way, forbids everything else, and has a budget of
//! statements that does not depend on how much there is to show.

use diptych::Direction::Descending;
use diptych::Lazy;
use diptych::prelude::*;

use crate::budget;
use crate::model::{Forum, Post, Profile, Thread, User, Vote};
use crate::print::{Grid, heading, quote};

/// Shows all four, and what goes wrong without a plan.
pub fn budgets(database: &Database) -> Result<()> {
    heading(8, "Four views, four budgets");
    let mut grid = Grid::new(["view", "statements", "shown"]);
    for (name, budget, work) in VIEWS {
        let shown = budget::of(database, name, *budget, work)?;
        grid.line([(*name).to_owned(), budget.to_string(), shown.to_string()]);
    }
    quote(&grid);
    one_and_n(database)
}

/// Shows a view, and says how much there was to show.
pub type Shows = fn(&Session) -> Result<usize>;

/// Their names, how many statements each may take, and what shows them.
pub const VIEWS: &[(&str, u64, Shows)] = &[
    ("front page", 3, front_page),
    ("thread page", 5, thread_page),
    ("user page", 2, user_page),
    ("moderation queue", 2, moderation_queue),
];

/// Every forum with its three newest threads and who began them: one statement for each level.
fn front_page(session: &Session) -> Result<usize> {
    let newest = Forum::threads.selectin().first(3, [(Thread::created_at, Descending)]);
    let query = Forum::select().order_by(Forum::slug).with(newest.then(Thread::author.selectin()));
    let mut shown = 0;
    for forum in &session.all(query.otherwise(Lazy::Raise))? {
        let threads = forum.load(Forum::threads)?;
        assert!(threads.len() <= 3, "each forum has the first three of its own");
        for thread in threads {
            let author = thread.load(Thread::author)?;
            shown += usize::from(!thread.title.is_empty() && author.is_some_and(|it| !it.name.is_empty()));
        }
    }
    Ok(shown)
}

/// A thread with its forum, its posts in their order, and the author, tags and votes of each. References are joined;
/// collections stand beside each other, so that their rows do not multiply.
fn thread_page(session: &Session) -> Result<usize> {
    let posts = Thread::posts.selectin().then(Post::author.joined()).then(Post::tags.selectin());
    let posts = posts.then(Post::votes.subquery()).then(Post::parent.lazily());
    let query = Thread::select().order_by(Thread::created_at.desc()).with(Thread::forum.joined());
    let query = query.with(Thread::author.selectin()).with(posts).otherwise(Lazy::Raise);
    let thread = session.first(query)?.expect("there are threads");
    assert!(!thread.load(Thread::forum)?.slug.is_empty() && thread.load(Thread::author)?.is_some());
    let mut shown = 0;
    for post in thread.load(Thread::posts)? {
        post.load(Post::author)?;
        // What a post answers stands in the same thread, which the session holds: looking it up is no statement.
        let parent = post.load(Post::parent)?;
        assert!(parent.is_none_or(|it| it.thread_id == thread.id));
        shown += 1 + post.load(Post::tags)?.len() + post.load(Post::votes)?.len();
    }
    Ok(shown)
}

/// A user with the profile, joined since it is one row, and the ten newest posts. Votes are nobody's business.
fn user_page(session: &Session) -> Result<usize> {
    let newest = User::posts.selectin().first(10, [(Post::created_at, Descending)]);
    let query = User::select().filter(User::profile.is_present()).order_by(User::id);
    let query = query.with(User::profile.joined()).with(newest).with(User::votes.raise());
    let user = session.first(query)?.expect("there are users with profiles");
    let profile = user.load(User::profile)?.expect("this one has a profile");
    assert_eq!(profile.load(Profile::user)?.reference(), user.reference(), "the way back is known");
    assert!(user.load(User::votes).is_err(), "a view cannot read what it did not plan");
    Ok(1 + user.load(User::posts)?.len())
}

/// The posts that somebody voted down, each with its thread and author in the same row, and with these votes only.
fn moderation_queue(session: &Session) -> Result<usize> {
    let down = || Vote::value.lt(0);
    let query = Post::select().filter(Post::votes.any(down())).order_by(Post::created_at.desc()).limit(20);
    let query = query.with(Post::author.joined()).with(Post::thread.joined().inner());
    let query = query.with(Post::votes.selectin().filter(down())).otherwise(Lazy::Raise);
    let mut shown = 0;
    for post in &session.all(query)? {
        let votes = post.load(Post::votes)?;
        assert!(!votes.is_empty() && votes.iter().all(|it| it.value == -1), "only the votes that the queue asks for");
        assert!(!post.load(Post::thread)?.title.is_empty());
        post.load(Post::author)?;
        shown += 1;
    }
    Ok(shown)
}

/// The same queue without a plan is one statement and more for each post; an observer sees them all alike.
fn one_and_n(database: &Database) -> Result<()> {
    let lazily = |session: &Session| {
        let posts = session.all(Post::select().filter(Post::votes.any(Vote::value.lt(0))).limit(20))?;
        for post in &posts {
            post.load(Post::thread)?;
            post.load(Post::author)?;
            post.load(Post::votes)?;
        }
        Ok(posts.len() as u64)
    };
    let (posts, totals) = budget::measured(database, lazily)?;
    assert!(totals.statements > 1 + posts, "one, and some for each post");
    println!("\nWithout a plan the moderation queue takes {} statements for {posts} posts.", totals.statements);
    Ok(())
}
