//! A forum in memory: what a graph of objects and its tables do together, chapter by chapter.
//!
//! `cargo run --release --example forum`, with `-- --posts 1000000` for more of it, or with
//! `-- --data ../shared/data/forum_small` to check a real forum against what is known of it.

#![allow(clippy::result_large_err, reason = "a fault is made once and ends the program")]

mod budget;
mod computed;
mod dataset;
mod decisions;
mod fill;
#[allow(dead_code, reason = "a forum adds its rows as structs of its own")]
#[path = "../import/mod.rs"]
mod import;
mod ledger;
mod model;
mod moderation;
mod owning;
mod page;
mod paging;
mod print;
mod random;
mod replies;
mod trail;
mod views;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use diptych::prelude::*;
use diptych::{Expression, Select, col, count};

use model::{Post, Profile, Tag, Thread, User, Vote};
use print::{Grid, grouped, heading, quote};

/// A forum in memory: made, loaded, changed, deleted on a fork, rolled back; or a real one, checked.
#[derive(Parser)]
struct Arguments {
    /// How many posts to make; users and threads are a tenth of it.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1_000..=10_000_000))]
    posts: u64,
    /// Where the made forum begins: the same seed makes the same forum.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Loads a folder of CSV files instead, and checks it against the `facts.json` beside them.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["posts", "seed"], value_parser = folder)]
    data: Option<PathBuf>,
}

