//! Counting the statements of a piece of work, for tests: which ran, and for which lines.

use std::cell::RefMut;
use std::fmt::Write;
use std::panic::Location;

use super::{Core, Session};
use crate::error::Result;
use crate::object::diagnosis::{Diagnosis, Finding};
use crate::query::{Entry, Watch};

/// A watch over the statements of a session; [`assert_statements!`](crate::assert_statements) makes it.
#[derive(Debug)]
pub struct StatementWatch {
    watch: Watch,
    was_watched: bool,
}

impl Session {
    /// What moves in the session, which from now on runs statements for this line.
    #[inline]
    pub(in crate::object) fn called_from(&self, caller: &'static Location<'static>) -> RefMut<'_, Core> {
        let mut core = self.core.borrow_mut();
        core.called_from(caller);
        core
    }

    /// Begins to watch which statements run, and for which lines of the program.
    pub fn watch_statements(&self) -> StatementWatch {
        let mut core = self.core.borrow_mut();
        let was_watched = std::mem::replace(&mut core.is_watched, true);
        StatementWatch { watch: core.connection.log().watch(), was_watched }
    }

    /// The statements since a watch began, which ends here.
    pub fn watched_statements(&self, watch: StatementWatch) -> Vec<Entry> {
        let mut core = self.core.borrow_mut();
        core.is_watched = watch.was_watched;
        core.connection.log().watched(watch.watch)
    }
}

impl StatementWatch {
    /// Ends the watch.
    ///
    /// # Panics
    /// When fewer or more statements ran than expected, with all of them and the lines that they ran for.
    #[doc(hidden)]
    #[track_caller]
    pub fn expect(self, session: &Session, least: u64, most: u64) {
        let mut entries = session.watched_statements(self);
        entries.retain(Entry::is_counted);
        let ran = entries.len() as u64;
        if ran < least || ran > most {
            let wanted = if least == most { format!("{most}") } else { format!("at most {most}") };
            panic!("{ran} statements ran, {wanted} expected:{}", listed(&entries));
        }
    }
}

/// A watch over what a session loads; [`assert_no_n_plus_one!`](crate::assert_no_n_plus_one) and
/// [`assert_well_loaded!`](crate::assert_well_loaded) make it.
#[derive(Debug)]
pub struct LoadWatch {
    from: usize,
    was_kept: bool,
}

impl Session {
    /// Begins to watch what is loaded: keeps a ledger, if none is kept.
    pub fn watch_loads(&mut self) -> LoadWatch {
        let was_kept = self.exclusive().ledger.is_some();
        if !was_kept {
            self.set_ledger(true);
        }
        LoadWatch { from: self.loads().len(), was_kept }
    }

    /// What could be loaded better of what was since a watch began, which ends here.
    ///
    /// # Errors
    /// As [`diagnose`](Session::diagnose).
    pub fn watched_loads(&mut self, watch: LoadWatch) -> Result<Diagnosis> {
        let diagnosis = self.exclusive().diagnose(watch.from);
        if !watch.was_kept {
            self.set_ledger(false);
        }
        diagnosis
    }
}

impl LoadWatch {
    /// Ends the watch.
    ///
    /// # Panics
    /// When relations were read one by one, with the whole story.
    #[doc(hidden)]
    #[track_caller]
    pub fn expect_batches(self, session: &mut Session) {
        let counts = |it: &Finding| matches!(it, Finding::OneByOne(_));
        self.expect(session, "relations are read one by one", &[], counts);
    }

    /// Ends the watch.
    ///
    /// # Panics
    /// When anything was found but at the accepted paths, with the whole story.
    #[doc(hidden)]
    #[track_caller]
    pub fn expect_well_loaded(self, session: &mut Session, accepted: &[&str]) {
        self.expect(session, "this could be loaded better", accepted, |_| true);
    }

    #[track_caller]
    fn expect(self, session: &mut Session, wanted: &str, accepted: &[&str], counts: impl Fn(&Finding) -> bool) {
        match session.watched_loads(self) {
            Ok(mut diagnosis) => {
                diagnosis = accepted.iter().fold(diagnosis, |it, path| it.without(path));
                diagnosis.findings.retain(counts);
                if !diagnosis.is_clean() {
                    panic!("{wanted}:\n{diagnosis:#}");
                }
            }
            Err(error) => panic!("{error:#}"),
        }
    }
}

/// One line for each run of statements that are alike and were run for the same line.
fn listed(entries: &[Entry]) -> String {
    let mut text = String::new();
    let alike = |a: &Entry, b: &Entry| a.kind == b.kind && a.tables == b.tables && a.caller == b.caller;
    for same in entries.chunk_by(alike) {
        let first = &same[0];
        let rows: u64 = same.iter().map(|it| it.rows).sum();
        let _ = write!(text, "\n  {} {}", first.kind, first.tables.join(", "));
        if same.len() > 1 {
            let _ = write!(text, ", {} times", same.len());
        }
        let _ = write!(text, "  rows {rows}");
        if let Some(caller) = first.caller {
            let _ = write!(text, "  at {}:{}", caller.file(), caller.line());
        }
    }
    text
}

