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
use crate::error::Result;
use crate::id::ClassId;
use crate::object::events::Happening;
use crate::object::model::Model;
use crate::object::reference::SessionId;
use crate::object::session::Core;

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
    class: Option<ClassId>,
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
            class: self.class,
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

impl Model {
    /// Registers a listener that stands for every session.
    pub(in crate::object) fn listen<S: Signal + Sync>(
        &self,
        signal: S,
        caller: &Location<'_>,
        listener: impl Fn(S::Event, &mut Reaction<'_>) -> Result<()> + Send + Sync + 'static,
    ) -> Result<Listening> {
        let class = signal.class(self)?;
        let (name, interest) = (name_of(&signal, caller), signal.interest());
        let call: SharedCall = Arc::new(move |happening, reaction| match signal.read(happening, class, reaction) {
            Some(event) => listener(event, reaction),
            None => Ok(()),
        });
        let on = Arc::new(AtomicBool::new(true));
        let mut all = self.standing.all.write();
        let gone: Vec<_> = all.extract_if(.., |it| !it.on.load(Ordering::Relaxed)).collect();
        all.push(StandingListener { on: on.clone(), name, class, interest, call });
        drop(all);
        // What they have captured is the user's, and may come back here when it is dropped.
        drop(gone);
        Ok(Listening { on: Some(on) })
    }
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
