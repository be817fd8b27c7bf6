//! What a foreign key does when the row it refers to goes or changes its key.

use std::fmt;

use super::Name;

/// What happens to the rows that refer to a row which is deleted or gets another key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Action {
    /// The change is refused if rows still refer at the end of the statement (or at commit, where deferred).
    #[default]
    NoAction,
    /// The change is refused at once if rows refer.
    Restrict,
    /// The rows go too, or follow the key.
    Cascade,
    /// Their foreign key columns become NULL.
    SetNull,
    /// Their foreign key columns take their default values.
    SetDefault,
}

impl Action {
    /// All five.
    pub const ALL: [Action; 5] =
        [Action::NoAction, Action::Restrict, Action::Cascade, Action::SetNull, Action::SetDefault];

    /// How SQL writes it.
    pub fn sql(self) -> &'static str {
        match self {
            Action::NoAction => "NO ACTION",
            Action::Restrict => "RESTRICT",
            Action::Cascade => "CASCADE",
            Action::SetNull => "SET NULL",
            Action::SetDefault => "SET DEFAULT",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sql().to_lowercase())
    }
}

/// When a foreign key or a unique key is judged, and whether a transaction may change that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Timing {
    /// At the end of each statement, always (`NOT DEFERRABLE`).
    #[default]
    NotDeferrable,
    /// At the end of each statement, unless the transaction says otherwise (`DEFERRABLE INITIALLY IMMEDIATE`).
    InitiallyImmediate,
    /// At commit, unless the transaction says otherwise (`DEFERRABLE INITIALLY DEFERRED`).
    InitiallyDeferred,
}

impl Timing {
    /// Whether a transaction may change when the constraint is judged.
    pub fn is_deferrable(self) -> bool {
        self != Timing::NotDeferrable
    }

    /// When the constraint is judged in a transaction that has said nothing.
    pub fn initially(self) -> ConstraintMode {
        if self == Timing::InitiallyDeferred { ConstraintMode::Deferred } else { ConstraintMode::Immediate }
    }

    /// How SQL writes it; nothing for what is not deferrable.
    pub fn sql(self) -> &'static str {
        match self {
            Timing::NotDeferrable => "",
            Timing::InitiallyImmediate => "DEFERRABLE INITIALLY IMMEDIATE",
            Timing::InitiallyDeferred => "DEFERRABLE INITIALLY DEFERRED",
        }
    }
}

/// When deferrable constraints are judged in one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConstraintMode {
    /// At the end of each statement.
    Immediate,
    /// At commit.
    Deferred,
}

impl ConstraintMode {
    /// How SQL writes it.
    pub fn sql(self) -> &'static str {
        match self {
            ConstraintMode::Immediate => "IMMEDIATE",
            ConstraintMode::Deferred => "DEFERRED",
        }
    }
}

/// Which constraints `SET CONSTRAINTS` speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Constraints {
    /// All that are deferrable.
    All,
    /// Those with these names.
    Named(Vec<Name>),
}
