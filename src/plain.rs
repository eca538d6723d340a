//! Text that strangers wrote to text that is safe on one line of a terminal, a log or a message.

/// At most `width` characters of `text`; what would break the line, steer a terminal, hide, or turn the direction of
/// writing is escaped.
pub fn plain(text: &str, width: usize) -> String {
    let mut line = String::with_capacity(text.len().min(width));
    for (nth, c) in text.chars().enumerate() {
        if nth == width {
            line.push('…');
            break;
        }
        if c.is_control() || is_invisible(c) {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn nothing_breaks_a_line_or_a_terminal() {
        assert_eq!(plain("a\n\u{1b}[31mb", 80), r"a\n\u{1b}[31mb");
        assert_eq!(plain("safe\u{202e}", 80), r"safe\u{202e}");
        assert_eq!(plain("grüße", 3), "grü…");
    }
}
