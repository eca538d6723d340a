//! Certificates that no CA should issue but servers present all the same, over real sockets: each is in the metrics
//! and in the JSON, with its facts or with its fingerprints and why it cannot be read.

use rustls::{SupportedProtocolVersion, version};
use serde_json::Value;
use smtp_tls_exporter::certificate::Certificate;
use smtp_tls_exporter::render;
use testkit::odd::issued::Ca;
use testkit::odd::{Odd, attribute, der, name, set};
use testkit::peer::{Authority, Credentials, Leaf, Speech};
use testkit::{Exposition, serve, target_with};

use crate::watched::{NOW, Names, Watched, clock, metrics, scrape, world};

const HOST: &str = "mx.bears.test";
static VERSIONS: [&[&SupportedProtocolVersion]; 2] = [&[&version::TLS12], &[&version::TLS13]];

/// Both renderings of one probe of one server.
struct Seen {
    page: String,
    endpoint: Value,
}

impl Seen {
    async fn at(credentials: &Credentials) -> Self {
        Self::speaking(credentials, Speech::default()).await
    }

    /// With more in the target.
    async fn expecting(credentials: &Credentials, more: &str) -> Self {
        Self::probed(credentials, Speech::default(), "mozilla", more).await
    }

    async fn speaking(credentials: &Credentials, speech: Speech) -> Self {
        Self::trusting(credentials, speech, "mozilla").await
    }

    /// Where these are the roots.
    async fn below(roots: &[&rcgen::Certificate], credentials: &Credentials) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("roots.pem");
        let pem: String = roots.iter().map(|root| root.pem()).collect();
        std::fs::write(&file, pem).unwrap();
        let file = file.display().to_string();
        Self::trusting(credentials, Speech::default(), &file).await
    }

    async fn trusting(credentials: &Credentials, speech: Speech, roots: &str) -> Self {
        Self::probed(credentials, speech, roots, "").await
    }

    async fn probed(credentials: &Credentials, speech: Speech, roots: &str, more: &str) -> Self {
        let server = serve(credentials, speech).await;
        let text = format!(
            "probe: {{timeout: 10s, min_interval: 20s}}\ntrust: {{roots: {roots}}}\ntargets:\n{}",
            target_with("odd", HOST, server.address, more)
        );
        let snapshot = scrape(&world().named(&text, Names::default())).await;
        let json: Value = serde_json::from_str(&render::json(&snapshot)).unwrap();
        Self {
            page: metrics(&snapshot),
            endpoint: json["targets"][0]["endpoints"][0].clone(),
        }
    }

    #[track_caller]
    fn value(&self, metric: &str) -> f64 {
        Exposition::parse(&self.page).value(metric, &[]).unwrap()
    }

    /// A label of `cert_info`, as Prometheus reads it.
    #[track_caller]
    fn info(&self, label: &str) -> String {
        let samples = Exposition::parse(&self.page);
        let info = samples.one("smtp_tls_cert_info", &[]).unwrap();
        info.label(label).unwrap().to_owned()
    }

    fn certificate(&self, key: &str) -> &Value {
        &self.endpoint["certificate"][key]
    }

    /// What a check found, with its reason and evidence.
    #[track_caller]
    fn check(&self, name: &str) -> (&str, &str, &str) {
        let checks = self.endpoint["checks"].as_array().unwrap();
        let found = checks.iter().find(|check| check["check"] == name).unwrap();
        let text = |key: &str| found[key].as_str().unwrap_or_default();
        (text("result"), text("reason"), text("evidence"))
    }

    /// What holds for every certificate that can be read.
    #[track_caller]
    fn is_readable(&self, credentials: &Credentials) {
        let leaf = Certificate::from_der(&credentials.chain[0]);
        let fingerprint = leaf.fingerprints().sha256_hex();
        assert_eq!(self.info("fingerprint_sha256"), fingerprint);
        assert_eq!(*self.certificate("fingerprint_sha256"), *fingerprint);
        assert_eq!(self.value("smtp_tls_handshake_success"), 1.0);
        assert_eq!(self.endpoint["probe"]["handshake_signature"], "verified");
        assert_eq!(*self.certificate("unreadable"), Value::Null);
        let facts = leaf.facts().unwrap();
        let left = facts.not_after.seconds_since(clock());
        assert_eq!(self.value("smtp_tls_cert_expiry_seconds"), left as f64);
    }
}

