//! Values as values of another type, strictly and as SQLite does it.

use std::borrow::Cow;

use super::function::{Refusal, Refused};
use crate::error::Result;
use crate::value::{Kind, Value, ValueRef};

/// How a value becomes one of another type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cast {
    /// To a kind, as PostgreSQL does: what does not fit is an error. A float rounds to the nearest integer, halves to
    /// the even one.
    To(Kind),
    /// As `CAST` does in SQLite: text is the number that it begins with, and nothing is refused.
    Lenient(Affinity),
    /// As a column of SQLite takes it: only what is a number as a whole becomes one, and what does not fit stays.
    Affine(Affinity),
}

/// What SQLite makes of the type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Affinity {
    /// Integers.
    Integer,
    /// Floats.
    Real,
    /// Whatever number fits.
    Numeric,
    /// Text.
    Text,
    /// Bytes; as a column, anything.
    Blob,
}

impl Affinity {
    /// How SQL writes it.
    pub fn name(self) -> &'static str {
        match self {
            Affinity::Integer => "INTEGER",
            Affinity::Real => "REAL",
            Affinity::Numeric => "NUMERIC",
            Affinity::Text => "TEXT",
            Affinity::Blob => "BLOB",
        }
    }

    /// What SQLite reads out of the name of a type.
    pub fn of_type(name: &str) -> Self {
        let name = name.to_ascii_uppercase();
        let has = |parts: &[&str]| parts.iter().any(|it| name.contains(it));
        if has(&["INT"]) {
            Affinity::Integer
        } else if has(&["CHAR", "CLOB", "TEXT"]) {
            Affinity::Text
        } else if name.is_empty() || has(&["BLOB"]) {
            Affinity::Blob
        } else if has(&["REAL", "FLOA", "DOUB"]) {
            Affinity::Real
        } else {
            Affinity::Numeric
        }
    }

    /// The kind that values mostly have; of numbers that may be of either there is none.
    pub fn kind(self) -> Option<Kind> {
        match self {
            Affinity::Integer => Some(Kind::Int),
            Affinity::Real => Some(Kind::Float),
            Affinity::Text => Some(Kind::Text),
            Affinity::Blob => Some(Kind::Bytes),
            Affinity::Numeric => None,
        }
    }

    /// What a column of SQLite makes of a value that is put there; `None` when it stays as it is.
    ///
    /// Source: "Datatypes In SQLite", section 3. Booleans are integers there, so they become integers here.
    pub fn stored(self, it: ValueRef<'_>) -> Option<Value> {
        (!Cast::Affine(self).keeps(it)).then(|| affine(self, it))
    }
}

impl Cast {
    /// Whether the value is what it would become.
    #[inline]
    pub(super) fn keeps(self, it: ValueRef<'_>) -> bool {
        match self {
            _ if it.is_null() => true,
            Cast::To(kind) => it.kind() == Some(kind),
            Cast::Lenient(Affinity::Numeric) => matches!(it, ValueRef::Int(_) | ValueRef::Float(_)),
            Cast::Lenient(affinity) => it.kind() == affinity.kind(),
            Cast::Affine(Affinity::Integer | Affinity::Numeric) => matches!(it, ValueRef::Int(_)),
            Cast::Affine(Affinity::Blob) => !matches!(it, ValueRef::Bool(_)),
            Cast::Affine(affinity) => it.kind() == affinity.kind() || matches!(it, ValueRef::Bytes(_)),
        }
    }

    /// Converts a value; NULL stays NULL.
    ///
    /// # Errors
    /// When a strict cast meets what does not fit.
    pub fn convert(self, it: ValueRef<'_>) -> Result<Value> {
        if self.keeps(it) {
            return Ok(it.to_value());
        }
        match self {
            Cast::To(kind) => strict(kind, it).map_err(|refusal| refusal.of(cast_to(kind), &[it])),
            Cast::Lenient(affinity) => Ok(lenient(affinity, it)),
            Cast::Affine(affinity) => Ok(affine(affinity, it)),
        }
    }
}

/// The operation as an error names it.
fn cast_to(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool => "CAST AS boolean",
        Kind::Int => "CAST AS integer",
        Kind::Float => "CAST AS real",
        Kind::Text => "CAST AS text",
        Kind::Bytes => "CAST AS blob",
        #[cfg(feature = "decimal")]
        Kind::Decimal => "CAST AS decimal",
        #[cfg(feature = "jiff")]
        Kind::Date => "CAST AS date",
        #[cfg(feature = "jiff")]
        Kind::Timestamp => "CAST AS timestamp",
        #[cfg(feature = "uuid")]
        Kind::Uuid => "CAST AS uuid",
    }
}

