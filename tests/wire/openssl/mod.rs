//! Holds the fallbacks of attempts to what real servers do that our own library cannot play: old versions, old suites,
//! odd keys, two certificates, demands for ours. Needs the `openssl` of OpenSSL 3.

mod certificates;
mod kinds;
mod server;

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use smtp_tls_exporter::facts::observation::{HandshakeSignature, Observation, Outcome};
use smtp_tls_exporter::render;
use testkit::Exposition;
use testkit::http::request;

use crate::watched::{Names, Watched, scrape, world};
use crate::{PROGRAM, watched};
use certificates::{P256, Pair, RSA, Workshop};
use kinds::{By, Kind};
use server::Server;

/// Everything that OpenSSL still can.
const ALL: &str = "ALL:@SECLEVEL=0";

/// What one target came to: the metrics, one observation an offer, and the JSON.
struct Seen {
    metrics: Exposition,
    observations: Vec<Arc<Observation>>,
    json: String,
}

/// Probes a server; `more` goes into the target.
async fn visit(server: &Server, more: &str) -> Seen {
    let config = format!(
        "probe: {{timeout: 60s}}\n\
         targets: [{{host: mx.bears.test, addresses: [127.0.0.1], ports: [{}], tls: starttls, {more}}}]\n",
        server.address.port()
    );
    let snapshot = scrape(&world().named(&config, Names::default())).await;
    let entries = snapshot.entries();
    Seen {
        metrics: Exposition::parse(&watched::metrics(&snapshot)),
        observations: entries.map(|(_, e)| Arc::clone(&e.observation)).collect(),
        json: render::json(&snapshot),
    }
}

impl Seen {
    fn label(&self, name: &str, label: &str) -> String {
        let sample = self.metrics.one(&format!("smtp_tls_{name}"), &[]);
        let sample = sample.unwrap_or_else(|| panic!("no {name}: {:?}", self.observations));
        sample.label(label).unwrap_or_default().to_owned()
    }

    fn value(&self, name: &str) -> Option<f64> {
        self.metrics.value(&format!("smtp_tls_{name}"), &[])
    }

    fn reason(&self) -> Option<String> {
        self.metrics.failure(&[]).map(|(_, reason)| reason)
    }

    fn attempts(&self) -> Vec<(&str, &str)> {
        let attempts = self.observations[0].attempts.iter();
        attempts
            .map(|a| (a.fallback.as_str(), a.outcome.as_str()))
            .collect()
    }

    fn signature(&self) -> Option<&str> {
        let signature = self.observations[0].signature.as_ref();
        signature.map(HandshakeSignature::as_str)
    }
}

/// What is to be seen of a server with one certificate.
struct Case<'a> {
    options: &'a [&'a str],
    /// The attempt that got through, and the version, suite and key exchange that it got.
    fallback: &'a str,
    parameters: [&'a str; 3],
    /// Nothing where the handshake completed.
    reason: Option<&'a str>,
    signature: &'a str,
}

/// Probes a server and compares; the key is `[type, bits]` as in `cert_info`.
async fn assert_case(pair: &Pair, key: [&str; 2], case: Case<'_>) {
    let server = Server::start(&[pair], case.options).await;
    let seen = visit(&server, "").await;
    let about = format!("{:?} {:?}", case.options, seen.observations);
    assert_eq!(seen.reason().as_deref(), case.reason, "{about}");
    assert_eq!(seen.signature(), Some(case.signature), "{about}");
    let completed = if case.reason.is_none() { 1.0 } else { 0.0 };
    assert_eq!(seen.value("handshake_success"), Some(completed), "{about}");
    let last = seen.attempts().last().map(|(fallback, _)| *fallback);
    assert_eq!(last, Some(case.fallback), "{about}");
    assert_eq!(seen.value("chain_certificates"), Some(1.0), "{about}");
    assert!(seen.value("cert_expiry_seconds").is_some(), "{about}");
    let found = ["key_type", "key_bits"].map(|label| seen.label("cert_info", label));
    assert_eq!(found, key, "{about}");
    if case.parameters.concat().is_empty() {
        assert_eq!(seen.value("connection_info"), None, "{about}");
        return;
    }
    assert_eq!(
        seen.label("connection_info", "fallback"),
        case.fallback,
        "{about}"
    );
    let labels = ["tls_version", "cipher_suite", "key_exchange"];
    for (label, expected) in labels.into_iter().zip(case.parameters) {
        let found = seen.label("connection_info", label);
        assert!(found.starts_with(expected), "{label} {found}: {about}");
    }
}

