//! The exporter's address and our shipped alert rules into a running Prometheus and Alertmanager
//! that notify a webhook.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};
use testkit::network::get;
use testkit::process::Process;
use testkit::started;

/// The rules as they are shipped.
const RULES: &str = include_str!("../../../alerts/smtp-tls.rules.yml");
/// What stands in for every window: long enough that a scrape or two may be late.
const WINDOW: &str = "10s";

/// Prometheus and Alertmanager, each with its own state below a test's directory.
pub(crate) struct Monitoring {
    prometheus: SocketAddr,
    // In this order they are ended.
    scraper: Process,
    _notifier: Process,
}

impl Monitoring {
    /// Scrapes `exporter` every second and tells `webhook` of every alert at once.
    pub(crate) fn start(place: &Path, exporter: SocketAddr, webhook: SocketAddr) -> Self {
        let (notifier, alertmanager) = start_alertmanager(place, webhook);
        let (scraper, prometheus) = start_prometheus(place, exporter, alertmanager);
        Self {
            prometheus,
            scraper,
            _notifier: notifier,
        }
    }

    /// Waits until alerts of just these names fire.
    pub(crate) fn until_firing(&mut self, awaited: &str, names: &[&str]) {
        let address = self.prometheus;
        self.scraper.until(awaited, || {
            let answer = get(address, "/api/v1/alerts")?;
            let answer: Value = serde_json::from_str(&answer).map_err(|e| e.to_string())?;
            let alerts = answer["data"]["alerts"].as_array().cloned();
            let firing = alerts.unwrap_or_default();
            let firing = firing.iter().filter(|alert| alert["state"] == "firing");
            let firing = firing.filter_map(|alert| alert["labels"]["alertname"].as_str());
            let firing: BTreeSet<_> = firing.collect();
            let wanted: BTreeSet<_> = names.iter().copied().collect();
            (firing == wanted)
                .then_some(())
                .ok_or_else(|| format!("{answer:#}"))
        });
    }

    /// Waits until Prometheus has no alert left, pending or firing.
    pub(crate) fn until_quiet(&mut self) {
        let address = self.prometheus;
        self.scraper.until("Prometheus has no alert left", || {
            let answer = get(address, "/api/v1/alerts")?;
            let answer: Value = serde_json::from_str(&answer).map_err(|e| e.to_string())?;
            match answer["data"]["alerts"].as_array() {
                Some(alerts) if alerts.is_empty() => Ok(()),
                _ => Err(format!("{answer:#}")),
            }
        });
    }
}

fn start_alertmanager(place: &Path, webhook: SocketAddr) -> (Process, SocketAddr) {
    let home = place.join("alertmanager");
    fs::create_dir(&home).expect("a new directory");
    // JSON is YAML as well.
    let settings = json!({
        "route": {
            "receiver": "test", "group_by": ["..."],
            "group_wait": "0s", "group_interval": "1s", "repeat_interval": "1h",
        },
        "receivers": [{
            "name": "test",
            "webhook_configs": [{"url": format!("http://{webhook}/"), "send_resolved": true}],
        }],
    });
    started::alertmanager(&home, &settings.to_string())
}

fn start_prometheus(
    place: &Path,
    exporter: SocketAddr,
    alertmanager: SocketAddr,
) -> (Process, SocketAddr) {
    let home = place.join("prometheus");
    fs::create_dir(&home).expect("a new directory");
    fs::write(home.join("rules.yml"), hurried(RULES)).expect("a file of ours");
    let at = |address: SocketAddr| json!([{"targets": [address.to_string()]}]);
    let settings = json!({
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yml"],
        "alerting": {"alertmanagers": [{"static_configs": at(alertmanager)}]},
        "scrape_configs": [{"job_name": "smtp-tls", "static_configs": at(exporter)}],
    });
    started::prometheus(&home, &settings.to_string())
}

/// The shipped rules in a world where everything happens within seconds: each `for:` becomes one
/// second and each window ([15m], [1h], …) ten, for an alert that looks back a quarter of an hour
/// also ends that much later. Nothing else is changed.
fn hurried(rules: &str) -> String {
    let mut text = String::new();
    for line in rules.lines() {
        let indent = line.len() - line.trim_start().len();
        match line.trim_start().split_once(": ") {
            Some((key @ ("for" | "keep_firing_for"), _)) => {
                text.push_str(&format!("{}{key}: 1s", &line[..indent]));
            }
            _ => text.push_str(&with_short_windows(line)),
        }
        text.push('\n');
    }
    text
}

fn with_short_windows(line: &str) -> String {
    let mut pieces = line.split('[');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        text.push('[');
        match piece.split_once(']') {
            Some((window, rest)) if is_duration(window) => {
                text.push_str(&format!("{WINDOW}]{rest}"));
            }
            _ => text.push_str(piece),
        }
    }
    text
}

fn is_duration(text: &str) -> bool {
    let number = text.trim_end_matches(|sign: char| sign.is_ascii_lowercase());
    number.len() < text.len() && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
}

#[test]
fn hurrying_changes_durations_only() {
    let rules =
        "      - expr: max_over_time(x[15m]) > 1 and y{a=~\"[ab]\"}[1d:1m]\n        for: 30m\n";
    let wanted =
        "      - expr: max_over_time(x[10s]) > 1 and y{a=~\"[ab]\"}[1d:1m]\n        for: 1s\n";
    assert_eq!(hurried(rules), wanted);
}
