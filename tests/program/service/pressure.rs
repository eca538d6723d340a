//! Many endpoints, tarpits among them, slow and silent clients: every scrape is answered in time.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use testkit::curl::curl;
use testkit::exposition::value as sample;
use testkit::peer::{Act, Script, Speech};
use testkit::{Exporter, World};

use crate::PROGRAM;

/// Endpoints at addresses of their own on one port each: `quick` that answer, `tarpits` that never do.
fn crowd(quick: SocketAddr, tarpit: SocketAddr, each: usize, head: &str) -> String {
    let mut text = format!("{head}\ntrust: {{roots: root.pem}}\ntargets:\n");
    for (name, place) in [("quick", quick), ("tarpit", tarpit)] {
        for nth in 0..each {
            text += &format!(
                "- {{name: {name}{nth}, host: bear.bears.test, addresses: [{}], ports: [{}]}}\n",
                place.ip(),
                place.port()
            );
        }
    }
    text
}

async fn crowded(each: usize, head: &str) -> (World, Script, Exporter) {
    let mut den = World::today();
    let quick = den.server("bear.bears.test", 80, Speech::default()).await;
    let tarpit = Script::start(vec![Act::Hang]).await.unwrap();
    let exporter = PROGRAM
        .over(&crowd(quick, tarpit.address, each, head))
        .file("root.pem", &den.authority.root_pem())
        .start();
    (den, tarpit, exporter)
}

fn succeeded(metrics: &str) -> usize {
    let lines = metrics
        .lines()
        .filter(|l| l.starts_with("smtp_tls_probe_success{"));
    lines.filter(|line| line.ends_with(" 1")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn tarpits_do_not_keep_the_others_waiting() {
    // More tarpits than places; each is known to be slow after its first probe.
    let head = "probe: {timeout: 1500ms, min_interval: 0s, concurrency: 8, per_address: 100}";
    let (_den, _tarpit, exporter) = crowded(24, head).await;
    let patience = "X-Prometheus-Scrape-Timeout-Seconds: 1.5";
    exporter.until("all were seen once", |e| {
        let metrics = e.fetch("/metrics", &["-H", patience]);
        assert_eq!(metrics.status, 200);
        !metrics.body.contains("reason=\"pending\"")
    });
    let before = exporter.fetch("/metrics", &["-H", patience]);
    let begun = sample(
        &before.body,
        "smtp_tls_exporter_probes_total{result=\"success\"}",
    )
    .unwrap();
    let after = exporter.fetch("/metrics", &["-H", patience]);
    let done = sample(
        &after.body,
        "smtp_tls_exporter_probes_total{result=\"success\"}",
    )
    .unwrap();
    assert_eq!(succeeded(&after.body), 24);
    assert!(
        done - begun >= 24.0,
        "all quick ones are probed within one scrape: {begun} {done}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn simultaneous_scrapes_share_one_round_and_one_that_hangs_up_stops_nothing() {
    let (_den, _tarpit, exporter) = crowded(5, "probe: {timeout: 2s, per_address: 10}").await;
    let mut gone = TcpStream::connect(exporter.address).unwrap();
    gone.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    drop(gone);
    let url = exporter.url("/metrics");
    let scrapes: Vec<_> = (0..5)
        .map(|_| {
            let url = url.clone();
            std::thread::spawn(move || curl(&url, &["--compressed"]))
        })
        .collect();
    for scrape in scrapes {
        let got = scrape.join().unwrap();
        assert_eq!((got.status, succeeded(&got.body)), (200, 5));
    }
    let metrics = exporter.body("/metrics");
    let count = |result| {
        let name = "smtp_tls_exporter_probes_total";
        sample(&metrics, &format!("{name}{{result=\"{result}\"}}"))
    };
    assert_eq!((count("success"), count("busy")), (Some(5.0), Some(5.0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_and_slow_clients_keep_nobody_out() {
    let (_den, _tarpit, exporter) = crowded(1, "probe: {timeout: 1s}").await;
    let idle: Vec<_> = (0..1000)
        .map(|_| TcpStream::connect(exporter.address).unwrap())
        .collect();
    let mut slow = TcpStream::connect(exporter.address).unwrap();
    slow.write_all(b"GET /metrics HTTP/1.1\r\nHost: ").unwrap();
    assert_eq!(succeeded(&exporter.body("/metrics")), 1);
    let mut large = TcpStream::connect(exporter.address).unwrap();
    let head = format!(
        "GET / HTTP/1.1\r\nHost: x\r\nX-Large: {}\r\n\r\n",
        "x".repeat(20_000)
    );
    // The other side may refuse before all is written.
    let _ = large.write_all(head.as_bytes());
    let mut answer = [0; 12];
    large
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let read = large.read(&mut answer).unwrap_or(0);
    assert!(
        read == 0 || answer.starts_with(b"HTTP/1.1 431"),
        "{answer:?}"
    );
    drop(idle);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes 30 s: tests/run.sh"]
async fn who_never_finishes_a_request_is_shut_out() {
    let (_den, _tarpit, exporter) = crowded(1, "").await;
    let mut slow = TcpStream::connect(exporter.address).unwrap();
    slow.write_all(b"GET /metrics HTTP/1.1\r\nHost: ").unwrap();
    slow.set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let mut rest = Vec::new();
    assert!(slow.read_to_end(&mut rest).is_ok(), "closed in time");
}
