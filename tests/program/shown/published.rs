//! Mail domains that publish what senders are to hold to, scraped by a real Prometheus, into the dashboards' row about it.

use std::collections::BTreeMap;

use serde_json::Value;
use testkit::published::Published;

use super::boards::{PUBLISHED, dashboard, dashboards, list, panel, panels};
use super::prometheus::{Prometheus, Row};
use crate::PROGRAM;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs prometheus: tests/run.sh"]
async fn the_row_shows_what_holds_and_what_does_not() {
    let domains = Published::start().await;
    let exporter = PROGRAM.serving(&domains.config).start();
    let wanted = [
        ("smtp_tls_mta_sts_info{mode!='unknown'}", 3),
        (
            "smtp_tls_published_failure_info{reason='sts_host_not_found'}",
            1,
        ),
        ("smtp_tls_published_failure_info{reason='dane_mismatch'}", 1),
        ("smtp_tls_dane_standing{standing='usable'}", 6),
        ("smtp_tls_dnssec_available", 2),
    ];
    let prometheus = Prometheus::start(domains.directory(), exporter.address, &wanted);
    every_query_of_the_row_is_answered(&prometheus);
    each_mechanism_has_its_word(&prometheus);
    stats_tell_the_worst(&prometheus);
}

fn every_query_of_the_row_is_answered(prometheus: &Prometheus) {
    let mut asked = 0;
    for (name, dashboard) in dashboards() {
        for (_, panel) in panels(&dashboard)
            .iter()
            .filter(|(row, _)| *row == PUBLISHED)
        {
            for target in list(&panel["targets"]) {
                let rows = prometheus.ask(target, ".+");
                assert!(!rows.is_empty(), "{name}: {}: {target:#}", panel["title"]);
                asked += 1;
            }
        }
    }
    assert!(asked >= 6, "only {asked} queries");
}

/// By the panel's own mappings from numbers to words.
fn each_mechanism_has_its_word(prometheus: &Prometheus) {
    let fleet = dashboard("smtp-tls-fleet");
    let table = panel(&fleet, "What is published");
    let words = |nth: usize, column: &str| {
        let rows = prometheus.ask(&table["targets"][nth], ".+").into_iter();
        let word = |value: f64| mapped(table, column, value);
        let pairs = rows.map(|row| (name(&row), word(row.value)));
        pairs.collect::<BTreeMap<_, _>>()
    };
    let expected = [
        ("mx.berry.test", "Not signed"),
        ("mx.cub.test", "None"),
        ("mx.honey.test", "Fails"),
        ("mx.paw.test", "Unusable"),
        ("mx1.bears.test", "Holds"),
        ("mx1.bears.test (lab)", "Not known"),
        ("mx2.bears.test", "No answer"),
    ];
    assert_eq!(words(0, "DANE"), owned(&expected));
    let expected = [
        ("bears.test", "Enforced"),
        ("berry.test", "Fails"),
        ("cub.test", "Mode none"),
        ("honey.test", "Testing"),
    ];
    assert_eq!(words(1, "MTA-STS"), owned(&expected));
    let expected = [
        ("bears.test", "Asked for"),
        ("cub.test", "Asked for"),
        ("paw.test", "Fails"),
    ];
    assert_eq!(words(2, "TLSRPT"), owned(&expected));
    let reasons = prometheus.ask(&table["targets"][3], ".+").into_iter();
    let reasons = reasons.map(|row| (name(&row), row.label("reason").to_owned()));
    let expected = [
        ("berry.test", "sts_host_not_found"),
        ("mx.honey.test", "dane_mismatch"),
        ("mx.paw.test", "dane_unusable"),
        ("mx1.bears.test (lab)", "dnssec_unavailable"),
        ("mx2.bears.test", "dane_dns_error"),
        ("paw.test", "tlsrpt_rua_invalid"),
    ];
    assert_eq!(reasons.collect::<BTreeMap<_, _>>(), owned(&expected));
}

/// With its view, unless that is the one that all have.
fn name(row: &Row) -> String {
    match row.label("view") {
        "external" => row.label("name").to_owned(),
        view => format!("{} ({view})", row.label("name")),
    }
}

fn mapped(table: &Value, column: &str, value: f64) -> String {
    let mut columns = list(&table["fieldConfig"]["overrides"]).iter();
    let own = columns
        .find(|one| one["matcher"]["options"] == column)
        .expect(column);
    let words = &own["properties"][0]["value"][0]["options"];
    words[value.to_string()]["text"]
        .as_str()
        .expect("a word")
        .to_owned()
}

fn owned(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let pairs = pairs.iter();
    pairs
        .map(|(name, word)| ((*name).to_owned(), (*word).to_owned()))
        .collect()
}

fn stats_tell_the_worst(prometheus: &Prometheus) {
    let fleet = dashboard("smtp-tls-fleet");
    let ask = |title| prometheus.ask(&panel(&fleet, title)["targets"][0], ".+");
    let days = ask("Policy hosts (days left)")[0].value;
    assert!((11.9..12.1).contains(&days), "{days} days");
    let resolvers = ask("Resolvers validate").into_iter();
    let resolvers = resolvers.map(|row| (row.label("view").to_owned(), row.value));
    let resolvers: BTreeMap<_, _> = resolvers.collect();
    let expected = [("external".to_owned(), 1.0), ("lab".to_owned(), 0.0)];
    assert_eq!(resolvers, BTreeMap::from(expected));
}
