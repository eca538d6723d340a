//! The demo's servers, scraped by a real Prometheus without any rules, into what every panel and variable of the
//! dashboards would show. Needs what tests/run.sh installs; plain `cargo test` leaves this out.

mod boards;
mod prometheus;
mod published;

use std::collections::BTreeSet;
use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::PROGRAM;
use boards::{PUBLISHED, dashboard, dashboards, list, panel, panels};
use prometheus::{Prometheus, at};

/// The state words by the dashboards' numbers, worst first.
const STATES: [&str; 13] = [
    "Unreachable",
    "Broken",
    "Undeliverable",
    "Expired",
    "NotYetValid",
    "Mismatch",
    "Untrusted",
    "Inconsistent",
    "Critical",
    "Warning",
    "Undecided",
    "Weak",
    "Healthy",
];
/// Endpoints of the demo.
const ENDPOINTS: usize = 11;

#[test]
#[ignore = "needs prometheus: tests/run.sh"]
fn the_dashboards_show_the_incident() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let demo = PROGRAM.demo(place.path());
    let (said, exporter) = (demo.log(), demo.address);
    let wanted = [("smtp_tls_state", ENDPOINTS)];
    let prometheus = Prometheus::start(place.path(), exporter, &wanted);

    every_variable_has_values(&prometheus);
    every_panel_has_rows(&prometheus);
    limits_choose_the_colour(&prometheus);
    a_vantage_filters(&prometheus);
    annotations_are_answered(&prometheus);
    the_worst_is_in_the_fleet_table(&prometheus);
    one_target_is_seen_from_all_sides(&prometheus);
    only_exporters_are_exporters(&prometheus, exporter);
    states_are_the_exporters_own(&prometheus, &said);
}

/// Prometheus scrapes something else as well, which does not answer.
fn only_exporters_are_exporters(prometheus: &Prometheus, exporter: SocketAddr) {
    let dashboard = dashboard("smtp-tls-exporter");
    let reached = prometheus.ask(&panel(&dashboard, "Scrapes")["targets"][0], ".+");
    assert_eq!(reached[0].value, 1.0, "the exporter is reached");
    let exporter = exporter.to_string();
    for panel in list(&dashboard["panels"]) {
        for row in list(&panel["targets"])
            .iter()
            .flat_map(|target| prometheus.ask(target, ".+"))
        {
            let instance = row.label("instance");
            assert!(
                instance.is_empty() || instance == exporter,
                "{}: {row:?}",
                panel["title"]
            );
        }
    }
}

fn every_variable_has_values(prometheus: &Prometheus) {
    for (name, dashboard) in dashboards() {
        for variable in list(&dashboard["templating"]["list"]) {
            let Some(query) = variable["query"]["query"].as_str() else {
                continue;
            };
            let values = prometheus.label_values(query);
            if variable["name"] == "vantage" {
                assert!(values.is_empty(), "this Prometheus adds no vantage");
                continue;
            }
            assert!(!values.is_empty(), "{name}: {query}");
            if variable["name"] == "target" {
                let all = [
                    "den-gateway",
                    "fax-gateway",
                    "hybrid-relay",
                    "printer-relay",
                    "split-horizon",
                    "submission",
                ];
                assert_eq!(values, all, "{name}");
            }
        }
    }
}

fn every_panel_has_rows(prometheus: &Prometheus) {
    let mut asked = 0;
    for (name, dashboard) in dashboards() {
        for (row, panel) in panels(&dashboard) {
            if row == PUBLISHED {
                continue;
            }
            let colours = limited(panel);
            let mut shown = 0;
            for target in list(&panel["targets"]) {
                let rows = prometheus.ask(target, "hybrid-relay|fax-gateway|printer-relay");
                assert!(
                    !rows.is_empty() || colours,
                    "{name}: {}: {target:#}",
                    panel["title"]
                );
                shown += usize::from(!rows.is_empty());
                asked += 1;
            }
            assert!(
                !colours || shown == 1,
                "{name}: {}: {shown}",
                panel["title"]
            );
        }
    }
    assert!(asked >= 75, "only {asked} queries");
}