#[tokio::test]
#[ignore = "needs openssl: tests/run.sh"]
async fn versions_before_tls_1_2_are_named_and_their_certificate_read() {
    let workshop = Workshop::new();
    let pair = workshop.issue("old", RSA);
    for (option, version) in [("-tls1", "TLSv1.0"), ("-tls1_1", "TLSv1.1")] {
        let server = Server::start(&[&pair], &[option, "-cipher", ALL]).await;
        let seen = visit(&server, "").await;
        assert_eq!(
            seen.attempts(),
            [
                ("modern", "tls_version_unsupported"),
                ("compatible", "tls_version_unsupported"),
                ("legacy", "certificate_read"),
            ]
        );
        let reason = seen.reason();
        assert_eq!(reason.as_deref(), Some("tls_version_unsupported"));
        assert_eq!(seen.signature(), Some("unproven"));
        assert_eq!(seen.value("handshake_success"), Some(0.0));
        assert_eq!(seen.value("cert_info"), Some(1.0));
        assert_eq!(seen.label("connection_info", "fallback"), "legacy");
        assert_eq!(seen.label("connection_info", "tls_version"), version);
        let check = [("check", "tls_version")];
        let passed = seen.metrics.value("smtp_tls_check_success", &check);
        assert_eq!(passed, Some(0.0));
        for said in [
            version,
            "\"unproven\"",
            "\"certificate_read\"",
            "legacy hello",
        ] {
            assert!(seen.json.contains(said), "{said}: {}", seen.json);
        }
        let content = visit(&server, "expect: {min_tls: \"1.0\"}").await;
        let passed = content.metrics.value("smtp_tls_check_success", &check);
        assert_eq!(passed, Some(1.0));
    }
}

#[tokio::test]
#[ignore = "needs openssl: tests/run.sh"]
async fn suites_that_modern_clients_lack_are_named_and_the_certificate_read() {
    let workshop = Workshop::new();
    let (rsa, dsa) = (workshop.issue("rsa", RSA), workshop.issue_dsa("dsa"));
    let (rsa, dsa) = ((&rsa, ["RSA", "2048"]), (&dsa, ["DSA", "1024"]));
    for ((pair, key), suite, name, exchange) in [
        (
            rsa,
            "AES128-GCM-SHA256",
            "RSA_WITH_AES_128_GCM_SHA256",
            "RSA",
        ),
        (rsa, "AES256-SHA", "RSA_WITH_AES_256_CBC_SHA", "RSA"),
        (
            rsa,
            "CAMELLIA128-SHA",
            "RSA_WITH_CAMELLIA_128_CBC_SHA",
            "RSA",
        ),
        (
            rsa,
            "ECDHE-RSA-AES128-SHA",
            "ECDHE_RSA_WITH_AES_128_CBC_SHA",
            "ECDHE",
        ),
        (
            rsa,
            "DHE-RSA-AES128-GCM-SHA256",
            "DHE_RSA_WITH_AES_128_GCM_SHA256",
            "DHE",
        ),
        (
            dsa,
            "DHE-DSS-AES128-SHA",
            "DHE_DSS_WITH_AES_128_CBC_SHA",
            "DHE",
        ),
    ] {
        let (cipher, name) = (format!("{suite}:@SECLEVEL=0"), format!("TLS_{name}"));
        let options = ["-tls1_2", "-cipher", &cipher];
        let case = shown(&options, "unproven", ["TLSv1.2", &name, exchange]);
        assert_case(pair, key, case).await;
    }
}

