//! The dates of a certificate to moments and how they are written, forms that clients refuse included; judges nothing.
//!
//! The X.509 parser reads some of these forms, and calls a certificate with another one unreadable: so the dates are
//! read here, and it is given plain ones instead.

use x509_parser::asn1_rs::Tag;

use super::der;
use crate::timestamp::Timestamp;

/// The two dates of a certificate.
pub(super) struct Validity {
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
    /// Which date is written in a form that RFC 5280 §4.1.2.5 forbids, and how.
    pub(super) odd: Option<String>,
}

/// The dates of a certificate; none when they are no dates at all.
pub(super) fn of_certificate(certificate: &[u8]) -> Option<Validity> {
    let (whole, _) = der::first(certificate)?;
    let (tbs, _) = der::first(whole.content(Tag::Sequence)?)?;
    Validity::of_tbs(tbs.raw)
}

impl Validity {
    fn of_tbs(tbs: &[u8]) -> Option<Self> {
        let fields = der::sequence(tbs)?;
        let dates = der::sequence(fields.get(position(&fields))?.raw)?;
        let [begin, end] = <[_; 2]>::try_from(dates).ok()?;
        let (not_before, not_after) = (Date::read(&begin)?, Date::read(&end)?);
        let odd = [("notBefore", &not_before), ("notAfter", &not_after)]
            .into_iter()
            .find_map(|(name, date)| Some(format!("{name} is written {}", date.odd.as_ref()?)));
        Some(Self {
            not_before: not_before.moment,
            not_after: not_after.moment,
            odd,
        })
    }
}

/// The same certificate with plain dates; none when it is not one, or its dates are none.
pub(super) fn with_plain_dates(certificate: &[u8]) -> Option<Vec<u8>> {
    let (whole, behind) = der::first(certificate)?;
    let (tbs, signature) = der::first(whole.content(Tag::Sequence)?)?;
    Validity::of_tbs(tbs.raw)?;
    let fields = der::sequence(tbs.raw)?;
    let at = position(&fields);
    let date = der::encode(0x17, b"000101000000Z");
    let plain = der::encode(0x30, &[date.as_slice(), &date].concat());
    let fields = fields.iter().enumerate();
    let fields: Vec<&[u8]> = fields
        .map(|(i, field)| if i == at { &plain } else { field.raw })
        .collect();
    let tbs = der::encode(0x30, &fields.concat());
    let whole = der::encode(0x30, &[&tbs, signature].concat());
    Some([&whole, behind].concat())
}

