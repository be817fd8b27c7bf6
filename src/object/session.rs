//! The session: what the user speaks to.

use std::any::TypeId;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use elsa::FrozenVec;

mod attributes;
mod cast;
mod changes;
mod core;
mod ends;
mod find;
mod keeping;
mod look_up;
mod meanwhile;
mod scope;
mod unit;
mod verbs;
mod watch;

pub use changes::Changes;
pub(super) use core::Core;
pub use core::Manner;
pub(super) use look_up::Beside;
pub(super) use meanwhile::meanwhile;
pub use scope::SessionScope;
pub use verbs::{Member, Target};
pub use watch::{LoadWatch, StatementWatch};

use super::entity::Entity;
use super::model::Model;
use super::reference::{Ref, SessionId};
use super::untyped::Untyped;
use crate::error::Result;
use crate::id::ClassId;
use crate::query::{Connection, Entry, Observer, Totals, Version};
use crate::record::Row;

/// A unit of work over one connection: the objects it has read, those that are new, changed or to be deleted.
///
/// Reading takes `&Session`; changing takes `&mut Session`. A session is `Send`, not `Sync`: give each thread its own.
pub struct Session {
    pub(super) id: SessionId,
    pub(super) model: Arc<Model>,
    pub(super) core: RefCell<Core>,
    /// The rows that readers may be looking at. Only ever added to under `&self`; emptied under `&mut self`.
    pub(super) lent: FrozenVec<Row>,
    /// The versions in which they may be looking at rows; likewise.
    pub(super) versions: FrozenVec<Arc<Version>>,
    /// Counts how often these were emptied, so that an object can tell whether its place in them still stands.
    pub(super) epoch: u32,
    /// The class that was asked for last, by its type: mostly it is the next one too.
    pub(super) last_class: Cell<Option<(TypeId, ClassId)>>,
}

/// Where the next session gets its number.
static SESSIONS: AtomicU32 = AtomicU32::new(1);

impl Session {
    /// A session over a connection.
    pub fn over(model: Arc<Model>, connection: impl Connection + Send + 'static) -> Self {
        let id = SessionId(SESSIONS.fetch_add(1, Ordering::Relaxed));
        let mut core = Core::new(model.clone(), Box::new(connection));
        core.hear_standing(id);
        Session {
            id,
            model,
            core: RefCell::new(core),
            lent: FrozenVec::new(),
            versions: FrozenVec::new(),
            epoch: 1,
            last_class: Cell::new(None),
        }
    }

    /// The classes it knows.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// Whether queries and lazy loads flush first what is pending; they do unless told otherwise.
    pub fn set_autoflush(&mut self, on: bool) {
        self.exclusive().autoflush = on;
    }

    /// Whether commit makes objects forget what they have read; it does unless told otherwise. Objects that do not forget
    /// keep the versions of the tables alive in which they were read.
    pub fn set_expire_on_commit(&mut self, on: bool) {
        self.exclusive().expire_on_commit = on;
    }

    /// Whether touching a relation of an object reads it for all objects that came with it by the same statement, so that
    /// walking a result takes one statement for each relation and not one for each object; it does not unless told so.
    pub fn set_peer_loading(&mut self, on: bool) {
        let core = self.exclusive();
        core.peers.wanted = on;
        core.peers.clear();
    }

    /// How the session behaves where a sound unit of work and that of SQLAlchemy differ; soundly unless told otherwise.
    pub fn set_manner(&mut self, manner: Manner) {
        self.exclusive().graph.manner = manner;
    }

    /// How much has passed the session's connection.
    pub fn totals(&self) -> Totals {
        self.core.borrow_mut().connection.log().totals()
    }

    /// Starts to keep every statement; [`take_log`](Session::take_log) hands them out.
    pub fn record(&self) {
        let mut core = self.core.borrow_mut();
        core.is_watched = true;
        core.connection.log().record();
    }

    /// The statements since the last call.
    pub fn take_log(&self) -> Vec<Entry> {
        self.core.borrow_mut().connection.log().take()
    }

    /// Hands every statement to an observer, such as the echo.
    pub fn observe(&self, observer: Option<Observer>) {
        let mut core = self.core.borrow_mut();
        core.is_watched |= observer.is_some();
        core.connection.log().observe(observer);
    }

    /// The session by names: for classes that are made at run time, and for tools.
    pub fn untyped(&mut self) -> Untyped<'_> {
        Untyped::new(self)
    }

    /// The class of a Rust type.
    #[inline]
    pub(super) fn class_of<T: Entity>(&self) -> Result<ClassId> {
        let of = TypeId::of::<T>();
        match self.last_class.get() {
            Some((last, class)) if last == of => Ok(class),
            _ => {
                let class = self.model.class_of::<T>(T::CLASS)?.id;
                self.last_class.set(Some((of, class)));
                Ok(class)
            }
        }
    }

    /// What the session holds, for a call that changes it. Nobody can be looking at a lent version now.
    pub(super) fn exclusive(&mut self) -> &mut Core {
        if !self.lent.is_empty() || !self.versions.is_empty() {
            self.lent.as_mut().clear();
            self.versions.as_mut().clear();
            self.epoch = self.epoch.wrapping_add(1).max(1);
        }
        self.core.get_mut()
    }

    /// The same for a call that may read or write rows, which it does for the line that called.
    #[inline]
    #[track_caller]
    pub(super) fn exclusive_here(&mut self) -> &mut Core {
        let core = self.exclusive();
        core.called_from(std::panic::Location::caller());
        core
    }

    /// A reference to one of its objects.
    pub(super) fn refer<T: ?Sized>(&self, key: super::reference::ObjectKey) -> Ref<T> {
        Ref::new(key, self.id)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let core = self.core.borrow();
        f.debug_struct("Session")
            .field("id", &self.id.0)
            .field("objects", &core.graph.objects.len())
            .field("touched", &core.graph.touched.len())
            .finish_non_exhaustive()
    }
}