#[tokio::test]
#[ignore = "needs openssl: tests/run.sh"]
async fn the_second_rung_reaches_sha1_and_secp521r1() {
    let workshop = Workshop::new();
    let (rsa, ecdsa) = (workshop.issue("rsa", RSA), workshop.issue("ecdsa", P256));
    let sha1 = |options, suite| Case {
        options,
        fallback: "compatible",
        parameters: ["TLSv1.2", suite, "X25519"],
        reason: None,
        signature: "verified",
    };
    let options = ["-tls1_2", "-sigalgs", "RSA+SHA1", "-cipher", ALL];
    assert_case(&rsa, ["RSA", "2048"], sha1(&options, "TLS_ECDHE_RSA_")).await;
    let options = ["-tls1_2", "-sigalgs", "ECDSA+SHA1", "-cipher", ALL];
    assert_case(&ecdsa, ["ECDSA", "256"], sha1(&options, "TLS_ECDHE_ECDSA_")).await;
    for (option, version) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
        let group = Case {
            options: &[option, "-groups", "P-521"],
            fallback: "compatible",
            parameters: [version, "TLS_", "secp521r1"],
            reason: None,
            signature: "verified",
        };
        assert_case(&rsa, ["RSA", "2048"], group).await;
    }
}

/// A case of a handshake with a key that completes.
fn completed<'a>(options: &'a [&'a str], fallback: &'a str, version: &'a str) -> Case<'a> {
    Case {
        options,
        fallback,
        parameters: [version, "TLS_", ""],
        reason: None,
        signature: "verified",
    }
}

/// A case of a certificate that was shown, without a handshake that our library could complete.
fn shown<'a>(options: &'a [&'a str], signature: &'a str, parameters: [&'a str; 3]) -> Case<'a> {
    Case {
        options,
        fallback: if signature == "unproven" {
            "legacy"
        } else {
            "compatible"
        },
        parameters,
        reason: Some("tls_no_common_parameters"),
        signature,
    }
}

const TLS12: &[&str] = &["-tls1_2", "-cipher", ALL];
const TLS13: &[&str] = &["-tls1_3", "-cipher", ALL];

#[tokio::test]
#[ignore = "needs openssl: tests/run.sh"]
async fn short_keys_are_seen_and_no_forgers() {
    let workshop = Workshop::new();
    let pkcs1 = ["-tls1_2", "-sigalgs", "RSA+SHA256", "-cipher", ALL];
    for (name, bits) in [("rsa:1024", "1024"), ("rsa:2047", "2047")] {
        let pair = workshop.issue(bits, &["-newkey", name]);
        let key = ["RSA", bits];
        assert_case(&pair, key, completed(&pkcs1, "modern", "TLSv1.2")).await;
        // Signatures with PSS by short keys are tried by none of the libraries.
        for (options, version) in [(TLS12, "TLSv1.2"), (TLS13, "TLSv1.3")] {
            let case = Case {
                signature: "unsupported",
                ..completed(options, "modern", version)
            };
            assert_case(&pair, key, case).await;
        }
    }
}

#[tokio::test]
#[ignore = "needs openssl: tests/run.sh"]
async fn weak_keys_and_signatures_are_findings() {
    let workshop = Workshop::new();
    let sha1 = [RSA, &["-sha1"]].concat();
    for (name, arguments, weak, sound) in [
        (
            "short",
            &["-newkey", "rsa:1024"][..],
            "key_strength",
            "signature",
        ),
        ("sha1", &sha1, "signature", "key_strength"),
    ] {
        let pair = workshop.issue(name, arguments);
        let server = Server::start(&[&pair], TLS12).await;
        let seen = visit(&server, "").await;
        let passed = |check| {
            seen.metrics
                .value("smtp_tls_check_success", &[("check", check)])
        };
        assert_eq!(
            (passed(weak), passed(sound)),
            (Some(0.0), Some(1.0)),
            "{name}"
        );
        assert!(seen.value("cert_expiry_seconds").is_some(), "{name}");
        let json: Value = serde_json::from_str(&seen.json).expect("JSON");
        let checks = json["targets"][0]["endpoints"][0]["checks"].as_array();
        let finding = checks.and_then(|all| all.iter().find(|c| c["check"] == weak));
        let finding = finding.unwrap_or_else(|| panic!("no {weak}: {}", seen.json));
        assert_eq!(finding["reason"], "weak_crypto", "{finding}");
    }
}

#[tokio::test]
#[ignore = "needs openssl: tests/run.sh"]
async fn every_kind_of_key_is_seen() {
    let workshop = Workshop::new();
    let ec = |name: &str| {
        let curve = format!("ec_paramgen_curve:{name}");
        workshop.issue(name, &["-newkey", "ec", "-pkeyopt", &curve])
    };
    let p521 = ec("P-521");
    let key = ["ECDSA", "521"];
    assert_case(&p521, key, completed(TLS12, "compatible", "TLSv1.2")).await;
    assert_case(&p521, key, completed(TLS13, "modern", "TLSv1.3")).await;

    let ed25519 = workshop.issue("ed25519", &["-newkey", "ed25519"]);
    let key = ["Ed25519", "256"];
    assert_case(&ed25519, key, completed(TLS12, "modern", "TLSv1.2")).await;
    assert_case(&ed25519, key, completed(TLS13, "modern", "TLSv1.3")).await;

    let ed448 = workshop.issue("ed448", &["-newkey", "ed448"]);
    let key = ["Ed448", "456"];
    assert_case(&ed448, key, shown(TLS12, "unsupported", [""; 3])).await;
    let unverified = Case {
        signature: "unsupported",
        ..completed(TLS13, "compatible", "TLSv1.3")
    };
    assert_case(&ed448, key, unverified).await;

    let arguments = ["-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"];
    let pss = workshop.issue("pss", &arguments);
    let key = ["RSA-PSS", "2048"];
    assert_case(&pss, key, shown(TLS12, "unsupported", [""; 3])).await;
    assert_case(&pss, key, completed(TLS13, "compatible", "TLSv1.3")).await;

    // A modern suite, but a curve that none but the last fallback offers.
    let parameters = ["TLSv1.2", "TLS_ECDHE_ECDSA_WITH_AES_", "ECDHE"];
    let case = shown(TLS12, "unproven", parameters);
    assert_case(&ec("secp256k1"), ["ECDSA", "256"], case).await;
}

#[tokio::test]
#[ignore = "needs openssl: tests/run.sh"]
async fn odd_certificates_prove_their_keys() {
    let workshop = Workshop::new();
    let critical = ["-addext", "1.2.3.4=critical,DER:05:00"];
    for (pair, key) in [
        (workshop.issue_v1("v1-rsa", RSA), ["RSA", "2048"]),
        (workshop.issue_v1("v1-ecdsa", P256), ["ECDSA", "256"]),
        (
            workshop.issue("critical-rsa", &[RSA, &critical].concat()),
            ["RSA", "2048"],
        ),
        (
            workshop.issue("critical-ecdsa", &[P256, &critical].concat()),
            ["ECDSA", "256"],
        ),
    ] {
        assert_case(&pair, key, completed(TLS12, "modern", "TLSv1.2")).await;
        assert_case(&pair, key, completed(TLS13, "modern", "TLSv1.3")).await;
    }
}

#[tokio::test]
#[ignore = "needs openssl: tests/run.sh"]
async fn each_offer_shows_its_certificate_of_a_server_with_two() {
    let workshop = Workshop::new();
    let (rsa, ecdsa) = (workshop.issue("rsa", RSA), workshop.issue("ecdsa", P256));
    for version in ["-tls1_2", "-tls1_3"] {
        let server = Server::start(&[&rsa, &ecdsa], &[version]).await;
        let seen = visit(&server, "offers: [rsa, ecdsa]").await;
        for (offer, kind) in [("rsa", "RSA"), ("ecdsa", "ECDSA")] {
            let offer = [("offer", offer)];
            let info = seen.metrics.one("smtp_tls_cert_info", &offer).unwrap();
            assert_eq!(info.label("key_type"), Some(kind), "{version}");
            let completed = seen.metrics.value("smtp_tls_handshake_success", &offer);
            assert_eq!(completed, Some(1.0), "{version}");
            let distinct = seen
                .metrics
                .value("smtp_tls_target_distinct_certificates", &offer);
            assert_eq!(distinct, Some(1.0), "{version}");
        }
        // The two certificates are never compared with each other.
        let compared = [("check", "same_certificate")];
        assert!(
            seen.metrics
                .all("smtp_tls_check_success", &compared)
                .is_empty()
        );
    }
}

#[tokio::test]
#[ignore = "needs openssl: tests/run.sh"]
async fn a_server_without_the_kind_that_was_asked_for_is_told_so() {
    let workshop = Workshop::new();
    let rsa = workshop.issue("rsa", RSA);
    for version in ["-tls1_2", "-tls1_3"] {
        let server = Server::start(&[&rsa], &[version]).await;
        let seen = visit(&server, "offers: ecdsa").await;
        let reason = seen.reason();
        assert_eq!(
            reason.as_deref(),
            Some("tls_no_common_parameters"),
            "{version}"
        );
        assert_eq!(seen.value("cert_info"), None);
        let detail = &seen.observations[0].fault.as_ref().unwrap().detail;
        assert!(detail.contains("only an ECDSA certificate"), "{detail}");
    }
}

#[tokio::test]
#[ignore = "needs openssl: tests/run.sh"]
async fn the_last_rung_stays_within_the_offer() {
    let workshop = Workshop::new();
    let (rsa, ecdsa) = (workshop.issue("rsa", RSA), workshop.issue("ecdsa", P256));
    let server = Server::start(&[&rsa, &ecdsa], &["-tls1", "-cipher", ALL]).await;
    let seen = visit(&server, "offers: [rsa, ecdsa]").await;
    for (offer, kind) in [("rsa", "RSA"), ("ecdsa", "ECDSA")] {
        let offer = [("offer", offer)];
        let info = seen.metrics.one("smtp_tls_cert_info", &offer).unwrap();
        assert_eq!(info.label("key_type"), Some(kind));
        let fallback = seen.metrics.one("smtp_tls_connection_info", &offer);
        assert_eq!(fallback.unwrap().label("fallback"), Some("legacy"));
    }
}

#[tokio::test]
#[ignore = "needs openssl: tests/run.sh"]
async fn a_client_certificate_is_presented_where_one_is_demanded() {
    let workshop = Workshop::new();
    let server_pair = workshop.issue("server", RSA);
    let [known, stranger] = ["known", "stranger"].map(|name| workshop.issue(name, P256));
    let ca = known.certificate.to_str().unwrap();
    let ours = |pair: &Pair| {
        let (certificate, key) = (pair.certificate.display(), pair.key.display());
        format!("client_certificate: {{cert_file: {certificate}, key_file: {key}}}")
    };
    for version in ["-tls1_2", "-tls1_3"] {
        let options = [
            version,
            "-Verify",
            "1",
            "-verify_return_error",
            "-CAfile",
            ca,
        ];
        let server = Server::start(&[&server_pair], &options).await;
        for (more, reason) in [
            (String::new(), Some("client_cert_required")),
            (ours(&stranger), Some("client_cert_rejected")),
            (ours(&known), None),
        ] {
            let seen = visit(&server, &more).await;
            let about = format!("{version} {reason:?} {:?}", seen.observations);
            assert_eq!(seen.reason().as_deref(), reason, "{about}");
            assert_eq!(seen.attempts().len(), 1, "{about}");
            assert_eq!(seen.value("cert_info"), Some(1.0), "{about}");
            assert!(seen.observations[0].client_certificate_requested, "{about}");
            let completed = seen.attempts()[0].1 == Outcome::Completed.as_str();
            assert_eq!(completed, reason.is_none(), "{about}");
            let success = if completed { 1.0 } else { 0.0 };
            assert_eq!(seen.value("handshake_success"), Some(success), "{about}");
        }
    }
}

/// Servers with chains of these kinds, and the configuration that watches each below its own root.
async fn present(workshop: &Workshop, kinds: &[Kind]) -> (Vec<Server>, String) {
    let (mut servers, mut config) = (Vec::new(), "targets:\n".to_owned());
    for kind in kinds {
        let [root, intermediate, leaf] = kind.issue(workshop, "mx.bears.test");
        let behind = intermediate.certificate.display().to_string();
        let options = ["-cipher", ALL, "-cert_chain", &behind];
        let server = Server::start(&[&leaf], &options).await;
        let (name, port, root) = (
            &kind.name,
            server.address.port(),
            root.certificate.display(),
        );
        config += &format!(
            "- {{name: {name}, host: mx.bears.test, addresses: [127.0.0.1], ports: [{port}], \
             tls: starttls, expect: {{roots: '{root}'}}}}\n"
        );
        servers.push(server);
    }
    (
        servers,
        workshop.file("kinds.yml", &config).display().to_string(),
    )
}

/// What `check` says of each target of a configuration, and its exit status.
async fn check(config: &str) -> (Option<i32>, Vec<Value>) {
    let ended = PROGRAM
        .run(&["check", "--config.file", config, "--json"])
        .await;
    let report: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let targets = report["targets"].as_array().expect("targets");
    let endpoints = targets.iter().map(|target| target["endpoints"][0].clone());
    (ended.code, endpoints.collect())
}

/// What the exporter says that serves it.
async fn metrics(config: &str) -> Exposition {
    let program = PROGRAM.serving(Path::new(config)).start();
    let answer = request(program.address, "GET", "/metrics", &[]).await;
    Exposition::parse(&answer.expect("an answer").body)
}

fn evidence<'a>(endpoint: &'a Value, name: &str) -> &'a str {
    let checks = endpoint["checks"].as_array().expect("checks");
    let check = checks.iter().find(|check| check["check"] == name);
    check
        .and_then(|c| c["evidence"].as_str())
        .unwrap_or_default()
}

/// Keys that our verifier does not try, with what is to be said of them.
fn odd_keys(dsa: &str) -> Vec<(&'static str, Vec<&str>, [&'static str; 2])> {
    let ec = |curve| vec!["-newkey", "ec", "-pkeyopt", curve];
    let ecdsa = |curve| ["ecdsa-with-SHA256", curve];
    let rsa = "sha256WithRSAEncryption";
    let large = ["-newkey", "rsa:8200", "-pkeyopt", "rsa_keygen_primes:5"];
    let exponent = "rsa_keygen_pubexp:18446744073709551629";
    vec![
        (
            "brainpool",
            ec("ec_paramgen_curve:brainpoolP256r1"),
            ecdsa("brainpoolP256r1"),
        ),
        (
            "secp256k1",
            ec("ec_paramgen_curve:secp256k1"),
            ecdsa("secp256k1"),
        ),
        ("rsa-1024", vec!["-newkey", "rsa:1024"], [rsa, "1024 bits"]),
        ("rsa-8200", large.to_vec(), [rsa, "8200 bits"]),
        (
            "exponent",
            vec!["-newkey", "rsa:2048", "-pkeyopt", exponent],
            [rsa, "an exponent of 65 bits"],
        ),
        (
            "ed448",
            vec!["-newkey", "ed448"],
            ["Ed448", "a key of kind Ed448"],
        ),
        (
            "dsa",
            vec!["-newkey", dsa],
            ["dsa-with-sha256", "a key of kind DSA"],
        ),
    ]
}

