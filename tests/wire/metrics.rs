//! Holds `/metrics` to the contract: every metric under its labels, in text that Prometheus reads, whatever strangers
//! write into their certificates.

use testkit::peer::{Leaf, Speech};
use testkit::{Exposition, Role, Stage};

use crate::probed::seconds;
use crate::watched::{NOW, Names, Watched, measure, world};

const HOST: &str = "mx.bears.test";
const DAY: i64 = 86_400;

/// Label names of each family beyond those of an endpoint or a target.
const OWN: [(&str, &[&str]); 24] = [
    ("smtp_tls_state", &["state", "reason"]),
    ("smtp_tls_probe_success", &[]),
    ("smtp_tls_probe_duration_seconds", &[]),
    ("smtp_tls_probe_phase_duration_seconds", &["phase"]),
    ("smtp_tls_probe_timestamp_seconds", &[]),
    ("smtp_tls_probe_failure_info", &["phase", "reason"]),
    ("smtp_tls_starttls_offered", &[]),
    ("smtp_tls_handshake_success", &[]),
    ("smtp_tls_cert_expiry_seconds", &[]),
    ("smtp_tls_cert_not_before_timestamp_seconds", &[]),
    ("smtp_tls_cert_not_after_timestamp_seconds", &[]),
    ("smtp_tls_cert_warning_seconds", &[]),
    ("smtp_tls_cert_critical_seconds", &[]),
    ("smtp_tls_cert_subject_match", &[]),
    ("smtp_tls_check_success", &["check"]),
    ("smtp_tls_chain_earliest_not_after_timestamp_seconds", &[]),
    ("smtp_tls_chain_certificates", &[]),
    ("smtp_tls_chain_verified_not_after_timestamp_seconds", &[]),
    (
        "smtp_tls_cert_info",
        &[
            "subject",
            "issuer",
            "serial_number",
            "fingerprint_sha1",
            "fingerprint_sha256",
            "spki_sha256",
            "key_type",
            "key_bits",
            "signature_algorithm",
            "tls_certificate_name",
        ],
    ),
    (
        "smtp_tls_connection_info",
        &["fallback", "tls_version", "cipher_suite", "key_exchange"],
    ),
    ("smtp_tls_target_resolved", &["view"]),
    ("smtp_tls_target_failure_info", &["view", "reason"]),
    ("smtp_tls_target_endpoints", &["view"]),
    ("smtp_tls_target_distinct_certificates", &["offer"]),
];

/// What the exporter says about itself.
const ABOUT_ITSELF: [(&str, &str, &[&str]); 8] = [
    (
        "smtp_tls_exporter_build_info",
        "gauge",
        &["version", "revision", "rustversion"],
    ),
    (
        "smtp_tls_exporter_config_last_reload_successful",
        "gauge",
        &[],
    ),
    (
        "smtp_tls_exporter_config_last_reload_success_timestamp_seconds",
        "gauge",
        &[],
    ),
    ("smtp_tls_exporter_probes_in_flight", "gauge", &[]),
    ("smtp_tls_exporter_probes_total", "counter", &["result"]),
    (
        "smtp_tls_exporter_scrape_deadline_exceeded_total",
        "counter",
        &[],
    ),
    ("process_cpu_seconds_total", "counter", &[]),
    ("process_start_time_seconds", "gauge", &[]),
];

/// A healthy server with labels, one without STARTTLS, and a name that nobody knows.
async fn mixed_world() -> Exposition {
    let bear = world();
    let credentials = bear.authority.issue(&Leaf::server(HOST, -30, 60));
    let healthy = Role {
        more: ", labels: {site: bearville, rack: 7}".into(),
        ..Role::new("relay", credentials.clone())
    };
    let silent = Role {
        speech: Speech {
            offers_starttls: false,
            ..Speech::default()
        },
        ..Role::new("fax", credentials)
    };
    let stage = Stage::set(HOST, vec![healthy, silent])
        .await
        .expect("servers");
    let config = format!("{}- {{name: lost, host: lost.bears.test}}\n", stage.config);
    measure(&bear.named(&config, Names::default())).await
}

#[tokio::test]
async fn every_metric_of_the_contract_is_there_under_its_labels() {
    let metrics = mixed_world().await;
    for (name, own) in OWN {
        let family = (name.to_owned(), "gauge".to_owned());
        assert!(metrics.families.contains(&family), "{name}");
        let base: &[&str] = if name.starts_with("smtp_tls_target_") {
            &["target", "rack", "site"]
        } else {
            &[
                "target", "host", "port", "view", "address", "offer", "rack", "site",
            ]
        };
        assert_labels(&metrics, name, &[base, own].concat());
    }
    for (name, kind, own) in ABOUT_ITSELF {
        let family = (name.to_owned(), kind.to_owned());
        assert!(metrics.families.contains(&family), "{name}");
        assert_labels(&metrics, name, own);
    }
    for sample in metrics.samples.iter().filter(|s| s.label("site").is_some()) {
        let (site, rack) = match sample.label("target") {
            Some("relay") => ("bearville", "7"),
            _ => ("", ""),
        };
        let labels = (sample.label("site"), sample.label("rack"));
        assert_eq!(labels, (Some(site), Some(rack)), "{sample:?}");
    }
}

