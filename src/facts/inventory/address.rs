//! Text that may hold mail addresses to text that holds none.

use std::borrow::Cow;

/// What stands for a word with an `@`.
const MASK: &str = "***";

/// The text with `***` for every word that holds an `@`; a local part in quotes may have blanks.
pub fn without_addresses(text: &str) -> Cow<'_, str> {
    if !text.contains(is_at) {
        return Cow::Borrowed(text);
    }
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(is_at) {
        let begin = word_before(&rest[..at]);
        let behind = &rest[at..];
        let end = behind.find(char::is_whitespace).unwrap_or(behind.len());
        masked += &rest[..begin];
        masked += MASK;
        rest = &behind[end..];
    }
    masked += rest;
    Cow::Owned(masked)
}

/// As it is, and as it is written where letters are wide or small.
fn is_at(c: char) -> bool {
    matches!(c, '@' | '\u{ff20}' | '\u{fe6b}')
}

/// Where the word begins that ends here; with the quoted text that it may end with.
fn word_before(text: &str) -> usize {
    let quoted = text.strip_suffix('"').and_then(|text| text.rfind('"'));
    let text = &text[..quoted.unwrap_or(text.len())];
    let blank = |(at, c): (usize, char)| c.is_whitespace().then(|| at + c.len_utf8());
    text.char_indices().rev().find_map(blank).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_is_left() {
        for (text, masked) in [
            ("454 4.7.5 not found.", "454 4.7.5 not found."),
            ("to <bear@bear.test>: no", "to *** no"),
            ("a@b\nc@d", "***\n***"),
            ("\"a b\"@bear.test was here", "*** was here"),
            ("x\"a\"@b @ c@", "*** *** ***"),
            ("bear＠bear.test", "***"),
            ("ä@ü ö", "*** ö"),
            ("@", "***"),
            ("\"@\"", "***"),
        ] {
            assert_eq!(without_addresses(text), masked, "{text}");
            assert_eq!(without_addresses(masked), masked, "twice");
        }
    }
}
