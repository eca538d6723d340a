//! `/probe`: the convention of the blackbox exporter, and what it refuses.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use testkit::curl::curl;
use testkit::exposition::value as sample;
use testkit::peer::{Act, Script, Speech};
use testkit::{Exporter, World};

use super::config;
use crate::PROGRAM;

fn open(ports: &[u16], modules: &str) -> String {
    format!("probe_endpoint: {{deny_default: off, ports: {ports:?}, modules: {{{modules}}}}}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_is_named_is_probed_now() {
    let mut den = World::today();
    let good = den.server("bear.bears.test", 80, Speech::default()).await;
    let implicit = Speech {
        implicit: true,
        ..Speech::default()
    };
    let secure = den.server("bear.bears.test", 80, implicit).await;
    let modules = "strict: {expect: {subject: CN=fox}, labels: {team: mail}}";
    let head = open(&[good.port(), secure.port()], modules);
    let exporter = PROGRAM
        .over(&config(&head, &[good]))
        .file("root.pem", &den.authority.root_pem())
        .start();
    let ask = |query: String| {
        let got = exporter.fetch(&format!("/probe?hostname=bear.bears.test&{query}"), &[]);
        assert_eq!(got.status, 200, "{}", got.body);
        let success = sample(&got.body, "smtp_tls_probe_success{");
        (success, got.body)
    };
    let (success, metrics) = ask(format!("target={good}"));
    assert_eq!(success, Some(1.0), "the default module is smtp");
    assert!(metrics.contains(&format!("target=\"{good}\",host=\"127.0.0.1\"")));
    assert!(!metrics.contains("process_") && !metrics.contains("smtp_tls_exporter_"));
    assert_eq!(ask(format!("target={secure}&module=smtps")).0, Some(1.0));
    let (success, metrics) = ask(format!("target={good}&module=strict"));
    assert_eq!(success, Some(0.0));
    assert!(metrics.contains("check=\"subject\"") && metrics.contains("team=\"mail\""));
    let elsewhere = exporter.fetch(&format!("/probe?target={good}&hostname=fox.test"), &[]);
    assert_eq!(
        sample(&elsewhere.body, "smtp_tls_cert_subject_match{"),
        Some(0.0)
    );
    let debug = exporter.body(&format!(
        "/probe?hostname=bear.bears.test&target={good}&debug=true"
    ));
    for part in [
        "C: EHLO",
        "S: 220 2.0.0 ready",
        "handshake took",
        "State: Healthy",
        "\nsmtp_tls_probe_success{",
        "Module: smtp\n",
    ] {
        assert!(debug.contains(part), "{part} in {debug}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_that_fails_is_an_answer() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let head = open(&[25, closed.port()], "");
    let exporter = PROGRAM
        .over(&config(&head, &[closed]))
        .file("root.pem", &World::today().authority.root_pem())
        .start();
    let refused = exporter.body(&format!("/probe?target={closed}"));
    assert_eq!(sample(&refused, "smtp_tls_probe_success{"), Some(0.0));
    assert!(refused.contains("reason=\"connect_refused\""));
    let unknown = exporter.body("/probe?target=nobody.invalid");
    assert_eq!(
        sample(&unknown, "smtp_tls_probe_success{"),
        Some(0.0),
        "{unknown}"
    );
    assert_eq!(sample(&unknown, "smtp_tls_target_resolved{"), Some(0.0));
    assert!(unknown.contains("address=\"\"") && unknown.contains("phase=\"resolve\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_server_is_told_before_the_scrape_ends() {
    let script = Script::start(vec![Act::Hang]).await.unwrap();
    let tarpit = script.address;
    let exporter = PROGRAM
        .over(&config(&open(&[tarpit.port()], ""), &[tarpit]))
        .file("root.pem", &World::today().authority.root_pem())
        .start();
    let patience = "X-Prometheus-Scrape-Timeout-Seconds: 1.5";
    let got = exporter.fetch(
        &format!("/probe?target={tarpit}"),
        &["-H", patience, "--max-time", "5"],
    );
    assert_eq!(got.status, 200);
    assert!(
        got.body.contains("reason=\"greeting_timeout\""),
        "{}",
        got.body
    );
}

/// Two Prometheus servers ask at the same time, and one connection to an address is allowed.
#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_the_same_at_the_same_time_gets_the_same() {
    let mut den = World::today();
    let good = den.server("bear.bears.test", 80, Speech::default()).await;
    let script = Script::start(vec![Act::Hang]).await.unwrap();
    let tarpit = script.address;
    let head = open(&[tarpit.port()], "");
    let exporter = PROGRAM
        .over(&config(&head, &[good]))
        .file("root.pem", &den.authority.root_pem())
        .start();
    let url = exporter.url(&format!("/probe?target={tarpit}"));
    let both = [url.clone(), url].map(|url| {
        let patience = "X-Prometheus-Scrape-Timeout-Seconds: 2.5";
        std::thread::spawn(move || curl(&url, &["-H", patience, "--max-time", "6"]))
    });
    for one in both {
        let got = one.join().unwrap();
        assert!(
            got.status == 200 && got.body.contains("reason=\"greeting_timeout\""),
            "{got:?}"
        );
    }
    let count = "smtp_tls_exporter_probes_total{result=\"busy\"}";
    assert_eq!(sample(&exporter.body("/metrics"), count), Some(1.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_probed_is_refused_and_counted() {
    let mut den = World::today();
    let good = den.server("bear.bears.test", 80, Speech::default()).await;
    let exporter = PROGRAM
        .over(&config("", &[good]))
        .file("root.pem", &den.authority.root_pem())
        .start();
    for (query, line) in [
        ("", "the parameter target is missing"),
        ("target=", "the parameter target is missing"),
        (
            "target=bear&module=honey",
            "unknown module 'honey', expected one of smtp, smtps",
        ),
        (
            "target=smtp://bear:25",
            "target 'smtp://bear:25': a URL, expected HOST or HOST:PORT",
        ),
        ("target=bear/25", "target 'bear/25': a path"),
        ("target=bear%0aX", "target 'bear\\nX': not a host name"),
        ("target=bear:22", "port 22 may not be probed"),
        ("target=bear&hostname=a%20b", "hostname: not a host name"),
        ("target=bear&debug=maybe", "debug: expected true or false"),
        ("target=127.0.0.1", "127.0.0.1: 127.0.0.1 may not be probed"),
        ("target=localhost", "localhost: "),
        ("target=0.0.0.0", "0.0.0.0: "),
        ("target=[::ffff:127.0.0.1]:25", "[::ffff:127.0.0.1]:25: "),
        ("target=169.254.169.254", "169.254.169.254: "),
        ("target=[fe80::1]", "[fe80::1]: "),
    ] {
        let got = exporter.fetch(&format!("/probe?{query}"), &["--globoff"]);
        assert_eq!(got.status, 400, "{query}");
        assert!(got.body.starts_with(line), "{query}: {}", got.body);
        assert_eq!(got.body.lines().count(), 1, "{query}");
    }
    let metrics = exporter.body("/metrics");
    for (reason, count) in [
        ("bad_request", 4.0),
        ("unknown_module", 1.0),
        ("bad_target", 3.0),
        ("port_not_allowed", 1.0),
        ("address_not_allowed", 6.0),
    ] {
        let name = "smtp_tls_exporter_probe_requests_refused_total";
        let begin = format!("{name}{{reason=\"{reason}\"}}");
        assert_eq!(sample(&metrics, &begin), Some(count), "{reason}");
    }
}

/// Asks for a probe and leaves the answer where it is.
fn ask_and_wait(exporter: &Exporter, query: &str) -> TcpStream {
    let mut stream = TcpStream::connect(exporter.address).unwrap();
    let head = format!("GET /probe?{query} HTTP/1.1\r\nHost: x\r\n{LONG}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

const LONG: &str = "X-Prometheus-Scrape-Timeout-Seconds: 300";

/// Ages of the results, youngest first.
fn timestamps(metrics: &str) -> Vec<f64> {
    let stamps = metrics
        .lines()
        .filter(|line| line.starts_with("smtp_tls_probe_timestamp_seconds{"));
    let mut stamps: Vec<_> = stamps
        .filter_map(|line| line.rsplit(' ').next()?.parse().ok())
        .collect();
    stamps.sort_by(f64::total_cmp);
    stamps
}

#[tokio::test(flavor = "multi_thread")]
async fn what_strangers_ask_for_leaves_the_configured_targets_their_places() {
    let slow = Act::Drip(b"554 no\r\n", Duration::from_millis(170));
    let everywhere = SocketAddr::from(([0, 0, 0, 0], 0));
    let slow = Script::start_at(everywhere, vec![slow, Act::Hang]).await;
    let tarpit = Script::start_at(everywhere, vec![Act::Hang]).await.unwrap();
    let slow = slow.unwrap();
    let at = |nth: u8| SocketAddr::from(([127, 0, 61, nth], slow.address.port()));
    let watched: Vec<_> = (1..=4).map(at).collect();
    let head = format!(
        "probe: {{min_interval: 0s, concurrency: 8}}\n{}",
        open(&[tarpit.address.port()], "")
    );
    let exporter = PROGRAM
        .over(&config(&head, &watched))
        .file("root.pem", &World::today().authority.root_pem())
        .start();
    let alone = timestamps(&exporter.body("/metrics"));
    let mut asked = Vec::new();
    // At addresses that are watched, and at others.
    for nth in 1..=200_usize {
        let net = if nth <= 4 { 61 } else { 62 };
        let host = format!("127.0.{net}.{nth}");
        let query = format!("target={host}:{}&hostname=h{nth}", tarpit.address.port());
        asked.push(ask_and_wait(&exporter, &query));
    }
    exporter.until("strangers hold what they may", |_| {
        tarpit.connections() >= 2
    });
    let mut oldest = alone[0];
    for _ in 0..3 {
        let beside = timestamps(&exporter.fetch("/metrics", &["-H", PATIENT]).body);
        assert_eq!(beside.len(), 4);
        assert!(beside[0] > oldest, "{beside:?} after {oldest}");
        oldest = beside[3];
    }
}

const PATIENT: &str = "X-Prometheus-Scrape-Timeout-Seconds: 8";

#[tokio::test(flavor = "multi_thread")]
async fn what_one_request_dials_has_a_bound() {
    let tarpit = Script::start(vec![Act::say("554 no")]).await.unwrap();
    let views: String = (0..100).map(|nth| format!("v{nth}: {{}}, ")).collect();
    let names: String = (0..100).map(|nth| format!("v{nth}, ")).collect();
    let modules = format!("all: {{views: [{names}], offers: [any, rsa, ecdsa]}}");
    let head = format!(
        "views: {{{views}}}\nprobe: {{per_address: 100}}\n{}",
        open(&[tarpit.address.port()], &modules)
    );
    let exporter = PROGRAM
        .over(&config(&head, &[tarpit.address]))
        .file("root.pem", &World::today().authority.root_pem())
        .start();
    let metrics = exporter.body(&format!("/probe?module=all&target={}", tarpit.address));
    let reasons = |reason: &str| {
        let reason = format!("reason=\"{reason}\"");
        let failures = metrics.lines().filter(|line| {
            line.starts_with("smtp_tls_probe_failure_info{") && line.contains(&reason)
        });
        failures.count()
    };
    assert_eq!(tarpit.connections(), 100, "one a view");
    assert_eq!((reasons("greeting_5xx"), reasons("pending")), (100, 100));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_denied_adds_to_what_is_closed_by_default() {
    let nobody = SocketAddr::from(([127, 0, 0, 1], 9));
    let root = World::today().authority.root_pem();
    let status = |section: &str, target: &str| {
        let head = format!("probe_endpoint: {section}");
        let exporter = PROGRAM.over(&config(&head, &[nobody]));
        let exporter = exporter.file("root.pem", &root).start();
        let path = format!("/probe?target={target}");
        exporter.fetch(&path, &["--globoff"]).status
    };
    let added = "{ports: [9], deny: [10.0.0.0/8]}";
    assert_eq!(status(added, "127.0.0.1:9"), 400);
    assert_eq!(status(added, "[64:ff9b::10.0.0.1]:9"), 400);
    let open = "{ports: [9], deny: [10.0.0.0/8], deny_default: off}";
    assert_eq!(status(open, "127.0.0.1:9"), 200);
    assert_eq!(status(open, "10.0.0.1:9"), 400);
    assert_eq!(status("{enabled: false}", "192.0.2.1"), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_sites_can_ask_for_nothing_that_is_done() {
    let nobody = SocketAddr::from(([127, 0, 0, 1], 9));
    let exporter = PROGRAM
        .over(&config(&open(&[9], ""), &[nobody]))
        .file("root.pem", &World::today().authority.root_pem())
        .start();
    let own = format!("Origin: {}", exporter.url(""));
    for (header, is_refused) in [
        ("Sec-Fetch-Site: cross-site", true),
        ("Sec-Fetch-Site: same-site", true),
        ("Origin: https://fox.test", true),
        ("Origin: null", true),
        ("Referer: https://fox.test/", true),
        ("Sec-Fetch-Site: same-origin", false),
        (own.as_str(), false),
    ] {
        let reload = exporter.fetch("/-/reload", &["-X", "POST", "-H", header]);
        let probe = exporter.fetch("/probe?target=127.0.0.1:9", &["-H", header]);
        let wanted = if is_refused { 403 } else { 200 };
        assert_eq!((reload.status, probe.status), (wanted, wanted), "{header}");
        if is_refused {
            assert_eq!(
                (reload.body.lines().count(), probe.body.lines().count()),
                (1, 1)
            );
        }
        assert_eq!(
            exporter.fetch("/", &["-H", header]).status,
            200,
            "only read"
        );
    }
    let counted = "smtp_tls_exporter_probe_requests_refused_total{reason=\"cross_site\"}";
    assert_eq!(sample(&exporter.body("/metrics"), counted), Some(5.0));
    for (head, status) in [
        ("GET / HTTP/1.1\r\n", "HTTP/1.1 400"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n", "HTTP/1.1 400"),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n",
            "HTTP/1.1 200",
        ),
        ("GET / HTTP/1.0\r\n", "HTTP/1.0 200"),
    ] {
        let mut stream = TcpStream::connect(exporter.address).unwrap();
        stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(String::from_utf8_lossy(&answer), status, "{head}");
    }
}