/// Asserts how many statements a session runs within a block, exactly or at most, and gives what the block gives. When
/// it is another number, the message lists the statements, with the lines of the program that they ran for.
///
/// ```
/// use diptych::{assert_statements, prelude::*};
///
/// #[derive(Entity, Clone, Debug)]
/// struct Note {
///     #[key(auto)]
///     id: Id<Note>,
///     text: String,
/// }
///
/// let mut session = Database::of::<(Note,)>()?.session();
/// let note = session.add(Note { id: Id::auto(), text: "milk".to_owned() });
/// assert_statements!(session, 1, { session.commit()? });
/// assert_statements!(session, at most 1, { session.get(note)?.text.clone() });
/// # Ok::<(), diptych::Error>(())
/// ```
#[macro_export]
macro_rules! assert_statements {
    ($session:expr, at most $most:expr, $work:block) => {{
        let watch = $session.watch_statements();
        let outcome = $work;
        watch.expect(&$session, 0, $most);
        outcome
    }};
    ($session:expr, $count:expr, $work:block) => {{
        let watch = $session.watch_statements();
        let outcome = $work;
        let count: u64 = $count;
        watch.expect(&$session, count, count);
        outcome
    }};
}

/// Asserts that a block reads no relation one by one for objects that came with one result (N + 1), and gives what the
/// block gives. The message says which relation, at which line, and what option of which query would mend it.
///
/// ```should_panic
/// use diptych::{assert_no_n_plus_one, prelude::*};
///
/// #[derive(Entity, Clone, Debug)]
/// #[has_many(posts: Post, inverse = author)]
/// struct User { #[key(auto)] id: Id<User>, name: String }
///
/// #[derive(Entity, Clone, Debug)]
/// #[belongs_to(author: User, via = author_id, inverse = posts)]
/// struct Post { #[key(auto)] id: Id<Post>, #[references(User)] author_id: Id<User> }
///
/// let database = Database::of::<(User, Post)>().unwrap();
/// let mut session = database.session();
/// for name in ["Ada", "Bob"] { session.add(User { name: name.into(), ..User::draft() }); }
/// session.commit().unwrap();
/// let posts = assert_no_n_plus_one!(session, {
///     let users = session.all(User::select()).unwrap(); // without `.with(User::posts.selectin())`
///     users.iter().map(|user| user.load(User::posts).unwrap().len()).sum::<usize>()
/// });
/// # let _ = posts;
/// ```
#[macro_export]
macro_rules! assert_no_n_plus_one {
    ($session:expr, $work:block) => {{
        let watch = $session.watch_loads();
        let outcome = $work;
        watch.expect_batches(&mut $session);
        outcome
    }};
}

/// Asserts that nothing of what a block loads could be loaded better, as far as a
/// [`Diagnosis`](crate::diagnosis::Diagnosis) can tell, but for paths that are accepted as they are; gives what the block
/// gives.
///
/// ```
/// use diptych::{assert_well_loaded, prelude::*};
///
/// # #[derive(Entity, Clone, Debug)]
/// # #[has_many(posts: Post, inverse = author)]
/// # struct User { #[key(auto)] id: Id<User>, name: String }
/// # #[derive(Entity, Clone, Debug)]
/// # #[belongs_to(author: User, via = author_id, inverse = posts)]
/// # struct Post { #[key(auto)] id: Id<Post>, #[references(User)] author_id: Id<User> }
/// # let database = Database::of::<(User, Post)>()?;
/// # let mut session = database.session();
/// # for name in ["Ada", "Bob"] { session.add(User { name: name.into(), ..User::draft() }); }
/// # session.commit()?;
/// let posts = assert_well_loaded!(session, {
///     let users = session.all(User::select().with(User::posts.selectin()))?;
///     users.iter().map(|user| user.get(User::posts).len()).sum::<usize>()
/// });
/// assert_well_loaded!(session, except ["User.posts"], {
///     session.all(User::select().with(User::posts.selectin()))?.len()
/// });
/// # let _ = posts;
/// # Ok::<(), diptych::Error>(())
/// ```
#[macro_export]
macro_rules! assert_well_loaded {
    ($session:expr, except [$($path:expr),* $(,)?], $work:block) => {{
        let watch = $session.watch_loads();
        let outcome = $work;
        watch.expect_well_loaded(&mut $session, &[$($path),*]);
        outcome
    }};
    ($session:expr, $work:block) => {{
        let watch = $session.watch_loads();
        let outcome = $work;
        watch.expect_well_loaded(&mut $session, &[]);
        outcome
    }};
}
