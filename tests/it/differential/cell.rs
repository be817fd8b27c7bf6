//! A scalar as the test writes it, on neither side.

use std::fmt;

use diptych::{Kind, Value, ValueRef};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Cell {
    Null,
    Int(i64),
    Text(String),
}

impl Cell {
    pub(crate) fn is_null(&self) -> bool {
        *self == Cell::Null
    }

    pub(crate) fn to_value(&self) -> Value {
        match self {
            Cell::Null => Value::Null,
            Cell::Int(it) => Value::Int(*it),
            Cell::Text(it) => Value::from(it.as_str()),
        }
    }

    pub(crate) fn of(value: ValueRef<'_>) -> Cell {
        match value {
            ValueRef::Null => Cell::Null,
            ValueRef::Int(it) => Cell::Int(it),
            ValueRef::Text(it) => Cell::Text(it.to_owned()),
            other => panic!("the histories hold integers and text only, not {other:?}"),
        }
    }

    /// Whether a column of this kind holds it without a conversion.
    pub(crate) fn fits(&self, kind: Kind) -> bool {
        matches!((self, kind), (Cell::Null, _) | (Cell::Int(_), Kind::Int) | (Cell::Text(_), Kind::Text))
    }
}

/// As SQL writes it.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Null => f.write_str("NULL"),
            Cell::Int(it) => it.fmt(f),
            Cell::Text(it) => write!(f, "'{}'", it.replace('\'', "''")),
        }
    }
}
