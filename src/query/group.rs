//! What stands for a group once its rows have come.

use crate::value::Value;

/// What a group is known by, and what was computed for it. Both stand where they were made: a query has a group for every
/// few rows, and copies would be a good part of its time.
#[derive(Clone, Copy)]
pub(super) struct Group<'g> {
    pub(super) keys: &'g [Value],
    pub(super) aggregates: &'g [Value],
    /// How many groups there are, if they are gathered before the first one goes out.
    pub(super) among: Option<usize>,
}

/// A group that outlives what made it.
pub(super) struct KeptGroup {
    pub(super) keys: Box<[Value]>,
    pub(super) aggregates: Box<[Value]>,
}

impl KeptGroup {
    pub(super) fn group(&self) -> Group<'_> {
        Group { keys: &self.keys, aggregates: &self.aggregates, among: None }
    }
}

impl From<Group<'_>> for KeptGroup {
    fn from(group: Group<'_>) -> Self {
        KeptGroup { keys: group.keys.into(), aggregates: group.aggregates.into() }
    }
}
