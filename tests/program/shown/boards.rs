//! The dashboards' files into their panels, and the rows that these stand in.

use std::fs;
use std::path::Path;

use serde_json::Value;

pub(super) fn dashboards() -> Vec<(&'static str, Value)> {
    let names = [
        "smtp-tls-fleet",
        "smtp-tls-target",
        "smtp-tls-inside",
        "smtp-tls-exporter",
    ];
    names.map(|name| (name, dashboard(name))).to_vec()
}

pub(super) fn dashboard(name: &str) -> Value {
    let file = root().join(format!("dashboards/{name}.json"));
    serde_json::from_str(&fs::read_to_string(file).expect("a dashboard")).expect("JSON")
}

pub(super) fn panel<'a>(dashboard: &'a Value, title: &str) -> &'a Value {
    let mut panels = list(&dashboard["panels"]).iter();
    panels.find(|panel| panel["title"] == title).expect(title)
}

/// The row whose panels the demo leaves empty: it has no mail domains, and no resolvers that are believed about DNSSEC.
pub(super) const PUBLISHED: &str = "Published policy";

/// The panels that show something, each with the title of the row that it stands in.
pub(super) fn panels(dashboard: &Value) -> Vec<(&str, &Value)> {
    let mut row = "";
    let mut found = Vec::new();
    for panel in list(&dashboard["panels"]) {
        match panel["type"] == "row" {
            true => row = panel["title"].as_str().expect("a title"),
            false => found.push((row, panel)),
        }
    }
    found
}

pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