/// Arguments for the key of an issuer, and how it signs.
type Signing = (&'static [&'static str], &'static [&'static str]);

const P384: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"];
const P521: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521"];

macro_rules! pss {
    ($hash:literal, $salt:literal) => {
        &[
            "-sigopt",
            "rsa_padding_mode:pss",
            $hash,
            "-sigopt",
            concat!("rsa_pss_saltlen:", $salt),
        ]
    };
}

/// Signatures that our verifier does not try, and how the algorithm is called.
const ODD_SIGNATURES: [(&str, Signing, &str); 9] = [
    ("rsa-md5", (RSA, &["-md5"]), "md5WithRSAEncryption"),
    ("rsa-sha1", (RSA, &["-sha1"]), "sha1WithRSAEncryption"),
    ("rsa-sha224", (RSA, &["-sha224"]), "sha224WithRSAEncryption"),
    ("rsa-sha3", (RSA, &["-sha3-256"]), "RSA-SHA3-256"),
    ("ecdsa-sha1", (P256, &["-sha1"]), "ecdsa-with-SHA1"),
    ("ecdsa-sha224", (P256, &["-sha224"]), "ecdsa-with-SHA224"),
    ("ecdsa-sha3", (P256, &["-sha3-256"]), "ecdsa-with-SHA3-256"),
    (
        "pss-20",
        (RSA, pss!("-sha256", "20")),
        "RSASSA-PSS-SHA256 with a salt of 20 bytes",
    ),
    (
        "pss-max",
        (RSA, pss!("-sha384", "max")),
        "RSASSA-PSS-SHA384 with a salt of 206 bytes",
    ),
];

