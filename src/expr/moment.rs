//! The time at which a statement runs, and the clock that tells it.

use std::cell::OnceCell;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use super::function::calendar::Instant;
use crate::value::Value;

/// What tells the time to statements: the system, or whatever a test puts in its place.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use diptych::expr::Clock;
///
/// let clock = Clock::fixed(SystemTime::UNIX_EPOCH + Duration::from_secs(86_400));
/// assert_eq!(clock.text(), "1970-01-02 00:00:00.000000");
/// ```
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl Clock {
    /// A clock that asks a function.
    pub fn new(tell: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Clock(Arc::new(tell))
    }

    /// A clock that stands still.
    pub fn fixed(time: SystemTime) -> Self {
        Clock::new(move || time)
    }

    /// The time now.
    pub fn now(&self) -> SystemTime {
        (self.0)()
    }

    /// The time now, in UTC, to microseconds: what a statement's time is while it runs.
    pub fn text(&self) -> String {
        Instant::of_system(self.now()).text()
    }
}

impl Default for Clock {
    /// The clock of the system.
    fn default() -> Self {
        Clock::new(SystemTime::now)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clock").field(&self.text()).finish()
    }
}

/// The time of one statement: the clock is asked once, and only if somebody wants to know.
pub struct Moment<'a> {
    tell: &'a dyn Fn() -> String,
    told: OnceCell<Value>,
}

impl<'a> Moment<'a> {
    /// The moment that a clock will tell, as [`Clock::text`] does.
    pub fn of(tell: &'a dyn Fn() -> String) -> Self {
        Moment { tell, told: OnceCell::new() }
    }

    /// The time as text, in UTC, to microseconds.
    pub fn value(&self) -> &Value {
        self.told.get_or_init(|| (self.tell)().into())
    }
}

impl Default for Moment<'_> {
    /// By the clock of the system.
    fn default() -> Self {
        fn system() -> String {
            Clock::default().text()
        }
        Moment::of(&system)
    }
}
