//! The functions of dates and times that SQLite has: over texts, Julian days and seconds, in UTC.
//!
//! Source: "Date And Time Functions" of SQLite's documentation. `localtime` and `utc` change nothing, since no zone is
//! known here; the modifiers `ceiling` and `floor`, and those that add a date, are not
//! there. An hour of 24 is the first of the next day; SQLite shows it as it was written while nothing modifies it.

mod modifier;
mod read;

use super::calendar::{Civil, DAY, EPOCH, LAST};
use super::{Refusal, Refused};
use crate::value::{Value, ValueRef};

/// A time on its way through its modifiers.
#[derive(Clone, Copy, Debug, Default)]
struct Time {
    /// Milliseconds of Julian days, where it is known what the number means.
    milliseconds: Option<i64>,
    /// A number that may be a Julian day or seconds.
    raw: Option<f64>,
    /// The day and time as they were written, until something modifies them: the 31st of a month of 30 days is still one
    /// when months are added.
    written: Option<Civil>,
    /// Whether fractions of seconds come out.
    fractions: bool,
}

/// The time that operands say: a value, and then its modifiers. Nothing where they say none.
fn time(operands: &[ValueRef<'_>]) -> Option<(i64, bool)> {
    let (first, modifiers) = operands.split_first()?;
    let mut time = read::time(*first)?;
    for (at, it) in modifiers.iter().enumerate() {
        let text = super::super::cast::lenient_text(*it);
        time = modifier::apply(time, &text, at == 0)?;
    }
    let milliseconds = time.milliseconds?;
    (0..=LAST).contains(&milliseconds).then_some((milliseconds, time.fractions))
}

fn told(operands: &[ValueRef<'_>], tell: impl FnOnce(i64, bool) -> Option<Value>) -> Refused {
    Ok(time(operands).and_then(|(milliseconds, fractions)| tell(milliseconds, fractions)).unwrap_or_default())
}

fn with_fraction(civil: &Civil, text: String, fractions: bool) -> Value {
    if fractions { format!("{text}.{:03}", civil.millisecond).into() } else { text.into() }
}

pub(super) fn date(operands: &[ValueRef<'_>]) -> Refused {
    told(operands, |it, _| Some(Civil::of(it).date().into()))
}

pub(super) fn time_of_day(operands: &[ValueRef<'_>]) -> Refused {
    told(operands, |it, fractions| {
        let civil = Civil::of(it);
        Some(with_fraction(&civil, civil.time(), fractions))
    })
}

pub(super) fn datetime(operands: &[ValueRef<'_>]) -> Refused {
    told(operands, |it, fractions| {
        let civil = Civil::of(it);
        Some(with_fraction(&civil, civil.text(), fractions))
    })
}

pub(super) fn julian_day(operands: &[ValueRef<'_>]) -> Refused {
    told(operands, |it, _| Some(Value::Float(it as f64 / DAY as f64)))
}

pub(super) fn unix_epoch(operands: &[ValueRef<'_>]) -> Refused {
    told(operands, |it, fractions| {
        let whole = Value::Int(it.div_euclid(1000) - EPOCH / 1000);
        Some(if fractions { Value::Float((it - EPOCH) as f64 / 1000.0) } else { whole })
    })
}

pub(super) fn strftime(operands: &[ValueRef<'_>]) -> Refused {
    let Some((format, rest)) = operands.split_first() else { return Err(Refusal::Undefined) };
    let format = super::super::cast::lenient_text(*format);
    told(rest, |it, fractions| formatted(&format, it, fractions).map(Value::from))
}

/// A time in a format; nothing where the format has a letter that means nothing.
fn formatted(format: &str, milliseconds: i64, fractions: bool) -> Option<String> {
    let it = Civil::of(milliseconds);
    let mut out = String::new();
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            out.push(letter);
            continue;
        }
        let (twelve, half) = ((it.hour + 11) % 12 + 1, if it.hour < 12 { "AM" } else { "PM" });
        let monday = (it.weekday() + 6) % 7;
        out += &match letters.next()? {
            'd' => format!("{:02}", it.day),
            'e' => format!("{:2}", it.day),
            'f' => format!("{:02}.{:03}", it.second, it.millisecond),
            'F' => format!("{:04}-{:02}-{:02}", it.year, it.month, it.day),
            'g' => format!("{:02}", it.iso_week().0 % 100),
            'G' => format!("{:04}", it.iso_week().0),
            'H' => format!("{:02}", it.hour),
            'I' => format!("{twelve:02}"),
            'j' => format!("{:03}", it.day_of_year()),
            'J' => super::super::cast::float_text(milliseconds as f64 / DAY as f64),
            'k' => format!("{:2}", it.hour),
            'l' => format!("{twelve:2}"),
            'm' => format!("{:02}", it.month),
            'M' => format!("{:02}", it.minute),
            'p' => half.to_owned(),
            'P' => half.to_ascii_lowercase(),
            'R' => format!("{:02}:{:02}", it.hour, it.minute),
            's' if fractions => format!("{:.3}", (milliseconds - EPOCH) as f64 / 1000.0),
            's' => (milliseconds.div_euclid(1000) - EPOCH / 1000).to_string(),
            'S' => format!("{:02}", it.second),
            'T' => it.time(),
            'u' => (monday + 1).to_string(),
            'U' => format!("{:02}", (it.day_of_year() - 1 + 7 - it.weekday()) / 7),
            'V' => format!("{:02}", it.iso_week().1),
            'w' => it.weekday().to_string(),
            'W' => format!("{:02}", (it.day_of_year() - 1 + 7 - monday) / 7),
            'Y' => format!("{:04}", it.year),
            '%' => "%".to_owned(),
            _ => return None,
        };
        if out.len() > super::text::LONGEST {
            return None;
        }
    }
    Some(out)
}
