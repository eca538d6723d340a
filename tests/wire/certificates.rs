//! Holds the exporter to its promise that no certificate, however bad, loses a series: over real sockets, judged for a
//! fixed moment.

use std::collections::{BTreeMap, BTreeSet};

use rcgen::ExtendedKeyUsagePurpose;
use smtp_tls_exporter::certificate::Certificate;
use smtp_tls_exporter::report::Snapshot;
use testkit::World;
use testkit::peer::{Authority, Credentials, Leaf, Speech};
use testkit::{Exposition, Role, Stage, fleet};

use crate::probed::seconds;
use crate::watched::{self, NOW, Names, Watched, measure, metrics, world};

const HOST: &str = "mx.bears.test";
const DAY: i64 = 86_400;
/// The checks that apply to any single endpoint of which nothing in particular is expected.
const ALWAYS: [&str; 10] = [
    "lifetime",
    "names",
    "trust",
    "chain_complete",
    "key_strength",
    "signature",
    "eku_server",
    "key_usage",
    "issuer_purpose",
    "tls_version",
];

/// Starts the servers and probes them once.
async fn scrape(authority: &World, roles: Vec<Role<'_>>) -> (Exposition, Snapshot) {
    let stage = Stage::set(HOST, roles).await.expect("servers");
    let rounds = authority.named(&stage.config, Names::default());
    let snapshot = watched::scrape(&rounds).await;
    (Exposition::parse(&metrics(&snapshot)), snapshot)
}

/// A certificate, and what is to be said about it.
struct Case {
    name: &'static str,
    credentials: Credentials,
    days: i64,
    /// The checks that fail, with their reasons.
    failing: &'static [(&'static str, &'static str)],
    state: &'static str,
}

impl Case {
    /// Whether an unknown issuer is a root, which servers leave out, cannot be seen.
    fn undecided(&self, check: &str) -> bool {
        check == "chain_complete" && self.failing.contains(&("trust", "unknown_issuer"))
    }
}

macro_rules! cases {
    ($($name:literal: $days:literal $state:literal $failing:expr => $credentials:expr;)+) => {
        vec![$(Case {
            name: $name,
            credentials: $credentials,
            days: $days,
            failing: &$failing,
            state: $state,
        }),+]
    };
}

fn cases(bear: &World) -> Vec<Case> {
    let fox = Authority::new("Fox", NOW);
    let issue = |from, until| bear.authority.issue(&Leaf::server(HOST, from, until));
    let client = Leaf {
        purposes: &[ExtendedKeyUsagePurpose::ClientAuth],
        ..Leaf::server(HOST, -30, 60)
    };
    let mut alone = issue(-30, 60);
    alone.chain.truncate(1);
    cases! {
        "healthy": 60 "Healthy" [] => issue(-30, 60);
        "expired": -6 "Expired" [("lifetime", "cert_expired")] => issue(-371, -6);
        "early": 95 "NotYetValid" [("lifetime", "cert_not_yet_valid")] => issue(5, 95);
        "expiring": 25 "Warning" [] => issue(-340, 25);
        "last-days": 3 "Critical" [] => issue(-362, 3);
        "short-lived": 4 "Healthy" [] => issue(-2, 4);
        "wrong-name": 60 "Mismatch" [("names", "name_mismatch")]
            => bear.authority.issue(&Leaf::server("old.bears.test", -30, 60));
        "self-signed": 3250 "Untrusted" [("trust", "self_signed")]
            => bear.authority.self_signed(&Leaf::server(HOST, -400, 3250));
        "incomplete": 60 "Untrusted"
            [("trust", "chain_incomplete"), ("chain_complete", "chain_incomplete")] => alone;
        "unknown-ca": 60 "Untrusted" [("trust", "unknown_issuer")]
            => fox.issue(&Leaf::server(HOST, -30, 60));
        "client-only": 60 "Untrusted" [("eku_server", "eku_missing")] => bear.authority.issue(&client);
        "everything": -300 "Expired"
            [("lifetime", "cert_expired"), ("names", "name_mismatch"), ("trust", "self_signed")]
            => bear.authority.self_signed(&Leaf::server("printer", -3950, -300));
    }
}

