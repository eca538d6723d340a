//! A real Prometheus over an exporter, asked as the dashboards' panels and variables would; must not know what they are to show.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};
use testkit::network::get;
use testkit::process::{Process, until};
use testkit::started;

use super::boards::list;

/// One row of an answer: labels, and the last value.
#[derive(Debug)]
pub(super) struct Row {
    labels: BTreeMap<String, String>,
    pub(super) value: f64,
}

impl Row {
    pub(super) fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }

    fn read(result: &Value) -> Self {
        let labels = result["metric"].as_object().expect("labels").iter();
        let last = list(&result["values"])
            .last()
            .unwrap_or_else(|| &result["value"]);
        Self {
            labels: labels
                .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
                .collect(),
            value: last[1]
                .as_str()
                .and_then(|v| v.parse().ok())
                .expect("a number"),
        }
    }
}

/// The one row of that address.
pub(super) fn at<'a>(rows: &'a [Row], address: &str) -> &'a Row {
    let mut found = rows.iter().filter(|row| row.label("address") == address);
    match (found.next(), found.next()) {
        (Some(row), None) => row,
        _ => panic!("not one row of {address}: {rows:#?}"),
    }
}

/// A Prometheus that scrapes an exporter every second, asked as of one moment: what a busy machine scrapes too late after it
/// does not matter.
pub(super) struct Prometheus {
    address: SocketAddr,
    /// In Unix time.
    moment: f64,
    _process: Process,
}

impl Prometheus {
    /// Starts it, and waits for a moment at which there are as many series as told of each selector, and two scrapes.
    pub(super) fn start(place: &Path, exporter: SocketAddr, wanted: &[(&str, usize)]) -> Self {
        // JSON is YAML as well.
        let settings = json!({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "scrape_configs": [
                {"job_name": "smtp-tls", "static_configs": [{"targets": [exporter.to_string()]}]},
                {"job_name": "stranger", "static_configs": [{"targets": ["127.0.0.1:9"]}]},
            ],
        });
        let (process, address) = started::prometheus(place, &settings.to_string());
        let mut started = Self {
            address,
            moment: 0.0,
            _process: process,
        };
        until("a moment at which all is there", || {
            started.moment = started.json("/api/v1/query?query=time()")["data"]["result"][1]
                .as_str()
                .and_then(|now| now.parse().ok())
                .expect("a time");
            let rates = ("count(rate(smtp_tls_exporter_probes_total[30s]))", 1);
            let mut all = wanted.iter().chain([&rates]);
            let missing = all.find(|(expr, count)| started.query(expr).len() != *count);
            missing.map_or(Ok(()), |(expr, count)| {
                Err(format!(
                    "{} of {expr}, expected {count}",
                    started.query(expr).len()
                ))
            })
        });
        started
    }

    fn query(&self, expr: &str) -> Vec<Row> {
        let (expr, time) = (encoded(expr), self.moment);
        self.rows(&format!("/api/v1/query?query={expr}&time={time}"))
    }

    /// What a panel's query gives, with the variables as a reader would have set them.
    pub(super) fn ask(&self, target: &Value, chosen: &str) -> Vec<Row> {
        let expr = target["expr"].as_str().expect("a query");
        let expr = expr
            .replace("$__rate_interval", "30s")
            .replace("$__range", "5m");
        let expr = expr.replace("$target", chosen);
        let expr = expr.replace("$server", ".+").replace("$connector", ".*");
        let expr = expr
            .replace("$vantage", ".*")
            .replace("$results_stale", "1800");
        let expr = expr
            .replace("$queue_waiting", "10")
            .replace("$queue_critical", "100");
        let expr = expr.replace("$job", ".+").replace("$instance", ".+");
        if target["range"] == true {
            let (expr, end) = (encoded(&expr), self.moment);
            let span = format!("start={}&end={end}&step=1", end - 20.0);
            return self.rows(&format!("/api/v1/query_range?query={expr}&{span}"));
        }
        self.query(&expr)
    }

    fn rows(&self, path: &str) -> Vec<Row> {
        let answer = self.json(path);
        match answer["data"]["resultType"].as_str() {
            Some("scalar") => vec![Row::read(
                &json!({"metric": {}, "value": answer["data"]["result"]}),
            )],
            _ => list(&answer["data"]["result"])
                .iter()
                .map(Row::read)
                .collect(),
        }
    }

    /// `label_values(metric{…}, label)` as Grafana asks for it.
    pub(super) fn label_values(&self, query: &str) -> Vec<String> {
        let inner = query
            .strip_prefix("label_values(")
            .and_then(|q| q.strip_suffix(')'));
        let (series, label) = inner
            .and_then(|q| q.rsplit_once(", "))
            .expect("metric and label");
        let series = series.replace("$job", ".+").replace("$instance", ".+");
        let series = series.replace("$vantage", ".*");
        let path = format!("/api/v1/label/{label}/values?match[]={}", encoded(&series));
        let values = self.json(&path);
        list(&values["data"])
            .iter()
            .filter_map(|value| value.as_str().map(str::to_owned))
            .collect()
    }

    fn json(&self, path: &str) -> Value {
        let answer = get(self.address, path).unwrap_or_else(|error| panic!("{error}"));
        serde_json::from_str(&answer).expect("Prometheus answers in JSON")
    }
}

fn encoded(text: &str) -> String {
    let byte = |b: u8| match b {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(b).to_string(),
        _ => format!("%{b:02X}"),
    };
    text.bytes().map(byte).collect()
}
