//! Values as serde writes and reads them.
//!
//! A format for people, such as JSON, has what it has words for: null, booleans, numbers, text. Anything else is a map
//! with its kind as the only key: `{"bytes": "00ff"}`, `{"float": "NaN"}`, `{"date": "2026-01-31"}`. A float is written
//! as one, `1.0`, so an integer and a float come back as what they were. Other formats get the variant and what it holds.

use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Value, ValueRef};

/// A value for formats that are not for people; every kind has its place, whatever features are on.
#[derive(Serialize, Deserialize)]
enum Plain {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    /// A kind of a feature, as its text.
    Named(String, String),
}

/// The kind and the text of what has no word of its own in a format for people.
fn named(value: ValueRef<'_>) -> Option<(&'static str, String)> {
    Some(match value {
        ValueRef::Float(it) if !it.is_finite() => ("float", it.to_string()),
        ValueRef::Bytes(it) => ("bytes", it.iter().map(|byte| format!("{byte:02x}")).collect()),
        #[cfg(feature = "decimal")]
        ValueRef::Decimal(it) => ("decimal", it.to_string()),
        #[cfg(feature = "jiff")]
        ValueRef::Date(it) => ("date", it.to_string()),
        #[cfg(feature = "jiff")]
        ValueRef::Timestamp(it) => ("timestamp", it.to_string()),
        #[cfg(feature = "uuid")]
        ValueRef::Uuid(it) => ("uuid", it.to_string()),
        _ => return None,
    })
}

/// The value of a kind and a text; the error says what was expected.
fn read(kind: &str, text: &str) -> Result<Value, String> {
    let wrong = || format!("`{text}` is no {kind}");
    match kind {
        "float" => text.parse::<f64>().map(Value::Float).map_err(|_| wrong()),
        "bytes" => {
            let digits: Option<Vec<u8>> = text.chars().map(|it| it.to_digit(16).map(|it| it as u8)).collect();
            let digits = digits.filter(|it| it.len() % 2 == 0).ok_or_else(wrong)?;
            let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
            Ok(Value::Bytes(bytes.into()))
        }
        #[cfg(feature = "decimal")]
        "decimal" => text.parse::<rust_decimal::Decimal>().map(Value::from).map_err(|_| wrong()),
        #[cfg(feature = "jiff")]
        "date" => text.parse::<jiff::civil::Date>().map(Value::from).map_err(|_| wrong()),
        #[cfg(feature = "jiff")]
        "timestamp" => text.parse::<jiff::Timestamp>().map(Value::from).map_err(|_| wrong()),
        #[cfg(feature = "uuid")]
        "uuid" => text.parse::<uuid::Uuid>().map(Value::from).map_err(|_| wrong()),
        _ => Err(format!("there is no kind `{kind}` here; a feature may be missing")),
    }
}

impl Serialize for ValueRef<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return plain(*self).serialize(serializer);
        }
        if let Some((kind, text)) = named(*self) {
            let mut map = serializer.serialize_map(Some(1))?;
            map.serialize_entry(kind, &text)?;
            return map.end();
        }
        match *self {
            ValueRef::Bool(it) => serializer.serialize_bool(it),
            ValueRef::Int(it) => serializer.serialize_i64(it),
            ValueRef::Float(it) => serializer.serialize_f64(it),
            ValueRef::Text(it) => serializer.serialize_str(it),
            _ => serializer.serialize_unit(),
        }
    }
}

fn plain(value: ValueRef<'_>) -> Plain {
    match value {
        ValueRef::Null => Plain::Null,
        ValueRef::Bool(it) => Plain::Bool(it),
        ValueRef::Int(it) => Plain::Int(it),
        ValueRef::Float(it) => Plain::Float(it),
        ValueRef::Text(it) => Plain::Text(it.to_owned()),
        ValueRef::Bytes(it) => Plain::Bytes(it.to_vec()),
        #[cfg(any(feature = "uuid", feature = "jiff", feature = "decimal"))]
        other => match named(other) {
            Some((kind, text)) => Plain::Named(kind.to_owned(), text),
            None => Plain::Null,
        },
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_ref().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return deserializer.deserialize_any(Reader);
        }
        Ok(match Plain::deserialize(deserializer)? {
            Plain::Null => Value::Null,
            Plain::Bool(it) => Value::Bool(it),
            Plain::Int(it) => Value::Int(it),
            Plain::Float(it) => Value::Float(it),
            Plain::Text(it) => it.into(),
            Plain::Bytes(it) => Value::Bytes(it.into()),
            Plain::Named(kind, text) => read(&kind, &text).map_err(D::Error::custom)?,
        })
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("null, a boolean, a number, text, or a map with a kind as its only key")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, it: bool) -> Result<Value, E> {
        Ok(Value::Bool(it))
    }

    fn visit_i64<E>(self, it: i64) -> Result<Value, E> {
        Ok(Value::Int(it))
    }

    fn visit_u64<E: serde::de::Error>(self, it: u64) -> Result<Value, E> {
        i64::try_from(it).map(Value::Int).map_err(|_| E::custom(format!("{it} does not fit into 64 bits with a sign")))
    }

    fn visit_f64<E>(self, it: f64) -> Result<Value, E> {
        Ok(Value::Float(it))
    }

    fn visit_str<E>(self, it: &str) -> Result<Value, E> {
        Ok(it.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let Some((kind, text)) = map.next_entry::<String, String>()? else {
            return Err(A::Error::custom("an empty map is no value"));
        };
        if map.next_key::<String>()?.is_some() {
            return Err(A::Error::custom("a value is a map with one key"));
        }
        read(&kind, &text).map_err(A::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// V4: what is written is what is read, kind and all.
    #[test]
    fn v4_a_value_comes_back_as_it_was() {
        let mut all: Vec<Value> = vec![Value::Null, true.into(), 7.into(), i64::MIN.into(), 1.0.into(), (-0.5).into()];
        all.extend([
            Value::from("it's"),
            "".into(),
            f64::NAN.into(),
            f64::NEG_INFINITY.into(),
            (&b"\x00\xff"[..]).into(),
        ]);
        #[cfg(feature = "decimal")]
        all.push("1.10".parse::<rust_decimal::Decimal>().unwrap().into());
        #[cfg(feature = "jiff")]
        all.extend([Value::from(jiff::Timestamp::MAX), jiff::civil::date(2024, 2, 29).into()]);
        #[cfg(feature = "uuid")]
        all.push(uuid::Uuid::max().into());
        for value in all {
            let text = serde_json::to_string(&value).unwrap();
            let back: Value = serde_json::from_str(&text).unwrap();
            assert_eq!((back.kind(), &back), (value.kind(), &value), "{text}");
        }
        assert_eq!(serde_json::to_string(&Value::from(&b"\x00\xff"[..])).unwrap(), r#"{"bytes":"00ff"}"#);
        for wrong in ["{}", "[]", r#"{"bytes":"0"}"#, r#"{"thing":"0"}"#, "18446744073709551615"] {
            assert!(serde_json::from_str::<Value>(wrong).is_err(), "{wrong}");
        }
    }
}
