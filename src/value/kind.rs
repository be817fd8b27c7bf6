//! The types a column can have.

use std::fmt;

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A signed integer of 64 bits.
    Int,
    /// A float of 64 bits.
    Float,
    /// Unicode text.
    Text,
    /// A sequence of bytes.
    Bytes,
    /// A decimal number that keeps its digits.
    #[cfg(feature = "decimal")]
    Decimal,
    /// A day of the calendar.
    #[cfg(feature = "jiff")]
    Date,
    /// A point in time.
    #[cfg(feature = "jiff")]
    Timestamp,
    /// An identifier of 128 bits.
    #[cfg(feature = "uuid")]
    Uuid,
}

impl Kind {
    /// The name that messages and SQL text use.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Bool => "boolean",
            Kind::Int => "integer",
            Kind::Float => "real",
            Kind::Text => "text",
            Kind::Bytes => "blob",
            #[cfg(feature = "decimal")]
            Kind::Decimal => "decimal",
            #[cfg(feature = "jiff")]
            Kind::Date => "date",
            #[cfg(feature = "jiff")]
            Kind::Timestamp => "timestamp",
            #[cfg(feature = "uuid")]
            Kind::Uuid => "uuid",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
