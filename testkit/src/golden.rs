//! What the program says, whole, against a file of the repository: a change of it is seen in a diff, and meant.

use std::collections::HashMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Lines that are shown of a difference, from the first on.
const SHOWN: usize = 10;

/// Holds `text` to the file; with UPDATE=1 in the environment, the file is written.
#[track_caller]
pub fn assert_golden(file: &Path, text: &str) {
    let kept = fs::read_to_string(file).unwrap_or_default();
    if kept == text {
        return;
    }
    if std::env::var_os("UPDATE").is_some() {
        return fs::write(file, text).expect("a file of ours");
    }
    let (file, difference) = (file.display(), difference(&kept, text));
    panic!(
        "{file}: another text than is kept there; if it is meant, run again with UPDATE=1\n{difference}"
    );
}

/// The first lines that differ, `-` as they are kept, `+` as they are now.
fn difference(kept: &str, text: &str) -> String {
    let (kept, text): (Vec<_>, Vec<_>) = (kept.lines().collect(), text.lines().collect());
    let same = kept.iter().zip(&text).take_while(|(a, b)| a == b).count();
    let mut shown = format!("from line {} on:\n", same + 1);
    for (sign, lines) in [('-', kept), ('+', text)] {
        for line in lines.iter().skip(same).take(SHOWN) {
            let _ = writeln!(shown, "{sign} {line}");
        }
    }
    shown
}

/// The text with each long hexadecimal number (fingerprints, serial numbers: 32 digits and more, perhaps with colons)
/// replaced by a name, which it has everywhere in the text.
pub fn without_hex(text: &str) -> String {
    let mut names = HashMap::new();
    let is_digit = |c: char| c.is_ascii_hexdigit() || c == ':';
    replaced(text, is_digit, |run| {
        let digits: String = run.chars().filter(|c| *c != ':').collect();
        if digits.len() < 32 {
            return None;
        }
        let next = names.len() + 1;
        let name = names.entry(digits.to_lowercase()).or_insert(next);
        Some(format!("<hex no. {name}>"))
    })
}

/// The text with these numbers replaced wherever they stand as such.
pub fn without_numbers(text: &str, numbers: &[(String, &str)]) -> String {
    replaced(
        text,
        |c| c.is_ascii_digit(),
        |run| {
            let found = numbers.iter().find(|(number, _)| number == run);
            found.map(|(_, shown)| (*shown).to_owned())
        },
    )
}

/// The text with the figure behind each of these words replaced by dots.
pub fn without_figures(text: &str, words: &[&str]) -> String {
    let mut out = text.to_owned();
    for word in words {
        let mut parts = out.split(word);
        let mut kept = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let rest = part.trim_start_matches(|c: char| c.is_ascii_digit() || ".e-".contains(c));
            let dots = if rest.len() < part.len() { "…" } else { "" };
            kept += &format!("{word}{dots}{rest}");
        }
        out = kept;
    }
    out
}

/// The text with runs of such characters replaced by what `shown` makes of them.
fn replaced(
    text: &str,
    belongs: impl Fn(char) -> bool,
    mut shown: impl FnMut(&str) -> Option<String>,
) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while !rest.is_empty() {
        let end = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        out += &shown(run).unwrap_or_else(|| run.to_owned());
        let other = after.find(&belongs).unwrap_or(after.len());
        out += &after[..other];
        rest = &after[other..];
    }
    out
}