/// Where the dates stand: version 1 leaves its number out (RFC 5280 §4.1).
fn position(fields: &[der::Element<'_>]) -> usize {
    let has_version = fields
        .first()
        .is_some_and(|field| field.tagged(0).is_some());
    3 + usize::from(has_version)
}

/// Most bytes of a date that are shown: a fraction may have thousands.
const MAX_SHOWN: usize = 40;

struct Date {
    moment: Timestamp,
    /// The text, unless it is as RFC 5280 §4.1.2.5.1 and .2 want it: to the second, in UTC, `Z`.
    odd: Option<String>,
}

impl Date {
    /// What X.680 §46 and §47 allow, with no zone for UTC.
    fn read(date: &der::Element<'_>) -> Option<Self> {
        let (text, year_digits) = match (
            date.content(Tag::UtcTime),
            date.content(Tag::GeneralizedTime),
        ) {
            (Some(text), _) => (text, 2),
            (_, Some(text)) => (text, 4),
            (None, None) => return None,
        };
        let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (clock, rest) = text.split_at(digits);
        let moment = moment(clock, year_digits)?;
        let zone = seconds_east(fraction(rest)?)?;
        let is_plain = digits == year_digits + 10 && rest == b"Z";
        Some(Self {
            moment: moment.plus_seconds(-zone),
            odd: (!is_plain).then(|| {
                format!(
                    "'{}'",
                    String::from_utf8_lossy(&text[..text.len().min(MAX_SHOWN)])
                )
            }),
        })
    }
}

/// The digits, of which minutes and seconds may be missing.
fn moment(digits: &[u8], year_digits: usize) -> Option<Timestamp> {
    let (year, rest) = digits.split_at_checked(year_digits)?;
    let year = match (number(year)?, year_digits) {
        (year @ 50.., 2) => 1900 + year,
        (year, 2) => 2000 + year,
        (year, _) => year,
    };
    let (pairs, odd) = rest.as_chunks::<2>();
    let pairs: Option<Vec<u8>> = pairs
        .iter()
        .map(|pair| u8::try_from(number(pair)?).ok())
        .collect();
    match (&pairs?[..], odd) {
        ([month, day, hour, clock @ ..], []) if clock.len() <= 2 => {
            let minute = clock.first().copied().unwrap_or(0);
            let second = clock.get(1).copied().unwrap_or(0);
            Timestamp::of_utc(year, [*month, *day], [*hour, minute, second])
        }
        _ => None,
    }
}

fn number(digits: &[u8]) -> Option<i32> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// What stands behind a fraction of a second (or minute, or hour: less than a day's warning matters to nobody).
fn fraction(rest: &[u8]) -> Option<&[u8]> {
    match rest {
        [b'.' | b',', rest @ ..] => {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            (digits > 0).then_some(&rest[digits..])
        }
        _ => Some(rest),
    }
}

fn seconds_east(zone: &[u8]) -> Option<i64> {
    let (sign, offset) = match zone {
        [] | [b'Z'] => return Some(0),
        [b'+', offset @ ..] => (1, offset),
        [b'-', offset @ ..] => (-1, offset),
        _ => return None,
    };
    let is_clock = [2, 4].contains(&offset.len()) && offset.iter().all(u8::is_ascii_digit);
    let (hours, minutes) = is_clock.then(|| offset.split_at(2))?;
    let minutes = if minutes.is_empty() {
        0
    } else {
        number(minutes)?
    };
    Some(sign * i64::from(number(hours)? * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tag: u8, text: &str) -> Option<(String, bool)> {
        let date = der::encode(tag, text.as_bytes());
        let date = Date::read(&der::element(&date)?)?;
        Some((date.moment.to_string(), date.odd.is_some()))
    }

    #[test]
    fn plain_dates_are_plain() {
        for (tag, text, moment) in [
            (0x17, "261128010203Z", "2026-11-28T01:02:03Z"),
            (0x17, "500101000000Z", "1950-01-01T00:00:00Z"),
            (0x17, "491231235959Z", "2049-12-31T23:59:59Z"),
            (0x18, "20500101000000Z", "2050-01-01T00:00:00Z"),
            (0x18, "99991231235959Z", "9999-12-31T23:59:59Z"),
            // RFC 5280 §4.1.2.5 wants UTCTime here, but no client minds.
            (0x18, "20261128010203Z", "2026-11-28T01:02:03Z"),
        ] {
            assert_eq!(read(tag, text), Some((moment.into(), false)), "{text}");
        }
    }

    #[test]
    fn what_clients_refuse_is_read_all_the_same() {
        for (tag, text, moment) in [
            (0x17, "2611280102Z", "2026-11-28T01:02:00Z"),
            (0x17, "2611280102+0100", "2026-11-28T00:02:00Z"),
            (0x17, "261128010203-0130", "2026-11-28T02:32:03Z"),
            (0x17, "261128010203+0000", "2026-11-28T01:02:03Z"),
            (0x18, "20261128010203.5Z", "2026-11-28T01:02:03Z"),
            (0x18, "20261128010203,123456789Z", "2026-11-28T01:02:03Z"),
            (0x18, "20261128010203+0200", "2026-11-27T23:02:03Z"),
            (0x18, "20261128010203", "2026-11-28T01:02:03Z"),
            (0x18, "2026112801", "2026-11-28T01:00:00Z"),
        ] {
            assert_eq!(read(tag, text), Some((moment.into(), true)), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_not_read() {
        for text in [
            "",
            "Z",
            "26112801020Z",
            "261328010203Z",
            "260230010203Z",
            "261128246060Z",
            "261128010203X",
            "261128010203+1",
            "2611280102034455Z",
            "+61128010203Z",
        ] {
            assert_eq!(read(0x17, text), None, "{text}");
        }
        assert_eq!(read(0x18, "20261128010203.Z"), None);
        assert_eq!(read(0x0c, "261128010203Z"), None);
    }

    #[test]
    fn only_the_dates_are_changed() {
        let ordinary = include_bytes!("../../tests/fixtures/certificates/ordinary.der");
        let plain = with_plain_dates(ordinary).unwrap();
        let spki = |der: &[u8]| super::super::read::read(der).unwrap().spki;
        assert_eq!(spki(&plain), spki(ordinary));
        assert_eq!(with_plain_dates(&plain).as_ref(), Some(&plain));
        assert_eq!(with_plain_dates(b"garbage"), None);
    }
}
