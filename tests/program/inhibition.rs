//! Alerts into a real Alertmanager with the example configuration, to see whom it mutes and whom it does not. Needs what
//! tests/run.sh installs; plain `cargo test` leaves this out.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use testkit::network::get;
use testkit::process::{output, program};
use testkit::started;

/// The labels of each alert below, beside its name; `-` stands for a label that it has not, and the last may be left out.
const LABELS: [&str; 9] = [
    "instance",
    "vantage",
    "target",
    "view",
    "address",
    "cluster",
    "server",
    "connector",
    "severity",
];

/// Alerts, and whether they are to be muted.
const ALERTS: [(&str, bool); 29] = [
    (
        "SmtpTlsCertificateExpiringSoon a:10465 - relay default 10.0.0.11",
        false,
    ),
    // The same certificate at the same place: the louder alert says it.
    (
        "SmtpTlsCertificateRenewalOverdue a:10465 - relay default 10.0.0.11",
        true,
    ),
    // Another server, another target, another view, another exporter's view of it.
    (
        "SmtpTlsCertificateRenewalOverdue a:10465 - relay default 10.0.0.12",
        false,
    ),
    (
        "SmtpTlsCertificateRenewalOverdue a:10465 - den default 10.0.0.11",
        false,
    ),
    (
        "SmtpTlsCertificateRenewalOverdue a:10465 - relay external 10.0.0.11",
        false,
    ),
    (
        "SmtpTlsCertificateRenewalOverdue c:10465 - relay default 10.0.0.11",
        false,
    ),
    // Other alerts on the same target and the same place.
    ("SmtpTlsFleetInconsistent a:10465 - relay - -", false),
    ("SmtpTlsVantagesDisagree - - relay - -", false),
    (
        "SmtpTlsProbeFailed a:10465 - relay default 10.0.0.11",
        false,
    ),
    (
        "SmtpTlsCertificateExpired a:10465 - relay default 10.0.0.13",
        false,
    ),
    // One exporter is down: what it said of servers that it no longer sees is muted, but what has expired has expired.
    ("SmtpTlsExporterDown b:10465 - - - -", false),
    ("SmtpTlsProbeFailed b:10465 - relay default 10.0.0.14", true),
    (
        "SmtpTlsCertificateRenewalOverdue b:10465 - relay default 10.0.0.12",
        true,
    ),
    (
        "SmtpTlsCertificateExpired b:10465 - relay default 10.0.0.13",
        false,
    ),
    (
        "SmtpTlsChainExpired b:10465 - relay default 10.0.0.13",
        false,
    ),
    ("SmtpTlsTargetsMissing - - - - -", false),
    ("SomebodyElses b:10465 - relay - -", false),
    // The exporter of one place is down, that of the other place is not, though both are called the same.
    ("SmtpTlsExporterDown localhost:10465 office - - -", false),
    (
        "SmtpTlsProbeFailed localhost:10465 office relay default 10.0.0.14",
        true,
    ),
    (
        "SmtpTlsProbeFailed localhost:10465 cloud relay default 10.0.0.14",
        false,
    ),
    // An exporter of the same name in another cluster.
    ("SmtpTlsExporterDown localhost:10465 - - - - east", false),
    (
        "SmtpTlsProbeFailed localhost:10465 - relay default 10.0.0.14 west",
        false,
    ),
    // The page on a queue, and what it makes needless; another server's queue.
    (
        "SmtpTlsQueueWaiting a:10465 - - - - - EX1 cloud critical",
        false,
    ),
    (
        "SmtpTlsQueueWaiting a:10465 - - - - - EX1 cloud warning",
        true,
    ),
    (
        "SmtpTlsQueueGrowing a:10465 - - - - - EX1 cloud warning",
        true,
    ),
    (
        "SmtpTlsQueueWaiting a:10465 - - - - - EX2 cloud warning",
        false,
    ),
    // The page on a connector, and the ticket; another connector's.
    (
        "SmtpTlsConnectorCertificateExpiringSoon a:10465 - - - - - - cloud critical",
        false,
    ),
    (
        "SmtpTlsConnectorCertificateExpiringSoon a:10465 - - - - - - cloud warning",
        true,
    ),
    (
        "SmtpTlsConnectorCertificateExpiringSoon a:10465 - - - - - - friends warning",
        false,
    ),
];

