//! The query part of a URI to its parameters; knows none by name.

/// The parameters in their order, decoded as forms send them (`+` is a blank, `%41` is A).
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Query(Vec<(String, String)>);

/// More parameters than any page has are left unread.
const MAX_PARAMETERS: usize = 50;

impl Query {
    pub(super) fn parse(text: Option<&str>) -> Self {
        let pairs = text.unwrap_or_default().split('&');
        let pairs = pairs.filter(|pair| !pair.is_empty()).take(MAX_PARAMETERS);
        Self(
            pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(key, value)| (decoded(key, true), decoded(value, true)))
                .collect(),
        )
    }

    /// The first value of a parameter; what is empty counts as left out.
    pub(super) fn first(&self, name: &str) -> Option<&str> {
        let mut named = self.0.iter().filter(|(key, _)| key == name);
        named
            .next()
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }
}

/// Percent-decodes; what is no UTF-8 becomes the replacement character.
pub(super) fn decoded(text: &str, is_form: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = |nth: usize| char::from(*bytes.get(nth)?).to_digit(16);
        let code = (*byte == b'%').then(|| Some(hex(at + 1)? * 16 + hex(at + 2)?));
        match code.flatten().and_then(|code| u8::try_from(code).ok()) {
            Some(code) => {
                out.push(code);
                at += 2;
            }
            None if *byte == b'+' && is_form => out.push(b' '),
            None => out.push(*byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded() {
        let query = Query::parse(Some(
            "target=mx%2Ebears.test%3a25&a+b=1+2&target=2&empty=&flag",
        ));
        assert_eq!(query.first("target"), Some("mx.bears.test:25"));
        assert_eq!(query.first("a b"), Some("1 2"));
        assert_eq!(query.first("empty"), None);
        assert_eq!(query.first("flag"), None);
        assert_eq!(Query::parse(None), Query::default());
    }

    #[test]
    fn broken_codes_stay_as_they_are() {
        for (text, plain) in [
            ("%", "%"),
            ("%4", "%4"),
            ("%zz", "%zz"),
            ("%ff", "\u{fffd}"),
            ("%%41", "%A"),
            ("ü%41", "üA"),
            ("a+b", "a+b"),
        ] {
            assert_eq!(decoded(text, false), plain);
        }
    }
}
