//! A document to YAML for people, with every secret hidden; comments are left out, they may hold some too.

use super::tree::{Kind, Node};

/// What stands in the place of a secret, as in the other exporters.
const SECRET: &str = "<secret>";
/// A key with one of these words in it has a secret behind it.
const SECRET_WORDS: [&str; 6] = ["password", "passwd", "secret", "token", "credential", "key"];
/// But not these, which name files, digests and what is checked.
const HARMLESS: [&str; 2] = ["key_file", "key_strength"];

/// The whole document.
pub(super) fn shown(root: &Node) -> String {
    let mut out = String::new();
    match root {
        Node::Scalar(Kind::Null, _) => {}
        _ => write(&mut out, root, 0, false),
    }
    out
}

/// Writes a node that begins on a line of its own; `in_item` when the line already has its dash.
fn write(out: &mut String, node: &Node, depth: usize, in_item: bool) {
    match node {
        Node::Map(entries) => {
            for (nth, (key, value)) in entries.iter().enumerate() {
                if nth > 0 || !in_item {
                    out.push_str(&"  ".repeat(depth));
                }
                out.push_str(&quoted(key));
                out.push(':');
                if is_secret(key) && !matches!(value, Node::Scalar(Kind::Null | Kind::Bool(_), _)) {
                    out.push_str(&format!(" {SECRET}\n"));
                } else {
                    behind(out, value, depth + 1);
                }
            }
        }
        Node::List(items) => {
            for (nth, item) in items.iter().enumerate() {
                if nth > 0 || !in_item {
                    out.push_str(&"  ".repeat(depth));
                }
                out.push_str("- ");
                match item {
                    Node::Scalar(..) => out.push_str(&format!("{}\n", scalar(item))),
                    _ if is_empty(item) => out.push_str(&format!("{}\n", scalar(item))),
                    _ => write(out, item, depth + 1, true),
                }
            }
        }
        Node::Scalar(..) => out.push_str(&format!("{}\n", scalar(node))),
    }
}

/// Writes the value behind a key.
fn behind(out: &mut String, value: &Node, depth: usize) {
    if is_empty(value) || matches!(value, Node::Scalar(..)) {
        out.push_str(&format!(" {}\n", scalar(value)));
    } else {
        out.push('\n');
        write(out, value, depth, false);
    }
}

fn is_empty(node: &Node) -> bool {
    match node {
        Node::Map(entries) => entries.is_empty(),
        Node::List(items) => items.is_empty(),
        Node::Scalar(..) => false,
    }
}

fn scalar(node: &Node) -> String {
    match node {
        Node::Map(_) => "{}".to_owned(),
        Node::List(_) => "[]".to_owned(),
        Node::Scalar(Kind::Text, text) => quoted(&without_userinfo(text)),
        Node::Scalar(Kind::Null, _) => "~".to_owned(),
        Node::Scalar(_, written) => written.clone(),
    }
}

fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    !HARMLESS.contains(&key.as_str()) && SECRET_WORDS.iter().any(|word| key.contains(word))
}

/// `socks5://user:pass@gate:1080` is shown as `socks5://<secret>@gate:1080`. What follows the last @ is the host
/// (RFC 3986 §3.2), so that no password with an @ in it shows its tail.
fn without_userinfo(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    match rest.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://{SECRET}@{host}"),
        None => text.to_owned(),
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

    use crate::config::document::Document;

    fn of(text: &str) -> String {
        let document = Document::parse(Path::new("x.yml"), text.as_bytes()).unwrap();
        document.shown()
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
    fn secrets_are_hidden_wherever_they_stand() {
        let shown = of(
            "# hunter2\nviews: {a: {proxy: 'socks5://user:hun@ter2@gate.example.com:1080'}}\n\
             client_certificate: {cert_file: c.pem, key_file: k.pem, key: hunter2}\n\
             list: [http://hunter2@gate:3128]\nPassword: hunter2\ntoken: [hunter2]\n",
        );
        assert!(!shown.contains("hun") && !shown.contains("ter2"), "{shown}");
        assert!(
            shown.contains("socks5://<secret>@gate.example.com:1080"),
            "{shown}"
        );
        assert!(shown.contains("key_file: k.pem"), "{shown}");
    }
}
