//! A real Prometheus with the shipped recipe: only its addresses are changed for the test.

use std::net::SocketAddr;

use testkit::curl::curl;
use testkit::peer::Speech;
use testkit::process::{scratch, until};
use testkit::{World, started};

use super::config;
use crate::PROGRAM;

const RECIPE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/examples/prometheus/prometheus.yml"
);

/// The value of the one series that a query finds, waiting for it.
fn value(prometheus: SocketAddr, query: &str) -> String {
    until(&format!("{query} finds something"), || {
        let url = format!("http://{prometheus}/api/v1/query");
        let encoded = format!("query={query}");
        let got = curl(&url, &["-G", "--data-urlencode", &encoded]);
        let answer: serde_json::Value = serde_json::from_str(&got.body).unwrap_or_default();
        let value = answer["data"]["result"][0]["value"][1].as_str();
        value.map(str::to_owned).ok_or(got.body)
    })
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs prometheus: tests/run.sh"]
async fn the_recipe_works_in_both_ways() {
    let mut den = World::today();
    let good = den.server("127.0.0.1", 80, Speech::default()).await;
    let old = den.server("127.0.0.1", -1, Speech::default()).await;
    let head = format!(
        "probe_endpoint: {{deny_default: off, ports: [{}, {}]}}\ndefaults: {{expect: {{roots: root.pem}}}}",
        good.port(),
        old.port()
    );
    let exporter = PROGRAM
        .over(&config(&head, &[good]))
        .file("root.pem", &den.authority.root_pem())
        .start();
    let recipe = std::fs::read_to_string(RECIPE).unwrap();
    let recipe = recipe
        .replace("127.0.0.1:10465", &exporter.address.to_string())
        .replace("mx1.example.org:25", &good.to_string())
        .replace("mx2.example.org:587", &old.to_string())
        .replace("scrape_interval: 2m", "scrape_interval: 1s")
        .replace("scrape_timeout: 30s", "scrape_timeout: 1s");
    let place = scratch();
    let (_process, prometheus) = started::prometheus(place.path(), &recipe);
    let instance = |address| format!("job=\"smtp-tls-probe\",instance=\"{address}\"");
    for (query, value) in [
        ("up{job=\"smtp-tls\"}".to_owned(), "1"),
        (format!("up{{{}}}", instance(good)), "1"),
        (format!("up{{{}}}", instance(old)), "1"),
        (format!("smtp_tls_probe_success{{{}}}", instance(good)), "1"),
        (format!("smtp_tls_probe_success{{{}}}", instance(old)), "0"),
        (
            format!(
                "smtp_tls_cert_expiry_seconds{{{},module=\"smtp\"}} < bool 0",
                instance(old)
            ),
            "1",
        ),
        (
            "smtp_tls_chain_certificates{job=\"smtp-tls\"}".to_owned(),
            "2",
        ),
        (
            "count(smtp_tls_exporter_build_info{job=\"smtp-tls\"})".to_owned(),
            "1",
        ),
    ] {
        assert_eq!(self::value(prometheus, &query), value, "{query}");
    }
}
