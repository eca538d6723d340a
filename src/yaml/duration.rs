//! Text to spans of time in Prometheus's notation and back; knows no setting.

use std::time::Duration;

/// Units as Prometheus has them, in milliseconds; no years, whose length is a matter of opinion.
const UNITS: [(&str, u64); 6] = [
    ("w", 7 * 24 * 3_600_000),
    ("d", 24 * 3_600_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

/// Longer than any certificate lives, short enough to be added to any clock.
const LONGEST: Duration = Duration::from_secs(100 * 366 * 24 * 3600);

/// Reads `10s`, `1m30s`, `500ms`, `1d`, `1w`, `0s`; else what is wrong, to be put behind the text.
pub(crate) fn parse(text: &str) -> Result<Duration, &'static str> {
    let (mut rest, mut total) = (text, 0_u64);
    while !rest.is_empty() {
        let (number, behind) = split(rest, |b| b.is_ascii_digit());
        let (unit, behind) = split(behind, |b| b.is_ascii_alphabetic());
        let (_, factor) = UNITS
            .iter()
            .find(|(name, _)| *name == unit && !number.is_empty())
            .ok_or("is not a duration (units are w, d, h, m, s, ms)")?;
        total = number
            .parse::<u64>()
            .ok()
            .and_then(|n| n.checked_mul(*factor)?.checked_add(total))
            .ok_or(TOO_LONG)?;
        rest = behind;
    }
    match Duration::from_millis(total) {
        _ if text.is_empty() => Err("is not a duration"),
        long if long > LONGEST => Err(TOO_LONG),
        duration => Ok(duration),
    }
}

/// A span of time as [`parse`] reads it (`30d`, `1h30m`), in seconds.
pub(crate) fn seconds(text: &str) -> Option<i64> {
    let duration = parse(text).ok()?;
    i64::try_from(duration.as_secs()).ok()
}

const TOO_LONG: &str = "is longer than a hundred years";

fn split(text: &str, belongs: impl Fn(&u8) -> bool) -> (&str, &str) {
    text.split_at(text.bytes().take_while(belongs).count())
}

/// The shortest spelling that [`parse`] reads back; below milliseconds is cut.
pub(crate) fn shown(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    for (unit, factor) in UNITS {
        if rest >= factor {
            text += &format!("{}{unit}", rest / factor);
            rest %= factor;
        }
    }
    if text.is_empty() { "0s".into() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_shown_again() {
        for (text, millis) in [
            ("0s", 0),
            ("10s", 10_000),
            ("1m30s", 90_000),
            ("500ms", 500),
            ("1d", 86_400_000),
            ("2w3d", 17 * 86_400_000),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
            assert_eq!(shown(Duration::from_millis(millis)), text);
        }
        assert_eq!(parse("90s"), parse("1m30s"));
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for bad in [
            "", "s", "1", "1y", "1M", "1 s", "1.5h", "-1s", "10sec", "10s ", "1s1", "ü", "1ü",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        for long in ["99999999999999999999s", "9999999999999w", "5300w"] {
            assert_eq!(parse(long), Err(TOO_LONG));
        }
    }
}
