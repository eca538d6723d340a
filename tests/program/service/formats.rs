//! What machines read: both metric formats, gzip, the report, service discovery, the log.

use std::io::Write;
use std::process::{Command, Stdio};

use testkit::exposition::value as sample;
use testkit::peer::Speech;
use testkit::{Exporter, World};

use super::config;
use crate::PROGRAM;

const OPENMETRICS: &str = "Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5";

async fn two_bears() -> (World, Exporter) {
    let mut den = World::today();
    let good = den.server("bear.bears.test", 80, Speech::default()).await;
    let old = den.server("bear.bears.test", -1, Speech::default()).await;
    let setup = PROGRAM.over(&config("", &[good, old]));
    let exporter = setup.file("root.pem", &den.authority.root_pem()).start();
    (den, exporter)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_client_gets_its_format_in_the_same_order() {
    let (_den, exporter) = two_bears().await;
    let text = exporter.fetch("/metrics", &[]);
    assert!(
        text.head
            .contains("content-type: text/plain; version=0.0.4; charset=utf-8")
    );
    assert!(!text.head.contains("content-encoding"));
    assert_eq!(
        sample(&text.body, "smtp_tls_probe_success{target=\"bear0\""),
        Some(1.0)
    );
    assert_eq!(
        sample(&text.body, "smtp_tls_probe_success{target=\"bear1\""),
        Some(0.0)
    );
    let again = exporter.fetch("/metrics", &["--compressed"]);
    assert!(again.head.contains("content-encoding: gzip"));
    let names = |body: &str| -> Vec<String> {
        let lines = body.lines().filter(|line| !line.starts_with('#'));
        lines
            .map(|line| line.rsplit_once(' ').unwrap().0.to_owned())
            .collect()
    };
    assert_eq!(names(&again.body), names(&text.body));
    let open = exporter.fetch("/metrics", &["-H", OPENMETRICS]);
    assert!(
        open.head
            .contains("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    assert!(open.body.ends_with("\n# EOF\n"));
    assert!(
        open.body
            .contains("# TYPE smtp_tls_exporter_probes counter\n")
    );
    assert!(open.body.contains("# TYPE smtp_tls_cert info\n"));
    assert_eq!(names(&open.body), names(&text.body));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs promtool: tests/run.sh"]
async fn promtool_has_nothing_to_say() {
    let (_den, exporter) = two_bears().await;
    let metrics = exporter.body("/metrics");
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = promtool.stdin.take().unwrap();
    input.write_all(metrics.as_bytes()).unwrap();
    drop(input);
    let output = promtool.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.is_empty(), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_is_that_of_check() {
    let (_den, exporter) = two_bears().await;
    let report = exporter.fetch("/api/v1/report", &["--compressed"]);
    assert!(report.head.contains("content-type: application/json"));
    let report: serde_json::Value = serde_json::from_str(&report.body).unwrap();
    assert_eq!(report["exit_code"], 2);
    assert_eq!(report["targets"][0]["state"], "Healthy");
    assert_eq!(
        report["targets"][1]["endpoints"][0]["reason"],
        "cert_expired"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn service_discovery_lists_the_targets() {
    let (_den, exporter) = two_bears().await;
    let listed = exporter.fetch("/sd", &[]);
    assert!(listed.head.contains("content-type: application/json"));
    let groups: serde_json::Value = serde_json::from_str(&listed.body).unwrap();
    let group = &groups[1];
    assert!(
        group["targets"][0]
            .as_str()
            .unwrap()
            .starts_with("127.0.0.1:")
    );
    assert_eq!(group["labels"]["__meta_smtp_tls_target"], "bear1");
    assert_eq!(group["labels"]["__param_module"], "smtp");
    assert_eq!(group["labels"]["__param_hostname"], "bear.bears.test");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_or_not_allowed_is_said() {
    let (_den, exporter) = two_bears().await;
    assert_eq!(exporter.fetch("/nowhere", &[]).status, 404);
    let post = exporter.fetch("/metrics", &["-X", "POST"]);
    assert_eq!(post.status, 405);
    assert!(post.head.contains("allow: get, head"));
    assert_eq!(exporter.fetch("/-/reload", &[]).status, 405);
    assert_eq!(exporter.body("/-/healthy"), "Healthy\n");
    assert_eq!(exporter.body("/-/ready"), "Ready\n");
    assert_eq!(exporter.fetch("/metrics", &["--head"]).status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_has_a_line_for_each_change_and_none_that_a_stranger_broke() {
    let mut den = World::today();
    let speech = Speech {
        banner: "evil\u{1b}[31m level=error msg=\"owned\"".to_owned(),
        offers_starttls: false,
        ..Speech::default()
    };
    let evil = den.server("bear.bears.test", 80, speech).await;
    let good = den.server("bear.bears.test", 80, Speech::default()).await;
    for (format, level) in [("logfmt", "info"), ("json", "debug")] {
        let exporter = PROGRAM
            .over(&config("probe: {min_interval: 0s}", &[evil, good]))
            .file("root.pem", &den.authority.root_pem())
            .argument(format!("--log.format={format}"))
            .argument(format!("--log.level={level}"))
            .start();
        for _ in 0..3 {
            exporter.body("/metrics");
        }
        let log = exporter.log();
        let changes = |l: &&str| l.contains("endpoint changed");
        assert_eq!(log.lines().filter(changes).count(), 1, "{log}");
        assert!(
            log.contains("starttls_not_offered") && !log.contains('\u{1b}'),
            "{log}"
        );
        let probes = log.lines().filter(|line| line.contains("probed")).count();
        assert_eq!(probes, if level == "debug" { 6 } else { 0 }, "{log}");
        if format == "json" {
            let parse = serde_json::from_str::<serde_json::Value>;
            assert!(log.lines().all(|line| parse(line).is_ok()), "{log}");
        }
    }
}