/// Whether a stat has a query for each colour, of which one has a value.
fn limited(panel: &Value) -> bool {
    let targets = list(&panel["targets"]);
    let has_limit = |t: &Value| {
        let expr = t["expr"].as_str().unwrap_or_default();
        ["$results_stale", "$queue_"]
            .iter()
            .any(|v| expr.contains(v))
    };
    panel["type"] == "stat" && !targets.is_empty() && targets.iter().all(has_limit)
}

fn limits_choose_the_colour(prometheus: &Prometheus) {
    let mut seen = 0;
    for (name, dashboard) in dashboards() {
        for panel in list(&dashboard["panels"]).iter().filter(|p| limited(p)) {
            // Below what is shown, around it, and above: no variable can make two of them true.
            let ages = [("1e9", "1e10", 0), ("-1", "1e10", 1), ("-2", "-1", 2)];
            for (waiting, critical, colour) in ages {
                let shown = list(&panel["targets"]).iter().map(|target| {
                    let mut target = target.clone();
                    let expr = target["expr"].as_str().expect("a query");
                    let expr = expr
                        .replace("$results_stale / 3", waiting)
                        .replace("$results_stale", critical)
                        .replace("$queue_waiting", waiting)
                        .replace("$queue_critical", critical);
                    target["expr"] = json!(expr);
                    !prometheus.ask(&target, ".+").is_empty()
                });
                let shown: Vec<bool> = shown.collect();
                let expected: Vec<bool> = (0..3).map(|n| n == colour).collect();
                assert_eq!(shown, expected, "{name}: {}", panel["title"]);
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 9);
}

/// Of another vantage nothing is shown; that all is shown where series have none, the other tests see.
fn a_vantage_filters(prometheus: &Prometheus) {
    for (name, dashboard) in dashboards() {
        for panel in list(&dashboard["panels"]) {
            for target in list(&panel["targets"]) {
                let mut target = target.clone();
                let expr = target["expr"].as_str().expect("a query");
                target["expr"] = json!(expr.replace("$vantage", "nowhere"));
                let rows = prometheus.ask(&target, ".+");
                assert!(rows.is_empty(), "{name}: {}: {rows:?}", panel["title"]);
            }
        }
    }
}

/// The alerts are not there, as there are no rules. A certificate that was just read for the first time replaces none.
fn annotations_are_answered(prometheus: &Prometheus) {
    for (name, dashboard) in dashboards() {
        for annotation in list(&dashboard["annotations"]["list"]) {
            let rows = prometheus.ask(annotation, ".+");
            let expected = annotation["name"] == "Configuration loaded";
            assert_eq!(!rows.is_empty(), expected, "{name}: {annotation:#}");
        }
    }
}

fn the_worst_is_in_the_fleet_table(prometheus: &Prometheus) {
    let fleet = dashboard("smtp-tls-fleet");
    let by_state = panel(&fleet, "Endpoints by state");
    let counts: Vec<f64> = list(&by_state["targets"])
        .iter()
        .map(|target| prometheus.ask(target, ".+")[0].value)
        .collect();
    assert_eq!(counts, [1., 0., 0., 5., 0., 1., 1., 1., 0., 0., 0., 0., 2.]);

    let table = panel(&fleet, "Endpoints");
    let column = |n: usize| prometheus.ask(&table["targets"][n], ".+");
    let [states, left, lifetime, issuers, reasons] = [0, 1, 2, 3, 4].map(column);
    for rows in [&states, &left, &lifetime, &issuers, &reasons] {
        assert_eq!(rows.len(), ENDPOINTS, "one row an endpoint: {rows:#?}");
    }
    assert_eq!(at(&states, "127.0.0.12").value, 3.0);
    let days = at(&left, "127.0.0.12").value;
    assert!((-6.1..-5.9).contains(&days), "{days} days left");
    assert_eq!(at(&lifetime, "127.0.0.12").value, 0.0);
    assert!(
        at(&issuers, "127.0.0.12")
            .label("issuer")
            .contains("Bear Issuing CA")
    );
    assert_eq!(at(&reasons, "127.0.0.12").label("reason"), "cert_expired");
    assert_eq!(at(&reasons, "127.0.0.22").label("reason"), "name_mismatch");
    assert_eq!(
        at(&reasons, "127.0.0.23").label("reason"),
        "starttls_not_offered"
    );
    assert_eq!(at(&reasons, "127.0.0.11").label("reason"), "");
    assert!(
        at(&left, "127.0.0.23").value.is_nan(),
        "nothing was read there"
    );

    let first = prometheus.ask(&panel(&fleet, "Ends first (days left)")["targets"][0], ".+");
    assert_eq!(first.len(), ENDPOINTS - 1, "all that were read: {first:#?}");
    let ill = prometheus.ask(&panel(&fleet, "What was not healthy")["targets"][0], ".+");
    assert_eq!(
        ill.len(),
        ENDPOINTS - 2,
        "all but the two healthy: {ill:#?}"
    );
}

fn one_target_is_seen_from_all_sides(prometheus: &Prometheus) {
    let dashboard = dashboard("smtp-tls-target");
    let ask = |title: &str, n: usize| {
        prometheus.ask(&panel(&dashboard, title)["targets"][n], "hybrid-relay")
    };
    assert_eq!(ask("State", 0)[0].value, 3.0);
    assert_eq!(ask("Endpoints", 0)[0].value, 5.0);
    assert_eq!(ask("Certificates", 0)[0].value, 2.0);
    let presented = ask("Every address and view, side by side", 3);
    let thumbprint = |address| at(&presented, address).label("fingerprint_sha1").to_owned();
    assert_eq!(thumbprint("127.0.0.12"), thumbprint("127.0.0.15"));
    assert_ne!(thumbprint("127.0.0.11"), thumbprint("127.0.0.12"));
    let failed: BTreeSet<_> = ask("Checks", 0)
        .into_iter()
        .filter(|row| row.value == 0.0 && row.label("endpoint").contains(" 127.0.0.12 "))
        .map(|row| row.label("check").to_owned())
        .collect();
    let expected = ["lifetime", "same_certificate"].map(str::to_owned);
    assert_eq!(failed, BTreeSet::from(expected));
    let leaf = at(&ask("Chain against leaf", 0), "127.0.0.12").value;
    let path = at(&ask("Chain against leaf", 2), "127.0.0.12").value;
    assert!(
        (leaf - path).abs() < 0.001,
        "the leaf ends first: {leaf}, {path}"
    );
    assert_eq!(ask("Which certificate when", 0).len(), 5);
    let shares = ask("Endpoints by certificate", 0).into_iter();
    let mut shares: Vec<f64> = shares.map(|row| row.value).collect();
    shares.sort_by(f64::total_cmp);
    assert_eq!(shares, [1.0, 4.0], "one server was renewed, four were not");
}

/// The number by which the dashboards sort and colour each endpoint belongs to the word of the table.
fn states_are_the_exporters_own(prometheus: &Prometheus, table: &str) {
    let fleet = dashboard("smtp-tls-fleet");
    let numbers = prometheus.ask(&panel(&fleet, "Endpoints")["targets"][0], ".+");
    let mut compared = 0;
    for line in table.lines() {
        // Behind the address stands its view, where there are several.
        let words = line
            .split_whitespace()
            .filter(|word| !word.starts_with('('));
        let words: Vec<&str> = words.collect();
        let [_target, address, _not_after, _days, state, ..] = words[..] else {
            continue;
        };
        let Ok(address) = address.parse::<SocketAddr>() else {
            continue;
        };
        let number = at(&numbers, &address.ip().to_string()).value;
        let word = STATES
            .iter()
            .zip(0..)
            .find(|(_, n)| f64::from(*n) == number);
        assert_eq!(word.map(|(word, _)| *word), Some(state), "{line}");
        compared += 1;
    }
    assert_eq!(compared, ENDPOINTS, "{table}");
}
