//! The keys that indexes are ordered by, one Rust type for each common shape, so that the usual comparison is that of
//! two integers and copying a leaf copies plain bytes.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::id::ColumnId;
use crate::record::Record;
use crate::schema::IndexSchema;
use crate::value::{Value, ValueRef};

/// A key of an index.
pub(super) trait IndexKey: Ord + Clone {
    /// The key that a row has, or `None` when this shape cannot hold it because of a NULL.
    fn of(row: &dyn Record, index: &IndexSchema) -> Option<Self>;

    /// Whether a part of the key is NULL, so that it agrees with no other.
    fn has_null(&self) -> bool {
        false
    }

    /// Compares the key's first columns with as many scalars.
    fn compare(&self, probe: &[ValueRef<'_>]) -> Ordering;

    /// A part of the key, by position.
    fn part(&self, at: usize) -> ValueRef<'_>;

    /// Whether two keys agree in their first parts.
    #[inline]
    fn agrees(&self, other: &Self, width: usize) -> bool {
        (0..width).all(|at| self.part(at) == other.part(at))
    }
}

#[inline]
fn int(row: &dyn Record, column: ColumnId) -> Option<i64> {
    match row.get(column) {
        ValueRef::Int(it) => Some(it),
        _ => None,
    }
}

/// One integer.
impl IndexKey for i64 {
    #[inline]
    fn of(row: &dyn Record, index: &IndexSchema) -> Option<Self> {
        int(row, index.columns[0])
    }

    #[inline]
    fn compare(&self, probe: &[ValueRef<'_>]) -> Ordering {
        match probe {
            [] => Ordering::Equal,
            [ValueRef::Int(it), ..] => self.cmp(it),
            [other, ..] => ValueRef::Int(*self).cmp(other),
        }
    }

    fn part(&self, _: usize) -> ValueRef<'_> {
        ValueRef::Int(*self)
    }

    #[inline]
    fn agrees(&self, other: &Self, _: usize) -> bool {
        self == other
    }
}

/// Two integers: the key of nearly every association table.
impl IndexKey for (i64, i64) {
    #[inline]
    fn of(row: &dyn Record, index: &IndexSchema) -> Option<Self> {
        Some((int(row, index.columns[0])?, int(row, index.columns[1])?))
    }

    #[inline]
    fn compare(&self, probe: &[ValueRef<'_>]) -> Ordering {
        match probe {
            [] => Ordering::Equal,
            [_] => self.0.compare(probe),
            [first, rest @ ..] => self.0.compare(&[*first]).then_with(|| self.1.compare(rest)),
        }
    }

    fn part(&self, at: usize) -> ValueRef<'_> {
        ValueRef::Int(if at == 0 { self.0 } else { self.1 })
    }
}

/// One text, with its beginning as a number: most texts differ there, and then a comparison does not wait for the text
/// to come from memory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TextKey {
    beginning: u64,
    text: Arc<str>,
}

/// The first bytes of a text, and zeros where it is shorter. Numbers that differ are in the order of their texts: at the
/// first byte that differs, either both have one, or the shorter text ends there and has zero, which is the least.
#[inline]
fn beginning(text: &str) -> u64 {
    let text = text.as_bytes();
    let first = text.first_chunk().copied().unwrap_or_else(|| {
        let mut first = [0; 8];
        first[..text.len()].copy_from_slice(text);
        first
    });
    u64::from_be_bytes(first)
}

impl From<&str> for TextKey {
    fn from(text: &str) -> Self {
        TextKey { beginning: beginning(text), text: text.into() }
    }
}

impl IndexKey for TextKey {
    fn of(row: &dyn Record, index: &IndexSchema) -> Option<Self> {
        match row.get(index.columns[0]) {
            ValueRef::Text(it) => Some(it.into()),
            _ => None,
        }
    }

    #[inline]
    fn compare(&self, probe: &[ValueRef<'_>]) -> Ordering {
        match probe {
            [] => Ordering::Equal,
            [ValueRef::Text(it), ..] => {
                let begins = self.beginning.cmp(&beginning(it));
                begins.then_with(|| self.text.as_bytes().cmp(it.as_bytes()))
            }
            [other, ..] => ValueRef::Text(&self.text).cmp(other),
        }
    }

    fn part(&self, _: usize) -> ValueRef<'_> {
        ValueRef::Text(&self.text)
    }
}

/// Anything, NULLs included.
impl IndexKey for Arc<[Value]> {
    fn of(row: &dyn Record, index: &IndexSchema) -> Option<Self> {
        Some(index.key(row).into())
    }

    fn has_null(&self) -> bool {
        self.iter().any(Value::is_null)
    }

    fn compare(&self, probe: &[ValueRef<'_>]) -> Ordering {
        let pairs = self.iter().zip(probe).map(|(a, b)| a.as_ref().cmp(b));
        pairs.fold(Ordering::Equal, Ordering::then)
    }

    fn part(&self, at: usize) -> ValueRef<'_> {
        self[at].as_ref()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::{IndexKey, TextKey, ValueRef};

    proptest! {
        /// Texts are in the order of their code points, which is that of their bytes: also short ones, those that are the
        /// beginning of others, and those that hold zeros.
        #[test]
        fn t1_text_keys_are_in_the_order_of_their_texts(a in "[\\x00a-bé\u{10000}]{0,11}", b in "[\\x00a-bé\u{10000}]{0,11}") {
            let (one, other) = (TextKey::from(&*a), TextKey::from(&*b));
            assert_eq!(one.cmp(&other), a.cmp(&b));
            assert_eq!(one.compare(&[ValueRef::Text(&b)]), a.cmp(&b));
        }
    }
}
