//! The change feed: every commit as a change set, to whoever subscribes, over a bounded queue.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use super::sync::{Condvar, Mutex, wait};
use super::{ChangeSet, Database, Snapshot, Version};
use crate::error::{Misuse, Result};
use crate::expr::Clock;

/// What a commit does when a subscriber has no room for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenFull {
    /// It goes on without the subscriber, who finds a [`Gap`](Event::Gap) in its place. The default: a reader that is
    /// slow or has stopped harms only itself, and is told.
    #[default]
    Gap,
    /// It waits until the subscriber has made room. Other commits wait with it; readers do not. A thread that commits and
    /// is the only one to read the feed waits forever.
    Block,
    /// It is refused with [`Misuse::FeedFull`]; its transaction stays open and may be committed later.
    Refuse,
}

/// How to subscribe: at most `capacity` change sets wait to be read.
#[derive(Clone, Copy, Debug)]
pub struct Subscription {
    capacity: usize,
    when_full: WhenFull,
}

impl Subscription {
    /// A queue of at most this many change sets, at least one.
    pub fn bounded(capacity: usize) -> Self {
        Subscription { capacity: capacity.max(1), when_full: WhenFull::default() }
    }

    /// What happens when it is full.
    pub fn when_full(mut self, when_full: WhenFull) -> Self {
        self.when_full = when_full;
        self
    }
}

impl Default for Subscription {
    /// 1,024 change sets, and a gap when there are more.
    fn default() -> Self {
        Subscription::bounded(1024)
    }
}

/// What a feed brings.
#[derive(Clone, Debug)]
pub enum Event {
    /// A commit.
    Commit(Arc<ChangeSet>),
    /// Commits for which there was no room.
    Gap {
        /// The first version that is missing.
        first: Version,
        /// The last one.
        last: Version,
    },
}

/// One subscriber's end of the change feed. Dropping it ends the subscription.
pub struct Feed {
    queue: Arc<Queue>,
    database: Arc<super::database::Shared>,
}

#[derive(Default)]
struct Waiting {
    events: VecDeque<Event>,
    /// How many of them are commits.
    commits: usize,
    closed: bool,
}

struct Queue {
    subscription: Subscription,
    waiting: Mutex<Waiting>,
    /// Told when an event comes, when there is room again, and when the subscriber goes.
    changed: Condvar,
}

/// All subscribers of a database.
#[derive(Default)]
pub(super) struct Feeds {
    queues: Mutex<Vec<Arc<Queue>>>,
    listening: AtomicUsize,
}

impl Feeds {
    pub(super) fn are_listening(&self) -> bool {
        self.listening.load(Ordering::Relaxed) > 0
    }

    fn all(&self) -> Vec<Arc<Queue>> {
        if self.are_listening() { self.queues.lock().clone() } else { Vec::new() }
    }

    /// Makes room for one commit in every queue, or refuses it. Only those that commit fill queues, one at a time, so
    /// the room stays until [`send`](Feeds::send).
    pub(super) fn admit(&self) -> Result<()> {
        let queues = self.all();
        // Who refuses is asked first, so that nobody waits for a commit that is then refused.
        let refuses = |it: &&Arc<Queue>| it.subscription.when_full == WhenFull::Refuse && it.is_full();
        if let Some(full) = queues.iter().find(refuses) {
            return Err(Misuse::FeedFull { capacity: full.subscription.capacity }.into());
        }
        queues.iter().filter(|it| it.subscription.when_full == WhenFull::Block).for_each(|it| it.wait_for_room());
        Ok(())
    }

    pub(super) fn send(&self, set: Arc<ChangeSet>) {
        self.all().iter().for_each(|it| it.push(&set));
    }
}

impl Queue {
    fn is_full(&self) -> bool {
        let waiting = self.waiting.lock();
        !waiting.closed && waiting.commits >= self.subscription.capacity
    }

    fn wait_for_room(&self) {
        let mut waiting = self.waiting.lock();
        while !waiting.closed && waiting.commits >= self.subscription.capacity {
            waiting = wait(&self.changed, waiting);
        }
    }