#[tokio::test]
async fn version_one_is_read() {
    let odd = Odd {
        version: 1,
        extensions: Vec::new(),
        ..Odd::default()
    }
    .credentials();
    let seen = Seen::at(&odd).await;
    seen.is_readable(&odd);
    assert_eq!(*seen.certificate("version"), 1);
    assert_eq!(seen.info("subject"), "CN=mx.bears.test");
}

#[tokio::test]
async fn the_first_and_the_last_date_are_read() {
    let odd = Odd {
        not_before: "19500101000000Z",
        not_after: "99991231235959Z",
        ..Odd::default()
    };
    let odd = odd.credentials();
    let seen = Seen::at(&odd).await;
    seen.is_readable(&odd);
    let start = seen.value("smtp_tls_cert_not_before_timestamp_seconds");
    let end = seen.value("smtp_tls_cert_not_after_timestamp_seconds");
    assert_eq!((start, end), (-631_152_000.0, 253_402_300_799.0));
    assert_eq!(*seen.certificate("not_before"), "1950-01-01T00:00:00Z");
    assert_eq!(*seen.certificate("not_after"), "9999-12-31T23:59:59Z");
}

#[tokio::test]
async fn a_date_in_a_form_that_clients_refuse_is_reported_and_not_passed() {
    for (date_tag, not_before, not_after, end) in [
        (0x17, "260501000000Z", "2608010000Z", "2026-08-01T00:00:00Z"),
        (
            0x17,
            "2605010000+0000",
            "260801000000Z",
            "2026-08-01T00:00:00Z",
        ),
        (
            0x17,
            "260501000000Z",
            "260801000000+0100",
            "2026-07-31T23:00:00Z",
        ),
        (
            0x18,
            "20260501000000Z",
            "20260801000000.5Z",
            "2026-08-01T00:00:00Z",
        ),
        (
            0x18,
            "20260501000000.123456Z",
            "20260801000000Z",
            "2026-08-01T00:00:00Z",
        ),
        (
            0x18,
            "20260501000000Z",
            "20260801000000-0230",
            "2026-08-01T02:30:00Z",
        ),
        (
            0x18,
            "2026050100",
            "20260801000000Z",
            "2026-08-01T00:00:00Z",
        ),
    ] {
        let odd = Odd {
            date_tag,
            not_before,
            not_after,
            ..Odd::default()
        };
        let odd = odd.credentials();
        let untrusting = ", checks: {trust: off, chain_complete: off}";
        let seen = Seen::expecting(&odd, untrusting).await;
        seen.is_readable(&odd);
        assert_eq!(*seen.certificate("not_after"), end);
        let (result, _, evidence) = seen.check("lifetime");
        assert_eq!(result, "unknown", "{not_before} {not_after}");
        assert!(evidence.contains("RFC 5280 §4.1.2.5"), "{evidence}");
        assert_eq!(seen.endpoint["state"], "Undecided");
        assert_eq!(seen.endpoint["reason"], "undecided");
        assert!(!seen.page.contains(r#"check="lifetime""#));
    }
}

#[tokio::test]
async fn a_date_that_no_client_minds_passes() {
    for (date_tag, not_before, not_after) in [
        (0x17, "260501000000Z", "260801000000Z"),
        (0x18, "20260501000000Z", "20260801000000Z"),
    ] {
        let odd = Odd {
            date_tag,
            not_before,
            not_after,
            ..Odd::default()
        };
        let seen = Seen::at(&odd.credentials()).await;
        assert_eq!(seen.check("lifetime").0, "pass");
    }
}

#[tokio::test]
async fn names_that_no_client_takes_cover_nothing() {
    for (name, passes) in [
        ("MX.Bears.TEST", true),
        ("*.bears.test", true),
        ("mx.bears.test.", false),
        ("*.bears.test.", false),
        ("*", false),
        ("*.test", false),
        ("*.*.test", false),
        ("m*.bears.test", false),
        ("*x.bears.test", false),
        ("mx.*.test", false),
        ("", false),
        (" mx.bears.test", false),
        ("mx.bears.test ", false),
        (".bears.test", false),
        ("mx.bears.test\0.evil.test", false),
    ] {
        let odd = Odd {
            extensions: vec![Odd::names(&[name.to_owned()])],
            ..Odd::default()
        };
        let odd = odd.credentials();
        let seen = Seen::at(&odd).await;
        seen.is_readable(&odd);
        let matches = f64::from(u8::from(passes));
        assert_eq!(
            seen.value("smtp_tls_cert_subject_match"),
            matches,
            "{name:?}"
        );
        let result = if passes { "pass" } else { "fail" };
        assert_eq!(seen.check("names").0, result, "{name:?}");
    }
}

#[tokio::test]
async fn a_negative_serial_number_is_shown_as_it_is() {
    let odd = Odd {
        serial: vec![0xfb, 0x2e],
        ..Odd::default()
    }
    .credentials();
    let seen = Seen::at(&odd).await;
    seen.is_readable(&odd);
    assert_eq!(seen.info("serial_number"), "FB2E");
    assert_eq!(*seen.certificate("serial_number"), "FB2E");
}

#[tokio::test]
async fn an_empty_subject_is_empty() {
    let odd = Odd {
        subject: name(&[]),
        ..Odd::default()
    }
    .credentials();
    let seen = Seen::at(&odd).await;
    seen.is_readable(&odd);
    assert_eq!(seen.info("subject"), "");
    assert_eq!(seen.info("tls_certificate_name"), "<I>CN=Odd CA<S>");
    assert_eq!(*seen.certificate("subject"), "");
    assert_eq!(seen.value("smtp_tls_cert_subject_match"), 1.0);
}

#[tokio::test]
async fn a_multi_valued_name_keeps_its_values() {
    let both = set(&[
        attribute(b"\x55\x04\x0a", "Bear"),
        attribute(b"\x55\x04\x03", "mx"),
    ]);
    let odd = Odd {
        subject: name(&[both]),
        ..Odd::default()
    }
    .credentials();
    let seen = Seen::at(&odd).await;
    seen.is_readable(&odd);
    assert_eq!(seen.info("subject"), "O=Bear + CN=mx");
    assert_eq!(*seen.certificate("subject"), "O=Bear + CN=mx");
}

#[tokio::test]
async fn control_characters_are_escaped_in_labels_and_whole_in_json() {
    let text = "mx\u{1b}[31m\"red\"\n# HELP up\r\u{7f}\0end\\";
    let odd = Odd {
        subject: Odd::common_name(text),
        ..Odd::default()
    }
    .credentials();
    let seen = Seen::at(&odd).await;
    seen.is_readable(&odd);
    // .NET puts it in quotes and doubles those inside; a label's line feed is read back by Prometheus.
    let quoted = text.replace('"', "\"\"");
    assert_eq!(*seen.certificate("subject"), format!("CN=\"{quoted}\""));
    let shown = quoted
        .replace('\u{1b}', "\\u{1b}")
        .replace('\r', "\\u{d}")
        .replace('\u{7f}', "\\u{7f}")
        .replace('\0', "\\u{0}");
    assert_eq!(seen.info("subject"), format!("CN=\"{shown}\""));
    let raw = |c: char| c.is_control() && c != '\n';
    assert!(!seen.page.contains(raw), "{:?}", seen.page);
    assert!(!seen.page.lines().any(|line| line.starts_with("# HELP up")));
}

#[tokio::test]
async fn a_name_of_ten_kilobytes_is_cut_in_labels_and_whole_in_json() {
    let long = "ä".repeat(5_000);
    let odd = Odd {
        subject: Odd::common_name(&long),
        ..Odd::default()
    }
    .credentials();
    let seen = Seen::at(&odd).await;
    seen.is_readable(&odd);
    for label in ["subject", "tls_certificate_name"] {
        let shown = seen.info(label);
        assert_eq!(shown.chars().count(), 513, "{label}");
        assert!(shown.ends_with("ää…"), "{label}");
    }
    assert_eq!(*seen.certificate("subject"), format!("CN={long}"));
}

#[tokio::test]
async fn four_hundred_names_are_listed_and_compared() {
    let mut names: Vec<_> = (0..399).map(|n| format!("h{n}.bears.test")).collect();
    names.push(HOST.to_owned());
    let odd = Odd {
        extensions: vec![Odd::names(&names)],
        ..Odd::default()
    }
    .credentials();
    let seen = Seen::at(&odd).await;
    seen.is_readable(&odd);
    assert_eq!(*seen.certificate("names"), Value::from(names));
    assert_eq!(seen.value("smtp_tls_cert_subject_match"), 1.0);
}

#[tokio::test]
async fn long_chains_are_counted_and_twenty_are_kept() {
    let authority = Authority::new("Odd", NOW);
    for presented in [20, 25] {
        let mut long = authority.issue(&Leaf::server(HOST, -1, 89));
        for _ in 2..presented {
            let more = authority.self_signed(&Leaf::server("more.bears.test", -1, 50));
            long.chain.extend(more.chain);
        }
        let seen = Seen::at(&long).await;
        seen.is_readable(&long);
        assert_eq!(
            seen.value("smtp_tls_chain_certificates"),
            f64::from(presented)
        );
        let kept = seen.endpoint["chain"].as_array().unwrap().len();
        assert_eq!(kept, 20);
        assert_eq!(seen.endpoint["chain_omitted"], presented - 20);
        let earliest = seen.value("smtp_tls_chain_earliest_not_after_timestamp_seconds");
        assert_eq!(earliest, (NOW + 50 * 86_400) as f64);
    }
}

#[tokio::test]
async fn an_extension_that_comes_twice_counts_twice_and_is_a_defect() {
    let one = Odd::names(&["other.bears.test".into()]);
    let two = Odd::names(&[HOST.into()]);
    let odd = Odd {
        extensions: vec![one, two],
        ..Odd::default()
    }
    .credentials();
    let seen = Seen::at(&odd).await;
    seen.is_readable(&odd);
    let names = Value::from(vec!["other.bears.test", HOST]);
    assert_eq!(*seen.certificate("names"), names);
    let defect = "extension 2.5.29.17 appears 2 times";
    assert_eq!(*seen.certificate("defects"), Value::from(vec![defect]));
}

#[tokio::test]
async fn an_address_of_wrong_length_hides_no_other_name() {
    let names = [
        &b"\x87\x05\x01\x02\x03\x04\x05\x82\x0d"[..],
        HOST.as_bytes(),
    ]
    .concat();
    let extension = Odd::extension(b"\x55\x1d\x11", &der(0x30, &names));
    let odd = Odd {
        extensions: vec![extension],
        ..Odd::default()
    }
    .credentials();
    let seen = Seen::at(&odd).await;
    seen.is_readable(&odd);
    let names = Value::from(vec!["IP:#0102030405", HOST]);
    assert_eq!(*seen.certificate("names"), names);
    assert_eq!(seen.value("smtp_tls_cert_subject_match"), 1.0);
}

#[tokio::test]
async fn bytes_behind_the_certificate_are_counted() {
    let mut odd = Odd::default().credentials();
    let longer = [odd.chain[0].as_ref(), &[0; 3]].concat();
    odd.chain[0] = longer.into();
    let seen = Seen::at(&odd).await;
    seen.is_readable(&odd);
    assert_eq!(*seen.certificate("trailing_bytes"), 3);
}

#[tokio::test]
async fn a_staple_that_is_garbage_is_shown_as_such() {
    for versions in VERSIONS {
        let odd = Odd::default().credentials();
        let staple = Some(b"garbage".to_vec());
        let speech = Speech {
            versions,
            staple,
            ..Speech::default()
        };
        let seen = Seen::speaking(&odd, speech).await;
        seen.is_readable(&odd);
        let unreadable = &seen.endpoint["staple"]["unreadable"];
        assert_eq!(*unreadable, "no OCSP response (7 bytes)");
        // Neither good nor bad.
        assert!(!seen.page.contains(r#"check="revocation""#));
    }
}

#[tokio::test]
async fn what_is_no_certificate_still_has_a_fingerprint_and_a_reason() {
    let intermediate = Odd::default().credentials().chain.remove(0);
    for versions in VERSIONS {
        for garbage in [&b"garbage"[..], b"0", &[0x30; 5_000], &[0xff; 300]] {
            let mut odd = Odd::default().credentials();
            odd.chain = vec![garbage.to_vec().into(), intermediate.clone()];
            let speech = Speech {
                versions,
                ..Speech::default()
            };
            is_unreadable(&Seen::speaking(&odd, speech).await, garbage);
        }
    }
}

#[track_caller]
fn is_unreadable(seen: &Seen, garbage: &[u8]) {
    let fingerprints = Certificate::from_der(garbage);
    let fingerprints = fingerprints.fingerprints();
    assert_eq!(seen.info("fingerprint_sha1"), fingerprints.sha1_hex());
    assert_eq!(seen.info("fingerprint_sha256"), fingerprints.sha256_hex());
    assert_eq!(seen.info("subject"), "");
    assert_eq!(seen.value("smtp_tls_chain_certificates"), 2.0);
    assert_eq!(seen.value("smtp_tls_probe_success"), 0.0);
    let failure = Exposition::parse(&seen.page);
    let failure = failure.one("smtp_tls_probe_failure_info", &[]).unwrap();
    assert_eq!(failure.label("reason"), Some("cert_unreadable"));
    assert!(!seen.page.contains("\nsmtp_tls_cert_expiry_seconds"));
    let endpoint = &seen.endpoint;
    assert_eq!(endpoint["state"], "Unreachable");
    assert_eq!(endpoint["reason"], "cert_unreadable");
    let length = format!("({} bytes)", garbage.len());
    let detail = endpoint["causes"][0]["detail"].as_str().unwrap();
    assert!(detail.ends_with(&length), "{detail}");
    assert_eq!(endpoint["causes"].as_array().unwrap().len(), 1);
    assert_eq!(*seen.certificate("length"), garbage.len());
    assert_eq!(endpoint["chain"][1]["unreadable"], Value::Null);
}

#[tokio::test]
async fn a_root_that_has_ended_fails_lifetime_and_is_named() {
    let root = Ca::new("Old Root");
    let leaf = root.leaf(HOST, (2025, 2027), &[]);
    let [ended, future] = [(2020, 2026), (2027, 2030)].map(|years| root.by(&root, years));
    let seen = Seen::below(&[&ended], &leaf).await;
    let said = "the root 'CN=Old Root' expired 2026-01-01T00:00:00Z";
    assert_eq!(seen.check("lifetime"), ("fail", "chain_expired", said));
    assert_eq!(seen.check("trust").0, "pass");
    assert_eq!(seen.endpoint["state"], "Expired");
    let end = seen.value("smtp_tls_chain_verified_not_after_timestamp_seconds");
    assert_eq!(end, 1_767_225_600.0);
    let seen = Seen::below(&[&future], &leaf).await;
    let said = "the root 'CN=Old Root' is valid from 2027-01-01T00:00:00Z";
    assert_eq!(seen.check("lifetime"), ("fail", "cert_not_yet_valid", said));
}

#[tokio::test]
async fn a_renewed_root_beside_the_old_one_saves_it() {
    let root = Ca::new("Old Root");
    let leaf = root.leaf(HOST, (2025, 2027), &[]);
    let [ended, renewed] = [(2020, 2026), (2024, 2034)].map(|years| root.by(&root, years));
    for roots in [[&ended, &renewed], [&renewed, &ended]] {
        let seen = Seen::below(&roots, &leaf).await;
        assert_eq!(seen.endpoint["state"], "Healthy", "{:#}", seen.endpoint);
        let end = seen.value("smtp_tls_chain_verified_not_after_timestamp_seconds");
        assert_eq!(end, 1_798_761_600.0);
    }
}

/// certificatePolicies with any policy, requireExplicitPolicy after three, inhibitAnyPolicy after one.
#[tokio::test]
async fn policies_that_nobody_demands_hide_no_root() {
    let root = Ca::new("Root");
    for (number, content) in [
        (32, &b"\x30\x08\x30\x06\x06\x04\x55\x1d\x20\x00"[..]),
        (36, b"\x30\x03\x80\x01\x03"),
        (54, b"\x02\x01\x01"),
    ] {
        let middle = Ca::new("Inter").with(number, content);
        let leaf = middle.leaf(HOST, (2026, 2027), &[middle.by(&root, (2020, 2030))]);
        let seen = Seen::below(&[&root.by(&root, (2020, 2030))], &leaf).await;
        assert_eq!(seen.endpoint["state"], "Healthy", "{:#}", seen.endpoint);
    }
}

#[tokio::test]
async fn what_cannot_be_judged_says_whose_fault_it_is() {
    let root = Ca::new("Root");
    for (number, content, said) in [
        (
            36,
            &b"\x30\x03\x80\x01\x00"[..],
            "'CN=Inter' demands a certificate policy",
        ),
        (
            99,
            b"\x05\x00",
            "'CN=Inter' has a critical extension that is not known (2.5.29.99)",
        ),
    ] {
        let middle = Ca::new("Inter").with(number, content);
        let leaf = middle.leaf(HOST, (2026, 2027), &[middle.by(&root, (2020, 2030))]);
        let seen = Seen::below(&[&root.by(&root, (2020, 2030))], &leaf).await;
        let (result, reason, evidence) = seen.check("trust");
        assert_eq!((result, reason), ("unknown", ""));
        assert!(evidence.starts_with(said), "{evidence}");
        assert_eq!(seen.check("chain_complete").0, "pass");
    }
}

#[tokio::test]
async fn an_issuer_renewed_after_the_leaf_expired_is_still_its_issuer() {
    let (root, middle) = (Ca::new("Root"), Ca::new("Inter"));
    let renewed = middle.by(&root, (2026, 2030));
    let leaf = middle.leaf(HOST, (2024, 2025), &[renewed]);
    let seen = Seen::below(&[&root.by(&root, (2020, 2030))], &leaf).await;
    assert_eq!(seen.check("trust").0, "pass");
    assert_eq!(seen.check("lifetime").1, "cert_expired");
}

#[tokio::test]
async fn the_same_name_in_another_encoding_is_the_same_name() {
    let mut root = Ca::new("Bear  ROOT");
    let name = rcgen::DnValue::PrintableString("bear root".try_into().unwrap());
    let certificate = root.by(&root, (2020, 2030));
    root.params
        .distinguished_name
        .push(rcgen::DnType::CommonName, name);
    let leaf = root.leaf(HOST, (2026, 2027), &[]);
    let seen = Seen::below(&[&certificate], &leaf).await;
    assert_eq!(seen.endpoint["state"], "Healthy", "{:#}", seen.endpoint);
}
