//! Sessions that are found again by a key: one for each thread, request or task.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use std::thread::ThreadId;

use parking_lot::{Mutex, ReentrantMutex};

use super::Session;
use crate::error::{Error, Misuse, Result};

type Kept = Arc<ReentrantMutex<RefCell<Session>>>;

/// Keeps one session for each key: for each thread, request or task. It is opened when it is first asked for, and goes
/// when its key is closed; what was not committed is rolled back then. A thread that ends does not close its session:
/// call [`close_here`](SessionScope::close_here), or keep work that has an end in
/// [`Database::transaction`](crate::txn::Database::transaction).
///
/// ```
/// use diptych::object::SessionScope;
/// use diptych::prelude::*;
///
/// #[derive(Entity, Clone, Debug)]
/// struct User { #[key(auto)] id: Id<User>, name: String }
///
/// # fn main() -> Result<()> {
/// let database = Database::of::<(User,)>()?;
/// let requests: SessionScope<u64> = SessionScope::new(move || database.session());
/// requests.with(7, |session| session.add(User { name: "Ada".into(), ..User::draft() }))?;
/// assert_eq!(requests.with(7, |session| session.len())?, 1);
/// assert_eq!(requests.with(8, |session| session.len())?, 0);
/// requests.close(&7)?;
/// assert_eq!(requests.with(7, |session| session.len())?, 0);
/// # Ok(())
/// # }
/// ```
pub struct SessionScope<K = ThreadId> {
    open: Box<dyn Fn() -> Session + Send + Sync>,
    sessions: Mutex<HashMap<K, Kept>>,
}

impl<K: Hash + Eq> SessionScope<K> {
    /// A scope whose sessions are opened so.
    pub fn new(open: impl Fn() -> Session + Send + Sync + 'static) -> Self {
        SessionScope { open: Box::new(open), sessions: Mutex::default() }
    }

    /// Does work in the session of a key. Another thread that uses the same key waits.
    ///
    /// # Errors
    /// When this thread is at work in that session already.
    pub fn with<T>(&self, key: K, work: impl FnOnce(&mut Session) -> T) -> Result<T>
    where
        K: Clone,
    {
        loop {
            let kept = self.kept(&key);
            let session = kept.lock();
            // It may have been closed while this thread waited for it.
            if self.is_kept(&key, &kept) {
                let mut session = session.try_borrow_mut().map_err(|_| in_use())?;
                return Ok(work(&mut session));
            }
        }
    }

    /// Ends the session of a key: rolls back, and lets its objects go. Whether there was one.
    ///
    /// # Errors
    /// When this thread is at work in that session, or the connection fails; the session stays then.
    pub fn close(&self, key: &K) -> Result<bool> {
        let Some(kept) = self.sessions.lock().get(key).cloned() else { return Ok(false) };
        let session = kept.lock();
        session.try_borrow_mut().map_err(|_| in_use())?.close()?;
        let is_kept = self.is_kept(key, &kept);
        if is_kept {
            self.sessions.lock().remove(key);
        }
        Ok(is_kept)
    }

    /// How many sessions are open.
    pub fn len(&self) -> usize {
        self.sessions.lock().len()
    }

    /// Whether none is open.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The session of a key, opened if need be; the registry is not locked meanwhile.
    fn kept(&self, key: &K) -> Kept
    where
        K: Clone,
    {
        if let Some(kept) = self.sessions.lock().get(key) {
            return kept.clone();
        }
        let opened = Arc::new(ReentrantMutex::new(RefCell::new((self.open)())));
        self.sessions.lock().entry(key.clone()).or_insert(opened).clone()
    }

    fn is_kept(&self, key: &K, kept: &Kept) -> bool {
        self.sessions.lock().get(key).is_some_and(|it| Arc::ptr_eq(it, kept))
    }
}

impl SessionScope {
    /// Does work in the session of this thread.
    ///
    /// # Errors
    /// As [`with`](SessionScope::with).
    pub fn here<T>(&self, work: impl FnOnce(&mut Session) -> T) -> Result<T> {
        self.with(std::thread::current().id(), work)
    }

    /// Ends the session of this thread.
    ///
    /// # Errors
    /// As [`close`](SessionScope::close).
    pub fn close_here(&self) -> Result<bool> {
        self.close(&std::thread::current().id())
    }
}

impl<K: Hash + Eq> fmt::Debug for SessionScope<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionScope").field("open", &self.len()).finish_non_exhaustive()
    }
}

fn in_use() -> Error {
    let wanted = "use the one that the closure was given";
    Misuse::State { object: "the session of this scope".to_owned(), state: "at work", wanted }.into()
}
