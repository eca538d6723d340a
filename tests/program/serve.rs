//! Holds the serving program to its manners: whatever servers and clients do, a scrape is answered in time and complete.

use std::fs;
use std::net::TcpListener;
use std::time::Duration;

use testkit::http::{Answer, request, send};
use testkit::peer::{Act, Script, Server, Speech};
use testkit::{Exporter, Exposition, Role, Stage, World, any_port, target};
use tokio::time::sleep;

use crate::{PROGRAM, run};

const HOST: &str = "mx.bears.test";
const TIMEOUT: &str = "X-Prometheus-Scrape-Timeout-Seconds";

/// The program at work, asked by hand.
struct Served(Exporter);

impl Served {
    /// `probe` are keys of that section.
    fn start(bear: &World, probe: &str, config: &str) -> Self {
        let config = format!("probe: {{helo: monitor.bears.test{probe}}}\n{config}");
        Self(PROGRAM.serving(&bear.write("serve.yml", &config)).start())
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let answer = request(self.0.address, method, path, headers).await;
        answer.expect("an answer")
    }

    /// Scrapes as Prometheus does with this timeout.
    async fn scrape(&self, timeout: &str) -> Exposition {
        let answer = self.ask("GET", "/metrics", &[(TIMEOUT, timeout)]).await;
        assert_eq!(answer.status, 200);
        Exposition::parse(&answer.body)
    }
}

/// A healthy server named `good`.
async fn good_stage(bear: &World) -> Stage {
    let credentials = bear.issue(HOST, -30, 60);
    let stage = Stage::set(HOST, vec![Role::new("good", credentials)]).await;
    stage.expect("a server")
}

#[tokio::test]
async fn the_routes_answer() {
    let bear = World::today();
    let stage = good_stage(&bear).await;
    let exporter = Served::start(&bear, "", &stage.config);
    let metrics = exporter.ask("GET", "/metrics", &[]).await;
    assert_eq!(metrics.status, 200);
    let format = "text/plain; version=0.0.4; charset=utf-8";
    assert_eq!(metrics.headers.get("content-type").unwrap(), format);
    let metrics = Exposition::parse(&metrics.body);
    let good = [("target", "good")];
    assert_eq!(metrics.value("smtp_tls_probe_success", &good), Some(1.0));
    assert!(metrics.value("process_start_time_seconds", &[]) > Some(1.0e9));
    let page = exporter.ask("GET", "/", &[]).await;
    assert_eq!(page.status, 200);
    assert_eq!(
        page.headers.get("content-type").unwrap(),
        "text/html; charset=utf-8"
    );
    assert!(page.body.contains("href=\"./metrics\""), "{}", page.body);
    assert_eq!(exporter.ask("HEAD", "/", &[]).await.status, 200);
    assert_eq!(exporter.ask("GET", "/-/healthy", &[]).await.status, 200);
    assert_eq!(exporter.ask("GET", "/-/ready", &[]).await.status, 200);
    assert_eq!(exporter.ask("GET", "/nothing", &[]).await.status, 404);
    let refused = exporter.ask("POST", "/metrics", &[]).await;
    assert_eq!(refused.status, 405);
    assert!(refused.headers.get("allow").unwrap().contains("GET"));
}

#[tokio::test]
async fn a_tarpit_delays_no_scrape_beyond_its_deadline() {
    let bear = World::today();
    let stage = good_stage(&bear).await;
    // At an address of its own: there is one connection at a time to each.
    let tarpit = Script::start_at(any_port([127, 0, 53, 1]), vec![Act::Hang]);
    let tarpit = tarpit.await.unwrap();
    let config = stage.config.clone() + &target("tarpit", HOST, tarpit.address);
    // Both are at one address: the order in which they get there is nobody's promise.
    let exporter = Served::start(&bear, ", timeout: 6s, per_address: 2", &config);
    let (good, slow) = ([("target", "good")], [("target", "tarpit")]);

    let first = exporter.scrape("2.5").await;
    assert_eq!(first.value("smtp_tls_handshake_success", &good), Some(1.0));
    assert!(first.value("smtp_tls_cert_expiry_seconds", &good) > Some(0.0));
    let (_, reason) = first.failure(&slow).unwrap();
    assert_eq!(reason, "pending");
    assert_eq!(first.value("smtp_tls_probe_success", &slow), Some(0.0));
    let late = "smtp_tls_exporter_scrape_deadline_exceeded_total";
    assert_eq!(first.value(late, &[]), Some(1.0));
    assert_eq!(
        first.value("smtp_tls_exporter_probes_in_flight", &[]),
        Some(1.0)
    );

    let second = exporter.scrape("60").await;
    let failure = second.failure(&slow);
    assert_eq!(
        failure,
        Some(("greeting".into(), "greeting_timeout".into()))
    );
    assert_eq!(second.value("smtp_tls_handshake_success", &good), Some(1.0));
    assert_eq!(second.value(late, &[]), Some(1.0));
    assert_eq!(
        tarpit.connections(),
        1,
        "the second scrape boarded the first probe"
    );
}

