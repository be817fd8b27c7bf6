//! Texts and numbers as times.

use super::super::calendar::{Civil, DAY};
use super::Time;
use crate::expr::cast::{Prefix, lenient_text};
use crate::value::ValueRef;

/// What a value says, before its modifiers.
pub(super) fn time(it: ValueRef<'_>) -> Option<Time> {
    match it {
        ValueRef::Int(it) => Some(number(it as f64)),
        ValueRef::Float(it) => Some(number(it)),
        ValueRef::Null => None,
        it => text(&lenient_text(it)),
    }
}

fn text(it: &str) -> Option<Time> {
    if let Some(found) = date_and_time(it) {
        return Some(found);
    }
    match Prefix::of(it) {
        Prefix { whole: true, float, .. } => Some(number(float)),
        _ => None,
    }
}

/// The days that a Julian day can have.
const DAYS: f64 = 5_373_484.5;

/// A number is a Julian day, unless a modifier says that it is something else.
fn number(it: f64) -> Time {
    let milliseconds = (0.0..DAYS).contains(&it).then_some((it * DAY as f64 + 0.5) as i64);
    Time { milliseconds, raw: Some(it), ..Time::default() }
}

fn date_and_time(text: &str) -> Option<Time> {
    let (negative, rest) = text.strip_prefix('-').map_or((false, text), |it| (true, it));
    let mut letters = Letters(rest.as_bytes());
    let day = letters.date();
    let (civil, zone) = match day {
        Some((year, month, day)) => {
            let year = if negative { -year } else { year };
            letters.spaces_or_t();
            let date = Civil { year, month, day, hour: 0, minute: 0, second: 0, millisecond: 0 };
            if letters.0.is_empty() { (date, 0) } else { letters.time(date)? }
        }
        None if negative => return None,
        None => {
            letters = Letters(rest.as_bytes());
            let day = Civil { year: 2000, month: 1, day: 1, hour: 0, minute: 0, second: 0, millisecond: 0 };
            letters.time(day)?
        }
    };
    if !letters.0.is_empty() || !(-4713..=9999).contains(&civil.year) {
        return None;
    }
    let milliseconds = Some(civil.milliseconds() - zone * 60_000);
    Some(Time { milliseconds, written: (zone == 0).then_some(civil), ..Time::default() })
}

/// What is left of a text.
pub(super) struct Letters<'a>(pub(super) &'a [u8]);

impl Letters<'_> {
    /// So many digits, as a number up to a limit.
    fn digits(&mut self, count: usize, most: i64) -> Option<i64> {
        let digits = self.0.get(..count)?;
        let text = std::str::from_utf8(digits).ok().filter(|it| it.bytes().all(|it| it.is_ascii_digit()))?;
        let number = text.parse().ok().filter(|it| *it <= most)?;
        self.0 = &self.0[count..];
        Some(number)
    }

    fn sign(&mut self, sign: u8) -> Option<()> {
        self.0 = self.0.strip_prefix(&[sign])?;
        Some(())
    }

    fn spaces_or_t(&mut self) {
        while let Some((b' ' | b'T' | b'\t' | b'\n' | b'\r' | b'\x0b' | b'\x0c', rest)) = self.0.split_first() {
            self.0 = rest;
        }
    }

    fn spaces(&mut self) {
        while let Some((first, rest)) = self.0.split_first()
            && matches!(first, b' ' | b'\t' | b'\n' | b'\r' | b'\x0b' | b'\x0c')
        {
            self.0 = rest;
        }
    }

    fn date(&mut self) -> Option<(i64, i64, i64)> {
        let year = self.digits(4, 9999)?;
        self.sign(b'-')?;
        let month = self.digits(2, 12).filter(|it| *it > 0)?;
        self.sign(b'-')?;
        let day = self.digits(2, 31).filter(|it| *it > 0)?;
        Some((year, month, day))
    }

    /// `HH:MM`, with seconds and their fraction, and a zone; the zone is in minutes.
    pub(super) fn time(&mut self, day: Civil) -> Option<(Civil, i64)> {
        let hour = self.digits(2, 24)?;
        self.sign(b':')?;
        let minute = self.digits(2, 59)?;
        let (mut second, mut millisecond) = (0, 0);
        if self.sign(b':').is_some() {
            second = self.digits(2, 59)?;
            if let [b'.', first, ..] = self.0
                && first.is_ascii_digit()
            {
                let count = self.0[1..].iter().take_while(|it| it.is_ascii_digit()).count();
                let fraction = format!("0.{}", std::str::from_utf8(&self.0[1..=count]).ok()?);
                let fraction: f64 = fraction.parse().ok()?;
                // A second does not become the next one by rounding.
                millisecond = ((fraction * 1000.0 + 0.5) as i64).min(999);
                self.0 = &self.0[count + 1..];
            }
        }
        let zone = self.zone()?;
        Some((Civil { hour, minute, second, millisecond, ..day }, zone))
    }

    fn zone(&mut self) -> Option<i64> {
        self.spaces();
        let sign = match self.0.first() {
            None => return Some(0),
            Some(b'Z' | b'z') => {
                self.0 = &self.0[1..];
                self.spaces();
                return Some(0);
            }
            Some(b'+') => 1,
            Some(b'-') => -1,
            Some(_) => return None,
        };
        self.0 = &self.0[1..];
        let hours = self.digits(2, 14)?;
        self.sign(b':')?;
        let minutes = self.digits(2, 59)?;
        self.spaces();
        Some(sign * (hours * 60 + minutes))
    }
}