    fn push(&self, set: &Arc<ChangeSet>) {
        let mut waiting = self.waiting.lock();
        if waiting.closed {
            return;
        }
        // A gap goes on until the subscriber has read up to it: what comes behind would not fit what is missing.
        if let Some(Event::Gap { last, .. }) = waiting.events.back_mut() {
            *last = set.version;
        } else if waiting.commits >= self.subscription.capacity {
            waiting.events.push_back(Event::Gap { first: set.version, last: set.version });
        } else {
            waiting.events.push_back(Event::Commit(set.clone()));
            waiting.commits += 1;
        }
        drop(waiting);
        self.changed.notify_all();
    }

    fn take(&self, waiting: &mut Waiting) -> Option<Event> {
        let event = waiting.events.pop_front()?;
        waiting.commits -= usize::from(matches!(event, Event::Commit(_)));
        self.changed.notify_all();
        Some(event)
    }
}

impl Feed {
    /// The next event, if there is one already.
    pub fn try_next(&self) -> Option<Event> {
        self.queue.take(&mut self.queue.waiting.lock())
    }

    /// Waits for the next event. There is always one to come, as long as somebody commits: a feed keeps its database.
    pub fn wait_next(&self) -> Event {
        let mut waiting = self.queue.waiting.lock();
        loop {
            match self.queue.take(&mut waiting) {
                Some(event) => return event,
                None => waiting = wait(&self.queue.changed, waiting),
            }
        }
    }

    /// What has come so far.
    pub fn drain(&self) -> impl Iterator<Item = Event> {
        std::iter::from_fn(|| self.try_next())
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = self.queue.waiting.lock().events.len();
        f.debug_struct("Feed").field("subscription", &self.queue.subscription).field("waiting", &waiting).finish()
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        let mut waiting = self.queue.waiting.lock();
        waiting.closed = true;
        let left = std::mem::take(&mut waiting.events);
        drop(waiting);
        drop(left);
        self.queue.changed.notify_all();
        let mut queues = self.database.feeds.queues.lock();
        queues.retain(|it| !Arc::ptr_eq(it, &self.queue));
        self.database.feeds.listening.store(queues.len(), Ordering::Relaxed);
    }
}

impl Database {
    /// Subscribes to the commits that follow. Returns the version from which the feed goes on: applied to it one after
    /// the other, the change sets rebuild the database ([`replay`](Database::replay)).
    ///
    /// ```
    /// use diptych::txn::{Event, Subscription};
    /// use diptych::{Column, Connection, Control, Database, Insert, Schema, Table};
    ///
    /// let schema = Schema::builder().table(Table::new("notes").auto_key("id").column(Column::text("body"))).build()?;
    /// let database = Database::new(schema);
    /// let (_, feed) = database.subscribe(Subscription::default());
    /// let mut connection = database.by("ada").connect();
    /// connection.execute(Insert::into("notes", ["body"]).row(["first"]))?;
    /// connection.control(Control::Commit)?;
    /// let Some(Event::Commit(set)) = feed.try_next() else { panic!("a commit was made") };
    /// assert_eq!((set.author.as_deref(), set.changes.len()), (Some("ada"), 1));
    /// # Ok::<(), diptych::Error>(())
    /// ```
    pub fn subscribe(&self, subscription: Subscription) -> (Snapshot, Feed) {
        let queue = Queue { subscription, waiting: Mutex::new(Waiting::default()), changed: Condvar::default() };
        let feed = Feed { queue: Arc::new(queue), database: self.shared.clone() };
        // Between two commits.
        let committing = self.shared.committing.lock();
        let mut queues = self.shared.feeds.queues.lock();
        queues.push(feed.queue.clone());
        self.shared.feeds.listening.store(queues.len(), Ordering::Relaxed);
        drop(queues);
        let snapshot = self.shared.current();
        drop(committing);
        (snapshot, feed)
    }

    /// Sets the clock that change sets are dated by and that statements ask for the time; without it, that is the
    /// system's. Forks and what comes of altering the schema go by the same one.
    pub fn set_clock(&self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) {
        *self.shared.clock.write() = Clock::new(clock);
    }

    /// What tells the time here.
    pub fn clock(&self) -> Clock {
        self.shared.clock.read().clone()
    }
}
