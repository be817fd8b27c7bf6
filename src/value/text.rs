//! The text form of a scalar, as an SQL literal: what errors, plans and scripts show.

use std::fmt;

use super::{Value, ValueRef};

impl fmt::Display for ValueRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            ValueRef::Null => f.write_str("NULL"),
            ValueRef::Bool(it) => f.write_str(if it { "TRUE" } else { "FALSE" }),
            ValueRef::Int(it) => write!(f, "{it}"),
            ValueRef::Float(it) => write!(f, "{it:?}"),
            ValueRef::Text(it) => write!(f, "'{}'", it.replace('\'', "''")),
            ValueRef::Bytes(it) => {
                f.write_str("x'")?;
                it.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                f.write_str("'")
            }
            #[cfg(feature = "decimal")]
            ValueRef::Decimal(it) => write!(f, "{it}"),
            #[cfg(feature = "jiff")]
            ValueRef::Date(it) => write!(f, "DATE '{it}'"),
            // The name of a type that keeps the point in time, whatever zone it was written in.
            #[cfg(feature = "jiff")]
            ValueRef::Timestamp(it) => write!(f, "TIMESTAMPTZ '{it}'"),
            #[cfg(feature = "uuid")]
            ValueRef::Uuid(it) => write!(f, "UUID '{it}'"),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}

impl fmt::Debug for ValueRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
