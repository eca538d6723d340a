//! Seconds since 1970 and how people read them; knows no clock.

use std::fmt;
use std::ops::Sub;
use std::time::Duration;

use time::{Date, Month, OffsetDateTime};

/// A point in time as whole seconds since 1970-01-01T00:00:00Z, negative before.
///
/// Certificates carry dates from 1950 to 9999 (RFC 5280 §4.1.2.5), which this holds without loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// A date (month and day) and a time of day (hour, minute, second) in UTC; none when there is no such moment.
    pub fn of_utc(
        year: i32,
        [month, day]: [u8; 2],
        [hour, minute, second]: [u8; 3],
    ) -> Option<Self> {
        let month = Month::try_from(month).ok()?;
        let date = Date::from_calendar_date(year, month, day).ok()?;
        let moment = date.with_hms(hour, minute, second).ok()?.assume_utc();
        Some(Self(moment.unix_timestamp()))
    }

    /// Seconds from `earlier` to this moment, negative when it lies before.
    pub fn seconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// This moment moved by `seconds`.
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// Reads `20261124004618Z`, a GeneralizedTime as RFC 5280 §4.1.2.5.2 has it.
    pub fn from_digits(text: &str) -> Option<Self> {
        let digits = text.strip_suffix('Z').filter(|digits| {
            digits.len() == 14 && digits.bytes().all(|byte| byte.is_ascii_digit())
        })?;
        let number = |at: usize| digits.get(at..at + 2)?.parse::<u8>().ok();
        let month = Month::try_from(number(4)?).ok()?;
        let date = Date::from_calendar_date(digits.get(..4)?.parse().ok()?, month, number(6)?);
        let moment = date.ok()?.with_hms(number(8)?, number(10)?, number(12)?);
        Some(Self(moment.ok()?.assume_utc().unix_timestamp()))
    }

    /// The minute in UTC, as `2026-11-24 00:46Z`.
    pub fn minute(self) -> String {
        let text = self.to_string();
        match text.rsplit_once(':') {
            Some((minute, _)) => minute.replace('T', " ") + "Z",
            None => text,
        }
    }

    /// The day in UTC, as `2026-11-24`.
    pub fn date(self) -> String {
        let text = self.to_string();
        text.split_once('T')
            .map_or_else(|| text.clone(), |(date, _)| date.to_owned())
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, by: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(by.as_secs()).unwrap_or(i64::MAX)),
        )
    }
}

/// RFC 3339 in UTC: `2026-11-24T00:46:18Z`. A moment outside the years −9999 to 9999 is shown as `@seconds`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match OffsetDateTime::from_unix_timestamp(self.0) {
            Ok(t) => write!(
                f,
                "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
                t.year(),
                u8::from(t.month()),
                t.day(),
                t.hour(),
                t.minute(),
                t.second()
            ),
            Err(_) => write!(f, "@{}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_to_the_second_or_not_at_all() {
        let read = |text: &str| Timestamp::from_digits(text).map(|t| t.to_string());
        assert_eq!(
            read("20261124004618Z").as_deref(),
            Some("2026-11-24T00:46:18Z")
        );
        for bad in [
            "",
            "Z",
            "20261124004618",
            "20261324004618Z",
            "2026112400461 Z",
            "20261124004618+0100",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn dates_of_every_certificate_are_shown() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (-631_152_000, "1950-01-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
            (i64::MAX, "@9223372036854775807"),
        ] {
            assert_eq!(Timestamp(seconds).to_string(), text);
        }
        assert_eq!(Timestamp(1_795_480_000).date(), "2026-11-24");
    }

    #[test]
    fn distances_have_a_sign() {
        assert_eq!(Timestamp(10).seconds_since(Timestamp(25)), -15);
        assert_eq!(Timestamp(10) - Duration::from_secs(3), Timestamp(7));
    }
}
