//! The steps of a unit of work, told around the work itself.

use rustc_hash::FxHashSet;

use super::Interest;
use crate::error::Result;
use crate::object::events::{Happening, RowStep, UnitStep};
use crate::object::reference::ObjectKey;
use crate::object::session::Core;

impl Core {
    /// Tells that a step of the unit of work is reached.
    pub(in crate::object) fn tell_step(&mut self, step: UnitStep) -> Result<()> {
        self.graph.events.tell(|| Happening::Unit(step));
        self.tell()
    }

    /// Tells what comes before a flush: that it comes, then which rows it is going to write. What listeners change may
    /// let it write others; each object is told once for each step.
    pub(in crate::object) fn tell_before_flush(&mut self) -> Result<()> {
        if self.listeners.is_silent() {
            return Ok(());
        }
        self.tell()?;
        self.tell_step(UnitStep::BeforeFlush)?;
        if !self.listeners.wants(|it| matches!(it, Interest::Rows(step) if step.is_before())) {
            return Ok(());
        }
        let mut told: FxHashSet<(ObjectKey, RowStep)> = FxHashSet::default();
        loop {
            let rows = self.plan_flush()?.rows_before();
            let mut news = false;
            for (object, step) in rows.into_iter().filter(|it| told.insert(*it)) {
                self.graph.events.tell(|| Happening::Row { object, step });
                news = true;
            }
            if !news {
                return Ok(());
            }
            self.tell()?;
        }
    }
}