fn assert_labels(metrics: &Exposition, name: &str, expected: &[&str]) {
    let samples = metrics.all(name, &[]);
    assert!(!samples.is_empty(), "{name} has no sample");
    for sample in samples {
        let names: Vec<_> = sample
            .labels
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(names, expected, "{name}");
    }
}

#[tokio::test]
async fn the_exporter_counts_its_probes() {
    let metrics = mixed_world().await;
    for (result, count) in [("success", 1.0), ("failure", 1.0)] {
        let of = [("result", result)];
        let counted = metrics.value("smtp_tls_exporter_probes_total", &of);
        assert_eq!(counted, Some(count), "{result}");
    }
    let value = |name: &str| metrics.value(&format!("smtp_tls_exporter_{name}"), &[]);
    assert_eq!(value("probes_in_flight"), Some(0.0));
    assert_eq!(value("scrape_deadline_exceeded_total"), Some(0.0));
    assert_eq!(value("config_last_reload_successful"), Some(1.0));
    let loaded = value("config_last_reload_success_timestamp_seconds");
    assert_eq!(loaded, Some(seconds(NOW - 3600)));
    let failure = metrics.failure(&[("target", "fax")]);
    assert_eq!(
        failure,
        Some(("starttls".into(), "starttls_not_offered".into()))
    );
    let reason = metrics.one("smtp_tls_target_failure_info", &[]).unwrap();
    assert_eq!(reason.label("reason"), Some("dns_not_found"));
}

/// Whatever its state is, each endpoint has one series of it; the limits are those of its certificate and its target.
#[tokio::test]
async fn the_state_and_its_limits_are_said() {
    let bear = world();
    // 90 days: a quarter is less than 30 days, and a tenth is more than 7.
    let credentials = bear.authority.issue(&Leaf::server(HOST, -70, 20));
    let with = |name, limits: &str| Role {
        more: limits.to_owned(),
        ..Role::new(name, credentials.clone())
    };
    let mute = Role {
        speech: Speech {
            offers_starttls: false,
            ..Speech::default()
        },
        ..with("mute", "")
    };
    let roles = vec![
        with("plain", ""),
        with("late", ", limits: {warning: {left: 15d}}"),
        with(
            "early",
            ", limits: {warning: {lifetime: 100%}, critical: {lifetime: 50%, left: 21d}}",
        ),
        mute,
    ];
    let stage = Stage::set(HOST, roles).await.unwrap();
    let metrics = measure(&bear.named(&stage.config, Names::default())).await;
    for (target, state, reason, limits) in [
        ("plain", "Warning", "expires_soon", Some((22.5, 7.0))),
        ("late", "Healthy", "", Some((15.0, 7.0))),
        ("early", "Critical", "expires_soon", Some((90.0, 21.0))),
        ("mute", "Unreachable", "starttls_not_offered", None),
    ] {
        let of = [("target", target)];
        let said = metrics.one("smtp_tls_state", &of).unwrap();
        assert_eq!(
            (said.label("state"), said.label("reason"), said.value),
            (Some(state), Some(reason), 1.0)
        );
        let days = |name: &str| Some(metrics.value(name, &of)? / seconds(DAY));
        let warning = days("smtp_tls_cert_warning_seconds");
        let critical = days("smtp_tls_cert_critical_seconds");
        assert_eq!(warning.zip(critical), limits, "{target}");
    }
}

#[tokio::test]
async fn strangers_cannot_write_into_the_metrics() {
    let bear = world();
    let hostile = "x\"} 1\nevil_metric 1\n\\\u{1b}[31m\u{0}";
    let long = "y".repeat(5000);
    let named = |common_name| Leaf {
        names: &[HOST],
        ..Leaf::server(common_name, -30, 60)
    };
    let labelled = Role {
        more: r#", labels: {site: "a\"b\\c\nd é"}"#.into(),
        ..Role::new("hostile", bear.authority.issue(&named(hostile)))
    };
    let roles = vec![
        labelled,
        Role::new("long", bear.authority.issue(&named(&long))),
    ];
    // Reading it is the proof: a line that is no sample of its family would have panicked.
    let stage = Stage::set(HOST, roles).await.unwrap();
    let metrics = measure(&bear.named(&stage.config, Names::default())).await;
    let of = [("target", "hostile")];
    let info = metrics.one("smtp_tls_cert_info", &of).unwrap();
    let subject = info.label("subject").unwrap();
    assert!(subject.contains("evil_metric 1"), "{subject}");
    let controls = subject.chars().filter(|c| c.is_control() && *c != '\n');
    assert_eq!(controls.count(), 0, "{subject:?}");
    assert_eq!(info.label("site"), Some("a\"b\\c\nd é"));
    let left = metrics.value("smtp_tls_cert_expiry_seconds", &of);
    assert_eq!(left, Some(seconds(60 * DAY)));
    let long = metrics
        .one("smtp_tls_cert_info", &[("target", "long")])
        .unwrap();
    for (name, value) in &long.labels {
        assert!(value.chars().count() <= 513, "{name}");
    }
    let matches = metrics.value("smtp_tls_cert_subject_match", &[("target", "long")]);
    assert_eq!(matches, Some(1.0));
}
