//! What modifiers do to a time.

use super::super::calendar::{Civil, DAY, EPOCH, LAST};
use super::Time;
use super::read::Letters;

/// The time after a modifier; nothing where it means nothing. Some have to be the first.
pub(super) fn apply(mut time: Time, modifier: &str, first: bool) -> Option<Time> {
    let word = modifier.trim_end().to_ascii_lowercase();
    match &*word {
        "auto" if first => {
            if time.milliseconds.is_none() {
                time.milliseconds = time.raw.and_then(seconds);
            }
            time.raw = None;
            return Some(time);
        }
        "unixepoch" if first => {
            time.milliseconds = seconds(time.raw?);
            time.raw = None;
            return time.milliseconds.is_some().then_some(time);
        }
        "julianday" if first => {
            time.raw.take()?;
            return time.milliseconds.is_some().then_some(time);
        }
        // No zone is known here but UTC.
        "localtime" | "utc" => return Some(time),
        "subsec" | "subsecond" => return Some(Time { fractions: true, ..time }),
        _ => {}
    }
    let before = time.milliseconds?;
    let civil = time.written.unwrap_or_else(|| Civil::of(before));
    let changed = if let Some(unit) = word.strip_prefix("start of ") {
        start_of(civil, unit)?
    } else if let Some(day) = word.strip_prefix("weekday ") {
        weekday(before, day.parse().ok()?)?
    } else {
        moved(before, civil, &word)?
    };
    (0..=LAST).contains(&changed).then_some(Time { milliseconds: Some(changed), raw: None, written: None, ..time })
}

/// Seconds since 1970.
fn seconds(it: f64) -> Option<i64> {
    let milliseconds = it * 1000.0 + EPOCH as f64;
    (0.0..=LAST as f64).contains(&milliseconds).then_some((milliseconds + 0.5) as i64)
}

fn start_of(civil: Civil, unit: &str) -> Option<i64> {
    let midnight = Civil { hour: 0, minute: 0, second: 0, millisecond: 0, ..civil };
    let civil = match unit {
        "day" => midnight,
        "month" => Civil { day: 1, ..midnight },
        "year" => Civil { day: 1, month: 1, ..midnight },
        _ => return None,
    };
    Some(civil.milliseconds())
}

/// The next day, or this one, that is this day of the week.
fn weekday(before: i64, day: f64) -> Option<i64> {
    let wanted = (0.0..7.0).contains(&day).then_some(day as i64).filter(|it| *it as f64 == day)?;
    Some(before + (wanted - Civil::of(before).weekday()).rem_euclid(7) * DAY)
}

/// `+3 days`, `-1.5 hours`, `+01:30`.
fn moved(before: i64, civil: Civil, word: &str) -> Option<i64> {
    let signed = word.starts_with(['+', '-']);
    let negative = word.starts_with('-');
    let plain = if signed { &word[1..] } else { word };
    let end =
        plain.find(|it: char| !it.is_ascii_digit() && !matches!(it, '.' | 'e' | '+' | '-')).unwrap_or(plain.len());
    let (number, rest) = plain.split_at(end);
    if rest.starts_with(':') {
        let mut letters = Letters(plain.as_bytes());
        let nothing = Civil { year: 2000, month: 1, day: 1, hour: 0, minute: 0, second: 0, millisecond: 0 };
        let (civil, _) = letters.time(nothing).filter(|it| it.1 == 0)?;
        let by = civil.milliseconds() - nothing.milliseconds();
        return letters.0.is_empty().then_some(before + if negative { -by } else { by });
    }
    let number: f64 = number.parse().ok()?;
    let number = if negative { -number } else { number };
    let unit = rest.trim_start();
    let unit = unit.strip_suffix('s').unwrap_or(unit);
    // How many of them reach from one end of time to the other, and their length in seconds.
    let (most, length) = match unit {
        "second" => (4.6427e14, 1.0),
        "minute" => (7.7379e12, 60.0),
        "hour" => (1.2897e11, 3_600.0),
        "day" => (5_373_485.0, 86_400.0),
        "month" => (176_546.0, 2_592_000.0),
        "year" => (14_713.0, 31_536_000.0),
        _ => return None,
    };
    if number.abs() >= most {
        return None;
    }
    let rounding = if number < 0.0 { -0.5 } else { 0.5 };
    let months = match unit {
        "month" => number as i64,
        "year" => number as i64 * 12,
        _ => return Some(before + (number * length * 1000.0 + rounding) as i64),
    };
    let since = civil.year * 12 + civil.month - 1 + months;
    let civil = Civil { year: since.div_euclid(12), month: since.rem_euclid(12) + 1, ..civil };
    Some(civil.milliseconds() + (number.fract() * length * 1000.0 + rounding) as i64)
}
