//! A document to YAML for people, with every secret hidden; comments are left out, they may hold some too. Knows no key
//! but those that sound like secrets.

use super::secret::{SECRET, masked, masked_url};
use super::tree::{Node, NodeKind};

/// A key that ends with one of these words has a secret behind it.
const SECRET_WORDS: [&str; 8] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "credential",
    "credentials",
    "key",
];

/// What only the settings know about their keys.
pub(crate) struct KnownKeys {
    /// Behind these stand maps whose keys are names of the operator's or of ours, and so say nothing about their values.
    pub(crate) with_names: &'static [&'static str],
    /// Behind these stand URLs whose paths may be accounts.
    pub(crate) with_accounts: &'static [&'static str],
}

/// The whole document.
pub(super) fn shown(root: &Node, known: &'static KnownKeys) -> String {
    let mut writer = Writer {
        out: String::new(),
        known,
    };
    match root {
        Node::Scalar(NodeKind::Null, _) => {}
        _ => writer.write(root, "", 0, false),
    }
    writer.out
}

/// The text so far.
struct Writer {
    out: String,
    known: &'static KnownKeys,
}

impl Writer {
    /// Writes a node that begins on a line of its own, below this key; `in_item` when the line already has its dash.
    fn write(&mut self, node: &Node, below: &str, depth: usize, in_item: bool) {
        match node {
            Node::Map(entries) => {
                for (nth, (key, value)) in entries.iter().enumerate() {
                    self.indent(if nth > 0 || !in_item { depth } else { 0 });
                    self.entry(key, value, below, depth);
                }
            }
            Node::List(items) => {
                for (nth, item) in items.iter().enumerate() {
                    self.indent(if nth > 0 || !in_item { depth } else { 0 });
                    self.out.push_str("- ");
                    match item {
                        Node::Map(_) | Node::List(_) if !is_empty(item) => {
                            self.write(item, below, depth + 1, true);
                        }
                        _ => self.line(item, below),
                    }
                }
            }
            Node::Scalar(..) => self.line(node, below),
        }
    }

    fn indent(&mut self, depth: usize) {
        self.out.push_str(&"  ".repeat(depth));
    }

    fn line(&mut self, node: &Node, key: &str) {
        self.out.push_str(&self.scalar(node, key));
        self.out.push('\n');
    }

    fn entry(&mut self, key: &str, value: &Node, below: &str, depth: usize) {
        self.out.push_str(&quoted(&masked(key)));
        self.out.push(':');
        let is_open = matches!(value, Node::Scalar(NodeKind::Null | NodeKind::Bool(_), _));
        if self.is_secret(below, key) && !is_open {
            self.out.push_str(&format!(" {SECRET}\n"));
        } else if is_empty(value) || matches!(value, Node::Scalar(..)) {
            self.out.push(' ');
            self.line(value, key);
        } else {
            self.out.push('\n');
            self.write(value, key, depth + 1, false);
        }
    }

    fn scalar(&self, node: &Node, key: &str) -> String {
        match node {
            Node::Map(_) => "{}".to_owned(),
            Node::List(_) => "[]".to_owned(),
            Node::Scalar(NodeKind::Text, text) if self.known.with_accounts.contains(&key) => {
                quoted(&masked_url(text))
            }
            Node::Scalar(NodeKind::Text, text) => quoted(&masked(text)),
            Node::Scalar(NodeKind::Null, _) => "~".to_owned(),
            Node::Scalar(_, written) => written.clone(),
        }
    }

    /// `client_key` is one, `key_file`, `key_strength` and `monkey` are none, and neither is a name.
    fn is_secret(&self, below: &str, key: &str) -> bool {
        let key = key.to_ascii_lowercase();
        let last = key.rsplit(['_', '-', '.', ' ']).next().unwrap_or_default();
        !self.known.with_names.contains(&below) && SECRET_WORDS.contains(&last)
    }
}

fn is_empty(node: &Node) -> bool {
    match node {
        Node::Map(entries) => entries.is_empty(),
        Node::List(items) => items.is_empty(),
        Node::Scalar(..) => false,
    }
}

/// Plain where YAML allows it without a second thought, else in double quotes (which JSON's are).
fn quoted(text: &str) -> String {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"_./-<>".contains(&b);
    let starts_well = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    if starts_well && text.bytes().all(is_plain) && !is_word_of_yaml(text) {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn is_word_of_yaml(text: &str) -> bool {
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    words.contains(&text.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::KnownKeys;
    use crate::yaml::Document;

    static KNOWN: KnownKeys = KnownKeys {
        with_names: &["views", "checks"],
        with_accounts: &["resolvers"],
    };

    fn of(text: &str) -> String {
        let document = Document::parse(Path::new("x.yml"), text.as_bytes()).unwrap();
        document.shown(&KNOWN)
    }

    #[test]
    fn what_is_shown_reads_back_the_same() {
        let text = "probe: {timeout: 10s, concurrency: 256}\nempty: {}\nnone: []\ntargets:\n- host: mx.example.com\n  \
                    ports: [25, 587]\n  labels: {a: 'yes', \"b c\": \"1: \\\"x\\\"\"}\n- [a, [b]]\n- x\n";
        let shown = of(text);
        assert_eq!(of(&shown), shown);
        assert!(
            shown.starts_with("probe:\n  timeout: \"10s\"\n  concurrency: 256\n"),
            "{shown}"
        );
        assert!(
            shown.contains("- host: mx.example.com\n    ports:\n"),
            "{shown}"
        );
        assert_eq!(of("# nothing\n"), "");
    }

    #[test]
    fn names_with_a_word_for_secrets_hide_nothing() {
        let text = "views:\n  key:\n    family: any\n  secret-token:\n    family: ipv4\nchecks:\n  key: off\n  \
                    key_strength: off\nmonkey: bananas\n";
        assert!(!of(text).contains("<secret>"), "{}", of(text));
    }

    #[test]
    fn secrets_are_hidden_wherever_they_stand() {
        let shown = of(
            "# hunter2\nviews: {a: {proxy: 'socks5://user:hun@ter2@gate.example.com:1080'}}\n\
             client_certificate: {cert_file: c.pem, key_file: k.pem, key: hunter2}\n\
             list: [http://hunter2@gate:3128]\nPassword: hunter2\ntoken: [hunter2]\n\
             resolvers: [https://dns.test/hunter2]\n",
        );
        assert!(!shown.contains("hun") && !shown.contains("ter2"), "{shown}");
        assert!(
            shown.contains("socks5://<secret>@gate.example.com:1080"),
            "{shown}"
        );
        assert!(shown.contains("key_file: k.pem"), "{shown}");
    }
}
