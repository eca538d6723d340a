//! Words of the file to words of a message: quoted, cut, listed, and the one that was meant; knows no YAML.

use super::secret::masked_url;
use crate::plain::plain;

/// Characters of a value that a message repeats.
pub(crate) const SHOWN: usize = 80;

/// A value from the file as messages repeat it: quoted, cut, on one line, without secrets.
pub(crate) fn shown(text: &str) -> String {
    format!("'{}'", plain(&masked_url(text), SHOWN))
}

/// `a, b or c`.
pub(crate) fn one_of(words: &[&str]) -> String {
    match words {
        [] => "nothing".into(),
        [word] => (*word).into(),
        [words @ .., last] => format!("{} or {last}", words.join(", ")),
    }
}

/// ` (did you mean x?)` when a known word is at most two slips away, else nothing.
pub(crate) fn near(word: &str, known: &[&str]) -> String {
    let slips = |known: &&str| if known.len() < 5 { 1 } else { 2 };
    known
        .iter()
        .map(|known| (distance(word, known), known))
        .filter(|(distance, known)| *distance <= slips(known))
        .min()
        .map_or_else(String::new, |(_, known)| {
            format!(" (did you mean {known}?)")
        })
}

/// Characters to insert, delete, replace or swap with their neighbour to turn `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    if a.len().abs_diff(b.len()) > 8 {
        return usize::MAX;
    }
    let (a, b): (Vec<_>, Vec<_>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<_>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_counted() {
        for (a, b, slips) in [
            ("timeout", "timeout", 0),
            ("tiemout", "timeout", 1),
            ("tiemotu", "timeout", 2),
            ("", "ab", 2),
            ("hosts", "host", 1),
            ("prübe", "probe", 1),
        ] {
            assert_eq!(distance(a, b), slips, "{a} {b}");
            assert_eq!(distance(b, a), slips, "{b} {a}");
        }
    }

    #[test]
    fn only_close_words_are_proposed() {
        let known = ["mx", "host", "timeout"];
        assert_eq!(near("hots", &["hosts", "host"]), " (did you mean host?)");
        assert_eq!(near("timout", &known), " (did you mean timeout?)");
        assert_eq!(near("ab", &known), "");
        assert_eq!(near(&"x".repeat(1 << 20), &known), "");
    }

    #[test]
    fn words_are_listed() {
        assert_eq!(one_of(&["a", "b", "c"]), "a, b or c");
        assert_eq!(one_of(&["a"]), "a");
    }
}
