//! What stands for a group once its rows have come.

use crate::value::Value;

/// What a group is known by, and what was computed for it.
#[derive(Clone, Default)]
pub(super) struct Group {
    pub(super) keys: Vec<Value>,
    pub(super) aggregates: Vec<Value>,
}