#[tokio::test]
async fn every_certificate_is_exported_and_judged() {
    let bear = world();
    let cases = cases(&bear);
    let roles = cases
        .iter()
        .map(|c| Role::new(c.name, c.credentials.clone()));
    let (metrics, snapshot) = scrape(&bear, roles.collect()).await;
    for (case, (_, entry)) in cases.iter().zip(snapshot.entries()) {
        let of = [("target", case.name)];
        let value = |name: &str| metrics.value(&format!("smtp_tls_{name}"), &of);
        let name = case.name;
        assert_eq!(
            value("cert_expiry_seconds"),
            Some(seconds(case.days * DAY)),
            "{name}"
        );
        let until = seconds(NOW + case.days * DAY);
        assert_eq!(
            value("cert_not_after_timestamp_seconds"),
            Some(until),
            "{name}"
        );
        assert_eq!(value("handshake_success"), Some(1.0), "{name}");
        assert_eq!(value("starttls_offered"), Some(1.0), "{name}");
        assert_eq!(value("target_distinct_certificates"), Some(1.0), "{name}");
        assert_eq!(
            metrics.failure(&of),
            None,
            "a bad certificate is no failed probe"
        );
        let fails = |check: &str| case.failing.iter().any(|(known, _)| *known == check);
        let matches = if fails("names") { 0.0 } else { 1.0 };
        assert_eq!(value("cert_subject_match"), Some(matches), "{name}");
        let success = if case.failing.is_empty() { 1.0 } else { 0.0 };
        assert_eq!(value("probe_success"), Some(success), "{name}");
        let mut expected: BTreeMap<_, _> = ALWAYS
            .iter()
            .map(|check| ((*check).to_owned(), if fails(check) { 0.0 } else { 1.0 }))
            .collect();
        expected.retain(|check, _| !case.undecided(check));
        assert_eq!(checks(&metrics, &of), expected, "{name}");
        let reasons = entry
            .verdict
            .failures()
            .map(|(c, f)| (c, f.reason.as_str()));
        assert_eq!(reasons.collect::<Vec<_>>(), case.failing, "{name}");
        assert_eq!(entry.state.as_str(), case.state, "{name}");
    }
}

fn checks(metrics: &Exposition, of: &[(&str, &str)]) -> BTreeMap<String, f64> {
    let all = metrics.all("smtp_tls_check_success", of);
    all.into_iter()
        .map(|s| (s.label("check").unwrap_or_default().to_owned(), s.value))
        .collect()
}

/// A series without the labels that tell one endpoint or one certificate from another.
type Kind = (String, Vec<(String, String)>);

fn kinds(metrics: &Exposition, target: &str) -> BTreeSet<Kind> {
    let telling = |label: &(String, String)| ["check", "phase"].contains(&label.0.as_str());
    let of_target = metrics
        .samples
        .iter()
        .filter(|s| s.label("target") == Some(target));
    of_target
        .map(|s| {
            (
                s.name.clone(),
                s.labels.iter().filter(|l| telling(l)).cloned().collect(),
            )
        })
        .collect()
}

const VERIFIED: &str = "smtp_tls_chain_verified_not_after_timestamp_seconds";

#[tokio::test]
async fn a_bad_certificate_loses_no_series() {
    let bear = world();
    let cases = cases(&bear);
    let roles = cases
        .iter()
        .map(|c| Role::new(c.name, c.credentials.clone()));
    let (metrics, _) = scrape(&bear, roles.collect()).await;
    let healthy = kinds(&metrics, "healthy");
    assert!(healthy.len() > 25, "{healthy:?}");
    for case in &cases {
        let trusted = !case.failing.iter().any(|(check, _)| *check == "trust");
        let mut expected = healthy.clone();
        // The one series that a certificate without any path to a root cannot have.
        expected.retain(|(name, _)| trusted || name != VERIFIED);
        expected.retain(|(_, labels)| !labels.iter().any(|(_, value)| case.undecided(value)));
        assert_eq!(kinds(&metrics, case.name), expected, "{}", case.name);
    }
}

/// Probes a valid leaf whose intermediate ends on this day.
async fn under_an_intermediate(until_day: i64) -> (Exposition, Snapshot) {
    let bear = World::of(Authority::with_intermediate("Bear", NOW, until_day), NOW);
    let credentials = bear.authority.issue(&Leaf::server(HOST, -30, 60));
    scrape(&bear, vec![Role::new("relay", credentials)]).await
}

#[tokio::test]
async fn an_expired_intermediate_fails_the_leaf_and_loses_no_series() {
    let (metrics, snapshot) = under_an_intermediate(-3).await;
    let (_, entry) = snapshot.entries().next().unwrap();
    let failures = entry.verdict.failures();
    let reasons: Vec<_> = failures.map(|(c, f)| (c, f.reason.as_str())).collect();
    assert_eq!(reasons, [("lifetime", "chain_expired")]);
    assert_eq!(checks(&metrics, &[]).get("lifetime"), Some(&0.0));
    let value = |name: &str| metrics.value(&format!("smtp_tls_{name}"), &[]);
    assert_eq!(value("probe_success"), Some(0.0));
    assert_eq!(value("handshake_success"), Some(1.0));
    assert_eq!(value("cert_expiry_seconds"), Some(seconds(60 * DAY)));
    let ends = seconds(NOW - 3 * DAY);
    assert_eq!(metrics.value(VERIFIED, &[]), Some(ends));
    let (healthy, _) = under_an_intermediate(1825).await;
    assert_eq!(kinds(&metrics, "relay"), kinds(&healthy, "relay"));
}

