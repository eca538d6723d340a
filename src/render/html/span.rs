//! Spans of time as people tell them.

use crate::timestamp::Timestamp;

/// How long ago, in the largest unit that says enough.
pub(super) fn ago(then: Timestamp, now: Timestamp) -> String {
    let seconds = now.seconds_since(then).max(0);
    let (count, unit) = match seconds {
        0..120 => (seconds, "s"),
        120..7200 => (seconds / 60, "min"),
        7200..172_800 => (seconds / 3600, "h"),
        _ => (seconds / 86_400, "days"),
    };
    format!("{count} {unit} ago")
}

/// `88 days`, `5 hours`, `expired 6 days ago`.
pub(super) fn left(seconds: i64) -> String {
    let span = |seconds: i64| match seconds {
        ..172_800 => format!("{} hours", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    };
    if seconds < 0 {
        format!("expired {} ago", span(seconds.saturating_neg()))
    } else {
        span(seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_people_do() {
        let now = Timestamp(1_000_000);
        for (seconds, text) in [
            (0, "0 s ago"),
            (119, "119 s ago"),
            (180, "3 min ago"),
            (7200, "2 h ago"),
            (-5, "0 s ago"),
            (200_000, "2 days ago"),
        ] {
            assert_eq!(ago(now.plus_seconds(-seconds), now), text);
        }
        assert_eq!(left(88 * 86_400), "88 days");
        assert_eq!(left(5 * 3600), "5 hours");
        assert_eq!(left(-6 * 86_400), "expired 6 days ago");
        assert!(left(i64::MIN).starts_with("expired"));
    }
}
