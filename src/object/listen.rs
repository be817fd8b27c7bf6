//! Listeners: work that a session does when something happens to its objects.
//!
//! Nobody is called while a relation is half moved. What happens is queued, and told in order when the call that caused
//! it has done its own work: a verb at its end, a query when its objects are there, a flush before it looks and after it
//! has written. What a listener changes is queued behind, so listeners never nest; each stands one further from the user,
//! and one that would stand too far is an error that names it.

mod actions;
mod planned;
mod reaction;
mod signal;
mod standing;
mod steps;

pub use reaction::Reaction;
pub use signal::{
    Acted, ActedSignal, Append, Appended, Cause, Changed, ColumnChanged, Loads, Remove, Removed, Replace, Replaced,
    RowSignal, Set, SetTo, Signal, load, rows_acted_on,
};
pub(super) use standing::Standing;

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::events::{Happening, RowStep};
use super::reference::{ObjectKey, SessionId};
use super::session::{Core, Session, meanwhile};
use crate::error::{Misuse, Result};
use crate::id::ClassId;
use crate::record::Row;

/// How many listeners may stand between the user and a change.
const FURTHEST: u32 = 64;

/// What is called with each happening; it finds out by itself whether it is meant.
type Call = Box<dyn FnMut(&Happening, &mut Reaction<'_>) -> Result<()> + Send>;

/// Who listens in a session.
#[derive(Default)]
pub(super) struct Listeners {
    all: Vec<Listener>,
    /// Whether one of them is being called.
    busy: bool,
    /// What the session is doing for the user while they are told.
    during: During,
    /// Objects that were given out for changing while somebody listens to columns, as they were.
    edited: Vec<(ObjectKey, Row)>,
}

/// How the user holds the session while listeners are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum During {
    /// Exclusively: no view is alive.
    #[default]
    Change,
    /// Shared: views may be alive, and what their types promise has to stay (O8).
    Read,
}

struct Listener {
    on: Arc<AtomicBool>,
    name: String,
    /// The class that its signal names, if it names one.
    class: Option<ClassId>,
    interest: Interest,
    call: Call,
}

/// What has to be known of a signal before there is anything to tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interest {
    /// Nothing has.
    #[default]
    Other,
    /// Changes of columns: objects that are edited are kept as they were.
    Columns,
    /// Rows that the session writes. Where they are about to be written, a flush is planned once more.
    Rows(RowStep),
    /// Foreign key actions: each delete is planned before it is run.
    Actions,
}

impl Listeners {
    /// Whether somebody listens to such a thing.
    fn wants(&self, interest: impl Fn(Interest) -> bool) -> bool {
        self.all.iter().any(|it| interest(it.interest) && it.on.load(Ordering::Relaxed))
    }

    /// Whether nobody has to be told.
    pub(super) fn is_silent(&self) -> bool {
        self.busy || self.all.is_empty()
    }
}

/// The time in which listeners are told. When it ends they are listeners again, and if one of them failed or panicked,
/// nothing is left to tell.
struct Telling<'c> {
    core: &'c mut Core,
    all: Vec<Listener>,
    is_done: bool,
}

impl Drop for Telling<'_> {
    fn drop(&mut self) {
        let Core { listeners, graph, .. } = &mut *self.core;
        listeners.all = std::mem::take(&mut self.all);
        listeners.busy = false;
        graph.events.generation = 0;
        if !self.is_done {
            graph.events.queue.clear();
            listeners.edited.clear();
        }
    }
}

/// What messages call a listener.
fn name_of(signal: &impl Signal, caller: &Location<'_>) -> String {
    format!("the listener to {} at {}:{}", signal.name(), caller.file(), caller.line())
}

/// Keeps a listener registered; it is called no more when this is dropped.
#[derive(Debug)]
#[must_use = "the listener is called for as long as this is kept; `forever` keeps it without"]
pub struct Listening {
    on: Option<Arc<AtomicBool>>,
}

impl Listening {
    /// Keeps the listener registered for as long as the session lives, or the model if it stands for all sessions.
    pub fn forever(mut self) {
        self.on = None;
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        if let Some(on) = &self.on {
            on.store(false, Ordering::Relaxed);
        }
    }
}

