//! What becomes of a value on its way into a column.

use crate::value::{Kind, Value, ValueRef};

/// Whether a column holds values of its kind alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Storage {
    /// Of its kind alone; anything else is refused.
    #[default]
    Strict,
    /// Anything, after the conversion that SQLite calls affinity. For tables of tuples that take SQLite's scripts.
    Flexible(Affinity),
}

/// What SQLite turns a value into before it stores it, where nothing is lost by it.
///
/// Source: "Datatypes In SQLite", section 3. Booleans are integers there, so they become integers here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Affinity {
    /// Text that is a number, and floats that are whole, become integers; other text that is a number a float.
    Integer,
    /// The same as `Integer`; the two differ in CAST alone.
    Numeric,
    /// As `Numeric`, then integers become floats.
    Real,
    /// Numbers become text.
    Text,
    /// Everything stays as it is.
    Blob,
}

impl Affinity {
    /// The kind that a column of this affinity holds as a rule.
    pub fn kind(self) -> Kind {
        match self {
            Affinity::Integer => Kind::Int,
            Affinity::Numeric | Affinity::Real => Kind::Float,
            Affinity::Text => Kind::Text,
            Affinity::Blob => Kind::Bytes,
        }
    }

    /// What a value becomes; `None` when it stays as it is.
    pub fn apply(self, value: ValueRef<'_>) -> Option<Value> {
        let known = match value {
            ValueRef::Bool(it) => Some(Value::Int(it.into())),
            _ => None,
        };
        let value = known.as_ref().map_or(value, Value::as_ref);
        let converted = match self {
            Affinity::Blob => None,
            Affinity::Text => match value {
                ValueRef::Int(it) => Some(it.to_string().into()),
                ValueRef::Float(it) => Some(float_text(it).into()),
                _ => None,
            },
            Affinity::Integer | Affinity::Numeric => number(value),
            Affinity::Real => {
                let number = number(value);
                match number.as_ref().map_or(value, Value::as_ref) {
                    ValueRef::Int(it) => Some(Value::Float(it as f64)),
                    // What was a float and whole has become an integer above, and is a float all the same.
                    _ => number,
                }
            }
        };
        converted.or(known)
    }
}

/// The number that text stands for, or the integer that a float is.
fn number(value: ValueRef<'_>) -> Option<Value> {
    match value {
        ValueRef::Float(it) => whole(it),
        ValueRef::Text(text) => {
            let text = text.trim_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r']);
            if !is_number(text) {
                return None;
            }
            if let Ok(it) = text.parse::<i64>() {
                return Some(Value::Int(it));
            }
            let float: f64 = text.parse().ok()?;
            Some(whole(float).unwrap_or(Value::Float(float)))
        }
        _ => None,
    }
}

/// A float as an integer, in the range in which SQLite takes it for one.
fn whole(it: f64) -> Option<Value> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    (it.fract() == 0.0 && it > -LIMIT && it < LIMIT).then_some(Value::Int(it as i64))
}

/// Whether text is a number as SQL writes one: digits, a point, an exponent, and nothing that only Rust reads.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|it| it.is_ascii_digit());
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    before.len() + after.len() > 0
        && digits(before)
        && digits(after)
        && exponent.is_none_or(|it| !it.is_empty() && digits(it))
}

/// A float as SQLite writes it: fifteen digits, and a point in any case.
fn float_text(it: f64) -> String {
    if it.is_nan() {
        return String::new();
    }
    if it.is_infinite() {
        return if it > 0.0 { "Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{it:.14e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trimmed = |text: &str| {
        let text = text.trim_end_matches('0');
        if text.ends_with('.') { format!("{text}0") } else { text.to_owned() }
    };
    if (-4..15).contains(&exponent) {
        let decimals = usize::try_from(14 - exponent).unwrap_or(0);
        let text = format!("{it:.decimals$}");
        if text.contains('.') { trimmed(&text) } else { text + ".0" }
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{}e{sign}{:02}", trimmed(mantissa), exponent.abs())
    }
}
