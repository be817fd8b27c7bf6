//! Who finds everything by its key does not notice what a session has let go of.

use diptych::object::AnyRef;
use diptych::prelude::*;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::test_runner::Config;

use super::forum::*;
use super::keeping::filled;
use super::property::cases;

/// A step of two sessions that find everything by its key.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Add,
    Post { author: i64, parent: i64 },
    Rename { user: i64 },
    Move { post: i64, to: i64 },
    Below { post: i64, parent: Option<i64> },
    Tag { post: i64, off: bool },
    Profile { user: i64, none: bool },
    Delete { post: i64 },
    Look { post: i64 },
    Flush,
    Savepoint,
    Release,
    RollbackTo,
    Commit,
    Rollback,
}

/// A step, whether everything is looked at after it, and how many objects are kept then.
pub(super) fn steps() -> impl Strategy<Value = (Step, bool, usize)> {
    let key = || 1..6_i64;
    let step = prop_oneof![
        2 => Just(Step::Add),
        3 => (key(), key()).prop_map(|(author, parent)| Step::Post { author, parent }),
        3 => key().prop_map(|user| Step::Rename { user }),
        2 => (key(), key()).prop_map(|(post, to)| Step::Move { post, to }),
        2 => (key(), option::of(key())).prop_map(|(post, parent)| Step::Below { post, parent }),
        2 => (key(), any::<bool>()).prop_map(|(post, off)| Step::Tag { post, off }),
        2 => (key(), any::<bool>()).prop_map(|(user, none)| Step::Profile { user, none }),
        1 => key().prop_map(|post| Step::Delete { post }),
        3 => key().prop_map(|post| Step::Look { post }),
        2 => Just(Step::Flush),
        1 => Just(Step::Savepoint),
        1 => Just(Step::Release),
        1 => Just(Step::RollbackTo),
        1 => Just(Step::Commit),
        1 => Just(Step::Rollback),
    ];
    (step, any::<bool>(), 0..8_usize)
}

/// Does a step; what can be seen of it, in words, and which objects came.
pub(super) fn step(session: &mut Session, step: Step, number: usize, came: &mut Vec<AnyRef>) -> String {
    match carry_out(session, step, number, came) {
        Ok(shown) => shown.unwrap_or_else(|| "nothing is there".into()),
        // A reference to what is held by one session alone has another number in each.
        Err(error) => error.to_string().split(" of session").next().unwrap_or_default().to_owned(),
    }
}

fn user_at(session: &Session, key: i64) -> Result<Option<Ref<User>>> {
    Ok(session.find::<User>(key)?.map(|it| it.reference()))
}

fn post_at(session: &Session, key: i64) -> Result<Option<Ref<Post>>> {
    Ok(session.find::<Post>(key)?.map(|it| it.reference()))
}

/// The same; `None` where what the step is about is not there.
fn carry_out(session: &mut Session, step: Step, number: usize, came: &mut Vec<AnyRef>) -> Result<Option<String>> {
    match step {
        Step::Add => came.push(session.add(user(&format!("user {number}"))).untyped()),
        Step::Post { author, parent } => {
            let Some(author) = user_at(session, author)? else { return Ok(None) };
            let parent = post_at(session, parent)?;
            let new = posted(session, author, &format!("post {number}"));
            came.push(new.untyped());
            session.set(new, Post::parent, parent)?;
        }
        Step::Rename { user } => {
            let Some(user) = user_at(session, user)? else { return Ok(None) };
            session.edit(user)?.name = format!("name {number}");
        }
        Step::Move { post, to } => {
            let (Some(post), Some(to)) = (post_at(session, post)?, user_at(session, to)?) else { return Ok(None) };
            session.set(post, Post::author, to)?;
        }
        Step::Below { post, parent } => {
            let parent = parent.filter(|it| *it != post).map(|it| post_at(session, it)).transpose()?.flatten();
            let Some(post) = post_at(session, post)? else { return Ok(None) };
            session.set(post, Post::parent, parent)?;
        }
        Step::Tag { post, off } => {
            let Some(post) = post_at(session, post)? else { return Ok(None) };
            tagged(session, post, off)?;
        }
        Step::Profile { user, none } => {
            let Some(user) = user_at(session, user)? else { return Ok(None) };
            let text = format!("text {number}");
            let profile = (!none).then(|| session.add(Profile { text, ..Profile::draft() }));
            session.set(user, User::profile, profile)?;
            came.extend(profile.map(|it| it.untyped()));
        }
        Step::Delete { post } => {
            let Some(post) = post_at(session, post)? else { return Ok(None) };
            session.delete(post)?;
        }
        Step::Look { post } => return seen(session, post),
        Step::Flush => session.flush()?,
        Step::Savepoint => session.savepoint()?,
        Step::Release => session.release()?,
        Step::RollbackTo => session.rollback_to()?,
        Step::Commit => session.commit()?,
        Step::Rollback => session.rollback()?,
    }
    Ok(Some("done".into()))
}

