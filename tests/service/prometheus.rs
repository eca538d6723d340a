//! A real Prometheus with the shipped recipe: only its addresses are changed for the test.

use std::io::Read;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::exporter::{Den, PATIENCE, Setup, config, curl};
use super::peer::Speech;

const RECIPE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/examples/prometheus/prometheus.yml"
);

struct Prometheus(Child, u16);

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Prometheus {
    fn start(directory: &std::path::Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let child = Command::new("prometheus")
            .arg(format!(
                "--config.file={}",
                directory.join("prometheus.yml").display()
            ))
            .arg(format!(
                "--storage.tsdb.path={}",
                directory.join("tsdb").display()
            ))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self(child, port)
    }

    /// The value of the one series that a query finds, waiting for it.
    fn value(&self, query: &str) -> String {
        let begun = Instant::now();
        loop {
            let url = format!("http://127.0.0.1:{}/api/v1/query", self.1);
            let encoded = format!("query={query}");
            let got = curl(&url, &["-G", "--data-urlencode", &encoded]);
            let answer: serde_json::Value = serde_json::from_str(&got.body).unwrap_or_default();
            if let Some(value) = answer["data"]["result"][0]["value"][1].as_str() {
                return value.to_owned();
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "{query} finds nothing: {}",
                got.body
            );
            sleep(Duration::from_millis(300));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs prometheus: tests/run.sh"]
async fn the_recipe_works_in_both_ways() {
    let mut den = Den::new();
    let good = den.server("127.0.0.1", 80, Speech::default()).await;
    let old = den.server("127.0.0.1", -1, Speech::default()).await;
    let head = format!(
        "probe_endpoint: {{deny_default: off, ports: [{}, {}]}}\ndefaults: {{expect: {{roots: root.pem}}}}",
        good.port(),
        old.port()
    );
    let exporter = Setup::new(&config(&head, &[good]))
        .file("root.pem", &den.authority.root_pem())
        .start();
    let mut recipe = String::new();
    std::fs::File::open(RECIPE)
        .unwrap()
        .read_to_string(&mut recipe)
        .unwrap();
    let recipe = recipe
        .replace("127.0.0.1:10465", &exporter.address.to_string())
        .replace("mx1.example.org:25", &good.to_string())
        .replace("mx2.example.org:587", &old.to_string())
        .replace("scrape_interval: 2m", "scrape_interval: 1s")
        .replace("scrape_timeout: 30s", "scrape_timeout: 1s");
    exporter.rewrite("prometheus.yml", &recipe);
    let prometheus = Prometheus::start(exporter.directory.path());
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
        assert_eq!(prometheus.value(&query), value, "{query}");
    }
}
