//! The states of an object.

/// The states of an object.
///
/// ```text
/// transient ─add→ pending ─flush→ persistent ─delete, flush→ deleted ─commit→ detached
///     ▲             │ rollback        │ ▲                        │
///     └─────────────┴─────────────────┘ └────────rollback────────┘
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum State {
    /// Known to the session only as a value; a flush does not see it.
    Transient,
    /// To be inserted by the next flush.
    Pending,
    /// A row of the database.
    Persistent,
    /// Its row was deleted in this transaction.
    Deleted,
    /// Its row is gone, or the session has let it go.
    Detached,
}

impl State {
    /// Whether the object is, or is to be, a row.
    pub(super) fn lives(self) -> bool {
        matches!(self, State::Pending | State::Persistent)
    }

    /// The name that messages use.
    pub fn name(self) -> &'static str {
        match self {
            State::Transient => "transient",
            State::Pending => "pending",
            State::Persistent => "persistent",
            State::Deleted => "deleted",
            State::Detached => "detached",
        }
    }
}
