//! What is wrong with a text that was published, and where.

use std::fmt;

/// The first thing that makes a published text unusable, or a remark about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextMistake {
    /// Line of a text of several lines, or field of a record; the first is 1. `None` of the whole.
    pub place: Option<TextPlace>,
    /// What is there and what was expected; may quote the text, so it must be escaped wherever it is shown.
    pub what: Box<str>,
}

/// Where something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextPlace {
    /// In this line.
    Line(usize),
    /// In this field, those of a record being parted by semicolons.
    Field(usize),
}

/// Most characters of a stranger's text that a mistake quotes.
const QUOTED: usize = 64;

impl TextMistake {
    pub(super) fn whole(what: impl Into<Box<str>>) -> Self {
        let what = what.into();
        Self { place: None, what }
    }

    pub(super) fn line(line: usize, what: impl Into<Box<str>>) -> Self {
        Self {
            place: Some(TextPlace::Line(line)),
            what: what.into(),
        }
    }

    pub(super) fn field(field: usize, what: impl Into<Box<str>>) -> Self {
        Self {
            place: Some(TextPlace::Field(field)),
            what: what.into(),
        }
    }
}

/// `line 3: 'mode: Enforce' is none of enforce, testing, none`
impl fmt::Display for TextMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some(TextPlace::Line(line)) => write!(f, "line {line}: {}", self.what),
            Some(TextPlace::Field(field)) => write!(f, "field {field}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

/// A stranger's text, cut, for a mistake.
pub(super) fn cut(text: &[u8]) -> String {
    // A character has at most four bytes.
    let begin = &text[..text.len().min(4 * QUOTED)];
    let begin = String::from_utf8_lossy(begin);
    match begin.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", &begin[..end]),
        None => begin.into_owned(),
    }
}
