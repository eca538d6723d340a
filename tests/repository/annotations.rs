//! Holds the boards' annotations to what they promise, by Prometheus's own arithmetic.

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
        marked(
            &asked(board, "Certificates replaced"),
            metric,
            labels,
            said,
            apart,
        )
    })
    .into();
    passes("replaced", &tests);
}

#[test]
#[ignore = "needs promtool: tests/run.sh"]
fn each_board_marks_the_alerts_on_what_it_shows() {
    let firing = |name: &str, labels: &str| {
        let state = if name == "SmtpTlsUndecided" {
            "pending"
        } else {
            "firing"
        };
        let series = format!(r#"ALERTS{{alertname="{name}", alertstate="{state}", {labels}}}"#);
        json!({"series": series, "values": "1x5"})
    };
    let at = r#"job="smtp-tls", instance="exporter:10465""#;
    let input = json!([
        firing(
            "SmtpTlsCertificateExpired",
            &format!(r#"{at}, target="den""#)
        ),
        firing("SmtpTlsUndecided", &format!(r#"{at}, target="den""#)),
        // One of all exporters.
        firing("SmtpTlsVantagesDisagree", r#"target="den""#),
        firing(
            "SmtpTlsQueueWaiting",
            &format!(r#"{at}, server="BearA", vantage="out""#)
        ),
        // One of all servers.
        firing(
            "SmtpTlsConnectorHalfRenewed",
            &format!(r#"{at}, connector="Bears""#)
        ),
        firing("SmtpTlsExporterDown", at),
        firing("SmtpTlsTargetsMissing", r#"job="smtp-tls""#),
        firing("SomebodyElses", &format!(r#"{at}, target="den""#)),
    ]);
    let of_targets = ["SmtpTlsCertificateExpired", "SmtpTlsVantagesDisagree"];
    let expected = [
        ("fleet", of_targets),
        ("target", of_targets),
        (
            "inside",
            ["SmtpTlsQueueWaiting", "SmtpTlsConnectorHalfRenewed"],
        ),
        ("exporter", ["SmtpTlsExporterDown", "SmtpTlsTargetsMissing"]),
    ];
    let tests = expected.map(|(board, names)| {
        let expr = format!("count by (alertname) ({})", asked(board, "Alerts"));
        let one = |name| json!({"labels": format!(r#"{{alertname="{name}"}}"#), "value": 1});
        let samples = names.map(one);
        json!({
            "interval": "1m",
            "input_series": input,
            "promql_expr_test": [{"expr": expr, "eval_time": "1m", "exp_samples": samples}],
        })
    });
    passes("alerts", &tests);
}

/// Lets promtool judge.
fn passes(name: &str, tests: &[Value]) {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("annotations-{name}.yml"));
    // JSON is YAML as well.
    fs::write(&file, json!({"tests": tests}).to_string()).expect("a file");
    let done = Command::new("promtool")
        .args(["test", "rules"])
        .arg(&file)
        .output()
        .expect("promtool");
    assert!(done.status.success(), "{done:?}");
}

/// An annotation's query, with the variables at their beginning.
fn asked(board: &str, name: &str) -> String {
    let file = format!("dashboards/smtp-tls-{board}.json");
    let board: Value = serde_json::from_str(&read(file)).expect("JSON");
    let mut annotations = array(&board, "/annotations/list").iter();
    let annotation = annotations.find(|a| text(a, "/name") == name);
    let expr = text(annotation.expect("an annotation"), "/expr").replace("$__rate_interval", "4m");
    ["job", "instance", "target", "server"]
        .iter()
        .fold(expr, |e, name| e.replace(&format!("${name}"), ".+"))
        .replace("$vantage", ".*")
        .replace("$connector", ".*")
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