#[tokio::test]
async fn an_intermediate_that_ends_first_is_seen_before_it_does() {
    let (metrics, _) = under_an_intermediate(20).await;
    let value = |name: &str| metrics.value(&format!("smtp_tls_{name}"), &[]);
    assert_eq!(value("probe_success"), Some(1.0));
    assert_eq!(checks(&metrics, &[]).get("lifetime"), Some(&1.0));
    let leaf = value("cert_not_after_timestamp_seconds");
    assert_eq!(leaf, Some(seconds(NOW + 60 * DAY)));
    let ends = seconds(NOW + 20 * DAY);
    assert_eq!(metrics.value(VERIFIED, &[]), Some(ends));
}

#[tokio::test]
async fn both_ways_into_tls_bring_the_same_series() {
    let bear = world();
    let credentials = bear.authority.issue(&Leaf::server(HOST, -30, 60));
    let implicit = Role {
        speech: Speech {
            implicit: true,
            ..Speech::default()
        },
        ..Role::new("implicit", credentials.clone())
    };
    let roles = vec![Role::new("starttls", credentials), implicit];
    let (metrics, _) = scrape(&bear, roles).await;
    let mut starttls = kinds(&metrics, "starttls");
    let phase = |name: &str| ("phase".to_owned(), name.to_owned());
    starttls.retain(|(name, labels)| {
        name != "smtp_tls_starttls_offered" && !labels.contains(&phase("starttls"))
    });
    assert_eq!(kinds(&metrics, "implicit"), starttls);
}

#[tokio::test]
async fn a_half_renewed_fleet_is_seen_address_by_address() {
    let bear = world();
    let old = bear.authority.issue(&Leaf::server(HOST, -371, -6));
    let new = bear.authority.issue(&Leaf::server(HOST, -2, 88));
    let cast = [(1, &new), (2, &old), (3, &old), (4, &old), (5, &old)];
    let (port, _servers) = fleet(41, &cast).await;
    let config = format!(
        "trust: {{roots: root.pem}}\ndefaults: {{ports: [{port}]}}\ntargets:\n\
         - {{name: relay, host: {HOST}, addresses: [127.0.41.1, 127.0.41.2, 127.0.41.3, 127.0.41.4, 127.0.41.5]}}\n\
         - {{name: waived, host: {HOST}, addresses: [127.0.41.1, 127.0.41.2], expect: {{same_certificate: false}}}}\n"
    );
    let metrics = measure(&bear.named(&config, Names::default())).await;
    let relay = [("target", "relay")];
    assert_eq!(
        metrics.value("smtp_tls_target_distinct_certificates", &relay),
        Some(2.0)
    );
    assert_eq!(
        metrics.value("smtp_tls_target_endpoints", &relay),
        Some(5.0)
    );
    for host in 1..=5 {
        let address = format!("127.0.41.{host}");
        let of = [("target", "relay"), ("address", &address)];
        let (days, success) = if host == 1 { (88, 1.0) } else { (-6, 0.0) };
        let left = metrics.value("smtp_tls_cert_expiry_seconds", &of);
        assert_eq!(left, Some(seconds(days * DAY)), "{address}");
        assert_eq!(
            metrics.value("smtp_tls_probe_success", &of),
            Some(success),
            "{address}"
        );
        let found = checks(&metrics, &of);
        assert_eq!(found.get("same_certificate"), Some(&success), "{address}");
        assert_eq!(found.get("lifetime"), Some(&success), "{address}");
    }
    let waived = [("target", "waived")];
    assert_eq!(
        metrics.value("smtp_tls_target_distinct_certificates", &waived),
        Some(2.0)
    );
    let same = metrics.all(
        "smtp_tls_check_success",
        &[("target", "waived"), ("check", "same_certificate")],
    );
    assert!(same.is_empty(), "{same:?}");
}

const NAME: &str = "CN=mx.bears.test, O=BearWorld, L=Bearville, C=US";
const ISSUER: &str = "CN=Bear Issuing CA, O=BearWorld, L=Bearville, C=US";

