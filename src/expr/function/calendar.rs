//! Days and times of the Gregorian calendar, which goes on before it was made, as numbers and back.

use std::time::SystemTime;

/// Milliseconds of a day.
pub(in crate::expr) const DAY: i64 = 86_400_000;

/// The Julian day of 1970-01-01, in milliseconds.
pub(in crate::expr) const EPOCH: i64 = 210_866_760_000_000;

/// The last millisecond of the year 9999.
pub(in crate::expr) const LAST: i64 = 464_269_060_799_999;

/// A time of the system, to microseconds.
#[derive(Clone, Copy)]
pub(in crate::expr) struct Instant {
    /// Since 1970.
    microseconds: i64,
}

impl Instant {
    pub(in crate::expr) fn of_system(it: SystemTime) -> Self {
        let microseconds = match it.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |it| -it),
        };
        Instant { microseconds }
    }

    /// `2026-01-31 12:00:00.000000`; a clock beyond what a date can say stops at its ends.
    pub(in crate::expr) fn text(self) -> String {
        let milliseconds = self.microseconds.div_euclid(1000).clamp(-EPOCH, LAST - EPOCH);
        let civil = Civil::of(EPOCH + milliseconds);
        format!("{}.{:03}{:03}", civil.text(), civil.millisecond, self.microseconds.rem_euclid(1000))
    }
}

/// A day and a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::expr) struct Civil {
    pub(in crate::expr) year: i64,
    pub(in crate::expr) month: i64,
    pub(in crate::expr) day: i64,
    pub(in crate::expr) hour: i64,
    pub(in crate::expr) minute: i64,
    pub(in crate::expr) second: i64,
    pub(in crate::expr) millisecond: i64,
}

impl Civil {
    /// Of milliseconds of Julian days.
    pub(in crate::expr) fn of(milliseconds: i64) -> Self {
        // Julian days begin at noon.
        let (days, rest) = ((milliseconds + DAY / 2).div_euclid(DAY), (milliseconds + DAY / 2).rem_euclid(DAY));
        let (year, month, day) = day_of(days);
        let (hour, minute) = (rest / 3_600_000, rest / 60_000 % 60);
        Civil { year, month, day, hour, minute, second: rest / 1000 % 60, millisecond: rest % 1000 }
    }

    /// As milliseconds of Julian days. A day beyond the end of its month goes on into the next one.
    pub(in crate::expr) fn milliseconds(&self) -> i64 {
        let days = number_of(self.year, self.month, 1) + self.day - 1;
        let time = ((self.hour * 60 + self.minute) * 60 + self.second) * 1000 + self.millisecond;
        days * DAY - DAY / 2 + time
    }

    /// `2026-01-31`
    pub(in crate::expr) fn date(&self) -> String {
        let sign = if self.year < 0 { "-" } else { "" };
        format!("{sign}{:04}-{:02}-{:02}", self.year.abs(), self.month, self.day)
    }

    /// `12:00:00`
    pub(in crate::expr) fn time(&self) -> String {
        format!("{:02}:{:02}:{:02}", self.hour, self.minute, self.second)
    }

    /// `2026-01-31 12:00:00`
    pub(in crate::expr) fn text(&self) -> String {
        format!("{} {}", self.date(), self.time())
    }

    /// The day of the year, from 1.
    pub(in crate::expr) fn day_of_year(&self) -> i64 {
        number_of(self.year, self.month, self.day) - number_of(self.year, 1, 1) + 1
    }

    /// The day of the week, Sunday as 0.
    pub(in crate::expr) fn weekday(&self) -> i64 {
        (number_of(self.year, self.month, self.day) + 1).rem_euclid(7)
    }

    /// The year and the week of ISO 8601: the week is that of its Thursday.
    pub(in crate::expr) fn iso_week(&self) -> (i64, i64) {
        let thursday = number_of(self.year, self.month, self.day) + 3 - (self.weekday() + 6) % 7;
        let (year, ..) = day_of(thursday);
        (year, (thursday - number_of(year, 1, 1)) / 7 + 1)
    }
}

/// The Julian day of a date at noon. Algorithm: E. G. Richards, "Mapping Time", in whole years from March.
fn number_of(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month <= 2 { (year - 1, month + 12) } else { (year, month) };
    let century = year.div_euclid(100);
    365 * year + year.div_euclid(4) - century + century.div_euclid(4) + (153 * (month - 3) + 2) / 5 + day + 1_721_119
}

/// The date of a Julian day.
fn day_of(number: i64) -> (i64, i64, i64) {
    // Cycles of 400 years, counted from the first of March of the year 0.
    let since = number - 1_721_120;
    let (cycle, of_cycle) = (since.div_euclid(146_097), since.rem_euclid(146_097));
    let years = (of_cycle - of_cycle / 1_460 + of_cycle / 36_524 - of_cycle / 146_096) / 365;
    let of_year = of_cycle - (365 * years + years / 4 - years / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let year = cycle * 400 + years;
    if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_is_read_back() {
        assert_eq!(Civil::of(EPOCH).text(), "1970-01-01 00:00:00");
        assert_eq!(Civil::of(0).text(), "-4713-11-24 12:00:00");
        assert_eq!(Civil::of(LAST).text(), "9999-12-31 23:59:59");
        let mut before = Civil::of(-DAY).weekday();
        for day in 0..=LAST / DAY {
            let civil = Civil::of(day * DAY + 1);
            assert_eq!(civil.milliseconds(), day * DAY + 1);
            assert_eq!(civil.weekday(), (before + 1) % 7);
            before = civil.weekday();
        }
    }

    #[test]
    fn weeks_of_the_standard() {
        let week =
            |year, month, day| Civil { year, month, day, hour: 0, minute: 0, second: 0, millisecond: 0 }.iso_week();
        assert_eq!(week(2027, 1, 1), (2026, 53));
        assert_eq!(week(2024, 12, 30), (2025, 1));
        assert_eq!(week(2026, 7, 1), (2026, 27));
    }
}
