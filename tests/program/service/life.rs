//! Reloads, changed files, signals, and the end.

use std::time::{Duration, Instant};

use testkit::World;
use testkit::curl::curl;
use testkit::early_clock;
use testkit::exposition::value as sample;
use testkit::peer::{Act, Script, Speech};

use super::config;
use crate::PROGRAM;

const SUCCESSFUL: &str = "smtp_tls_exporter_config_last_reload_successful ";
const PROBES: &str = "smtp_tls_exporter_probes_total{result=\"success\"}";

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_keeps_the_results_of_what_stays() {
    let mut den = World::today();
    let one = den.server("bear.bears.test", 80, Speech::default()).await;
    let two = den.server("bear.bears.test", 80, Speech::default()).await;
    let exporter = PROGRAM
        .over(&config("", &[one]))
        .file("root.pem", &den.authority.root_pem())
        .start();
    let before = exporter.body("/metrics");
    let obtained = "smtp_tls_probe_timestamp_seconds{target=\"bear0\"";
    exporter.rewrite("exporter.yml", &config("", &[one, two]));
    let reloaded = exporter.fetch("/-/reload", &["-X", "POST"]);
    assert_eq!(
        (reloaded.status, reloaded.body.as_str()),
        (200, "reloaded\n")
    );
    let after = exporter.body("/metrics");
    assert_eq!(sample(&after, obtained), sample(&before, obtained));
    assert_eq!(
        sample(&after, PROBES),
        Some(2.0),
        "one a target, not one more"
    );
    exporter.rewrite("exporter.yml", &config("", &[two]));
    exporter.fetch("/-/reload", &["-X", "POST"]);
    let last = exporter.body("/metrics");
    assert!(!last.contains("bear1") && last.contains(&format!("port=\"{}\"", two.port())));
}

