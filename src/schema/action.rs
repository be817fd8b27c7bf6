//! What a foreign key does when the row it refers to goes or changes its key.

use std::fmt;

/// What happens to the rows that refer to a row which is deleted or gets another key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
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

/// When a constraint is judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Timing {
    /// At the end of each statement.
    #[default]
    Immediate,
    /// At commit.
    Deferred,
}
