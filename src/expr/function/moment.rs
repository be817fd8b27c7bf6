//! The functions of dates and points in time that PostgreSQL has, in UTC. They are there with the feature `jiff`.

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};

use super::{Refusal, Refused};
use crate::value::{Value, ValueRef};

/// A date or a point in time as a day and a time of UTC.
fn civil(it: ValueRef<'_>) -> Result<DateTime, Refusal> {
    match it {
        ValueRef::Date(it) => Ok(it.to_datetime(jiff::civil::Time::midnight())),
        ValueRef::Timestamp(it) => Ok(it.to_zoned(TimeZone::UTC).datetime()),
        _ => Err(Refusal::Undefined),
    }
}

fn timestamp(it: DateTime) -> Refused {
    let zoned = it.to_zoned(TimeZone::UTC).map_err(|_| Refusal::Overflow)?;
    Ok(Value::Timestamp(zoned.timestamp()))
}

fn word(it: ValueRef<'_>) -> Result<String, Refusal> {
    match it {
        ValueRef::Text(it) => Ok(it.trim().to_ascii_lowercase()),
        _ => Err(Refusal::Undefined),
    }
}

fn microseconds(it: DateTime) -> i64 {
    i64::from(it.second()) * 1_000_000 + i64::from(it.subsec_nanosecond()) / 1000
}

/// A year, or a count of them, as people say it: before the first one comes the first one before.
fn said(it: i64) -> i64 {
    if it <= 0 { it - 1 } else { it }
}

/// What a field of a time is: an integer, except for what has fractions.
fn field(name: &str, it: DateTime) -> Refused {
    let year = i64::from(it.year());
    let iso = it.date().iso_week_date();
    Ok(Value::Int(match name {
        "year" | "years" => said(year),
        "month" | "months" => it.month().into(),
        "day" | "days" => it.day().into(),
        "hour" | "hours" => it.hour().into(),
        "minute" | "minutes" => it.minute().into(),
        "microsecond" | "microseconds" => microseconds(it),
        "second" | "seconds" => return Ok(Value::Float(microseconds(it) as f64 / 1e6)),
        "millisecond" | "milliseconds" => return Ok(Value::Float(microseconds(it) as f64 / 1e3)),
        "epoch" => {
            let zoned = it.to_zoned(TimeZone::UTC).map_err(|_| Refusal::Overflow)?;
            return Ok(Value::Float(zoned.timestamp().as_microsecond() as f64 / 1e6));
        }
        "dow" => it.weekday().to_sunday_zero_offset().into(),
        "isodow" => it.weekday().to_monday_one_offset().into(),
        "doy" => it.day_of_year().into(),
        "week" => iso.week().into(),
        "isoyear" => said(iso.year().into()),
        "quarter" => (i64::from(it.month()) + 2) / 3,
        "decade" => year.div_euclid(10),
        "century" => said((year - 1).div_euclid(100) + 1),
        "millennium" => said((year - 1).div_euclid(1000) + 1),
        _ => return Err(Refusal::Undefined),
    }))
}

