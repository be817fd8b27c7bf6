//! Dates and times: names that stand for the time of the statement, fields, intervals, constants with a type.

use sqlparser::ast::{self as syntax, BinaryOperator};

use super::meaning::Typed;
use super::place::{unsupported, wrong};
use super::scope::Reader;
use super::types::kind_of;
use crate::error::Result;
use crate::expr::{Cast, Expr, Function};
use crate::query::Leaf;
use crate::value::{Kind, Value};

/// Months, days and microseconds.
type Interval = (i64, i64, i64);

/// What is said of points in time where there are none.
const MOMENTS: &str = "dates are texts here: extract, date_trunc and intervals come with the feature `jiff`";

const DAY: f64 = 86_400e6;

impl Reader<'_> {
    /// Calls that read the time of the statement, and those of SQLite that mean it where they say `'now'` or nothing.
    pub(super) fn of_time(&self, name: &str, operands: &[Typed]) -> Option<Typed> {
        if self.dialect.is_sqlite() { sqlite(name, operands) } else { postgres(name, operands) }
    }

    /// `extract(field FROM time)`
    pub(super) fn extract(&mut self, whole: &syntax::Expr, field: &impl ToString, of: &syntax::Expr) -> Result<Typed> {
        if self.dialect.is_sqlite() {
            return Err(wrong(whole, "extract is not supported: say strftime"));
        }
        let field = Typed::constant(field.to_string().to_ascii_lowercase().into());
        let of = self.value_of(of)?;
        let function = Function::named("extract", 2).ok_or_else(|| wrong(whole, MOMENTS))?;
        Ok(Typed::call(function, vec![field, of]))
    }

    /// `DATE '2026-01-31'` and the like.
    pub(super) fn typed_constant(&mut self, it: &syntax::TypedString) -> Result<Typed> {
        let text = self.literal(&it.value)?;
        let Some(kind) = kind_of(&it.data_type, self.dialect) else { return Ok(text) };
        let Expr::Value(value) = &text.expr else { return Ok(text) };
        match Cast::To(kind).convert(value.as_ref()) {
            Ok(value) => Ok(Typed::constant(value)),
            Err(error) => Err(super::place::wrong_at(it.value.span, error.to_string())),
        }
    }

    /// A time and an interval, added or subtracted; nothing where neither side is an interval.
    pub(super) fn shifted(
        &mut self,
        whole: &syntax::Expr,
        left: &syntax::Expr,
        op: &BinaryOperator,
        right: &syntax::Expr,
    ) -> Result<Option<Typed>> {
        let (time, interval, sign) = match (op, left, right) {
            (BinaryOperator::Plus, syntax::Expr::Interval(by), of) => (of, by, 1),
            (BinaryOperator::Plus, of, syntax::Expr::Interval(by)) => (of, by, 1),
            (BinaryOperator::Minus, of, syntax::Expr::Interval(by)) => (of, by, -1),
            _ => return Ok(None),
        };
        if self.dialect.is_sqlite() {
            return Err(wrong(whole, "an interval is not supported: say datetime(time, '+1 day')"));
        }
        if !cfg!(feature = "jiff") {
            return Err(wrong(whole, MOMENTS));
        }
        let (months, days, microseconds) = self.interval(interval, whole)?;
        let part = |it: i64| Typed::constant(Value::Int(sign * it));
        let time = self.value_of(time)?;
        Ok(Some(Typed::call(Function::Shift, vec![time, part(months), part(days), part(microseconds)])))
    }

    fn interval(&mut self, it: &syntax::Interval, at: &syntax::Expr) -> Result<Interval> {
        let text = match self.expr(&it.value)?.expr {
            Expr::Value(Value::Text(text)) => text.to_string(),
            Expr::Value(Value::Int(number)) => number.to_string(),
            _ => return Err(unsupported(at, "an interval that is computed")),
        };
        let text = match &it.leading_field {
            Some(field) if it.last_field.is_none() => format!("{text} {field}"),
            Some(_) => return Err(unsupported(at, "an interval of several fields")),
            None => text,
        };
        interval(&text).ok_or_else(|| wrong(at, format!("`{text}` is no interval")))
    }
}

fn now() -> Typed {
    Typed::of(Expr::Leaf(Leaf::Now), Kind::Text)
}

