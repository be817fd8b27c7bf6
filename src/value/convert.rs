//! Rust types in and out of scalars.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::sync::Arc;

use super::{Kind, Value, ValueRef};

/// A Rust type that can be a column.
///
/// Implemented for `bool`, the integers up to `i64`, `f64`, `String`, `Arc<str>`, `Vec<u8>`, [`Id`], the types of the
/// features, and `Option` of each; a type of your own may implement it by delegating to one of them.
pub trait AsValue: Sized + Clone + Send + Sync + 'static {
    /// The column type that holds it.
    const KIND: Kind;
    /// Whether NULL is one of its values.
    const NULLABLE: bool = false;

    /// Borrows the scalar.
    fn as_value(&self) -> ValueRef<'_>;

    /// Takes the scalar back.
    ///
    /// # Errors
    /// [`Mismatch`] when the scalar is of another type or does not fit (V4).
    fn from_value(value: Value) -> Result<Self, Mismatch>;

    /// What a draft of a row holds before anybody has set it: zero, empty, absent, or a key still to be given.
    fn draft() -> Self;
}

/// A scalar that a column or a Rust type cannot hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// What was given.
    pub value: Value,
    /// What would have been accepted.
    pub expected: &'static str,
}

impl Mismatch {
    /// States that `value` came where `expected` was needed.
    pub fn new(value: Value, expected: &'static str) -> Self {
        Mismatch { value, expected }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not {}", self.value, self.expected)
    }
}

impl std::error::Error for Mismatch {}

impl AsValue for bool {
    const KIND: Kind = Kind::Bool;

    #[inline]
    fn as_value(&self) -> ValueRef<'_> {
        ValueRef::Bool(*self)
    }

    fn from_value(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Bool(it) => Ok(it),
            other => Err(Mismatch::new(other, "a boolean")),
        }
    }

    fn draft() -> Self {
        false
    }
}

macro_rules! integers {
    ($($type:ty => $expected:literal),*) => {$(
        impl AsValue for $type {
            const KIND: Kind = Kind::Int;

            #[inline]
            fn as_value(&self) -> ValueRef<'_> {
                ValueRef::Int(i64::from(*self))
            }

            fn from_value(value: Value) -> Result<Self, Mismatch> {
                match value {
                    Value::Int(it) => <$type>::try_from(it).map_err(|_| Mismatch::new(value, $expected)),
                    other => Err(Mismatch::new(other, $expected)),
                }
            }

            fn draft() -> Self {
                0
            }
        }
    )*};
}

integers!(
    i64 => "an integer of 64 bits", i32 => "an integer of 32 bits", i16 => "an integer of 16 bits",
    i8 => "an integer of 8 bits", u32 => "an unsigned integer of 32 bits", u16 => "an unsigned integer of 16 bits",
    u8 => "an unsigned integer of 8 bits"
);

impl AsValue for f64 {
    const KIND: Kind = Kind::Float;

    #[inline]
    fn as_value(&self) -> ValueRef<'_> {
        ValueRef::Float(*self)
    }

    fn from_value(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Float(it) => Ok(it),
            // An integer column value reaches a float only when it survives the way there and back.
            Value::Int(it) if (it as f64) as i128 == i128::from(it) => Ok(it as f64),
            other => Err(Mismatch::new(other, "a float of 64 bits")),
        }
    }

    fn draft() -> Self {
        0.0
    }
}

impl AsValue for String {
    const KIND: Kind = Kind::Text;

    #[inline]
    fn as_value(&self) -> ValueRef<'_> {
        ValueRef::Text(self)
    }

    fn from_value(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Text(it) => Ok((*it).to_owned()),
            other => Err(Mismatch::new(other, "text")),
        }
    }

    fn draft() -> Self {
        String::new()
    }
}

impl AsValue for Arc<str> {
    const KIND: Kind = Kind::Text;

    #[inline]
    fn as_value(&self) -> ValueRef<'_> {
        ValueRef::Text(self)
    }

    fn from_value(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Text(it) => Ok(it),
            other => Err(Mismatch::new(other, "text")),
        }
    }

    fn draft() -> Self {
        Arc::from("")
    }
}

