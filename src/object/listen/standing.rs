//! Listeners that stand for every session of a model, as a class's listeners do in SQLAlchemy.
//!
//! A session takes them up when it begins and calls them before its own. From then on they are listeners as any other:
//! told at the same times, bounded in the same way. What is shared between sessions is only the work and whether somebody
//! still wants it, so a standing listener runs in whichever threads sessions run, possibly in several at a time.
//!
//! They belong to the model, that is to the classes, and not to rows: a fork has the classes of the database that it was
//! forked from, so what listens in one listens in the other.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;

use super::{Interest, Listener, Listening, Reaction, Signal, name_of};
use crate::error::{Error, Misuse, Result};
use crate::object::events::Happening;
use crate::object::model::Model;
use crate::object::reference::SessionId;
use crate::object::session::Core;
use crate::txn::Database;

/// What is called with each happening, by sessions of any thread.
type SharedCall = Arc<dyn Fn(&Happening, &mut Reaction<'_>) -> Result<()> + Send + Sync>;

/// Who listens in every session of a model.
#[derive(Default)]
pub(in crate::object) struct Standing {
    all: RwLock<Vec<StandingListener>>,
}

struct StandingListener {
    on: Arc<AtomicBool>,
    name: String,
    interest: Interest,
    call: SharedCall,
}

impl StandingListener {
    /// The same, for one session.
    fn in_session(&self) -> Listener {
        let call = self.call.clone();
        Listener {
            on: self.on.clone(),
            name: self.name.clone(),
            interest: self.interest,
            call: Box::new(move |happening, reaction| call(happening, reaction)),
        }
    }
}

impl fmt::Debug for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all.read().iter().map(|it| &it.name)).finish()
    }
}

impl Database {
    /// Calls a listener when something happens in any session that begins from now on, as long as what is returned is
    /// kept. Sessions call it before listeners of their own, at the times and with the means that
    /// [`Session::on`](crate::Session::on) describes; two threads with a session each may call it at once.
    ///
    /// A listener belongs to the classes of the database: it listens in sessions of its forks, too, and one that is
    /// registered with a fork listens in sessions of the database. Sessions that have begun already do not hear it. A
    /// listener to columns, to what is about to be written, or to foreign key actions makes every session look for these.
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
    /// static BOOKS: AtomicI64 = AtomicI64::new(0);
    /// let database = Database::of::<(Author, Book)>()?;
    /// let counted = database.on(Append(Author::books), |_, _| {
    ///     BOOKS.fetch_add(1, Ordering::Relaxed);
    ///     Ok(())
    /// })?;
    /// for mut session in [database.session(), database.session()] {
    ///     let author = session.add(Author::draft());
    ///     session.push(author, Author::books, Book::draft())?;
    /// }
    /// assert_eq!(BOOKS.load(Ordering::Relaxed), 2);
    /// drop(counted);
    /// # Ok::<(), diptych::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the database was made without a class that the signal names, or of tables alone.
    #[track_caller]
    pub fn on<S: Signal + Sync>(
        &self,
        signal: S,
        listener: impl Fn(S::Event, &mut Reaction<'_>) -> Result<()> + Send + Sync + 'static,
    ) -> Result<Listening> {
        let model = self.schema().attachment::<Model>().ok_or_else(no_classes)?;
        let class = signal.class(&model)?;
        let (name, interest) = (name_of(&signal, Location::caller()), signal.interest());
        let call: SharedCall = Arc::new(move |happening, reaction| match signal.read(happening, class, reaction) {
            Some(event) => listener(event, reaction),
            None => Ok(()),
        });
        let on = Arc::new(AtomicBool::new(true));
        let mut all = model.standing.all.write();
        all.retain(|it| it.on.load(Ordering::Relaxed));
        all.push(StandingListener { on: on.clone(), name, interest, call });
        Ok(Listening { on: Some(on) })
    }
}

/// The model of a database of tables is made for each session anew, so nothing could be kept in it.
fn no_classes() -> Error {
    let reason = "a database that was made of tables alone keeps no listeners; \
                  make it with its classes (`Database::of`, `Database::with_classes`), or listen in a session";
    Misuse::Statement { reason: reason.to_owned() }.into()
}

impl Core {
    /// Takes up the listeners that stand for every session, when the session begins.
    pub(in crate::object) fn hear_standing(&mut self, session: SessionId) {
        let model = self.graph.model.clone();
        let all = model.standing.all.read();
        for listener in all.iter().filter(|it| it.on.load(Ordering::Relaxed)) {
            self.graph.events.heard = true;
            self.session = Some(session);
            self.listeners.all.push(listener.in_session());
        }
    }
}