impl Session {
    /// Calls a listener when something happens, as long as what is returned is kept. Listeners are called in the order in
    /// which they were registered, when the call of the session that caused it has done its own work.
    ///
    /// A listener reads and changes objects through the [`Reaction`] it gets. While the session is only read, by a query
    /// say, it cannot move relations, since views may be alive whose types say what is loaded. An error that it returns is
    /// the error of the call; before a flush or commit, that call is given up.
    ///
    /// ```
    /// use diptych::listen::Append;
    /// use diptych::prelude::*;
    /// use std::sync::atomic::{AtomicI64, Ordering};
    /// # #[derive(Entity, Clone, Debug)]
    /// # #[has_many(books: Book, inverse = author)]
    /// # struct Author { #[key(auto)] id: Id<Author> }
    /// # #[derive(Entity, Clone, Debug)]
    /// # #[belongs_to(author: Author, inverse = books)]
    /// # struct Book { #[key(auto)] id: Id<Book>, #[references(Author)] author_id: Option<Id<Author>> }
    /// # let mut session = Database::of::<(Author, Book)>()?.session();
    /// static BOOKS: AtomicI64 = AtomicI64::new(0);
    /// let appended = session.on(Append(Author::books), |_, _| {
    ///     BOOKS.fetch_add(1, Ordering::Relaxed);
    ///     Ok(())
    /// })?;
    /// let author = session.add(Author::draft());
    /// let book = session.add(Book::draft());
    /// session.set(book, Book::author, author)?;
    /// assert_eq!(BOOKS.load(Ordering::Relaxed), 1, "the other side has got a member");
    /// drop(appended);
    /// session.push(author, Author::books, Book::draft())?;
    /// assert_eq!(BOOKS.load(Ordering::Relaxed), 1, "nobody listens any more");
    /// # Ok::<(), diptych::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the database was made without a class that the signal names.
    #[track_caller]
    pub fn on<S: Signal>(
        &mut self,
        signal: S,
        mut listener: impl FnMut(S::Event, &mut Reaction<'_>) -> Result<()> + Send + 'static,
    ) -> Result<Listening> {
        let class = signal.class(&self.model)?;
        let (id, name) = (self.id, name_of(&signal, Location::caller()));
        let interest = signal.interest();
        let call: Call = Box::new(move |happening, reaction| match signal.read(happening, class, reaction) {
            Some(event) => listener(event, reaction),
            None => Ok(()),
        });
        let on = Arc::new(AtomicBool::new(true));
        let core = self.exclusive();
        core.graph.events.heard = true;
        core.session = Some(id);
        core.listeners.all.push(Listener { on: on.clone(), name, class, interest, call });
        Ok(Listening { on: Some(on) })
    }
}

impl Core {
    /// Does work and tells what has happened.
    pub(super) fn told<T>(&mut self, work: impl FnOnce(&mut Core) -> Result<T>) -> Result<T> {
        let outcome = work(self)?;
        self.tell()?;
        Ok(outcome)
    }

    /// Reads for somebody who shares the session, and tells what has happened. Listeners cannot move relations meanwhile.
    pub(super) fn told_while_shared<T>(&mut self, work: impl FnOnce(&mut Core) -> Result<T>) -> Result<T> {
        meanwhile(self, |core| &mut core.listeners.during, During::Read, |core| core.told(work))
    }

    /// Tells listeners what has happened, and what they let happen, until nothing is left to tell.
    #[inline]
    pub(super) fn tell(&mut self) -> Result<()> {
        if self.listeners.is_silent() { Ok(()) } else { self.tell_all() }
    }

    fn tell_all(&mut self) -> Result<()> {
        self.listeners.all.retain(|it| it.on.load(Ordering::Relaxed));
        if self.listeners.all.is_empty() {
            self.graph.events.heard = false;
            self.graph.events.queue.clear();
            self.listeners.edited.clear();
            return Ok(());
        }
        self.note_columns();
        self.listeners.busy = true;
        let all = std::mem::take(&mut self.listeners.all);
        let mut telling = Telling { core: self, all, is_done: false };
        let Telling { core, all, .. } = &mut telling;
        let outcome = core.quietly(|core| {
            while let Some((generation, happening)) = core.graph.events.queue.pop_front() {
                core.tell_each(all, generation, &happening)?;
                core.note_columns();
            }
            Ok(())
        });
        telling.is_done = outcome.is_ok();
        outcome
    }

    fn tell_each(&mut self, all: &mut [Listener], generation: u32, happening: &Happening) -> Result<()> {
        self.graph.events.generation = generation + 1;
        for listener in all.iter_mut().filter(|it| it.on.load(Ordering::Relaxed)) {
            let before = self.graph.events.queue.len();
            let session = self.session.unwrap_or(SessionId(0));
            (listener.call)(happening, &mut Reaction::new(self, session))?;
            let more = self.graph.events.queue.len() > before || !self.listeners.edited.is_empty();
            if generation >= FURTHEST && more {
                return Err(Misuse::ListenerLoop { listener: listener.name.clone(), rounds: FURTHEST }.into());
            }
        }
        Ok(())
    }

    /// Remembers an object that is given out for changing, if somebody listens to columns.
    pub(super) fn watch_columns(&mut self, key: ObjectKey) {
        if self.listeners.edited.iter().any(|it| it.0 == key) {
            return;
        }
        // Those who are called now are not in the list: what they edit is watched whoever listens.
        if self.listeners.busy || self.listeners.wants(|it| it == Interest::Columns) {
            let row = self.graph.row(key).cloned();
            self.listeners.edited.extend(row.map(|it| (key, it)));
        }
    }

    /// Notes which columns of objects that were given out have another value.
    fn note_columns(&mut self) {
        for (key, before) in std::mem::take(&mut self.listeners.edited) {
            let Some(now) = self.graph.objects.get(key).and_then(|it| self.graph.row_of(it)).cloned() else { continue };
            for column in crate::record::changed_columns(&*before, &*now) {
                let (before, now) = (before.get(column).to_value(), now.get(column).to_value());
                self.graph.events.tell(|| Happening::Column { object: key, column, before, now });
            }
        }
    }
}

impl fmt::Debug for Listeners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all.iter().map(|it| &it.name)).finish()
    }
}