#[tokio::test]
async fn what_comes_in_when_nobody_waits_any_more_is_told() {
    let bear = World::today();
    let slow = vec![Act::Drip(b"554 no\r\n", Duration::from_millis(100))];
    let slow = Script::start(slow).await.unwrap();
    let config = format!("targets:\n{}", target("slow", HOST, slow.address));
    let exporter = Served::start(&bear, ", timeout: 5s, min_interval: 1h", &config);
    let first = exporter.scrape("0.1").await;
    assert_eq!(first.failure(&[("target", "slow")]).unwrap().1, "pending");
    assert!(!exporter.0.log().contains("endpoint changed"));
    let told = |exporter: &Exporter| {
        let log = exporter.log();
        log.lines()
            .filter(|line| line.contains("endpoint changed"))
            .count()
    };
    exporter
        .0
        .until("the log tells", |exporter| told(exporter) == 1);
    for path in ["/metrics", "/", "/api/v1/report", "/metrics"] {
        assert_eq!(exporter.ask("GET", path, &[]).await.status, 200);
    }
    assert_eq!(told(&exporter.0), 1, "to read tells nothing");
    assert_eq!(slow.connections(), 1);
}

#[tokio::test]
async fn whoever_reads_at_the_same_time_reads_the_same() {
    let bear = World::today();
    let slow = vec![Act::Drip(b"554 no\r\n", Duration::from_millis(60))];
    let slow = Script::start(slow).await.unwrap();
    let config = format!("targets:\n{}", target("slow", HOST, slow.address));
    let exporter = Served::start(&bear, ", timeout: 5s, min_interval: 1h", &config);
    let (metrics, json, page) = tokio::join!(
        exporter.scrape("10"),
        exporter.ask("GET", "/api/v1/report", &[]),
        exporter.ask("GET", "/targets/slow", &[]),
    );
    let json: serde_json::Value = serde_json::from_str(&json.body).unwrap();
    let said = &json["targets"][0]["endpoints"][0];
    let labels = [("target", "slow")];
    let seconds = metrics.value("smtp_tls_probe_duration_seconds", &labels);
    assert_eq!(seconds, said["probe"]["duration_seconds"].as_f64());
    let (_, reason) = metrics.failure(&labels).unwrap();
    assert_eq!(said["reason"], reason);
    assert!(page.body.contains(&reason), "{}", page.body);
    assert_eq!(slow.connections(), 1);
}

#[tokio::test]
async fn who_hangs_up_stops_nothing() {
    let bear = World::today();
    let slow = vec![
        Act::Drip(b"554 no\r\n", Duration::from_millis(100)),
        Act::Hang,
    ];
    let slow = Script::start(slow).await.unwrap();
    let config = format!("targets:\n{}", target("slow", HOST, slow.address));
    let exporter = Served::start(&bear, "", &config);
    let asked = send(exporter.0.address, "GET", "/metrics", &[]).await;
    while slow.connections() == 0 {
        sleep(Duration::from_millis(5)).await;
    }
    drop(asked);
    let metrics = exporter.scrape("60").await;
    let failure = metrics.failure(&[("target", "slow")]);
    assert_eq!(failure, Some(("greeting".into(), "greeting_5xx".into())));
    assert_eq!(slow.connections(), 1);
}

