//! Text of a file to what of it may be repeated: what looks like a secret is masked, wherever it stands. Knows no YAML.

/// What stands in the place of a secret, as in the other exporters.
pub(super) const SECRET: &str = "<secret>";

/// Whether a text holds what looks like a secret.
pub(crate) fn is_in(text: &str) -> bool {
    masked(text) != text
}

/// The text without what looks like a secret: users and passwords of URLs, keys, hashes of passwords, tokens.
pub(crate) fn masked(text: &str) -> String {
    let begin = text.trim_start().to_ascii_lowercase();
    let is_token = ["bearer ", "basic ", "authorization:"]
        .iter()
        .any(|scheme| begin.starts_with(scheme));
    let is_hash = ["$2a$", "$2b$", "$2x$", "$2y$"]
        .iter()
        .any(|kind| text.contains(kind));
    if is_token || is_hash || begin.contains("-----begin") || begin.contains("private key") {
        return SECRET.to_owned();
    }
    // What follows the last @ is the host (RFC 3986 §3.2), so that no password with an @ in it shows its tail.
    match text.rsplit_once('@') {
        Some((before, host)) => match before.split_once("://") {
            Some((scheme, _)) => format!("{scheme}://{SECRET}@{host}"),
            None if is_login(before) => format!("{SECRET}@{host}"),
            None => text.to_owned(),
        },
        None => text.to_owned(),
    }
}

/// `user:password`; but not `mailto:name`, nor words with a colon between them.
fn is_login(text: &str) -> bool {
    let login = text.split_once(':');
    login.is_some_and(|(user, password)| {
        let is_word = !user.is_empty() && !user.contains(char::is_whitespace);
        is_word && user != "mailto" && !password.starts_with(char::is_whitespace)
    })
}

/// The same for the URL of a resolver, whose path may be an account (RFC 8484 leaves it to the operator).
pub(super) fn masked_url(text: &str) -> String {
    let text = masked(text);
    let Some((scheme, rest)) = text.split_once("://") else {
        return text;
    };
    let (rest, name) = match rest.split_once('#') {
        Some((rest, name)) => (rest, format!("#{name}")),
        None => (rest, String::new()),
    };
    match rest.split_once(['/', '?']) {
        Some((host, path)) if !["", "dns-query"].contains(&path) => {
            format!("{scheme}://{host}/{SECRET}{name}")
        }
        _ => text,
    }
}

/// A line whose words may be such texts.
pub(crate) fn masked_line(line: &str) -> String {
    let is_end = |c: char| c.is_whitespace() || "'\"".contains(c);
    line.split_inclusive(is_end)
        .map(|word| {
            let bare = word.trim_end_matches(is_end);
            masked_url(bare) + &word[bare.len()..]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_secret_is_masked() {
        for text in [
            "socks5://user:hunter2@gate.test:1080",
            "http://hunter2@gate.test",
            "http://us@er:hun@hunter2@gate.test",
            "http://user:a b'hunter2@gate.test",
            "user:hunter2@gate.test:1080",
            "-----BEGIN PRIVATE KEY-----hunter2",
            "Bearer hunter2",
            "basic hunter2",
            "$2y$10$hunter2",
        ] {
            assert!(is_in(text) && !masked(text).contains("hunter2"), "{text}");
            let line = format!("x: '{text}', expected y");
            let is_one_word = !text.contains([' ', '\'']);
            assert!(
                !is_one_word || !masked_line(&line).contains("hunter2"),
                "{line}"
            );
        }
        for url in [
            "https://dns.test/hunter2",
            "https://u:hunter2@dns.test/hunter2?hunter2#dns.test",
        ] {
            assert!(!masked_url(url).contains("hunter2"), "{url}");
        }
    }

    #[test]
    fn what_is_none_stays() {
        for text in [
            "mail.bears.test:25",
            "E=ca@bears.test, CN=Bear: a CA",
            "mailto:ca@bears.test",
            "https://dns.test/dns-query#dns.test",
            "tls://[2001:db8::1]:853#dns.test",
            "postmaster@bears.test",
        ] {
            assert_eq!(masked_url(text), text);
            assert_eq!(masked_line(text), text);
        }
    }
}