#[tokio::test(flavor = "multi_thread")]
async fn other_roots_are_judged_at_once() {
    let mut den = World::today();
    let bear = den.server("bear.bears.test", 80, Speech::default()).await;
    let trusting = config("", &[bear]);
    let exporter = PROGRAM
        .over(&trusting)
        .file("root.pem", &den.authority.root_pem())
        .start();
    let trusted = "smtp_tls_check_success{target=\"bear0\",host=\"bear.bears.test\"";
    let is_trusted = |metrics: &str| {
        let mut lines = metrics.lines().filter(|l| l.starts_with(trusted));
        lines.any(|line| line.contains("check=\"trust\"") && line.ends_with(" 1"))
    };
    assert!(is_trusted(&exporter.body("/metrics")));
    exporter.rewrite("exporter.yml", &trusting.replace("root.pem", "mozilla"));
    assert_eq!(exporter.fetch("/-/reload", &["-X", "POST"]).status, 200);
    assert!(!is_trusted(&exporter.body("/metrics")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_keeps_the_old_configuration_and_is_told() {
    let mut den = World::today();
    let one = den.server("bear.bears.test", 80, Speech::default()).await;
    let exporter = PROGRAM
        .over(&config("", &[one]))
        .file("root.pem", &den.authority.root_pem())
        .start();
    assert_eq!(sample(&exporter.body("/metrics"), SUCCESSFUL), Some(1.0));
    exporter.rewrite("exporter.yml", "targets:\n- hots: x\n");
    let refused = exporter.fetch("/-/reload", &["-X", "POST"]);
    assert_eq!(refused.status, 500);
    assert!(
        refused.body.contains("exporter.yml:2: targets[0]"),
        "{}",
        refused.body
    );
    let metrics = exporter.body("/metrics");
    assert_eq!(sample(&metrics, SUCCESSFUL), Some(0.0));
    assert_eq!(
        sample(&metrics, "smtp_tls_probe_success{target=\"bear0\""),
        Some(1.0)
    );
    let since = refusal(&exporter.body("/"));
    assert!(since.contains("exporter.yml:2: targets[0]"), "{since}");
    assert!(since.contains(" stays in force."), "{since}");
    exporter.rewrite("exporter.yml", "targets:\n- host: <b>\n");
    exporter.fetch("/-/reload", &["-X", "POST"]);
    let later = refusal(&exporter.body("/"));
    assert!(later.contains("exporter.yml:2: targets[0].host"), "{later}");
    assert!(!later.contains("<b>"), "{later}");
    let moment = |line: &str| line.find(" (").map(|end| line[..end].to_owned());
    assert_eq!(moment(&later), moment(&since), "since the first mistake");
    exporter.rewrite("exporter.yml", &config("", &[one]));
    exporter.signal("HUP");
    exporter.until("reloaded", |e| {
        sample(&e.body("/metrics"), SUCCESSFUL) == Some(1.0)
    });
    assert_eq!(refusal(&exporter.body("/")), "");
}

/// What the start page says of a reload that failed, without the last tag; nothing if none did.
fn refusal(page: &str) -> String {
    let said = page.split("<p class=\"refused\">").nth(1);
    let said = said.and_then(|said| said.split("</p>").next());
    said.unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_file_is_read_again_by_itself() {
    let mut den = World::today();
    let one = den.server("bear.bears.test", 80, Speech::default()).await;
    let exporter = PROGRAM
        .over(&config("", &[one]))
        .file("root.pem", &den.authority.root_pem())
        .argument("--config.reload-interval=0.1s")
        .start();
    assert!(!exporter.body("/config").contains("per_address"));
    exporter.rewrite("exporter.yml", &config("probe: {per_address: 2}", &[one]));
    exporter.until("reloaded", |e| e.body("/config").contains("per_address: 2"));
    exporter.rewrite("exporter.yml", "broken: [");
    exporter.until("refused", |e| e.log().contains("not reloaded"));
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(
        exporter.log().matches("not reloaded").count(),
        1,
        "one line a mistake"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn reloads_under_load_lose_no_answer() {
    let mut den = World::today();
    let one = den.server("bear.bears.test", 80, Speech::default()).await;
    let exporter = PROGRAM
        .over(&config("probe: {min_interval: 0s}", &[one]))
        .file("root.pem", &den.authority.root_pem())
        .start();
    let (metrics, reload) = (exporter.url("/metrics"), exporter.url("/-/reload"));
    let scrapers: Vec<_> = (0..4)
        .map(|_| {
            let url = metrics.clone();
            std::thread::spawn(move || {
                for _ in 0..15 {
                    let got = curl(&url, &[]);
                    assert_eq!(got.status, 200);
                    let success = "smtp_tls_probe_success{target=\"bear0\"";
                    assert_eq!(sample(&got.body, success), Some(1.0), "{}", got.body);
                }
            })
        })
        .collect();
    for _ in 0..20 {
        assert_eq!(curl(&reload, &["-X", "POST"]).status, 200);
    }
    for scraper in scrapers {
        scraper.join().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scrape_under_way_is_answered_before_the_end() {
    let tarpit = Script::start(vec![Act::Hang]).await.unwrap();
    let mut den = World::today();
    let good = den.server("bear.bears.test", 80, Speech::default()).await;
    let head = "probe: {per_address: 2}";
    let mut exporter = PROGRAM
        .over(&config(head, &[good, tarpit.address]))
        .file("root.pem", &den.authority.root_pem())
        .start();
    let url = exporter.url("/metrics");
    let header = "X-Prometheus-Scrape-Timeout-Seconds: 20";
    let scrape = std::thread::spawn(move || curl(&url, &["-H", header]));
    exporter.until("probing", |e| {
        let metrics = e.fetch(
            "/metrics",
            &["-H", "X-Prometheus-Scrape-Timeout-Seconds: 0.6"],
        );
        sample(&metrics.body, "smtp_tls_exporter_probes_in_flight ") == Some(1.0)
    });
    let begun = Instant::now();
    exporter.signal("TERM");
    assert!(exporter.ended().success());
    assert!(
        begun.elapsed() < Duration::from_secs(8),
        "it waited for the tarpit"
    );
    let answer = scrape.join().unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(
        sample(&answer.body, "smtp_tls_probe_success{target=\"bear0\""),
        Some(1.0)
    );
    assert_eq!(
        sample(&answer.body, "smtp_tls_probe_success{target=\"bear1\""),
        Some(0.0)
    );
}

/// As a file on a server that does not answer any more: whoever opens a pipe that nobody writes to waits for ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_never_ends_holds_up_neither_scrapes_nor_the_end() {
    let mut den = World::today();
    let good = den.server("bear.bears.test", 80, Speech::default()).await;
    let setup = PROGRAM.over(&config("", &[good]));
    let file = setup.path("exporter.yml");
    let mut exporter = setup.file("root.pem", &den.authority.root_pem()).start();
    std::fs::remove_file(&file).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&file).status();
    assert!(made.unwrap().success());
    exporter.signal("HUP");
    exporter.until("refused", |e| {
        e.log()
            .contains("exporter.yml: is a FIFO, expected a regular file")
    });
    let refused = exporter.fetch("/-/reload", &["-X", "POST"]);
    assert_eq!(refused.status, 500);
    let metrics = exporter.body("/metrics");
    assert_eq!(sample(&metrics, SUCCESSFUL), Some(0.0));
    assert_eq!(
        sample(&metrics, "smtp_tls_probe_success{target=\"bear0\""),
        Some(1.0)
    );
    let begun = Instant::now();
    exporter.signal("TERM");
    assert!(exporter.ended().success());
    assert!(begun.elapsed() < Duration::from_secs(8));
}

/// A renewed root counts without a reload, a broken one does not, and neither costs results of other targets.
#[tokio::test(flavor = "multi_thread")]
async fn files_that_the_configuration_names_are_followed() {
    let mut den = World::today();
    let bear = den.server("bear.bears.test", 80, Speech::default()).await;
    let root = den.authority.root_pem();
    let stranger = World::today().authority.root_pem();
    let other = format!(
        "- {{name: other, addresses: 127.0.0.1, ports: {}, expect: {{roots: fixed.pem}}}}\n",
        bear.port()
    );
    let exporter = PROGRAM
        .over(&(config("probe: {min_interval: 1h}", &[bear]) + &other))
        .file("root.pem", &stranger)
        .file("fixed.pem", &root)
        .argument("--config.reload-interval=0.1s")
        .start();
    let trusts = |metrics: &str| {
        let mut lines = metrics.lines().filter(|l| l.contains("target=\"bear0\""));
        lines.any(|line| line.contains("check=\"trust\"") && line.ends_with(" 1"))
    };
    let loaded = |metrics: &str, file: &str, kind: &str| {
        let labels = format!("{{file=\"{file}\",kind=\"{kind}\"}}");
        sample(
            metrics,
            &format!("smtp_tls_exporter_file_last_load_successful{labels}"),
        )
    };
    let main = exporter.path("exporter.yml");
    let main = main.display().to_string();
    let before = exporter.body("/metrics");
    assert!(!trusts(&before));
    for (file, kind) in [
        ("root.pem", "roots"),
        ("fixed.pem", "roots"),
        (&main, "config"),
    ] {
        assert_eq!(loaded(&before, file, kind), Some(1.0), "{file}");
    }
    exporter.rewrite("root.pem", &root);
    exporter.until("trusted", |e| trusts(&e.body("/metrics")));
    let obtained = "smtp_tls_probe_timestamp_seconds{target=\"other\"";
    let after = exporter.body("/metrics");
    assert_eq!(sample(&after, obtained), sample(&before, obtained), "kept");
    exporter.rewrite("root.pem", "no PEM");
    exporter.until("refused", |e| {
        loaded(&e.body("/metrics"), "root.pem", "roots") == Some(0.0)
    });
    let broken = exporter.body("/metrics");
    assert!(trusts(&broken));
    assert_eq!(loaded(&broken, "fixed.pem", "roots"), Some(1.0));
    assert_eq!(loaded(&broken, &main, "config"), Some(1.0));
    assert_eq!(
        exporter
            .log()
            .matches("root.pem: no certificate inside")
            .count(),
        1
    );
    exporter.rewrite("root.pem", &root);
    exporter.until("mended", |e| {
        loaded(&e.body("/metrics"), "root.pem", "roots") == Some(1.0)
    });
}

/// Whoever writes a file may be slow, or the disk full.
#[tokio::test(flavor = "multi_thread")]
async fn a_target_file_that_breaks_keeps_its_targets_also_over_a_reload() {
    const LOADED: &str =
        "smtp_tls_exporter_file_last_load_successful{file=\"t.json\",kind=\"targets\"}";
    const BAD: &str = "smtp_tls_exporter_file_bad_entries{file=\"t.json\",kind=\"targets\"}";
    const FOUND: &str = "smtp_tls_target_endpoints{target=\"127.0.0.1:9\"";
    let exporter = PROGRAM
        .over("probe: {min_interval: 0s}\ntarget_files: [t.json]\n")
        .file("t.json", r#"[{"targets": ["127.0.0.1:9"]}]"#)
        .start();
    let all = |exporter: &testkit::Exporter| {
        let metrics = exporter.body("/metrics");
        [LOADED, BAD, FOUND].map(|name| sample(&metrics, name))
    };
    assert_eq!(all(&exporter), [Some(1.0), Some(0.0), Some(1.0)]);
    exporter.rewrite("t.json", "");
    exporter.until("emptied", |e| all(e)[0] == Some(0.0));
    assert_eq!(all(&exporter)[2], Some(1.0), "its target stays");
    assert_eq!(exporter.fetch("/-/reload", &["-X", "POST"]).status, 200);
    assert_eq!(all(&exporter), [Some(0.0), Some(0.0), Some(1.0)]);
    exporter.rewrite("t.json", r#"[{"targets": ["127.0.0.1:x", "127.0.0.1:9"]}]"#);
    assert_eq!(exporter.fetch("/-/reload", &["-X", "POST"]).status, 200);
    assert_eq!(all(&exporter), [Some(1.0), Some(1.0), Some(1.0)]);
    exporter.rewrite("t.json", "[]");
    assert_eq!(exporter.fetch("/-/reload", &["-X", "POST"]).status, 200);
    assert_eq!(all(&exporter), [Some(1.0), Some(0.0), None]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_work_the_end_is_immediate() {
    let mut den = World::today();
    let good = den.server("bear.bears.test", 80, Speech::default()).await;
    let mut exporter = PROGRAM
        .over(&config("", &[good]))
        .file("root.pem", &den.authority.root_pem())
        .start();
    let idle = std::net::TcpStream::connect(exporter.address).unwrap();
    exporter.signal("TERM");
    assert!(exporter.ended().success());
    assert!(exporter.log().contains("SIGTERM"));
    drop(idle);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_nobody_reads_stops_nothing() {
    let mut den = World::today();
    let one = den.server("bear.bears.test", 80, Speech::default()).await;
    let exporter = PROGRAM
        .over(&config("", &[one]))
        .file("root.pem", &den.authority.root_pem())
        .argument("--log.level=debug")
        .start_and_stop_reading();
    for _ in 0..3 {
        let reloaded = exporter.fetch("/-/reload", &["-X", "POST"]);
        assert_eq!(reloaded.status, 200, "{}", reloaded.body);
        let metrics = exporter.body("/metrics");
        assert!(metrics.contains("smtp_tls_probe_success{target=\"bear0\""));
    }
    let mut exporter = exporter;
    exporter.signal("TERM");
    assert_eq!(exporter.ended().code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_before_1970_is_told_until_it_is_set() {
    let setup = PROGRAM
        .over(&config("", &["127.0.0.1:9".parse().unwrap()]))
        .file("root.pem", &World::today().authority.root_pem());
    let library = early_clock(setup.path("").as_path());
    let mut exporter = setup
        .variable("LD_PRELOAD", library.to_str().unwrap())
        .start();
    for path in ["/metrics", "/-/healthy"] {
        let got = exporter.fetch(path, &[]);
        assert_eq!(got.status, 503, "{}", got.head);
        assert!(
            got.body.contains("clock stands before 1970"),
            "{}",
            got.body
        );
    }
    exporter.signal("HUP");
    exporter.signal("TERM");
    assert_eq!(exporter.ended().code(), Some(0));
    let log = exporter.log();
    assert!(log.contains("the clock stands before 1970"), "{log}");
    assert!(!log.contains("panicked"), "{log}");
}