#[tokio::test]
async fn simultaneous_scrapes_share_one_probe_and_later_ones_its_result() {
    let bear = World::today();
    let stage = good_stage(&bear).await;
    let exporter = Served::start(&bear, "", &stage.config);
    let one = || exporter.scrape("30");
    let (a, b, c, d) = tokio::join!(one(), one(), one(), one());
    let later = exporter.scrape("30").await;
    let stamp = |m: &Exposition| m.value("smtp_tls_probe_timestamp_seconds", &[]).unwrap();
    for scrape in [&a, &b, &c, &d, &later] {
        assert_eq!(scrape.value("smtp_tls_probe_success", &[]), Some(1.0));
        assert_eq!(stamp(scrape), stamp(&a));
    }
    assert_eq!(stage.servers[0].connections(), 1);
    let finished = [("result", "success")];
    let counted = later.value("smtp_tls_exporter_probes_total", &finished);
    assert_eq!(counted, Some(1.0));
}

#[tokio::test]
async fn without_an_interval_every_scrape_probes() {
    let bear = World::today();
    let stage = good_stage(&bear).await;
    let exporter = Served::start(&bear, ", min_interval: 0s", &stage.config);
    for count in 1..4 {
        exporter.scrape("30").await;
        assert_eq!(stage.servers[0].connections(), count);
    }
}

#[tokio::test]
async fn with_an_interval_as_long_as_between_scrapes_every_scrape_probes() {
    let bear = World::today();
    let stage = good_stage(&bear).await;
    let exporter = Served::start(&bear, ", min_interval: 2s", &stage.config);
    let mut ticks = tokio::time::interval(Duration::from_millis(1990));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for count in 1..4 {
        // The clock of who scrapes is never quite ours.
        ticks.tick().await;
        exporter.scrape("30").await;
        assert_eq!(stage.servers[0].connections(), count);
    }
}

#[tokio::test]
async fn a_renewed_certificate_is_seen_by_the_next_scrape() {
    let bear = World::today();
    let old = bear.issue(HOST, -371, -6);
    let stage = Stage::set(HOST, vec![Role::new("relay", old)])
        .await
        .unwrap();
    let exporter = Served::start(&bear, ", min_interval: 0s", &stage.config);
    let before = exporter.scrape("30").await;
    assert_eq!(before.value("smtp_tls_probe_success", &[]), Some(0.0));
    assert!(before.value("smtp_tls_cert_expiry_seconds", &[]) < Some(0.0));
    stage.servers[0].present(&bear.issue(HOST, -1, 89));
    let after = exporter.scrape("30").await;
    assert_eq!(after.value("smtp_tls_probe_success", &[]), Some(1.0));
    assert!(after.value("smtp_tls_cert_expiry_seconds", &[]) > Some(0.0));
    assert_eq!(
        after.all("smtp_tls_cert_info", &[]).len(),
        1,
        "the old one is gone"
    );
}

#[tokio::test]
async fn odd_timeouts_are_answered_all_the_same() {
    let bear = World::today();
    let stage = good_stage(&bear).await;
    let exporter = Served::start(&bear, "", &stage.config);
    exporter.scrape("30").await;
    for odd in ["abc", "", "-1", "0", "NaN", "inf", "1e300", "0.0001"] {
        let metrics = exporter.scrape(odd).await;
        let success = metrics.value("smtp_tls_probe_success", &[]);
        assert_eq!(success, Some(1.0), "{odd}");
    }
}

/// One of the ways to be a bad neighbour.
fn misbehaviour(nth: u8) -> Vec<Act> {
    match nth % 5 {
        0 => vec![Act::Flood(b"220-and again\r\n")],
        1 => vec![
            Act::Drip(b"220-still waiting\r\n", Duration::from_millis(700)),
            Act::Hang,
        ],
        2 => vec![Act::Hang],
        3 => vec![Act::Reset],
        _ => vec![
            Act::say("220 hi"),
            Act::Await("EHLO"),
            Act::Flood(b"250 no end "),
        ],
    }
}

