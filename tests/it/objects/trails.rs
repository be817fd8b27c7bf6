//! References that were read together and are followed one by one lead where their rows say, whatever has happened
//! between: to the rows, to the keys that they hold, and to the objects.

use diptych::object::Synchronize;
use diptych::prelude::*;
use diptych::query::Control;
use diptych::{Connection, Expression, State, Update, col};
use proptest::collection::vec;
use proptest::prelude::*;

use super::property::cases;

#[derive(Entity, Clone, Debug, PartialEq)]
#[has_many(posts: Post, inverse = author)]
struct User {
    #[key]
    id: Id<User>,
    karma: i64,
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[belongs_to(author: User, via = author_id, inverse = posts)]
struct Post {
    #[key]
    id: Id<Post>,
    #[references(User, on_update = cascade, on_delete = set_null)]
    author_id: Option<Id<User>>,
}

const USERS: usize = 3;
const POSTS: usize = 5;

struct Story {
    database: Database,
    session: Session,
    users: Vec<Ref<User>>,
    posts: Vec<Ref<Post>>,
    made: i64,
    savepoints: usize,
}

impl Story {
    fn new(expires: bool) -> Result<Self> {
        let database = Database::of::<(User, Post)>()?;
        let mut session = database.session();
        for id in 0..USERS as i64 {
            session.add(User { id: Id::new(id), karma: id });
        }
        session.flush()?;
        for id in 0..POSTS as i64 {
            session.add(Post { id: Id::new(id), author_id: Some(Id::new(id % USERS as i64)) });
        }
        session.commit()?;
        let mut session = database.session();
        session.set_expire_on_commit(expires);
        let mut story = Story { database, session, users: Vec::new(), posts: Vec::new(), made: 10, savepoints: 0 };
        story.read()?;
        Ok(story)
    }

    /// Reads the posts with their authors, and takes hold of both.
    fn read(&mut self) -> Result<()> {
        let query = Post::select().loading(Post::author.selectin()).order_by(Post::id);
        self.posts = self.session.all(query)?.references();
        self.users = self.session.all(User::select().order_by(User::id))?.references();
        Ok(())
    }

    fn user(&self, at: usize) -> Option<Ref<User>> {
        let user = *self.users.get(at % self.users.len().max(1))?;
        (self.session.state(user).ok() == Some(State::Persistent)).then_some(user)
    }

    fn post(&self, at: usize) -> Option<Ref<Post>> {
        let post = *self.posts.get(at % self.posts.len().max(1))?;
        (self.session.state(post).ok() == Some(State::Persistent)).then_some(post)
    }

    /// Does something, as far as the objects are there. Whether nothing is pending afterwards.
    fn step(&mut self, (what, a, b): (u8, usize, usize)) -> Result<bool> {
        if matches!(what, 5 | 6 | 13) {
            self.session.flush()?;
        }
        let (user, post) = (self.user(b), self.post(a));
        match (what, user, post) {
            (0, ..) => self.read()?,
            (1, _, Some(post)) => self.session.set(post, Post::author, user.filter(|_| a % 4 != 3))?,
            (2, Some(user), Some(post)) => {
                // Written by hand, it counts for what is read afterwards.
                let id = self.session.get(user)?.id;
                self.session.edit(post)?.author_id = Some(id);
                self.session.flush()?;
                self.session.expire(post)?;
            }
            (3, Some(user), _) => {
                self.made += 1;
                self.session.edit(user)?.id = Id::new(self.made);
            }
            (4, Some(user), _) => {
                let gone = self.session.get(user)?.id;
                self.session.delete(user)?;
                if a % 2 == 0 {
                    self.session.flush()?;
                    self.session.add(User { id: gone, karma: 7 });
                }
            }
            (5, Some(user), Some(post)) => match a % 4 {
                0 => self.session.let_go(post)?,
                1 => self.session.let_go(user)?,
                2 => self.session.expunge(user)?,
                _ => drop(self.session.keep_at_most(a)?),
            },
            (6, Some(user), Some(post)) => self.forget(a, user, post)?,
            (7, ..) => self.elsewhere(a, b)?,
            (8, ..) => {
                let posts = Post::select().filter(Post::id.lt(Id::new(a as i64)));
                self.session.update_where(posts, [Post::author_id.becomes(None)], Synchronize::Auto)?;
            }
            (9, ..) => {
                self.session.savepoint()?;
                self.savepoints += 1;
            }
            (10, ..) if self.savepoints > 0 => {
                self.session.rollback_to()?;
                self.savepoints -= 1;
            }
            (11, ..) => {
                self.session.commit()?;
                self.savepoints = 0;
            }
            (12, ..) => {
                self.session.rollback()?;
                self.savepoints = 0;
            }
            (13, _, Some(post)) => {
                // One object comes in the place of another, with the row of a third.
                self.session.let_go(post)?;
                if let Some(other) = self.session.find::<Post>((b % POSTS) as i64)?.map(|it| it.reference()) {
                    self.posts.push(other);
                }
            }
            _ => self.session.flush()?,
        }
        Ok(!matches!(what, 1..=4))
    }

