//! The TXT records of `_mta-sts.DOMAIN` to the id of a policy, or to why there is none (RFC 8461 §3.1).

use super::mistake::{TextMistake, cut};

/// Reads the records of the name, each with its strings joined. `Ok(None)`: none of them is an MTA-STS record.
///
/// # Errors
/// How many there are, if several; or what is wrong with the only one.
pub(super) fn read_record<'a>(
    records: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Option<Box<str>>, RecordError> {
    let mut ours = records.into_iter().filter(|text| begins(text, "v=STSv1"));
    let Some(only) = ours.next() else {
        return Ok(None);
    };
    match ours.count() {
        0 => id(only).map(Some).map_err(RecordError::Malformed),
        others => Err(RecordError::Several(1 + others)),
    }
}

/// Why records of a domain mean nothing to senders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RecordError {
    /// So many, where there may be one.
    Several(usize),
    /// The only one is malformed.
    Malformed(TextMistake),
}

/// Whether a record is meant to be of this version: blanks before the semicolon are a mistake of the owner's.
pub(super) fn begins(text: &[u8], version: &str) -> bool {
    let rest = text.strip_prefix(version.as_bytes());
    rest.is_some_and(|rest| trimmed(rest).starts_with(b";"))
}

/// The fields behind the version, with their place in the record, without the empty one that a semicolon at the end makes.
pub(super) fn fields<'a>(
    text: &'a [u8],
    version: &str,
) -> Result<impl Iterator<Item = (usize, &'a [u8])> + use<'a>, TextMistake> {
    let rest = text.strip_prefix(version.as_bytes()).unwrap_or(text);
    let Some(rest) = rest.strip_prefix(b";") else {
        let what = format!("a blank before the semicolon: expected '{version};'");
        return Err(TextMistake::field(1, what));
    };
    let rest = trimmed(rest);
    let rest = rest.strip_suffix(b";").unwrap_or(rest);
    let fields = rest.split(|byte| *byte == b';').enumerate();
    let fields = fields.map(|(nth, field)| (nth + 2, trimmed(field)));
    Ok(fields.filter(move |_| !rest.is_empty()))
}

/// Without the blanks that delimiters may have around them.
fn trimmed(field: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let begin = field.iter().take_while(|byte| blank(byte)).count();
    let end = field[begin..].iter().rev().take_while(|byte| blank(byte));
    &field[begin..field.len() - end.count()]
}

fn id(record: &[u8]) -> Result<Box<str>, TextMistake> {
    let mut id = None;
    for (nth, field) in fields(record, "v=STSv1")? {
        let (name, value) = pair(nth, field)?;
        if name == b"id" && id.is_none() {
            id = Some(read_id(nth, value)?);
        }
    }
    id.ok_or_else(|| {
        TextMistake::whole("no id: expected 'v=STSv1; id=' and 1 to 32 letters or digits")
    })
}

/// `name=value`, both of the characters that extensions may have.
pub(super) fn pair(nth: usize, field: &[u8]) -> Result<(&[u8], &[u8]), TextMistake> {
    if field.is_empty() {
        return Err(TextMistake::field(nth, "empty: expected name=value"));
    }
    let mistake = |what| TextMistake::field(nth, format!("'{}' {what}", cut(field)));
    let at = field.iter().position(|byte| *byte == b'=');
    let at = at.ok_or_else(|| mistake("is not name=value"))?;
    let (name, value) = (&field[..at], &field[at + 1..]);
    if !is_extension_name(name) {
        return Err(mistake(
            "has a name that is not 1 to 32 letters, digits, '_', '-' or '.'",
        ));
    }
    let fits = |byte: &u8| matches!(byte, 0x21..=0x7e) && !matches!(byte, b'=' | b';');
    if value.is_empty() || !value.iter().all(fits) {
        return Err(mistake(
            "has a value that is empty, or with blanks, '=' or other than ASCII inside",
        ));
    }
    Ok((name, value))
}

/// What extensions of records and of policies may be called.
pub(super) fn is_extension_name(name: &[u8]) -> bool {
    let others = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    name.first().is_some_and(u8::is_ascii_alphanumeric)
        && name.len() <= 32
        && name.iter().all(others)
}

fn read_id(nth: usize, value: &[u8]) -> Result<Box<str>, TextMistake> {
    let fits = value.len() <= 32 && value.iter().all(u8::is_ascii_alphanumeric);
    if !fits {
        let what = format!("id '{}' is not 1 to 32 letters or digits", cut(value));
        return Err(TextMistake::field(nth, what));
    }
    Ok(String::from_utf8_lossy(value).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(records: &[&str]) -> Result<Option<Box<str>>, String> {
        let records = records.iter().map(|text| text.as_bytes());
        read_record(records).map_err(|error| match error {
            RecordError::Several(count) => format!("{count} records"),
            RecordError::Malformed(mistake) => mistake.to_string(),
        })
    }

    #[test]
    fn one_record_among_others_has_an_id() {
        for record in [
            "v=STSv1; id=20261128T1;",
            "v=STSv1; id=20261128T1",
            "v=STSv1;id=20261128T1 ; ",
            "v=STSv1;\tid=20261128T1;x-new=a,b:c/d",
            "v=STSv1; a=b; id=20261128T1; id=other",
        ] {
            let others = ["v=spf1 -all", record, "v=STSv2; id=7", "v=STSv10; id=8", ""];
            assert_eq!(read(&others), Ok(Some("20261128T1".into())), "{record}");
        }
        assert_eq!(read(&["v=spf1 -all", "V=STSv1; id=1", "v=STSv1"]), Ok(None));
    }

    #[test]
    fn several_records_are_none() {
        let two = ["v=STSv1; id=1", "v=STSv1; id=1"];
        assert_eq!(read(&two), Err("2 records".into()));
        let with_a_blank = ["v=STSv1; id=1", "v=STSv1 ; id=2"];
        assert_eq!(read(&with_a_blank), Err("2 records".into()));
    }

    #[test]
    fn a_mistake_says_where_and_what_was_expected() {
        for (record, told) in [
            (
                "v=STSv1 ; id=1",
                "field 1: a blank before the semicolon: expected 'v=STSv1;'",
            ),
            (
                "v=STSv1;",
                "no id: expected 'v=STSv1; id=' and 1 to 32 letters or digits",
            ),
            (
                "v=STSv1; a=b",
                "no id: expected 'v=STSv1; id=' and 1 to 32 letters or digits",
            ),
            ("v=STSv1; id=1;; a=b", "field 3: empty: expected name=value"),
            (
                "v=STSv1; id=2026-11-28",
                "field 2: id '2026-11-28' is not 1 to 32 letters or digits",
            ),
            (
                "v=STSv1; id=123456789012345678901234567890123",
                "field 2: id '123456789012345678901234567890123' is not 1 to 32 letters or digits",
            ),
            ("v=STSv1; id", "field 2: 'id' is not name=value"),
            (
                "v=STSv1; id=",
                "field 2: 'id=' has a value that is empty, or with blanks, '=' or other than ASCII inside",
            ),
            (
                "v=STSv1; ID=1; _a=1",
                "field 3: '_a=1' has a name that is not 1 to 32 letters, digits, '_', '-' or '.'",
            ),
        ] {
            assert_eq!(read(&[record]), Err(told.into()), "{record}");
        }
        let ids = ["v=STSv1; id=1\0", "v=STSv1; id=ü", "v=STSv1; id=1 2"];
        for record in ids {
            assert!(read(&[record]).is_err(), "{record}");
        }
    }
}