#[tokio::test]
async fn two_hundred_bad_neighbours_cost_twenty_good_servers_nothing() {
    let bear = World::today();
    let credentials = bear.issue(HOST, -30, 60);
    let mut config = "trust: {roots: root.pem}\ntargets:\n".to_owned();
    let (mut bad, mut good) = (Vec::new(), Vec::new());
    for nth in 1..=200 {
        let script = Script::start_at(any_port([127, 0, 51, nth]), misbehaviour(nth));
        let script = script.await.unwrap();
        config += &target(&format!("bad-{nth}"), HOST, script.address);
        bad.push(script);
    }
    for nth in 1..=20 {
        let address = any_port([127, 0, 52, nth]);
        let server = Server::start(address, &credentials, Speech::default()).await;
        let server = server.unwrap();
        config += &target(&format!("good-{nth}"), HOST, server.address);
        good.push(server);
    }
    let exporter = Served::start(&bear, ", timeout: 60s", &config);
    let metrics = exporter.scrape("8").await;
    for nth in 1..=20 {
        let name = format!("good-{nth}");
        let of = [("target", name.as_str())];
        assert_eq!(
            metrics.value("smtp_tls_probe_success", &of),
            Some(1.0),
            "{name}"
        );
    }
    for (script, nth) in bad.iter().zip(1..=200) {
        let name = format!("bad-{nth}");
        let (_, reason) = metrics.failure(&[("target", &name)]).unwrap();
        let expected = match nth % 5 {
            0 | 4 => "protocol_error",
            1 | 2 => "pending",
            _ => "connection_closed",
        };
        assert_eq!(reason, expected, "{name}");
        assert_eq!(script.connections(), 1, "{name}");
    }
}

#[tokio::test]
async fn an_address_in_use_is_one_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("serve.yml");
    fs::write(&file, "probe: {helo: a.b}\ntargets: [{host: 127.0.0.1}]\n").unwrap();
    let file = file.display().to_string();
    let ended = run(&["--config.file", &file, "--web.listen-address", &address]).await;
    assert_eq!(ended.code, Some(1));
    assert_eq!(ended.stdout, "");
    let line = ended.complaint();
    let start = format!("smtp-tls-exporter: cannot listen on {address}: ");
    assert!(line.starts_with(&start), "{line}");
    assert!(line.contains("in use"), "{line}");
}

#[tokio::test]
async fn bad_arguments_are_one_line() {
    for (arguments, expected) in [
        (&["--web.listen-address", "10465"][..], "expected :PORT"),
        (
            &["--web.listen-address", "mx.bears.test:25"],
            "expected :PORT",
        ),
        (
            &["--timeout-offset", "1"],
            "expected a duration such as 0.5s",
        ),
        (&["--log.level", "loud"], "loud"),
        (&["--frobnicate"], "--frobnicate"),
        (&["serve", "--frobnicate"], "--frobnicate"),
        (&["frobnicate"], "frobnicate"),
        (
            &["--config.file", "/no/such/file.yml"],
            "/no/such/file.yml: cannot be read: ",
        ),
    ] {
        let ended = run(arguments).await;
        assert_eq!(ended.code, Some(1), "{arguments:?}");
        assert_eq!(ended.stdout, "", "{arguments:?}");
        let line = ended.complaint();
        assert!(line.starts_with("smtp-tls-exporter: "), "{line}");
        assert!(line.contains(expected), "{line}");
    }
}

#[tokio::test]
async fn a_signal_ends_it_even_while_it_probes() {
    let bear = World::today();
    let tarpit = Script::start(vec![Act::Hang]).await.unwrap();
    let config = format!("targets:\n{}", target("tarpit", HOST, tarpit.address));
    let exporter = Served::start(&bear, "", &config);
    let _asked = send(exporter.0.address, "GET", "/metrics", &[]).await;
    while tarpit.connections() == 0 {
        sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(exporter.0.terminate(), Some(0));
}

#[tokio::test]
async fn version_and_help_are_no_errors() {
    let version = run(&["--version"]).await;
    assert_eq!((version.code, version.stderr.as_str()), (Some(0), ""));
    let own = concat!(
        "smtp-tls-exporter ",
        env!("CARGO_PKG_VERSION"),
        " (revision "
    );
    assert!(version.stdout.starts_with(own), "{}", version.stdout);
    let help = run(&["--help"]).await;
    assert_eq!(help.code, Some(0));
    assert!(help.stdout.contains("--config.file"), "{}", help.stdout);
}
