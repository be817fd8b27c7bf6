//! New objects whose keys are those of rows that go: they take these rows over instead of being inserted.

use rustc_hash::FxHashMap;

use super::FlushPlan;
use super::order::Assigned;
use crate::error::Result;
use crate::object::compact::Fate;
use crate::object::identity::Identity;
use crate::object::reference::ObjectKey;
use crate::object::session::Core;
use crate::object::state::State;

/// Which new objects take over the rows of which deleted ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Switches {
    pairs: Vec<(ObjectKey, ObjectKey)>,
    before: FxHashMap<ObjectKey, ObjectKey>,
    after: FxHashMap<ObjectKey, ObjectKey>,
}

impl Switches {
    fn add(&mut self, new: ObjectKey, before: ObjectKey) {
        self.pairs.push((new, before));
        self.before.insert(new, before);
        self.after.entry(before).or_insert(new);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The new objects, each with the one before it, in the order in which they are saved.
    pub(super) fn pairs(&self) -> &[(ObjectKey, ObjectKey)] {
        &self.pairs
    }

    /// The object whose row a new one takes over, if it takes one.
    pub(super) fn before(&self, new: ObjectKey) -> Option<ObjectKey> {
        self.before.get(&new).copied()
    }

    /// The object that takes over the row of one that goes, if one does.
    pub(super) fn after(&self, before: ObjectKey) -> Option<ObjectKey> {
        self.after.get(&before).copied()
    }

    /// Whether the row of an object that goes is taken over, and so stays.
    pub(super) fn is_taken(&self, before: ObjectKey) -> bool {
        self.after.contains_key(&before)
    }
}

impl Core {
    /// Finds them, each row once. A second object with such a key is inserted, and refused; SQLAlchemy lets it overwrite
    /// the first one.
    pub(super) fn find_switches(&mut self, plan: &FlushPlan, assigned: &Assigned) -> Result<Switches> {
        let mut switches = Switches::default();
        if plan.deleted.is_empty() {
            return Ok(switches);
        }
        let model = self.graph.model.clone();
        for &key in &plan.saved {
            if self.graph.objects[key].state != State::Pending {
                continue;
            }
            let class = model.class(self.graph.objects[key].class);
            let Some(values) = self.becomes(key, &class.key, plan, assigned)? else { continue };
            let Some(identity) = Identity::from_values(&values) else { continue };
            let Some(before) = self.graph.known(class.id, &identity) else { continue };
            let same = self.graph.objects[before].class == class.id;
            let goes = same && self.graph.objects[before].fate() == Fate::Delete;
            if goes && (!switches.is_taken(before) || !self.graph.is_sound()) {
                switches.add(key, before);
            }
        }
        Ok(switches)
    }
}
