//! The configuration keys that the program defines to the tables of docs/configuration.md and the example.

use std::path::Path;

use smtp_tls_exporter::config::Config;
use smtp_tls_exporter::config::keys::{
    DEFAULTS, EXPECT, FILE, INSIDE, INSIDE_SERVER, Key, LIMITS, MODULE, PROBE, PROBE_ENDPOINT,
    PROXY, PUBLISHED, Section, Shape, TARGET, TRUST, Unset, VIEW,
};
use smtp_tls_exporter::verdict::CHECKS;

use super::generated::{Outcome, generated, read, table};

/// The sections that have a table, and what stands before their keys.
const TABLES: [(&str, &Section); 10] = [
    ("probe.", &PROBE),
    ("trust.", &TRUST),
    ("views.NAME.", &VIEW),
    ("views.NAME.proxy.", &PROXY),
    ("targets[].", &TARGET),
    ("expect.", &EXPECT),
    ("published.", &PUBLISHED),
    ("inside.", &INSIDE),
    ("inside.servers.NAME.", &INSIDE_SERVER),
    ("probe_endpoint.", &PROBE_ENDPOINT),
];

#[test]
fn the_tables_of_keys_are_those_of_the_program() -> Outcome {
    for (prefix, section) in TABLES {
        let rows: Vec<_> = section.keys().map(|key| row(prefix, key)).collect();
        let header = ["key", "default", "expected"];
        let name = format!("keys: {}", prefix.trim_end_matches('.'));
        table("docs/configuration.md", &name, &header, &rows)?;
    }
    let common: Vec<_> = DEFAULTS
        .keys()
        .map(|key| format!("`{}`", key.name))
        .collect();
    let marks = ("<!-- keys: defaults -->\n\n", "\n<!-- end -->");
    generated(
        "docs/configuration.md",
        marks,
        &format!("{}\n", common.join(", ")),
    )
}

fn row(prefix: &str, key: &Key) -> Vec<String> {
    let unset = match key.unset {
        Unset::Nothing => "–".to_owned(),
        Unset::Value(value) => format!("`{value}`"),
        Unset::Words(words) => words.to_owned(),
    };
    vec![
        format!("`{prefix}{}`", key.name),
        unset,
        key.expected.to_owned(),
    ]
}

#[test]
fn every_key_is_in_the_example() {
    let example = read("config.example.yml");
    let sections = TABLES.iter().map(|(_, section)| *section);
    for key in sections
        .chain([&FILE, &LIMITS, &MODULE])
        .flat_map(Section::keys)
    {
        let later = matches!(key.shape, Shape::Word(["off"]));
        let shown = later || example.contains(&format!("{}:", key.name));
        assert!(shown, "config.example.yml: show {}", key.name);
    }
    for check in CHECKS {
        assert!(
            example.contains(check.name),
            "config.example.yml: name {}",
            check.name
        );
    }
}

#[test]
fn every_section_has_a_heading() {
    let reference = read("docs/configuration.md");
    for key in FILE.keys() {
        let heading = format!("\n## `{}`\n", key.name);
        assert!(
            reference.contains(&heading),
            "docs/configuration.md: explain {}",
            key.name
        );
    }
}

/// A file in which every default is written comes to the same as one in which none is.
#[test]
fn the_defaults_are_those_of_the_program() {
    let written = |section: &Section| {
        let given = section.keys().filter_map(|key| match key.unset {
            Unset::Value(value) => Some(format!("{}: {value}", key.name)),
            Unset::Nothing | Unset::Words(_) => None,
        });
        format!("{{{}}}", given.collect::<Vec<_>>().join(", "))
    };
    let defaults =
        written(&DEFAULTS).replacen('{', &format!("{{expect: {}, ", written(&EXPECT)), 1);
    let all = format!(
        "probe: {}\ntrust: {}\ndefaults: {defaults}\nviews: {{v: {}}}\nprobe_endpoint: {}\n\
         inside: {}\ntargets: [{{host: a, views: [default, v]}}]",
        written(&PROBE),
        written(&TRUST),
        written(&VIEW),
        written(&PROBE_ENDPOINT),
        written(&INSIDE).replacen('{', "{files: a.json, ", 1),
    );
    let none = "views: {v: {}}\ninside: {files: a.json}\ntargets: [{host: a, views: [default, v]}]";
    assert_eq!(understood(&all), understood(none), "{all}");
}

fn understood(text: &str) -> String {
    let read = Config::parse(Path::new("x.yml"), text.as_bytes(), "helo.bears.test");
    let config = read.unwrap_or_else(|error| panic!("{error}\n{text}"));
    format!("{:#?}{:#?}", config.settings, config.on_request)
}