/// Puts the tag `news` on a post or takes it off.
fn tagged(session: &mut Session, post: Ref<Post>, off: bool) -> Result<()> {
    let tag = match session.find::<Tag>("news".to_owned())? {
        Some(tag) => tag.reference(),
        None => session.add(tag("news")),
    };
    match (off, session.get(post)?.load(Post::tags)?.references().contains(&tag)) {
        (true, true) => session.remove(post, Post::tags, tag),
        (false, false) => session.push(post, Post::tags, tag).map(drop),
        _ => Ok(()),
    }
}

/// What a post leads to.
fn seen(session: &Session, post: i64) -> Result<Option<String>> {
    let Some(post) = session.find::<Post>(post)? else { return Ok(None) };
    let author = post.load(Post::author)?;
    let profile = author.load(User::profile)?.map(|it| it.text.clone());
    let parent = post.load(Post::parent)?.map(|it| it.body.clone());
    let (replies, tags) = (post.load(Post::replies)?.len(), post.load(Post::tags)?.len());
    let (body, author) = (&post.body, &author.name);
    Ok(Some(format!("{body} by {author} ({profile:?}) under {parent:?}, {replies} {tags}")))
}

proptest! {
    #![proptest_config(Config { cases: cases(96), failure_persistence: None, ..Config::default() })]

    /// A session that keeps a few objects sees and writes what one sees and writes that flushes as often and keeps all.
    #[test]
    fn letting_go_is_not_noticed_by_who_finds_by_key(steps in vec(steps(), 1..40)) {
        let database = filled().expect("it can be filled").0;
        let (kept, few) = (database.fork(), database.fork());
        let (mut keeps_all, mut keeps_few) = (kept.session(), few.session());
        let seen_by = |session: &mut Session, now, number| step(session, now, number, &mut Vec::new());
        let mut story = String::new();
        for (number, &(now, walks, most)) in steps.iter().enumerate() {
            let (all, some) = (seen_by(&mut keeps_all, now, number), seen_by(&mut keeps_few, now, number));
            story.push_str(&format!("{now:?}, keep {most}: {all}\n"));
            proptest::prop_assert_eq!(&all, &some, "{}", story);
            let (flushed, went) = (keeps_all.flush().is_ok(), keeps_few.flush().is_ok());
            proptest::prop_assert_eq!(flushed, went, "{}", story);
            if !flushed {
                keeps_all.rollback().expect("it can be taken back");
                keeps_few.rollback().expect("it can be taken back");
            }
            for post in (1..6).filter(|_| walks) {
                let look = Step::Look { post };
                let (all, some) = (seen_by(&mut keeps_all, look, number), seen_by(&mut keeps_few, look, number));
                proptest::prop_assert_eq!(&all, &some, "post {} {}", post, story);
            }
            keeps_few.keep_at_most(most).expect("there is nothing to refuse");
            for table in ["users", "profiles", "posts", "post_tags"] {
                let (one, other) = (rows(&mut keeps_all, table), rows(&mut keeps_few, table));
                proptest::prop_assert_eq!(one, other, "{} {}", table, story);
            }
        }
    }
}
