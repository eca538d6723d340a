//! Holds the Helm chart to what it carries: rules, dashboards, the configuration's schema, the version, its own values.

use serde_json::{Value, json};

use super::generated::{Outcome, generated, read, table, whole};
use crate::files;

const CHART: &str = "charts/smtp-tls-exporter";

/// A chart reads no file outside its own folder.
#[test]
fn the_chart_has_the_rules_and_dashboards() -> Outcome {
    let rules = format!("{CHART}/files/smtp-tls.rules.yml");
    whole(&rules, &read("alerts/smtp-tls.rules.yml"))?;
    let boards = files("dashboards", "json");
    for board in &boards {
        let name = board.file_name().ok_or("no name")?.display();
        let copy = format!("{CHART}/files/dashboards/{name}");
        whole(&copy, &read(board))?;
    }
    let copies = files(&format!("{CHART}/files/dashboards"), "json");
    assert_eq!(copies.len(), boards.len(), "{copies:?}");
    Ok(())
}

/// `helm lint` and `helm install` then refuse a mistake in the exporter's configuration.
#[test]
fn the_values_schema_has_the_configurations_schema() -> Outcome {
    let mut schema: Value = serde_json::from_str(&read("docs/config.schema.json"))?;
    schema["$id"] = json!("urn:smtp-tls-exporter:config");
    let inside = serde_json::to_string_pretty(&schema)?.replace('\n', "\n    ");
    let file = format!("{CHART}/values.schema.json");
    let around = ("  \"$defs\": {\n    \"config\": ", "\n  }\n}\n");
    generated(&file, around, &inside)
}

#[test]
fn the_chart_has_the_programs_version() {
    let chart = read(format!("{CHART}/Chart.yaml"));
    let version = env!("CARGO_PKG_VERSION");
    for line in [
        format!("\nversion: {version}\n"),
        format!("\nappVersion: \"{version}\"\n"),
    ] {
        assert!(chart.contains(&line), "{CHART}/Chart.yaml: no {line:?}");
    }
}

#[test]
fn the_table_of_values_is_that_of_the_file() -> Outcome {
    let rows = values(&read(format!("{CHART}/values.yaml")))?;
    assert!(rows.len() > 60, "only {} values", rows.len());
    let file = format!("{CHART}/README.md");
    table(&file, "values", &["value", "default", "meaning"], &rows)
}

/// Every value with a comment above it, by its path.
fn values(text: &str) -> Result<Vec<Vec<String>>, String> {
    let all: serde_yaml::Value = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
    let (mut path, mut help, mut rows) = (Vec::new(), None, Vec::new());
    for line in text.lines().skip_while(|line| !line.is_empty()) {
        let key = line.trim_start();
        let depth = (line.len() - key.len()) / 2;
        if let Some(comment) = key.strip_prefix("# ") {
            help = Some(comment.to_owned());
        } else if let Some((name, _)) = key.split_once(':').filter(|_| !key.starts_with('-')) {
            path.truncate(depth);
            path.push(name.to_owned());
            if let Some(help) = help.take() {
                rows.push(row(&path, &all, &help)?);
            } else if !is_explained(&path, &all, &rows) {
                return Err(format!("values.yaml: {} has no comment", path.join(".")));
            }
        }
    }
    Ok(rows)
}

/// Whether its children explain a key, or a key above it.
fn is_explained(path: &[String], all: &serde_yaml::Value, rows: &[Vec<String>]) -> bool {
    let has_row = |length| {
        let above = format!("`{}`", path[..length].join("."));
        rows.iter().any(|row| row[0] == above)
    };
    (1..path.len()).any(has_row)
        || at(path, all)
            .as_mapping()
            .is_some_and(|map| !map.is_empty())
}

fn at<'a>(path: &[String], all: &'a serde_yaml::Value) -> &'a serde_yaml::Value {
    path.iter().fold(all, |value, key| &value[key.as_str()])
}

fn row(path: &[String], all: &serde_yaml::Value, help: &str) -> Result<Vec<String>, String> {
    let value = serde_json::to_string(at(path, all)).map_err(|error| error.to_string())?;
    Ok(vec![
        format!("`{}`", path.join(".")),
        format!("`{value}`"),
        help.to_owned(),
    ])
}