fn strict(kind: Kind, it: ValueRef<'_>) -> Refused {
    match (kind, it) {
        (Kind::Text, ValueRef::Bytes(it)) => Ok(Value::from(hexadecimal(it))),
        (Kind::Text, it) => Ok(strict_text(it).into()),
        (Kind::Int, ValueRef::Bool(it)) => Ok(Value::Int(it.into())),
        (Kind::Int, ValueRef::Float(it)) => rounded(it),
        (Kind::Int, ValueRef::Text(it)) => it.trim().parse().map(Value::Int).map_err(|_| Refusal::Undefined),
        (Kind::Float, ValueRef::Int(it)) => Ok(Value::Float(it as f64)),
        (Kind::Float, ValueRef::Text(it)) => it.trim().parse().map(Value::Float).map_err(|_| Refusal::Undefined),
        (Kind::Bool, ValueRef::Int(it)) => Ok(Value::Bool(it != 0)),
        (Kind::Bool, ValueRef::Text(it)) => boolean(it),
        (Kind::Bytes, ValueRef::Text(it)) => bytes(it),
        (kind, it) => super::further::strict(kind, it),
    }
}

fn rounded(it: f64) -> Refused {
    const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;
    let it = it.round_ties_even();
    // NaN is in no range.
    if (-TWO_TO_63..TWO_TO_63).contains(&it) { Ok(Value::Int(it as i64)) } else { Err(Refusal::Overflow) }
}

fn boolean(it: &str) -> Refused {
    match &*it.trim().to_ascii_lowercase() {
        "t" | "true" | "y" | "yes" | "on" | "1" => Ok(Value::Bool(true)),
        "f" | "false" | "n" | "no" | "off" | "0" => Ok(Value::Bool(false)),
        _ => Err(Refusal::Undefined),
    }
}

/// Bytes from text: digits behind `\x`, or the text itself.
fn bytes(it: &str) -> Refused {
    let Some(digits) = it.strip_prefix("\\x") else { return Ok(Value::from(it.as_bytes())) };
    let pair = |pair: &[u8]| {
        let text = std::str::from_utf8(pair).map_err(|_| Refusal::Undefined)?;
        if pair.len() == 2 && !text.starts_with('+') {
            u8::from_str_radix(text, 16).map_err(|_| Refusal::Undefined)
        } else {
            Err(Refusal::Undefined)
        }
    };
    let bytes = digits.as_bytes().chunks(2).map(pair).collect::<Result<Vec<u8>, Refusal>>()?;
    Ok(Value::from(&bytes[..]))
}

fn hexadecimal(it: &[u8]) -> String {
    let digits: String = it.iter().map(|it| format!("{it:02x}")).collect();
    format!("\\x{digits}")
}

/// The text of a scalar that is neither NULL nor text: floats in the shortest form that reads back.
pub(super) fn strict_text(it: ValueRef<'_>) -> String {
    match it {
        ValueRef::Text(it) => it.to_owned(),
        ValueRef::Bool(it) => it.to_string(),
        ValueRef::Bytes(it) => hexadecimal(it),
        other => super::further::text(other).unwrap_or_else(|| other.to_string()),
    }
}

fn lenient(affinity: Affinity, it: ValueRef<'_>) -> Value {
    match (affinity, it) {
        (Affinity::Text, it) => (&*lenient_text(it)).into(),
        (Affinity::Blob, it) => Value::from(lenient_text(it).as_bytes()),
        (Affinity::Integer, ValueRef::Float(it)) => Value::Int(it as i64),
        (Affinity::Real, ValueRef::Int(it)) => Value::Float(it as f64),
        (Affinity::Real, ValueRef::Bool(it)) => Value::Float(f64::from(u8::from(it))),
        (_, ValueRef::Bool(it)) => Value::Int(it.into()),
        (Affinity::Integer, it) => Value::Int(Prefix::of(&lenient_text(it)).integer()),
        (Affinity::Real, it) => Value::Float(Prefix::of(&lenient_text(it)).float),
        (Affinity::Numeric, it) => whole_if_exact(Prefix::of(&lenient_text(it)).number()),
    }
}

fn affine(affinity: Affinity, it: ValueRef<'_>) -> Value {
    let it = if let ValueRef::Bool(it) = it { ValueRef::Int(it.into()) } else { it };
    match (affinity, it) {
        (Affinity::Text, ValueRef::Int(_) | ValueRef::Float(_)) => (&*lenient_text(it)).into(),
        (Affinity::Real, ValueRef::Int(it)) => Value::Float(it as f64),
        (Affinity::Real, ValueRef::Text(text)) => match Prefix::of(text) {
            Prefix { whole: true, float, .. } => Value::Float(float),
            _ => text.into(),
        },
        (Affinity::Integer | Affinity::Numeric, ValueRef::Float(it)) => whole_if_exact(Value::Float(it)),
        (Affinity::Integer | Affinity::Numeric, ValueRef::Text(text)) => match Prefix::of(text) {
            prefix @ Prefix { whole: true, .. } => whole_if_exact(prefix.number()),
            _ => text.into(),
        },
        (_, it) => it.to_value(),
    }
}

