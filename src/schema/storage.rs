//! What a column does with values that are not of its kind.

use crate::expr::Affinity;

/// Whether a column holds values of its kind alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Storage {
    /// Of its kind alone; anything else is refused.
    #[default]
    Strict,
    /// Anything, after the conversion that SQLite calls affinity ([`Affinity::stored`]). For
    /// tables of tuples that take SQLite's scripts.
    Flexible(Affinity),
}