impl AsValue for Vec<u8> {
    const KIND: Kind = Kind::Bytes;

    #[inline]
    fn as_value(&self) -> ValueRef<'_> {
        ValueRef::Bytes(self)
    }

    fn from_value(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Bytes(it) => Ok(it.to_vec()),
            other => Err(Mismatch::new(other, "bytes")),
        }
    }

    fn draft() -> Self {
        Vec::new()
    }
}

impl<T: AsValue> AsValue for Option<T> {
    const KIND: Kind = T::KIND;
    const NULLABLE: bool = true;

    #[inline]
    fn as_value(&self) -> ValueRef<'_> {
        self.as_ref().map_or(ValueRef::Null, AsValue::as_value)
    }

    fn from_value(value: Value) -> Result<Self, Mismatch> {
        if value.is_null() { Ok(None) } else { T::from_value(value).map(Some) }
    }

    fn draft() -> Self {
        None
    }
}

/// The integer key of an entity `T`, so that a user's key cannot be taken for a post's.
///
/// [`Id::auto`] is a key still to be given: it reads as NULL and the table fills it on insert. The smallest `i64`
/// stands for it inside, so that an optional key costs no more than a key; that number is no key.
pub struct Id<T: ?Sized> {
    number: i64,
    of: PhantomData<fn() -> T>,
}

impl<T: ?Sized> Id<T> {
    const UNASSIGNED: i64 = i64::MIN;

    /// The key with this number.
    #[inline]
    pub const fn new(number: i64) -> Self {
        Id { number, of: PhantomData }
    }

    /// A key that the table gives on insert.
    #[inline]
    pub const fn auto() -> Self {
        Id::new(Self::UNASSIGNED)
    }

    /// The number, or `None` while the key is still to be given.
    #[inline]
    pub const fn get(self) -> Option<i64> {
        if self.number == Self::UNASSIGNED { None } else { Some(self.number) }
    }
}

impl<T: ?Sized + 'static> AsValue for Id<T> {
    const KIND: Kind = Kind::Int;

    #[inline]
    fn as_value(&self) -> ValueRef<'_> {
        self.get().map_or(ValueRef::Null, ValueRef::Int)
    }

    fn from_value(value: Value) -> Result<Self, Mismatch> {
        match value {
            // A key that is taken back reads as NULL: the row is as it was before the insert that failed.
            Value::Null => Ok(Id::auto()),
            Value::Int(it) if it != Self::UNASSIGNED => Ok(Id::new(it)),
            other => Err(Mismatch::new(other, "a key (an integer above -2^63)")),
        }
    }

    fn draft() -> Self {
        Id::auto()
    }
}

impl<T: ?Sized> From<i64> for Id<T> {
    fn from(number: i64) -> Self {
        Id::new(number)
    }
}

impl<T: ?Sized> From<Id<T>> for Value {
    fn from(id: Id<T>) -> Self {
        id.get().map_or(Value::Null, Value::Int)
    }
}

impl<T: ?Sized> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Id<T> {}

impl<T: ?Sized> Default for Id<T> {
    fn default() -> Self {
        Id::auto()
    }
}

impl<T: ?Sized> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl<T: ?Sized> Eq for Id<T> {}

impl<T: ?Sized> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: ?Sized> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.number.cmp(&other.number)
    }
}

impl<T: ?Sized> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.number.hash(state);
    }
}

impl<T: ?Sized> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<T: ?Sized> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.get() {
            Some(number) => number.fmt(f),
            None => f.write_str("auto"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// V4: what does not fit is refused.
    #[test]
    fn v4_a_conversion_never_wraps() {
        assert!(i8::from_value(Value::Int(128)).is_err());
        assert!(u32::from_value(Value::Int(-1)).is_err());
        assert!(f64::from_value(Value::Int((1 << 53) + 1)).is_err());
        assert_eq!(f64::from_value(Value::Int(3)), Ok(3.0));
        assert!(String::from_value(Value::Null).is_err());
        assert_eq!(Option::<String>::from_value(Value::Null), Ok(None));
        assert!(Id::<()>::from_value(Value::Int(i64::MIN)).is_err());
        assert!(Id::<()>::auto().as_value().is_null());
    }
}