/// A float that an integer says as well becomes that integer, unless it is one of the two outermost.
fn whole_if_exact(it: Value) -> Value {
    match it {
        Value::Float(float) if float as i64 as f64 == float && (float as i64).unsigned_abs() < i64::MAX as u64 => {
            Value::Int(float as i64)
        }
        other => other,
    }
}

/// The text that SQLite makes of a scalar.
pub(super) fn lenient_text(it: ValueRef<'_>) -> Cow<'_, str> {
    match it {
        ValueRef::Text(it) => Cow::Borrowed(it),
        ValueRef::Bytes(it) => String::from_utf8_lossy(it),
        ValueRef::Bool(it) => Cow::Borrowed(if it { "1" } else { "0" }),
        ValueRef::Float(it) => Cow::Owned(float_text(it)),
        other => Cow::Owned(strict_text(other)),
    }
}

/// A float to 15 digits, as SQLite writes it.
pub(super) fn float_text(it: f64) -> String {
    if it.is_infinite() {
        return if it > 0.0 { "Inf" } else { "-Inf" }.to_owned();
    }
    if it == 0.0 || it.is_nan() {
        return "0.0".to_owned();
    }
    let written = format!("{:.14e}", it.abs());
    let (digits, exponent) = written.split_once('e').unwrap_or((&written, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let digits = digits.replace('.', "");
    let digits = digits.trim_end_matches('0');
    let sign = if it < 0.0 { "-" } else { "" };
    let fraction = |it: &str| if it.is_empty() { "0".to_owned() } else { it.to_owned() };
    match exponent {
        -4..=-1 => format!("{sign}0.{}{digits}", "0".repeat(-exponent as usize - 1)),
        0..=14 => {
            let places = exponent as usize + 1;
            let padded = format!("{digits:0<places$}");
            format!("{sign}{}.{}", &padded[..places], fraction(&padded[places..]))
        }
        _ => {
            let direction = if exponent < 0 { '-' } else { '+' };
            let (first, rest) = digits.split_at(1);
            format!("{sign}{first}.{}e{direction}{:02}", fraction(rest), exponent.abs())
        }
    }
}

/// The number that a text begins with, as SQLite reads it.
pub(super) struct Prefix {
    /// Its digits, where it has neither a point nor an exponent.
    integer: Option<i128>,
    /// It.
    pub(super) float: f64,
    /// Whether the text is nothing else, spaces apart.
    pub(super) whole: bool,
    /// Its digits up to a point or an exponent.
    digits: i128,
}

impl Prefix {
    pub(super) fn of(text: &str) -> Self {
        let space = |it: char| matches!(it, ' ' | '\t' | '\n' | '\x0b' | '\x0c' | '\r');
        let text = text.trim_matches(space);
        let bytes = text.as_bytes();
        let count = |from: usize| bytes[from..].iter().take_while(|it| it.is_ascii_digit()).count();
        let start = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
        let mut end = start + count(start);
        let mut any = end > start;
        // An integer of 39 digits and more is no integer of 64 bits, however it goes on.
        let digits = text[..end.min(start + 38)].parse().unwrap_or(0);
        let mut plain = true;
        if bytes.get(end) == Some(&b'.') {
            let behind = count(end + 1);
            any |= behind > 0;
            if any {
                plain = false;
                end += 1 + behind;
            }
        }
        let mut whole = any && end == bytes.len();
        if any && matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let power = count((end + 1 + sign).min(bytes.len()));
            if power > 0 {
                plain = false;
                end += 1 + sign + power;
                whole = end == bytes.len();
            }
        }
        let float = if any { text[..end].parse().unwrap_or(0.0) } else { 0.0 };
        Prefix { integer: plain.then_some(digits), float, whole, digits }
    }

    /// As a number: an integer if it is written as one and fits.
    pub(super) fn number(&self) -> Value {
        match self.integer.map(i64::try_from) {
            Some(Ok(it)) => Value::Int(it),
            _ => Value::Float(self.float),
        }
    }

    /// As an integer: what stands before a point, or the outermost integer if it does not fit.
    fn integer(&self) -> i64 {
        self.digits.clamp(i64::MIN.into(), i64::MAX.into()) as i64
    }
}