/// Signatures that it does.
const USUAL_SIGNATURES: [(&str, Signing); 9] = [
    ("pss-32", (RSA, pss!("-sha256", "32"))),
    ("pss-48", (RSA, pss!("-sha384", "48"))),
    ("pss-64", (RSA, pss!("-sha512", "64"))),
    ("rsa-sha512", (RSA, &["-sha512"])),
    (
        "rsa-3",
        (
            &["-newkey", "rsa:2048", "-pkeyopt", "rsa_keygen_pubexp:3"],
            &[],
        ),
    ),
    ("p384", (P384, &["-sha384"])),
    ("p521", (P521, &["-sha512"])),
    ("p521-sha256", (P521, &["-sha256"])),
    ("p256-sha512", (P256, &["-sha512"])),
];

/// All of these with an odd root, and with an odd intermediate.
fn twice(kinds: impl Fn(By) -> Vec<Kind>) -> Vec<Kind> {
    [By::Root, By::Intermediate]
        .into_iter()
        .flat_map(kinds)
        .collect()
}

#[tokio::test]
#[ignore = "needs openssl: tests/run.sh"]
async fn kinds_that_are_not_verified_are_undecided_and_named() {
    let workshop = Workshop::new();
    let dsa = workshop.dsa();
    let mut kinds = twice(|by| {
        let keys = odd_keys(&dsa).into_iter();
        let keys = keys.map(|(name, key, said)| Kind::key(name, by, &key, &said));
        let signatures = ODD_SIGNATURES.iter();
        let signatures =
            signatures.map(|(name, signing, said)| Kind::signature(name, by, *signing, &[said]));
        keys.chain(signatures).collect()
    });
    kinds.push(Kind::version_1());
    let (_servers, config) = present(&workshop, &kinds).await;
    let (code, endpoints) = check(&config).await;
    let page = metrics(&config).await;
    for (kind, endpoint) in kinds.iter().zip(&endpoints) {
        let name = &kind.name;
        assert_eq!(endpoint["state"], "Undecided", "{name}: {endpoint:#}");
        let evidence = evidence(endpoint, "trust");
        for said in &kind.said {
            assert!(
                evidence.contains(said.as_str()),
                "{name}: no {said}: {evidence}"
            );
        }
        let ends = page.value("smtp_tls_cert_expiry_seconds", &[("target", name)]);
        let days = ends.unwrap_or_default() / 86_400.0;
        assert!((59.0..=60.0).contains(&days), "{name}: {days}");
    }
    assert_eq!((code, endpoints.len()), (Some(3), kinds.len()));
}