fn folder(argument: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(argument);
    if path.is_dir() { Ok(path) } else { Err("there is no such folder".to_owned()) }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(folder) = arguments.data {
        return dataset::check(&folder);
    }
    match story(arguments.posts, arguments.seed) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn story(posts: u64, seed: u64) -> Result<()> {
    let database = make(posts, seed)?;
    load_a_page(&database)?;
    move_both_sides(&database)?;
    vote_twice(&database)?;
    delete_on_a_fork(&database)?;
    think_again(&database)?;
    paging::pages(&database)?;
    views::budgets(&database)?;
    moderation::measures(&database)?;
    owning::owners(&database)?;
    replies::trees(&database)?;
    computed::attributes(&database)?;
    ledger::diagnoses(&database)?;
    decisions::decided(&database)?;
    println!("\nEvery claim above was asserted.");
    Ok(())
}

fn make(posts: u64, seed: u64) -> Result<Database> {
    heading(1, "A forum is made, as objects");
    let database = model::empty()?;
    let start = Instant::now();
    fill::fill(&database, posts, seed)?;
    let time = start.elapsed();
    let mut grid = Grid::new(["table", "rows"]);
    let sizes = sizes(&database)?;
    for (table, rows) in &sizes {
        grid.line([table.clone(), grouped(*rows as u64)]);
    }
    quote(&grid);
    let rows: usize = sizes.iter().map(|it| it.1).sum();
    println!("\n{} rows in {time:.2?}, every constraint checked.", grouped(rows as u64));
    assert_eq!(database.session().count(Post::select())?, posts);
    Ok(database)
}

/// The best of so many rounds is what a page costs; the first one also pays for cold memory.
const ROUNDS: u32 = 5;

/// The same graph by three strategies. What differs is how often the tables are asked, and what comes back.
fn load_a_page(database: &Database) -> Result<()> {
    heading(2, "One page, three ways to load it");
    let selectin =
        page::newest().with(Thread::author.selectin()).with(Thread::posts.selectin().then(Post::author.selectin()));
    let joined = page::newest().with(Thread::author.joined()).with(Thread::posts.joined().then(Post::author.joined()));
    let mut grid = Grid::new(["strategy", "statements", "rows read", "rows returned", "time"]);
    let mut pages = Vec::new();
    for (strategy, query) in [("lazy", page::newest()), ("selectin", selectin.into()), ("joined", joined.into())] {
        let mut best = Duration::MAX;
        for round in 1..=ROUNDS {
            let session = database.session();
            let start = Instant::now();
            let page = page::show(&session.all(query.clone())?)?;
            best = best.min(start.elapsed());
            if round == ROUNDS {
                let totals = session.totals();
                let figures = [totals.statements, totals.rows_read, totals.rows].map(grouped);
                grid.line([strategy.to_owned()].into_iter().chain(figures).chain([format!("{best:.0?}")]));
                pages.push((totals, page));
            }
        }
    }
    quote(&grid);
    let [lazy, selectin, joined] = &pages[..] else { unreachable!("three strategies were tried") };
    assert!(lazy.1 == selectin.1 && selectin.1 == joined.1, "a strategy changes the cost, never the graph");
    assert_eq!(selectin.0.statements, 4, "one for the threads, one for each relation behind them");
    assert_eq!(joined.0.statements, 1, "one for all");
    assert!(lazy.0.statements > page::THREADS, "one whenever something is touched that is not there yet");
    assert!(joined.0.rows_read < 3 * lazy.0.rows_read, "a join finds its rows by index");

    let session = database.session();
    let thread = session.first(page::newest().with(Thread::posts.raise()))?.expect("a forum has threads");
    let refused = thread.load(Thread::posts).expect_err("raise refuses to read by itself");
    println!("\nA fourth way, raise, never asks: {refused}.");
    Ok(())
}

/// Relations move in memory, at once. Tables hear of it when the session flushes.
fn move_both_sides(database: &Database) -> Result<()> {
    heading(3, "Both sides of a relation move together");
    let mut session = database.session();
    session.set_autoflush(false);
    let query = Post::select().order_by(Post::id.desc()).with(Post::author.joined().then(User::posts.selectin()));
    let post = session.first(query)?.expect("a forum has posts");
    let (post, before) = (post.reference(), post.loaded(Post::author)?.expect("it has an author").reference());
    let statements = session.totals().statements;

    let written = session.get(before)?.loaded(User::posts)?.len();
    let anna = session.add(User { name: "anna".into(), ..User::draft() });
    session.set(post, Post::author, anna)?;
    assert_eq!(session.get(before)?.loaded(User::posts)?.len(), written - 1);
    assert_eq!(session.get(anna)?.loaded(User::posts)?.references(), [post]);
    println!("   post.author = anna      anna.posts has it, {} no longer does", session[before].name);

    let profile = session.add(Profile { about: "new here".into(), ..Profile::draft() });
    session.set(anna, User::profile, profile)?;
    assert_eq!(session.get(profile)?.loaded(Profile::user)?.reference(), anna);
    println!("   anna.profile = profile  profile.user is anna");

    let tag = session.add(Tag { name: "new".into(), ..Tag::draft() });
    session.push(tag, Tag::posts, post)?;
    let reply = session.push(post, Post::replies, Post { body: "Welcome!".into(), ..Post::draft() })?;
    assert_eq!(session.get(reply)?.loaded(Post::parent)?.map(|it| it.reference()), Some(post));
    println!("   post.replies += reply   reply.parent is the post");

    assert_eq!(session.totals().statements, statements, "relations moved with no statement");
    println!("\nStatements for all of that: 0.");
    Ok(())
}

/// The key of the association object is the user and the post, so the tables refuse a second vote, with the facts.
fn vote_twice(database: &Database) -> Result<()> {
    heading(4, "One vote for each user and post");
    let mut session = database.session();
    let vote = session.first(Vote::select())?.expect("somebody has voted").entity().clone();
    // A fresh session has not met the vote; the tables know better.
    session.let_go_of_all();
    session.add(Vote { value: -vote.value, ..vote });
    let refused = session.commit().expect_err("a second vote is refused");
    quote(&format!("{refused:#}"));
    assert!(refused.violation().is_some_and(|it| it.columns == ["user_id", "post_id"]));
    Ok(())
}

/// A plan is a value: printed, counted, and compared with what then happens. The fork costs nothing and is thrown away.
fn delete_on_a_fork(database: &Database) -> Result<()> {
    heading(5, "What would go with a user, and what would stay");
    let fork = database.fork();
    let mut session = fork.session();
    let newest = session.first(page::newest().with(Thread::author.joined()))?.expect("a forum has threads");
    let user = newest.loaded(Thread::author)?.expect("it has an author").reference();
    let plan = session.plan_delete(user)?;
    quote(&plan);
    session.delete(user)?;
    session.commit()?;

    let mut grid = Grid::new(["table", "original", "to delete", "fork", "to update", "no author"]);
    for (table, original) in sizes(database)? {
        let (delete, update, left) = (plan.deleted(&table), plan.updated(&table), fork.snapshot().len(&table)?);
        assert_eq!(left, original - delete, "{table}: what the plan deletes is gone, and nothing else");
        let nameless = without_author(&fork, &table)? - without_author(database, &table)?;
        assert_eq!(nameless, update, "{table}: what the plan updates stays without its author");
        if delete + update > 0 {
            let figures = [original, delete, left, update, nameless].map(|it| grouped(it as u64));
            grid.line([table].into_iter().chain(figures));
        }
    }
    println!();
    quote(&grid);
    println!("\nThe plan was carried out on a fork; the forum itself has not changed.");
    Ok(())
}

/// A rollback puts back rows and objects alike.
fn think_again(database: &Database) -> Result<()> {
    heading(6, "Second thoughts");
    let before = sizes(database)?;
    let mut session = database.session();
    session.set_autoflush(false);
    let threads = session.all(page::newest())?;
    let (page, threads) = (page::show(&threads)?, threads.references());
    let gone = session.get(threads[0])?.load(Thread::posts)?.first().map(|it| it.reference());

    session.edit(threads[1])?.title = "All of this is a mistake".into();
    let author = session.get(threads[1])?.load(Thread::author)?.map(|it| it.reference());
    let post = session.push(threads[1], Thread::posts, Post { body: "And this, too.".into(), ..Post::draft() })?;
    session.set(post, Post::author, author)?;
    session.delete(gone.expect("every thread has a post"))?;
    quote(&session.plan_flush()?);
    session.flush()?;
    assert_ne!(page::show(&session.all(page::newest())?)?, page, "within the transaction the page has changed");

    session.rollback()?;
    assert_eq!(page::show(&session.all(page::newest())?)?, page, "the objects are as before");
    assert_eq!(page::show(&database.session().all(page::newest())?)?, page, "and so is what others read");
    assert_eq!(sizes(database)?, before, "and so are the rows");
    println!("\nFlushed, then rolled back: objects and rows are as before.");
    Ok(())
}

/// The tables and how many rows each has.
fn sizes(database: &Database) -> Result<Vec<(String, usize)>> {
    let snapshot = database.snapshot();
    database.schema().tables().iter().map(|it| Ok((it.name.clone(), snapshot.len(&it.name)?))).collect()
}

/// How many rows of a table have lost their author, or never had one.
fn without_author(database: &Database, table: &str) -> Result<usize> {
    if database.schema().table_named(table)?.column_named("author_id").is_err() {
        return Ok(0);
    }
    let rows = Select::from(table.to_owned()).filter(col("author_id").is_null()).values([count()]);
    let counted = database.connect().execute(rows)?.rows.typed::<i64>()?;
    Ok(counted[0] as usize)
}

/// The story as a test: a small forum, of another seed than the one that is told.
#[test]
fn the_story_holds() -> Result<()> {
    story(2_000, 7)
}
