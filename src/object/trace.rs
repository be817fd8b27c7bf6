//! On request: along which relation the unit of work came to each object that it deletes or lets go of.

use rustc_hash::FxHashMap;

use super::model::RelationModel;
use super::reference::ObjectKey;
use super::session::Core;
use super::touched::Along;
use crate::id::ClassId;

/// What the session does to an object that it reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// A delete cascade reaches it.
    Cascade,
    /// It has lost the parent without which it is not to be.
    Orphan,
    /// Its foreign key is set to NULL.
    SetNull,
}

/// How an object was reached.
#[derive(Clone, Debug)]
pub(super) struct Reached {
    pub(super) along: Along,
    /// The relation, with the class that declares it.
    pub(super) by: String,
    pub(super) way: Way,
}

/// How objects were reached; what was first counts.
#[derive(Debug, Default)]
pub(super) struct Trace {
    pub(super) reached: FxHashMap<ObjectKey, Reached>,
}

impl Core {
    /// Notes how an object was reached, if anybody wants to know.
    #[inline]
    pub(super) fn note_reached(&mut self, object: ObjectKey, from: ObjectKey, relation: &RelationModel, way: Way) {
        if self.trace.is_some() {
            self.trace_reached(object, from, relation, way);
        }
    }

    #[cold]
    fn trace_reached(&mut self, object: ObjectKey, from: ObjectKey, relation: &RelationModel, way: Way) {
        let along = Along { from, relation: relation.id };
        let by = self.graph.relation_name(relation.declared_by, relation);
        if let Some(trace) = &mut self.trace {
            trace.reached.entry(object).or_insert(Reached { along, by, way });
        }
    }
}

impl super::graph::Graph {
    /// How messages name a relation: its class and its own name.
    pub(super) fn relation_name(&self, class: ClassId, relation: &RelationModel) -> String {
        format!("{}.{}", self.model.class(class).name, relation.name)
    }
}
