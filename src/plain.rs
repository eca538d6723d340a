//! Text that strangers wrote to text that is safe on one line of a terminal, a log or a message.

use std::borrow::Cow;
use std::fmt::Write;

use icu_properties::props::{BidiControl, DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};

/// At most `width` characters of `text`; what is hidden is escaped, as `\n` or `\u{202e}`.
pub fn plain(text: &str, width: usize) -> String {
    let mut line = String::with_capacity(text.len().min(width));
    for (nth, c) in text.chars().enumerate() {
        if nth == width {
            line.push('…');
            break;
        }
        if is_hidden(c) {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

/// The whole of a text of several lines that may be quoted as in JSON: there what is hidden is `\u202e`, and means the
/// same as before.
pub fn quoted(text: &str) -> Cow<'_, str> {
    let is_line_end = |c: char| c == '\n';
    if !text.contains(|c| is_hidden(c) && !is_line_end(c)) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_line_end(c) || !is_hidden(c) {
            shown.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a String cannot fail.
            let _ = write!(shown, "\\u{unit:04x}");
        }
    }
    Cow::Owned(shown)
}

/// Whether a character is not seen as what it is: it breaks a line, steers a terminal, turns the direction of writing,
/// joins or varies others, is not seen at all or looks like a blank, or has no agreed shape. Letters, marks, digits and
/// signs of every script are not hidden.
pub fn is_hidden(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    let is_of_no_shape = matches!(
        CodePointMapData::<GeneralCategory>::new().get(c),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
            | GeneralCategory::PrivateUse
            | GeneralCategory::SpaceSeparator
            | GeneralCategory::Surrogate
            | GeneralCategory::Unassigned
    );
    is_of_no_shape
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
        || CodePointSetData::new::<BidiControl>().contains(c)
        || c == BLANK
}

/// The Braille pattern without dots, a symbol by its category.
const BLANK: char = '\u{2800}';

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_a_line_or_a_terminal() {
        assert_eq!(plain("a\n\u{1b}[31mb", 80), r"a\n\u{1b}[31mb");
        assert_eq!(plain("safe\u{202e}", 80), r"safe\u{202e}");
        assert_eq!(plain("grüße", 3), "grü…");
    }

    #[test]
    fn whatever_is_not_seen_is_escaped() {
        let ranges = [
            (0, 0x1f),
            (0x7f, 0xa0),
            (0xad, 0xad),
            (0x34f, 0x34f),
            (0x61c, 0x61c),
            (0x115f, 0x1160),
            (0x17b4, 0x17b5),
            (0x180b, 0x180f),
            (0x2000, 0x200f),
            (0x2028, 0x202f),
            (0x205f, 0x206f),
            (0x2800, 0x2800),
            (0x3164, 0x3164),
            (0xe000, 0xf8ff),
            (0xfdd0, 0xfdef),
            (0xfe00, 0xfe0f),
            (0xfeff, 0xfeff),
            (0xffa0, 0xffa0),
            (0xfff0, 0xfffb),
            (0xfffe, 0xffff),
            (0x1_bca0, 0x1_bca3),
            (0x1_d173, 0x1_d17a),
            (0x1_fffe, 0x1_ffff),
            (0xe_0000, 0xe_0fff),
            (0xf_0000, 0x10_ffff),
        ];
        for c in ranges.iter().flat_map(|(from, to)| *from..=*to) {
            let c = char::from_u32(c).unwrap();
            assert!(is_hidden(c), "{c:?}");
            assert!(plain(&c.to_string(), 9).is_ascii(), "{c:?}");
            assert!(c == '\n' || quoted(&c.to_string()).is_ascii(), "{c:?}");
        }
    }

    #[test]
    fn letters_of_every_script_stay_readable() {
        let texts = "grüße Ελλάδα Привет ქართული հայերեն עברית العربية فارسی हिन्दी தமிழ் ไทย မြန်မာ \
                     ភាសាខ្មែរ አማርኛ 日本語「株式会社」 中文 한국어 𠮷野家 ₿ € ½ → ✓ 🐻 e\u{301}";
        assert_eq!(plain(texts, 500), texts);
        assert!(matches!(quoted(texts), Cow::Borrowed(_)));
    }

    #[test]
    fn what_is_quoted_means_the_same_in_json() {
        let json = "{\n  \"a\": \"b\u{202e}\u{7f}\u{e0041}ü\"\n}\n";
        let shown = quoted(json);
        assert_eq!(shown, "{\n  \"a\": \"b\\u202e\\u007f\\udb40\\udc41ü\"\n}\n");
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(read(&shown), read(json));
    }
}
