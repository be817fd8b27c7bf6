//! One scalar: owned, and borrowed from a row.

use std::sync::Arc;

use super::Kind;

/// One scalar that owns what it holds. Text and bytes are shared, so a clone never copies them.
#[derive(Clone, Default)]
pub enum Value {
    /// The absence of a value.
    #[default]
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// Text.
    Text(Arc<str>),
    /// Bytes.
    Bytes(Arc<[u8]>),
    /// A decimal number.
    #[cfg(feature = "decimal")]
    Decimal(rust_decimal::Decimal),
    /// A day of the calendar.
    #[cfg(feature = "jiff")]
    Date(jiff::civil::Date),
    /// A point in time.
    #[cfg(feature = "jiff")]
    Timestamp(jiff::Timestamp),
    /// An identifier of 128 bits.
    #[cfg(feature = "uuid")]
    Uuid(uuid::Uuid),
}

/// One scalar borrowed from a row, a parameter or a literal.
#[derive(Clone, Copy, Default)]
pub enum ValueRef<'a> {
    /// The absence of a value.
    #[default]
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// A decimal number.
    #[cfg(feature = "decimal")]
    Decimal(rust_decimal::Decimal),
    /// A day of the calendar.
    #[cfg(feature = "jiff")]
    Date(jiff::civil::Date),
    /// A point in time.
    #[cfg(feature = "jiff")]
    Timestamp(jiff::Timestamp),
    /// An identifier of 128 bits.
    #[cfg(feature = "uuid")]
    Uuid(uuid::Uuid),
}

impl Value {
    /// Borrows the scalar.
    #[inline]
    pub fn as_ref(&self) -> ValueRef<'_> {
        match self {
            Value::Null => ValueRef::Null,
            Value::Bool(it) => ValueRef::Bool(*it),
            Value::Int(it) => ValueRef::Int(*it),
            Value::Float(it) => ValueRef::Float(*it),
            Value::Text(it) => ValueRef::Text(it),
            Value::Bytes(it) => ValueRef::Bytes(it),
            #[cfg(feature = "decimal")]
            Value::Decimal(it) => ValueRef::Decimal(*it),
            #[cfg(feature = "jiff")]
            Value::Date(it) => ValueRef::Date(*it),
            #[cfg(feature = "jiff")]
            Value::Timestamp(it) => ValueRef::Timestamp(*it),
            #[cfg(feature = "uuid")]
            Value::Uuid(it) => ValueRef::Uuid(*it),
        }
    }

    /// Whether this is NULL.
    #[inline]
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The type of the scalar; NULL has none.
    pub fn kind(&self) -> Option<Kind> {
        self.as_ref().kind()
    }
}

impl ValueRef<'_> {
    /// Copies the scalar into a value of its own.
    #[inline]
    pub fn to_value(self) -> Value {
        match self {
            ValueRef::Null => Value::Null,
            ValueRef::Bool(it) => Value::Bool(it),
            ValueRef::Int(it) => Value::Int(it),
            ValueRef::Float(it) => Value::Float(it),
            ValueRef::Text(it) => Value::Text(it.into()),
            ValueRef::Bytes(it) => Value::Bytes(it.into()),
            #[cfg(feature = "decimal")]
            ValueRef::Decimal(it) => Value::Decimal(it),
            #[cfg(feature = "jiff")]
            ValueRef::Date(it) => Value::Date(it),
            #[cfg(feature = "jiff")]
            ValueRef::Timestamp(it) => Value::Timestamp(it),
            #[cfg(feature = "uuid")]
            ValueRef::Uuid(it) => Value::Uuid(it),
        }
    }

    /// Whether this is NULL.
    #[inline]
    pub fn is_null(self) -> bool {
        matches!(self, ValueRef::Null)
    }

    /// The type of the scalar; NULL has none.
    pub fn kind(self) -> Option<Kind> {
        match self {
            ValueRef::Null => None,
            ValueRef::Bool(_) => Some(Kind::Bool),
            ValueRef::Int(_) => Some(Kind::Int),
            ValueRef::Float(_) => Some(Kind::Float),
            ValueRef::Text(_) => Some(Kind::Text),
            ValueRef::Bytes(_) => Some(Kind::Bytes),
            #[cfg(feature = "decimal")]
            ValueRef::Decimal(_) => Some(Kind::Decimal),
            #[cfg(feature = "jiff")]
            ValueRef::Date(_) => Some(Kind::Date),
            #[cfg(feature = "jiff")]
            ValueRef::Timestamp(_) => Some(Kind::Timestamp),
            #[cfg(feature = "uuid")]
            ValueRef::Uuid(_) => Some(Kind::Uuid),
        }
    }
}

impl<'a> From<&'a Value> for ValueRef<'a> {
    fn from(value: &'a Value) -> Self {
        value.as_ref()
    }
}

impl From<bool> for Value {
    fn from(it: bool) -> Self {
        Value::Bool(it)
    }
}

impl From<i64> for Value {
    fn from(it: i64) -> Self {
        Value::Int(it)
    }
}

impl From<i32> for Value {
    fn from(it: i32) -> Self {
        Value::Int(it.into())
    }
}

impl From<u32> for Value {
    fn from(it: u32) -> Self {
        Value::Int(it.into())
    }
}

impl From<f64> for Value {
    fn from(it: f64) -> Self {
        Value::Float(it)
    }
}

impl From<&str> for Value {
    fn from(it: &str) -> Self {
        Value::Text(it.into())
    }
}

impl From<String> for Value {
    fn from(it: String) -> Self {
        Value::Text(it.into())
    }
}

impl From<&[u8]> for Value {
    fn from(it: &[u8]) -> Self {
        Value::Bytes(it.into())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(it: Option<T>) -> Self {
        it.map_or(Value::Null, Into::into)
    }
}