#[test]
#[ignore = "needs Alertmanager: tests/run.sh"]
fn the_example_mutes_nothing_that_it_should_not() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let (mut alertmanager, address) = started::alertmanager(place.path(), &example());
    for (alert, _) in ALERTS {
        add(&format!("http://{address}"), alert);
    }
    let muted = alertmanager.until("all alerts are known", || {
        let answer = get(address, "/api/v2/alerts")?;
        let muted = muted(&serde_json::from_str(&answer).map_err(|e| e.to_string())?);
        (muted.len() == ALERTS.len()).then_some(muted).ok_or(answer)
    });
    for (alert, expected) in ALERTS {
        assert_eq!(muted.get(&whole(alert)), Some(&expected), "{alert}");
    }
    one_message_a_target(&get(address, "/api/v2/alerts/groups").expect("the groups"));
}

/// Whatever is wrong with one target arrives together.
fn one_message_a_target(groups: &str) {
    let groups: Value = serde_json::from_str(groups).expect("JSON");
    let groups = groups.as_array().expect("a list");
    let mut relay = groups
        .iter()
        .filter(|group| group["labels"]["target"] == "relay");
    let (first, second) = (relay.next().expect("a group"), relay.next());
    assert_eq!(second, None, "two messages about one target");
    let expected = ALERTS.iter().filter(|(alert, _)| alert.contains(" relay "));
    assert_eq!(
        first["alerts"].as_array().map(Vec::len),
        Some(expected.count())
    );
    let tells_of_exporters = |group: &&Value| {
        let alerts = group["alerts"].as_array().into_iter().flatten();
        let mut names = alerts.map(|alert| &alert["labels"]["alertname"]);
        names.any(|name| name == "SmtpTlsExporterDown")
    };
    let down = groups.iter().filter(tells_of_exporters);
    let down: Vec<_> = down.map(|group| &group["receiver"]["name"]).collect();
    assert_eq!(
        down,
        ["night"],
        "exporters that are down have one message of their own"
    );
}

/// The shipped file; its receivers are led to where nobody listens.
fn example() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/alertmanager.yml");
    let text = fs::read_to_string(file).expect("the example");
    let nowhere = text
        .replace("https://pager.example.com", "http://127.0.0.1:9")
        .replace("https://tickets.example.com", "http://127.0.0.1:9");
    assert!(!nowhere.contains("example.com"), "{nowhere}");
    nowhere
}

/// With every label.
fn whole(alert: &str) -> String {
    let missing = (LABELS.len() + 1).saturating_sub(alert.split(' ').count());
    format!("{alert}{}", " -".repeat(missing))
}

fn add(url: &str, alert: &str) {
    let mut words = alert.split(' ');
    let name = words.next().unwrap_or_default();
    let mut command = Command::new(program("amtool"));
    command
        .args(["alert", "add", "--alertmanager.url", url])
        .args([format!("alertname={name}"), "job=smtp-tls".to_owned()]);
    for (label, value) in LABELS.iter().zip(words).filter(|(_, value)| *value != "-") {
        command.arg(format!("{label}={value}"));
    }
    output(&mut command);
}

/// Every known alert, and whether another one mutes it.
fn muted(alerts: &Value) -> BTreeMap<String, bool> {
    let alerts = alerts.as_array().into_iter().flatten();
    alerts
        .map(|alert| {
            let label = |name: &&str| alert["labels"][*name].as_str().unwrap_or("-").to_owned();
            let words: Vec<String> = ["alertname"].iter().chain(&LABELS).map(label).collect();
            let by = alert["status"]["inhibitedBy"].as_array();
            (words.join(" "), by.is_some_and(|by| !by.is_empty()))
        })
        .collect()
}
