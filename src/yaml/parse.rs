//! The bytes of a YAML file to a tree, or to what is wrong with them and where; knows no settings.

use super::position::{KeyPath, Position, find, locate};
use super::tree::{self, DUPLICATE, Node, Rejection, TOO_HEAVY};
use crate::plain::plain;

/// Values of a file at most: `serde_yaml` keeps some 150 bytes for each before it hands on the first.
const MAX_VALUES: usize = 4_000_000;

/// Brackets open at once before the text is handed on: libyaml takes quadratic time for nested `{a: {a: …`.
const MAX_OPEN_BRACKETS: usize = 1000;

/// Why a text is no document that settings could be read from.
#[derive(Debug)]
pub(crate) struct YamlFault {
    pub(crate) position: Option<Position>,
    pub(crate) path: KeyPath,
    pub(crate) message: String,
}

impl YamlFault {
    fn at(position: Position, message: impl Into<String>) -> Self {
        Self {
            position: Some(position),
            path: KeyPath::default(),
            message: message.into(),
        }
    }
}

/// The text of a file: UTF-8, with or without a byte order mark.
pub(crate) fn decode(bytes: &[u8]) -> Result<&str, YamlFault> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        let why = "UTF-16, expected UTF-8 (PowerShell: Out-File -Encoding utf8)";
        return Err(YamlFault::at(Position::after(""), why));
    }
    std::str::from_utf8(bytes).map_err(|e| {
        let good = String::from_utf8_lossy(&bytes[..e.valid_up_to()]);
        YamlFault::at(Position::after(&good), "not UTF-8, expected text")
    })
}

/// Reads one document; an empty one is null.
pub(crate) fn parse(text: &str) -> Result<Node, YamlFault> {
    refuse_unreadable(text)?;
    refuse_odd_indentation(text)?;
    tree::grow(text).map_err(|refusal| explain(text, refusal))
}

/// What libyaml refuses without saying where, or only after a very long time.
fn refuse_unreadable(text: &str) -> Result<(), YamlFault> {
    let (mut open, mut values) = (0_usize, 0_usize);
    for (at, c) in text.char_indices() {
        match c {
            '[' | '{' => open += 1,
            ']' | '}' => open = open.saturating_sub(1),
            _ => {}
        }
        // Before each value but the first stands one of these.
        values += usize::from("[{:,-?\n".contains(c));
        let message = if values > MAX_VALUES {
            format!("more than {MAX_VALUES} values, expected fewer")
        } else if open > MAX_OPEN_BRACKETS {
            TOO_DEEP.to_owned()
        } else if is_unreadable(c) {
            format!(
                "the control character {}, expected text",
                c.escape_unicode()
            )
        } else {
            continue;
        };
        return Err(YamlFault::at(Position::after(&text[..at]), message));
    }
    Ok(())
}

/// Blanks that are none for YAML come along when text is copied from a page or a word processor.
fn refuse_odd_indentation(text: &str) -> Result<(), YamlFault> {
    let mut before = 0;
    for line in text.split_inclusive('\n') {
        let blanks = line.len() - line.trim_start().len();
        let odd = line[..blanks].find(|c: char| !c.is_ascii());
        if let Some(odd) = odd {
            let at = Position::after(&text[..before + odd]);
            return Err(YamlFault::at(
                at,
                "a no-break or wide space, expected plain spaces",
            ));
        }
        before += line.len();
    }
    Ok(())
}

/// Outside YAML's printable set (YAML 1.2 §5.1).
fn is_unreadable(c: char) -> bool {
    let control = c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}');
    control || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

const TOO_DEEP: &str = "lists and maps nested too deeply";

/// What libyaml says for a slip, and what to look for.
const HINTS: [(&str, &str); 7] = [
    (
        "unknown escape character",
        "a backslash in double quotes begins an escape, expected single quotes",
    ),
    (
        "mapping values are not allowed",
        "check the indentation, and quote values that contain ': '",
    ),
    (
        "did not find expected key",
        "check the indentation and the quotes",
    ),
    (
        "did not find expected '-' indicator",
        "check the indentation",
    ),
    (
        "could not find expected ':'",
        "expected 'key: value' in the line before",
    ),
    (
        "character that cannot start any token",
        "indent by spaces, not tabs, and quote values that start with @, ` or %",
    ),
    ("unknown anchor", "no &name before this *name"),
];

fn explain(text: &str, refusal: Rejection) -> YamlFault {
    let position = refusal.error.location().map(|at| Position {
        line: at.line(),
        column: at.column(),
    });
    if let Some((path, message)) = refusal.reason {
        let message = match locate(text, &path) {
            Some(first) if message == DUPLICATE => {
                format!("{message} (also in line {})", first.line)
            }
            _ => message,
        };
        return YamlFault {
            position,
            path,
            message,
        };
    }
    let said = refusal.error.to_string();
    let (position, message) = if said.starts_with("deserializing from YAML containing more than") {
        let message = "a second document starts here, expected only one";
        (second_document(text), message.to_owned())
    } else {
        (position, syntax_message(&said, position))
    };
    YamlFault {
        position,
        path: KeyPath::default(),
        message,
    }
}

fn syntax_message(said: &str, position: Option<Position>) -> String {
    if said.starts_with("recursion limit") {
        return TOO_DEEP.into();
    }
    if said.starts_with("repetition limit") {
        return TOO_HEAVY.into();
    }
    let place = position.map_or_else(String::new, |at| {
        format!(" at line {} column {}", at.line, at.column)
    });
    let said = said.replacen(&place, "", 1);
    let hint = HINTS.iter().find(|(phrase, _)| said.contains(phrase));
    let hint = hint.map(|(_, hint)| format!(" ({hint})"));
    format!("no YAML: {}{}", plain(&said, 200), hint.unwrap_or_default())
}

fn second_document(text: &str) -> Option<Position> {
    let document = serde_yaml::Deserializer::from_str(text).nth(1)?;
    find(document, &[])
}
