//! Constants and parameters.

use sqlparser::ast::{Value as Syntax, ValueWithSpan};

use super::meaning::Typed;
use super::place::wrong_at;
use super::scope::Reader;
use crate::error::Result;
use crate::expr::Expr;
use crate::query::Leaf;
use crate::value::Value;

impl Reader<'_> {
    pub(super) fn literal(&mut self, it: &ValueWithSpan) -> Result<Typed> {
        Ok(match &it.value {
            Syntax::Placeholder(name) => self.parameter(name, it)?,
            Syntax::Null => Typed::constant(Value::Null),
            // TRUE and FALSE are the numbers 1 and 0 in SQLite.
            Syntax::Boolean(holds) if self.dialect.is_sqlite() => Typed::constant(Value::Int((*holds).into())),
            Syntax::Boolean(holds) => Typed::constant(Value::Bool(*holds)),
            Syntax::Number(digits, _) => Typed::constant(
                number(digits).ok_or_else(|| wrong_at(it.span, format!("`{digits}` is no number that can be held")))?,
            ),
            Syntax::HexStringLiteral(digits) => {
                let bytes = bytes(digits);
                let bytes = bytes.ok_or_else(|| wrong_at(it.span, format!("`{digits}` are no hexadecimal bytes")))?;
                Typed::constant(Value::from(&bytes[..]))
            }
            Syntax::SingleQuotedString(text)
            | Syntax::DoubleQuotedString(text)
            | Syntax::EscapedStringLiteral(text)
            | Syntax::UnicodeStringLiteral(text)
            | Syntax::NationalStringLiteral(text) => Typed::constant(text.as_str().into()),
            Syntax::DollarQuotedString(text) => Typed::constant(text.value.as_str().into()),
            other => return Err(wrong_at(it.span, format!("the constant {other} is not supported"))),
        })
    }

    /// `?` is the next one, `?3` and `$3` the third, `:name`, `@name` and `$name` the one of that name.
    fn parameter(&mut self, name: &str, it: &ValueWithSpan) -> Result<Typed> {
        let number = name.strip_prefix(['?', '$']).map(str::parse::<usize>);
        let position = match number {
            Some(Ok(number)) => {
                while self.parameters.len() < number && number <= usize::from(u16::MAX) {
                    self.parameters.push(format!("?{}", self.parameters.len() + 1));
                }
                number.checked_sub(1)
            }
            _ if name == "?" => {
                self.parameters.push(format!("?{}", self.parameters.len() + 1));
                Some(self.parameters.len() - 1)
            }
            _ => match self.parameters.iter().position(|it| it == name) {
                Some(position) => Some(position),
                None => {
                    self.parameters.push(name.to_owned());
                    Some(self.parameters.len() - 1)
                }
            },
        };
        let position = position.and_then(|it| u16::try_from(it).ok());
        let position =
            position.ok_or_else(|| wrong_at(it.span, format!("`{name}` is no parameter that can be given")))?;
        Ok(Typed::unknown(Expr::Leaf(Leaf::Parameter(position))))
    }
}

/// A number as it is written. An integer that does not fit becomes a float, as in both dialects.
pub(super) fn number(digits: &str) -> Option<Value> {
    let digits = digits.replace('_', "");
    if let Some(hexadecimal) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        return u64::from_str_radix(hexadecimal, 16).ok().map(|it| Value::Int(it.cast_signed()));
    }
    digits.parse().map(Value::Int).or_else(|_| digits.parse().map(Value::Float)).ok()
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    if !digits.len().is_multiple_of(2) || !digits.is_ascii() {
        return None;
    }
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).ok()).collect()
}

/// The number that a text is in SQLite where one is wanted, if the whole text is one.
pub(super) fn numeric(text: &str) -> Option<Value> {
    let trimmed = text.trim_matches([' ', '\t', '\n', '\r', '\x0c']);
    let plain = trimmed.chars().all(|it| it.is_ascii_digit() || matches!(it, '+' | '-' | '.' | 'e' | 'E'));
    if !plain || !trimmed.chars().any(|it| it.is_ascii_digit()) {
        return None;
    }
    match trimmed.parse::<i64>() {
        Ok(it) => Some(Value::Int(it)),
        // 3.0 becomes 3 where nothing is lost.
        Err(_) => trimmed.parse::<f64>().ok().map(whole_or_float),
    }
}

fn whole_or_float(it: f64) -> Value {
    if it.fract() == 0.0 && it.abs() < 9.0e15 { Value::Int(it as i64) } else { Value::Float(it) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_they_are_written() {
        for (text, value) in [
            ("1", Some(Value::Int(1))),
            ("0x1F", Some(Value::Int(31))),
            ("1.5", Some(Value::Float(1.5))),
            ("1e3", Some(Value::Float(1000.0))),
            ("9223372036854775808", Some(Value::Float(9_223_372_036_854_775_808.0))),
            ("0x", None),
        ] {
            assert_eq!(number(text), value, "{text}");
        }
        for (text, value) in [
            (" 12 ", Some(Value::Int(12))),
            ("1.50", Some(Value::Float(1.5))),
            ("3.0", Some(Value::Int(3))),
            ("inf", None),
            ("", None),
            ("1x", None),
        ] {
            assert_eq!(numeric(text), value, "{text}");
        }
        assert_eq!(bytes("00fF"), Some(vec![0, 255]));
        assert_eq!(bytes("0"), None);
        assert_eq!(bytes("äb"), None);
    }
}
