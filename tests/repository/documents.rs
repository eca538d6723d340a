//! Holds every document to what it names: files, metrics, the program's commands and their flags.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use smtp_tls_exporter::render::described;

use crate::{PROGRAM, read, root};

/// Postfix has parameters that begin as our metrics do.
const POSTFIX: [&str; 6] = [
    "smtp_tls_cert_file",
    "smtp_tls_chain_files",
    "smtp_tls_eccert_file",
    "smtp_tls_eckey_file",
    "smtp_tls_key_file",
    "smtp_tls_security_level",
];

#[test]
fn links_and_pictures_lead_somewhere() {
    for (file, text) in documents() {
        for part in text.split("](").skip(1) {
            let link = part.split([')', '#']).next().unwrap_or_default();
            let there = file.parent().map(|folder| folder.join(link));
            let leads = link.is_empty()
                || link.contains("://")
                || there.is_some_and(|there| there.exists());
            assert!(leads, "{}: {link}", file.display());
        }
    }
}

#[test]
fn metrics_exist() {
    let metrics = described().concat();
    let known: BTreeSet<_> = metrics.iter().map(|metric| metric.name).collect();
    for (file, text) in documents() {
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        for word in words.filter(|word| word.starts_with("smtp_tls_")) {
            // The begin of several, as in `smtp_tls_probe_(success|duration_seconds)`.
            let begins = word.ends_with('_') && known.iter().any(|name| name.starts_with(word));
            let exists = begins || known.contains(word) || word == "smtp_tls_exporter";
            let is_postfix = POSTFIX.contains(&word);
            assert!(exists || is_postfix, "{}: {word}", file.display());
        }
    }
}

#[test]
fn commands_have_the_flags_that_are_quoted() {
    let serve = flags(&["--help"]);
    let check = flags(&["check", "--help"]);
    let collect = flags(&["collect", "--help"]);
    let tlsa = flags(&["tlsa", "--help"]);
    let mut seen = 0;
    for (file, text) in documents() {
        // A backslash at the end of a line carries the command on; journalctl has flags of its own.
        let text = text
            .replace("\\\n", " ")
            .replace("-u smtp-tls-exporter", "");
        for command in text.split("smtp-tls-exporter ").skip(1) {
            let command = command.split(['\n', '`', ';', '|', '#']).next();
            let words: Vec<&str> = command.unwrap_or_default().split_whitespace().collect();
            let known = match words.first() {
                Some(&"check") => &check,
                Some(&"collect") => &collect,
                Some(&"tlsa") => &tlsa,
                _ => &serve,
            };
            for word in words.iter().filter(|word| word.starts_with("--")) {
                let flag = word.split('=').next().unwrap_or_default();
                let flag = flag.trim_end_matches(['.', ',', ':', ')']);
                assert!(known.contains(flag), "{}: {words:?}", file.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 20, "only {seen} flags in all documents");
}

/// The flags that the program explains.
fn flags(arguments: &[&str]) -> BTreeSet<String> {
    let help = PROGRAM.run_alone(arguments).stdout;
    let words = help
        .split_whitespace()
        .map(|word| word.trim_end_matches(','));
    words
        .filter(|word| word.starts_with("--"))
        .map(str::to_owned)
        .collect()
}

/// Every document for readers, and its text.
fn documents() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for folder in [
        "",
        "charts/smtp-tls-exporter",
        "docs",
        "docs/inside",
        "docs/recipes",
        "docs/runbooks",
        "mixin",
    ] {
        for entry in fs::read_dir(root().join(folder)).expect("the folder exists") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "md") {
                let text = read(&path);
                found.push((path, text));
            }
        }
    }
    assert!(found.len() > 30, "only {} documents", found.len());
    found
}