pub(super) fn extract(operands: &[ValueRef<'_>]) -> Refused {
    let [name, it] = operands else { return Err(Refusal::Undefined) };
    field(&word(*name)?, civil(*it)?)
}

pub(super) fn part(operands: &[ValueRef<'_>]) -> Refused {
    extract(operands).map(|it| match it {
        Value::Int(it) => Value::Float(it as f64),
        other => other,
    })
}

pub(super) fn truncate(operands: &[ValueRef<'_>]) -> Refused {
    let [name, it] = operands else { return Err(Refusal::Undefined) };
    let it = civil(*it)?;
    let date = it.date();
    let first =
        |year: i64| Date::new(i16::try_from(year).map_err(|_| Refusal::Overflow)?, 1, 1).map_err(|_| Refusal::Overflow);
    let date = match &*word(*name)? {
        "microseconds" => return timestamp(it),
        "milliseconds" => {
            let kept = it.subsec_nanosecond() / 1_000_000 * 1_000_000;
            return timestamp(it.with().subsec_nanosecond(kept).build().map_err(|_| Refusal::Overflow)?);
        }
        "second" => return timestamp(date.at(it.hour(), it.minute(), it.second(), 0)),
        "minute" => return timestamp(date.at(it.hour(), it.minute(), 0, 0)),
        "hour" => return timestamp(date.at(it.hour(), 0, 0, 0)),
        "day" => date,
        "week" => {
            let since = i64::from(date.weekday().since(Weekday::Monday));
            date.checked_sub(since.days()).map_err(|_| Refusal::Overflow)?
        }
        "month" => date.first_of_month(),
        "quarter" => Date::new(date.year(), (date.month() - 1) / 3 * 3 + 1, 1).map_err(|_| Refusal::Overflow)?,
        "year" => date.first_of_year(),
        "decade" => first(i64::from(date.year()).div_euclid(10) * 10)?,
        "century" => first((i64::from(date.year()) - 1).div_euclid(100) * 100 + 1)?,
        "millennium" => first((i64::from(date.year()) - 1).div_euclid(1000) * 1000 + 1)?,
        _ => return Err(Refusal::Undefined),
    };
    timestamp(date.at(0, 0, 0, 0))
}

/// A time, and how many months, days and microseconds later: the months first, and then the days.
pub(super) fn shift(operands: &[ValueRef<'_>]) -> Refused {
    let [it, ValueRef::Int(months), ValueRef::Int(days), ValueRef::Int(microseconds)] = operands else {
        return Err(Refusal::Undefined);
    };
    let overflow = |_| Refusal::Overflow;
    let months = Span::new().try_months(*months).map_err(overflow)?;
    let days = Span::new().try_days(*days).map_err(overflow)?;
    let time = Span::new().try_microseconds(*microseconds).map_err(overflow)?;
    let it = civil(*it)?.checked_add(months).and_then(|it| it.checked_add(days)).and_then(|it| it.checked_add(time));
    timestamp(it.map_err(overflow)?)
}

/// Dates and days, or two of either, in arithmetic.
pub(in crate::expr) fn calculate(subtract: bool, a: ValueRef<'_>, b: ValueRef<'_>) -> Refused {
    let moved = |date: Date, days: i64| {
        let days = Span::new().try_days(days).map_err(|_| Refusal::Overflow)?;
        date.checked_add(days).map(Value::Date).map_err(|_| Refusal::Overflow)
    };
    match (a, b, subtract) {
        (ValueRef::Date(date), ValueRef::Int(days), false) | (ValueRef::Int(days), ValueRef::Date(date), false) => {
            moved(date, days)
        }
        (ValueRef::Date(date), ValueRef::Int(days), true) => moved(date, days.checked_neg().ok_or(Refusal::Overflow)?),
        (ValueRef::Date(a), ValueRef::Date(b), true) => {
            let between = b.until(a).map_err(|_| Refusal::Overflow)?;
            Ok(Value::Int(between.get_days().into()))
        }
        _ => Err(Refusal::Undefined),
    }
}

/// The words of `to_char`, the longer before those that they begin with.
const PATTERNS: [&str; 31] = [
    "MONTH", "Month", "month", "YYYY", "HH24", "HH12", "DAY", "Day", "day", "DDD", "MON", "Mon", "mon", "ID", "IW",
    "DY", "Dy", "dy", "YY", "MM", "DD", "HH", "MI", "SS", "MS", "US", "AM", "PM", "WW", "Q", "D",
];

pub(super) fn to_char(operands: &[ValueRef<'_>]) -> Refused {
    let [it, ValueRef::Text(format)] = operands else { return Err(Refusal::Undefined) };
    let it = civil(*it)?;
    let (mut out, mut rest) = (String::new(), *format);
    while let Some(first) = rest.chars().next() {
        if let Some(quoted) = rest.strip_prefix('"') {
            let (text, behind) = quoted.split_once('"').unwrap_or((quoted, ""));
            out += text;
            rest = behind;
            continue;
        }
        let (filled, plain) = rest.strip_prefix("FM").map_or((true, rest), |it| (false, it));
        match PATTERNS.iter().find(|it| plain.starts_with(**it)) {
            Some(pattern) => {
                out += &written(pattern, it, filled);
                rest = &plain[pattern.len()..];
            }
            None => {
                out.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
        if out.len() > super::text::LONGEST {
            return Err(Refusal::Undefined);
        }
    }
    Ok(out.into())
}

fn written(pattern: &str, it: DateTime, filled: bool) -> String {
    let number = |it: i64, width: usize| if filled { format!("{it:0width$}") } else { it.to_string() };
    let name = |full: &str| {
        let name = it.strftime(full).to_string();
        let name = match pattern.as_bytes() {
            [_, second, ..] if second.is_ascii_uppercase() => name.to_uppercase(),
            [first, ..] if first.is_ascii_lowercase() => name.to_lowercase(),
            _ => name,
        };
        // Whole names are as wide as the longest.
        if filled && pattern.len() > 2 && matches!(full, "%A" | "%B") { format!("{name:9}") } else { name }
    };
    let hour = i64::from(it.hour());
    match pattern {
        "YYYY" => number(said(it.year().into()).abs(), 4),
        "YY" => number(said(it.year().into()).abs() % 100, 2),
        "MM" => number(it.month().into(), 2),
        "DD" => number(it.day().into(), 2),
        "DDD" => number(it.day_of_year().into(), 3),
        "D" => number(i64::from(it.weekday().to_sunday_zero_offset()) + 1, 1),
        "ID" => number(it.weekday().to_monday_one_offset().into(), 1),
        "IW" => number(it.date().iso_week_date().week().into(), 2),
        "WW" => number((i64::from(it.day_of_year()) - 1) / 7 + 1, 2),
        "Q" => number((i64::from(it.month()) + 2) / 3, 1),
        "HH24" => number(hour, 2),
        "HH" | "HH12" => number((hour + 11) % 12 + 1, 2),
        "MI" => number(it.minute().into(), 2),
        "SS" => number(it.second().into(), 2),
        "MS" => number(microseconds(it) % 1_000_000 / 1000, 3),
        "US" => number(microseconds(it) % 1_000_000, 6),
        "AM" | "PM" => if hour < 12 { "AM" } else { "PM" }.to_owned(),
        "MON" | "Mon" | "mon" => name("%b"),
        "DY" | "Dy" | "dy" => name("%a"),
        "MONTH" | "Month" | "month" => name("%B"),
        _ => name("%A"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn at(text: &str) -> Value {
        Value::Timestamp(text.parse::<Timestamp>().unwrap())
    }

    #[test]
    fn months_end_where_they_end() {
        let shifted = |from: &str, months: i64, days: i64| {
            let from = at(from);
            shift(&[from.as_ref(), ValueRef::Int(months), ValueRef::Int(days), ValueRef::Int(0)])
        };
        assert_eq!(shifted("2024-01-31T10:00:00Z", 1, 0), Ok(at("2024-02-29T10:00:00Z")));
        assert_eq!(shifted("2024-01-31T10:00:00Z", 1, 1), Ok(at("2024-03-01T10:00:00Z")));
        assert_eq!(shifted("2024-01-31T10:00:00Z", i64::MAX, 0), Err(Refusal::Overflow));
        let (a, b) = (Value::Date(jiff::civil::date(2024, 3, 1)), Value::Date(jiff::civil::date(2024, 1, 31)));
        assert_eq!(calculate(true, a.as_ref(), b.as_ref()), Ok(Value::Int(30)));
        assert_eq!(calculate(false, b.as_ref(), ValueRef::Int(30)), Ok(a));
    }

    #[test]
    fn a_format_is_followed() {
        let it = at("2026-07-04T13:05:09.012345Z");
        let text = |format: &str| to_char(&[it.as_ref(), ValueRef::Text(format)]);
        assert_eq!(text("YYYY-MM-DD HH24:MI:SS.US"), Ok("2026-07-04 13:05:09.012345".into()));
        assert_eq!(text("FMDay, FMMonth FMDD \"at\" HH12 PM"), Ok("Saturday, July 4 at 01 PM".into()));
        assert_eq!(text("Day|MON|dy|Q|DDD"), Ok("Saturday |JUL|sat|3|185".into()));
    }
}
