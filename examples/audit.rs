//! Who changed what, when, and why: an audit trail made of the change feed, with the rows that cascades took and those of
//! association tables. The feed is enough to build the database again. `cargo run --example audit`

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use diptych::prelude::*;
use diptych::txn::{Cause, ChangeSet, Event, Retention, Subscription};

#[derive(Entity, Clone, Debug)]
#[has_many(posts: Post, inverse = author)]
struct User {
    #[key(auto)]
    id: Id<User>,
    name: String,
}

#[derive(Entity, Clone, Debug)]
#[belongs_to(author: User, inverse = posts)]
#[many_to_many(tags: Tag, through = "post_tags", inverse = posts)]
struct Post {
    #[key(auto)]
    id: Id<Post>,
    #[references(User, on_delete = cascade)]
    author_id: Id<User>,
    body: String,
}

#[derive(Entity, Clone, Debug)]
#[many_to_many(posts: Post, through = "post_tags", inverse = tags)]
struct Tag {
    #[key]
    name: String,
}

/// One line of the trail.
#[derive(Debug, PartialEq)]
struct Line {
    who: String,
    when: u64,
    row: String,
    old: String,
    new: String,
    why: String,
}

/// A change set as lines: one for each row.
fn lines(set: &ChangeSet) -> Vec<Line> {
    let cells = |row: &Option<diptych::Row>| match row {
        Some(row) => diptych::record::values(&**row).iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        None => String::new(),
    };
    let each = set.changes.iter().enumerate().map(|(position, change)| Line {
        who: set.author.as_deref().unwrap_or("nobody").to_owned(),
        when: set.at.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |it| it.as_secs()),
        row: change.row.fact(set.schema()).to_string(),
        old: cells(&change.row.before),
        new: cells(&change.row.after),
        why: match &change.cause {
            Cause::Action { .. } => {
                let path = set.path(position);
                path.iter().map(|hop| format!("{} ─{}→", hop.from, hop.by)).collect::<Vec<_>>().join(" ")
            }
            cause => cause.to_string(),
        },
    });
    each.collect()
}

fn main() -> Result<()> {
    let database = Database::of::<(User, Post, Tag)>()?;
    database.retain(Retention::Last(8));
    let clock = AtomicU64::new(100);
    database.set_clock(move || SystemTime::UNIX_EPOCH + Duration::from_secs(clock.fetch_add(1, Ordering::Relaxed)));
    let (_, feed) = database.subscribe(Subscription::bounded(64));

    let mut session = database.by("ada").session();
    let ada = session.add(User { name: "Ada".into(), ..User::draft() });
    let post = session.push(ada, User::posts, Post { body: "First".into(), ..Post::draft() })?;
    session.push(post, Post::tags, Tag { name: "news".into() })?;
    session.commit()?;
    let mut session = database.by("bob").session();
    let post = session.one(Post::select())?.reference();
    session.edit(post)?.body = "Second".into();
    session.commit()?;
    let mut session = database.by("eve").session();
    let ada = session.one(User::select())?.reference();
    session.delete(ada)?;
    session.commit()?;
    database.by("ada").undo()?;

    let rebuilt = Database::new(database.schema().clone());
    let mut trail = Vec::new();
    for event in feed.drain() {
        let Event::Commit(set) = event else { panic!("there was room for every commit") };
        rebuilt.replay(&set)?;
        trail.extend(lines(&set));
    }
    for Line { who, when, row, old, new, why } in &trail {
        println!("{when} {who:4} {row:26} {old:18} → {new:18} {why}");
    }

    let of = |who: &str, row: &str| trail.iter().rfind(|it| it.who == who && it.row == row).expect("there is one");
    assert_eq!(of("ada", "post_tags[1, 'news']").new, "1, 'news'", "an association row that an undo brought back");
    let edited = of("bob", "posts[1]");
    assert_eq!((edited.when, &*edited.old, &*edited.new), (101, "1, 1, 'First'", "1, 1, 'Second'"));
    let gone = of("eve", "post_tags[1, 'news']");
    assert_eq!((&*gone.old, &*gone.new), ("1, 'news'", ""));
    assert_eq!(gone.why, "users[1] ─cascade by posts_author_id_fkey→ posts[1] ─cascade by post_tags_post_id_fkey→");
    assert_eq!(of("ada", "users[1]").why, "undo");
    assert_eq!(rebuilt.snapshot().len("post_tags")?, 1);
    Ok(())
}

#[test]
fn the_trail_answers_who_what_when_and_why() -> Result<()> {
    main()
}
