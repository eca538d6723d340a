//! Holds the boards' annotation of replaced certificates to what it promises, by Prometheus's own arithmetic.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::dashboards::{array, text};
use crate::read;

/// The server answers no probe for six minutes, and then with another certificate. Another one keeps what it has.
const REPLACED: &str = "100x9 _x6 200x30";
const KEPT: &str = "100x45";

#[test]
#[ignore = "needs promtool: tests/run.sh"]
fn a_replaced_certificate_is_marked_once() {
    let target = json!({"address": "192.0.2.1", "port": "25", "target": "den"});
    let connector = json!({"connector": "Bears", "server": "BearA"});
    let fleet = json!({"target": "den"});
    let presented = "smtp_tls_cert_not_after_timestamp_seconds";
    let inside = "smtp_tls_inside_connector_certificate_not_after_timestamp_seconds";
    let tests: Vec<_> = [
        ("target", presented, &target, &target, "address"),
        ("fleet", presented, &target, &fleet, "address"),
        ("inside", inside, &connector, &connector, "server"),
    ]
    .map(|(board, metric, labels, said, apart)| {
        marked(&replaced(board), metric, labels, said, apart)
    })
    .into();
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("annotations.yml");
    // JSON is YAML as well.
    fs::write(&file, json!({"tests": tests}).to_string()).expect("a file");
    let done = Command::new("promtool")
        .args(["test", "rules"])
        .arg(&file)
        .output()
        .expect("promtool");
    assert!(done.status.success(), "{done:?}");
}

/// The annotation's query, with the variables at their beginning.
fn replaced(board: &str) -> String {
    let file = format!("dashboards/smtp-tls-{board}.json");
    let board: Value = serde_json::from_str(&read(file)).expect("JSON");
    let mut annotations = array(&board, "/annotations/list").iter();
    let annotation = annotations.find(|a| text(a, "/name") == "Certificates replaced");
    let expr = text(annotation.expect("an annotation"), "/expr").replace("$__rate_interval", "4m");
    ["job", "instance", "target", "server", "connector"]
        .iter()
        .fold(expr, |e, name| e.replace(&format!("${name}"), ".+"))
        .replace("$vantage", ".*")
}

/// A test of promtool: nothing before and long after, one mark after the replacement.
fn marked(expr: &str, metric: &str, labels: &Value, said: &Value, apart: &str) -> Value {
    let common = json!({"job": "smtp-tls", "instance": "exporter:10465"});
    let mut other = labels.clone();
    other[apart] = json!("another");
    let expected =
        |at: &str, samples: Value| json!({"expr": expr, "eval_time": at, "exp_samples": samples});
    let one = json!([{"labels": series("", &[&common, said]), "value": 1}]);
    json!({
        "interval": "1m",
        "input_series": [
            {"series": series(metric, &[&common, labels]), "values": REPLACED},
            {"series": series(metric, &[&common, &other]), "values": KEPT},
        ],
        "promql_expr_test": [
            expected("9m", json!([])),
            expected("16m", one.clone()),
            expected("19m", one),
            expected("21m", json!([])),
        ],
    })
}

/// A series as PromQL writes it.
fn series(metric: &str, labels: &[&Value]) -> String {
    let pairs = labels.iter().filter_map(|l| l.as_object()).flatten();
    let pairs: Vec<_> = pairs
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!("{metric}{{{}}}", pairs.join(", "))
}
