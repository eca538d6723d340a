//! Text that may hold mail addresses to the same text without them.

use crate::facts::inventory::without_addresses;

/// At most `most` characters of `text`, on one line; whatever holds an `@` is masked.
pub(super) fn masked(text: &str, most: usize) -> String {
    let is_simple = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'@';
    if text.len() <= most && text.bytes().all(is_simple) && !text.contains("  ") {
        return text.trim().to_owned();
    }
    let text = without_addresses(text);
    let words: Vec<_> = text.split_whitespace().collect();
    let line = words.join(" ");
    line.chars()
        .filter(|c| !c.is_control())
        .take(most)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn no_address_stays() {
        for (text, expected) in [
            ("no address", "no address"),
            (
                " 450 4.2.0 <bear@bears.test>: greylisted",
                "450 4.2.0 *** greylisted",
            ),
            ("two\n lines\tof ä@ö\u{1b}", "two lines of ***"),
            ("", ""),
        ] {
            assert_eq!(masked(text, 100), expected, "{text}");
        }
        assert_eq!(masked("grüße an alle", 3), "grü");
    }
}
