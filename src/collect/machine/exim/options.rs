//! What `exim -bP` prints to the values of options; runs nothing.

use std::collections::HashMap;

/// Options and their values; a switch that is on has the value `true`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Options(HashMap<String, String>);

/// A transport and its options.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct EximTransport {
    /// Its name.
    pub(super) name: String,
    /// What is set for it, and the defaults.
    pub(super) options: Options,
}

impl Options {
    /// Lines such as `tls_certificate = /etc/exim4/exim.crt`, `message_logs`, `no_split_spool_directory`.
    pub(super) fn read<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        let option = |line: &str| match line.split_once('=') {
            Some((name, value)) => (name.trim().to_owned(), value.trim().to_owned()),
            None => (line.trim().to_owned(), "true".to_owned()),
        };
        Self(lines.map(option).collect())
    }

    /// A value, empty where there is none.
    pub(super) fn value(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Whether a switch is on; `None` where it is not known.
    pub(super) fn is_on(&self, name: &str) -> Option<bool> {
        let is_off = self.0.contains_key(&format!("no_{name}"));
        match self.value(name) {
            "" => is_off.then_some(false),
            value => Some(value == "true"),
        }
    }
}

/// The transports that `exim -bP transports` prints: blocks that begin with `NAME transport:`.
pub(super) fn transports(text: &str) -> Vec<EximTransport> {
    let mut blocks: Vec<(String, Vec<&str>)> = Vec::new();
    for line in text.lines() {
        match (line.strip_suffix(" transport:"), blocks.last_mut()) {
            (Some(name), _) => blocks.push((name.to_owned(), Vec::new())),
            (None, Some((_, lines))) => lines.push(line),
            (None, None) => {}
        }
    }
    let transport = |(name, lines): (String, Vec<&str>)| EximTransport {
        name,
        options: Options::read(lines.into_iter()),
    };
    blocks.into_iter().map(transport).collect()
}

/// The items of a list, which colons separate, or what the list begins with: `<; one ; two`.
pub(super) fn items(list: &str) -> Vec<String> {
    let list = list.trim();
    let (separator, list) = match list
        .strip_prefix('<')
        .map(|rest| (rest.chars().next(), rest))
    {
        Some((Some(separator), rest)) if separator.is_ascii_punctuation() => {
            (separator, rest.get(1..).unwrap_or_default())
        }
        _ => (':', list),
    };
    list.split(separator)
        .map(|item| item.trim().to_owned())
        .filter(|item| !item.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_switches_are_read() {
        let text = "tls_certificate = /a=b.pem\ntls_privatekey = \nmessage_logs\nno_split_spool_directory\n";
        let options = Options::read(text.lines());
        assert_eq!(options.value("tls_certificate"), "/a=b.pem");
        assert_eq!(
            (options.value("tls_privatekey"), options.value("unknown")),
            ("", "")
        );
        assert_eq!(options.is_on("message_logs"), Some(true));
        assert_eq!(options.is_on("split_spool_directory"), Some(false));
        assert_eq!(options.is_on("unknown"), None);
    }

    #[test]
    fn transports_are_told_apart() {
        let text = "\na transport:\nno_body_only\ndriver = smtp\n\nb transport:\ndriver = pipe\n";
        let found = transports(text);
        let told: Vec<_> = found
            .iter()
            .map(|t| (&*t.name, t.options.value("driver")))
            .collect();
        assert_eq!(told, [("a", "smtp"), ("b", "pipe")]);
    }

    #[test]
    fn lists_may_name_their_separator() {
        assert_eq!(items("/a.pem : /b.pem"), ["/a.pem", "/b.pem"]);
        assert_eq!(items("<; /a:1.pem; /b.pem"), ["/a:1.pem", "/b.pem"]);
        assert_eq!(items(" "), [""; 0]);
        assert_eq!(items("<"), ["<"]);
    }
}