#[tokio::test]
#[ignore = "needs openssl: tests/run.sh"]
async fn kinds_that_are_verified_are_healthy() {
    let workshop = Workshop::new();
    let mut kinds = twice(|by| {
        let signatures = USUAL_SIGNATURES.iter();
        let signatures = signatures.map(|(name, signing)| Kind::signature(name, by, *signing, &[]));
        signatures.collect()
    });
    kinds.push(Kind::key("ed25519", By::Root, &["-newkey", "ed25519"], &[]));
    let (_servers, config) = present(&workshop, &kinds).await;
    let (code, endpoints) = check(&config).await;
    for (kind, endpoint) in kinds.iter().zip(&endpoints) {
        assert_eq!(endpoint["state"], "Healthy", "{}: {endpoint:#}", kind.name);
    }
    assert_eq!((code, endpoints.len()), (Some(0), kinds.len()));
}

/// OpenSSL sends each ticket in a record of its own.
#[tokio::test]
#[ignore = "needs openssl: tests/run.sh"]
async fn endless_session_tickets_are_given_up() {
    let workshop = Workshop::new();
    let pair = workshop.issue("tickets", P256);
    let server = Server::start(&[&pair], &["-tls1_3", "-num_tickets", "100000"]).await;
    let seen = visit(&server, "").await;
    assert_eq!(seen.reason().as_deref(), Some("protocol_error"));
    let fault = seen.observations[0].fault.as_ref().unwrap();
    assert!(fault.detail.contains("256 KiB"), "{}", fault.detail);
    assert!(seen.observations[0].duration.as_secs() < 20);
    assert_eq!(seen.value("cert_info"), Some(1.0));
}
