//! Words to lines.

/// In lines of at most `width` bytes, unless a word is longer. What is within `{{ }}` stays together.
pub(crate) fn wrapped(text: &str, width: usize) -> String {
    let mut lines = vec![String::new()];
    for word in words(text) {
        let last = lines.last_mut().expect("at least one");
        if last.is_empty() {
            *last = word;
        } else if last.len() + 1 + word.len() > width {
            lines.push(word);
        } else {
            *last += &format!(" {word}");
        }
    }
    lines.join("\n")
}

fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut is_open = false;
    for word in text.split(' ') {
        match words.last_mut().filter(|_| is_open) {
            Some(last) => *last += &format!(" {word}"),
            None => words.push(word.to_owned()),
        }
        is_open = match (word.rfind("{{"), word.rfind("}}")) {
            (Some(open), close) => close.is_none_or(|close| close < open),
            (None, Some(_)) => false,
            (None, None) => is_open,
        };
    }
    words
}
