//! Times as collectors write them to moments.

use std::ops::RangeInclusive;

use crate::timestamp::Timestamp;

/// From the year 1 to 9999, as a DateTime of .NET.
const YEARS: RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// RFC 3339, or what Windows PowerShell makes of a DateTime: `/Date(1686123000000)/`, milliseconds in UTC.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    match text.strip_prefix("/Date(") {
        Some(rest) => of_milliseconds(rest.strip_suffix(")/")?),
        None => of_rfc_3339(text),
    }
}

/// A zone behind the number says only how it was shown.
fn of_milliseconds(text: &str) -> Option<Timestamp> {
    let zone = text
        .get(1..)?
        .find(['+', '-'])
        .map_or(text.len(), |at| at + 1);
    let milliseconds: i64 = text.get(..zone)?.parse().ok()?;
    let seconds = milliseconds.div_euclid(1000);
    YEARS.contains(&seconds).then_some(Timestamp(seconds))
}

/// Parts of a second are left out.
fn of_rfc_3339(text: &str) -> Option<Timestamp> {
    let (day, rest) = text.split_at_checked(10)?;
    let (time, rest) = rest.strip_prefix(['T', 't', ' '])?.split_at_checked(8)?;
    let year = digits(day.get(..4)?)?;
    let moment = Timestamp::of_utc(
        i32::try_from(year).ok()?,
        [pair(day, 5, 4, '-')?, pair(day, 8, 7, '-')?],
        [
            two(time.get(..2)?)?,
            pair(time, 3, 2, ':')?,
            pair(time, 6, 5, ':')?,
        ],
    )?;
    let moment = moment.plus_seconds(-offset(without_fraction(rest)?)?);
    YEARS.contains(&moment.0).then_some(moment)
}

fn digits(text: &str) -> Option<u32> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

fn two(text: &str) -> Option<u8> {
    u8::try_from(digits(text)?).ok()
}

/// The two digits at this place, behind a mark.
fn pair(text: &str, at: usize, mark_at: usize, mark: char) -> Option<u8> {
    text.get(mark_at..)?.strip_prefix(mark)?;
    two(text.get(at..at + 2)?)
}

fn without_fraction(text: &str) -> Option<&str> {
    let Some(fraction) = text.strip_prefix('.') else {
        return Some(text);
    };
    let rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    (rest.len() < fraction.len()).then_some(rest)
}

/// Seconds to the east of Greenwich.
fn offset(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = match zone.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let (hours, minutes) = (two(zone.get(1..3)?)?, pair(zone, 4, 3, ':')?);
    let is_whole = zone.len() == 6 && hours < 24 && minutes < 60;
    is_whole.then(|| sign * (i64::from(hours) * 3600 + i64::from(minutes) * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_to_the_second_or_not_at_all() {
        for (text, shown) in [
            ("2023-06-07T07:30:00Z", Some("2023-06-07T07:30:00Z")),
            ("2023-06-07t07:30:00.1234567z", Some("2023-06-07T07:30:00Z")),
            ("2023-06-07 07:30:00+02:00", Some("2023-06-07T05:30:00Z")),
            ("2023-06-07T07:30:00-05:30", Some("2023-06-07T13:00:00Z")),
            ("9999-12-31T23:59:59Z", Some("9999-12-31T23:59:59Z")),
            ("9999-12-31T23:59:59-01:00", None),
            ("0000-12-31T00:00:00Z", None),
            ("0001-01-01T00:00:00Z", Some("0001-01-01T00:00:00Z")),
            ("/Date(1686123000000)/", Some("2023-06-07T07:30:00Z")),
            ("/Date(1686123000999+0200)/", Some("2023-06-07T07:30:00Z")),
            ("/Date(-62135596800000)/", Some("0001-01-01T00:00:00Z")),
            ("/Date(-1)/", Some("1969-12-31T23:59:59Z")),
            ("/Date(99999999999999999)/", None),
            ("/Date()/", None),
            ("/Date(1", None),
            ("", None),
            ("2023-06-07", None),
            ("2023-06-07T07:30:00", None),
            ("2023-06-07T07:30:00.Z", None),
            ("2023-06-07T07.30.00Z", None),
            ("2023-13-07T07:30:00Z", None),
            ("2023-06-07T24:30:00Z", None),
            ("2023-06-07T07:30:00+0200", None),
            ("2023-06-07T07:30:00+24:00", None),
            ("+023-06-07T07:30:00Z", None),
            ("07/06/2023 07:30:00", None),
            ("ä023-06-07T07:30:00Z", None),
            ("2023-06-07T07:30:00ää", None),
        ] {
            let read = moment(text).map(|moment| moment.to_string());
            assert_eq!(read.as_deref(), shown, "{text}");
        }
    }
}