fn sqlite(name: &str, operands: &[Typed]) -> Option<Typed> {
    let plain = |function: Function| Some(Typed::call(function, vec![now()]));
    match (name, operands) {
        ("current_timestamp", []) => return plain(Function::Datetime),
        ("current_date", []) => return plain(Function::Date),
        ("current_time", []) => return plain(Function::Time),
        _ => {}
    }
    let first = usize::from(name == "strftime");
    let function = match name {
        "date" => Function::Date,
        "time" => Function::Time,
        "datetime" => Function::Datetime,
        "julianday" => Function::Julianday,
        "unixepoch" => Function::Unixepoch,
        "strftime" if !operands.is_empty() => Function::Strftime,
        _ => return None,
    };
    let mut operands = operands.to_vec();
    if operands.len() == first {
        operands.push(now());
    }
    let text =
        |it: &Typed, text: &str| matches!(&it.expr, Expr::Value(Value::Text(it)) if it.eq_ignore_ascii_case(text));
    if text(&operands[first], "now") {
        operands[first] = now();
    }
    // How the time itself is written.
    if let (Function::Datetime, [time, modifier]) = (function, &operands[..])
        && time.expr == Expr::Leaf(Leaf::Now)
        && text(modifier, "subsec")
    {
        return Some(now());
    }
    Some(Typed::call(function, operands))
}

#[cfg(feature = "jiff")]
fn postgres(name: &str, operands: &[Typed]) -> Option<Typed> {
    let cast = |it: Typed, kind: Kind| Typed::of(Expr::Cast(Cast::To(kind), Box::new(it.expr)), kind);
    match (name, operands) {
        (
            "now"
            | "current_timestamp"
            | "localtimestamp"
            | "transaction_timestamp"
            | "statement_timestamp"
            | "clock_timestamp",
            [],
        ) => Some(cast(now(), Kind::Timestamp)),
        ("current_date", []) => Some(cast(cast(now(), Kind::Timestamp), Kind::Date)),
        ("date", [it]) => Some(cast(it.clone(), Kind::Date)),
        _ => None,
    }
}

/// Without points in time, that of the statement is a text.
#[cfg(not(feature = "jiff"))]
fn postgres(name: &str, operands: &[Typed]) -> Option<Typed> {
    match (name, operands) {
        ("now" | "current_timestamp" | "localtimestamp" | "transaction_timestamp" | "clock_timestamp", []) => {
            Some(now())
        }
        ("current_date", []) => Some(Typed::call(Function::Date, vec![now()])),
        _ => None,
    }
}

/// `1 year 2 mons -3 days 04:05:06.5`
fn interval(text: &str) -> Option<Interval> {
    let (mut months, mut days, mut microseconds) = (0_i64, 0_i64, 0_f64);
    let mut words = text.split_whitespace();
    let mut any = false;
    while let Some(word) = words.next() {
        any = true;
        if word.contains(':') {
            microseconds += time(word)?;
            continue;
        }
        let end = word.find(|it: char| it.is_ascii_alphabetic()).unwrap_or(word.len());
        let number: f64 = word[..end].parse().ok()?;
        let unit = if end < word.len() { &word[end..] } else { words.next()? };
        let whole = |it: f64| (it.fract() == 0.0 && it.abs() < 1e12).then_some(it as i64);
        match unit.to_ascii_lowercase().trim_end_matches('s') {
            "year" | "y" | "yr" => months = months.checked_add(whole(number * 12.0)?)?,
            "month" | "mon" => months = months.checked_add(whole(number)?)?,
            "week" | "w" => days = days.checked_add(whole(number * 7.0)?)?,
            "day" | "d" => {
                days = days.checked_add(whole(number.trunc())?)?;
                microseconds += number.fract() * DAY;
            }
            "hour" | "h" | "hr" => microseconds += number * 3_600e6,
            "minute" | "min" | "m" => microseconds += number * 60e6,
            "second" | "sec" | "" => microseconds += number * 1e6,
            "millisecond" => microseconds += number * 1e3,
            "microsecond" => microseconds += number,
            _ => return None,
        }
    }
    let fits = any && microseconds.abs() < 9e18;
    fits.then_some((months, days, microseconds.round() as i64))
}

/// Hours, minutes and seconds between colons, in microseconds.
fn time(word: &str) -> Option<f64> {
    let (sign, word) = word.strip_prefix('-').map_or((1.0, word), |it| (-1.0, it));
    let mut found = 0.0;
    let mut unit = 3_600e6;
    for part in word.split(':') {
        found += part.parse::<f64>().ok().filter(|it| *it >= 0.0)? * unit;
        unit /= 60.0;
    }
    Some(sign * found)
}

#[cfg(test)]
mod tests {
    use super::interval;

    #[test]
    fn intervals_are_taken_apart() {
        for (text, expected) in [
            ("1 day", Some((0, 1, 0))),
            ("1 year 2 mons -3 days", Some((14, -3, 0))),
            ("04:05:06.5", Some((0, 0, 14_706_500_000))),
            ("-1:30", Some((0, 0, -5_400_000_000))),
            ("1.5 days", Some((0, 1, 43_200_000_000))),
            ("2 weeks 90sec", Some((0, 14, 90_000_000))),
            ("", None),
            ("3", None),
            ("1 fortnight", None),
        ] {
            assert_eq!(interval(text), expected, "{text}");
        }
    }
}
