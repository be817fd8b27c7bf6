//! Counting the statements of a piece of work, for tests: which ran, and for which lines.

use std::cell::RefMut;
use std::fmt::Write;
use std::panic::Location;

use super::{Core, Session};
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