    /// What was read is to be read again.
    fn forget(&mut self, a: usize, user: Ref<User>, post: Ref<Post>) -> Result<()> {
        match a % 4 {
            0 => self.session.expire(post),
            1 => self.session.expire(user),
            2 => self.session.refresh(post),
            _ => {
                self.session.expire_all();
                Ok(())
            }
        }
    }

    /// Another connection leads a post to another user.
    fn elsewhere(&mut self, a: usize, b: usize) -> Result<()> {
        self.session.commit()?;
        self.savepoints = 0;
        let mut other = self.database.connect();
        let (author, post) = ((b % USERS) as i64, (a % POSTS) as i64);
        let update = Update::table("posts").set("author_id", author).filter(Expression::eq(col("id"), post));
        // Where that user has gone, it is refused.
        let _ = other.execute(update);
        other.control(Control::Commit)?;
        self.session.expire_all();
        Ok(())
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let failed = |it: diptych::Error| TestCaseError::fail(format!("{it:#}"));
        for &post in &self.posts {
            if self.session.state(post).ok() == Some(State::Persistent) {
                let post = self.session.get(post).map_err(failed)?;
                let led = post.load(Post::author).map_err(failed)?;
                // What was set, and has left the session, stays: it knows of no row any more.
                if led.is_some_and(|it| self.session.state(it.reference()).ok() != Some(State::Persistent)) {
                    continue;
                }
                let said = led.map(|it| (it.id, it.entity().clone()));
                prop_assert_eq!(said.as_ref().map(|it| it.0), post.author_id);
                let found = post.author_id.map(|it| self.session.find::<User>(it)).transpose().map_err(failed)?;
                prop_assert_eq!(led.map(|it| it.reference()), found.flatten().map(|it| it.reference()));
            }
        }
        Ok(())
    }
}

fn hold(steps: &[(u8, usize, usize)], expires: bool) -> Result<(), TestCaseError> {
    let mut story = Story::new(expires).expect("it can be filled");
    story.check()?;
    for (at, &step) in steps.iter().enumerate() {
        let agrees = story.step(step).unwrap_or_else(|_| {
            // The tables refuse it, or an object has gone meanwhile; all of it is taken back.
            story.session.rollback().expect("it can be taken back");
            story.savepoints = 0;
            true
        });
        if agrees {
            story.check().map_err(|it| TestCaseError::fail(format!("after step {at} {step:?}: {it}")))?;
        }
    }
    Ok(())
}

/// A post that the session has let go of is read in a savepoint in which its author has got another key.
#[test]
fn what_was_read_in_a_savepoint_after_a_change_is_read_again_after_it() {
    let steps = [(5, 3, 0), (9, 0, 0), (3, 0, 0), (0, 0, 0), (10, 0, 0)];
    hold(&steps, false).expect("it says what its row says");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(96)))]

    #[test]
    fn a_reference_that_was_read_leads_where_its_row_says(
        steps in vec((0_u8..16, 0_usize..12, 0_usize..12), 1..24),
        expires: bool,
    ) {
        hold(&steps, expires)?;
    }
}