/// What is expected of the certificate, by which check it is judged, and whether it holds. `{…}` is filled in.
const EXPECTATIONS: &[(&str, &str, bool)] = &[
    ("subject: '{name}'", "subject", true),
    (
        "subject: 'CN=mx.bears.test,O=BearWorld,L=Bearville,C=US'",
        "subject",
        true,
    ),
    (
        "subject: 'C = US, L = Bearville, O = BearWorld, CN = mx.bears.test'",
        "subject",
        true,
    ),
    (
        "subject: 'CN=MX.bears.test, O=bearworld, L=Bearville, C=us'",
        "subject",
        true,
    ),
    (
        "subject: 'CN=mx.bears.test, O=BearWorld, C=US'",
        "subject",
        false,
    ),
    (
        "subject: 'CN=old.bears.test, O=BearWorld, L=Bearville, C=US'",
        "subject",
        false,
    ),
    ("issuer: '{issuer}'", "issuer", true),
    ("issuer: 'CN=Some Random CA, C=US'", "issuer", false),
    (
        "tls_certificate_name: '<I>{issuer}<S>{name}'",
        "tls_certificate_name",
        true,
    ),
    (
        "tls_certificate_name: '<i>{issuer}<s>{name}'",
        "tls_certificate_name",
        true,
    ),
    (
        "tls_certificate_name: '<I>CN=Other<S>{name}'",
        "tls_certificate_name",
        false,
    ),
    ("fingerprints: ['{sha1}']", "fingerprint", true),
    ("fingerprints: '{colons}'", "fingerprint", true),
    (
        "fingerprints: [0000000000000000000000000000000000000000, '{sha256}']",
        "fingerprint",
        true,
    ),
    (
        "fingerprints: ['0000000000000000000000000000000000000000']",
        "fingerprint",
        false,
    ),
    ("names: [mx.bears.test]", "names", true),
    ("names: [mx.bears.test, owa.bears.test]", "names", false),
];

fn filled_in(template: &str, leaf: &Certificate) -> String {
    let prints = leaf.fingerprints();
    let sha1 = prints.sha1_hex();
    let pairs: Vec<_> = (0..20)
        .map(|i| sha1[2 * i..2 * i + 2].to_lowercase())
        .collect();
    template
        .replace("{name}", NAME)
        .replace("{issuer}", ISSUER)
        .replace("{sha1}", &sha1)
        .replace("{sha256}", &prints.sha256_hex())
        .replace("{colons}", &pairs.join(":"))
}

#[tokio::test]
async fn the_expected_certificate_is_told_from_another() {
    let bear = world();
    let credentials = bear.authority.issue(&Leaf::server(HOST, -30, 60));
    let leaf = Certificate::from_der(&credentials.chain[0]);
    let names: Vec<String> = (0..EXPECTATIONS.len()).map(|n| format!("t{n}")).collect();
    let roles = EXPECTATIONS
        .iter()
        .zip(&names)
        .map(|((yaml, ..), name)| Role {
            more: format!(", expect: {{{}}}", filled_in(yaml, &leaf)),
            ..Role::new(name, credentials.clone())
        });
    let (metrics, _) = scrape(&bear, roles.collect()).await;
    for ((yaml, check, holds), name) in EXPECTATIONS.iter().zip(&names) {
        let value = if *holds { 1.0 } else { 0.0 };
        let of = [("target", name.as_str())];
        assert_eq!(checks(&metrics, &of).get(*check), Some(&value), "{yaml}");
        let matches = metrics.value("smtp_tls_cert_subject_match", &of);
        assert_eq!(matches, Some(value), "{yaml}");
        let left = metrics.value("smtp_tls_cert_expiry_seconds", &of);
        assert_eq!(left, Some(seconds(60 * DAY)), "{yaml}");
    }
}

#[tokio::test]
async fn the_details_of_the_certificate_can_be_pasted_into_exchange() {
    let bear = world();
    let credentials = bear.authority.issue(&Leaf::server(HOST, -30, 60));
    let prints = *Certificate::from_der(&credentials.chain[0]).fingerprints();
    let (metrics, _) = scrape(&bear, vec![Role::new("relay", credentials)]).await;
    let info = metrics.one("smtp_tls_cert_info", &[]).unwrap();
    for (label, value) in [
        ("subject", NAME),
        ("issuer", ISSUER),
        ("tls_certificate_name", &format!("<I>{ISSUER}<S>{NAME}")),
        ("fingerprint_sha1", &prints.sha1_hex()),
        ("fingerprint_sha256", &prints.sha256_hex()),
        ("key_bits", "256"),
    ] {
        assert_eq!(info.label(label), Some(value), "{label}");
    }
    assert_eq!(info.value, 1.0);
}
