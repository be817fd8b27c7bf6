//! The kinds that come with features: Rust types of other crates in and out of scalars.

#[cfg(any(feature = "uuid", feature = "jiff", feature = "decimal"))]
use super::{AsValue, Kind, Mismatch, Value, ValueRef};

/// A type that one variant of a value holds as it is.
#[cfg(any(feature = "uuid", feature = "jiff"))]
macro_rules! holds {
    ($type:ty, $variant:ident, $expected:literal, $draft:expr) => {
        impl AsValue for $type {
            const KIND: Kind = Kind::$variant;

            #[inline]
            fn as_value(&self) -> ValueRef<'_> {
                ValueRef::$variant(*self)
            }

            fn from_value(value: Value) -> Result<Self, Mismatch> {
                match value {
                    Value::$variant(it) => Ok(it),
                    other => Err(Mismatch::new(other, $expected)),
                }
            }

            fn draft() -> Self {
                $draft
            }
        }

        impl From<$type> for Value {
            fn from(it: $type) -> Self {
                Value::$variant(it)
            }
        }
    };
}

#[cfg(feature = "uuid")]
holds!(uuid::Uuid, Uuid, "a UUID", uuid::Uuid::nil());
#[cfg(feature = "jiff")]
holds!(jiff::Timestamp, Timestamp, "a point in time", jiff::Timestamp::UNIX_EPOCH);
#[cfg(feature = "jiff")]
holds!(jiff::civil::Date, Date, "a date", jiff::civil::date(1970, 1, 1));

#[cfg(feature = "decimal")]
impl AsValue for rust_decimal::Decimal {
    const KIND: Kind = Kind::Decimal;

    #[inline]
    fn as_value(&self) -> ValueRef<'_> {
        ValueRef::Decimal(*self)
    }

    fn from_value(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Decimal(it) => Ok(it),
            // Every integer of 64 bits is a decimal.
            Value::Int(it) => Ok(it.into()),
            other => Err(Mismatch::new(other, "a decimal number")),
        }
    }

    fn draft() -> Self {
        rust_decimal::Decimal::ZERO
    }
}

#[cfg(feature = "decimal")]
impl From<rust_decimal::Decimal> for Value {
    fn from(it: rust_decimal::Decimal) -> Self {
        Value::Decimal(it)
    }
}
